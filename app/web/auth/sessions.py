"""Beginning and ending a session, and the one way in which a password is checked."""

from datetime import timedelta

from flask import request, session
from flask_login import login_user, logout_user

from app.accounts import passwords, rules
from app.accounts import service as accounts
from app.accounts.errors import WrongCredentials
from app.accounts.models import User
from app.kit import clock, limits
from app.kit.db import unit_of_work
from app.kit.text import fold
from app.web.languages import LOCALE
from app.web.visitor import VISIT, way_back

REMEMBERED_FOR = timedelta(days=30)
COMES_ALONG = (VISIT,)


def authenticate(login: str, password: str) -> User:
    """The active user whom name and password belong to, in the same time whether or not there is one.

    Counts failures per account and address. Raises WrongCredentials, TooOften.
    """
    user = accounts.find_by_login(login)
    account, address = f"user:{user.id}" if user else fold(login), request.remote_addr or ""
    limits.check("sign_in_account", account)
    limits.check("sign_in_address", address)
    fits = passwords.verify_password(password, user.password_hash if user else None)
    if user is not None and fits and user.is_active:
        return user
    limits.count("sign_in_account", account)
    limits.count("sign_in_address", address)
    raise WrongCredentials


def confirm_password(user: User, password: str) -> bool:
    """Whether the signed-in user knows their password; wrong ones count as failed sign-ins. Raises TooOften."""
    limits.check("sign_in_account", f"user:{user.id}")
    if passwords.verify_password(password, user.password_hash):
        return True
    limits.count("sign_in_account", f"user:{user.id}")
    return False


def begin(user: User, *, password: str | None = None, remember: bool = False) -> None:
    """A new session for this user, of which nobody can have known anything before; only the cart comes along."""
    outdated = password is not None and passwords.is_outdated(user.password_hash)
    new_hash = passwords.hash_password(password) if password is not None and outdated else None
    with unit_of_work():
        accounts.note_sign_in(user, clock.now(), new_hash=new_hash)
    renew(user, remember=remember)


def renew(user: User, *, remember: bool = False) -> None:
    """The session starts over as this user's, with their present epoch."""
    kept = {name: session[name] for name in COMES_ALONG if name in session}
    session.clear()
    session.update(kept)
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
