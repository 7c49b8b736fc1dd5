"""The bonus that a client chooses for a deposit, and what it would bring."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from app.accounts.models import User
from app.bonuses import shelf
from app.bonuses.models import DEPOSIT
from app.bonuses.rules import best_first, bonus_on
from app.bonuses.shelf import OnShelf
from app.errors import RateLimited
from app.kit.limits import TooOften
from app.kit.money import NotAnAmount
from app.kit.text import normalise_code
from app.promotions.words import money
from app.web import guesses
from app.web.fields import cents_of
from app.web.guesses import NothingTyped

LONGEST_TYPED = 64


@dataclass(frozen=True, slots=True)
class Preview:
    """What a deposit would bring: the bonus and the turnover that it asks for, or the sentence that says why none.

    `by_itself` it comes though none was chosen.
    """

    deposit_cents: int
    by: OnShelf | None = None
    bonus_cents: int = 0
    turnover_cents: int = 0
    why_not: str = ""
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class Automatic:
    """The bonuses that come by themselves where none is chosen, and what they bring once there is an amount."""

    among: Sequence[OnShelf]
    preview: Preview | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A bonus by its number, `code` where it was named by that; `error` says why the code gives nothing to choose."""

    promotion_id: int | None = None
    code: str = ""
    error: str = ""
    amount_cents: int | None = None

    def among(self, offered: Sequence[OnShelf]) -> OnShelf | None:
        """The one of those that are open to the client; None where it isn't there."""
        return next((each for each in offered if each.bonus.id == self.promotion_id), None)

    def preview(self, offered: Sequence[OnShelf]) -> Preview | None:
        """None while there is no amount to reckon with."""
        if not self.amount_cents:
            return None
        by = self.among(offered)
        return _preview(by, self.amount_cents) if by else _by_itself(offered, self.amount_cents)


def expected(user: User, cents: int, promotion_id: int | None, now: datetime) -> Preview:
    """What a deposit that was asked for will bring, as things stand: by the bonus that was chosen, or by itself."""
    if promotion_id is None:
        return _by_itself(shelf.for_deposits(user, now), cents)
    chosen = shelf.by_id(user, now, promotion_id)
    if chosen is None or not chosen.is_open:
        return Preview(cents, chosen, why_not=chosen.why_not if chosen else _("This bonus isn't there any more."))
    return _preview(chosen, cents)


def coming_by_itself(offered: Sequence[OnShelf], chosen: Chosen) -> Automatic | None:
    """What comes where none is chosen; None where nothing ever does."""
    automatic = [each for each in offered if each.terms.auto_apply]
    if not automatic:
        return None
    preview = _by_itself(automatic, chosen.amount_cents) if chosen.amount_cents else None
    return Automatic(automatic, preview)


def chosen_by_code(user: User, typed: str, now: datetime) -> Chosen:
    """The deposit bonus of this code, listed or not. Codes that nobody knows count as guesses."""
    code = normalise_code(typed[:LONGEST_TYPED])
    if not code:
        return Chosen()
    try:
        guesses.check(code)
        found = shelf.by_code(user, now, code)
        if found is None:
            guesses.count()
            return Chosen(error=_("We don't know this code. Please check it for typing mistakes."))
    except TooOften as limit:
        return Chosen(error=str(RateLimited(limit.retry_after).message))
    except NothingTyped:
        return Chosen()
    if found.terms.type != DEPOSIT or not found.is_open:
        return Chosen(error=found.why_not or _("This code isn't for a deposit."))
    return Chosen(found.bonus.id, code)


def amount_of(typed: str) -> int | None:
    """Cents of what was typed; None for anything else."""
    try:
        return cents_of(typed)
    except NotAnAmount:
        return None


def _preview(by: OnShelf, cents: int, *, by_itself: bool = False) -> Preview:
    missing = by.terms.min_amount_cents - cents
    if missing > 0:
        least = money(by.terms.min_amount_cents)
        why = _("Add %(missing)s more: this bonus begins at %(least)s.", missing=money(missing), least=least)
        return Preview(cents, by, why_not=why)
    bonus, turnover = by.on(cents)
    if not bonus:
        return Preview(cents, by, why_not=_("This bonus would give nothing on this amount. Try a larger one."))
    return Preview(cents, by, bonus, turnover, by_itself=by_itself)


def _by_itself(offered: Sequence[OnShelf], cents: int) -> Preview:
    """The best of those that apply where none is chosen."""
    holding = [each for each in offered if each.terms.auto_apply and each.terms.min_amount_cents <= cents]
    best = best_first([(each.terms, bonus_on(each.terms, cents)) for each in holding])
    if not best:
        return Preview(cents)
    return _preview(next(each for each in holding if each.terms is best[0][0]), cents, by_itself=True)
