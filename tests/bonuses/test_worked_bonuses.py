"""What each bonus gives when it is claimed, who gets which, and what is released of it in the end."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses import editing
from app.bonuses import service as bonuses
from app.bonuses.errors import BonusRefused, UnknownClient
from app.bonuses.models import Bonus
from app.deposits import service as deposits
from app.deposits.models import Deposit
from app.kit.db import db, unit_of_work
from app.promotions import archiving, jobs
from app.promotions.models import Promotion
from tests import make
from tests.bonuses.reading import balances, faults, fresh
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
DAY, HOUR, TINY = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)


def changed(bonus: Bonus, **fields: Any) -> None:
    with unit_of_work():
        editing.update(bonus.id, fields, actor=SYSTEM, now=NOW)


def chosen(user: User, cents: int = 10_000, now: datetime = NOW, **fields: Any) -> Deposit:
    """A deposit of theirs with a bonus of these terms."""
    return make.deposit(user, cents, make.bonus(**fields), now)


@pytest.mark.parametrize(
    ("fields", "cents", "bonus", "required"),
    [
        ({"bonus_value": 100}, 10_000, 10_000, 0),
        ({"bonus_value": 12.5}, 100, 13, 0),  # 12.5
        ({"bonus_value": 33.33, "turnover_requirement": 2.5}, 10_000, 3333, 33_333),  # 33,332.5
        ({"bonus_value": 100, "max_bonus": 50, "turnover_requirement": 3}, 10_000, 5000, 45_000),
        ({"bonus_type": "fixed", "bonus_value": 7.77, "turnover_requirement": 0.01}, 100, 777, 9),  # 8.77
        ({"bonus_type": "fixed", "bonus_value": 7.77, "max_bonus": 7}, 100, 700, 0),
        ({"min_amount": 100}, 10_000, 10_000, 0),
    ],
)
def test_a_deposit_brings_the_bonus_of_its_terms(fields: dict[str, Any], cents: int, bonus: int, required: int) -> None:
    client = make.user()
    deposit = chosen(client, cents, **fields)
    claim = make.claim_of(deposit)
    assert (claim.deposit_cents, claim.bonus_cents, claim.required_turnover_cents) == (cents, bonus, required)
    assert claim.status == ("active" if required else "completed")
    assert balances(client) == ((cents, bonus) if required else (cents + bonus, 0))
    assert deposit.cash_after_cents == balances(client)[0]
    assert faults() == []


@pytest.mark.parametrize(
    ("most", "released", "lapsed"),
    [(None, 5000, 0), (0, 0, 5000), (0.01, 1, 4999), (49.99, 4999, 1), (50, 5000, 0), (900, 5000, 0)],
)
@pytest.mark.parametrize("turnover", [0, 1])
def test_in_the_end_it_is_released_up_to_its_maximum_and_the_rest_lapses(
    most: float | None, released: int, lapsed: int, turnover: int
) -> None:
    client = make.user()
    deposit = chosen(client, max_bonus=50, max_withdraw=most, turnover_requirement=turnover)
    if turnover:
        assert balances(client) == (10_000, 5000)
        make.played(client, 15_000)
    claim = make.claim_of(deposit)
    assert (claim.status, claim.released_cents, claim.lapsed_cents) == ("completed", released, lapsed)
    assert balances(client) == (10_000 + released, 0)
    make.played(client, 15_000)
    assert balances(client) == (10_000 + released, 0)
    assert faults() == []


@pytest.mark.parametrize(
    ("fields", "why_not"),
    [
        ({}, None),
        ({"starts_at": NOW}, None),
        ({"starts_at": NOW + TINY}, "not_started"),
        ({"ends_at": NOW + TINY}, None),
        ({"ends_at": NOW}, "expired"),
        ({"is_active": False}, "inactive"),
        ({"min_amount": 100.01}, "min_amount_not_met:10001:1"),
        ({"max_bonus": 0}, "nothing_to_give"),
        ({"active_hours": {"enabled": True, "start_time": "13:00", "end_time": "14:00"}}, "outside_active_hours"),
        ({"active_hours": {"enabled": True, "start_time": "12:00", "end_time": "12:00"}}, None),
    ],
)
def test_a_bonus_that_does_not_hold_loses_no_deposit_and_says_why(fields: dict[str, Any], why_not: str | None) -> None:
    """Even though others would apply by themselves: what was chosen is what is wanted."""
    client = make.user()
    make.bonus(auto_apply=True, bonus_value=5)
    deposit = chosen(client, **fields)
    assert (deposit.status, deposit.no_bonus) == ("confirmed", why_not)
    assert (deposit.member_promotion_id is None) is (why_not is not None)
    assert balances(client) == (10_000 if why_not else 20_000, 0)
    assert faults() == []


def test_it_is_decided_when_the_deposit_is_confirmed_not_when_it_is_asked_for() -> None:
    client, bonus = make.user(), make.bonus()
    asked = make.asked_deposit(client, 10_000, bonus)
    changed(bonus, bonus_value=20, ends_at=NOW + HOUR)
    with unit_of_work():
        deposits.confirm(asked.id, actor=SYSTEM, now=NOW + HOUR)
    assert deposits.get(asked.id).no_bonus == "expired"
    second = make.asked_deposit(client, 10_000, bonus)
    with unit_of_work():
        confirmed = deposits.confirm(second.id, actor=SYSTEM, now=NOW + HOUR - TINY)
    assert make.claim_of(confirmed).bonus_cents == 2000


def test_a_bonus_of_another_sort_or_in_the_archive_comes_with_no_deposit() -> None:
    client = make.user()
    old = make.bonus()
    with unit_of_work():
        archiving.archive(old.id, actor=SYSTEM, now=NOW)
    found = [make.deposit(client, 1000, each).no_bonus for each in (make.free_credit(), make.cashback(), old)]
    assert found == ["not_eligible:other_type:freecredit", "not_eligible:other_type:cashback", "not_found"]
    assert faults() == []


def test_only_a_first_deposit_is_one_whatever_became_of_those_before() -> None:
    client, other = make.user(), make.user()
    bonus = make.bonus(first_deposit_only=True, per_user_limit=None)
    asked = make.asked_deposit(client, 1000)
    with unit_of_work():
        deposits.refuse(asked.id, "", actor=SYSTEM, now=NOW)
    first = make.deposit(client, 1000, bonus)
    assert first.no_bonus is None
    make.refunded_deposit(first)
    assert make.deposit(client, 1000, bonus).no_bonus == "not_eligible:first_deposit_only"
    make.told_deposit(other, 1000)
    assert make.deposit(other, 1000, bonus).no_bonus == "not_eligible:first_deposit_only"
    assert faults() == []


def test_limits_hold_for_each_member_and_for_all() -> None:
    ada, bob, eve = make.user(), make.user(), make.user()
    bonus = make.bonus(usage_limit=2)
    told = [make.deposit(who, 1000, bonus).no_bonus for who in (ada, ada, bob, eve)]
    assert told == [None, "user_limit_reached", None, "usage_limit_reached"]
    promotion = db.session.get_one(Promotion, bonus.id, populate_existing=True)
    assert (promotion.used_count, promotion.is_active, promotion.auto_deactivated_at) == (2, False, NOW)
    changed(bonus, usage_limit=3)
    assert make.deposit(eve, 1000, bonus).no_bonus is None
    assert faults() == []


@pytest.mark.parametrize(
    ("terms", "best"),
    [
        ([{"bonus_value": 10}, {"bonus_value": 20}], 1),
        ([{"bonus_value": 20}, {"bonus_type": "fixed", "bonus_value": 20}], 0),  # of the same, the older one
        ([{"bonus_value": 90, "max_bonus": 10}, {"bonus_type": "fixed", "bonus_value": 11}], 1),
        ([{"bonus_value": 90, "min_amount": 100.01}, {"bonus_value": 1}], 1),
        ([{"bonus_value": 90, "ends_at": NOW}, {"bonus_value": 1}], 1),
        ([{"bonus_value": 90, "max_bonus": 0}, {"bonus_value": 1}], 1),
        ([{"bonus_value": 90, "auto_apply": False}, {"bonus_value": 1}], 1),
        ([{"bonus_value": 90, "auto_apply": False}, {"bonus_value": 1, "is_active": False}], None),
        ([], None),
    ],
)
def test_where_none_was_chosen_the_highest_that_applies_by_itself_is_taken(
    terms: list[dict[str, Any]], best: int | None
) -> None:
    client = make.user()
    made = [make.bonus(**{"auto_apply": True} | each) for each in terms]
    deposit = make.deposit(client, 10_000)
    assert deposit.no_bonus is None
    claimed = None if deposit.member_promotion_id is None else make.claim_of(deposit).promotion_id
    assert claimed == (None if best is None else made[best].id)
    assert faults() == []


def test_one_bonus_comes_with_a_deposit_and_the_next_best_with_the_next() -> None:
    client = make.user()
    low, high = make.bonus(auto_apply=True, bonus_value=10), make.bonus(auto_apply=True, bonus_value=20)
    found = [make.deposit(client, 1000) for _each in range(3)]
    assert [make.claim_of(each).promotion_id for each in found[:2]] == [high.id, low.id]
    assert (found[2].member_promotion_id, found[2].no_bonus) == (None, None)
    assert balances(client) == (3300, 0)


def test_a_claim_keeps_the_terms_that_it_was_made_by() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1, max_withdraw=30, title="Welcome")
    claim = make.claim_of(make.deposit(client, 5000, bonus))
    changed(bonus, title="Other", ends_at=NOW + DAY)
    assert (fresh(claim).title, fresh(claim).code) == ("Welcome", make.bonus_code(bonus))
    make.played(client, 10_000)
    assert (fresh(claim).released_cents, balances(client)) == (3000, (8000, 0))


def test_what_has_ended_is_closed_by_upkeep_and_what_was_claimed_goes_on() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1, ends_at=NOW + HOUR)
    claim = make.claim_of(make.deposit(client, 5000, bonus))
    jobs.close_ended(NOW + HOUR)
    assert not db.session.get_one(Promotion, bonus.id, populate_existing=True).is_active
    make.played(client, 10_000, now=NOW + DAY)
    assert (fresh(claim).status, balances(client)) == ("completed", (10_000, 0))
    assert faults() == []


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({}, None, None),
        ({"min_amount": 50}, None, None),  # nothing is deposited, so nothing is asked for
        ({"ends_at": NOW}, None, "expired"),
        ({"is_active": False}, None, "inactive"),
        ({"max_bonus": 0}, None, "nothing_to_give"),
        ({}, "NOSUCH", "not_found"),
        ({}, "???", "not_found"),
    ],
)
def test_a_free_credit_is_claimed_by_its_code(fields: dict[str, Any], code: str | None, reason: str | None) -> None:
    client, credit = make.user(), make.free_credit(**fields)
    try:
        with unit_of_work():
            claim = bonuses.claim_free_credit(client, code or make.bonus_code(credit), now=NOW)
    except BonusRefused as refused:
        assert refused.code == reason  # noqa: PT017
    else:
        assert reason is None
        assert (claim.deposit_cents, claim.bonus_cents, claim.given_by_id) == (0, 1000, None)
    assert balances(client) == (0 if reason else 1000, 0)
    assert faults() == []


def test_no_code_but_that_of_a_free_credit_is_one() -> None:
    client = make.user()
    for bonus in (make.bonus(), make.cashback(), make.referral()):
        code = make.bonus_code(bonus)
        with pytest.raises(BonusRefused) as refused, unit_of_work():
            bonuses.claim_free_credit(client, code, now=NOW)
        assert (refused.value.code, refused.value.facts["which"]) == ("not_eligible", "other_type")
    assert balances(client) == (0, 0)


def test_an_admin_gives_a_free_credit_to_a_client_and_to_nobody_else() -> None:
    admin, client, credit = make.user(role="admin"), make.user(), make.free_credit(per_user_limit=2)
    for _each in range(2):
        make.given(client, credit)
    with pytest.raises(BonusRefused) as refused:
        make.given(client, credit)
    assert refused.value.code == "user_limit_reached"
    for nobody in (admin, make.user(role="coach"), make.user(is_active=False)):
        with pytest.raises(UnknownClient):
            make.given(nobody, credit)
    other = make.bonus()
    with pytest.raises(BonusRefused), unit_of_work():
        bonuses.give_free_credit(other.id, client.username, actor=SYSTEM, now=NOW)
    assert balances(client) == (2000, 0)
    assert faults() == []
