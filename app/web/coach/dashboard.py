"""The coach's morning: how the clients do, what they want for their points, and who could do with a word."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import render_template
from flask.typing import ResponseReturnValue

from app.kit import clock
from app.kit.lists import paginate
from app.loyalty import clients, keeping, redemptions
from app.loyalty.reward_models import PENDING
from app.web import redemption_desk as desk
from app.web.coach import bp
from app.web.visitor import access, me

WEEK = timedelta(days=7)
QUIET = timedelta(days=4)
FIRST_FEW = 5


@bp.get("")
@access("coach")
def dashboard() -> ResponseReturnValue:
    coach, now = me(), clock.now()
    today = now.astimezone(ZoneInfo(coach.timezone)).date()
    keeper = keeping.keeper(coach)
    return render_template(
        "coach/dashboard.html",
        week=clients.at_a_glance(coach.id, since=now - WEEK, since_on=today - WEEK + timedelta(days=1)),
        waiting=redemptions.waiting(keeper),
        pending=paginate(redemptions.to_handle(keeper, status=PENDING), size=FIRST_FEW),
        quiet=clients.quiet(coach.id, before=now - QUIET, most=FIRST_FEW),
        quiet_days=QUIET.days,
        **desk.surroundings(desk.DASHBOARD),
    )
