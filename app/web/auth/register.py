"""Making an account for oneself."""

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import passwords
from app.accounts import service as accounts
from app.accounts.errors import EmailTaken, RegistrationClosed
from app.accounts.models import User
from app.config import settings
from app.errors import DomainError
from app.kit import clock, limits
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.limits import TooOften
from app.web.auth import bp, sessions
from app.web.auth.forms import Register
from app.web.forms import explain, refused
from app.web.languages import current_locale
from app.web.visitor import access, signed_in

TEMPLATES = ("auth/register.html", "auth/_register.html")


@bp.get("/register")
@access("public")
def show_registration() -> ResponseReturnValue:
    user = signed_in()
    if user is not None:
        return redirect(sessions.where_to(user, None))
    _refuse_when_closed()
    given = {name: request.args.get(name) for name in ("username", "referral_code", "next")}
    return page(*TEMPLATES, form=Register(formdata=None, data=given))


@bp.post("/register")
@access("public")
def register() -> ResponseReturnValue:
    _refuse_when_closed()
    form = Register()
    is_valid, refusals = form.validate(), _refusals_of(form)
    for refusal in refusals:
        explain(form, refusal)
    if not is_valid or refusals:
        return page(*TEMPLATES, refusals[0].status if is_valid else 422, form=form)
    try:
        limits.check("sign_in_address", request.remote_addr or "")
        user = _make_account(form)
    except (DomainError, TooOften) as error:
        if isinstance(error, EmailTaken):  # whoever goes on asking which addresses we know is guessing
            limits.count("sign_in_address", request.remote_addr or "")
        return refused(form, error, lambda status: page(*TEMPLATES, status, form=form))
    sessions.begin(user)
    toast(_("Welcome, %(name)s! Your account is ready.", name=user.username))
    return see_other(sessions.where_to(user, form.next.data))


def _refusals_of(form: Register) -> list[DomainError]:
    """What an account can't be made with, all of it at once. Not whether we know the address: that is limited."""
    refusals = []
    for field, check in ((form.username, accounts.check_new_name), (form.email, accounts.normal_email)):
        try:
            if field.data and not field.errors:
                check(field.data)
        except DomainError as refusal:
            refusals.append(refusal)
    return refusals


def _make_account(form: Register) -> User:
    password_hash = passwords.hash_password(form.password.data)
    with unit_of_work():
        return accounts.register(
            username=form.username.data,
            email=form.email.data,
            password_hash=password_hash,
            referral_code=form.referral_code.data or "",
            locale=current_locale(),
            now=clock.now(),
        )


def _refuse_when_closed() -> None:
    if not settings().allow_registration:
        raise RegistrationClosed
