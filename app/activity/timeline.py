"""What a client did, for reading: the three kinds of logs as one list, and the streak of check-ins."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    ScalarSelect,
    Select,
    String,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from app.accounts.models import User
from app.activity import rules
from app.activity.models import LOGS, DailyLog, Log
from app.kit.db import among, db
from app.kit.lists import Page

KINDS = tuple(LOGS)
IN_A_ROW, ELSEWHERE = "in a row", "elsewhere"
LAST_PAGE = 1_000_000
NO_TEXT, NO_NUMBER = literal("", String), cast(null(), Integer)
OF_ONE_KIND = {
    "title": NO_TEXT,
    "meal": NO_TEXT,
    "duration_minutes": NO_NUMBER,
    "mood": NO_NUMBER,
    "weight_grams": NO_NUMBER,
    "sleep_minutes": NO_NUMBER,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A log as lists show it. `at` is the instant that it counts for, `on` the client's date then."""

    kind: str
    id: int
    at: datetime
    on: date
    timezone: str
    notes: str
    created_at: datetime
    title: str
    meal: str
    duration_minutes: int | None
    mood: int | None
    weight_grams: int | None
    sleep_minutes: int | None

    @property
    def source(self) -> str:
        """The name of the thing, as in its log."""
        if self.kind == "workout":
            return rules.workout_source(self.at)
        return rules.meal_source(self.at, self.meal) if self.kind == "meal" else rules.checkin_source(self.on)


