"""The book of claims: whether spend, claims, grants and uses agree, and the row where they don't. Repairs nothing."""

from collections.abc import Iterator

from sqlalchemy import ScalarSelect, String, cast, func, literal, or_, select

from app.deals.models import DELIVERED, KIND, PENDING, REVOKED, DealSpend, Grant, PromotionClaim
from app.kit.books import Fault
from app.kit.db import db
from app.promotions.models import Promotion, PromotionUse

BOOK = 8
LIVE = Grant.status != REVOKED
OURS = Grant.claim_id == PromotionClaim.id


def faults() -> list[Fault]:
    """Every row that contradicts book 8."""
    return [*_wrong_spend(), *_wrong_counts(), *_wrong_uses(), *_unearned(), *_wrongly_in_game()]


def _wrong_spend() -> Iterator[Fault]:
    """What somebody has spent is the sum of their paid invoices, less what was refunded of them."""
    same = (DealSpend.promotion_id == PromotionClaim.promotion_id, DealSpend.person == PromotionClaim.person)
    net = func.coalesce(func.sum(DealSpend.amount_cents - DealSpend.refunded_cents), 0)
    summed = select(net).where(*same).correlate(PromotionClaim).scalar_subquery()
    wrong = select(PromotionClaim.id, PromotionClaim.spent_cents, summed.label("summed"))
    for row in db.session.execute(wrong.where(PromotionClaim.spent_cents != summed).order_by(PromotionClaim.id)):
        yield Fault(BOOK, "promotion_claims", row.id, f"counts {row[1]} spent, but its invoices add up to {row.summed}")


def _wrong_counts() -> Iterator[Fault]:
    """There is one grant for each live claim."""
    live = _grants(LIVE)
    wrong = select(PromotionClaim.id, PromotionClaim.claim_count, live.label("live"))
    for row in db.session.execute(wrong.where(PromotionClaim.claim_count != live).order_by(PromotionClaim.id)):
        yield Fault(BOOK, "promotion_claims", row.id, f"counts {row.claim_count} claims, but has {row.live} grants")


def _wrong_uses() -> Iterator[Fault]:
    """Each live grant holds one use of its deal, taken by its owner, and no use is held by anything else."""
    purpose = literal("grant:") + cast(Grant.id, String)
    held = (
        select(func.count())
        .where(
            PromotionUse.purpose == purpose,
            PromotionUse.promotion_id == PromotionClaim.promotion_id,
            PromotionUse.person == PromotionClaim.person,
            PromotionUse.released_at.is_(None),
        )
        .correlate(Grant, PromotionClaim)
        .scalar_subquery()
    )
    wanted = func.coalesce(select(1).where(LIVE).correlate(Grant).scalar_subquery(), 0)
    query = select(Grant.id, held.label("held")).join(Grant.claim).where(held != wanted)
    for row in db.session.execute(query.order_by(Grant.id)):
        yield Fault(BOOK, "grants", row.id, f"holds {row.held} uses")
    granted = select(purpose).where(LIVE)
    of_deals = PromotionUse.promotion_id.in_(select(Promotion.id).where(Promotion.kind == KIND))
    loose = select(PromotionUse.id).where(of_deals, PromotionUse.released_at.is_(None))
    for use_id in db.session.scalars(loose.where(PromotionUse.purpose.not_in(granted)).order_by(PromotionUse.id)):
        yield Fault(BOOK, "promotion_uses", use_id, "is live, but nothing was granted for it")


def _unearned() -> Iterator[Fault]:
    """No live grant rests on more than was spent, except those that a refund has flagged."""
    beyond = select(Grant.id, Grant.needs_cents, PromotionClaim.spent_cents).join(Grant.claim)
    beyond = beyond.where(LIVE, Grant.flagged_at.is_(None), Grant.needs_cents > PromotionClaim.spent_cents)
    for row in db.session.execute(beyond.order_by(Grant.id)):
        yield Fault(BOOK, "grants", row.id, f"rests on {row.needs_cents}, but only {row[2]} are spent")


def _wrongly_in_game() -> Iterator[Fault]:
    """Claimed in the game is who got something there, and waits for nothing."""
    delivered, pending = _grants(Grant.status == DELIVERED), _grants(Grant.status == PENDING)
    right = (delivered > 0) & (pending == 0)
    wrong = or_(PromotionClaim.claimed_ingame & ~right, ~PromotionClaim.claimed_ingame & right)
    for claim_id in db.session.scalars(select(PromotionClaim.id).where(wrong).order_by(PromotionClaim.id)):
        yield Fault(BOOK, "promotion_claims", claim_id, "says something else of the game than its grants")


def _grants(condition: object) -> ScalarSelect[int]:
    counted = select(func.count()).where(OURS, condition)  # type: ignore[arg-type]
    return counted.correlate(PromotionClaim).scalar_subquery()
