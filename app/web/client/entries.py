"""What movements of the client's money were for, in words, and where to look at it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask import url_for
from flask_babel import gettext as _

from app.bonuses import claims
from app.bonuses.models import MemberPromotion
from app.deposits.finding import SUBJECT as DEPOSIT
from app.offers.converting import EARNED, TAKEN_BACK
from app.offers.sources import Source, sources
from app.orders import behind
from app.wallet import service as wallets
from app.wallet.models import WalletAdjustment
from app.web.money_words import reason as word_for

CLAIM, WITHDRAWAL, ADJUSTMENT = "member_promotion:", "withdrawal:", "adjustment:"


class Movement(Protocol):
    """An entry of the wallet, or a debt."""

    @property
    def reason(self) -> str: ...
    @property
    def reference(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What stands behind references: conversions, claims of bonuses, adjustments, and the numbers of orders."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    claims: Mapping[int, MemberPromotion] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)
    adjustments: Mapping[int, WalletAdjustment] = field(default_factory=dict)

    def what_for(self, moved: Movement) -> str:
        """Why money was moved, or is owed, and for which thing."""
        about = self.about(moved.reference)
        source = self.sources.get(moved.reference)
        if source and moved.reason == EARNED:
            return _("Bonus for %(offer)s with %(code)s", offer=source.offer, code=source.code)
        if source and moved.reason == TAKEN_BACK:
            return _("Bonus taken back: %(offer)s", offer=source.offer)
        word = word_for(moved.reason)
        return _("%(reason)s: %(thing)s", reason=word, thing=about) if about else word

    def about(self, reference: str) -> str:
        """The thing by the name that the client knows: the title of a bonus, the number of an order or a deposit.

        Of what was adjusted by hand, the reason that was given.
        """
        claim = self.claims.get(_number(reference, CLAIM) or 0)
        if claim is not None:
            return claim.title
        adjusted = self.adjustments.get(_number(reference, ADJUSTMENT) or 0)
        if adjusted is not None:
            return adjusted.why
        deposit_id = _number(reference, DEPOSIT)
        return f"D-{deposit_id:06d}" if deposit_id else self.orders.get(reference, "")

    def address(self, reference: str) -> str | None:
        """Where it is shown; None where no page of the client's does."""
        if reference in self.orders:
            return url_for("store.show_invoice", number=self.orders[reference])
        for prefix, endpoint, name in PAGES:
            number = _number(reference, prefix)
            if number:
                named: dict[str, Any] = {name: number}
                return url_for(endpoint, **named)
        return None


PAGES = (
    (CLAIM, "client.show_claim", "claim_id"),
    (DEPOSIT, "client.find_deposit", "deposit_id"),
    (WITHDRAWAL, "client.find_withdrawal", "withdrawal_id"),
)


def known(references: Collection[str]) -> Known:
    """Looked up together: a statement for each kind of thing that is among them."""
    return Known(
        sources(references),
        claims.by_ids(_numbers(references, CLAIM)),
        behind.invoices_behind(references),
        wallets.adjustments(_numbers(references, ADJUSTMENT)),
    )


def _numbers(references: Collection[str], prefix: str) -> Sequence[int]:
    return sorted({number for each in references if (number := _number(each, prefix))})


def _number(reference: str, prefix: str) -> int | None:
    rest = reference.removeprefix(prefix)
    return int(rest) if reference.startswith(prefix) and rest.isdecimal() else None
