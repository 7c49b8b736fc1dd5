"""Keeping the levels: they climb, number by number. Callers own the transaction; everybody is re-levelled after it."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.orm import aliased

from app.audit.service import Actor
from app.errors import NotFound
from app.kit import outbox
from app.kit.db import db, take_turns
from app.kit.outbox import Backlog, OutboxEvent
from app.loyalty import keeping, ledger
from app.loyalty.errors import NumberTaken, OutOfOrder, PlaceTaken, ThresholdTaken
from app.loyalty.models import Level, XpSummary

TOPIC = "levels"
AT_ONCE = 5000
MOST_LEVELS = 1000
MOST_XP = 1_000_000_000
FIRST_XP = 100


@dataclass(frozen=True, slots=True)
class LevelDetails:
    """All that an admin decides about a level."""

    name: str
    level_number: int
    xp_required: int
    icon: str = "medal"
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """How many clients don't stand yet on the level that their XP reach: some below it, some above."""

    up: int
    down: int


def listed() -> Sequence[Level]:
    """Every level, from the lowest."""
    return db.session.scalars(select(Level).order_by(Level.level_number)).all()


def one(level_id: int) -> Level:
    """Raises NotFound."""
    level = db.session.get(Level, level_id)
    if level is None:
        raise NotFound
    return level


def population() -> dict[int | None, int]:
    """How many clients stand on each level, by its id; None: below the first. One statement."""
    counted = select(XpSummary.current_level_id, func.count()).group_by(XpSummary.current_level_id)
    return {level_id: count for level_id, count in db.session.execute(counted)}  # noqa: C416


def moves() -> Moves:
    """Who will rise and who will fall when everybody is put on their level. One statement over all who have XP."""
    rung = aliased(Level)
    highest = select(func.max(rung.level_number)).where(rung.xp_required <= XpSummary.total_xp).correlate(XpSummary)
    reached, stands_on = func.coalesce(highest.scalar_subquery(), 0), func.coalesce(Level.level_number, 0)
    counted = select(func.count().filter(reached > stands_on), func.count().filter(reached < stands_on))
    everybody = counted.select_from(XpSummary).outerjoin(Level, Level.id == XpSummary.current_level_id)
    return Moves(*db.session.execute(everybody).one())


def releveling() -> Backlog:
    """What is still to be done of putting everybody on their level."""
    return next(each for each in outbox.backlog() if each.topic == TOPIC)


def next_rung(levels: Sequence[Level]) -> tuple[int, int]:
    """A number and an amount of XP that would go on with the ladder: each step half as long again as the last."""
    if not levels:
        return 1, FIRST_XP
    last, before = levels[-1].xp_required, levels[-2].xp_required if len(levels) > 1 else 0
    step = max((last - before) * 3 // 2, FIRST_XP)
    return min(levels[-1].level_number + 1, MOST_LEVELS), min(_rounded_up(last + step), MOST_XP)


def create(details: LevelDetails, *, actor: Actor, now: datetime) -> Level:
    """Raises NumberTaken, ThresholdTaken, OutOfOrder."""
    take_turns(TOPIC)
    _check_place(details, others=listed())
    made = Level(**asdict(details), version=1)
    db.session.add(made)
    db.session.flush()
    keeping.note(actor, "created", made, after=asdict(details))
    _relevel_everybody(now)
    return made


def change(level_id: int, details: LevelDetails, *, version: int | None = None, actor: Actor, now: datetime) -> Level:
    """Raises NotFound, Stale, NumberTaken, ThresholdTaken, OutOfOrder."""
    level = _hold(level_id)
    xp = level.xp_required
    keeping.check_version(level, version)
    _check_place(details, others=[each for each in listed() if each.id != level.id])
    if keeping.rewrite(level, details, actor):
        db.session.flush()
        _stay_celebrated(level.id, was=xp, now_takes=level.xp_required)
        _relevel_everybody(now)
    return level


def delete(level_id: int, *, actor: Actor, now: datetime) -> Level:
    """Whoever stood on it stands on the one below, at once. Raises NotFound."""
    level = _hold(level_id)
    below = select(Level.id).where(Level.xp_required < level.xp_required).order_by(Level.xp_required.desc()).limit(1)
    _stay_celebrated(level.id, was=level.xp_required)
    stood_on_it = update(XpSummary).where(XpSummary.current_level_id == level.id)
    db.session.execute(stood_on_it.values(current_level_id=below.scalar_subquery()))
    db.session.execute(delete_from(Level).where(Level.id == level.id))
    db.session.expunge(level)
    keeping.note(actor, "deleted", level, before=keeping.state(level, LevelDetails))
    _relevel_everybody(now)
    return level


def relevel(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """Put the next few thousand users on the level that their XP reach; the rest is a further event."""
    for event in batch:
        after = event.payload["after"]
        users = select(XpSummary.user_id).where(XpSummary.user_id > after).order_by(XpSummary.user_id).limit(AT_ONCE)
        user_ids = list(db.session.scalars(users.with_for_update()))
        highest = ledger.level_at(XpSummary.total_xp).correlate(XpSummary)
        if user_ids:
            concerned = update(XpSummary).where(XpSummary.user_id.between(user_ids[0], user_ids[-1]))
            db.session.execute(
                concerned.values(current_level_id=highest.scalar_subquery()),
                execution_options={"synchronize_session": False},
            )
            _put(event.payload["name"], after=user_ids[-1], now=now)


def _rounded_up(xp: int) -> int:
    """To an amount that begins with two digits and goes on with zeros."""
    unit = int(10 ** max(len(str(xp)) - 2, 0))
    return -(-xp // unit) * unit


def _relevel_everybody(now: datetime) -> None:
    _put(uuid.uuid4().hex, after=0, now=now)


def _put(name: str, *, after: int, now: datetime) -> None:
    outbox.put(TOPIC, key=f"{TOPIC}:{name}:{after}", stream=TOPIC, payload={"name": name, "after": after}, now=now)


def _hold(level_id: int) -> Level:
    """Whoever changes a level has all of them to themselves. Raises NotFound."""
    take_turns(TOPIC)
    level = db.session.get(Level, level_id, with_for_update=True, populate_existing=True)
    if level is None:
        raise NotFound
    return level


def _stay_celebrated(level_id: int, *, was: int, now_takes: int = MOST_XP) -> None:
    """Whoever was congratulated on this level isn't congratulated again on what their XP reach without it.

    As far as they have come, that is: what they reach with further XP is news again.
    """
    so_far = case((XpSummary.total_xp < now_takes, XpSummary.total_xp), else_=now_takes)
    were_told = (XpSummary.current_level_id == level_id, XpSummary.celebrated_xp >= was)
    db.session.execute(
        update(XpSummary).where(*were_told, XpSummary.celebrated_xp < so_far).values(celebrated_xp=so_far),
        execution_options={"synchronize_session": False},
    )


def _check_place(details: LevelDetails, others: Sequence[Level]) -> None:
    """Whether it fits between its neighbours."""
    is_number_taken = any(each.level_number == details.level_number for each in others)
    is_threshold_taken = any(each.xp_required == details.xp_required for each in others)
    if is_number_taken:
        raise PlaceTaken if is_threshold_taken else NumberTaken(field="level_number")
    if is_threshold_taken:
        raise ThresholdTaken(field="xp_required")
    least = max((each.xp_required + 1 for each in others if each.level_number < details.level_number), default=None)
    most = min((each.xp_required - 1 for each in others if each.level_number > details.level_number), default=None)
    if (least is not None and details.xp_required < least) or (most is not None and details.xp_required > most):
        raise OutOfOrder(least=least, most=most)
