"""Refused attempts: by reason over the last days, and the latest with what each rule said then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from app.accounts import desk
from app.config import settings
from app.kit import clock
from app.kit.htmx import page
from app.kit.lists import paginate
from app.kit.money import MOST_CENTS, as_text
from app.promotions import attempts
from app.promotions.comparing import REASONS
from app.promotions.models import RefusedAttempt
from app.web.admin import bp
from app.web.admin.explain_form import AMOUNT, MOST_ROWS, THINGS
from app.web.admin.promotion_pages import Framed, framed
from app.web.admin.promotion_words import words_for
from app.web.admin.verdicts import Judged, judged
from app.web.arguments import page_number
from app.web.visitor import access

DAYS = 30
REASONS_OF: Mapping[str, Mapping[str, Any]] = {"bonus": {"not_eligible": _l("Not for this person or occasion")}}


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt. `who` is empty where nobody was signed in; `explain_url` fills the form with the same again."""

    attempt: RefusedAttempt
    who: str
    reason: str
    rules: list[Judged]
    explain_url: str


@bp.get("/promotions/<int:promotion_id>/attempts")
@access("admin")
def list_refused_attempts(promotion_id: int) -> ResponseReturnValue:
    """The card that stands below Explain, for itself: its further pages."""
    frame = framed(promotion_id)
    return page(
        "admin/promotion_attempts.html",
        "admin/_promotion_attempts.html",
        promotion_id=promotion_id,
        frame=frame,
        tab_url=url_for("admin.explain_promotion", promotion_id=promotion_id),
        **refused(frame, clock.now()),
    )


def refused(frame: Framed, now: datetime) -> dict[str, Any]:
    """What the card shows, in five statements."""
    promotion_id, has_batch = frame.promotion.id, frame.listed.codes is not None
    found = paginate(attempts.latest(promotion_id), number=page_number())
    first = attempts.first_day(now, DAYS)
    counts = attempts.counts(promotion_id, since=first)
    return {
        "attempts": found,
        "tried": _tried(found.items, frame.listed.kind.name, has_batch=has_batch),
        "counts": [(_reason(reason, frame.listed.kind.name), number) for reason, number in counts.items()],
        "by_day": attempts.by_day(promotion_id, first=first, days=DAYS) if counts else (),
        "days": DAYS,
        "kept": attempts.KEPT,
    }


def _tried(found: Sequence[RefusedAttempt], kind: str, *, has_batch: bool) -> list[Tried]:
    ids = {int(each.person[5:]) for each in found if each.person and each.person.startswith("user:")}
    names = {f"user:{user_id}": name for user_id, name in desk.names_of(ids).items()} if ids else {}
    return [_one(each, kind, names, has_batch=has_batch) for each in found]


def _one(attempt: RefusedAttempt, kind: str, names: Mapping[str, str], *, has_batch: bool) -> Tried:
    key = attempt.person or ""
    who = names.get(key) or key.removeprefix("name:")
    code = {"code": attempt.code or ""} if has_batch else {}
    asked = code | (_bought(attempt) if words_for(kind).is_for_things else {})
    return Tried(
        attempt, who, _reason(attempt.reason, kind), judged(attempt.verdicts, kind), _again(attempt, who, asked)
    )


def _reason(reason: str, kind: str) -> str:
    return str(REASONS_OF.get(kind, {}).get(reason) or REASONS[reason])


def _again(attempt: RefusedAttempt, who: str, more: Mapping[str, Any]) -> str:
    """The address that explains the same: person, minute, and what else was asked."""
    then = attempt.at.astimezone(ZoneInfo(settings().timezone))
    asked: dict[str, Any] = {"person": who, "on": then.date().isoformat(), "at": f"{then:%H:%M}", **more}
    return url_for("admin.explain_promotion", promotion_id=attempt.promotion_id, **asked)


def _bought(attempt: RefusedAttempt) -> dict[str, Any]:
    """The things, or the amount."""
    spent = attempt.spent
    if spent and len(spent) <= MOST_ROWS and max(spent.values()) <= MOST_CENTS:
        return {"bought": THINGS, "category": list(spent), "price": [as_text(cents) for cents in spent.values()]}
    return {"bought": AMOUNT, "amount": as_text(min(attempt.amount_cents, MOST_CENTS))}
