"""Doing a thing once, however often it is asked for: the first answer is kept under the caller's key and told again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, String, Text, UniqueConstraint, delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, db, insert, pk, unit_of_work
from app.kit.ticker import every

LIFETIME = timedelta(hours=24)
LONGEST_KEY = 128


class KeyReused(Exception):
    """The key was used before, for something else."""


class TwinAtWork(Exception):
    """Another request with this key is still at work, and waiting for it took too long."""


class IdempotencyKey(Base):
    """An answer, as it was first given. Written in the transaction of what it tells of."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("caller", "key", name="uq_idempotency_keys_caller_key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )
    id: Mapped[pk]
    caller: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer: its status and its body, to the letter."""

    status: int
    body: str


def claim(caller: str, key: str, fingerprint: str, *, now: datetime) -> Kept | None:
    """The answer kept under this key; None when the work is yours, then `keep` its answer in the same unit of work.

    The unique key makes a twin wait until the first transaction ends. Raises KeyReused and TwinAtWork.
    """
    if _is_mine(caller, key, fingerprint, now):
        return None
    first = db.session.execute(
        select(IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body).where(
            IdempotencyKey.caller == caller, IdempotencyKey.key == key
        )
    ).one()
    if first.fingerprint != fingerprint:
        raise KeyReused
    return Kept(first.status, first.body)


def keep(caller: str, key: str, *, status: int, body: str) -> None:
    """Keep the answer to what was done in this unit of work."""
    db.session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.caller == caller, IdempotencyKey.key == key)
        .values(status=status, body=body)
    )


@every("idempotency.forget", seconds=3600)
def forget_old(now: datetime) -> None:
    """Forget the answers that are no longer promised."""
    with unit_of_work():
        db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - LIFETIME))


def _is_mine(caller: str, key: str, fingerprint: str, now: datetime) -> bool:
    """Take the key when it is free or its answer has had its time. Waits for whoever is taking it."""
    take = insert(IdempotencyKey).values(caller=caller, key=key, fingerprint=fingerprint, created_at=now)
    take = take.on_conflict_do_update(
        index_elements=["caller", "key"],
        set_={"fingerprint": fingerprint, "status": None, "body": None, "created_at": now},
        where=IdempotencyKey.created_at <= now - LIFETIME,
    )
    try:
        return db.session.execute(take.returning(IdempotencyKey.id)).first() is not None
    except DBAPIError as error:
        if _waited_too_long(error):
            raise TwinAtWork from error
        raise


def _waited_too_long(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "55P03" or "database is locked" in str(error.orig)
