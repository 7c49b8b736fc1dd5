"""What a client hears who has logged something: what it gives, as far as that is known before a worker has judged."""

from collections.abc import Mapping

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.activity.models import LOGS


def praise(kind: str, amounts: Mapping[str, int]) -> str:
    """`amounts` are those of the active types of events. A limit or a pause is told afterwards, beside the entry."""
    xp = amounts.get(LOGS[kind].event_key)
    if xp is None:
        return _nothing(kind)
    on_the_way = [_("+%(xp)s XP on the way.", xp=format_decimal(xp))] if xp else []
    return " ".join([_done(kind), *on_the_way])


def _done(kind: str) -> str:
    return {"checkin": _("Checked in."), "workout": _("Workout logged."), "meal": _("Meal logged.")}[kind]


def _nothing(kind: str) -> str:
    return {
        "checkin": _("Checked in. Check-ins earn nothing at present."),
        "workout": _("Workout logged. Workouts earn nothing at present."),
        "meal": _("Meal logged. Meals earn nothing at present."),
    }[kind]
