"""Who races for what a deal gives, and what the rows say afterwards."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.accounts.persons import Person
from app.deals import books
from app.deals import service as deals
from app.deals.models import Deal, Grant
from app.deals.service import Shopper
from app.kit.db import db, is_overload, unit_of_work
from app.promotions import books as books_of_uses
from tests.make_kit import NOW
from tests.racing import after_statement, before_statement

Contestant = Callable[[], Any]
COUNTING_CLAIMS = before_statement(r"^UPDATE promotion_claims", letting_go=True)
LOOKED = after_statement(r"^SELECT promotion_claims\.promotion_id, promotion_claims\.total_spent")


def rich(deal_id: int, count: int, cents: int = 5000) -> list[Shopper]:
    """So many people who have spent so much on it, in few statements."""
    people = [Person(f"shopper{number}", 100 + number) for number in range(count)]
    with unit_of_work():
        for number, each in enumerate(people):
            invoice_id = 1_000_000 * deal_id + number
            deals.count_spend(invoice_id, each, amount_cents=cents, visit=None, paid_at=NOW, now=NOW)
    return [Shopper(each) for each in people]


def claimer(deal: Deal, shopper: Shopper, *, nth: int | None = None) -> Contestant:
    deal_id = deal.id

    def claim() -> str:
        try:
            with unit_of_work():
                grant = deals.claim(deal_id, shopper, now=NOW, nth=nth)
        except OperationalError as error:  # a 503: on a busy machine the last of 64 waits too long, and asks again
            if not is_overload(error):
                raise
            return claim()
        return "claimed" if grant else "there already"

    return claim


def grants() -> list[tuple[str, bool]]:
    db.session.rollback()
    rows = db.session.scalars(select(Grant).order_by(Grant.id).execution_options(populate_existing=True))
    return [(each.status, each.flagged_at is not None) for each in rows]


def live() -> int:
    return sum(status != "revoked" for status, _is_flagged in grants())


def faults() -> list[Any]:
    return [*books.faults(), *books_of_uses.faults()]
