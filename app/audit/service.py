"""Writing the audit log, reading it, and blanking what was personal in it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select, update

from app.audit.models import AuditEntry, AuditValue
from app.kit import clock
from app.kit.db import db, insert_rows

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, a program's key, or the system. `label` names those that aren't users."""

    user_id: int | None
    label: str
    address: str = ""
    request_id: str = ""


SYSTEM = Actor(None, "system")


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one thing: an entry that isn't written yet."""

    action: str
    entity: str
    entity_id: int | str
    before: Values | None = None
    after: Values | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show of the log; what is empty doesn't narrow it. The period is [since, until)."""

    actor_id: int | None = None
    actor_label: str = ""
    action: str = ""
    entity: str = ""
    entity_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def record(  # noqa: PLR0913, PLR0917
    actor: Actor,
    action: str,
    entity: str,
    entity_id: int | str,
    before: Values | None = None,
    after: Values | None = None,
    *,
    personal: Collection[str] = (),
    subject_id: int | None = None,
) -> AuditEntry | None:
    """Write down a change, in the transaction that makes it.

    Of `before` and `after` only the fields that differ are kept; a change of nothing writes nothing. Values of the
    fields named in `personal` belong to the user `subject_id` and can be blanked.
    """
    values = _values(actor, Change(action, entity, entity_id, before, after), personal, subject_id)
    if values is None:
        return None
    entry = AuditEntry(**values, address_id=_address_id(actor))
    db.session.add(entry)
    return entry


def record_all(actor: Actor, changes: Iterable[Change]) -> None:
    """The same for many changes, in two statements however many they are; none of their values are personal."""
    rows = [values for each in changes if (values := _values(actor, each)) is not None]
    if rows:
        address_id = _address_id(actor)
        insert_rows(AuditEntry, [{**row, "address_id": address_id} for row in rows])


def blank(subject_id: int) -> None:
    """Forget every personal value of this user; the entries themselves stay."""
    db.session.execute(
        update(AuditValue).where(AuditValue.subject_id == subject_id, AuditValue.value.is_not(None)).values(value=None)
    )


def entries(filters: Filters) -> Select[AuditEntry]:
    """The entries that fit, newest first."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc())
    exact = {
        AuditEntry.actor_id: filters.actor_id,
        AuditEntry.actor_label: filters.actor_label,
        AuditEntry.action: filters.action,
        AuditEntry.entity: filters.entity,
        AuditEntry.entity_id: filters.entity_id,
    }
    query = query.where(*(column == value for column, value in exact.items() if value not in (None, "")))
    if filters.since:
        query = query.where(AuditEntry.at >= filters.since)
    if filters.until:
        query = query.where(AuditEntry.at < filters.until)
    return query


def last_change(entity: str, entity_id: int | str) -> AuditEntry | None:
    """The newest entry about one thing: who was faster, when two edit it."""
    return db.session.scalar(entries(Filters(entity=entity, entity_id=str(entity_id))).limit(1))


def readable(listed: Sequence[AuditEntry]) -> dict[int, str | None]:
    """The personal values that these entries refer to, by reference, in one statement."""
    wanted = {each.address_id for each in listed if each.address_id is not None}
    for each in listed:
        for values in (each.before, each.after):
            wanted |= {value["ref"] for value in (values or {}).values() if is_reference(value)}
    rows = db.session.execute(select(AuditValue.id, AuditValue.value).where(AuditValue.id.in_(wanted)))
    return {row.id: row.value for row in rows}


def is_reference(value: Any) -> bool:
    """Whether a kept value stands for an AuditValue."""
    return isinstance(value, dict) and value.keys() == {"ref"}


def kinds() -> tuple[list[str], list[str]]:
    """Every action and every entity that the log speaks of."""
    actions = db.session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action))
    entities = db.session.scalars(select(AuditEntry.entity).distinct().order_by(AuditEntry.entity))
    return list(actions), list(entities)


def _values(
    actor: Actor, change: Change, personal: Collection[str] = (), subject_id: int | None = None
) -> dict[str, Any] | None:
    """What the entry of a change holds, but for the address; None where nothing differs."""
    before, after = change.before, change.after
    if before is not None and after is not None:
        before, after = _difference(before, after)
        if not after and not before:
            return None
    return {
        "at": clock.now(),
        "actor_id": actor.user_id,
        "actor_label": "" if actor.user_id is not None else actor.label,
        "action": change.action,
        "entity": change.entity,
        "entity_id": str(change.entity_id),
        "before": _fit_to_keep(before, personal, subject_id),
        "after": _fit_to_keep(after, personal, subject_id),
        "request_id": actor.request_id,
    }


def _address_id(actor: Actor) -> int | None:
    return _keep(actor.user_id, actor.address).id if actor.address and actor.user_id is not None else None


def _difference(before: Values, after: Values) -> tuple[Values, Values]:
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in changed}, {name: after.get(name) for name in changed}


def _fit_to_keep(values: Values | None, personal: Collection[str], subject_id: int | None) -> dict[str, Any] | None:
    if values is None:
        return None
    kept = {}
    for name, value in values.items():
        if name in personal and subject_id is not None and value is not None:
            kept[name] = {"ref": _keep(subject_id, str(value)).id}
        else:
            kept[name] = plain(value)
    return kept


def plain(value: Any) -> Any:
    """As JSON can carry it, exactly."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return str(value)


def _keep(subject_id: int, value: str) -> AuditValue:
    kept = AuditValue(subject_id=subject_id, value=value[:500])
    db.session.add(kept)
    db.session.flush()
    return kept
