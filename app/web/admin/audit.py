"""The audit log: who changed what, and when."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.accounts import desk
from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.audit.service import Filters
from app.kit.db import db
from app.kit.htmx import page
from app.kit.lists import Page, paginate
from app.web.admin import bp
from app.web.admin.audit_words import done, field, thing
from app.web.admin.claim_history import Reader, reader_of
from app.web.arguments import page_number
from app.web.visitor import access

SHORT = 10
PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, as people can read it."""

    field: str
    before: Any
    after: Any

    @property
    def called(self) -> str:
        return field(self.field)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with what it refers to: the actor's name, personal values (blanked ones are None). And in words."""

    entry: AuditEntry
    actor: str
    address: str | None
    changes: list[Change]

    @property
    def did(self) -> str:
        return done(self.entry.action)

    @property
    def what(self) -> str:
        return thing(self.entry.entity)


@bp.get("/audit")
@access("admin")
def show_audit() -> ResponseReturnValue:
    asked = {
        name: request.args.get(name, "").strip()
        for name in ("actor", "action", "entity", "entity_id", "since", "until")
    }
    found = paginate(audit.entries(_filters(asked)), number=page_number(), size=PER_PAGE)
    lines = Page(lines_of(list(found.items)), found.total, found.number, found.size)
    actions, entities = audit.kinds()
    return page(
        "admin/audit.html",
        "admin/_audit_table.html",
        lines=lines,
        asked=asked,
        actions=[(each, _title(each)) for each in actions],
        entities=[(each, thing(each)) for each in entities],
    )


def _title(action: str) -> str:
    """`product.changed` → product: changed; `revoke` → revoked."""
    entity, dot, _verb = action.partition(".")
    return f"{thing(entity)}: {done(action)}" if dot else done(action)


def history_of(entity: str, entity_id: int | str, limit: int = SHORT) -> list[Line]:
    """The newest entries about one thing, for that thing's own page."""
    query = audit.entries(Filters(entity=entity, entity_id=str(entity_id))).limit(limit)
    return lines_of(list(db.session.scalars(query)))


def lines_of(entries: list[AuditEntry]) -> list[Line]:
    """Entries as people can read them, in two more statements however many there are, and two where claims are."""
    names = desk.names_of({each.actor_id for each in entries if each.actor_id is not None})
    personal, read = audit.readable(entries), reader_of(entries)
    return [
        Line(
            entry,
            names.get(entry.actor_id, "") if entry.actor_id is not None else entry.actor_label,
            personal.get(entry.address_id) if entry.address_id is not None else None,
            _changes(entry, personal, read),
        )
        for entry in entries
    ]


def _changes(entry: AuditEntry, personal: dict[int, str | None], read: Reader) -> list[Change]:
    def shown(value: Any) -> Any:
        return personal.get(value["ref"]) if audit.is_reference(value) else value

    def change(name: str) -> Change:
        known_as, was = read(entry, name, shown(before.get(name)))
        return Change(known_as, was, read(entry, name, shown(after.get(name)))[1])

    before, after = entry.before or {}, entry.after or {}
    return [change(name) for name in {**before, **after}]


def _filters(asked: dict[str, str]) -> Filters:
    """What was asked for; `actor` is a username, or the label of what is no user; days are the reader's, both whole."""
    user = accounts.find(asked["actor"]) if asked["actor"] else None
    return Filters(
        actor_id=user.id if user else None,
        actor_label="" if user else asked["actor"],
        action=asked["action"],
        entity=asked["entity"],
        entity_id=asked["entity_id"],
        since=_midnight(asked["since"]),
        until=_midnight(asked["until"], days_later=1),
    )


def _midnight(typed: str, *, days_later: int = 0) -> datetime | None:
    try:
        day = datetime.strptime(typed, "%Y-%m-%d").date() + timedelta(days=days_later)  # noqa: DTZ007
    except (ValueError, OverflowError):
        return None
    zone = ZoneInfo(str(get_timezone() or "UTC"))
    return datetime.combine(day, time(), zone).astimezone(UTC)
