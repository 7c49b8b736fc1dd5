from datetime import timedelta
from typing import Any

import pytest

from app.accounts.persons import Person
from app.catalog import service as catalog
from app.catalog.service import CategoryDetails
from app.discounts import service as discounts
from app.discounts.service import Item, Quote
from app.kit.db import unit_of_work
from app.promotions.rules import SHARED
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")

ADA = Person("Ada")
DESK, LAMP = Item(10_000, 1, "design"), Item(2_500, 2, "light")
DAY = timedelta(days=1)
EVENINGS = {"enabled": True, "start_time": "17:00", "end_time": "19:00", "timezone": "UTC", "weekdays": []}


def quoted(code: str, *items: Item, **more: Any) -> Quote:
    return discounts.quote(code, items=items, **{"person": ADA, "now": make.NOW, **more})


def test_a_percentage_comes_off_what_is_in_scope() -> None:
    made = make.discount(code="DESIGN20", discount_value=20, applicable_categories=["design"])
    quote = quoted(" design20 ", DESK, LAMP)
    assert (quote.code, quote.refusal, len(quote.verdicts)) == ("DESIGN20", None, len(SHARED) + 1)
    assert quote.promotion is not None
    assert (quote.promotion.id, quote.promotion.title) == (made.id, "Ten off")
    assert (quote.subtotal_cents, quote.eligible_cents, quote.discount_cents) == (15_000, 10_000, 2_000)
    assert (quote.shares, quote.total_cents) == ((2_000, 0), 13_000)


def test_a_code_is_found_by_its_id_as_carts_remember_it() -> None:
    make.discount(code="TEN")
    code_id = quoted("TEN", DESK).code_id
    again = discounts.quote(code_id=code_id, items=[DESK], person=None, now=make.NOW)
    assert (again.code, again.discount_cents) == ("TEN", 1_000)


def test_a_subtotal_alone_is_enough_where_the_code_is_for_everything() -> None:
    make.discount(code="TEN", discount_value="12.5", max_discount=1)
    quote = quoted("TEN", subtotal_cents=799)
    assert (quote.eligible_cents, quote.discount_cents, quote.shares) == (799, 100, ())
    make.discount(code="DESIGN", applicable_categories=["design"])
    assert reason(quoted("DESIGN", subtotal_cents=799)) == "items_required"


def test_where_there_are_items_the_subtotal_is_not_looked_at() -> None:
    make.discount(code="TEN")
    assert quoted("TEN", DESK, subtotal_cents=1).subtotal_cents == 10_000


def test_the_minimum_is_held_against_the_whole_subtotal_not_the_lines_in_scope() -> None:
    make.discount(code="DESIGN", applicable_categories=["design"], min_amount=150)
    assert quoted("DESIGN", DESK, LAMP).discount_cents == 1_000
    assert reason(quoted("DESIGN", DESK)) == "min_amount_not_met"


@pytest.mark.parametrize(
    ("terms", "reason", "message", "facts"),
    [
        (
            {"ends_at": make.NOW},
            "expired",
            "This code expired on March 2, 2026.",
            {"endsAt": "2026-03-02T12:00:00+00:00"},
        ),
        ({"is_active": False}, "inactive", "This code is switched off right now.", {}),
        (
            {"starts_at": make.NOW + DAY},
            "not_started",
            "This code starts on March 3, 2026, 12:00\u202fPM (UTC).",
            {"startsAt": "2026-03-03T12:00:00+00:00"},
        ),
        (
            {"active_hours": EVENINGS},
            "outside_active_hours",
            "Opens today at 17:00 (UTC).",
            {"opensAt": "2026-03-02T17:00:00+00:00", "timezone": "UTC"},
        ),
        (
            {"active_hours": {**EVENINGS, "weekdays": [2]}},
            "outside_active_hours",
            "Opens tomorrow at 17:00 (UTC).",
            {"opensAt": "2026-03-03T17:00:00+00:00", "timezone": "UTC"},
        ),
        (
            {"active_hours": {**EVENINGS, "weekdays": [7]}},
            "outside_active_hours",
            "Opens on Sun, Mar 8 at 17:00 (UTC).",
            {"opensAt": "2026-03-08T17:00:00+00:00", "timezone": "UTC"},
        ),
        ({"requires_account": True}, "account_required", "Sign in to use this code: it is for members.", {}),
        (
            {"applicable_categories": ["light", "garden-tools"]},
            "category_mismatch",
            "This code is for Light or Garden Tools. Add something from there to use it.",
            {"applicableCategories": ["light", "garden-tools"]},
        ),
        (
            {"excluded_categories": ["design"]},
            "category_mismatch",
            "This code is not for Design. Add something else to use it.",
            {"excludedCategories": ["design"]},
        ),
        ({"min_amount": 108}, "min_amount_not_met", "Spend $8.00 more to use it.", {"missing": 8, "minAmount": 108}),
        (
            {"min_amount": "108.50", "applicable_categories": ["design"]},
            "min_amount_not_met",
            "Spend $8.50 more on Design to use it.",
            {"missing": 8.5},
        ),
    ],
)
def test_a_refusal_says_what_would_help(
    terms: dict[str, Any], reason: str, message: str, facts: dict[str, Any]
) -> None:
    make.discount(code="TEN", **terms)
    quote = quoted("TEN", DESK)
    assert quote.refusal is not None
    assert (quote.refusal.code, str(quote.refusal.message)) == (reason, message)
    assert facts.items() <= quote.refusal.facts.items()
    assert (quote.discount_cents, quote.shares, quote.total_cents) == (0, (0,), 10_000)


