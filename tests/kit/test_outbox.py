from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from app.kit import clock, outbox
from app.kit.broker import broker
from app.kit.db import db, unit_of_work
from app.kit.limits import LimitCounter
from app.kit.outbox import OutboxEvent

pytestmark = pytest.mark.usefixtures("app")


class Effects:
    """Writes each event's number into the ledger at hand, and fails on those named `bad`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def settle(self, batch: Sequence[OutboxEvent], now: datetime) -> None:
        self.batches.append([event.payload["n"] for event in batch])
        for event in batch:
            if event.payload.get("bad"):
                raise ValueError("nobody can settle this")
            db.session.add(LimitCounter(bucket=event.key, count=event.payload["n"], expires_at=now))


@pytest.fixture
def effects() -> Iterator[Effects]:
    made = Effects()
    outbox.register("test", queue="default", settle=made.settle, limit=3)
    yield made
    del outbox.TOPICS["test"]


def put(*numbers: int, bad: bool = False, stream: str = "") -> None:
    with unit_of_work():
        for n in numbers:
            outbox.put("test", key=f"test:{n}", payload={"n": n, "bad": bad}, now=clock.now(), stream=stream)


def written() -> list[int]:
    db.session.rollback()
    return sorted(db.session.scalars(select(LimitCounter.count)))


def open_events() -> list[OutboxEvent]:
    db.session.expire_all()
    return list(db.session.scalars(select(OutboxEvent).where(OutboxEvent.settled_at.is_(None))))


def test_events_are_settled_in_batches_and_once(effects: Effects) -> None:
    put(*range(7))
    assert outbox.drain("test") == 7
    assert outbox.drain("test") == 0
    assert written() == list(range(7))
    assert [len(batch) for batch in effects.batches] == [3, 3, 1]


def test_an_event_is_noted_once_whoever_says_it_again(effects: Effects) -> None:  # noqa: ARG001
    put(1)
    with unit_of_work():
        assert not outbox.put("test", key="test:1", payload={"n": 2}, now=clock.now())
    assert outbox.drain("test") == 1
    assert written() == [1]


def test_nothing_is_noted_when_its_cause_fails(effects: Effects) -> None:  # noqa: ARG001
    with pytest.raises(ZeroDivisionError), unit_of_work():
        outbox.put("test", key="test:1", payload={"n": 1}, now=clock.now())
        raise ZeroDivisionError
    assert open_events() == []


def test_one_event_that_fails_keeps_no_other_waiting(effects: Effects) -> None:  # noqa: ARG001
    put(1)
    put(2, bad=True)
    put(3)
    assert outbox.drain("test") == 2
    assert written() == [1, 3]
    [left] = open_events()
    assert left.last_error == "ValueError: nobody can settle this"
    assert left.due_at - clock.now() > timedelta(seconds=4)


def test_an_event_that_keeps_failing_is_set_aside_and_can_be_retried(
    effects: Effects,  # noqa: ARG001
    frozen: time_machine.TimeMachineFixture,
) -> None:
    put(1, bad=True)
    for pause in (*outbox.PAUSES, timedelta(0)):
        assert outbox.drain("test") == 0
        frozen.shift(pause)
    [left] = open_events()
    assert left.set_aside_at is not None
    assert outbox.drain("test") == 0
    with unit_of_work():
        db.session.execute(update(OutboxEvent).values(payload={"n": 1}))
        assert outbox.retry(left.id, now=clock.now())
    assert outbox.drain("test") == 1
    assert written() == [1]


def test_a_lease_keeps_others_away_until_it_runs_out(
    effects: Effects,  # noqa: ARG001
    frozen: time_machine.TimeMachineFixture,
) -> None:
    put(1)
    assert len(outbox.lease(outbox.TOPICS["test"], now=clock.now())) == 1
    assert outbox.drain("test") == 0
    frozen.shift(outbox.LEASE)
    assert outbox.drain("test") == 1


def test_what_was_done_under_a_lost_lease_is_undone(
    effects: Effects,
    frozen: time_machine.TimeMachineFixture,
) -> None:
    put(1)
    slow = outbox.lease(outbox.TOPICS["test"], now=clock.now())
    db.session.expunge_all()
    frozen.shift(outbox.LEASE)
    assert outbox.drain("test") == 1
    assert outbox._work_off(outbox.TOPICS["test"], slow) == 0  # noqa: SLF001 the slow worker goes on
    assert written() == [1]
    assert effects.batches == [[1], [1]]


def test_two_workers_never_work_on_one_stream_at_once(effects: Effects) -> None:  # noqa: ARG001
    put(1, 2, 3, 4, stream="user:1")
    put(5, stream="user:2")
    first = outbox.lease(outbox.TOPICS["test"], now=clock.now())
    second = outbox.lease(outbox.TOPICS["test"], now=clock.now())
    assert [event.payload["n"] for event in first] == [1, 2, 3]
    assert [event.payload["n"] for event in second] == [5]


def test_events_whose_worker_died_twice_come_one_by_one(
    effects: Effects, frozen: time_machine.TimeMachineFixture
) -> None:
    put(1, 2, 3)
    for _death in range(2):
        outbox.lease(outbox.TOPICS["test"], now=clock.now())
        frozen.shift(outbox.LEASE)
    assert outbox.drain("test") == 3
    assert effects.batches == [[1], [2], [3]]


def test_the_sweep_settles_what_no_bell_was_heard_for(
    effects: Effects,  # noqa: ARG001
    frozen: time_machine.TimeMachineFixture,
) -> None:
    put(1)
    assert outbox.sweep("test", clock.now()) == 0
    frozen.shift(outbox.OVERDUE)
    assert outbox.sweep("test", clock.now()) == 1


def test_a_thousand_events_ring_one_bell(effects: Effects) -> None:  # noqa: ARG001
    put(*range(10))
    put(*range(10, 20))
    assert broker().redis.llen("rq:queue:default") == 1


def test_without_redis_events_are_noted_all_the_same(app: Flask, effects: Effects) -> None:  # noqa: ARG001
    real = app.extensions["broker"]
    app.extensions["broker"] = type(real)("redis://127.0.0.1:1/0")
    try:
        put(1)
    finally:
        app.extensions["broker"] = real
    assert outbox.drain("test") == 1


def test_the_backlog_says_how_each_topic_stands(effects: Effects) -> None:  # noqa: ARG001
    put(1, 2)
    [told] = [each for each in outbox.backlog() if each.topic == "test"]
    assert (told.waiting, told.set_aside) == (2, 0)
    assert told.oldest_at is not None
