"""What an order counted for: the turnover that a client's bonuses wait for."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.bonuses import claims
from app.bonuses.models import MemberPromotion
from app.kit import clock
from app.orders.models import Invoice
from app.web.store.purse import owner


@dataclass(frozen=True, slots=True)
class Counted:
    """For which bonuses how many cents of it count, and those that wait though it counted for none."""

    parts: Sequence[tuple[MemberPromotion, int]]
    waiting: Sequence[MemberPromotion] = ()


def counted_of(invoice: Invoice) -> Counted | None:
    """Of a paid order of the client in front of the page; None where no bonus of theirs was active, or it went back."""
    user = owner()
    if user is None or user.id != invoice.user_id or invoice.paid_at is None or invoice.status == "refunded":
        return None
    parts = claims.counted([line.id for line in invoice.lines])
    if parts is None:
        return None
    still = [(claim, cents) for claim, cents in parts if cents]
    if parts:
        return Counted(still) if still else None
    active = [each for each in claims.active_of(user.id, clock.now()) if each.claimed_at <= invoice.paid_at]
    return Counted((), active)
