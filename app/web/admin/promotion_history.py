"""The history of a promotion in words: who did what, and what it was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField

from app.accounts import desk
from app.audit.models import AuditEntry
from app.kit.text import shortened, without_tags
from app.web.admin.promotion_fields import RICH, PromotionForm
from app.web.admin.promotion_words import STATUS_WORDS
from app.web.filters import moment, number, weekday_names

DONE = {
    "promotion.created": _l("made it"),
    "promotion.changed": _l("changed it"),
    "promotion.archived": _l("archived it"),
    "promotion.expired": _l("ended it"),
    "promotion.code_used_up": _l("closed one of its codes: the last use was taken"),
    "promotion.codes_ordered": _l("ordered single-use codes"),
    "promotion.used_up": _l("switched it off: the last use was taken"),
    "promotion.reopened": _l("switched it on again: a use was given back"),
    "promotion.ended": _l("switched it off: its end has passed"),
}
Called = Mapping[str, Mapping[Any, str]]
UNSEEN = {"version", "auto_deactivated_at"}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; `changes` are label, before and after."""

    at: datetime
    who: str
    is_system: bool
    did: str
    changes: list[tuple[str, str, str]]


def lines_of(entries: Sequence[AuditEntry], form: PromotionForm) -> list[Line]:
    """Entries as people can read them, by one more statement, and another where they keep ids."""
    names = desk.names_of({each.actor_id for each in entries if each.actor_id is not None})
    called = form.names_in(entries)
    return [
        Line(
            at=entry.at,
            who=names.get(entry.actor_id, "") if entry.actor_id is not None else entry.actor_label,
            is_system=entry.actor_id is None,
            did=str(DONE.get(entry.action, entry.action)),
            changes=_changes(entry, form, called),
        )
        for entry in entries
    ]


def _changes(entry: AuditEntry, form: PromotionForm, called: Called) -> list[tuple[str, str, str]]:
    if entry.before is None or entry.after is None:
        return []
    before, after = (_named(side, called) for side in (entry.before, entry.after))
    return [
        (form.label(name), _told(form, name, before.get(name)), _told(form, name, new))
        for name, new in after.items()
        if name not in UNSEEN
    ]


def _named(side: Mapping[str, Any], called: Called) -> dict[str, Any]:
    """What is kept by its id, by its name; what is gone stays a number."""
    named = {name: [called[name].get(each, each) for each in side[name]] for name in called if side.get(name)}
    return {**side, **named}


def _told(form: PromotionForm, name: str, value: Any) -> str:
    if name == "image" and value:
        return _("a picture")
    if name in RICH and value:
        return shortened(without_tags(value))
    if name in form and isinstance(form[name], RadioField) and not isinstance(value, bool):
        return str({choice.value: choice.label for choice in form[name].choices}.get(value, value))
    return str(STATUS_WORDS.get(value, value)) if name == "status" else told(value)


def told(value: Any) -> str:
    """A value of the log, for people."""
    if value is None or value in ("", []):
        return "\u2013"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(map(_one_of_list, value))
    if isinstance(value, dict):
        return _hours(value)
    if isinstance(value, int | float):
        return number(value)
    return _instant(value)


def _one_of_list(value: Any) -> str:
    return f"{number(value['amount'])} × {value['name']}" if isinstance(value, dict) else str(value)  # noqa: RUF001


def _hours(hours: dict[str, Any]) -> str:
    if not hours.get("enabled"):
        return _("at any hour")
    told = f"{hours['start_time']}-{hours['end_time']} ({hours['timezone']})"
    return ", ".join([told, weekday_names(hours["weekdays"])]) if hours.get("weekdays") else told


def _instant(text: str) -> str:
    try:
        return moment(datetime.fromisoformat(text)) if "T" in text else text
    except ValueError:
        return text
