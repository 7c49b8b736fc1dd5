"""Who races for uses of a code, and what the rows say afterwards."""

from collections.abc import Callable

from sqlalchemy import select

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit.db import db, unit_of_work
from app.promotions.models import PromotionUse
from tests import make
from tests.racing import after_statement

QUOTED = after_statement(r"^SELECT promotion_codes\.id AS code_id")


class Books:
    """What the rows say about a code, read anew."""

    def __init__(self, discount: Discount) -> None:
        db.session.rollback()
        promotion = discounts.get(discount.id).promotion
        query = select(PromotionUse).execution_options(populate_existing=True)
        uses = db.session.scalars(query.where(PromotionUse.promotion_id == discount.id)).all()
        self.used_count, self.is_active = promotion.used_count, promotion.is_active
        self.live = [use for use in uses if use.released_at is None]
        self.slots = sorted((use.person, use.slot) for use in self.live)


def takers(code: str, persons: list[Person], *, first_invoice: int = 1) -> list[Callable[[], str]]:
    """Each checks the code, as a cart does, and then takes a use of it in a transaction of its own."""

    def taker(person: Person, invoice_id: int) -> Callable[[], str]:
        def take() -> str:
            quote = discounts.quote(code, items=[discounts.Item(2000, 1)], person=person, now=make.NOW)
            db.session.rollback()
            with unit_of_work():
                discounts.redeem(quote, person=person, invoice_id=invoice_id, now=make.NOW)
            return "taken"

        return take

    return [taker(person, number) for number, person in enumerate(persons, first_invoice)]


def givers(invoice_id: int, count: int) -> list[Callable[[], str]]:
    def give_back() -> str:
        with unit_of_work():
            discounts.give_back(invoice_id, make.NOW)
        return "given back"

    return [give_back] * count


def people(count: int) -> list[Person]:
    return [Person(f"shopper{number}") for number in range(count)]
