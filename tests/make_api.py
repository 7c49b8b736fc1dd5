"""Callers of the API."""

from app.accounts import tokens
from app.accounts.models import User
from app.kit import clock
from app.kit.db import unit_of_work
from tests import make_accounts


def bearer(user: User | None = None) -> dict[str, str]:
    """The header of somebody who signed in just now; of an admin, unless told otherwise."""
    user = user or make_accounts.user(role="admin")
    with unit_of_work():
        pair = tokens.issue(user, clock.now())
    return {"Authorization": f"Bearer {pair.access}"}


def api_key(*scopes: str) -> dict[str, str]:
    """The header of a program with these scopes."""
    admin = make_accounts.user(role="admin")
    with unit_of_work():
        _key, secret = tokens.make_key("A program", scopes, made_by=admin, expires_at=None, now=clock.now())
    return {"Authorization": f"Bearer {secret}"}
