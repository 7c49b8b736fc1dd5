"""The types of events that earn XP: what each gives, and how often."""

from flask import Response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from app.errors import DomainError
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.loyalty import event_types
from app.loyalty.errors import Stale, TypeInUse
from app.loyalty.event_types import MOST_A_DAY, MOST_AMOUNT, MOST_HOURS, TRIGGERS, EventTypeDetails
from app.loyalty.models import EventType
from app.web.admin import bp
from app.web.admin import event_type_words as words
from app.web.admin.audit import history_of
from app.web.arguments import seen_version, switched
from app.web.fields import Filled, WholeNumberField
from app.web.forms import Form, choices, explain, one_line, strip, tell_stale
from app.web.visitor import access, actor

NEEDED = _l("Please fill this in.")


class EventTypeForm(Form):
    name = StringField(_l("Name"), [Filled(NEEDED), Length(max=80)], filters=[one_line])
    description = TextAreaField(_l("Description"), [Optional(), Length(max=500)], filters=[strip])
    xp_amount = WholeNumberField(_l("XP"), [Filled(NEEDED)], least=0, most=MOST_AMOUNT)
    points_amount = WholeNumberField(_l("Points"), [Filled(NEEDED)], least=0, most=MOST_AMOUNT)
    cooldown_hours = WholeNumberField(
        _l("Cooldown"),
        [Optional()],
        least=1,
        most=MOST_HOURS,
        description=_l(
            "How long after one the next one earns again, by when things happened. Whole days are counted in the"
            " client's dates: 24 hours mean once a date, 168 hours once in 7 dates."
        ),
    )
    daily_limit = WholeNumberField(
        _l("Daily limit"),
        [Optional()],
        least=1,
        most=MOST_A_DAY,
        description=_l(
            "How many earn on one date of the client. What is beyond it is logged and earns nothing, and the client is"
            " told so."
        ),
    )
    is_active = BooleanField(
        _l("Earns XP and points"),
        default=True,
        description=_l("Switched off, it is still logged and earns nothing. What was earned before stays."),
    )
    version = HiddenField()

    def details(self) -> EventTypeDetails:
        return EventTypeDetails(
            name=self.name.data,
            description=self.description.data or "",
            xp_amount=self.xp_amount.data,
            points_amount=self.points_amount.data,
            is_active=self.is_active.data,
            cooldown_hours=self.cooldown_hours.data,
            daily_limit=self.daily_limit.data,
        )


class NewEventTypeForm(EventTypeForm):
    key = SelectField(
        _l("Trigger"),
        choices=choices((key, words.TRIGGERS[key][0]) for key in TRIGGERS),
        description=_l("What sets it off. It can't be changed later."),
    )


@bp.get("/xp-event-types")
@access("admin")
def list_event_types() -> ResponseReturnValue:
    return _show()


@bp.get("/xp-event-types/create")
@access("admin")
def new_event_type() -> ResponseReturnValue:
    return _new_page(NewEventTypeForm(formdata=None))


@bp.post("/xp-event-types/create")
@access("admin")
def create_event_type() -> ResponseReturnValue:
    form = NewEventTypeForm()
    if not form.validate():
        return _new_page(form, status=422)
    try:
        with unit_of_work():
            made = event_types.create(form.key.data, form.details(), actor=actor())
    except DomainError as refusal:
        explain(form, refusal)
        return _new_page(form, status=refusal.status)
    toast(_("%(type)s was created.", type=made.name))
    return see_other(url_for("admin.list_event_types"))


@bp.get("/xp-event-types/<int:event_type_id>/edit")
@access("admin")
def edit_event_type(event_type_id: int) -> ResponseReturnValue:
    kept = event_types.one(event_type_id)
    return _form_page(EventTypeForm(formdata=None, obj=kept), kept)


@bp.post("/xp-event-types/<int:event_type_id>/edit")
@access("admin")
def change_event_type(event_type_id: int) -> ResponseReturnValue:
    form = EventTypeForm()
    if not form.validate():
        return _form_page(form, event_types.one(event_type_id), status=422)
    try:
        with unit_of_work():
            version = seen_version(form.version.data)
            kept = event_types.change(event_type_id, form.details(), version=version, actor=actor())
    except Stale as stale:
        tell_stale(form, stale)
        return _form_page(form, event_types.one(event_type_id), status=stale.status)
    toast(_("%(type)s was saved.", type=kept.name))
    return see_other(url_for("admin.list_event_types"))


@bp.post("/xp-event-types/<int:event_type_id>/switch")
@access("admin")
def switch_event_type(event_type_id: int) -> ResponseReturnValue:
    is_active = switched()
    with unit_of_work():
        kept = event_types.set_active(event_type_id, is_active=is_active, actor=actor())
    told = _("%(type)s earns XP again.") if is_active else _("%(type)s earns nothing from now on.")
    toast(told % {"type": kept.name})
    there = url_for("admin.list_event_types", _anchor=f"event-type-{event_type_id}")
    return _show() if wants_part() else see_other(there)


@bp.delete("/xp-event-types/<int:event_type_id>")
@access("admin")
def delete_event_type(event_type_id: int) -> ResponseReturnValue:
    try:
        with unit_of_work():
            gone = event_types.delete(event_type_id, actor=actor())
    except TypeInUse as refusal:
        kept = event_types.one(event_type_id)
        form = EventTypeForm(formdata=None, obj=kept)
        explain(form, refusal)
        return _form_page(form, kept, status=refusal.status)
    toast(_("%(type)s was deleted.", type=gone.name), "info")
    return see_other(url_for("admin.list_event_types"))


def _show() -> Response:
    kept = event_types.listed()
    has_free = len({each.key for each in kept} & set(TRIGGERS)) < len(TRIGGERS)
    return page(
        "admin/event_types.html",
        "admin/_event_types.html",
        types=kept,
        paid=event_types.paid(),
        has_free=has_free,
        words=words,
    )


def _new_page(form: NewEventTypeForm, *, status: int = 200) -> Response:
    """With the triggers that are free; without any, why there is nothing to make."""
    free = event_types.free_triggers()
    form.key.choices = choices((key, words.trigger(key)) for key in free)
    return Response(render_template("admin/event_type_new.html", form=form, free=free), status)


def _form_page(form: EventTypeForm, kept: EventType, *, status: int = 200) -> Response:
    times, xp = event_types.paid().get(kept.id, (0, 0))
    history = history_of("xp_event_type", kept.id)
    shown = {"form": form, "type": kept, "times": times, "xp": xp, "history": history, "words": words}
    return Response(render_template("admin/event_type.html", **shown), status)
