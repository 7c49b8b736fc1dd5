"""Who changed what of something, for whoever comes second and is to lose nothing."""

from app.accounts import desk
from app.audit import service as audit
from app.audit.service import Filters
from app.kit.db import db


def since(entity: str, row_id: int, behind: int) -> tuple[list[str], list[str]]:
    """Names, and the fields, of the last so many changes of it (`<entity>.changed` in the audit log), oldest first."""
    changes = audit.entries(Filters(action=f"{entity}.changed", entity=entity, entity_id=str(row_id)))
    newer = list(db.session.scalars(changes.limit(max(1, behind))))[::-1]
    names = desk.names_of({each.actor_id for each in newer if each.actor_id is not None})
    who = list(dict.fromkeys(names.get(each.actor_id or 0, each.actor_label) for each in newer))
    return who, sorted({name for each in newer for name in (each.after or {})})
