"""Making and changing bonuses: what isn't said, what contradicts itself, and what active claims protect."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import service as accounts
from app.audit.service import SYSTEM
from app.bonuses import editing
from app.bonuses import service as bonuses
from app.bonuses.errors import FixedAfterCreation, TermsProtected
from app.bonuses.models import Bonus, MemberPromotion
from app.errors import NotFound, ValidationFailed
from app.kit.db import db, unit_of_work
from app.promotions.errors import ActiveClaims, Archived, DuplicateCode, Stale
from app.promotions.models import Promotion
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
NEEDED = {
    "title": "Welcome",
    "code": " welcome ",
    "type": "deposit",
    "bonus_type": "percentage",
    "bonus_value": 50,
    "starts_at": NOW,
    "ends_at": NOW + timedelta(days=1),
}


def made(**fields: Any) -> Bonus:
    with unit_of_work():
        return editing.create(NEEDED | fields, SYSTEM, NOW)


def updated(bonus: Bonus, version: int | None = None, **fields: Any) -> Bonus:
    with unit_of_work():
        return editing.update(bonus.id, fields, version=version, actor=SYSTEM, now=NOW)


def removed(bonus: Bonus) -> bool:
    with unit_of_work():
        return editing.remove(bonus.id, SYSTEM, NOW)


def shown(bonus: Bonus) -> dict[str, Any]:
    return editing.fields_of(editing.get(bonus.id))


@pytest.mark.parametrize(
    ("type_", "each", "period", "is_listed"),
    [
        ("deposit", 1, None, True),
        ("freecredit", 1, None, False),
        ("cashback", None, "month", True),
        ("referral", None, None, True),
    ],
)
def test_what_is_not_said_is_sensible_for_its_type(
    type_: str, each: int | None, period: str | None, is_listed: bool
) -> None:
    fields = shown(made(type=type_, bonus_type="fixed", bonus_value=5))
    assert (fields["code"], fields["type"], fields["bonus_value"]) == ("WELCOME", type_, 5)
    assert (fields["per_user_limit"], fields["cashback_period"], fields["is_listed"]) == (each, period, is_listed)
    unsaid = ("max_bonus", "max_withdraw", "friend_bonus", "usage_limit", "image_url")
    assert [fields[name] for name in unsaid] == [None] * 5
    assert (fields["turnover_requirement"], fields["min_amount"], fields["applicable_games"]) == (0, 0, [])
    assert (fields["first_deposit_only"], fields["auto_apply"], fields["is_active"]) == (False, False, True)


def test_what_is_said_is_kept() -> None:
    said = {
        "max_bonus": 12.5,
        "turnover_requirement": 2.25,
        "max_withdraw": 0,
        "applicable_games": ["slots", "live", "slots"],
        "first_deposit_only": True,
        "auto_apply": True,
        "is_listed": False,
        "per_user_limit": None,
        "usage_limit": 3,
        "min_amount": 0.01,
        "image_url": "https://example.com/a.png",
    }
    fields = shown(made(**said))
    assert {name: fields[name] for name in said} == said | {"applicable_games": ["slots", "live"]}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"code": None}, {"code"}),
        ({"code": "a!"}, {"code"}),
        ({"title": ""}, {"title"}),
        ({"type": "gift"}, {"type"}),
        ({"bonus_type": "half"}, {"bonus_type"}),
        ({"bonus_value": 0}, {"bonus_value"}),
        ({"bonus_value": 1000.01}, {"bonus_value"}),
        ({"bonus_value": 10.001}, {"bonus_value"}),
        ({"bonus_value": "NaN"}, {"bonus_value"}),
        ({"bonus_type": "fixed", "bonus_value": 100_000_000}, {"bonus_value"}),
        ({"turnover_requirement": 100.01}, {"turnover_requirement"}),
        ({"turnover_requirement": -1}, {"turnover_requirement"}),
        ({"max_bonus": -0.01}, {"max_bonus"}),
        ({"max_withdraw": 1.005}, {"max_withdraw"}),
        ({"per_user_limit": 0}, {"per_user_limit"}),
        ({"usage_limit": 1.5}, {"usage_limit"}),
        ({"starts_at": None}, {"starts_at"}),
        ({"ends_at": None}, {"ends_at"}),
        ({"ends_at": NOW}, {"ends_at"}),
        ({"type": "freecredit"}, {"bonus_type"}),
        ({"cashback_period": "day"}, {"cashback_period"}),
        ({"type": "cashback", "cashback_period": "year"}, {"cashback_period"}),
        ({"image_url": "javascript:alert(1)"}, {"image_url"}),
        ({"image_url": "https://"}, {"image_url"}),
        *(
            ({"image_url": each}, {"image_url"})
            for each in (
                "https://a.test;sandbox/x.png",
                "https://*/x.png",
                "https://'unsafe-inline'/x",
                "https://a.test,b/x",
                "https://a.test:99999/x.png",
                "https://user:pw@evil.test/x",
                "https://@a.test/x.png",
                "https://[::1/x",
                "//a.test/x.png",
            )
        ),
        ({"applicable_games": 5}, {"applicable_games"}),
        ({"requires_account": False}, {"requires_account"}),
        ({"title": "", "bonus_value": 0, "ends_at": NOW}, {"title", "bonus_value", "ends_at"}),  # all at once
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_nothing_is_made(fields: dict[str, Any], wrong: set[str]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        made(**fields)
    assert set(refused.value.fields) == wrong == set(editing.faults(NEEDED | fields))
    assert db.session.scalars(select(Bonus)).all() == []


def test_the_edges_of_what_can_be() -> None:
    edges = made(bonus_value=1000, turnover_requirement=100, max_bonus=99_999_999.99, max_withdraw=0)
    assert editing.terms_now(edges.id).bonus_value == 100_000
    assert made(code="SMALL", bonus_value=0.01, ends_at=NOW + timedelta(microseconds=1)).bonus_value == 1


def test_a_code_belongs_to_one_promotion() -> None:
    make.discount(code="WELCOME")
    with pytest.raises(DuplicateCode):
        made()
    assert set(editing.faults(NEEDED)) == {"code"}


PROTECTED: dict[str, Any] = {
    "bonus_type": "fixed",
    "bonus_value": 51,
    "max_bonus": 5,
    "turnover_requirement": 2,
    "max_withdraw": 5,
    "applicable_games": ["slots"],
}
FREE: dict[str, Any] = {
    "title": "Another name",
    "description": "<p>More</p>",
    "terms_and_conditions": "<p>Fine print</p>",
    "image_url": "https://example.com/b.png",
    "display_order": 7,
    "ends_at": NOW + timedelta(days=9),
    "usage_limit": 5,
    "per_user_limit": 4,
    "is_active": False,
    "first_deposit_only": True,
    "auto_apply": True,
    "is_listed": False,
    "min_amount": 3,
}


def claimed() -> tuple[Bonus, MemberPromotion]:
    bonus = made(turnover_requirement=1)
    return bonus, make.claim_of(make.deposit(make.user(), 1000, bonus))


def test_an_active_claim_protects_what_was_promised() -> None:
    bonus, claim = claimed()
    for name, value in PROTECTED.items():
        with pytest.raises(TermsProtected) as refused:
            updated(bonus, **{name: value, "title": "Tried"})
        assert (refused.value.status, refused.value.facts, list(refused.value.fields)) == (
            409,
            {"changed": [name]},
            [name],
        )
    with pytest.raises(TermsProtected) as refused:
        updated(bonus, **PROTECTED)
    assert refused.value.facts["changed"] == sorted(PROTECTED)
    assert set(editing.faults(PROTECTED, bonus.id)) == set(PROTECTED)
    assert shown(bonus)["title"] == "Welcome"
    updated(bonus, bonus_value=50, turnover_requirement=1.0, applicable_games=[])  # what it is already
    updated(bonus, **FREE)
    assert {name: shown(bonus)[name] for name in FREE} == FREE
    with unit_of_work():
        bonuses.cancel(claim.id, actor=SYSTEM, now=NOW)
    updated(bonus, **PROTECTED)
    assert {name: shown(bonus)[name] for name in PROTECTED} == PROTECTED


def test_code_and_type_are_fixed_even_before_anybody_has_it() -> None:
    bonus = made()
    changes: list[dict[str, Any]] = [{"code": "OTHER"}, {"type": "referral"}]
    for each in changes:
        with pytest.raises(FixedAfterCreation) as refused:
            updated(bonus, **each)
        assert (refused.value.status, list(refused.value.fields)) == (409, list(each))
    updated(bonus, code="welcome", type="deposit", title="New")
    assert shown(bonus)["title"] == "New"


def test_a_change_is_looked_over_together_with_what_stays() -> None:
    bonus = made(type="cashback", bonus_type="fixed", bonus_value=2000)
    for fields in ({"bonus_type": "percentage"}, {"cashback_period": None}, {"ends_at": NOW}):
        with pytest.raises(ValidationFailed):
            updated(bonus, **fields)
    updated(bonus, bonus_type="percentage", bonus_value=10, cashback_period="week")


def test_who_was_slower_is_told_and_loses_nothing() -> None:
    bonus = made()
    version = db.session.get_one(Promotion, bonus.id).version
    updated(bonus, version, title="First")
    with pytest.raises(Stale) as refused:
        updated(bonus, version, title="Second")
    assert (refused.value.facts["changed"], shown(bonus)["title"]) == (["title"], "First")


def test_it_is_deleted_while_nobody_has_it_and_archived_after() -> None:
    unused = made(code="UNUSED")
    assert removed(unused)
    with pytest.raises(NotFound):
        editing.get(unused.id)
    bonus, claim = claimed()
    with pytest.raises(ActiveClaims) as refused:
        removed(bonus)
    assert refused.value.status == 409
    make.played(accounts.get(claim.user_id), 1500)
    assert not removed(bonus)
    assert db.session.get_one(Promotion, bonus.id, populate_existing=True).archived_at == NOW
    with pytest.raises(Archived):
        updated(bonus, title="Too late")
    with pytest.raises(DuplicateCode):
        made()


def test_one_that_a_deposit_waits_for_is_archived_not_deleted() -> None:
    bonus = made()
    asked = make.asked_deposit(make.user(), 1000, bonus)
    assert not removed(bonus)
    assert asked.promotion_id == bonus.id
