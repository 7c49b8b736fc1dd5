"""What must still happen, as rows: written with the change that caused them, leased by workers, settled once.

An event waits until somebody leases it. Its effect and its settling are one transaction, which fails when the
lease was lost meanwhile; so the effect happens once, however often the event is delivered.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import structlog
from sqlalchemy import Index, Select, String, Text, func, select, text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import clock
from app.kit.db import Base, Json, among, db, insert, is_overload, pk, take_turns, unit_of_work
from app.kit.jobs import hear, ring
from app.kit.ticker import every

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 21_600))
SUSPECT_FROM = 2
SWEEP_SECONDS = 5
OVERDUE = timedelta(seconds=SWEEP_SECONDS)

Settle = Callable[[Sequence["OutboxEvent"], datetime], None]


class OutboxEvent(Base):
    """Something that must still happen. Events of one `stream` are worked off in their order."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        Index(
            "ix_outbox_events_waiting",
            "topic",
            "id",
            postgresql_where=text("settled_at IS NULL AND set_aside_at IS NULL"),
            sqlite_where=text("settled_at IS NULL AND set_aside_at IS NULL"),
        ),
        Index(
            "ix_outbox_events_leased",
            "topic",
            "stream",
            postgresql_where=text("leased_until IS NOT NULL"),
            sqlite_where=text("leased_until IS NOT NULL"),
        ),
        Index(
            "ix_outbox_events_set_aside",
            "set_aside_at",
            postgresql_where=text("set_aside_at IS NOT NULL"),
            sqlite_where=text("set_aside_at IS NOT NULL"),
        ),
    )

    id: Mapped[pk]
    topic: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(160), unique=True)
    stream: Mapped[str] = mapped_column(String(80), default="")
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    set_aside_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


class LeaseLost(Exception):
    """Another worker has, or had, these events; whatever was done with them here is undone."""


class UnknownTopic(Exception):
    """Nothing here works off the events of this name: whatever wrote them was another version."""


@dataclass(frozen=True, slots=True)
class Topic:
    """How events of one name are worked off: `settle(batch, now)`, at most `limit` at once.

    In its transaction by default; one that reaches outside (`is_external`) opens its own, and must bear repetition.
    """

    name: str
    queue: str
    settle: Settle
    limit: int = 200
    is_external: bool = False


TOPICS: dict[str, Topic] = {}
_waiting = (OutboxEvent.settled_at.is_(None), OutboxEvent.set_aside_at.is_(None))


def register(name: str, *, queue: str, settle: Settle, limit: int = 200, is_external: bool = False) -> None:
    """Say who works off the events of a topic. The ticker sweeps up what no bell was heard for."""
    TOPICS[name] = Topic(name, queue, settle, limit, is_external)
    every(f"outbox.sweep.{name}", seconds=SWEEP_SECONDS)(partial(sweep, name))


def put(topic: str, *, key: str, payload: Mapping[str, Any], now: datetime, stream: str = "") -> bool:
    """Note, in the caller's transaction, that something must happen; ring once it is committed.

    The key is unique for ever: False when it is known already, and nothing is noted.
    """
    noted = db.session.scalar(
        insert(OutboxEvent)
        .values(topic=topic, key=key, stream=stream, payload=dict(payload), created_at=now, due_at=now, attempts=0)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(OutboxEvent.id)
    )
    if noted is not None:
        ring(TOPICS[topic].queue)
    return noted is not None


def answer_bell(queue: str) -> int:
    """The job behind the bell: work off every topic of the queue. How many events it settled."""
    hear(queue)
    return sum(drain(topic.name) for topic in list(TOPICS.values()) if topic.queue == queue)


def drain(name: str) -> int:
    """Work off what is waiting, in batches. Safe to run any number of times, anywhere, at once."""
    topic, settled = TOPICS[name], 0
    while batch := lease(topic, now=clock.now()):
        settled += _work_off(topic, batch)
    return settled


def sweep(name: str, now: datetime) -> int:
    """Work off a topic for which no bell was heard, or whose worker died."""
    overdue = select(OutboxEvent.id).where(
        OutboxEvent.topic == name,
        *_waiting,
        OutboxEvent.due_at <= now - OVERDUE,
        func.coalesce(OutboxEvent.leased_until, OutboxEvent.due_at) <= now,
    )
    found = db.session.scalar(overdue.limit(1))
    db.session.rollback()
    return 0 if found is None else drain(name)


def lease(topic: Topic, *, now: datetime) -> list[OutboxEvent]:
    """Take the next waiting events for a minute, oldest first, in a transaction of its own.

    Streams that somebody else is working on are left alone. Events that failed twice, or whose worker died twice,
    come one by one, so that they can't take others down.
    """
    with unit_of_work():
        take_turns(f"outbox:{topic.name}")  # leases of a topic don't overlap
        fresh = _take(_next(topic, now).where(OutboxEvent.attempts < SUSPECT_FROM).limit(topic.limit), now)
        return fresh or _take(_next(topic, now).limit(1), now)


def _next(topic: Topic, now: datetime) -> Select[int]:
    """Ids of what can be leased. The set of busy streams is small: what is leased right now."""
    is_free = (OutboxEvent.leased_until.is_(None)) | (OutboxEvent.leased_until <= now)
    busy = select(OutboxEvent.stream).where(
        OutboxEvent.topic == topic.name, *_waiting, OutboxEvent.leased_until > now, OutboxEvent.stream != ""
    )
    return (
        select(OutboxEvent.id)
        .where(OutboxEvent.topic == topic.name, *_waiting, OutboxEvent.due_at <= now, is_free)
        .where(OutboxEvent.stream.not_in(busy))
        .order_by(OutboxEvent.id)
    )


