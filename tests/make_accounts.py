"""People, and what opens doors for them."""

from itertools import count
from typing import Any

from app.accounts import passwords
from app.accounts import service as accounts
from app.accounts.models import User
from app.kit.db import unit_of_work
from tests.make_kit import NOW, PASSWORD

_numbers = count(1)


def user(*, password: str = PASSWORD, is_active: bool = True, **overrides: Any) -> User:
    """Somebody with an account; a client unless told otherwise, with the password `make.PASSWORD`."""
    name = f"{overrides.get('role', 'client')}{next(_numbers)}"
    values: dict[str, Any] = {"username": name, "email": f"{name}@example.com", "now": NOW}
    password_hash = passwords.hash_password(password)
    with unit_of_work():
        made = accounts.create_user(**values | overrides, password_hash=password_hash)
        made.is_active = is_active
    return made
