"""The coach's programmes: made, changed, offered or not, and deleted, or kept where somebody follows them."""

from dataclasses import asdict
from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from app.activity import programs
from app.activity.errors import ProgramStale
from app.activity.program_models import Program
from app.activity.programs import ProgramDetails
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.web.arguments import anchored, list_arguments, page_number, seen_version, switched
from app.web.coach import bp
from app.web.fields import Filled
from app.web.forms import Form, one_line, strip
from app.web.visitor import access, me

STATUS_WORDS = {"": _l("All"), "active": _l("Active"), "inactive": _l("Inactive")}


class ProgramForm(Form):
    name = StringField(_l("Name"), [Filled(_l("Please fill this in.")), Length(max=80)], filters=[one_line])
    description = TextAreaField(
        _l("Description"),
        [Length(max=2000)],
        filters=[strip],
        description=_l("What is to be done, how often, and when it counts as completed."),
    )
    is_active = BooleanField(
        _l("Active"), default=True, description=_l("Switched off, it is offered to nobody new; who follows it goes on.")
    )
    version = HiddenField()

    def details(self) -> ProgramDetails:
        return ProgramDetails(self.name.data or "", self.description.data or "", bool(self.is_active.data))

    def tell_stale(self, refusal: ProgramStale, now: Program) -> None:
        """Say who was faster (only its coach can be), and in which fields it isn't what was typed here."""
        typed = asdict(self.details())
        labels = [str(self[name].label.text) for name in typed if typed[name] != getattr(now, name)]
        told = _(
            "%(who)s changed this while you had it open. What you typed is kept, and differs (%(fields)s): "
            "save again to use it.",
            who=me().name,
            fields=", ".join(labels),
        )
        self.form_errors.append(told if labels else str(refusal.message))
        self.version.data = refusal.version


@bp.get("/programs")
@access("coach")
def list_programs() -> ResponseReturnValue:
    return _list()


@bp.get("/programs/create")
@access("coach")
def new_program() -> ResponseReturnValue:
    return _form_page(ProgramForm(formdata=None))


@bp.post("/programs/create")
@access("coach")
def create_program() -> ResponseReturnValue:
    form = ProgramForm()
    if not form.validate():
        return _form_page(form, status=422)
    with unit_of_work():
        programs.create(me(), form.details(), now=clock.now())
    toast(_("%(name)s was created. Assign it on a client's page.", name=form.name.data))
    return see_other(url_for("coach.list_programs"))


@bp.get("/programs/<int:program_id>/edit")
@access("coach")
def edit_program(program_id: int) -> ResponseReturnValue:
    program = programs.one(me(), program_id)
    return _form_page(ProgramForm(formdata=None, obj=program), program)


@bp.post("/programs/<int:program_id>/edit")
@access("coach")
def change_program(program_id: int) -> ResponseReturnValue:
    form = ProgramForm()
    if not form.validate():
        return _form_page(form, programs.one(me(), program_id), status=422)
    try:
        with unit_of_work():
            version = seen_version(form.version.data)
            programs.change(me(), program_id, form.details(), version=version, now=clock.now())
    except ProgramStale as refusal:
        program = programs.one(me(), program_id)
        form.tell_stale(refusal, program)
        return _form_page(form, program, status=refusal.status)
    toast(_("%(name)s was saved.", name=form.name.data))
    return see_other(url_for("coach.list_programs"))


@bp.post("/programs/<int:program_id>/active")
@access("coach")
def switch_program(program_id: int) -> ResponseReturnValue:
    """`is_active` is 1 or 0."""
    is_active = switched()
    with unit_of_work():
        program = programs.set_active(me(), program_id, is_active=is_active, now=clock.now())
        name = program.name
    toast(_("%(name)s is active.", name=name) if is_active else _("%(name)s is offered to nobody new.", name=name))
    return _back_to_list()


@bp.delete("/programs/<int:program_id>")
@access("coach")
def delete_program(program_id: int) -> ResponseReturnValue:
    """Where somebody follows or has followed it, it is switched off instead, and the page says so."""
    name = programs.one(me(), program_id).name
    with unit_of_work():
        is_gone = programs.delete(me(), program_id, now=clock.now())
    if is_gone:
        toast(_("%(name)s was deleted.", name=name), "info")
    else:
        told = _("%(name)s is part of what clients have done, so it was switched off instead of deleted.", name=name)
        toast(told, "warning")
    return _back_to_list()


def _back_to_list() -> ResponseReturnValue:
    if wants_part():
        return _list()
    arguments: dict[str, Any] = list_arguments()
    return see_other(anchored(url_for("coach.list_programs", **arguments)))


def _list() -> Response:
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("q", "status")}
    asked["status"] = asked["status"] if asked["status"] in STATUS_WORDS else ""
    found = paginate(programs.of_coach(me(), search=asked["q"], status=asked["status"]), number=page_number())
    return page(
        "coach/programs.html",
        "coach/_programs.html",
        programs=found,
        followers=programs.followers([each.id for each in found.items]),
        asked=asked,
        status_words=STATUS_WORDS,
    )


def _form_page(form: ProgramForm, program: Program | None = None, *, status: int = 200) -> Response:
    followers = programs.followers([program.id] if program else [])
    return Response(render_template("coach/program.html", form=form, program=program, followers=followers), status)
