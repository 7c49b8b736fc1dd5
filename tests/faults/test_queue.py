"""What the queue promises when things go wrong: every log earns once, within two minutes. Real processes, real kills.

Where only Redis is at fault, one database is enough.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from app.accounts.models import User
from app.activity.models import WorkoutLog
from app.kit import clock
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.loyalty import books
from app.loyalty.models import XpSummary, XpTransaction
from tests import make
from tests.processes import Running, environment_of, wait_until, web, worker
from tests.visiting import Visitor

PROMISED_SECONDS = 120
NOBODY = "redis://127.0.0.1:1/0"
HELD_WORKER = "tests/faults/held_worker.py"


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="mia")


def visitor_of(running: Running) -> Visitor:
    visitor = Visitor(running.url)
    visitor.get("/login")
    signed_in = visitor.post("/login", data={"username": "mia", "password": make.PASSWORD})
    assert signed_in.status_code == 303, signed_in.text
    visitor.get("/client/log")
    return visitor


def log_workout(visitor: Visitor) -> requests.Response:
    when = (clock.now() - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")
    return visitor.post("/client/log/workout", data={"performed_at": when, "title": "Run"})


def xp_of(client: User) -> int:
    db.session.rollback()
    return db.session.get_one(XpSummary, client.id, populate_existing=True).total_xp


def is_settled() -> bool:
    db.session.rollback()
    return not db.session.scalar(select(func.count()).where(OutboxEvent.settled_at.is_(None)))


def wait_for_the_award(client: User, running: Running | None = None) -> None:
    """Until everything is settled, within the time promised; then the books must be exact."""
    wait_until(is_settled, running, seconds=PROMISED_SECONDS)
    assert xp_of(client) == 20
    [entry] = db.session.scalars(select(XpTransaction).where(XpTransaction.user_id == client.id))
    [workout] = db.session.scalars(select(WorkoutLog))
    assert (entry.source_key, entry.details) == (workout.source, {"workout_log_id": workout.id})
    assert books.differences() == []


def bells(redis_url: str) -> int:
    with Redis.from_url(redis_url) as connection:
        return int(connection.llen("rq:queue:loyalty"))


@contextmanager
def in_background(work: Callable[[], object]) -> Iterator[None]:
    """Do it in a thread; that it never gets an answer is no failure."""

    def attempt() -> None:
        with suppress(requests.RequestException):
            work()

    thread = threading.Thread(target=attempt)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_with_redis_away_a_log_is_taken_at_once_and_awarded(app: Flask, mia: User, tmp_path: Path) -> None:
    env = environment_of(app, REDIS_URL=NOBODY)
    with web(env, tmp_path) as door:
        visitor = visitor_of(door)
        began = time.monotonic()
        assert log_workout(visitor).status_code == 303
        assert time.monotonic() - began < 2
        assert xp_of(mia) == 0
        with worker(env, tmp_path) as running:
            wait_for_the_award(mia, running)


def test_a_web_process_killed_between_commit_and_bell_loses_nothing(
    app: Flask, mia: User, redis_url: str, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    env = environment_of(app, HELD=str(held))
    with web(env, tmp_path, workers=1, wsgi="tests.faults.held_wsgi:app") as door:
        visitor = visitor_of(door)
        with in_background(lambda: log_workout(visitor)):
            wait_until(held.exists, door)
            door.kill()
    assert db.session.scalar(select(func.count()).select_from(WorkoutLog)) == 1
    assert (bells(redis_url), xp_of(mia)) == (0, 0)
    with worker(environment_of(app), tmp_path) as running:
        wait_for_the_award(mia, running)


@pytest.mark.parametrize(("point", "awarded"), [("leased", 0), ("paid", 0), ("settled", 20)])
def test_a_worker_killed_on_the_way_is_relieved_by_another(
    app: Flask, mia: User, tmp_path: Path, point: str, awarded: int
) -> None:
    held = tmp_path / "held"
    make.workout(mia, at=clock.now())
    with worker(environment_of(app, HELD=str(held), HOLD_AT=point), tmp_path, script=HELD_WORKER) as first:
        wait_until(held.exists, first)
        first.kill()
    assert xp_of(mia) == awarded
    with worker(environment_of(app), tmp_path) as second:
        wait_for_the_award(mia, second)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_flushed_redis_loses_nothing(app: Flask, mia: User, redis_url: str, tmp_path: Path) -> None:
    with web(environment_of(app), tmp_path) as door:
        assert log_workout(visitor_of(door)).status_code == 303
    assert bells(redis_url) == 1
    with Redis.from_url(redis_url) as connection:
        connection.flushdb()
    with worker(environment_of(app), tmp_path) as running:
        wait_for_the_award(mia, running)


def test_a_bell_that_rings_twice_on_two_workers_awards_once(
    app: Flask, mia: User, redis_url: str, tmp_path: Path
) -> None:
    make.workout(mia, at=clock.now())
    with Redis.from_url(redis_url) as connection:
        [job] = connection.lrange("rq:queue:loyalty", 0, -1)
        connection.rpush("rq:queue:loyalty", job)
    with worker(environment_of(app), tmp_path, "--processes", "2") as running:
        wait_for_the_award(mia, running)
        wait_until(lambda: bells(redis_url) == 0, running)
        wait_for_the_award(mia, running)
