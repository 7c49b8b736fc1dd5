"""What a client hears who logs something, as far as that is known before a worker has judged; and who deletes it."""

from collections.abc import Mapping
from datetime import date, timedelta

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.activity.models import LOGS
from app.activity.rules import MAX_DAYS_BACK, Streak
from app.activity.timeline import Entry
from app.web.filters import day


def praise(kind: str, amounts: Mapping[str, int]) -> str:
    """`amounts` are those of the active types of events. A limit or a pause is told afterwards, beside the entry."""
    xp = amounts.get(LOGS[kind].event_key)
    if xp is None:
        return _nothing(kind)
    on_the_way = [_("+%(xp)s XP on the way.", xp=format_decimal(xp))] if xp else []
    return " ".join([_done(kind), *on_the_way])


def loss(entry: Entry, streak: Streak, today: date) -> str:
    """What deleting it takes from the days in a row, and whether that day can be added again; else nothing."""
    last = today if streak.has_today else today - timedelta(days=1)
    if entry.kind != "checkin" or not last - timedelta(days=streak.days) < entry.on <= last:
        return ""
    left = streak.days - 1 if entry.on == today else (last - entry.on).days
    told = _("Your days in a row fall from %(days)s to %(left)s.", days=streak.days, left=left)
    until = entry.on + timedelta(days=MAX_DAYS_BACK)
    if until < today:
        return " ".join([told, _("That day can't be added again.")])
    return " ".join([told, _("You can add that day again until %(day)s.", day=day(until))])


def _done(kind: str) -> str:
    return {"checkin": _("Checked in."), "workout": _("Workout logged."), "meal": _("Meal logged.")}[kind]


def _nothing(kind: str) -> str:
    return {
        "checkin": _("Checked in. Check-ins earn nothing at present."),
        "workout": _("Workout logged. Workouts earn nothing at present."),
        "meal": _("Meal logged. Meals earn nothing at present."),
    }[kind]
