"""Signing in and out."""

from functools import partial

from flask import Response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import service as accounts
from app.accounts.credentials import authenticate
from app.accounts.errors import WrongCredentials
from app.config import settings
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.limits import TooOften
from app.web.auth import bp, sessions
from app.web.auth.forms import SignIn
from app.web.forms import explain, refused
from app.web.languages import LOCALE
from app.web.visitor import access, signed_in

TEMPLATES = ("auth/sign_in.html", "auth/_sign_in.html")


@bp.get("/login")
@access("public")
def sign_in() -> ResponseReturnValue:
    user = signed_in()
    if user is not None:
        return redirect(sessions.where_to(user, request.args.get("next")))
    form = SignIn(formdata=None, next=request.args.get("next"), username=request.args.get("username"))
    return page(*TEMPLATES, form=form, may_register=settings().allow_registration)


@bp.post("/login")
@access("public")
def begin_session() -> ResponseReturnValue:
    form = SignIn()
    if not form.validate():
        return _form_again(form, 422)
    try:
        user = authenticate(form.username.data, form.password.data, address=request.remote_addr or "")
    except WrongCredentials as refusal:
        explain(form, refusal)
        return _form_again(form, 422)
    except TooOften as limit:
        return refused(form, limit, partial(_form_again, form))
    sessions.begin(user, password=form.password.data, remember=form.remember.data)
    return see_other(sessions.where_to(user, form.next.data))


def _form_again(form: SignIn, status: int) -> Response:
    return page(*TEMPLATES, status, form=form, may_register=settings().allow_registration)


@bp.post("/logout")
@access("public")
def sign_out() -> ResponseReturnValue:
    """End every session of this user, copied ones too."""
    user = signed_in()
    if user is not None:
        with unit_of_work():
            accounts.end_sessions(accounts.lock(user.id))
        session[LOCALE] = user.locale
        sessions.end()
        toast(_("You are signed out."))
    return see_other(url_for("auth.sign_in"))
