from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.promotions.hours import ALL_WEEK, ActiveHours, NotHours

MORNING, NIGHT = ("06:00", "09:00"), ("22:00", "02:00")
MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
ZONES = st.sampled_from(
    ["UTC", "Europe/Riga", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Beirut"]
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
EUROPE = "Europe/Riga"  # 2026: 03:00 → 04:00 on 29 March, 04:00 → 03:00 on 25 October


def hours(start: str, end: str, zone: str = "UTC", *weekdays: int) -> ActiveHours:
    stored = {"start_time": start, "end_time": end, "timezone": zone, "weekdays": list(weekdays)}
    return ActiveHours.parse(stored)


def on(text: str, zone: str = "UTC", *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("window", "clock", "is_open"),
    [
        (MORNING, "05:59:59", False),
        (MORNING, "06:00:00", True),
        (MORNING, "09:00:59", True),
        (MORNING, "09:01:00", False),
        (("00:00", "23:59"), "00:00:00", True),
        (("00:00", "23:59"), "23:59:59", True),
        (NIGHT, "21:59:59", False),
        (NIGHT, "22:00:00", True),
        (NIGHT, "00:00:00", True),
        (NIGHT, "02:00:59", True),
        (NIGHT, "02:01:00", False),
        (("12:30", "12:30"), "12:29:59", False),
        (("12:30", "12:30"), "12:30:00", True),
        (("12:30", "12:30"), "12:30:59", True),
        (("12:30", "12:30"), "12:31:00", False),
    ],
)
def test_open_from_the_start_minute_through_the_whole_end_minute(
    window: tuple[str, str], clock: str, *, is_open: bool
) -> None:
    assert hours(*window).contains(on(f"2026-03-02 {clock}")) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-06 22:00", True),  # Friday, when it opens
        ("2026-03-07 01:59", True),  # Saturday morning belongs to Friday's window
        ("2026-03-07 22:00", False),
        ("2026-03-06 01:00", False),  # Friday morning would belong to Thursday's
    ],
)
def test_weekdays_are_those_on_which_the_window_opens(moment: str, *, is_open: bool) -> None:
    assert hours(*NIGHT, "UTC", 5).contains(on(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "fold", "is_open"),
    [
        ("2026-03-29 02:59:59", 0, False),
        ("2026-03-29 04:00:00", 0, True),  # 03:30, the start, never came: the clock shows 04:00
        ("2026-03-29 04:30:59", 0, True),
        ("2026-10-25 03:29:59", 0, False),
        ("2026-10-25 03:45:00", 0, True),
        ("2026-10-25 03:29:59", 1, False),  # the clock was put back: before the start once more
        ("2026-10-25 03:45:00", 1, True),
        ("2026-10-25 04:30:59", 0, True),
        ("2026-10-25 04:31:00", 0, False),
    ],
)
def test_skipped_and_repeated_hours_follow_the_clock_on_the_wall(moment: str, fold: int, *, is_open: bool) -> None:
    assert hours("03:30", "04:30", EUROPE).contains(on(moment, EUROPE, fold=fold)) is is_open


