"""What a client follows: assigned by their coach, who says when it is done, or that it is over."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.activity import programs
from app.activity.program_models import CANCELLED, COMPLETED
from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast, wants_part
from app.loyalty import clients
from app.web.arguments import whole_number
from app.web.client import logbook
from app.web.coach import bp
from app.web.coach.client import PROGRAMS, show
from app.web.visitor import access, me


@bp.post("/clients/<int:client_id>/programs")
@access("coach")
def assign_program(client_id: int) -> ResponseReturnValue:
    """`program_id` is one of the coach's active ones."""
    client, chosen = clients.one(me().id, client_id), whole_number(request.form.get("program_id"))
    if chosen is None:
        return show(client, PROGRAMS, 422, assign_refusal=_("Please choose a programme."))
    try:
        with unit_of_work():
            programs.assign(me(), client_id, chosen, now=clock.now())
    except NotFound:
        raise
    except DomainError as refusal:
        return show(client, PROGRAMS, refusal.status, assign_refusal=str(refusal.message), chosen=chosen)
    return _done(client_id, _("Assigned. It earns as soon as you say that it is completed."))


@bp.patch("/client-programs/<int:followed_id>")
@access("coach")
def end_program(followed_id: int) -> ResponseReturnValue:
    """`status` is completed (which earns) or cancelled. What it earns follows from a worker."""
    followed, status = programs.followed_one(me(), followed_id), request.form.get("status", "")
    if status not in {COMPLETED, CANCELLED}:
        refusal = _("Please choose: completed or cancelled.")
        return show(clients.one(me().id, followed.client_id), PROGRAMS, 422, program_refusal=refusal)
    try:
        with unit_of_work():
            ended = programs.end(me(), followed_id, status, now=clock.now())
    except NotFound:
        raise
    except DomainError as told:
        client = clients.one(me().id, followed.client_id)
        return show(client, PROGRAMS, told.status, program_refusal=str(told.message))
    if status == CANCELLED:
        return _done(ended.client_id, _("Cancelled. It can be assigned again."))
    logbook.watch(clock.now())
    return _done(ended.client_id, _("Completed, well done! The XP are on their way."))


def _done(client_id: int, told: str) -> ResponseReturnValue:
    toast(told)
    if not wants_part():
        return see_other(url_for("coach.show_client", client_id=client_id, _anchor="client-programs"))
    return show(clients.one(me().id, client_id), PROGRAMS)
