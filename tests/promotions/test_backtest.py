"""A replay equals rules applied by hand: once read literally with plain counters, once by the shop's own judge."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.discounts.rules import OWN_RULES, DiscountTerms, benefit_of, reduce_lines
from app.promotions import rules
from app.promotions.backtest import CAN_FAIL, NOTHING_OFF, OF_TODAY, Outcome, Past, Tally, replay
from app.promotions.hours import ActiveHours
from app.promotions.rules import Context, Item, first_failure, judge

PERCENT = {"discount_type": "percentage", "discount_value": 1000}
CATEGORIES = ("a", "b", "c")
# around the nights on which clocks change there, when hours are skipped or come twice
ZONES = {
    "UTC": datetime(2026, 3, 29, tzinfo=UTC),
    "Europe/Riga": datetime(2026, 3, 28, 18, tzinfo=UTC),
    "America/New_York": datetime(2026, 10, 31, 22, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 8, tzinfo=UTC),
}


def terms_of(**given: object) -> DiscountTerms:
    return DiscountTerms(**{"promotion_id": 1, "kind": "discount", "title": "Off", **PERCENT, **given})  # type: ignore[arg-type]


def outcome_of(terms: DiscountTerms, past: Sequence[Past]) -> Outcome:
    return replay(terms, past, benefit=benefit_of, own_rules=OWN_RULES)


@st.composite
def hours(draw: st.DrawFn, zone: str) -> ActiveHours:
    start, end = (f"{draw(st.integers(0, 23)):02d}:{draw(st.sampled_from([0, 30, 59])):02d}" for _each in range(2))
    weekdays = draw(st.lists(st.integers(1, 7), unique=True, max_size=5))
    return ActiveHours.parse({"start_time": start, "end_time": end, "timezone": zone, "weekdays": weekdays})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[DiscountTerms, list[Past]]:
    """Terms, and orders of a few people within two days, in the order in which they were placed."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    scope = st.lists(st.sampled_from(CATEGORIES), unique=True, max_size=2).map(tuple)
    terms = terms_of(
        discount_type=draw(st.sampled_from(["percentage", "fixed"])),
        discount_value=draw(st.integers(1, 10_000)),
        max_discount_cents=draw(st.none() | st.integers(0, 500)),
        min_amount_cents=draw(st.just(0) | st.integers(1, 3000)),
        applicable_categories=draw(scope),
        excluded_categories=draw(scope),
        active_hours=draw(st.none() | hours(zone)),
        usage_limit=draw(st.none() | st.integers(1, 8)),
        per_user_limit=draw(st.none() | st.integers(1, 3)),
        requires_account=draw(st.booleans()),
        first_order_only=draw(st.booleans()),
        starts_at=draw(st.none() | st.just(datetime(2030, 1, 1, tzinfo=UTC))),
        ends_at=draw(st.none() | st.just(datetime(2020, 1, 1, tzinfo=UTC))),
    )
    orders = st.builds(
        order,
        person=st.sampled_from(["user:1", "user:2", "name:ada", "name:bo", "name:cy"]),
        at=st.integers(0, 40 * 3600).map(lambda seconds: ZONES[zone] + timedelta(seconds=seconds)),
        lines=st.lists(st.tuples(st.integers(0, 2000), st.sampled_from((*CATEGORIES, None))), min_size=1, max_size=4),
        has_ordered=st.booleans(),
    )
    return terms, sorted(draw(st.lists(orders, max_size=25)), key=lambda each: each.placed_at)


def order(
    person: str = "name:ada",
    at: datetime = ZONES["UTC"],
    lines: Sequence[tuple[int, str | None]] = ((1000, None),),
    *,
    has_ordered: bool = False,
) -> Past:
    items = [Item(cents, 1, category) for cents, category in lines]
    facts = {"has_paid_order": has_ordered}
    amount = sum(cents for cents, _category in lines)
    return Past(at, at.date(), person, person.startswith("user:"), amount, items, facts)


@given(worlds())
@settings(max_examples=300)
def test_a_replay_is_what_the_rules_say_invoice_by_invoice(world: tuple[DiscountTerms, list[Past]]) -> None:
    terms, past = world
    for by_hand in (literally, as_the_shop_judges):
        assert told(outcome_of(terms, past)) == told(by_hand(terms, past)), by_hand.__name__


def literally(terms: DiscountTerms, past: Sequence[Past]) -> Outcome:
    """The rules as the specification writes them, with nothing of ours but its data."""
    outcome, used, mine = Outcome(), 0, dict[str, int]()
    for each in past:
        day = outcome.by_day[each.paid_on]
        day.orders, day.amount_cents = day.orders + 1, day.amount_cents + each.amount_cents
        covered = [
            item
            for item in each.items
            if (not terms.applicable_categories or item.category in terms.applicable_categories)
            and item.category not in terms.excluded_categories
        ]
        eligible = sum(item.price_cents for item in covered)
        percent = (Decimal(eligible) * terms.discount_value / 10_000).quantize(Decimal(1), ROUND_HALF_UP)
        cap = eligible if terms.max_discount_cents is None else terms.max_discount_cents
        cost = min(terms.discount_value, eligible) if terms.discount_type == "fixed" else min(int(percent), cap)
        refusals: list[tuple[str, bool]] = [
            ("usage_limit_reached", terms.usage_limit is not None and used >= terms.usage_limit),
            ("outside_active_hours", is_closed(terms.active_hours, each.placed_at)),
            ("account_required", terms.requires_account and not each.person.startswith("user:")),
            ("user_limit_reached", mine.get(each.person, 0) >= (terms.per_user_limit or 99)),
            ("category_mismatch", not covered),
            ("min_amount_not_met", each.amount_cents < terms.min_amount_cents),
            ("first_order_only", terms.first_order_only and each.facts["has_paid_order"]),
            (NOTHING_OFF, cost == 0),
        ]
        reason = next((reason for reason, fails in refusals if fails), None)
        if reason:
            outcome.refusals[reason] += 1
            continue
        used += 1
        mine[each.person] = outcome.uses[each.person] = mine.get(each.person, 0) + 1
        day.qualified, day.cost_cents = day.qualified + 1, day.cost_cents + cost
    return outcome


