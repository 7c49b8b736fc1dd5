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

TOPIC = "password_reset"
VALID_FOR = timedelta(hours=1)
INVITATION_VALID_FOR = timedelta(days=7)


def ask_for(user_id: int | None, *, now: datetime, is_invitation: bool = False) -> None:
    """Note that a link was asked for; for nobody's address (None) too, so that both take the same time."""
    payload = {"user_id": user_id, "is_invitation": is_invitation}
    outbox.put(TOPIC, key=f"reset:{secrets.token_hex(12)}", payload=payload, now=now)


def send_links(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """Make the links that were asked for, and put them in the mail."""
    for event in batch:
        user = service.by_id(event.payload["user_id"]) if event.payload["user_id"] else None
        if user is not None and user.is_active:
            _send_link(user, event, now)


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


def _send_link(user: User, event: OutboxEvent, now: datetime) -> None:
    token, is_invitation = secrets.token_urlsafe(32), event.payload["is_invitation"]
    valid_for = INVITATION_VALID_FOR if is_invitation else VALID_FOR
    db.session.add(PasswordReset(user_id=user.id, token_hash=_hash(token), created_at=now, expires_at=now + valid_for))
    context = {
        "link": f"{settings().base_url}/password/reset/{token}",
        "minutes": int(VALID_FOR.total_seconds() // 60),
        "days": INVITATION_VALID_FOR.days,
    }
    template = "invitation" if is_invitation else "password_reset"
    service.write_to(user, template, context, key=event.key, now=now)


def _is_alive(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        PasswordReset.token_hash == _hash(token),
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
