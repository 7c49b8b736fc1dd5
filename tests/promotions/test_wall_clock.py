"""Active hours against oracles that know nothing of zones: the wall clock alone decides, whatever it was put to."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.promotions.hours import ActiveHours

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ALL_WEEK = frozenset(range(1, 8))
FIRST, LAST = datetime(1973, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001  # since then offsets are whole minutes
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
WEEKDAYS = st.frozensets(st.integers(1, 7), max_size=3).map(lambda days: days or ALL_WEEK)
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(minutes * MINUTE))
# forward and back by an hour, north and south; by half an hour; over midnight; in Ramadan; a whole day left out
RESTLESS = (
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Pacific/Apia",
)


@lru_cache
def jumps(zone: str) -> list[datetime]:
    """The days on which this zone puts its clock forward or back."""
    days = [datetime(2010, 1, 1, tzinfo=UTC) + each * DAY for each in range(366 * 20)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    return [day for day, now, then in zip(days, offsets, offsets[1:], strict=False) if now != then]


NEAR_A_JUMP = st.sampled_from(RESTLESS).flatmap(
    lambda zone: st.tuples(
        st.just(ZoneInfo(zone)),
        st.builds(lambda day, minutes: day + minutes * MINUTE, st.sampled_from(jumps(zone)), st.integers(-2880, 2880)),
    )
)
ANYWHERE = st.tuples(ZONES, MOMENTS)


def is_open(wall: datetime, start: time, end: time, weekdays: frozenset[int]) -> bool:
    """By a clock without a zone: in a window that opened on this day or on the one before."""
    length = (datetime.combine(date.min, end) - datetime.combine(date.min, start)) % DAY + MINUTE
    opened = [datetime.combine(day, start) for day in (wall.date(), wall.date() - DAY) if day.isoweekday() in weekdays]
    return any(each <= wall < each + length for each in opened)


def on_the_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


@given(MINUTES, MINUTES, WEEKDAYS, NEAR_A_JUMP | ANYWHERE)
def test_only_the_clock_on_the_wall_decides(
    start: time, end: time, weekdays: frozenset[int], at: tuple[ZoneInfo, datetime]
) -> None:
    zone, moment = at
    expected = is_open(on_the_wall(moment, zone), start, end, weekdays)
    assert ActiveHours(start, end, zone, weekdays).contains(moment) is expected


@given(MINUTES, MINUTES, WEEKDAYS, NEAR_A_JUMP | ANYWHERE, ZONES | OFFSETS)
def test_the_zone_in_which_an_instant_is_told_changes_nothing(
    start: time, end: time, weekdays: frozenset[int], at: tuple[ZoneInfo, datetime], told_in: ZoneInfo | timezone
) -> None:
    zone, moment = at
    hours = ActiveHours(start, end, zone, weekdays)
    elsewhere, there = moment.astimezone(told_in), moment.astimezone(zone)
    assert hours.contains(moment) is hours.contains(elsewhere) is hours.contains(there)
    openings = {hours.next_opening(each).astimezone(UTC) for each in (moment, elsewhere, there)}
    assert len(openings) == 1


@given(MINUTES, MINUTES, WEEKDAYS, ZONES, ZONES, st.datetimes(FIRST, LAST), st.sampled_from([0, 1]))
@example(time(2), time(2, 59), ALL_WEEK, ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 2, 30), 1)  # noqa: DTZ001
def test_the_same_clock_on_the_wall_says_the_same_in_every_zone(
    start: time, end: time, weekdays: frozenset[int], zone: ZoneInfo, other: ZoneInfo, wall: datetime, fold: int
) -> None:
    here, there = (wall.replace(tzinfo=each, fold=fold).astimezone(UTC) for each in (zone, other))
    assume(on_the_wall(here, zone) == on_the_wall(there, other) == wall)  # not in an hour that is skipped
    answers = [ActiveHours(start, end, each, weekdays).contains(at) for each, at in ((zone, here), (other, there))]
    assert answers == [is_open(wall, start, end, weekdays)] * 2


@settings(max_examples=50)
@given(MINUTES, MINUTES, WEEKDAYS, NEAR_A_JUMP | ANYWHERE)
@example(time(2, 30), time(3, 30), ALL_WEEK, (ZoneInfo("Europe/Berlin"), datetime(2026, 3, 28, 12, tzinfo=UTC)))
@example(time(2, 10), time(2, 20), frozenset({7}), (ZoneInfo("Europe/Berlin"), datetime(2026, 3, 22, 2, tzinfo=UTC)))
@example(
    time(1, 10), time(1, 40), ALL_WEEK, (ZoneInfo("Australia/Lord_Howe"), datetime(2026, 4, 4, 14, 45, tzinfo=UTC))
)
@example(time(9), time(17), frozenset({5}), (ZoneInfo("Pacific/Apia"), datetime(2011, 12, 24, 12, tzinfo=UTC)))
def test_the_next_opening_is_what_somebody_finds_who_looks_every_minute(
    start: time, end: time, weekdays: frozenset[int], at: tuple[ZoneInfo, datetime]
) -> None:
    zone, moment = at
    minute = moment.replace(second=0, microsecond=0)
    looks = chain([moment], (minute + each * MINUTE for each in range(1, 16 * 24 * 60)))
    found = next(each for each in looks if is_open(on_the_wall(each, zone), start, end, weekdays))
    opening = ActiveHours(start, end, zone, weekdays).next_opening(moment)
    assert opening.tzinfo is zone
    assert opening.astimezone(UTC) == found  # between zones Python calls no repeated hour equal to anything
