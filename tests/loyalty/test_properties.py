"""What holds of achievements, streaks and judging whatever comes, against oracles that are slow and plain."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.activity import rules as activity
from app.activity.rules import Run
from app.loyalty import conditions, rules, streaks
from app.loyalty.conditions import Condition, Goal, Measures
from app.loyalty.rules import Happening, Known, Moment, Terms

TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FEW = settings(max_examples=200, deadline=None)

goals = st.builds(
    lambda condition, value, xp: (condition, value, xp),
    st.sampled_from(list(Condition)),
    st.integers(1, 60),
    st.integers(0, 25),
)
many_goals = st.lists(goals, max_size=8).map(
    lambda found: [Goal(number, condition, value, xp, 1) for number, (condition, value, xp) in enumerate(found, 1)]
)
measures = st.builds(Measures, *(st.integers(0, 40),) * 4)


def met_by_hand(all_goals: list[Goal], held: set[int], start: Measures) -> set[int]:
    """Look at all of them again and again until nothing is new."""
    found: set[int] = set()
    while True:
        xp = start.xp_total + sum(goal.xp for goal in all_goals if goal.id in found)
        now = Measures(start.workout_count, start.streak_days, xp, start.checkin_count)
        new = {g.id for g in all_goals if g.id not in held | found and now.of(g.condition) >= g.value}
        if not new:
            return found
        found |= new


@FEW
@given(many_goals, st.sets(st.integers(1, 8)), measures, st.randoms(use_true_random=False))
def test_achievements_are_earned_once_whatever_their_order(
    all_goals: list[Goal], held: set[int], start: Measures, chance: Any
) -> None:
    earned = conditions.earned(all_goals, held, start)
    ids = [goal.id for goal in earned]
    assert len(ids) == len(set(ids))
    assert set(ids) == met_by_hand(all_goals, held, start)
    shuffled = all_goals[:]
    chance.shuffle(shuffled)
    assert conditions.earned(shuffled, held, start) == earned


@FEW
@given(many_goals, measures)
def test_each_was_reached_when_its_turn_came_and_nothing_is_left(all_goals: list[Goal], start: Measures) -> None:
    xp = start.xp_total
    for goal in conditions.earned(all_goals, (), start):
        now = Measures(start.workout_count, start.streak_days, xp, start.checkin_count)
        assert now.of(goal.condition) >= goal.value
        xp += goal.xp
    ids = {goal.id for goal in conditions.earned(all_goals, (), start)}
    end = Measures(start.workout_count, start.streak_days, xp, start.checkin_count)
    assert conditions.earned(all_goals, ids, end) == []


days_back = st.sets(st.integers(0, 45))


def runs_of(dates: set[date]) -> list[Run]:
    """Dates as runs without a gap, in no order that matters."""
    found: list[Run] = []
    for each in sorted(dates):
        if found and each == found[-1].last + timedelta(days=1):
            found[-1] = Run(found[-1].first, each)
        else:
            found.append(Run(each, each))
    return found[::-1]


def counted_by_hand(dates: set[date], today: date) -> int:
    day = today if today in dates else today - timedelta(days=1)
    days = 0
    while day in dates:
        days, day = days + 1, day - timedelta(days=1)
    return days


@FEW
@given(days_back, st.integers(-3, 3))
def test_a_streak_is_counted_as_one_would_by_hand(back: set[int], later: int) -> None:
    dates, today = {TODAY - timedelta(days=each) for each in back}, TODAY + timedelta(days=later)
    expected = counted_by_hand(dates, today)
    assert streaks.length(runs_of(dates), today=today) == expected
    seen = sorted((each for each in dates if each <= today), reverse=True)
    streak = activity.streak(seen, today=today)
    assert (streak.days, streak.has_today) == (expected, today in dates)


def happened(source: str, hours_ago: int, **more: Any) -> Happening:
    at = NOON - timedelta(hours=hours_ago)
    moment = Moment(at, at.date())
    values: dict[str, Any] = {"event_key": "daily_checkin", "takes_back": False, "details": {}} | more
    return Happening(user_id=7, source=source, moment=moment, logged=moment, **values)


@FEW
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 40)), max_size=12))
def test_each_threshold_follows_each_checkin_that_reached_it(checkins: list[tuple[int, int]]) -> None:
    told = [happened(f"checkin:{n}", hours, streak_days=days) for n, (hours, days) in enumerate(checkins)]
    followed, longest = streaks.follow(told)
    assert [each for each in followed if not each.is_derived] == told
    kinds = [(each.event_key, each.details["streak_days"]) for each in followed if each.is_derived]
    assert kinds == [(k, d) for _, d in checkins for k, least in streaks.THRESHOLDS.items() if d >= least]
    assert longest == ({7: max(days for _, days in checkins)} if checkins else {})
    for before, after in pairwise(followed):
        if after.is_derived and not before.is_derived:
            assert (after.logged, after.user_id) == (before.logged, before.user_id)


# a history: things that are done, and deleted again, told in this order
histories = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=20)
terms = st.builds(
    Terms,
    id=st.just(1),
    key=st.just("daily_checkin"),
    xp=st.integers(0, 30),
    points=st.integers(0, 30),
    is_active=st.sampled_from([True, True, True, False]),
    cooldown_hours=st.sampled_from([None, 5, 24, 48]),
    daily_limit=st.sampled_from([None, 1, 2]),
)


def told(history: list[tuple[int, bool]]) -> list[Happening]:
    return [
        happened(f"thing:{number}", number * 7, takes_back=undo, event_key="" if undo else "daily_checkin")
        for number, undo in history
    ]


def worked_off(batches: list[list[Happening]], of: Terms, balance: int) -> tuple[Any, int, int, list[Moment]]:
    """What was decided, the points, the XP, and when something earned; a batch knows only what others wrote down."""
    known = Known({of.key: of}, {7: balance}, {}, {})
    xp, moments = 0, list[Moment]()
    for batch in batches:
        verdicts = rules.judge(batch, known)
        xp += sum(each.xp for _, each in verdicts.awards)
        moments += [happening.moment for happening, _ in verdicts.awards]
        known = Known(known.terms, known.balances, known.decided, defaultdict(list, {(7, 1): moments[:]}))
    return known.decided, known.balances[7], xp, moments


@FEW
@given(histories, terms, st.integers(0, 60), st.integers(1, 5))
def test_how_a_backlog_is_cut_into_batches_changes_nothing(
    history: list[tuple[int, bool]], of: Terms, balance: int, size: int
) -> None:
    events = told(history)
    batches = [events[at : at + size] for at in range(0, len(events), size)]
    assert worked_off(batches, of, balance) == worked_off([events], of, balance)


@FEW
@given(histories, terms, st.integers(0, 60))
def test_what_is_delivered_again_changes_nothing(history: list[tuple[int, bool]], of: Terms, balance: int) -> None:
    events = told(history)
    once = worked_off([events], of, balance)
    assert worked_off([events, events[::-1], events], of, balance) == once
    assert worked_off([[event, event] for event in events], of, balance) == once


@FEW
@given(histories, terms, st.integers(0, 60), st.integers(0, 30))
def test_points_never_fall_below_nothing_and_no_more_comes_back_than_was_paid(
    history: list[tuple[int, bool]], of: Terms, balance: int, spent: int
) -> None:
    known = Known({of.key: of}, {7: balance}, {}, {})
    for event in told(history):
        before = known.balances[7]
        verdicts = rules.judge([event], known)
        paid = sum(each.points for _, each in verdicts.awards)
        back = sum(points for _, points in verdicts.reversals)
        assert known.balances[7] == before + paid - back >= 0
        assert back == min(of.points, before) if verdicts.reversals else back == 0
        known.balances[7] -= min(spent, known.balances[7])


@FEW
@given(st.permutations([(n, False) for n in range(8)]), terms)
def test_in_whatever_order_things_are_told_no_two_earn_within_a_cooldown_or_beyond_a_limit(
    history: list[tuple[int, bool]], of: Terms
) -> None:
    _decided, _points, xp, moments = worked_off([told(history)], of, 0)
    assert xp == len(moments) * of.xp
    for one, other in pairwise(sorted(moments, key=lambda each: each.at)):
        if of.cooldown_hours == 5:
            assert other.at - one.at >= timedelta(hours=5)
        elif of.cooldown_hours:
            assert (other.on - one.on).days >= of.cooldown_hours // 24
    for day in {each.on for each in moments}:
        assert of.daily_limit is None or sum(each.on == day for each in moments) <= of.daily_limit
    if of.is_active and not of.is_limited:
        assert len(moments) == 8


@FEW
@given(st.permutations([(n, undo) for n in range(4) for undo in (False, True)]), st.integers(0, 30))
def test_without_limits_xp_and_points_do_not_depend_on_the_order_of_what_is_told(
    history: list[tuple[int, bool]], points: int
) -> None:
    of = Terms(1, "daily_checkin", 10, points, is_active=True, cooldown_hours=None, daily_limit=None)
    _decided, left, xp, _moments = worked_off([told(history)], of, 0)
    deleted_first = sum(history.index((n, True)) < history.index((n, False)) for n in range(4))
    assert (xp, left) == ((4 - deleted_first) * 10, 0)


# what was deleted: when, and how much of it could not be taken back; what was redeemed: when, and for how much
deleted = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=6).map(sorted)
redeemed = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), max_size=4)


@FEW
@given(deleted, redeemed)
def test_refunds_of_one_time_give_the_same_for_what_was_deleted_in_whatever_order_they_come(
    shorts: list[tuple[int, int]], refunds: list[tuple[int, int]]
) -> None:
    def given_for(order: list[tuple[int, int]]) -> int:
        left = [points for _, points in shorts]
        for since, refund in order:
            of = [(n, left[n]) for n, (at, _) in enumerate(shorts) if at >= since]
            taken = rules.rests(refund, of)
            assert sum(points for _, points in taken) == min(refund, sum(points for _, points in of))
            assert all(0 < points <= left[n] for n, points in taken)
            for n, points in taken:
                left[n] -= points
        return sum(points for _, points in shorts) - sum(left)

    assert len({given_for(list(order)) for order in permutations(refunds)}) == 1
