"""What an event earns, without any database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.loyalty import rules
from app.loyalty.rules import Happening, Known, Moment, Reason, Terms

MONDAY = datetime(2026, 3, 2, 20, tzinfo=UTC)


def terms(**changes: Any) -> Terms:
    values: dict[str, Any] = {"xp": 10, "points": 10, "is_active": True, "cooldown_hours": None, "daily_limit": None}
    return Terms(id=1, key="daily_checkin", **values | changes)


def moment(at: datetime = MONDAY, **shift: int) -> Moment:
    at += timedelta(**shift)
    return Moment(at, at.date())


def happening(source: str = "a", when: Moment | None = None, *, takes_back: bool = False) -> Happening:
    at = when or moment()
    return Happening(7, source, "" if takes_back else "daily_checkin", takes_back, at, at, {})


def known(balance: int = 0, **changes: Any) -> Known:
    return Known({"daily_checkin": terms(**changes)}, {7: balance}, {}, {})


def test_without_limits_everything_earns() -> None:
    assert rules.refusal(terms(), moment(), [moment()] * 50) is None


@pytest.mark.parametrize("unknown", [None, terms(is_active=False)])
def test_a_type_that_is_off_or_unknown_earns_nothing(unknown: Terms | None) -> None:
    assert rules.refusal(unknown, moment(), []) is Reason.INACTIVE


def test_a_cooldown_of_a_day_means_once_a_date() -> None:
    daily = terms(cooldown_hours=24)
    assert rules.refusal(daily, moment(hours=12), [moment()]) is None
    assert rules.refusal(daily, moment(hours=-19), [moment()]) is Reason.COOLDOWN


def test_a_cooldown_of_a_week_counts_dates() -> None:
    weekly = terms(cooldown_hours=168)
    assert rules.refusal(weekly, moment(days=6), [moment()]) is Reason.COOLDOWN
    assert rules.refusal(weekly, moment(days=7, hours=-15), [moment()]) is None


def test_a_cooldown_of_hours_is_counted_to_the_moment() -> None:
    hourly = terms(cooldown_hours=6)
    assert rules.refusal(hourly, moment(hours=6, microseconds=-1), [moment()]) is Reason.COOLDOWN
    assert rules.refusal(hourly, moment(hours=6), [moment()]) is None


def test_a_cooldown_compares_when_things_happened_whatever_came_first() -> None:
    assert rules.refusal(terms(cooldown_hours=6), moment(hours=-5), [moment()]) is Reason.COOLDOWN
    assert rules.refusal(terms(cooldown_hours=6), moment(hours=-6), [moment()]) is None


def test_a_daily_limit_counts_the_clients_date() -> None:
    earned = [moment(), moment(hours=1)]
    assert rules.refusal(terms(daily_limit=2), moment(hours=2), earned) is Reason.DAILY_LIMIT
    assert rules.refusal(terms(daily_limit=3), moment(hours=2), earned) is None
    assert rules.refusal(terms(daily_limit=2), moment(hours=4), earned) is None


def test_a_cooldown_holds_within_a_batch() -> None:
    verdicts = rules.judge([happening("a"), happening("b")], known(cooldown_hours=24))
    assert [each.source for each, _ in verdicts.awards] == ["a"]
    assert [(each.source, reason) for each, reason in verdicts.refusals] == [("b", Reason.COOLDOWN)]


def test_what_is_decided_is_not_judged_again() -> None:
    situation = known()
    situation.decided[7, "a"] = 10
    assert rules.judge([happening("a")], situation) == rules.Verdicts()
    assert rules.judge([happening("b"), happening("b")], situation).awards == [(happening("b"), terms())]


def test_points_are_taken_back_at_most_as_far_as_the_balance_goes() -> None:
    situation = known(balance=4)
    situation.decided[7, "a"] = 10
    verdicts = rules.judge([happening("a", takes_back=True), happening("a", takes_back=True)], situation)
    assert verdicts.reversals == [(happening("a", takes_back=True), 4)]


def test_what_earned_nothing_has_nothing_to_be_taken_back() -> None:
    situation = known(balance=50)
    situation.decided[7, "a"] = None
    assert rules.judge([happening("a", takes_back=True)], situation) == rules.Verdicts()


def test_what_was_deleted_before_it_was_paid_is_never_paid() -> None:
    verdicts = rules.judge([happening("a", takes_back=True), happening("a")], known())
    assert verdicts.refusals == [(happening("a", takes_back=True), Reason.DELETED)]
    assert not verdicts.awards


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"user_id": 1, "event_key": "k", "source": "s", "occurred_at": "yesterday", "local_date": "2026-03-02"},
        {"user_id": 1, "event_key": "k", "source": "s", "occurred_at": "2026-03-02T10:00", "local_date": "2026-03-02"},
    ],
)
def test_a_payload_that_is_no_event_is_said_to_be_none(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Happening.read(broken)


LADDER = [rules.Rung(number, f"Level {number}", xp, "medal") for number, xp in ((1, 10), (2, 100), (3, 300))]


@pytest.mark.parametrize(
    ("xp", "level", "following", "way"),
    [
        (0, None, 1, (0, 10, 10)),
        (9, None, 1, (9, 10, 1)),
        (10, 1, 2, (0, 90, 90)),
        (299, 2, 3, (199, 200, 1)),
        (300, 3, None, (0, 0, 0)),
        (999, 3, None, (699, 0, 0)),
    ],
)
def test_the_way_to_the_next_level(
    xp: int, level: int | None, following: int | None, way: tuple[int, int, int]
) -> None:
    standing = rules.standing(xp, LADDER)
    assert (standing.level and standing.level.level_number) == level
    assert (standing.next_level and standing.next_level.level_number) == following
    assert (standing.gained, standing.span, standing.missing) == way


def test_without_levels_there_is_no_way() -> None:
    assert rules.standing(50, []) == rules.Standing(50, None, None)


def test_a_date_is_read_from_the_event_not_from_the_instant() -> None:
    payload = {
        "user_id": 7,
        "event_key": "workout_logged",
        "source": "workout:x",
        "occurred_at": "2026-03-01T23:30:00+00:00",
        "local_date": "2026-03-02",
    }
    assert Happening.read(payload).moment == Moment(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), date(2026, 3, 2))
