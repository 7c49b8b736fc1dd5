"""`worker.py` as it is run: real processes, a real Valkey, both databases."""

import json
import signal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from app.kit import valkey
from app.kit.db import db
from app.kit.metrics import JOBS_KEY
from app.kit.processes import stop
from app.kit.ticker import Tick
from tests.processes import environment_of, is_alive, wait_until, worker

on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@pytest.fixture
def queue(redis_url: str) -> Queue:
    return Queue("default", connection=Redis.from_url(redis_url), serializer=JSONSerializer)


def test_burst_does_what_is_waiting_and_ends(app: Flask, client: FlaskClient, queue: Queue, tmp_path: Path) -> None:
    queue.enqueue("tests.sample_jobs.note", str(tmp_path / "done"), meta={"request_id": "the-visitor"})
    queue.enqueue("tests.sample_jobs.fail")
    with worker(environment_of(app, LOG_FORMAT="json"), tmp_path, "--burst", "default", fresh=True) as running:
        assert running.process.wait(60) == 0, running.output
    assert (tmp_path / "done").exists()
    assert queue.connection.hgetall(JOBS_KEY) == {b"default:done": b"1", b"default:failed": b"1"}
    assert 'laurel_jobs_total{queue="default",result="failed"} 1.0' in client.get("/metrics").text
    noted = next(json.loads(line) for line in running.output.splitlines() if '"noting"' in line)
    assert noted["request_id"] == "the-visitor"


@on_sqlite
def test_sigterm_lets_the_job_at_hand_finish(app: Flask, queue: Queue, tmp_path: Path) -> None:
    began, go, done = (tmp_path / name for name in ("began", "go", "done"))
    queue.enqueue("tests.sample_jobs.wait_for", str(began), str(go), str(done))
    with worker(environment_of(app), tmp_path, "--processes", "2", fresh=True) as running:
        wait_until(began.exists, running)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.poll() is None
        go.touch()
        assert running.process.wait(30) == 0
    assert done.exists()


@on_sqlite
def test_nothing_outlives_a_killed_worker(app: Flask, queue: Queue, tmp_path: Path) -> None:
    began = tmp_path / "began"
    queue.enqueue("tests.sample_jobs.wait_for", str(began), str(tmp_path / "never"), str(tmp_path / "done"))
    with worker(environment_of(app), tmp_path, fresh=True) as running:
        wait_until(lambda: began.exists() and began.read_text(), running)
        running.process.send_signal(signal.SIGKILL)
        wait_until(lambda: not is_alive(int(began.read_text())))


def test_the_schedule_needs_no_redis_and_workers_come_back_with_it(app: Flask, tmp_path: Path) -> None:
    url = valkey.loopback_url()
    with worker(environment_of(app, REDIS_URL=url), tmp_path, fresh=True) as running:
        wait_until(lambda: _ticks() > 0, running)
        wait_until(lambda: "redis_away" in running.output, running)
        server = valkey.start(tmp_path / "valkey", url, durable=False)
        try:
            done = tmp_path / "done"
            with Redis.from_url(url) as connection:
                Queue("default", connection=connection, serializer=JSONSerializer).enqueue(
                    "tests.sample_jobs.note", str(done)
                )
                wait_until(done.exists, running, seconds=60)
        finally:
            stop(server)


def _ticks() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Tick)) or 0