@pytest.mark.parametrize(
    ("window", "zone", "weekdays", "moment", "opens_at"),
    [
        (MORNING, "UTC", (), "2026-03-02T05:00+00:00", "2026-03-02T06:00+00:00"),
        (MORNING, "UTC", (), "2026-03-02T09:01+00:00", "2026-03-03T06:00+00:00"),
        (MORNING, "UTC", (), "2026-03-02T07:00+00:00", "2026-03-02T07:00+00:00"),  # open: now
        (MORNING, "UTC", (1,), "2026-03-02T09:01+00:00", "2026-03-09T06:00+00:00"),  # Mondays: in a week
        (NIGHT, "Asia/Kolkata", (), "2026-03-02T12:00+00:00", "2026-03-02T22:00+05:30"),
        (("03:30", "04:30"), EUROPE, (), "2026-03-28T23:30+00:00", "2026-03-29T04:00+03:00"),  # the start is skipped
        (("03:10", "03:20"), EUROPE, (), "2026-03-28T23:30+00:00", "2026-03-30T03:10+03:00"),  # the whole window is
        (("03:10", "03:20"), EUROPE, (7,), "2026-03-28T23:30+00:00", "2026-04-05T03:10+03:00"),  # and only on Sundays
        (("03:10", "03:20"), EUROPE, (), "2026-10-25T00:30+00:00", "2026-10-25T03:10+02:00"),  # comes a second time
        (("02:00", "03:10"), EUROPE, (), "2026-10-25T00:30+00:00", "2026-10-25T03:00+02:00"),  # jumps back in
    ],
)  # fmt: skip
def test_the_next_opening_is_told_in_the_zone_of_the_promotion(
    window: tuple[str, str], zone: str, weekdays: tuple[int, ...], moment: str, opens_at: str
) -> None:
    opening = hours(*window, zone, *weekdays).next_opening(datetime.fromisoformat(moment))
    assert opening.isoformat(timespec="minutes") == opens_at


@given(MINUTES, MINUTES, ZONES, MOMENTS, st.sets(st.integers(1, 7), max_size=3))
@example(time(2, 30), time(2, 40), "America/New_York", datetime(2026, 3, 8, 6, 59, 30, tzinfo=UTC), set())
@example(time(0, 0), time(0, 5), "Asia/Beirut", datetime(2026, 3, 28, 12, tzinfo=UTC), set())  # skips midnight
@example(time(0, 0), time(1, 0), "Asia/Beirut", datetime(2025, 3, 24, tzinfo=UTC), {1, 7})
def test_nothing_is_open_before_the_next_opening(
    start: time, end: time, zone: str, moment: datetime, weekdays: set[int]
) -> None:
    window = ActiveHours(start, end, ZoneInfo(zone), frozenset(weekdays or range(1, 8)))
    opening = window.next_opening(moment)
    assert window.contains(opening)
    minutes = int((opening - moment) / timedelta(minutes=1))
    assert not any(window.contains(moment + timedelta(minutes=each)) for each in range(0, minutes, 5))
    if opening > moment:
        assert not window.contains(
            opening.astimezone(UTC) - timedelta(seconds=1)
        )  # not by the wall: it may have jumped


@pytest.mark.parametrize(
    ("window", "zone", "weekdays", "moment", "closes_at"),
    [
        (MORNING, "UTC", (), "2026-03-02T07:00+00:00", "2026-03-02T09:01+00:00"),  # the end minute is open
        (MORNING, "UTC", (), "2026-03-02T09:00+00:00", "2026-03-02T09:01+00:00"),
        (MORNING, "UTC", (), "2026-03-02T09:01+00:00", "2026-03-03T09:01+00:00"),  # closed by then: the next time
        (MORNING, "UTC", (1,), "2026-03-02T09:01+00:00", "2026-03-09T09:01+00:00"),
        (NIGHT, "Asia/Kolkata", (), "2026-03-02T17:00+00:00", "2026-03-03T02:01+05:30"),
        (NIGHT, "UTC", (5,), "2026-03-06T23:00+00:00", "2026-03-07T02:01+00:00"),  # Friday's window, on Saturday
        (("12:30", "12:30"), "UTC", (), "2026-03-02T12:30+00:00", "2026-03-02T12:31+00:00"),
        (("00:00", "23:59"), "UTC", (6, 7), "2026-03-07T12:00+00:00", "2026-03-09T00:00+00:00"),  # all weekend
        (("02:00", "03:10"), EUROPE, (), "2026-03-29T00:30+00:00", "2026-03-29T04:00+03:00"),  # the end is skipped
        (("02:00", "03:10"), EUROPE, (), "2026-10-25T00:05+00:00", "2026-10-25T03:11+03:00"),  # and opens once more
        (("02:00", "03:10"), EUROPE, (), "2026-10-25T00:30+00:00", "2026-10-25T03:11+02:00"),
        (("03:30", "04:30"), EUROPE, (), "2026-10-25T00:45+00:00", "2026-10-25T03:00+02:00"),  # put back, out of it
    ],
)  # fmt: skip
def test_the_next_closing_is_told_in_the_zone_of_the_promotion(
    window: tuple[str, str], zone: str, weekdays: tuple[int, ...], moment: str, closes_at: str
) -> None:
    closing = hours(*window, zone, *weekdays).next_closing(datetime.fromisoformat(moment))
    assert closing is not None
    assert closing.isoformat(timespec="minutes") == closes_at


