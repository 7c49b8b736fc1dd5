"""Active hours: when a promotion is open, by the clock on the wall in its own zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

ALL_WEEK = frozenset(range(1, 8))
MINUTE = timedelta(minutes=1)
DAYS_AHEAD = 16  # a window may fall wholly into an hour that is skipped: then it opens a week later


class NotHours(ValueError):
    """These are no hours. `field` says which part is wrong: `start_time`, `end_time`, `timezone` or `weekdays`."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class ActiveHours:
    """Open from the start minute through the whole end minute; a start later than the end crosses midnight.

    `weekdays` (1 = Monday) are those of the local day on which the window opens.
    """

    start: time
    end: time
    zone: ZoneInfo
    weekdays: frozenset[int] = ALL_WEEK

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> Self:
        """From the stored form `{start_time, end_time, timezone, weekdays}`. Raises NotHours."""
        weekdays = fields.get("weekdays") or []
        if not isinstance(weekdays, list) or not all(type(day) is int and day in ALL_WEEK for day in weekdays):
            raise NotHours("weekdays")
        return cls(
            start=_minute(fields.get("start_time", "00:00"), "start_time"),
            end=_minute(fields.get("end_time", "23:59"), "end_time"),
            zone=_zone(fields.get("timezone", "UTC")),
            weekdays=frozenset(weekdays) or ALL_WEEK,
        )

    def described(self) -> dict[str, Any]:
        """The stored form, without weekdays where every day counts."""
        hours = {"start_time": f"{self.start:%H:%M}", "end_time": f"{self.end:%H:%M}", "timezone": self.zone.key}
        return hours if self.weekdays == ALL_WEEK else {**hours, "weekdays": sorted(self.weekdays)}

    def contains(self, moment: datetime) -> bool:
        """Whether they are open at this instant."""
        local = moment.astimezone(self.zone)
        minute = time(local.hour, local.minute)
        if self.start <= self.end:
            return self.start <= minute <= self.end and local.isoweekday() in self.weekdays
        if minute >= self.start:
            return local.isoweekday() in self.weekdays
        return minute <= self.end and _day_before(local.isoweekday()) in self.weekdays

    def next_opening(self, moment: datetime) -> datetime:
        """The first instant from now on at which they are open, in their own zone."""
        local = moment.astimezone(self.zone)
        if self.contains(local):
            return local
        borders = self._borders(moment, self.start)
        return min(each for each in borders if each > moment and self.contains(each)).astimezone(self.zone)

    def next_closing(self, moment: datetime) -> datetime | None:
        """The first instant after this one at which they close, in their own zone; None if they never do."""
        after_end = (datetime.combine(date.min, self.end) + MINUTE).time()
        borders = [*self._borders(moment, after_end), *self._borders(moment, time())]
        closings = [each for each in borders if each > moment and self._closes_at(each)]
        return min(closings).astimezone(self.zone) if closings else None

    @property
    def never_close(self) -> bool:
        """Whether every minute of the week is in them."""
        after_end = (datetime.combine(date.min, self.end) + MINUTE).time()
        return after_end == self.start and self.weekdays == ALL_WEEK

    def _closes_at(self, border: datetime) -> bool:
        return not self.contains(border) and self.contains(border - timedelta.resolution)

    def seen_in(self, zone: ZoneInfo, moment: datetime) -> Self:
        """The same window by the clock of another zone, as that clock stands while it is open, or when it opens next.

        Where the two zones change their clocks on different days, it may read otherwise in another week.
        """
        local = self.next_opening(moment)
        crosses = self.start > self.end
        day = local.date() - timedelta(days=crosses and local.timetz().replace(tzinfo=None) < self.start)
        start, end = (
            datetime.combine(each, at, self.zone).astimezone(zone)
            for each, at in ((day, self.start), (day + timedelta(days=crosses), self.end))
        )
        shift = (start.date() - day).days
        weekdays = frozenset((each - 1 + shift) % 7 + 1 for each in self.weekdays)
        return type(self)(start.time(), end.time(), zone, weekdays)

    def _borders(self, moment: datetime, at: time) -> list[datetime]:
        """The instants of this time on the days around a moment, and whenever the clock jumps."""
        first = moment.astimezone(self.zone).date()
        days = [first + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD)]
        times = [datetime.combine(day, at, self.zone).replace(fold=fold) for day in days for fold in (0, 1)]
        return [each.astimezone(UTC) for each in times] + _jumps(moment.astimezone(UTC), self.zone)


def _jumps(since: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants of the coming days at which the clock is put forward or back: it may jump into the hours."""
    days = [since + timedelta(days=ahead) for ahead in range(DAYS_AHEAD)]
    return [_jump_between(*pair, zone) for pair in pairwise(days) if len({_offset(each, zone) for each in pair}) > 1]


def _jump_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    before = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high.replace(microsecond=0)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _day_before(weekday: int) -> int:
    return weekday - 1 or 7


def _minute(text: object, field: str) -> time:
    if not isinstance(text, str) or len(text) != len("00:00") or not text.isascii():
        raise NotHours(field)
    try:
        return datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).time()
    except ValueError:
        raise NotHours(field) from None


@lru_cache(maxsize=1024)
def _zone(name: object) -> ZoneInfo:
    if not isinstance(name, str) or name not in _places():
        raise NotHours("timezone")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _places() -> frozenset[str]:
    """The zones that mean the same on every machine: no `localtime`, and none that counts leap seconds (`right/…`)."""
    return frozenset(available_timezones() - {"localtime", "Factory"})