def recent(user_id: int, *, number: int = 1, size: int = 10) -> Page[Entry]:
    """What the client logged, newest first. One statement, or two for a number past the end: it gives the last page."""
    number = max(1, min(number, LAST_PAGE))
    counted = _newest(user_id, size, (number - 1) * size).add_columns(_count_of(user_id))
    rows = db.session.execute(counted).all()
    if not rows and number > 1:
        total = db.session.scalar(select(_count_of(user_id))) or 0
        return recent(user_id, number=-(-total // size), size=size)
    return Page([Entry(*row[:-1]) for row in rows], rows[0][-1] if rows else 0, number, size)


def newest(user_id: int, most: int) -> list[Entry]:
    """What the client logged last, newest first. One statement, which reads no more than so many of each kind."""
    return [Entry(*row) for row in db.session.execute(_newest(user_id, most))]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Days in a row with a check-in, and how often each kind was logged on each date."""

    streak: rules.Streak
    tally: dict[tuple[str, date], int]
    moved_after: date | None


def rhythm(user: User, *, since: date, today: date) -> Rhythm:
    """The streak up to today, and the tally since that date. One statement, which reads these days only.

    And the last check-in made in another zone, where it lies in these days (`moved_after`).
    """
    user_id = user.id
    length, last = _streak(user_id, today)
    counted = (
        select(literal(model.kind, String), model.on, func.count())
        .where(model.client_id == user_id, model.at >= _before_any(since), model.on >= since)
        .group_by(model.on)
        for model in LOGS.values()
    )
    moved = select(literal(ELSEWHERE, String), func.max(DailyLog.checked_on, type_=Date), literal(0)).where(
        *_elsewhere(user), DailyLog.checked_on >= since
    )
    rows = db.session.execute(union_all(select(literal(IN_A_ROW, String), last, length), moved, *counted)).all()
    found = {kind: (on, count) for kind, on, count in rows if kind in {IN_A_ROW, ELSEWHERE}}
    tally = {(kind, on): count for kind, on, count in rows if kind not in found}
    on, days = found[IN_A_ROW]
    return Rhythm(rules.Streak(days, on == today), tally, found[ELSEWHERE][0])


def moved_after(user: User) -> date | None:
    """The last date on the calendar with a check-in that was made in another zone than the user's of now."""
    return db.session.scalar(select(func.max(DailyLog.checked_on)).where(*_elsewhere(user)))


def _elsewhere(user: User) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return DailyLog.client_id == user.id, DailyLog.timezone != user.timezone


def latest_of_each() -> ScalarSelect[datetime]:
    """The moment of the latest log of each user of the query that it stands in: a look into three indexes."""
    kinds = (select(func.max(model.at).label("at")).where(model.client_id == User.id) for model in LOGS.values())
    latest = union_all(*(kind.correlate(User) for kind in kinds)).subquery()
    return select(func.max(latest.c.at)).scalar_subquery()


def streak(user_id: int, *, today: date) -> rules.Streak:
    """The user's days in a row with a check-in, up to today in their zone. One statement."""
    length, last = db.session.execute(select(*_streak(user_id, today))).one()
    return rules.Streak(length, last == today)


def runs(user_ids: Collection[int]) -> dict[int, list[rules.Run]]:
    """Each user's dates with a check-in, as runs without a gap. One statement."""
    place = func.row_number().over(partition_by=DailyLog.client_id, order_by=DailyLog.checked_on)
    # dates of one run, less their place in the row, are all the same day
    day: Any = DailyLog.checked_on
    if db.session.get_bind().dialect.name == "sqlite":
        day = func.julianday(day)
    anchor = (day - cast(place, Integer)).label("anchor")
    dates = (
        select(DailyLog.client_id, DailyLog.checked_on, anchor).where(among(DailyLog.client_id, user_ids)).subquery()
    )
    first, last = func.min(dates.c.checked_on), func.max(dates.c.checked_on)
    found: dict[int, list[rules.Run]] = {}
    for user_id, begins, ends in db.session.execute(
        select(dates.c.client_id, first, last).group_by(dates.c.client_id, dates.c.anchor)
    ):
        found.setdefault(user_id, []).append(rules.Run(begins, ends))
    return found


def counts(model: type[Log], user_ids: Collection[int]) -> dict[int, int]:
    """How many logs of one kind each of these users has. One statement."""
    counted = select(model.client_id, func.count()).where(among(model.client_id, user_ids)).group_by(model.client_id)
    return {user_id: count for user_id, count in db.session.execute(counted)}  # noqa: C416


def _count_of(user_id: int) -> ColumnElement[int]:
    counts = (select(func.count()).where(model.client_id == user_id) for model in LOGS.values())
    return reduce(add, (count.scalar_subquery() for count in counts))


def _newest(user_id: int, most: int, after: int = 0) -> Select[Any]:
    """The newest after so many others. Of each kind no more is read, along its index, than what could be among them."""
    of_kinds = (
        _entries(model, user_id).order_by(model.at.desc(), model.id.desc()).limit(after + most).subquery()
        for model in LOGS.values()
    )
    logs = union_all(*map(select, of_kinds)).subquery()
    return select(logs).order_by(logs.c.at.desc(), logs.c.kind, logs.c.id.desc()).limit(most).offset(after)


def _streak(user_id: int, today: date) -> tuple[ColumnElement[int], ColumnElement[date]]:
    """How long it is, and its last day: stepping back along the index, up to the first day that is missing."""
    latest = select(func.max(DailyLog.checked_on).label("day")).where(
        DailyLog.client_id == user_id, DailyLog.checked_on.between(today - timedelta(days=1), today)
    )
    days = latest.cte("days", recursive=True)
    # a scalar, not a join: PostgreSQL would read all of the client's days anew at each step
    before = select(DailyLog.checked_on).where(
        DailyLog.client_id == user_id, DailyLog.checked_on == _day_before(days.c.day)
    )
    days = days.union_all(select(before.correlate(days).scalar_subquery()).where(days.c.day.is_not(None)))
    return (
        select(func.count(days.c.day)).scalar_subquery(),
        select(func.max(days.c.day, type_=Date)).scalar_subquery(),
    )


def _before_any(day: date) -> datetime:
    """An instant before this date begins anywhere: what is indexed are instants."""
    return datetime.combine(day, time(), UTC) - timedelta(days=1)


def _day_before(day: ColumnElement[date]) -> Any:
    if db.session.get_bind().dialect.name == "sqlite":
        return func.date(day, "-1 day", type_=Date)
    return day - 1


def _entries(model: type[Log], user_id: int) -> Select[Any]:
    names = ("id", "at", "on", "timezone", "notes", "created_at", *OF_ONE_KIND)
    columns: list[Any] = [getattr(model, name, OF_ONE_KIND.get(name)) for name in names]
    labelled = [column.label(name) for column, name in zip(columns, names, strict=True)]
    return select(literal(model.kind, String).label("kind"), *labelled).where(model.client_id == user_id)
