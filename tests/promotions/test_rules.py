from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.promotions.hours import ActiveHours
from app.promotions.rules import SHARED, Context, Standing, Terms, Verdict, first_failure, judge, status_of
from tests.make_kit import NOW

SECOND = timedelta(seconds=1)
HOURS = ActiveHours.parse({"start_time": "17:00", "end_time": "18:00"})
TERMS = Terms(promotion_id=1, kind="any", title="Anything")
CONTEXT = Context(now=NOW)

# reason, what the terms say, a context in which they hold, one in which they don't, the facts behind it
TABLE: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("not_found", {}, {}, {"is_archived": True}, {}),
    ("expired", {"ends_at": NOW}, {"now": NOW - SECOND}, {"now": NOW}, {"ends_at": NOW}),
    (
        "usage_limit_reached",
        {"usage_limit": 3},
        {"used_count": 2},
        {"used_count": 3},
        {"used_count": 3, "usage_limit": 3},
    ),
    (
        "usage_limit_reached",
        {"usage_limit": 3},
        {"used_count": 2},
        {"used_count": 9},
        {"used_count": 9, "usage_limit": 3},
    ),
    (
        "usage_limit_reached",
        {},
        {"code_usage_limit": 1, "code_used_count": 0},
        {"code_usage_limit": 1, "code_used_count": 1},
        {"code_usage_limit": 1, "code_used_count": 1},
    ),
    ("inactive", {}, {"is_active": True}, {"is_active": False}, {}),
    ("not_started", {"starts_at": NOW}, {"now": NOW}, {"now": NOW - SECOND}, {"starts_at": NOW}),
    (
        "outside_active_hours",
        {"active_hours": HOURS},
        {"now": NOW.replace(hour=17)},
        {"now": NOW},
        {"opens_at": NOW.replace(hour=17), **HOURS.described(), "local_time": NOW},
    ),
    (
        "account_required",
        {"requires_account": True},
        {"has_account": True},
        {"has_account": False},
        {"requires_account": True},
    ),
    (
        "user_limit_reached",
        {"per_user_limit": 2},
        {"person_uses": 1},
        {"person_uses": 2},
        {"person_uses": 2, "per_user_limit": 2},
    ),
    (
        "items_required",
        {"applicable_categories": ("a",)},
        {"categories": ["a"]},
        {"categories": None},
        {"applicable_categories": ["a"]},
    ),
    (
        "items_required",
        {"excluded_categories": ("a",)},
        {"categories": ["b"]},
        {"categories": None},
        {"excluded_categories": ["a"]},
    ),
    (
        "category_mismatch",
        {"applicable_categories": ("a", "b")},
        {"categories": ["c", "B"]},
        {"categories": ["c", None]},
        {"applicable_categories": ["a", "b"]},
    ),
    (
        "category_mismatch",
        {"excluded_categories": ("a",)},
        {"categories": ["a", "c"]},
        {"categories": ["a"]},
        {"excluded_categories": ["a"]},
    ),
    (
        "min_amount_not_met",
        {"min_amount_cents": 4000},
        {"amount_cents": 4000},
        {"amount_cents": 3200},
        {"missing_cents": 800, "min_amount_cents": 4000, "amount_cents": 3200},
    ),
]


@pytest.mark.parametrize(("reason", "terms", "holding", "failing", "facts"), TABLE)
def test_a_rule_holds_up_to_its_border_and_tells_the_facts_beyond(
    reason: str, terms: dict[str, Any], holding: dict[str, Any], failing: dict[str, Any], facts: dict[str, Any]
) -> None:
    promised = replace(TERMS, **terms)
    held = judge(promised, replace(CONTEXT, **holding))
    assert first_failure(held) is None
    compared = {verdict.rule: verdict.facts.keys() for verdict in held}
    assert compared[reason] == facts.keys() - {"missing_cents", "opens_at"}, (
        "what was compared is told when it holds too"
    )
    assert first_failure(judge(promised, replace(CONTEXT, **failing))) == Verdict(reason, holds=False, facts=facts)


def test_when_everything_fails_the_reasons_come_in_their_order() -> None:
    terms = replace(
        TERMS,
        ends_at=NOW,
        usage_limit=1,
        starts_at=NOW + SECOND,
        active_hours=HOURS,
        requires_account=True,
        per_user_limit=1,
        applicable_categories=("a",),
        min_amount_cents=1,
    )
    context = replace(CONTEXT, is_archived=True, used_count=1, is_active=False, person_uses=1)
    verdicts = judge(terms, context, [lambda _terms, _context: Verdict("not_eligible", holds=False)])
    assert [verdict.rule for verdict in verdicts if not verdict.holds] == [
        "not_found",
        "expired",
        "usage_limit_reached",
        "inactive",
        "not_started",
        "outside_active_hours",
        "account_required",
        "user_limit_reached",
        "items_required",
        "min_amount_not_met",
        "not_eligible",
    ]


def test_every_rule_gives_a_verdict_whether_it_holds_or_not() -> None:
    rules = [verdict.rule for verdict in judge(TERMS, CONTEXT)]
    assert len(rules) == len(SHARED) == len(set(rules))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "active"),
        ({"starts_at": NOW}, "active"),
        ({"starts_at": NOW + SECOND}, "scheduled"),
        ({"is_used_up": True, "starts_at": NOW + SECOND}, "exhausted"),
        ({"is_active": False, "is_used_up": True}, "inactive"),
        ({"is_active": False, "is_auto_deactivated": True}, "expired"),
        ({"is_active": False, "ends_at": NOW}, "expired"),
        ({"ends_at": NOW + SECOND}, "active"),
        ({"is_archived": True, "ends_at": NOW}, "archived"),
    ],
)
def test_a_status_is_the_first_that_holds(changes: dict[str, Any], status: str) -> None:
    plain = Standing(
        is_archived=False,
        is_auto_deactivated=False,
        is_active=True,
        is_used_up=False,
        starts_at=None,
        ends_at=None,
    )
    assert status_of(replace(plain, **changes), NOW) == status


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_what_is_missing_is_exactly_what_helps(minimum: int, amount: int) -> None:
    terms = replace(TERMS, min_amount_cents=minimum)
    failed = first_failure(judge(terms, replace(CONTEXT, amount_cents=amount)))
    assert (failed is None) is (amount >= minimum)
    if failed is not None:
        enough = amount + failed.facts["missing_cents"]
        assert first_failure(judge(terms, replace(CONTEXT, amount_cents=enough))) is None
        assert first_failure(judge(terms, replace(CONTEXT, amount_cents=enough - 1))) is not None
