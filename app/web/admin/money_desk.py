"""Deciding about money that waits: what deposits and withdrawals share at the desk.

A decision is made wherever its thing is shown: in the list, on the wallets' desk, on its own page. Each of these places
says which it is, so that the answer is the row, or the page. Without a script it leads back to where one was.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.accounts import desk
from app.deposits import finding
from app.deposits.models import LONGEST_NOTE
from app.errors import DomainError, NotFound
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast, wants_part
from app.web.forms import Form, one_line
from app.web.visitor import me, way_back

LIST, DESK, PAGE = PLACES = ("list", "desk", "page")


class NoteForm(Form):
    """What is said with a decision: the client reads it."""

    note = StringField(_l("Note"), [Length(max=LONGEST_NOTE)], filters=[one_line])


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that was not made: which, what was typed with it, and what is wrong with that, or why it can't be."""

    verb: str = ""
    note: str = ""
    fault: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verb of the desk: how it is done, what is told when it is, and whether it needs a reason.

    `done` takes what was decided about and says it in a sentence; `stands` says what somebody else made of it.
    """

    verb: str
    status: str
    act: Callable[[int, str], Any]
    done: Callable[[Any], str]
    stands: Callable[[Any, str], str]
    get: Callable[[int], Any]
    show: Callable[..., ResponseReturnValue]
    back: str
    needs_reason: bool = False
    tone: Any = field(default="success")


def decide(decision: Decision, row_id: int) -> ResponseReturnValue:
    """Make it, unless somebody else was faster: that is told. Raises NotFound."""
    note, fault = _typed(decision)
    if fault:
        return decision.show(row_id, Asked(decision.verb, note, fault), 422)
    try:
        with unit_of_work():
            row = decision.act(row_id, note)
    except NotFound:
        raise
    except DomainError as refusal:
        told = _stands(decision, row_id, refusal)
        return decision.show(row_id, Asked(decision.verb, note, refusal=told), refusal.status)
    if row.decided_by_id == me().id:
        toast(decision.done(row), decision.tone)
    else:
        toast(decision.stands(row, name_of(row.decided_by_id)), "warning")
    return decision.show(row_id) if wants_part() else see_other(back(decision.back))


def place() -> str:
    """Where the thing is shown that was decided about."""
    said = request.form.get("place", PAGE)
    return said if said in PLACES else PAGE


def back(otherwise: str) -> str:
    """Where one was."""
    return way_back(request.form.get("next")) or otherwise


def asked_for(states: Collection[str]) -> dict[str, str]:
    """The search and the status that the address asks for."""
    search, status = (request.args.get(name, "").strip()[:100] for name in ("q", "status"))
    return {"search": search, "status": status if status in states else ""}


def waiting() -> Mapping[str, int]:
    """How many of each wait."""
    deposits, withdrawals = finding.waiting()
    return {"deposits": deposits, "withdrawals": withdrawals}


def name_of(user_id: int | None) -> str:
    """Who decided; nothing where nobody did whom we know by name."""
    return desk.names_of({user_id}).get(user_id, "") if user_id is not None else ""


def zone() -> ZoneInfo:
    """The reader's, for files."""
    return ZoneInfo(str(get_timezone() or "UTC"))


def written(instant: datetime | None, zone: ZoneInfo) -> str | None:
    """A moment as files carry it."""
    return instant.astimezone(zone).isoformat(timespec="seconds") if instant else None


def _typed(decision: Decision) -> tuple[str, str]:
    """The note, and what is wrong with it."""
    form = NoteForm()
    is_fine, note = form.validate(), form.note.data or ""
    if not is_fine:
        return note, " ".join(str(each) for each in form.note.errors) or _("That didn't work")
    return note, "" if note or not decision.needs_reason else _("Please say why: the client reads it.")


def _stands(decision: Decision, row_id: int, refusal: DomainError) -> str:
    """Why it can't be decided so: for as long as it waits by the rule, else by what has become of it."""
    row = decision.get(row_id)
    if row.status in {"requested", decision.status}:
        return str(refusal.message)
    return decision.stands(row, name_of(row.decided_by_id))
