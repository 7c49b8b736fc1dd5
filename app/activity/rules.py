"""When something may be logged, and which thing it is. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.activity.errors import InTheFuture, TooLongAgo

MAX_DAYS_BACK = 2
TITLE_LENGTH = 120
NOTES_LENGTH = 2000
EXTERNAL_ID_LENGTH = 128


class Meal(StrEnum):
    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"
    SNACK = "snack"


def date_in(zone: str, moment: datetime) -> date:
    """The date on the calendar there at this moment."""
    return moment.astimezone(ZoneInfo(zone)).date()


def from_wall_clock(typed: datetime, zone: str) -> datetime:
    """The instant at which a clock there shows this time.

    Of an hour that is repeated the first is meant; a time that the clock skips means as long after the skip began.
    """
    return typed.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def check_moment(moment: datetime, *, zone: str, now: datetime, field: str) -> None:
    """A moment may lie at most two of the client's dates back, and never ahead. Raises InTheFuture or TooLongAgo."""
    if moment > now:
        raise InTheFuture(field=field)
    check_date(date_in(zone, moment), zone=zone, now=now, field=field)


def check_date(day: date, *, zone: str, now: datetime, field: str) -> None:
    """A date may lie at most two days back, and never ahead. Raises InTheFuture or TooLongAgo."""
    today = date_in(zone, now)
    if day > today:
        raise InTheFuture(field=field)
    if day < today - timedelta(days=MAX_DAYS_BACK):
        raise TooLongAgo(field=field)


def is_open(day: date, *, today: date, moved_after: date | None) -> bool:
    """Whether a date, gone or today, can still be checked in for.

    At most two days back, and none before the last check-in that was made in another zone (`moved_after`).
    """
    return today - timedelta(days=MAX_DAYS_BACK) <= day <= today and (moved_after is None or day >= moved_after)


def missing_days(checked: Collection[date], *, today: date, moved_after: date | None = None) -> list[date]:
    """The days before today that can still be checked in for and alone part a streak from today; the earliest first."""
    absent = [day for back in range(MAX_DAYS_BACK, 0, -1) if (day := today - timedelta(days=back)) not in checked]
    if not absent or absent[0] - timedelta(days=1) not in checked:
        return []
    return absent if is_open(absent[0], today=today, moved_after=moved_after) else []


def moment_of_checkin(day: date, *, zone: str, now: datetime) -> datetime:
    """The moment that a check-in counts for: now for today's, noon there for an earlier date's."""
    if day == date_in(zone, now):
        return now
    return from_wall_clock(datetime.combine(day, time(12)), zone)


@dataclass(frozen=True, slots=True)
class Run:
    """Dates that follow one another without a gap, from the first to the last."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row. While today's check-in is missing (`has_today`), the streak lives, but wants to be kept alive."""

    days: int
    has_today: bool


def streak(dates: Iterable[date], *, today: date) -> Streak:
    """Count back from today, or from yesterday while today is missing. Dates come newest first, none after today."""
    days, has_today, expected = 0, False, today
    for day in dates:
        if days == 0 and day == today - timedelta(days=1):
            expected = day
        if day != expected:
            break
        has_today = has_today or day == today
        days, expected = days + 1, expected - timedelta(days=1)
    return Streak(days, has_today)


def workout_source(performed_at: datetime) -> str:
    """The thing that was done, told apart from all others of its client; the same again has the same name."""
    return f"workout:{performed_at.astimezone(UTC).isoformat()}"


def checkin_source(checked_on: date) -> str:
    return f"checkin:{checked_on.isoformat()}"


def meal_source(eaten_at: datetime, meal: str) -> str:
    return f"meal:{eaten_at.astimezone(UTC).isoformat()}:{meal}"


def program_source(program_id: int) -> str:
    """A programme that somebody completes a second time is the same thing done again."""
    return f"program:{program_id}"