@pytest.mark.parametrize("window", [("00:00", "23:59"), ("10:00", "09:59")])
@pytest.mark.parametrize("zone", ["UTC", EUROPE, "Asia/Beirut"])
def test_hours_around_the_clock_never_close(window: tuple[str, str], zone: str) -> None:
    assert hours(*window, zone).next_closing(on("2026-03-28 12:00")) is None


@given(MINUTES, MINUTES, ZONES, MOMENTS, st.sets(st.integers(1, 7), max_size=3))
@example(time(2, 0), time(2, 59), "America/New_York", datetime(2026, 3, 8, 6, 59, 30, tzinfo=UTC), set())
@example(time(1, 0), time(1, 30), "America/New_York", datetime(2026, 11, 1, 5, 15, tzinfo=UTC), {7})
@example(time(23, 0), time(0, 30), "Asia/Beirut", datetime(2026, 3, 28, 21, 30, tzinfo=UTC), set())
@example(time(0, 0), time(23, 59), "UTC", datetime(2026, 3, 28, tzinfo=UTC), set())
def test_they_are_open_until_the_next_closing_and_not_at_it(
    start: time, end: time, zone: str, moment: datetime, weekdays: set[int]
) -> None:
    window = ActiveHours(start, end, ZoneInfo(zone), frozenset(weekdays or range(1, 8)))
    closing = window.next_closing(moment)
    if closing is None:
        into = (end.hour * 60 + end.minute - start.hour * 60 - start.minute) % 1440
        assert (into, window.weekdays) == (1439, ALL_WEEK)
        return
    closing = closing.astimezone(UTC)  # not by the wall: it may have jumped
    assert not window.contains(closing)
    assert window.contains(closing - timedelta(microseconds=1))
    opening = window.next_opening(moment).astimezone(UTC)
    minutes = int((closing - opening) / timedelta(minutes=1))
    assert all(window.contains(opening + timedelta(minutes=each)) for each in range(0, minutes, 5))


@given(MINUTES, MINUTES, MOMENTS)
def test_in_a_zone_without_jumps_hours_are_an_interval_of_the_day(start: time, end: time, moment: datetime) -> None:
    window = ActiveHours(start, end, ZoneInfo("UTC"))
    into = (moment.hour * 60 + moment.minute - start.hour * 60 - start.minute) % 1440
    length = (end.hour * 60 + end.minute - start.hour * 60 - start.minute) % 1440
    assert window.contains(moment) is (into <= length)


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        ({"start_time": "24:00"}, "start_time"),
        ({"start_time": "6:00"}, "start_time"),
        ({"end_time": "09:60"}, "end_time"),
        ({"end_time": "\u0660\u0669:\u0660\u0660"}, "end_time"),  # Arabic digits
        ({"end_time": None}, "end_time"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "localtime"}, "timezone"),  # another one on every machine
        ({"timezone": "right/UTC"}, "timezone"),  # counts leap seconds
        ({"timezone": "../UTC"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": 3}, "timezone"),
        ({"weekdays": [0]}, "weekdays"),
        ({"weekdays": [8]}, "weekdays"),
        ({"weekdays": [True]}, "weekdays"),
        ({"weekdays": "12"}, "weekdays"),
    ],
)
def test_hours_that_are_none_say_which_part_is_wrong(stored: dict[str, object], field: str) -> None:
    with pytest.raises(NotHours) as wrong:
        ActiveHours.parse(stored)
    assert wrong.value.field == field