def is_closed(window: ActiveHours | None, at: datetime) -> bool:
    """Minute by minute from each opening that there could be, on the clock of the wall."""
    if window is None:
        return False
    wall = at.astimezone(ZoneInfo(window.zone.key)).replace(tzinfo=None, second=0, microsecond=0)
    for opening_day in (wall.date() - timedelta(days=1), wall.date()):
        opens = datetime.combine(opening_day, window.start)
        closes = datetime.combine(opening_day, window.end)
        closes += timedelta(days=closes < opens)
        if opens <= wall <= closes and opening_day.isoweekday() in window.weekdays:
            return False
    return True


def as_the_shop_judges(terms: DiscountTerms, past: Sequence[Past]) -> Outcome:
    """Every rule each time, and the discount spread over the lines, as for a cart."""
    outcome, always = Outcome(), replace(terms, starts_at=None, ends_at=None)
    for each in past:
        day = outcome.by_day[each.paid_on]
        day.orders, day.amount_cents = day.orders + 1, day.amount_cents + each.amount_cents
        context = Context(
            now=each.placed_at,
            used_count=sum(outcome.uses.values()),
            has_account=each.has_account,
            person_uses=outcome.uses.get(each.person, 0),
            amount_cents=each.amount_cents,
            categories=[item.category for item in each.items],
            facts=dict(each.facts),
        )
        failed = first_failure(judge(always, context, OWN_RULES))
        off = sum(reduce_lines(always, each.items).shares)
        if failed or not off:
            outcome.refusals[failed.facts.get("which", failed.rule) if failed else NOTHING_OFF] += 1
            continue
        outcome.uses[each.person] = outcome.uses.get(each.person, 0) + 1
        day.qualified, day.cost_cents = day.qualified + 1, day.cost_cents + off
    return outcome


def told(outcome: Outcome) -> tuple[dict[date, Tally], dict[str, int], Counter[str], Tally, int]:
    return dict(outcome.by_day), outcome.uses, outcome.refusals, outcome.total, outcome.people


@given(worlds())
def test_without_lines_the_amount_tells_the_same_where_everything_is_in_scope(
    world: tuple[DiscountTerms, list[Past]],
) -> None:
    terms, past = replace(world[0], applicable_categories=(), excluded_categories=()), world[1]
    assert told(outcome_of(terms, past)) == told(outcome_of(terms, [each._replace(items=()) for each in past]))


def test_limits_count_from_the_first_order_on_and_only_what_qualified() -> None:
    later: Callable[[int], datetime] = lambda minutes: ZONES["UTC"] + timedelta(minutes=minutes)  # noqa: E731
    past = [
        order("name:ada", later(0), [(400, None)]),  # below the minimum: takes none of the uses
        order("name:ada", later(1)),
        order("name:ada", later(2)),  # ada had it
        order("name:bo", later(3)),
        order("name:cy", later(4)),  # both are taken
    ]
    outcome = outcome_of(terms_of(min_amount_cents=500, usage_limit=2, per_user_limit=1), past)
    assert outcome.total == Tally(orders=5, amount_cents=4400, qualified=2, cost_cents=200)
    assert outcome.uses == {"name:ada": 1, "name:bo": 1}
    assert outcome.refusals == {"min_amount_not_met": 1, "user_limit_reached": 1, "usage_limit_reached": 1}


def test_an_empty_past_costs_nothing() -> None:
    outcome = outcome_of(terms_of(), [])
    assert (outcome.total, outcome.people, outcome.best_days(5)) == (Tally(), 0, [])
    assert outcome.total.average_cents == 0


def test_the_best_days_are_the_dearest_and_of_equal_ones_the_earlier() -> None:
    day: Callable[[int], datetime] = lambda number: ZONES["UTC"] + timedelta(days=number)  # noqa: E731
    past = [order(at=day(each), lines=[(cents, None)]) for each, cents in enumerate((1000, 9000, 1000, 1))]
    best = outcome_of(terms_of(), past).best_days(2)
    assert [(each.day, tally.cost_cents) for each, tally in best] == [(30, 900), (29, 100)]


@pytest.mark.parametrize("rule", rules.SHARED)
def test_whoever_adds_a_shared_rule_says_whether_it_is_replayed(rule: rules.Rule) -> None:
    assert (rule in OF_TODAY) != (rule in CAN_FAIL)
