"""What a client hears who logs something, as far as it is known before a worker has judged; and who deletes it."""

from datetime import date, timedelta

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.activity.models import Log
from app.activity.rules import MAX_DAYS_BACK, Streak, is_open
from app.activity.timeline import Entry
from app.loyalty import service as loyalty
from app.loyalty.foresight import foresee
from app.loyalty.rules import Reason
from app.web.filters import day


def praise(log: Log) -> str:
    """To be asked for within the transaction in which it is logged, so that no worker can have come to it yet."""
    if loyalty.outcomes(log.client_id, [log.source]):  # it was logged before, and deleted
        return _("Logged again. The same thing earns XP and points only once.")
    coming = foresee(log.client_id, log.source, log.event_key)
    if coming.reason is Reason.INACTIVE:
        return _nothing(log.kind)
    return " ".join([_done(log.kind), *_why_not(coming.reason), *_on_the_way(coming.xp)])


def loss(entry: Entry, streak: Streak, today: date, moved_after: date | None) -> str:
    """What deleting it takes from the days in a row, and whether that day can be added again; else nothing."""
    last = today if streak.has_today else today - timedelta(days=1)
    if entry.kind != "checkin" or not last - timedelta(days=streak.days) < entry.on <= last:
        return ""
    left = streak.days - 1 if entry.on == today else (last - entry.on).days
    told = _("Your days in a row fall from %(days)s to %(left)s.", days=streak.days, left=left)
    if not is_open(entry.on, today=today, moved_after=moved_after):
        return " ".join([told, _("That day can't be added again.")])
    until = entry.on + timedelta(days=MAX_DAYS_BACK)
    return " ".join([told, _("You can add that day again until %(day)s.", day=day(until))])


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
