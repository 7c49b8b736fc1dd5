"""The offers as a client sees them: what there is to complete, and what it would earn them. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from app.accounts.models import User
from app.kit.lists import Page, paginate_rows
from app.offers import catalogue, holdings
from app.offers.holdings import Held
from app.offers.models import Conversion, Offer

A_PAGE = 24


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer, how often this client has completed it, and the code of theirs that would pay most for it.

    `by` is the code and its bonus on the usual payout in cents; `later` the same of one that isn't open yet, if that is
    more. With neither, it still `may_earn` something, if it pays more than usual.
    """

    offer: Offer
    completed: int
    by: tuple[Held, int] | None
    later: tuple[Held, int] | None
    may_earn: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of what is offered, with all categories that there are, and the codes that were reckoned with."""

    page: Page[Offered]
    categories: Sequence[str]
    held: Sequence[Held]

    @property
    def has_codes(self) -> bool:
        """Whether a code is on the account that may still earn something."""
        return any(not each.is_over for each in self.held)


def shelf(user: User, now: datetime, *, search: str = "", category: str = "", number: int = 1) -> Shelf:
    """A page of the active offers by name. Five statements, whatever there is."""
    held = holdings.at_hand(user, now)
    found = paginate_rows(_active(user.id, search, category), number=number, size=A_PAGE)
    items = [_offered(offer, completed, held) for offer, completed in found.items]
    page = Page(items, found.total, found.number, found.size)
    return Shelf(page, catalogue.categories(only_active=True), held)


def _active(user_id: int, search: str, category: str) -> Select[Offer, int]:
    completed = (
        select(func.count())
        .where(Conversion.offer_id == Offer.id, Conversion.user_id == user_id, Conversion.reversed_at.is_(None))
        .correlate(Offer)
        .scalar_subquery()
    )
    return catalogue.offers(search=search, category=category, is_active=True).add_columns(completed)


def _offered(offer: Offer, completed: int, held: Sequence[Held]) -> Offered:
    by = holdings.best_for(offer, held)
    later = holdings.best_later_for(offer, held)
    if by and later and later[1] <= by[1]:
        later = None
    return Offered(offer, completed, by, later, any(each.covers(offer) for each in held))
