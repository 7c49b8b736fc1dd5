"""Links that set a new password: asked for at the door, made and mailed by a worker, used once."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update

from app.accounts import service
from app.accounts.errors import DeadLink
from app.accounts.models import PasswordReset, User
from app.config import settings
from app.kit import outbox
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.messages import service as messages

TOPIC = "password_reset"
VALID_FOR = timedelta(hours=1)


def ask_for(user_id: int | None, *, now: datetime) -> None:
    """Note that a link was asked for; for nobody's address (None) too, so that both take the same time."""
    outbox.put(TOPIC, key=f"reset:{secrets.token_hex(12)}", payload={"user_id": user_id}, now=now)


def send_links(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """Make the links that were asked for, and put them in the mail."""
    for event in batch:
        user = service.by_id(event.payload["user_id"]) if event.payload["user_id"] else None
        if user is not None and user.is_active:
            _send_link(user, event.key, now)


def check(token: str, *, now: datetime) -> None:
    """Raises DeadLink unless the link still works. Looking at it doesn't use it up."""
    alive = select(PasswordReset.id).where(*_is_alive(token, now))
    if db.session.scalar(alive) is None:
        raise DeadLink


def use(token: str, password_hash: str, *, now: datetime) -> User:
    """Set the password; the link, and every other one of this user, is used up. Raises DeadLink."""
    user_id = db.session.scalar(
        update(PasswordReset).where(*_is_alive(token, now)).values(used_at=now).returning(PasswordReset.user_id)
    )
    if user_id is None:
        raise DeadLink
    user = service.lock(user_id)
    if not user.is_active:
        raise DeadLink
    service.set_password(user, password_hash, now)
    return user


def _send_link(user: User, key: str, now: datetime) -> None:
    token = secrets.token_urlsafe(32)
    db.session.add(PasswordReset(user_id=user.id, token_hash=_hash(token), created_at=now, expires_at=now + VALID_FOR))
    context = {
        "name": user.name,
        "link": f"{settings().base_url}/password/reset/{token}",
        "minutes": int(VALID_FOR.total_seconds() // 60),
    }
    messages.send(user.email, "password_reset", context, key=key, locale=user.locale, now=now)


def _is_alive(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        PasswordReset.token_hash == _hash(token),
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
