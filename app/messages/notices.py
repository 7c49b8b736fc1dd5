"""What users are told in the application. Callers own the transaction; the words of a notice are the door's."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from app.kit.db import db, insert_new
from app.messages.models import Notice

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Told:
    """A notice to be: whom, what kind of words, and what fills them (fit for JSON). The key is unique for ever."""

    user_id: int
    kind: str
    key: str
    context: Mapping[str, Any]


def tell(told: Told, now: datetime) -> None:
    """Tell somebody, once for each key."""
    tell_all([told], now)


def tell_all(told: Iterable[Told], now: datetime) -> None:
    """The same for many, in one statement."""
    rows = [
        {
            "key": each.key,
            "user_id": each.user_id,
            "kind": each.kind,
            "context": dict(each.context),
            "created_at": now,
            "seen_at": None,
        }
        for each in told
    ]
    insert_new(Notice, rows, ("key",), Notice.id)


def unseen(user_id: int, *, most: int = MOST_SHOWN) -> Sequence[Notice]:
    """What this user hasn't put away yet, newest first."""
    waiting = select(Notice).where(Notice.user_id == user_id, Notice.seen_at.is_(None))
    return db.session.scalars(waiting.order_by(Notice.id.desc()).limit(most)).all()


def mark_seen(user_id: int, ids: Collection[int], *, now: datetime) -> None:
    """The user has seen these notices of theirs; all others stay."""
    seen = update(Notice).where(Notice.user_id == user_id, Notice.id.in_(ids), Notice.seen_at.is_(None))
    db.session.execute(seen.values(seen_at=now))


def forget(user_id: int) -> None:
    """Nothing that this user was told stays."""
    db.session.execute(delete(Notice).where(Notice.user_id == user_id))
