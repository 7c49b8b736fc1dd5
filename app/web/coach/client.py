"""One client: how far they are, what they have earned, redeemed and done, and what their coach can do for them."""

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.models import User
from app.activity import programs, timeline
from app.activity.program_models import ACTIVE
from app.activity.rules import date_in
from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.loyalty import achievements, awarding, clients, foresight, keeping, redemptions, rules
from app.loyalty import service as loyalty
from app.web import redemption_desk as desk
from app.web.arguments import page_number
from app.web.client import logbook
from app.web.client.pulse import stamp
from app.web.coach import bp
from app.web.visitor import access, actor, me

PAGE = "coach/client.html"
STANDING, ACTIVITY = "coach/_client_standing.html", "coach/_client_activity.html"
MEDALS, PROGRAMS = "coach/_client_achievements.html", "coach/_client_programs.html"
LINES = 8
LATEST = 6


@bp.get("/clients/<int:client_id>")
@access("coach")
def show_client(client_id: int) -> ResponseReturnValue:
    """The page; for a part the log, or, with what was `seen` of the standing, that one: 204 where it is the same."""
    client = clients.one(me().id, client_id)
    if not wants_part():
        return show(client, PAGE)
    if "seen" not in request.args:
        return page(PAGE, ACTIVITY, client=client, **_activity(client))
    standing = _standing(client)
    if request.args["seen"] == standing["stamp"]:
        return Response(status=204)
    return page(PAGE, STANDING, client=client, **standing)


@bp.post("/clients/<int:client_id>/achievements/<int:achievement_id>/award")
@access("coach")
def award_achievement(client_id: int, achievement_id: int) -> ResponseReturnValue:
    """Raises NotFound for somebody else's client or achievement; that it is earned already is told, with a 409."""
    try:
        with unit_of_work():
            given = awarding.award(me(), client_id, achievement_id, actor=actor(), now=clock.now())
            name = given.name
    except NotFound:
        raise
    except DomainError as refusal:
        return show(clients.one(me().id, client_id), MEDALS, refusal.status, medal_refusal=str(refusal.message))
    client = clients.one(me().id, client_id)
    toast(_("%(client)s has earned “%(name)s”.", client=client.name, name=name))
    if wants_part():
        return show(client, MEDALS)
    return see_other(url_for("coach.show_client", client_id=client_id, _anchor="client-achievements"))


def show(client: User, part: str, status: int = 200, **more: Any) -> Response:
    """The page, or, for HTMX, this part of it, together with the standing that may have changed with it."""
    everything = (_medals, _programs, _activity, _redemptions, _standing)
    needed = {MEDALS: (_medals, _standing), PROGRAMS: (_programs, _standing)}
    context: dict[str, Any] = {"client": client, "brings_standing": wants_part(), **desk.surroundings(desk.CLIENT)}
    for look in needed.get(part, everything) if wants_part() else everything:
        context |= look(client)
    return page(PAGE, part, status, **context | more)


def _standing(client: User) -> dict[str, Any]:
    """Level, XP, points and days in a row, as they are now. Three statements."""
    now = clock.now()
    summary, levels = loyalty.summary_of(client.id), loyalty.levels()
    streak = timeline.streak(client.id, today=date_in(client.timezone, now))
    return {
        "summary": summary,
        "standing": rules.standing(summary.total_xp, levels),
        "streak": streak,
        "stamp": stamp(summary.figures, levels, streak),
        "is_watching": logbook.is_watching(now),
    }


def _programs(client: User) -> dict[str, Any]:
    """What they follow, then what they have followed, what they could, and what completing earns. Four statements."""
    followed = sorted(programs.followed_by(client.id), key=lambda each: each.status != ACTIVE)
    now = clock.now()
    moment = rules.Moment(now, date_in(client.timezone, now))
    return {
        "followed": followed,
        "done": programs.done_by(followed),
        "earns": foresight.foresee_next(client.id, programs.EVENT_KEY, moment).reason is None,
        "offered": programs.offered(me(), client.id),
    }


def _medals(client: User) -> dict[str, Any]:
    """What they have earned, are on the way to (the nearest first), and can be awarded. Six statements."""
    medals = achievements.by_status(achievements.showcase(client, clock.now()))
    return {
        "medals": medals[True],
        "under_way": [each for each in medals[False] if each.progress],
        "awardable": [each.achievement for each in medals[False] if not each.progress],
    }


def _activity(client: User) -> dict[str, Any]:
    return {"book": logbook.read(client.id, number=page_number(), size=LINES, now=clock.now())}


def _redemptions(client: User) -> dict[str, Any]:
    found = redemptions.to_handle(keeping.keeper(me()), client_id=client.id)
    return {"redemptions": paginate(found, size=LATEST)}
