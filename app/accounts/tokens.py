"""What opens the API: short-lived access tokens and refresh tokens for people, keys for programs."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from sqlalchemy import ColumnElement, or_, select, update

from app.accounts.models import ApiKey, RefreshToken, User
from app.config import settings
from app.kit.db import db

SCOPES = ("grants", "conversions", "activity", "deposits", "read")
ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)
NOTED_EVERY = timedelta(minutes=1)
ALGORITHM = "HS256"
PURPOSE = "laurel:api"
KEY_PREFIX = "laurel_"


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token for the next 15 minutes, and a refresh token that gets the next pair, once."""

    access: str
    refresh: str
    expires_in: int = int(ACCESS_LIFETIME.total_seconds())


def issue(user: User, now: datetime) -> Pair:
    """The first pair of a new family."""
    return _next_pair(user, secrets.token_hex(16), now)


def refresh(token: str, now: datetime) -> Pair | None:
    """The next pair, or None when this token is worth nothing (any more).

    One that comes a second time was stolen, or its successor was: then the whole family ends, which the caller commits.
    """
    spent = db.session.execute(
        update(RefreshToken)
        .where(*_is_alive(token, now))
        .values(used_at=now)
        .returning(RefreshToken.user_id, RefreshToken.family)
    ).one_or_none()
    if spent is None:
        revoke(token, now)
        return None
    user = db.session.get(User, spent.user_id)
    return _next_pair(user, spent.family, now) if user and user.is_active else None


def revoke(token: str, now: datetime) -> None:
    """End the family of this refresh token; an unknown one is ended already."""
    family = select(RefreshToken.family).where(RefreshToken.token_hash == _digest(token)).scalar_subquery()
    db.session.execute(
        update(RefreshToken)
        .where(RefreshToken.family == family, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def bearer(token: str, now: datetime) -> User | None:
    """Whose access token this is; None when it is no token of ours, too old, or ended by the user's epoch."""
    try:
        claims = jwt.decode(
            token,
            signing_key(),
            algorithms=[ALGORITHM],
            audience=PURPOSE,
            options={"require": ["exp", "sub"], "verify_exp": False},
        )
        user_id, epoch, expires = int(claims["sub"]), int(claims["epoch"]), int(claims["exp"])
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
        return None
    if expires <= now.timestamp():
        return None
    return db.session.scalar(select(User).where(User.id == user_id, User.session_epoch == epoch, User.is_active))


def signing_key() -> bytes:
    """A key for access tokens alone, made from the installation's secret: what signs cookies signs nothing here."""
    return hmac.digest(settings().secret_key.encode(), PURPOSE.encode(), "sha256")


def make_key(
    name: str, scopes: Sequence[str], *, made_by: User, expires_at: datetime | None, now: datetime
) -> tuple[ApiKey, str]:
    """A key for a program, and its secret, which nobody can see again."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        name=name,
        start=secret[:12],
        key_hash=_digest(secret),
        scopes=[each for each in SCOPES if each in scopes],
        created_by_id=made_by.id,
        created_at=now,
        expires_at=expires_at,
    )
    db.session.add(key)
    db.session.flush()
    return key, secret


def key_of(secret: str, now: datetime) -> ApiKey | None:
    """The live key with this secret."""
    key = db.session.scalar(select(ApiKey).where(ApiKey.key_hash == _digest(secret)))
    return key if key and key.is_live(now) else None


def is_due_to_note(key: ApiKey, now: datetime) -> bool:
    """Whether its last use was noted so long ago that it is worth a write."""
    return key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY


def note_use(key_id: int, now: datetime) -> None:
    """Remember when the key was used last."""
    long_ago = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now)
    db.session.execute(update(ApiKey).where(ApiKey.id == key_id, long_ago).values(last_used_at=now))


def _is_alive(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        RefreshToken.token_hash == _digest(token),
        RefreshToken.used_at.is_(None),
        RefreshToken.revoked_at.is_(None),
        RefreshToken.expires_at > now,
    )


def _next_pair(user: User, family: str, now: datetime) -> Pair:
    token = secrets.token_urlsafe(32)
    db.session.add(
        RefreshToken(
            user_id=user.id, family=family, token_hash=_digest(token), created_at=now, expires_at=now + REFRESH_LIFETIME
        )
    )
    claims = {"aud": PURPOSE, "sub": str(user.id), "epoch": user.session_epoch, "exp": now + ACCESS_LIFETIME}
    return Pair(jwt.encode(claims, signing_key(), algorithm=ALGORITHM), token)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
