"""The periods of a cashback: calendar days, weeks and months of a zone, cut by the promotion's window."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bonuses.periods import Period, current, ended, first_day

FAR = datetime(2200, 1, 1, tzinfo=UTC)
TINY = timedelta(microseconds=1)
ZONES = ("UTC", "Europe/Riga", "America/New_York", "Asia/Bangkok", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def times(kind: str, starts: str, ends: str, zone: str, now: datetime = FAR) -> list[tuple[str, str]]:
    found = ended(kind, at(starts), at(ends), zone=ZoneInfo(zone), now=now)
    return [tuple(each.strftime("%m-%dT%H:%M") for each in (one.starts_at, one.ends_at)) for one in found]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kind", "starts", "ends", "zone", "expected"),
    [
        ("day", "2026-03-02T00:00", "2026-03-03T00:00", "UTC", [("03-02T00:00", "03-03T00:00")]),
        (  # cut at both ends
            "day",
            "2026-03-02T10:30",
            "2026-03-03T08:00",
            "UTC",
            [("03-02T10:30", "03-03T00:00"), ("03-03T00:00", "03-03T08:00")],
        ),
        (  # all within one day
            "day",
            "2026-03-02T10:30",
            "2026-03-02T10:31",
            "UTC",
            [("03-02T10:30", "03-02T10:31")],
        ),
        (  # the day begins at 17:00 there
            "day",
            "2026-03-02T16:00",
            "2026-03-03T18:00",
            "Asia/Bangkok",
            [("03-02T16:00", "03-02T17:00"), ("03-02T17:00", "03-03T17:00"), ("03-03T17:00", "03-03T18:00")],
        ),
        (  # the day of 23 hours
            "day",
            "2026-03-28T22:00",
            "2026-03-30T21:00",
            "Europe/Riga",
            [("03-28T22:00", "03-29T21:00"), ("03-29T21:00", "03-30T21:00")],
        ),
        (  # the day of 25 hours
            "day",
            "2026-10-24T21:00",
            "2026-10-26T22:00",
            "Europe/Riga",
            [("10-24T21:00", "10-25T22:00"), ("10-25T22:00", "10-26T22:00")],
        ),
        (  # where midnight itself is skipped, the day begins when it would have been
            "day",
            "2026-04-22T22:00",
            "2026-04-24T21:00",
            "Africa/Cairo",
            [("04-22T22:00", "04-23T22:00"), ("04-23T22:00", "04-24T21:00")],
        ),
        (  # where a whole day is skipped, it has no period
            "day",
            "2011-12-29T10:00",
            "2011-12-31T10:00",
            "Pacific/Apia",
            [("12-29T10:00", "12-30T10:00"), ("12-30T10:00", "12-31T10:00")],
        ),
        (  # weeks begin on Monday
            "week",
            "2026-03-04T12:00",
            "2026-03-17T00:00",
            "UTC",
            [("03-04T12:00", "03-09T00:00"), ("03-09T00:00", "03-16T00:00"), ("03-16T00:00", "03-17T00:00")],
        ),
        (
            "month",
            "2026-01-31T00:00",
            "2026-03-02T00:00",
            "UTC",
            [("01-31T00:00", "02-01T00:00"), ("02-01T00:00", "03-01T00:00"), ("03-01T00:00", "03-02T00:00")],
        ),
        (  # a month that begins in winter time and ends in summer time
            "month",
            "2026-02-28T22:00",
            "2026-03-31T21:00",
            "Europe/Riga",
            [("02-28T22:00", "03-31T21:00")],
        ),
    ],
)
def test_periods_are_those_of_the_calendar_there_cut_by_the_window(
    kind: str, starts: str, ends: str, zone: str, expected: list[tuple[str, str]]
) -> None:
    assert times(kind, starts, ends, zone) == expected


def test_a_period_is_over_at_its_end_and_not_a_moment_earlier() -> None:
    window, end = ("2026-03-02T06:00", "2026-03-10T00:00"), at("2026-03-03T00:00")
    assert times("day", *window, "UTC", now=end - TINY) == []
    assert times("day", *window, "UTC", now=end) == [("03-02T06:00", "03-03T00:00")]
    [first] = ended("day", *map(at, window), zone=ZoneInfo("UTC"), now=end)
    assert first.last_instant == end - TINY


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-02T05:59:59", None),
        ("2026-03-02T06:00", ("2026-03-02T06:00", "2026-03-03T00:00")),
        ("2026-03-04T23:59:59", ("2026-03-04T00:00", "2026-03-05T00:00")),
        ("2026-03-05T00:00", ("2026-03-05T00:00", "2026-03-05T09:00")),
        ("2026-03-05T09:00", None),
    ],
)
def test_the_period_that_runs_now(now: str, expected: tuple[str, str] | None) -> None:
    window = at("2026-03-02T06:00"), at("2026-03-05T09:00")
    found = current("day", *window, zone=ZoneInfo("UTC"), now=at(now))
    assert found == (Period(*map(at, expected)) if expected else None)


MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
KINDS = st.sampled_from(["day", "week", "month"])
LENGTHS = st.timedeltas(TINY, timedelta(days=400))


@given(KINDS, MOMENTS, LENGTHS, st.sampled_from(ZONES), st.floats(0, 1, exclude_max=True))
def test_periods_tile_the_window_and_each_moment_is_in_the_one_that_runs_then(
    kind: str, starts: datetime, length: timedelta, zone_name: str, part: float
) -> None:
    zone, ends = ZoneInfo(zone_name), starts + length
    periods = list(ended(kind, starts, ends, zone=zone, now=ends))
    assert (periods[0].starts_at, periods[-1].ends_at) == (starts, ends)
    assert all(one.ends_at == after.starts_at for one, after in pairwise(periods))
    assert all(one.starts_at < one.ends_at for one in periods)
    for one in periods:
        days = {first_day(kind, moment.astimezone(zone).date()) for moment in (one.starts_at, one.last_instant)}
        assert len(days) == 1
    now = min(starts + length * part, ends - TINY)
    [around] = [one for one in periods if one.starts_at <= now < one.ends_at]
    assert current(kind, starts, ends, zone=zone, now=now) == around
    assert list(ended(kind, starts, ends, zone=zone, now=now)) == [one for one in periods if one.ends_at <= now]
