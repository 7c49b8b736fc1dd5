"""Argon2id. Slow on purpose: never call it inside a unit of work."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.config import settings

NOBODYS = "the password of nobody"


def hash_password(password: str) -> str:
    return _hasher().hash(password)


def verify_password(password: str, kept: str | None) -> bool:
    """Whether the password fits. Takes as long where there is no account (None), or one without a password."""
    can_fit = kept is not None and kept.startswith("$argon2")
    nobodys = _hash_of_nobody(settings().cheap_passwords)
    try:
        _hasher().verify(kept if kept and can_fit else nobodys, password)
    except (VerificationError, InvalidHashError):
        return False
    return can_fit


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher().check_needs_rehash(kept)


def _hasher() -> PasswordHasher:
    return _make_hasher(settings().cheap_passwords)


@lru_cache(maxsize=2)
def _make_hasher(is_cheap: bool) -> PasswordHasher:  # noqa: FBT001
    if is_cheap:
        return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=2)
def _hash_of_nobody(is_cheap: bool) -> str:  # noqa: FBT001
    return _make_hasher(is_cheap).hash(NOBODYS)
