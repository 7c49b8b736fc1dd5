"""Beginning and ending a session."""

from datetime import timedelta

from flask import request, session
from flask_babel import gettext as _
from flask_login import login_user, logout_user

from app.accounts import passwords, rules
from app.accounts import service as accounts
from app.accounts.models import User
from app.cart import service as carts
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import toast
from app.web.languages import LOCALE
from app.web.visitor import VISIT, way_back

REMEMBERED_FOR = timedelta(days=30)


def begin(user: User, *, password: str | None = None, remember: bool = False) -> None:
    """A new session for this user, of which nobody can have known anything before; only the cart comes along."""
    outdated = password is not None and passwords.is_outdated(user.password_hash)
    new_hash = passwords.hash_password(password) if password is not None and outdated else None
    with unit_of_work():
        accounts.note_sign_in(user, clock.now(), new_hash=new_hash)
        quote = carts.adopt(user.id, session.get(VISIT), clock.now())
    renew(user, remember=remember)
    if quote is not None and quote.refusal is not None:
        toast(
            _("%(code)s no longer counts in your cart: %(reason)s", code=quote.code, reason=quote.refusal.message),
            "warning",
        )


def renew(user: User, *, remember: bool = False) -> None:
    """The session starts over as this user's, with their present epoch; invoices of its anonymous past stay there."""
    session.clear()
    login_user(user, remember=remember, duration=REMEMBERED_FOR)


def end() -> None:
    """Nothing of the session stays but the language that the page is read in."""
    locale = session.get(LOCALE)
    session.clear()
    logout_user()
    if locale:
        session[LOCALE] = locale


def is_remembered() -> bool:
    """Whether this device has a remember-cookie."""
    return "remember_token" in request.cookies


def where_to(user: User, target: str | None) -> str:
    """Where they wanted to go, unless that is another role's door; else their own start page."""
    target = way_back(target)
    foreign = tuple(rules.home_of(role) for role in rules.ROLES if role != user.role)
    if target is None or target.startswith(foreign):
        return rules.home_of(user.role)
    return target