def _take(ids: Select[int], now: datetime) -> list[OutboxEvent]:
    taken = db.session.scalars(
        update(OutboxEvent)
        .where(OutboxEvent.id.in_(ids.scalar_subquery()))
        .values(lease=secrets.token_hex(8), leased_until=now + LEASE, attempts=OutboxEvent.attempts + 1)
        .returning(OutboxEvent)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(taken, key=lambda event: event.id)


def _work_off(topic: Topic, batch: Sequence[OutboxEvent]) -> int:
    """Settle the batch; when that fails, one by one, so that only what is broken stays behind."""
    try:
        _settle(topic, batch)
    except LeaseLost:
        log.info("lease_lost", topic=topic.name, events=len(batch))
        return 0
    except Exception as error:
        if is_overload(error):
            _give_back(batch)
            raise
        if len(batch) > 1:
            return sum(_work_off(topic, [event]) for event in batch)
        log.warning("event_failed", topic=topic.name, event_id=batch[0].id, exc_info=True)
        _put_off(batch[0], error)
        return 0
    return len(batch)


def _settle(topic: Topic, batch: Sequence[OutboxEvent]) -> None:
    if topic.is_external:
        topic.settle(batch, clock.now())
        with unit_of_work():
            _mark_settled(batch)
        return
    with unit_of_work():
        topic.settle(batch, clock.now())
        _mark_settled(batch)


def _mark_settled(batch: Sequence[OutboxEvent]) -> None:
    """Raises LeaseLost unless every event is still ours."""
    if _still_ours(batch, settled_at=clock.now(), lease=None, leased_until=None) != len(batch):
        raise LeaseLost


def _put_off(event: OutboxEvent, error: Exception) -> None:
    """Try again after a growing pause; set aside, for people to look at, what fails for good."""
    now = clock.now()
    values: dict[str, Any] = {
        "lease": None,
        "leased_until": None,
        "last_error": f"{type(error).__name__}: {error}"[:2000],
    }
    if event.attempts > len(PAUSES):
        values["set_aside_at"] = now
    else:
        values["due_at"] = now + PAUSES[event.attempts - 1]
    with unit_of_work():
        _still_ours([event], **values)


def _give_back(batch: Sequence[OutboxEvent]) -> None:
    """The database was too busy, which is no fault of these events: let them wait without a mark."""
    try:
        with unit_of_work():
            _still_ours(batch, lease=None, leased_until=None, attempts=OutboxEvent.attempts - 1)
    except SQLAlchemyError:  # then the lease runs out by itself
        log.warning("give_back_failed", events=len(batch))


def _still_ours(batch: Sequence[OutboxEvent], **values: Any) -> int:
    """Change the events that are still under our lease. How many those were."""
    changed = db.session.execute(
        update(OutboxEvent)
        .where(among(OutboxEvent.id, [event.id for event in batch]))
        .where(OutboxEvent.lease == batch[0].lease, OutboxEvent.settled_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", changed).rowcount


@dataclass(frozen=True, slots=True)
class Backlog:
    """How a topic stands: events waiting and set aside, and since when the oldest waits."""

    topic: str
    waiting: int
    set_aside: int
    oldest_at: datetime | None


def backlog() -> list[Backlog]:
    """How every topic stands, in one statement."""
    open_events = (
        select(
            OutboxEvent.topic,
            func.count().filter(OutboxEvent.set_aside_at.is_(None)),
            func.count().filter(OutboxEvent.set_aside_at.is_not(None)),
            func.min(OutboxEvent.created_at).filter(OutboxEvent.set_aside_at.is_(None)),
        )
        .where(OutboxEvent.settled_at.is_(None))
        .group_by(OutboxEvent.topic)
    )
    found = {row[0]: Backlog(*row) for row in db.session.execute(open_events)}
    return [found.get(name, Backlog(name, 0, 0, None)) for name in sorted(TOPICS | found)]


def troubled() -> Select[OutboxEvent]:
    """Unsettled events that failed, or that nobody will ever take because their topic is unknown.

    Those that were set aside come first, then those still tried again.
    """
    is_broken = OutboxEvent.last_error.is_not(None) | OutboxEvent.topic.not_in(TOPICS)
    unsettled = select(OutboxEvent).where(OutboxEvent.settled_at.is_(None), is_broken)
    return unsettled.order_by(OutboxEvent.set_aside_at.is_(None), OutboxEvent.id)


def replace_set_aside(name: str, *, key: str, now: datetime) -> None:
    """Settle what was set aside under this key, or one that goes on from it (`key:…`): another event does it now."""
    named = (OutboxEvent.key == key) | OutboxEvent.key.startswith(f"{key}:", autoescape=True)
    old = (OutboxEvent.topic == name, OutboxEvent.set_aside_at.is_not(None), named)
    db.session.execute(
        update(OutboxEvent).where(*old).values(set_aside_at=None, settled_at=now),
        execution_options={"synchronize_session": False},
    )


def retry(event_id: int, *, now: datetime) -> bool:
    """Let an event that was set aside wait again, as if it were new. False when it isn't set aside.

    Raises UnknownTopic where that would be for ever.
    """
    event = db.session.scalar(
        update(OutboxEvent)
        .where(OutboxEvent.id == event_id, OutboxEvent.set_aside_at.is_not(None))
        .values(set_aside_at=None, attempts=0, due_at=now)
        .returning(OutboxEvent)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if event is None:
        return False
    if event.topic not in TOPICS:
        raise UnknownTopic(event.topic)
    ring(TOPICS[event.topic].queue)
    return True
