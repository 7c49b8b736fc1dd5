"""What a client follows: assigned by their coach, who says when it is done, or that it is over."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.activity import programs
from app.activity.program_models import CANCELLED, COMPLETED, ClientProgram
from app.activity.rules import program_source
from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast, wants_part
from app.loyalty import clients
from app.loyalty.foresight import foresee, foresee_next
from app.loyalty.rules import Moment, Reason
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
            assigned = programs.assign(me(), client_id, chosen, now=clock.now())
            told = _assigned(assigned)
    except NotFound:
        raise
    except DomainError as refusal:
        return show(client, PROGRAMS, refusal.status, assign_refusal=str(refusal.message), chosen=chosen)
    return _done(client_id, told)


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
            has_done = _has_done(followed)
            ended = programs.end(me(), followed_id, status, now=clock.now())
            told = _ended(ended, has_done=has_done)
    except NotFound:
        raise
    except DomainError as refusal:
        client = clients.one(me().id, followed.client_id)
        return show(client, PROGRAMS, refusal.status, program_refusal=str(refusal.message))
    if status == COMPLETED:
        logbook.watch(clock.now())
    return _done(ended.client_id, told)


def _has_done(followed: ClientProgram) -> bool:
    """Whether this client has completed the same programme before."""
    return followed.program_id in programs.done_by(programs.followed_by(followed.client_id, status=COMPLETED))


def _assigned(assigned: ClientProgram) -> str:
    moment = Moment(assigned.assigned_at, assigned.assigned_at.date())
    if _has_done(assigned):
        return _(
            "Assigned. They have completed it before, so it earns nothing when you say that it is completed again."
        )
    if foresee_next(assigned.client_id, programs.EVENT_KEY, moment).reason is Reason.INACTIVE:
        return _("Assigned. Completing it earns nothing at present.")
    return _("Assigned. It earns, once, when you say that it is completed.")


def _ended(ended: ClientProgram, *, has_done: bool) -> str:
    """To be asked for within the transaction in which it ends, so that no worker can have come to it yet."""
    if ended.status == CANCELLED:
        return _("Cancelled. It can be assigned again.")
    if has_done:
        return _("Completed again, well done! It has earned before, so nothing this time.")
    coming = foresee(ended.client_id, program_source(ended.program_id), programs.EVENT_KEY)
    if coming.reason is not None:
        return _("Completed, well done! It earns nothing at present.")
    return _("Completed, well done! What it earns is on its way.")


def _done(client_id: int, told: str) -> ResponseReturnValue:
    toast(told)
    if not wants_part():
        return see_other(url_for("coach.show_client", client_id=client_id, _anchor="client-programs"))
    return show(clients.one(me().id, client_id), PROGRAMS)
