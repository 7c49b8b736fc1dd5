"""Checking a password, the same way at every door."""

from app.accounts import passwords, service
from app.accounts.errors import WrongCredentials
from app.accounts.models import User
from app.kit import limits
from app.kit.text import fold


def authenticate(login: str, password: str, *, address: str) -> User:
    """The active user whom name (or e-mail) and password belong to, in the same time whether or not there is one.

    Failures count per account and address. Raises WrongCredentials, TooOften. Slow: not inside a unit of work.
    """
    user = service.find_by_login(login)
    account = _account_of(user) if user else fold(login)
    limits.check("sign_in_account", account)
    limits.check("sign_in_address", address)
    fits = passwords.verify_password(password, user.password_hash if user else None)
    if user is not None and fits and user.is_active:
        return user
    limits.count("sign_in_account", account)
    limits.count("sign_in_address", address)
    raise WrongCredentials


def confirm(user: User, password: str) -> bool:
    """Whether the signed-in user knows their password; wrong ones count as failed sign-ins. Raises TooOften."""
    limits.check("sign_in_account", _account_of(user))
    if passwords.verify_password(password, user.password_hash):
        return True
    limits.count("sign_in_account", _account_of(user))
    return False


def _account_of(user: User) -> str:
    return f"user:{user.id}"
