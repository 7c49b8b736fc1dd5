"""Explain: every rule of a promotion, for somebody, with something, at some moment."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.promotions import explaining
from app.promotions.comparing import COMPARED, NAMES, REASONS, compared
from app.promotions.errors import UnknownCode
from app.promotions.explaining import Explanation
from app.promotions.models import PromotionBatch, PromotionCode
from app.promotions.rules import SHARED, Benefit, Item
from app.promotions.words import PLAIN, described
from tests import make
from tests.counting import count_statements

ADA = Person("Ada")
DESK = Item(4_200, 1, "design")
HOURS = {"enabled": True, "start_time": "17:00", "end_time": "19:00", "timezone": "UTC", "weekdays": [1, 2]}
OPEN = "Open from 17:00 through 19:00 (UTC), and there it is Mon, 12:00. Opens on Mon, Tue."
OFF = {"is_active": False}
CATEGORIES = st.sampled_from([None, "design", "Hosting", "other"])
SLUGS = st.lists(st.sampled_from(["design", "hosting"]), max_size=2, unique=True)
MOMENTS = st.integers(-72, 72).map(lambda hours: make.NOW + timedelta(hours=hours))
PEOPLE = st.sampled_from([None, ADA, Person("Bob"), Person("carol", 7)])
ITEMS = st.lists(st.builds(Item, st.integers(0, 6_000), st.integers(1, 3), CATEGORIES), max_size=3)


def explained(promotion_id: int, *items: Item, **more: Any) -> Explanation:
    given: dict[str, Any] = {"person": ADA, "amount_cents": 0, "at": make.NOW}
    return explaining.explain(promotion_id, items=items, **given | more)


@pytest.mark.usefixtures("app")
def test_all_rules_are_told_in_their_order_and_the_first_that_fails_is_the_reason() -> None:
    made = make.discount(code="TEN", min_amount=50, applicable_categories=["design"], per_user_limit=2, is_active=False)
    told = explained(made.id, DESK)
    assert [each.rule for each in told.verdicts] == [*REASONS] == [*NAMES] == [*COMPARED] == [*PLAIN]
    assert len(told.verdicts) == len(SHARED) + 1
    assert [each.rule for each in told.verdicts if not each.holds] == ["inactive", "min_amount_not_met"]
    assert (told.reason, told.message) == ("inactive", "This code is switched off right now.")
    assert (told.is_eligible, told.benefit) == (False, None)
    with unit_of_work():
        discounts.update(made.id, {"is_active": True}, actor=make.SYSTEM, now=make.NOW)
    assert explained(made.id, DESK).message == "Spend $8.00 more on Design to use it."
    enough = explained(made.id, DESK, DESK, amount_cents=1)
    assert (enough.message, enough.benefit) == ("It applies.", Benefit(discount_cents=840))
    assert enough.amount_cents == 8_400, "where there are items the amount is not looked at"


@pytest.mark.usefixtures("app")
def test_the_moment_moves_only_the_clock() -> None:
    made = make.discount(code="ONE", usage_limit=1, per_user_limit=1, auto_deactivate_on_max_uses=False)
    make.use("ONE", person=ADA)
    before = explained(made.id, DESK, at=make.NOW - timedelta(days=400))
    assert [each.rule for each in before.verdicts if not each.holds] == ["usage_limit_reached", "user_limit_reached"]
    hours = make.discount(active_hours=HOURS)
    assert explained(hours.id, DESK).message == "Opens today at 17:00 (UTC)."
    assert explained(hours.id, DESK, at=make.NOW.replace(hour=17)).is_eligible


@pytest.mark.usefixtures("app")
def test_an_archived_promotion_can_be_explained_and_an_unknown_one_not() -> None:
    made = make.discount(code="OLD")
    make.use("OLD")
    with unit_of_work():
        discounts.remove(made.id, make.SYSTEM, make.NOW)
    assert explained(made.id, DESK).reason == "not_found"
    with pytest.raises(NotFound):
        explained(made.id + 1, DESK)


@pytest.mark.usefixtures("app")
def test_of_a_batch_the_code_may_be_named() -> None:
    made = make.discount(code="FIRST")
    batch = make.saved(PromotionBatch(promotion_id=made.id, length=8, wanted=2, created_at=make.NOW))
    for used in (0, 1):
        code = PromotionCode(
            promotion_id=made.id, batch_id=batch.id, code=f"USED-{used}", usage_limit=1, used_count=used
        )
        make.saved(code)
    assert explained(made.id, DESK).is_eligible
    assert explained(made.id, DESK, code=" used-0 ").is_eligible
    used_up = explained(made.id, DESK, code="USED-1")
    assert used_up.reason == "usage_limit_reached"
    verdict = next(each for each in used_up.verdicts if not each.holds)
    assert compared(described(verdict)) == "Of this one code: 1 of 1."
    make.discount(code="OTHER")
    with pytest.raises(UnknownCode):
        explained(made.id, DESK, code="OTHER")


@pytest.mark.usefixtures("app")
def test_an_explanation_takes_three_statements_and_writes_nothing() -> None:
    made = make.discount(per_user_limit=1, first_order_only=True)
    with count_statements() as sent:
        assert explained(made.id, *[DESK] * 50).is_eligible
    assert len(sent) == 3, sent
    assert all(each.startswith("SELECT") for each in sent)


@pytest.mark.usefixtures("app")
def test_what_was_compared_is_told_in_words() -> None:
    make.category("design", name="Design & Art")
    ends_at = make.NOW + timedelta(days=1)
    made = make.discount(
        code="ALL",
        min_amount=50,
        usage_limit=10,
        per_user_limit=2,
        requires_account=True,
        applicable_categories=["design"],
        excluded_categories=["hosting", "print"],
        first_order_only=True,
        active_hours=HOURS,
        starts_at=make.NOW,
        ends_at=ends_at,
    )
    told = [compared(described(each)) for each in explained(made.id, DESK).verdicts]
    assert told == [
        "It isn't archived.",
        "It ends on March 3, 2026, 12:00\u202fPM (UTC).",
        "0 of 10 uses are taken.",
        "It is switched on.",
        "It started on March 2, 2026, 12:00\u202fPM (UTC).",
        f"{OPEN} Next opening: March 2, 2026, 5:00\u202fPM (UTC).",
        "Only for accounts, and this is none.",
        "0 of 2 uses by this person.",
        "Only for Design & Art. Not for Hosting or Print. There are items to look at.",
        "Only for Design & Art. Not for Hosting or Print.",
        "The minimum is $50.00, and there is $42.00: $8.00 is missing.",
        "Only for a first order; none was paid yet.",
    ]
    plain = [compared(described(each)) for each in explained(make.discount().id).verdicts]
    assert plain[1:3] == ["It has no end.", "It has no limit."]
    assert plain[-2:] == ["It has no minimum.", "Nothing else is asked for."]


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_explain_and_quote_always_agree(app: Flask, data: st.DataObject) -> None:  # noqa: ARG001
    terms: dict[str, Any] = {
        "discount_type": data.draw(st.sampled_from(["percentage", "fixed"])),
        "discount_value": data.draw(st.integers(1, 100)),
        "max_discount": data.draw(st.none() | st.integers(0, 20)),
        "min_amount": data.draw(st.integers(0, 80)),
        "is_active": data.draw(st.booleans()),
        "requires_account": data.draw(st.booleans()),
        "first_order_only": data.draw(st.booleans()),
        "usage_limit": data.draw(st.none() | st.integers(1, 2)),
        "per_user_limit": data.draw(st.none() | st.just(1)),
        "applicable_categories": data.draw(SLUGS),
        "excluded_categories": data.draw(SLUGS),
        "active_hours": data.draw(st.none() | st.just(HOURS)),
        "starts_at": data.draw(st.none() | MOMENTS.filter(lambda moment: moment < make.NOW)),
        "ends_at": data.draw(st.none() | MOMENTS.filter(lambda moment: moment >= make.NOW)),
    }
    made = make.discount(**terms | {"is_active": True, "active_hours": None, "applicable_categories": []})
    code, person = discounts.fields_of(made)["code"], data.draw(PEOPLE)
    if data.draw(st.booleans()):
        _use(code, ADA)
    with unit_of_work():
        _note_paid(data.draw(PEOPLE))
        late = {name: terms[name] for name in ("active_hours", "applicable_categories")}
        discounts.update(made.id, late | ({} if terms["is_active"] else OFF), actor=make.SYSTEM, now=make.NOW)
    items, amount, at = data.draw(ITEMS), data.draw(st.integers(0, 12_000)), data.draw(MOMENTS)
    told = explained(made.id, *items, person=person, amount_cents=amount, at=at)
    quote = discounts.quote(code, items=items, subtotal_cents=amount, person=person, now=at)
    assert told.reason == (quote.refusal.code if quote.refusal else None)
    assert told.verdicts == quote.verdicts
    assert told.benefit == (None if quote.refusal else Benefit(discount_cents=quote.discount_cents))
    db.session.rollback()


def _use(code: str, person: Person) -> None:
    """One use, where the terms allow it."""
    quote = discounts.quote(code, items=[Item(10_000, 1)], person=person, now=make.NOW)
    if quote.refusal is None:
        with unit_of_work():
            discounts.redeem(quote, person=person, invoice_id=int(quote.code_id or 0), now=make.NOW)


def _note_paid(person: Person | None) -> None:
    if person is not None:
        discounts.note_paid_order(person.key, 1, make.NOW)
