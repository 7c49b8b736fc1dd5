"""What moved somebody's XP and points, for reading: the ledger, each row with the thing that it is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, String, cast, func, literal, select, union_all
from sqlalchemy.orm import aliased

from app.activity.models import MealLog, WorkoutLog
from app.activity.program_models import ClientProgram, Program
from app.kit.db import db
from app.kit.lists import Page, paginate_rows
from app.loyalty.achievement_models import Achievement
from app.loyalty.models import EventType, XpTransaction
from app.loyalty.reward_models import Reward, RewardRedemption

WORKOUT, MEAL, PROGRAM, ACHIEVEMENT, REDEMPTION = THINGS = (
    *("workout_log_id", "meal_log_id", "client_program_id", "achievement_id", "redemption_id"),
)
Thing = tuple[str, int]  # how a row's details call it, and its id
_Undone = aliased(XpTransaction)


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the ledger. `kind`, `event_key`, `of_day` and the thing are those of what was undone, where it undoes.

    `name` is what the thing is called: of a meal which one it was, nothing where a log is gone or has no title.
    """

    id: int
    at: datetime
    xp: int
    points: int
    undoes: bool
    kind: str
    event_key: str
    event_name: str
    of_day: date
    thing: Thing | None
    name: str


def of_client(user_id: int, *, number: int = 1) -> Page[Movement]:
    """A page of all that moved, by when it happened, newest first. Three statements at most."""
    found = paginate_rows(_rows(user_id), number=number)
    things = {id(row): _thing(row) for row in found.items}
    names = _names({each for each in things.values() if each is not None})
    items = [_movement(row, things[id(row)], names) for row in found.items]
    return Page(items, found.total, found.number, found.size)


def has_moved(user_id: int) -> bool:
    """Whether the user's ledger holds anything. One statement."""
    return db.session.scalar(select(XpTransaction.id).where(XpTransaction.user_id == user_id).limit(1)) is not None


def _rows(user_id: int) -> Select[*tuple[Any, ...]]:
    """Along the index of the user's dates."""
    its_type = func.coalesce(XpTransaction.event_type_id, _Undone.event_type_id)
    return (
        select(XpTransaction, _Undone, EventType.key, EventType.name)
        .outerjoin(_Undone, _Undone.id == XpTransaction.reverses_id)
        .outerjoin(EventType, EventType.id == its_type)
        .where(XpTransaction.user_id == user_id)
        .order_by(XpTransaction.occurred_on.desc(), XpTransaction.occurred_at.desc(), XpTransaction.id.desc())
    )


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


def _movement(row: Row[*tuple[Any, ...]], thing: Thing | None, names: dict[Thing, str]) -> Movement:
    entry, undone, event_key, event_name = row
    meant = undone or entry
    return Movement(
        id=entry.id,
        at=entry.occurred_at,
        xp=entry.xp,
        points=entry.points,
        undoes=undone is not None,
        kind=meant.kind,
        event_key=event_key or "",
        event_name=event_name or "",
        of_day=meant.occurred_on,
        thing=thing,
        name=names.get(thing, "") if thing else "",
    )
