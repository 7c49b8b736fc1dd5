"""Keys for programs: made here, shown once, revoked here."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts import keys
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.web.admin import bp
from app.web.arguments import page_number
from app.web.fields import Filled
from app.web.forms import Form, choices, strip
from app.web.visitor import access, actor, me

SCOPES = {
    "grants": _l("Grants: pick up and confirm reward items (game server)"),
    "conversions": _l("Conversions: apply offer codes, report completed offers (offer network)"),
    "activity": _l("Activity: record workouts, check-ins and meals (devices)"),
    "deposits": _l("Deposits: report deposits and turnover (payment system)"),
    "read": _l("Read: loyalty and deal progress of any person (launcher)"),
}


LAST_YEAR = 8999


def at_least_one(_form: Form, field: SelectMultipleField) -> None:
    """A WTForms validator that doesn't ask browsers to have every box ticked, as InputRequired would."""
    if not field.data:
        raise ValidationError(_l("Please choose at least one."))


class KeyForm(Form):
    """A new key."""

    name = StringField(_l("Name"), [Filled(_l("Please fill this in.")), Length(max=80)], filters=[strip])
    scopes = SelectMultipleField(
        _l("What it may do"),
        [at_least_one],
        choices=choices(SCOPES.items()),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    expires_on = DateField(_l("Last day"), [Optional()])

    def validate_expires_on(self, field: DateField) -> None:
        if field.data and field.data.year > LAST_YEAR:
            raise ValidationError(_l("Please give a year up to %(year)s, or no day at all.", year=LAST_YEAR))
        if field.data and _end_of(field.data) <= clock.now():
            raise ValidationError(_l("This day is over. Choose a later one, or none."))


@bp.get("/keys")
@access("admin")
def list_keys() -> ResponseReturnValue:
    return page("admin/keys.html", "admin/_keys_table.html", **_listed(), form=KeyForm(formdata=None))


@bp.post("/keys")
@access("admin")
def make_key() -> ResponseReturnValue:
    """The answer is the only page that ever shows the key; it isn't kept anywhere on the way."""
    form = KeyForm()
    if not form.validate():
        return _answer(422, form=form)
    expires_at = _end_of(form.expires_on.data) if form.expires_on.data else None
    with unit_of_work():
        key, secret = keys.make(
            form.name.data, form.scopes.data, expires_at=expires_at, by=me(), actor=actor(), now=clock.now()
        )
    return _answer(201, form=KeyForm(formdata=None), made=key, secret=secret)


@bp.post("/keys/<int:key_id>/revoke")
@access("admin")
def revoke_key(key_id: int) -> ResponseReturnValue:
    with unit_of_work():
        key = keys.revoke(key_id, actor=actor(), now=clock.now())
    toast(_("The key “%(name)s” is revoked.", name=key.name))
    return see_other(url_for("admin.list_keys"))


def _answer(status: int, **context: Any) -> Response:
    return make_response(render_template("admin/keys.html", **_listed(), **context), status)


def _listed() -> dict[str, Any]:
    found = paginate(keys.keys(), number=page_number())
    return {"keys": found, "now": clock.now(), "scopes": SCOPES}


def _end_of(day: date) -> datetime:
    """The last instant of a day on the admin's calendar, exclusive."""
    zone = ZoneInfo(str(get_timezone() or "UTC"))
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
