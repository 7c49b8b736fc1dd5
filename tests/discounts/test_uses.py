import pytest
from sqlalchemy import select

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.errors import CodeRefused
from app.discounts.models import Discount
from app.discounts.service import Item
from app.kit.db import db, unit_of_work
from app.promotions.models import PromotionUse
from tests import make

pytestmark = pytest.mark.usefixtures("app")

ADA, BOB = Person("Ada"), Person("Bob")


def redeemed(code: str, person: Person, invoice_id: int) -> None:
    with unit_of_work():
        quote = discounts.quote(code, items=[Item(1000, 1)], person=person, now=make.NOW)
        discounts.redeem(quote, person=person, invoice_id=invoice_id, now=make.NOW)


def uses(discount: Discount) -> list[tuple[str, int, bool]]:
    rows = db.session.scalars(select(PromotionUse).order_by(PromotionUse.id).execution_options(populate_existing=True))
    return [(use.person, use.slot, use.released_at is None) for use in rows if use.promotion_id == discount.id]


def test_taking_the_last_use_switches_the_code_off_and_giving_it_back_on_again() -> None:
    made = make.discount(code="LAST", usage_limit=1)
    redeemed("LAST", ADA, 1)
    assert discounts.get(made.id).promotion.status(make.NOW) == "expired"
    with pytest.raises(CodeRefused) as refused:
        redeemed("LAST", BOB, 2)
    assert refused.value.code == "usage_limit_reached"
    with unit_of_work():
        discounts.give_back(1, make.NOW)
    assert discounts.get(made.id).promotion.status(make.NOW) == "active"
    redeemed("LAST", BOB, 2)
    assert uses(made) == [("name:ada", 1, False), ("name:bob", 1, True)]
