"""Who changed what of something, for whoever comes second and is to lose nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.accounts import desk
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.audit.service import Filters
from app.kit.db import db


def since(entity: str, row_id: int, behind: int) -> tuple[list[str], list[str]]:
    """Names, and the fields, of the last so many changes of it (`<entity>.changed` in the audit log), oldest first."""
    newer = _last(entity, row_id, behind)[::-1]
    names = desk.shown_names_of({each.actor_id for each in newer if each.actor_id is not None})
    who = list(dict.fromkeys(names.get(each.actor_id or 0, each.actor_label) for each in newer))
    return who, sorted({name for each in newer for name in (each.after or {})})


def as_it_was(entity: str, row_id: int, behind: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """These fields as they were before the last so many changes."""
    was = dict(fields)
    for entry in _last(entity, row_id, behind):
        was |= {name: value for name, value in (entry.before or {}).items() if name in fields}
    return was


def _last(entity: str, row_id: int, many: int) -> Sequence[AuditEntry]:
    """The newest first."""
    changes = audit.entries(Filters(action=f"{entity}.changed", entity=entity, entity_id=str(row_id)))
    return db.session.scalars(changes.limit(max(1, many))).all()
