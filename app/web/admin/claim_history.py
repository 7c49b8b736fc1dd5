"""Claims in the audit log as people read them: whose they are and of which bonus, instead of numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.accounts import desk
from app.audit.models import AuditEntry
from app.bonuses import claims
from app.web.admin.claim_words import CLAIM, STATE_WORDS, WHY
from app.web.filters import money

Told = tuple[str, Any]
Reader = Callable[[AuditEntry, str, Any], Told]


def reader_of(entries: Sequence[AuditEntry]) -> Reader:
    """What reads a field of one of these: its name and value for people, and as they are of what isn't a claim.

    Two statements, and none where no claim is among them.
    """
    sides = [each.after or {} for each in entries if each.entity == CLAIM]
    names = _named(sides, "user_id", desk.names_of)
    titles = _named(sides, "promotion_id", claims.titles)

    def read(entry: AuditEntry, name: str, value: Any) -> Told:
        if entry.entity != CLAIM:
            return name, value
        if name == "user_id":
            return _("client"), names.get(value, value)
        if name == "promotion_id":
            return _("promotion"), titles.get(value, value)
        if value is None:
            return name, value
        return name, _in_words(name, value)

    return read


def _in_words(name: str, value: Any) -> Any:
    if name == "bonus":
        return money(round(value * 100))
    words = {"status": STATE_WORDS, "why": WHY}.get(name, {})
    return str(words.get(value, value))


def _named(
    sides: Sequence[Mapping[str, Any]], name: str, look_up: Callable[[set[int]], Mapping[int, str]]
) -> Mapping[int, str]:
    ids = {side[name] for side in sides if side.get(name)}
    return look_up(ids) if ids else {}
