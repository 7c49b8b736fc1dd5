"""Every movement of a client's XP and points, as admins see them."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import timeline
from app.activity.rules import date_in
from app.errors import NotFound
from app.kit.htmx import page
from app.loyalty import achievements, movements, redemptions, rules
from app.loyalty import service as loyalty
from app.loyalty.models import XpSummary
from app.loyalty.movements import REDEMPTION, Movement
from app.loyalty.rules import Standing
from app.web.admin import bp
from app.web.points_desk import moved_by, movements_file
from app.web.visitor import access

POINTS = ("loyalty/points.html", "loyalty/_movements.html")


@bp.get("/users/<int:user_id>/points")
@access("admin")
def show_user_points(user_id: int) -> ResponseReturnValue:
    """Raises NotFound for who isn't a client, and wasn't one when anything moved."""
    user = _owner(user_id)

    def address(moved: Movement) -> str | None:
        what, thing_id = moved.thing or ("", 0)
        is_redemption, anchor = what == REDEMPTION, f"redemption-{thing_id}"
        return url_for(".list_redemptions", q=user.username, _anchor=anchor) if is_redemption else None

    crumbs = [(_("Users"), url_for(".list_users")), (user.name, url_for(".show_user", user_id=user.id))]
    here: dict[str, Any] = {"crumbs": crumbs, "file_url": partial(url_for, ".export_user_points", user_id=user.id)}
    shown = moved_by(user, partial(url_for, ".show_user_points", user_id=user.id))
    return page(*POINTS, person=user, address=address, **here | shown)


@bp.get("/users/<int:user_id>/points.csv")
@access("admin")
def export_user_points(user_id: int) -> ResponseReturnValue:
    """Raises NotFound for who isn't a client, and wasn't one when anything moved."""
    return movements_file(_owner(user_id))


@dataclass(frozen=True, slots=True)
class AtAGlance:
    """How far a client is: totals and level, days in a row, what they have earned, and how often they have redeemed."""

    summary: XpSummary
    standing: Standing
    streak_days: int
    achievements: int
    redemptions: int


def at_a_glance(user: User, now: datetime) -> AtAGlance | None:
    """Nothing for who isn't a client, and wasn't one when anything moved. Six statements at most."""
    if user.role != "client" and not movements.has_moved(user.id):
        return None
    streak = timeline.streak(user.id, today=date_in(user.timezone, now))
    summary = loyalty.summary_of(user.id)
    standing = rules.standing(summary.total_xp, loyalty.levels())
    earned, redeemed = achievements.count_of(user.id), redemptions.count_of(user.id)
    return AtAGlance(summary, standing, streak.days, earned, redeemed)


def _owner(user_id: int) -> User:
    user = accounts.get(user_id)
    if user.role != "client" and not movements.has_moved(user_id):
        raise NotFound
    return user
