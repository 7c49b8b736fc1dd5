"""A forgotten password, and the link that sets a new one."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import passwords, resets
from app.accounts import service as accounts
from app.accounts.errors import DeadLink
from app.kit import clock, limits
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.text import fold
from app.web.auth import bp, sessions
from app.web.auth.forms import Forgot, Reset
from app.web.visitor import access

FORGOT = ("auth/forgot.html", "auth/_forgot.html")
RESET = ("auth/reset.html", "auth/_reset.html")


@bp.get("/password/forgot")
@access("public")
def show_forgot() -> ResponseReturnValue:
    return page(*FORGOT, form=Forgot(formdata=None), asked_for=None)


@bp.post("/password/forgot")
@access("public")
def forgot() -> ResponseReturnValue:
    """The same answer, from the same work, whether or not there is such an account."""
    form = Forgot()
    if not form.validate():
        return page(*FORGOT, 422, form=form, asked_for=None)
    limits.count("reset_address", request.remote_addr or "")
    limits.count("reset_address", fold(form.email.data))
    user = accounts.find_by_email(form.email.data)
    with unit_of_work():
        resets.ask_for(user.id if user is not None and user.is_active else None, now=clock.now())
    return page(*FORGOT, form=form, asked_for=form.email.data)


@bp.get("/password/reset/<token>")
@access("public")
def show_reset(token: str) -> ResponseReturnValue:
    try:
        resets.check(token, now=clock.now())
    except DeadLink as refusal:
        return _ask_anew(refusal)
    return page(*RESET, form=Reset(formdata=None), token=token)


@bp.post("/password/reset/<token>")
@access("public")
def reset(token: str) -> ResponseReturnValue:
    form = Reset()
    try:
        resets.check(token, now=clock.now())
        if not form.validate():
            return page(*RESET, 422, form=form, token=token)
        password_hash = passwords.hash_password(form.password.data)
        with unit_of_work():
            resets.use(token, password_hash, now=clock.now())
    except DeadLink as refusal:
        return _ask_anew(refusal)
    sessions.end()
    toast(_("Your new password is set. Please sign in with it."))
    return see_other(url_for("auth.sign_in"))


def _ask_anew(refusal: DeadLink) -> ResponseReturnValue:
    """The next step from a dead link is the form that mails a new one."""
    return page(*FORGOT, refusal.status, form=Forgot(formdata=None), asked_for=None, refusal=refusal)
