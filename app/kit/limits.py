"""How often somebody may fail, or ask, in a minute. Counted in Redis; while that is away, in the database."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app
from redis import Redis
from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import clock
from app.kit.broker import broker
from app.kit.db import Base, db, insert, unit_of_work
from app.kit.ticker import every

WINDOW = 60
LIMITS = {
    "sign_in_account": 10,
    "sign_in_address": 30,
    "codes_address": 60,
    "codes_session": 10,
    "reset_address": 5,
    "admin_writes": 600,
    "api_key": 600,
}


class TooOften(Exception):
    """The limit is used up; it is worth trying again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} s")
        self.retry_after = retry_after


class LimitCounter(Base):
    """What was counted in one window under one name and key, while Redis was away."""

    __tablename__ = "limit_counters"

    bucket: Mapped[str] = mapped_column(String(80), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class _Window:
    bucket: str
    closes_in: int


def check(name: str, key: str) -> None:
    """Raises TooOften when the limit is used up in this minute. Counts nothing."""
    if not current_app.config["RATELIMIT_ENABLED"]:
        return
    window = _window(name, key)
    counted = broker().call(lambda redis: _read(redis, window), otherwise=None)
    if counted is None:
        counted = db.session.scalar(select(LimitCounter.count).where(LimitCounter.bucket == window.bucket)) or 0
    if counted >= _limit(name):
        raise TooOften(window.closes_in)


def count(name: str, key: str) -> None:
    """Count one. Raises TooOften when that was one too many, so that rivals at once can't slip through.

    Opens a unit of work of its own where Redis is away.
    """
    if not current_app.config["RATELIMIT_ENABLED"]:
        return
    window = _window(name, key)
    counted = broker().call(lambda redis: _count(redis, window), otherwise=None)
    if counted is None:
        counted = _count_in_database(window)
    if counted > _limit(name):
        raise TooOften(window.closes_in)


@every("limits.forget", seconds=300)
def forget_old(now: datetime) -> None:
    """Clear away windows that have closed."""
    with unit_of_work():
        db.session.execute(delete(LimitCounter).where(LimitCounter.expires_at <= now))


def _limit(name: str) -> int:
    """What this installation allows in a minute."""
    return int(current_app.config["RATELIMITS"].get(name, LIMITS[name]))


def _window(name: str, key: str) -> _Window:
    """Keys are digested: neither Redis nor the database learns an address or a name."""
    elapsed = int(clock.now().timestamp())
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    return _Window(f"{name}:{digest}:{elapsed // WINDOW}", WINDOW - elapsed % WINDOW)


def _read(redis: Redis, window: _Window) -> int:
    return int(cast("bytes | None", redis.get(f"laurel:limit:{window.bucket}")) or 0)


def _count(redis: Redis, window: _Window) -> int:
    pipeline = redis.pipeline(transaction=True)
    pipeline.incr(f"laurel:limit:{window.bucket}")
    pipeline.expire(f"laurel:limit:{window.bucket}", WINDOW)
    return int(pipeline.execute()[0])


def _count_in_database(window: _Window) -> int:
    expires_at = clock.now() + timedelta(seconds=window.closes_in)
    first: Any = insert(LimitCounter).values(bucket=window.bucket, count=1, expires_at=expires_at)
    with unit_of_work():
        return int(
            db.session.scalar(
                first.on_conflict_do_update(
                    index_elements=["bucket"], set_={"count": LimitCounter.count + 1}
                ).returning(LimitCounter.count)
            )
        )