def test_without_items_a_code_for_categories_says_what_to_put_in_the_cart() -> None:
    make.discount(code="ONLY", applicable_categories=["design", "hosting", "print"])
    make.discount(code="NOT", excluded_categories=["design", "hosting"])
    told = "This code is for Design, Hosting or Print. Put something from there in the cart to use it."
    assert sentence(quoted("ONLY", subtotal_cents=1)) == told
    told = "This code is not for Design or Hosting. Put something else in the cart to use it."
    assert sentence(quoted("NOT", subtotal_cents=1)) == told


def test_how_often_others_used_a_code_is_nothing_for_shoppers() -> None:
    make.discount(code="ONE", usage_limit=1)
    make.use("ONE")
    quote = quoted("ONE", DESK)
    assert quote.refusal is not None
    assert (quote.refusal.facts, quote.refusal.verdict.facts) == ({}, {"used_count": 1, "usage_limit": 1})
    make.discount(code="TWICE", per_user_limit=2)
    make.discount(code="ONCE", per_user_limit=1)
    for code in ("TWICE", "TWICE", "ONCE"):
        make.use(code, person=ADA)
    assert sentence(quoted("TWICE", DESK)) == "You have used this code as often as it allows: 2 times."
    assert sentence(quoted("ONCE", DESK)) == "You have used this code already, and it works once for each person."


def test_categories_are_called_by_the_name_that_they_have_now() -> None:
    shelf = make.category("tools", name="Tools & Toys")
    make.discount(code="TOOLS", applicable_categories=["tools"])
    assert sentence(quoted("TOOLS", DESK)) == "This code is for Tools & Toys. Add something from there to use it."
    with unit_of_work():
        catalog.change_category(shelf.id, CategoryDetails(name="Toys"), actor=make.SYSTEM)
    assert sentence(quoted("TOOLS", DESK)) == "This code is for Toys. Add something from there to use it."


@pytest.mark.parametrize("code", ["NOPE", "", "  ", "X" * 5000, "\x00", "TEN\x00"])
def test_an_unknown_code_gets_no_hints(code: str) -> None:
    make.discount(code="TEN")
    quote = quoted(code, DESK)
    assert quote.refusal is not None
    assert (quote.refusal.code, quote.refusal.facts, quote.promotion) == ("not_found", {}, None)


def test_an_archived_code_is_as_good_as_unknown() -> None:
    made = make.discount(code="TEN", usage_limit=5)
    make.use("TEN")
    with unit_of_work():
        discounts.remove(made.id, make.SYSTEM, make.NOW)
    assert reason(quoted("TEN", DESK)) == "not_found"


def test_a_code_for_the_first_order_is_only_for_those_who_have_paid_none() -> None:
    make.discount(code="FIRST", first_order_only=True)
    assert reason(quoted("FIRST", DESK)) is None
    with unit_of_work():
        discounts.note_paid_order(ADA.key, 7, make.NOW)
        discounts.note_paid_order(ADA.key, 8, make.NOW)
    refusal = quoted("FIRST", DESK).refusal
    assert refusal is not None
    assert (refusal.code, refusal.facts) == ("not_eligible", {"which": "first_order_only"})
    assert reason(quoted("FIRST", DESK, person=Person("Bob"))) is None


def test_a_limit_per_person_counts_accounts_and_names_apart() -> None:
    make.discount(code="ONCE", per_user_limit=1)
    make.use("ONCE", person=Person("ada"))
    assert reason(quoted("ONCE", DESK, person=Person("Ada"))) == "user_limit_reached"
    assert reason(quoted("ONCE", DESK, person=Person("Ada", 5))) is None
    assert reason(quoted("ONCE", DESK, person=None)) is None


def test_a_change_of_terms_is_seen_at_once() -> None:
    made = make.discount(code="TEN")
    assert quoted("TEN", DESK).discount_cents == 1_000
    with unit_of_work():
        discounts.update(made.id, {"discount_value": 50}, actor=make.SYSTEM, now=make.NOW)
    assert quoted("TEN", DESK).discount_cents == 5_000


def test_a_quote_takes_two_statements_and_one_when_its_terms_are_remembered() -> None:
    make.discount(code="TEN", per_user_limit=2, first_order_only=True)
    with count_statements() as first:
        quoted("TEN", DESK)
    with count_statements() as second:
        quoted("TEN", *[LAMP] * 50)
    assert (len(first), len(second)) == (2, 1), first


def sentence(quote: Quote) -> str:
    assert quote.refusal is not None
    return str(quote.refusal.message)


def reason(quote: Quote) -> str | None:
    return quote.refusal.code if quote.refusal else None
