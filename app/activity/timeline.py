"""What a client did, for reading: the three kinds of logs as one list, and the streak of check-ins."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Integer,
    ScalarSelect,
    Select,
    String,
    Subquery,
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
    logs = _logs_of(user_id)
    newest_first = select(logs, func.count().over()).order_by(logs.c.at.desc(), logs.c.kind, logs.c.id.desc())
    number = max(1, min(number, LAST_PAGE))
    rows = db.session.execute(newest_first.limit(size).offset((number - 1) * size)).all()
    if not rows and number > 1:
        total = db.session.scalar(select(func.count()).select_from(logs)) or 0
        return recent(user_id, number=-(-total // size), size=size)
    return Page([Entry(*row[:-1]) for row in rows], rows[0][-1] if rows else 0, number, size)


def tally(user_id: int, *, since: date) -> dict[tuple[str, date], int]:
    """How often the user logged each kind on each of their dates. One statement."""
    logs = _logs_of(user_id)
    counted = select(logs.c.kind, logs.c.on, func.count()).where(logs.c.on >= since).group_by(logs.c.kind, logs.c.on)
    return {(kind, on): count for kind, on, count in db.session.execute(counted)}


def last_active(user_ids: Collection[int]) -> dict[int, datetime]:
    """The moment of each user's latest log. One statement."""
    latest = union_all(
        *(
            select(model.client_id, func.max(model.at)).where(model.client_id.in_(user_ids)).group_by(model.client_id)
            for model in LOGS.values()
        )
    )
    found: dict[int, datetime] = {}
    for user_id, at in db.session.execute(latest):
        found[user_id] = max(at, found.get(user_id, at))
    return found


def latest_of_each() -> ScalarSelect[datetime]:
    """The moment of the latest log of each user of the query that it stands in: a look into three indexes."""
    kinds = (select(func.max(model.at).label("at")).where(model.client_id == User.id) for model in LOGS.values())
    latest = union_all(*(kind.correlate(User) for kind in kinds)).subquery()
    return select(func.max(latest.c.at)).scalar_subquery()


def streak(user_id: int, *, today: date) -> rules.Streak:
    """The user's days in a row with a check-in, up to today in their zone. One statement."""
    dates = select(DailyLog.checked_on).where(DailyLog.client_id == user_id, DailyLog.checked_on <= today)
    return rules.streak(db.session.scalars(dates.order_by(DailyLog.checked_on.desc())), today=today)


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


def _logs_of(user_id: int) -> Subquery:
    return union_all(*(_entries(model, user_id) for model in LOGS.values())).subquery()


def _entries(model: type[Log], user_id: int) -> Select[Any]:
    names = ("id", "at", "on", "timezone", "notes", "created_at", *OF_ONE_KIND)
    columns: list[Any] = [getattr(model, name, OF_ONE_KIND.get(name)) for name in names]
    labelled = [column.label(name) for column, name in zip(columns, names, strict=True)]
    return select(literal(model.kind, String).label("kind"), *labelled).where(model.client_id == user_id)
