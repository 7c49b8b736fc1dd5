"""Keeping the types of events that earn XP. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.audit.service import Actor
from app.errors import NotFound
from app.kit.db import db, violated
from app.loyalty import keeping
from app.loyalty.errors import TriggerTaken, TypeInUse, UnknownTrigger
from app.loyalty.models import EventType, XpTransaction

TRIGGERS = ("workout_logged", "daily_checkin", "meal_logged", "program_completed", "streak_7_day", "streak_30_day")
MOST_AMOUNT = 100_000
MOST_HOURS = 24 * 366
MOST_A_DAY = 1000


@dataclass(frozen=True, slots=True)
class EventTypeDetails:
    """All that an admin decides about a type once it has its key."""

    name: str
    xp_amount: int
    points_amount: int
    description: str = ""
    is_active: bool = True
    cooldown_hours: int | None = None
    daily_limit: int | None = None


def listed() -> Sequence[EventType]:
    """Every type, in the order in which they were made."""
    return db.session.scalars(select(EventType).order_by(EventType.id)).all()


def one(event_type_id: int) -> EventType:
    """Raises NotFound."""
    found = db.session.get(EventType, event_type_id)
    if found is None:
        raise NotFound
    return found


def free_triggers() -> list[str]:
    """The triggers that the code knows and no type is for."""
    taken = set(db.session.scalars(select(EventType.key)))
    return [trigger for trigger in TRIGGERS if trigger not in taken]


def paid() -> dict[int, tuple[int, int]]:
    """How often each type was paid, and how much XP in all. One statement."""
    counted = select(XpTransaction.event_type_id, func.count(), func.sum(XpTransaction.xp))
    of_types = counted.where(XpTransaction.event_type_id.is_not(None)).group_by(XpTransaction.event_type_id)
    return {type_id: (count, int(xp)) for type_id, count, xp in db.session.execute(of_types) if type_id is not None}


def create(key: str, details: EventTypeDetails, *, actor: Actor) -> EventType:
    """Raises UnknownTrigger, TriggerTaken."""
    if key not in TRIGGERS:
        raise UnknownTrigger(field="key")
    made = EventType(key=key, **asdict(details), version=1)
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError as error:
        if violated(error, "uq_xp_event_types_key"):
            raise TriggerTaken(field="key") from None
        raise
    keeping.note(actor, "created", made, after={"key": key, **asdict(details)})
    return made


def change(event_type_id: int, details: EventTypeDetails, *, version: int | None = None, actor: Actor) -> EventType:
    """All but the key. Holds for what is worked off from now on. Raises NotFound, Stale."""
    changed = _hold(event_type_id)
    keeping.check_version(changed, version)
    keeping.rewrite(changed, details, actor)
    return changed


def set_active(event_type_id: int, *, is_active: bool, actor: Actor) -> EventType:
    """Raises NotFound."""
    changed = _hold(event_type_id)
    details = keeping.state(changed, EventTypeDetails) | {"is_active": is_active}
    keeping.rewrite(changed, EventTypeDetails(**details), actor)
    return changed


def delete(event_type_id: int, *, actor: Actor) -> EventType:
    """Forget one that nothing was paid for. Raises NotFound, TypeInUse."""
    gone = _hold(event_type_id)
    if not keeping.remove(gone, {"key": gone.key, **keeping.state(gone, EventTypeDetails)}, actor):
        raise TypeInUse
    return gone


def _hold(event_type_id: int) -> EventType:
    found = db.session.get(EventType, event_type_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found
