"""Keys for programs, as admins make and revoke them; every change is audited."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select

from app.accounts import tokens
from app.accounts.models import ApiKey, User
from app.audit import service as audit
from app.audit.service import Actor
from app.errors import NotFound
from app.kit.db import db


def keys() -> Select[ApiKey]:
    """Every key there ever was: those that still open something first, then the newest."""
    return select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())


def make(  # noqa: PLR0913
    name: str, scopes: Sequence[str], *, expires_at: datetime | None, by: User, actor: Actor, now: datetime
) -> tuple[ApiKey, str]:
    """A key, and the secret that is shown once and kept nowhere."""
    key, secret = tokens.make_key(name, scopes, made_by=by, expires_at=expires_at, now=now)
    after = {"name": key.name, "start": key.start, "scopes": key.scopes, "expires_at": expires_at}
    audit.record(actor, "create", "api_key", key.id, after=after)
    return key, secret


def revoke(key_id: int, *, actor: Actor, now: datetime) -> ApiKey:
    """The key opens nothing any more, from now on and for ever. Doing it again is fine. Raises NotFound."""
    key = db.session.get(ApiKey, key_id, with_for_update=True, populate_existing=True)
    if key is None:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = now
        audit.record(actor, "revoke", "api_key", key.id, before={"revoked_at": None}, after={"revoked_at": now})
    return key
