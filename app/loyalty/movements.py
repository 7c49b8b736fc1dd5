"""What moved somebody's XP and points, for reading: the ledger, each row with the thing that it is for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, cast, func, literal, select, tuple_, union_all
from sqlalchemy.orm import aliased

from app.activity.models import MealLog, WorkoutLog
from app.activity.program_models import ClientProgram, Program
from app.kit.db import db
from app.kit.lists import Page, paginate_rows
from app.loyalty.achievement_models import Achievement
from app.loyalty.models import EventType, XpSummary, XpTransaction
from app.loyalty.reward_models import Reward, RewardRedemption

WORKOUT, MEAL, PROGRAM, ACHIEVEMENT, REDEMPTION = THINGS = (
    *("workout_log_id", "meal_log_id", "client_program_id", "achievement_id", "redemption_id"),
)
Thing = tuple[str, int]  # how a row's details call it, and its id
EARNED, SPENT = WAYS = ("earned", "spent")
AT_ONCE = 500
_Undone = aliased(XpTransaction)
_ORDER: tuple[Any, ...] = (XpTransaction.occurred_on, XpTransaction.occurred_at, XpTransaction.id)


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the ledger. `kind`, `event_key`, `of_day` and the thing are those of what was undone, where it undoes.

    `name` is what the thing is called: of a meal which one it was, nothing where a log is gone or has no title.
    `balance` are the points after it, all that happened before it counted.
    """

    id: int
    at: datetime
    xp: int
    points: int
    balance: int
    undoes: bool
    kind: str
    event_key: str
    event_name: str
    of_day: date
    thing: Thing | None
    name: str

    @property
    def way(self) -> str:
        """What was redeemed is spent, with what was given back of it; all else is earned, with what was taken back."""
        return SPENT if self.kind == "redemption" else EARNED


def of_client(user_id: int, *, way: str = "", number: int = 1) -> Page[Movement]:
    """A page of all that moved (or only what was EARNED or SPENT), newest first by when it happened.

    Four statements at most.
    """
    newest_first = [each.desc() for each in _ORDER]
    found = paginate_rows(_rows(user_id).where(*_went(way)).order_by(*newest_first), number=number)
    return Page(_read(found.items, _balances(user_id, found.items)), found.total, found.number, found.size)


def each_of(user_id: int, *, way: str = "") -> Iterator[Movement]:
    """All of the same, the oldest first. Two statements for every 500, between which no connection is held."""
    balance, query = 0, _rows(user_id).order_by(*_ORDER).limit(AT_ONCE)
    batch = query
    while True:
        rows, balances = db.session.execute(batch).all(), {}
        for entry, *_rest in rows:
            balance = balances[entry.id] = balance + entry.points
        moved = _read(rows, balances)
        last = rows[-1][0] if rows else None
        batch = query.where(*_beside(last, newer=True)) if last else query
        db.session.rollback()
        yield from (each for each in moved if way in ("", each.way))
        if len(rows) < AT_ONCE:
            return


def has_moved(user_id: int) -> bool:
    """Whether the user's ledger holds anything. One statement."""
    return db.session.scalar(select(XpTransaction.id).where(XpTransaction.user_id == user_id).limit(1)) is not None


def _rows(user_id: int) -> Select[*tuple[Any, ...]]:
    """To be put in the order of the user's dates, which have an index."""
    its_type = func.coalesce(XpTransaction.event_type_id, _Undone.event_type_id)
    return (
        select(XpTransaction, _Undone, EventType.key, EventType.name)
        .outerjoin(_Undone, _Undone.id == XpTransaction.reverses_id)
        .outerjoin(EventType, EventType.id == its_type)
        .where(XpTransaction.user_id == user_id)
    )


def _went(way: str) -> list[ColumnElement[bool]]:
    is_spent = func.coalesce(_Undone.kind, XpTransaction.kind) == "redemption"
    return {EARNED: [~is_spent], SPENT: [is_spent]}.get(way, [])


def _beside(entry: XpTransaction, *, newer: bool) -> list[ColumnElement[bool]]:
    """Rows that come after this one in the order of dates; else also itself. The first is for the index."""
    place, its = tuple_(*_ORDER), (entry.occurred_on, entry.occurred_at, entry.id)
    return [XpTransaction.occurred_on >= entry.occurred_on, place > its if newer else place >= its]


def _balances(user_id: int, shown: Sequence[Row[*tuple[Any, ...]]]) -> dict[int, int]:
    """The points after each of these rows, newest first: those of now without what came later.

    One statement, which reads what is as new as the last of them, however long the ledger is before it.
    """
    if not shown:
        return {}
    newest_first = [each.desc() for each in _ORDER]
    later = (
        select(
            XpTransaction.id,
            (func.sum(XpTransaction.points).over(order_by=newest_first) - XpTransaction.points).label("points"),
        )
        .where(XpTransaction.user_id == user_id, *_beside(shown[-1][0], newer=False))
        .subquery()
    )
    now = func.coalesce(select(XpSummary.available_points).where(XpSummary.user_id == user_id).scalar_subquery(), 0)
    balances = select(later.c.id, now - later.c.points).where(later.c.id.in_([row[0].id for row in shown]))
    return {entry_id: int(points) for entry_id, points in db.session.execute(balances)}


def _read(rows: Sequence[Row[*tuple[Any, ...]]], balances: dict[int, int]) -> list[Movement]:
    """One statement, or none."""
    things = [_thing(row) for row in rows]
    names = _names({each for each in things if each is not None})
    return [_movement(row, thing, names, balances) for row, thing in zip(rows, things, strict=True)]


def _thing(row: Row[*tuple[Any, ...]]) -> Thing | None:
    details = (row[1] or row[0]).details
    return next(((name, details[name]) for name in THINGS if name in details), None)


def _names(things: set[Thing]) -> dict[Thing, str]:
    """What they are called. One statement, or none."""
    named: dict[str, Any] = {
        WORKOUT: select(WorkoutLog.id, WorkoutLog.title),
        MEAL: select(MealLog.id, MealLog.meal),
        PROGRAM: select(ClientProgram.id, Program.name).join(Program, Program.id == ClientProgram.program_id),
        ACHIEVEMENT: select(Achievement.id, Achievement.name),
        REDEMPTION: select(RewardRedemption.id, Reward.name).join(Reward, Reward.id == RewardRedemption.reward_id),
    }
    wanted: dict[str, list[int]] = {}
    for what, thing_id in sorted(things):
        wanted.setdefault(what, []).append(thing_id)
    if not wanted:
        return {}
    found = union_all(*(_named(what, named[what], ids) for what, ids in wanted.items()))
    return {(what, thing_id): name for what, thing_id, name in db.session.execute(found)}


def _named(what: str, query: Select[Any], ids: Sequence[int]) -> Select[Any]:
    key, name = query.selected_columns
    return query.where(key.in_(ids)).with_only_columns(literal(what, String), key, cast(name, String))


def _movement(
    row: Row[*tuple[Any, ...]], thing: Thing | None, names: dict[Thing, str], balances: dict[int, int]
) -> Movement:
    entry, undone, event_key, event_name = row
    meant = undone or entry
    return Movement(
        id=entry.id,
        at=entry.occurred_at,
        xp=entry.xp,
        points=entry.points,
        balance=balances[entry.id],
        undoes=undone is not None,
        kind=meant.kind,
        event_key=event_key or "",
        event_name=event_name or "",
        of_day=meant.occurred_on,
        thing=thing,
        name=names.get(thing, "") if thing else "",
    )
