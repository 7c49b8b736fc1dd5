"""What XP event types are for and how often they earn, in words."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.loyalty.models import EventType
from app.loyalty.rules import HOURS_A_DAY

# what sets it off, and its sign
TRIGGERS = {
    "workout_logged": (_l("A workout is logged"), "dumbbell"),
    "daily_checkin": (_l("The check-in of a day is logged"), "calendar-check"),
    "meal_logged": (_l("A meal is logged"), "utensils"),
    "program_completed": (_l("A programme is completed"), "book-open"),
    "streak_7_day": (_l("7 days in a row have a check-in"), "flame"),
    "streak_30_day": (_l("30 days in a row have a check-in"), "flame"),
}


def trigger(key: str) -> str:
    """`meal_logged` → A meal is logged."""
    return str(TRIGGERS[key][0]) if key in TRIGGERS else key.replace("_", " ")


def sign(key: str) -> str:
    return TRIGGERS[key][1] if key in TRIGGERS else "zap"


def how_often(kept: EventType) -> str:
    """Its cooldown and its limit: once a day; every 6 hours, at most 3 times a day."""
    pause, limit = _pause(kept.cooldown_hours), kept.daily_limit
    if pause and limit == 1:
        is_said = (kept.cooldown_hours or 0) % HOURS_A_DAY == 0
        return pause if is_said else _("%(pause)s, at most once a day", pause=pause)
    return ", ".join(each for each in (pause, _limit(limit)) if each) or _("every time")


def switching_off(kept: EventType) -> str:
    """What is asked before: whom it concerns."""
    return _("Switch off %(name)s? Nobody earns anything for it until it is switched on again.", name=kept.name)


def _pause(hours: int | None) -> str:
    if hours is None:
        return ""
    if hours == HOURS_A_DAY:
        return _("once a day")
    if hours % HOURS_A_DAY == 0:
        days = hours // HOURS_A_DAY
        return ngettext("once every %(num)d day", "once every %(num)d days", days)
    return ngettext("once every %(num)d hour", "once every %(num)d hours", hours)


def _limit(times: int | None) -> str:
    if times is None:
        return ""
    return _("once a day") if times == 1 else _("at most %(times)s times a day", times=times)
