"""One's own account: name, time zone, language, password, e-mail."""

from typing import Any

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import credentials, passwords
from app.accounts import service as accounts
from app.accounts.errors import WrongPassword
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.limits import TooOften
from app.web.auth import bp, sessions
from app.web.auth.forms import ChangeEmail, ChangePassword, Profile, timezones
from app.web.forms import Form, explain, refused
from app.web.visitor import access, me


@bp.get("/profile")
@access("user")
def profile() -> ResponseReturnValue:
    return _show("auth/_profile.html")


@bp.post("/profile")
@access("user")
def change_profile() -> ResponseReturnValue:
    form, user = Profile(), me()
    if not form.validate():
        return _show("auth/_profile.html", 422, profile_form=form)
    try:
        with unit_of_work():
            accounts.change_profile(
                accounts.lock(user.id),
                display_name=form.display_name.data or "",
                timezone=form.timezone.data,
                locale=form.locale.data,
                now=clock.now(),
            )
    except DomainError as refusal:
        explain(form, refusal)
        return _show("auth/_profile.html", refusal.status, profile_form=form)
    toast(_("Your profile is saved."))
    return see_other(url_for("auth.profile"))


@bp.post("/profile/password")
@access("user")
def change_password() -> ResponseReturnValue:
    """Every other session ends; this one goes on under the new epoch."""
    form, user, is_remembered = ChangePassword(), me(), sessions.is_remembered()
    try:
        if not form.validate():
            return _show("auth/_password_change.html", 422, password_form=form)
        if not credentials.confirm(user, form.password.data):
            raise WrongPassword
        password_hash = passwords.hash_password(form.new_password.data)
        with unit_of_work():
            user = accounts.lock(user.id)
            accounts.set_password(user, password_hash, clock.now())
    except (DomainError, TooOften) as error:
        return refused(form, error, lambda status: _show("auth/_password_change.html", status, password_form=form))
    sessions.renew(user, remember=is_remembered)
    toast(_("Your password is changed. Other devices are signed out."))
    return see_other(url_for("auth.profile"))


@bp.post("/profile/email")
@access("user")
def change_email() -> ResponseReturnValue:
    form, user = ChangeEmail(), me()
    try:
        if not form.validate():
            return _show("auth/_email_change.html", 422, email_form=form)
        if not credentials.confirm(user, form.current_password.data):
            raise WrongPassword("current_password")
        with unit_of_work():
            accounts.change_email(accounts.lock(user.id), form.email.data, clock.now())
    except (DomainError, TooOften) as error:
        return refused(form, error, lambda status: _show("auth/_email_change.html", status, email_form=form))
    toast(_("Your e-mail address is changed. We told the old one about it."))
    return see_other(url_for("auth.profile"))


def _show(part: str, status: int = 200, **answered: Form) -> Response:
    """The page with its three forms, of which one may just have been answered."""
    user = me()
    forms: dict[str, Any] = {
        "profile_form": Profile(formdata=None, obj=user),
        "password_form": ChangePassword(formdata=None),
        "email_form": ChangeEmail(formdata=None),
    }
    return page("auth/profile.html", part, status, user=user, timezones=timezones(), **forms | answered)
