"""The periods of a cashback: days, weeks from Monday, or months of the installation's calendar. Pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From `starts_at` until before `ends_at`."""

    starts_at: datetime
    ends_at: datetime

    @property
    def last_instant(self) -> datetime:
        """As of which its cashback is decided."""
        return self.ends_at - timedelta.resolution


def ended(kind: str, starts_at: datetime, ends_at: datetime, *, zone: ZoneInfo, now: datetime) -> Iterator[Period]:
    """The periods of a promotion that are over, the oldest first; the first and the last may be cut by its window."""
    day = first_day(kind, starts_at.astimezone(zone).date())
    since = starts_at
    while since < ends_at:
        day = _next(kind, day)
        until = min(datetime.combine(day, time(), zone).astimezone(starts_at.tzinfo), ends_at)
        if until > now:
            return
        if until > since:
            yield Period(since, until)
        since = until


def current(kind: str, starts_at: datetime, ends_at: datetime, *, zone: ZoneInfo, now: datetime) -> Period | None:
    """The period that runs now; None before the start and after the end."""
    if not starts_at <= now < ends_at:
        return None
    day = first_day(kind, now.astimezone(zone).date())
    begins, ends = (datetime.combine(each, time(), zone).astimezone(now.tzinfo) for each in (day, _next(kind, day)))
    return Period(max(begins, starts_at), min(ends, ends_at))


def first_day(kind: str, day: date) -> date:
    """The day on which the period begins that this day is in."""
    if kind == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if kind == "week" else day


def _next(kind: str, first: date) -> date:
    if kind == "month":
        return (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=7 if kind == "week" else 1)
