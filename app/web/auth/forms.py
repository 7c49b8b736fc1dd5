"""The forms of this door."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    PasswordField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, Optional

from app.accounts import rules
from app.web.forms import Form, choices, strip

NEEDED = _l("Please fill this in.")
LONGEST_EMAIL = 254


def needed() -> InputRequired:
    return InputRequired(NEEDED)


def new_password() -> Sequence[Any]:
    return (
        needed(),
        Length(min=rules.SHORTEST_PASSWORD, message=_l("Please take at least %(min)d characters.")),
        Length(max=rules.LONGEST_PASSWORD, message=_l("Please take at most %(max)d characters.")),
    )


def password_field(label: Any, *, is_new: bool = False) -> PasswordField:
    """A password; its characters are hidden and never sent back."""
    autocomplete = "new-password" if is_new else "current-password"
    validators = new_password() if is_new else (needed(), Length(max=rules.LONGEST_PASSWORD))
    return PasswordField(label, validators, render_kw={"autocomplete": autocomplete})


def known_timezone(_form: Form, field: Field) -> None:
    """A WTForms validator."""
    if not rules.is_timezone(field.data):
        raise ValidationError(_l("We don't know that time zone. Choose one like Asia/Bangkok from the list."))


@cache
def timezones() -> Sequence[str]:
    """The zones that people live in, for a list to choose from. To look for them opens hundreds of files."""
    regions = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return ("UTC", *sorted(zone for zone in available_timezones() if zone.startswith(regions)))


class SignIn(Form):
    username = StringField(
        _l("Username or e-mail"),
        [needed(), Length(max=LONGEST_EMAIL)],
        filters=[strip],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = password_field(_l("Password"))
    remember = BooleanField(_l("Keep me signed in on this device"))
    next = HiddenField()


class Register(Form):
    username = StringField(
        _l("Username"),
        [needed()],
        filters=[strip],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "maxlength": 32},
    )
    email = EmailField(
        _l("E-mail"), [needed(), Length(max=LONGEST_EMAIL)], filters=[strip], render_kw={"autocomplete": "email"}
    )
    password = password_field(_l("Password"), is_new=True)
    referral_code = StringField(
        _l("Referral code"), [Optional(), Length(max=32)], filters=[strip], render_kw={"autocomplete": "off"}
    )
    next = HiddenField()


class Forgot(Form):
    email = EmailField(
        _l("E-mail"), [needed(), Length(max=LONGEST_EMAIL)], filters=[strip], render_kw={"autocomplete": "email"}
    )


class Reset(Form):
    password = password_field(_l("New password"), is_new=True)


class Profile(Form):
    display_name = StringField(
        _l("Display name"),
        [Optional(), Length(max=80, message=_l("Please take at most %(max)d characters."))],
        filters=[strip],
        render_kw={"autocomplete": "name"},
    )
    timezone = StringField(
        _l("Time zone"),
        [needed(), known_timezone],
        filters=[strip],
        render_kw={"list": "timezones", "autocomplete": "off"},
    )
    locale = SelectField(_l("Language"), choices=choices(rules.LOCALES.items()))


class ChangePassword(Form):
    password = password_field(_l("Present password"))
    new_password = password_field(_l("New password"), is_new=True)


class ChangeEmail(Form):
    email = EmailField(
        _l("New e-mail"), [needed(), Length(max=LONGEST_EMAIL)], filters=[strip], render_kw={"autocomplete": "email"}
    )
    current_password = password_field(_l("Present password"))
