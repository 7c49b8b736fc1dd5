"""What a client hears who has logged something: what it will give, or why nothing, before a worker has judged."""

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.activity.models import Log
from app.loyalty import service as loyalty
from app.loyalty.foresight import foresee
from app.loyalty.rules import Reason


def praise(log: Log) -> str:
    """To be asked for within the transaction in which it is logged, so that no worker can have come to it yet."""
    if loyalty.outcomes(log.client_id, [log.source]):  # it was logged before, and deleted
        return _("Logged again. The same thing earns XP and points only once.")
    coming = foresee(log.client_id, log.source, log.event_key)
    if coming.reason is Reason.INACTIVE:
        return _nothing(log.kind)
    return " ".join([_done(log.kind), *_why_not(coming.reason), *_on_the_way(coming.xp)])


def _done(kind: str) -> str:
    return {"checkin": _("Checked in."), "workout": _("Workout logged."), "meal": _("Meal logged.")}[kind]


def _nothing(kind: str) -> str:
    return {
        "checkin": _("Checked in. Check-ins earn nothing at present."),
        "workout": _("Workout logged. Workouts earn nothing at present."),
        "meal": _("Meal logged. Meals earn nothing at present."),
    }[kind]


def _why_not(reason: Reason | None) -> list[str]:
    if reason is Reason.DAILY_LIMIT:
        return [_("It earns nothing: the daily limit is reached.")]
    return [_("It earns nothing: it is too close to another one that did.")] if reason is Reason.COOLDOWN else []


def _on_the_way(xp: int) -> list[str]:
    return [_("+%(xp)s XP on the way.", xp=format_decimal(xp))] if xp else []
