import pytest

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.service import Item, Quote
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")

ADA = Person("Ada")
DESK, LAMP = Item(10_000, 1, "design"), Item(2_500, 2, "light")


def quoted(code: str, *items: Item, **more: object) -> Quote:
    return discounts.quote(code, items=items, **{"person": ADA, "now": make.NOW, **more})  # type: ignore[arg-type]


def test_a_percentage_comes_off_what_is_in_scope() -> None:
    make.discount(code="DESIGN20", discount_value=20, applicable_categories=["design"])
    quote = quoted(" design20 ", DESK, LAMP)
    assert (quote.code, quote.refusal) == ("DESIGN20", None)
    assert (quote.subtotal_cents, quote.eligible_cents, quote.discount_cents) == (15_000, 10_000, 2_000)
    assert quote.shares == (2_000, 0)


def test_a_quote_takes_two_statements_and_one_when_its_terms_are_remembered() -> None:
    make.discount(code="TEN", per_user_limit=2, first_order_only=True)
    with count_statements() as first:
        quoted("TEN", DESK)
    with count_statements() as second:
        quoted("TEN", DESK, LAMP)
    assert (len(first), len(second)) == (2, 1), first
