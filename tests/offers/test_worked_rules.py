"""Worked tables of what a completed offer earns: amounts, the best of several codes, the moment that counts, scope."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.money import MOST_CENTS
from app.offers.applying import uses_left
from app.offers.rules import (
    OWN_RULES,
    Candidate,
    OfferTerms,
    benefit_of,
    best_first,
    bonus_on,
    deciding_moment,
    failure_of_applying,
    in_scope,
)
from app.promotions.hours import ActiveHours
from app.promotions.rules import Context, first_failure, judge

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TINY = timedelta(microseconds=1)
DAY = timedelta(days=1)


def terms(bonus_type: Any = "percentage", bonus_value: int = 1000, **more: Any) -> OfferTerms:
    own = {"bonus_type": bonus_type, "bonus_value": bonus_value}
    return OfferTerms(**{"promotion_id": 1, "kind": "offer", "title": "Ten", **own, **more})


@pytest.mark.parametrize(
    ("percent", "payout", "cap", "bonus"),
    [
        (10_00, 20_00, None, 2_00),
        (10_00, 19_94, None, 1_99),  # 199.4
        (10_00, 19_95, None, 2_00),  # 199.5: half is up
        (10_00, 19_96, None, 2_00),
        (12_50, 1_00, None, 13),  # 12.5
        (33_33, 10_00, None, 3_33),
        (1, 50_00, None, 1),  # 0.01 %: half a cent
        (1, 49_99, None, 0),
        (10_00, 5, None, 1),
        (10_00, 4, None, 0),
        (10_00, 0, None, 0),
        (1000_00, 1, None, 10),
        (1000_00, 99_999_999_99, None, 99_999_999_99),  # nothing is more than the largest amount
        (999_99, 1, None, 10),
        (100_00, 12_34, None, 12_34),
        (10_00, 20_00, 1_99, 1_99),
        (10_00, 20_00, 2_00, 2_00),
        (10_00, 20_00, 2_01, 2_00),
        (10_00, 20_00, 0, 0),
        (1000_00, 99_999_999_99, 1, 1),
    ],
)
def test_a_percentage_of_the_payout_half_up_to_the_cent_at_most_the_cap(
    percent: int, payout: int, cap: int | None, bonus: int
) -> None:
    assert bonus_on(terms(bonus_value=percent, max_bonus_cents=cap), payout) == bonus


@pytest.mark.parametrize(
    ("value", "payout", "cap", "bonus"),
    [
        (5_00, 20_00, None, 5_00),
        (5_00, 1, None, 5_00),  # more than was paid out
        (5_00, 0, None, 5_00),
        (5_00, 20_00, 4_99, 4_99),
        (5_00, 20_00, 5_00, 5_00),
        (5_00, 20_00, 0, 0),
        (1, 0, None, 1),
        (1000_01, 20_00, None, 1000_01),  # no percentage, so not held to 1000
    ],
)
def test_a_fixed_bonus_whatever_is_paid_out(value: int, payout: int, cap: int | None, bonus: int) -> None:
    fixed = terms("fixed", value, max_bonus_cents=cap)
    assert bonus_on(fixed, payout) == bonus
    assert benefit_of(fixed, (), payout).value_cents == bonus


@given(st.integers(1, 100_000), st.integers(0, 9_999_999_999), st.none() | st.integers(0, 9_999_999_999))
def test_a_percentage_is_never_half_a_cent_off(percent: int, payout: int, cap: int | None) -> None:
    bonus = bonus_on(terms(bonus_value=percent), payout)
    if payout * percent <= MOST_CENTS * 10_000:
        assert -5_000 < bonus * 10_000 - payout * percent <= 5_000
    else:
        assert bonus == MOST_CENTS
    assert bonus_on(terms(bonus_value=percent, max_bonus_cents=cap), payout) == (
        bonus if cap is None else min(bonus, cap)
    )


def candidate(number: int, own: OfferTerms, payout: int, applied_at: datetime = NOW) -> Candidate:
    return Candidate(number, number, f"CODE{number}", own, applied_at, bonus_on(own, payout))


TEN, HALF_CAPPED = terms(bonus_value=10_00), terms(bonus_value=50_00, max_bonus_cents=3_00)
THREE, NOTHING = terms("fixed", 3_00), terms("fixed", 9_00, max_bonus_cents=0)


@pytest.mark.parametrize(
    ("payout", "order"),
    [
        (20_00, [2, 3, 1]),  # 3.00 each by the cap and fixed, of which 2 was applied first; then 2.00
        (30_00, [1, 2, 3]),  # three times 3.00: the first applied
        (30_04, [1, 2, 3]),
        (40_00, [1, 2, 3]),  # 4.00 is more than the cap lets the half be
        (5_98, [3, 2, 1]),  # 2.99: below its cap, and less than 3.00
        (4, [3, 2]),  # 10 % of it is nothing
        (0, [3]),
    ],
)
def test_the_highest_bonus_first_and_of_the_same_what_was_applied_first(payout: int, order: list[int]) -> None:
    found = [candidate(number, own, payout) for number, own in enumerate((TEN, HALF_CAPPED, THREE, NOTHING), 1)]
    assert [each.code_id for each in best_first(found)] == order
    assert [each.code_id for each in best_first(found[::-1])] == order


def test_the_earlier_application_counts_before_the_lower_number() -> None:
    again = candidate(1, THREE, 0, NOW + TINY)  # removed and applied again
    assert [each.code_id for each in best_first([again, candidate(2, THREE, 0)])] == [2, 1]


@pytest.mark.parametrize(
    ("completed", "counts"),
    [
        (NOW, NOW),
        (NOW - TINY, NOW - TINY),
        (NOW - DAY, NOW - DAY),  # exactly 24 hours
        (NOW - DAY - TINY, NOW),
        (NOW - DAY * 400, NOW),
        (NOW + TINY, NOW),  # their clock is ahead
        (NOW + timedelta(minutes=5), NOW),
        (NOW.astimezone(ZoneInfo("Asia/Bangkok")) - DAY, NOW - DAY),
    ],
)
def test_codes_must_hold_at_completion_within_24_hours_else_at_receipt(completed: datetime, counts: datetime) -> None:
    assert deciding_moment(completed, NOW) == counts


def test_a_day_is_24_hours_also_when_the_clock_is_put_forward() -> None:
    zone = ZoneInfo("Europe/Riga")
    received = datetime(2026, 3, 29, 12, tzinfo=zone).astimezone(UTC)  # 23 hours after noon of the day before
    completed = datetime(2026, 3, 28, 11, tzinfo=zone).astimezone(UTC)
    assert deciding_moment(completed, received) == completed
    assert deciding_moment(completed - TINY, received) == received


@pytest.mark.parametrize(
    ("scope", "offer", "holds"),
    [((), 7, True), ((7,), 7, True), ((6, 7), 7, True), ((6,), 7, False), ((6,), None, True), ((), None, True)],
)
def test_a_code_is_for_its_offers_or_for_all(scope: tuple[int, ...], offer: int | None, holds: bool) -> None:
    facts = {} if offer is None else {"offer_id": offer}
    verdict = in_scope(terms(applicable_offers=frozenset(scope)), Context(now=NOW, facts=facts))
    assert (verdict.holds, verdict.rule) == (holds, "not_eligible")
    if not holds:
        assert verdict.facts == {"which": "offer_not_in_scope", "applicable_offers": [6]}


LIMITS = {
    "usage_limit": None,
    "used_count": 0,
    "code_usage_limit": None,
    "code_used_count": 0,
    "per_user_limit": None,
    "person_uses": 0,
}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, None),
        ({"used_count": 9, "code_used_count": 9, "person_uses": 9}, None),
        ({"usage_limit": 5, "used_count": 2}, 3),
        ({"usage_limit": 5, "used_count": 5}, 0),
        ({"usage_limit": 5, "used_count": 7}, 0),  # lowered below what is used
        ({"per_user_limit": 2, "person_uses": 1}, 1),
        ({"code_usage_limit": 1, "code_used_count": 1, "usage_limit": 5}, 0),
        ({"usage_limit": 5, "used_count": 1, "per_user_limit": 9, "person_uses": 1, "code_usage_limit": 6}, 4),
        ({"usage_limit": 50, "per_user_limit": 9, "person_uses": 7, "code_usage_limit": 3}, 2),
    ],
)
def test_what_is_left_is_the_least_of_what_all_limits_leave(given: dict[str, int], left: int | None) -> None:
    assert uses_left(SimpleNamespace(**{**LIMITS, **given})) == left


SHUT = ActiveHours.parse({"start_time": "13:00", "end_time": "14:00"})


@pytest.mark.parametrize(
    ("own", "context", "reason"),
    [
        ({}, {}, None),
        ({}, {"is_archived": True}, "not_found"),
        ({"ends_at": NOW}, {}, "expired"),
        ({"ends_at": NOW + TINY}, {}, None),
        ({"usage_limit": 3}, {"used_count": 3}, "usage_limit_reached"),
        ({}, {"code_usage_limit": 1, "code_used_count": 1}, "usage_limit_reached"),
        ({}, {"is_active": False}, "inactive"),
        ({"starts_at": NOW + TINY}, {}, "not_started"),
        ({"starts_at": NOW}, {}, None),
        ({"active_hours": SHUT}, {}, "outside_active_hours"),
        ({"requires_account": True}, {"has_account": False}, "account_required"),
        ({"per_user_limit": 1}, {"person_uses": 1}, "user_limit_reached"),
        ({"min_amount_cents": 100_00}, {}, None),  # what only a conversion has doesn't count
        ({"applicable_offers": frozenset({6})}, {"facts": {"offer_id": 7}}, None),
        ({"ends_at": NOW, "usage_limit": 3}, {"used_count": 3, "is_active": False}, "expired"),  # in the usual order
        ({"usage_limit": 3}, {"used_count": 3, "is_active": False}, "usage_limit_reached"),
    ],
)
def test_applying_asks_for_every_rule_but_amount_and_scope(
    own: dict[str, Any], context: dict[str, Any], reason: str | None
) -> None:
    verdicts = judge(terms(**own), Context(**{"now": NOW, "has_account": True, **context}), OWN_RULES)
    failed = failure_of_applying(verdicts)
    assert (failed.rule if failed else None) == reason


@pytest.mark.parametrize(
    ("own", "payout", "reason"),
    [
        ({"min_amount_cents": 20_00}, 20_00, None),
        ({"min_amount_cents": 20_01}, 20_00, "min_amount_not_met"),
        ({"applicable_offers": frozenset({6})}, 20_00, "not_eligible"),
        ({"applicable_offers": frozenset({6}), "min_amount_cents": 20_01}, 20_00, "min_amount_not_met"),
    ],
)
def test_a_conversion_is_asked_for_amount_and_scope_too(own: dict[str, Any], payout: int, reason: str | None) -> None:
    context = Context(now=NOW, has_account=True, amount_cents=payout, facts={"offer_id": 7})
    failed = first_failure(judge(terms(**own), context, OWN_RULES))
    assert (failed.rule if failed else None) == reason


def test_who_comes_outside_the_hours_is_told_the_next_opening() -> None:
    failed = failure_of_applying(judge(terms(active_hours=SHUT), Context(now=NOW, has_account=True), OWN_RULES))
    assert failed is not None
    assert failed.facts["opens_at"] == NOW + timedelta(hours=1)
