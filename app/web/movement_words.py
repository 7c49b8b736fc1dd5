"""What moved somebody's XP and points, in words: for the client, their coach and the admins."""

from flask_babel import gettext as _

from app.loyalty.movements import Movement
from app.web.client.forms import MEALS
from app.web.filters import day


def what_for(moved: Movement) -> str:
    """What a row of the ledger is for; of one that undoes another, what came of that one."""
    if not moved.undoes:
        return _thing(moved)
    if moved.kind == "redemption":
        return _("Given back: %(thing)s", thing=moved.name)
    return _("Deleted: %(thing)s", thing=_log_of_day(moved))


def _thing(moved: Movement) -> str:
    if moved.kind == "redemption":
        return _("Redeemed: %(reward)s", reward=moved.name)
    if moved.kind == "achievement":
        return _("Achievement: %(name)s", name=moved.name)
    if moved.kind == "adjustment" and moved.thing is not None:
        return _("Taken from the points back for %(reward)s: what had paid them was deleted", reward=moved.name)
    if moved.kind == "adjustment":
        return _("Adjustment")
    return _event(moved)


def _event(moved: Movement) -> str:
    """Something that the client did. Keys are those that the code knows; an unknown one has the name it was given."""
    meals = {str(meal): str(word) for meal, word in MEALS}
    told = {
        "workout_logged": _("Workout: %(title)s", title=moved.name) if moved.name else _("Workout"),
        "daily_checkin": _log_of_day(moved),
        "meal_logged": meals.get(moved.name) or _("Meal"),
        "program_completed": _("Programme completed: %(name)s", name=moved.name),
        "streak_7_day": _("7 days in a row"),
        "streak_30_day": _("30 days in a row"),
    }
    return told.get(moved.event_key) or moved.event_name


def _log_of_day(moved: Movement) -> str:
    that_day = day(moved.of_day)
    told = {
        "workout_logged": _("Workout of %(day)s", day=that_day),
        "daily_checkin": _("Check-in of %(day)s", day=that_day),
        "meal_logged": _("Meal of %(day)s", day=that_day),
    }
    return told.get(moved.event_key) or moved.event_name
