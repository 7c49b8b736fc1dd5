"""How often a visitor may type codes that nobody knows, wherever codes are typed: per session, and per address."""

from flask import request
from flask_babel import lazy_gettext as _l

from app.errors import DomainError
from app.kit import limits
from app.kit.text import normalise_code
from app.web.visitor import signed_in, visit_key


class NothingTyped(DomainError):
    code, message = "code_required", _l("Please type a code.")


def check(typed: str) -> None:
    """Raises NothingTyped, which is no guess, and TooOften for who has guessed too often in this minute."""
    if not normalise_code(typed):
        raise NothingTyped(field="code")
    for name, key in _guesser().items():
        limits.check(name, key)


def count() -> None:
    """The code was none. Raises TooOften as `limits.count` does."""
    for name, key in _guesser().items():
        limits.count(name, key)


def _guesser() -> dict[str, str]:
    user = signed_in()
    session = f"user:{user.id}" if user else f"visit:{visit_key()}"
    return {"codes_session": session, "codes_address": request.remote_addr or ""}
