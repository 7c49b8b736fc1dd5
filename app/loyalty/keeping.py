"""How what is kept of the programme is changed: by whom, over which version, and with an entry in the audit log."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Delete, delete, or_, select
from sqlalchemy.exc import IntegrityError

from app.accounts import changes
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import Actor
from app.errors import not_shown
from app.kit.db import db
from app.kit.text import like
from app.loyalty.achievement_models import Achievement
from app.loyalty.errors import Stale
from app.loyalty.models import EventType, Level
from app.loyalty.reward_models import Reward

Kept = Reward | Achievement | Level | EventType
Owned = Reward | Achievement
K = TypeVar("K", Reward, Achievement, Level, EventType)
O = TypeVar("O", Reward, Achievement)  # noqa: E741


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whose rewards and achievements they are: a coach's own, or, without a coach, everybody's, which admins keep."""

    coach_id: int | None = None


ADMINS = Keeper()


def keeper(user: User) -> Keeper:
    """As what this admin or coach keeps things."""
    return ADMINS if user.role == "admin" else Keeper(user.id)


def kept_by(model: type[Owned], keeper: Keeper) -> ColumnElement[bool]:
    """What this keeper may change."""
    return model.coach_id.is_(None) if keeper.coach_id is None else model.coach_id == keeper.coach_id


def shown_to(model: type[Owned], coach_id: int | None) -> ColumnElement[bool]:
    """What this coach and their clients see: everybody's, and the coach's own."""
    return (
        or_(model.coach_id.is_(None), model.coach_id == coach_id) if coach_id is not None else model.coach_id.is_(None)
    )


def mentions(model: type[Owned], words: str) -> ColumnElement[bool]:
    """Whether its name or description holds these words."""
    pattern = like(words.strip())
    return or_(model.name.ilike(pattern, escape="\\"), model.description.ilike(pattern, escape="\\"))


def one(model: type[O], item_id: int, keeper: Keeper) -> O:
    """Raises NotFound for what another keeps."""
    found = db.session.scalar(select(model).where(model.id == item_id, kept_by(model, keeper)))
    if found is None:
        raise not_shown(select(model.id).where(model.id == item_id))
    return found


def hold(model: type[O], item_id: int, keeper: Keeper, *, version: int | None = None, to_delete: bool = False) -> O:
    """The same, locked until the transaction ends. Raises NotFound, Stale.

    What merely refers to it can still come meanwhile, unless it is `to_delete`.
    """
    query = select(model).where(model.id == item_id, kept_by(model, keeper)).with_for_update(key_share=not to_delete)
    found = db.session.scalar(query, execution_options={"populate_existing": True})
    if found is None:
        raise not_shown(select(model.id).where(model.id == item_id))
    check_version(found, version)
    return found


def check_version(row: Kept, version: int | None) -> None:
    """Raises Stale, saying who changed what, where this isn't the row's version any more."""
    if version is None or version == row.version:
        return
    # a version that never was is nobody's: it is told the last change
    who, changed = changes.since(entity_of(row), row.id, row.version - version)
    raise Stale(who=who, changed=changed, version=row.version)


def state(row: Kept, details: type[Any]) -> dict[str, Any]:
    """What the row says of the fields of these details."""
    return {name: getattr(row, name) for name in details.__dataclass_fields__}


def rewrite(row: Kept, details: Any, actor: Actor) -> bool:
    """Give the (held) row these details, and write down what changed. Whether anything did."""
    before, after = state(row, type(details)), asdict(details)
    if before == after:
        return False
    note(actor, "changed", row, before, after)
    for name, value in after.items():
        setattr(row, name, value)
    row.version += 1
    return True


def remove(row: Kept, before: Mapping[str, Any], actor: Actor, *first: Delete) -> bool:
    """Delete the (held) row, `first` what goes with it, and write down what it was; nothing where others refer to it.

    The foreign keys, not a query, know that. Whether it is gone.
    """
    model = type(row)
    try:
        with db.session.begin_nested():
            for statement in (*first, delete(model).where(model.id == row.id)):
                db.session.execute(statement)
    except IntegrityError:
        return False
    db.session.expunge(row)
    note(actor, "deleted", row, before=before)
    return True


def note(
    actor: Actor,
    action: str,
    row: Kept,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """The entry in the audit log."""
    entity = entity_of(row)
    audit.record(actor, f"{entity}.{action}", entity, row.id, before, after)


def entity_of(row: Kept) -> str:
    """What the audit log calls it."""
    return {Reward: "reward", Achievement: "achievement", Level: "level", EventType: "xp_event_type"}[type(row)]
