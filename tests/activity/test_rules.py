from datetime import UTC, date, datetime, timedelta

import pytest

from app.activity import rules
from app.activity.errors import InTheFuture, TooLongAgo

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_date_is_the_clients_own() -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert rules.date_in("Asia/Bangkok", late) == date(2026, 3, 2)
    assert rules.date_in("America/New_York", late) == date(2026, 3, 1)


def test_two_dates_back_is_the_furthest() -> None:
    start_of_that_day = datetime(2026, 2, 28, tzinfo=UTC)
    rules.check_moment(start_of_that_day, zone="UTC", now=NOW, field="performed_at")
    with pytest.raises(TooLongAgo):
        rules.check_moment(start_of_that_day - timedelta(seconds=1), zone="UTC", now=NOW, field="performed_at")


def test_nothing_lies_ahead() -> None:
    rules.check_moment(NOW, zone="UTC", now=NOW, field="performed_at")
    with pytest.raises(InTheFuture):
        rules.check_moment(NOW + timedelta(microseconds=1), zone="UTC", now=NOW, field="performed_at")
    with pytest.raises(InTheFuture):
        rules.check_date(date(2026, 3, 3), zone="UTC", now=NOW, field="date")


def test_tomorrow_in_bangkok_is_today_in_bangkok() -> None:
    evening_utc = datetime(2026, 3, 2, 18, tzinfo=UTC)
    rules.check_date(date(2026, 3, 3), zone="Asia/Bangkok", now=evening_utc, field="date")


def test_of_a_repeated_hour_the_first_is_meant() -> None:
    assert rules.from_wall_clock(datetime(2026, 10, 25, 2, 30), "Europe/Berlin") == datetime(  # noqa: DTZ001
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_skipped_time_means_as_long_after_the_skip_began() -> None:
    assert rules.from_wall_clock(datetime(2026, 3, 29, 2, 30), "Europe/Berlin") == datetime(  # noqa: DTZ001
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("days_back", "days", "has_today"),
    [((), 0, False), ((0,), 1, True), ((1, 2), 2, False), ((0, 1, 3), 2, True), ((2, 3), 0, False), ((0, 2), 1, True)],
)
def test_a_streak_counts_back_from_today_or_yesterday(
    days_back: tuple[int, ...],
    days: int,
    has_today: bool,
) -> None:
    today = date(2026, 3, 2)
    assert rules.streak([today - timedelta(days=each) for each in days_back], today=today) == rules.Streak(
        days, has_today
    )
