"""The history of an offer, and of a conversion, in words: who did what, and what it was before."""

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.accounts import desk
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.audit.service import Filters
from app.kit.db import db
from app.web.admin.conversion_words import STATES
from app.web.admin.promotion_history import Line, told
from app.web.filters import money
from app.web.forms import Form

DONE = {
    "offer.created": _l("made it"),
    "offer.changed": _l("changed it"),
    "conversion.recorded": _l("recorded it"),
    "conversion.reversed": _l("reversed it"),
}
MOST = 50
Words = Callable[[str, Any], tuple[str, str]]


def offer_lines(offer_id: int, form: Form) -> Sequence[Line]:
    """Who did what to an offer, newest first, under the labels of its form. Two statements."""

    def words(name: str, value: Any) -> tuple[str, str]:
        label = str(form[name].label.text) if name in form else name
        return label, money(round(value * 100)) if name == "payout" and value is not None else told(value)

    return _lines("offer", offer_id, words)


def conversion_lines(conversion_id: int) -> Sequence[Line]:
    """Who recorded a conversion by hand, and who reversed it, newest first. Two statements."""
    return _lines("conversion", conversion_id, lambda _name, value: (_("State"), str(STATES.get(value, value))))


def _lines(entity: str, row_id: int, words: Words) -> Sequence[Line]:
    found = db.session.scalars(audit.entries(Filters(entity=entity, entity_id=str(row_id))).limit(MOST)).all()
    names = desk.names_of({each.actor_id for each in found if each.actor_id is not None})
    return [
        Line(
            at=entry.at,
            who=names.get(entry.actor_id, "") if entry.actor_id is not None else entry.actor_label,
            is_system=entry.actor_id is None,
            did=str(DONE.get(entry.action, entry.action)),
            changes=_changes(entry, words),
        )
        for entry in found
    ]


def _changes(entry: AuditEntry, words: Words) -> list[tuple[str, str, str]]:
    if entry.before is None or entry.after is None:
        return []
    before = entry.before
    return [(*words(name, before.get(name)), words(name, new)[1]) for name, new in entry.after.items()]
