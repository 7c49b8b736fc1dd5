"""The kit's guards, raced for: leases, counts of limits, the ticker's periods."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.kit import clock, limits, outbox, ticker
from app.kit.broker import Broker
from app.kit.db import db, unit_of_work
from app.kit.limits import LIMITS, LimitCounter
from app.kit.outbox import OutboxEvent
from app.kit.ticker import Task, Tick
from tests.make import NOW
from tests.racing import after_statement, before_statement, race, unguarded_race

MINUTE = timedelta(minutes=1)


def settle(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """An effect that shows when it happens again: a count."""
    for event in batch:
        bucket = LimitCounter.bucket == event.key
        db.session.execute(update(LimitCounter).where(bucket).values(count=LimitCounter.count + 1, expires_at=now))


@pytest.fixture
def _events(app: Flask) -> Iterator[None]:  # noqa: ARG001
    outbox.register("test", queue="default", settle=settle, limit=10)
    with unit_of_work():
        for number in range(4):
            outbox.put("test", key=f"test:{number}", payload={}, now=clock.now())
            db.session.add(LimitCounter(bucket=f"test:{number}", count=0, expires_at=clock.now()))
    yield
    del outbox.TOPICS["test"]


def effects() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(LimitCounter.count)))


def worker() -> str:
    return str(outbox.drain("test"))


@pytest.mark.usefixtures("_events")
def test_four_workers_settle_each_event_once(app: Flask) -> None:
    assert sorted(race(app, [worker] * 4)) == ["0", "0", "0", "4"]
    assert effects() == [1] * 4


@pytest.mark.usefixtures("_events")
def test_whose_lease_was_taken_over_leaves_no_effect(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LEASE", timedelta(seconds=-1))
    outcomes = race(app, [worker] * 2, hold=after_statement("^UPDATE outbox_events .*lease="))
    assert sum(map(int, outcomes)) == 4
    assert effects() == [1] * 4


@pytest.mark.usefixtures("_events")
def test_without_the_lease_both_workers_do_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LEASE", timedelta(seconds=-1))
    monkeypatch.setattr(outbox, "_mark_settled", lambda _batch: None)

    def worker_of_one_batch() -> str:
        return str(outbox._work_off(outbox.TOPICS["test"], outbox.lease(outbox.TOPICS["test"], now=clock.now())))  # noqa: SLF001

    outcomes = race(app, [worker_of_one_batch] * 2, hold=after_statement("^UPDATE outbox_events .*lease="))
    assert outcomes == ["4", "4"]
    assert effects() == [2] * 4


def guesses(count: int) -> list[Callable[[], str]]:
    def guess() -> str:
        try:
            limits.count("sign_in_account", "ada")
        except limits.TooOften:
            return "too often"
        return "counted"

    return [guess] * count


@pytest.fixture
def _without_redis(app: Flask) -> Iterator[None]:
    real, app.extensions["broker"] = app.extensions["broker"], Broker("redis://127.0.0.1:1/0")
    yield
    app.extensions["broker"] = real


@pytest.mark.usefixtures("frozen", "_without_redis")
def test_a_limit_holds_for_all_processes_together(app: Flask) -> None:
    most = LIMITS["sign_in_account"]
    outcomes = race(app, guesses(most + 3), hold=before_statement("^INSERT INTO limit_counters"), seconds=0.1)
    assert sorted(outcomes) == ["counted"] * most + ["too often"] * 3


@pytest.mark.usefixtures("frozen", "_without_redis")
def test_without_the_one_statement_guesses_are_lost(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_then_write(_window: object) -> int:
        with unit_of_work():
            counted = db.session.scalar(select(LimitCounter.count)) or 0
            db.session.execute(update(LimitCounter).values(count=counted + 1))
        return counted + 1

    limits.count("sign_in_account", "ada")
    monkeypatch.setattr(limits, "_count_in_database", read_then_write)
    unguarded_race(app, guesses(3), hold=before_statement("^UPDATE limit_counters", letting_go=True))
    assert db.session.scalars(select(LimitCounter.count)).one() == 2


def note_run(now: datetime) -> None:
    with unit_of_work():
        db.session.add(LimitCounter(bucket=f"run:{clock.now().timestamp()}", count=1, expires_at=now))


def tick() -> str:
    return "ran" if ticker.run_if_due(Task("t", 300, note_run), NOW) else "left"


def test_of_four_tickers_one_runs_the_task(app: Flask) -> None:
    outcomes = race(app, [tick] * 4, hold=before_statement("^UPDATE ticks"), seconds=0.2)
    assert sorted(outcomes) == ["left", "left", "left", "ran"]


def test_without_the_claim_several_run_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting(task: Task, now: datetime) -> bool:
        with unit_of_work():
            return not db.session.scalar(select(func.count(Tick.name)).where(Tick.period >= task.period(now)))

    monkeypatch.setattr(ticker, "_claim", trusting)
    assert (
        unguarded_race(app, [tick] * 2, hold=before_statement("^INSERT INTO limit_counters", letting_go=True))
        == ["ran"] * 2
    )
