"""Does what was asked for in the background: `python worker.py [--burst] [--processes N] [queue…]`.

Keeps N workers and one ticker at work, all forks of this process. SIGTERM lets them finish the job at hand.
"""

import argparse
import os
import signal
import threading

import structlog
from flask import Flask
from redis import Redis, RedisError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from app import create_app
from app.config import settings
from app.kit import logs, metrics, ticker
from app.kit.db import db
from app.kit.jobs import QUEUES
from app.kit.processes import Crew, Fork, die_with_parent

log = structlog.get_logger(__name__)
WORKER_TTL = 60
MAINTENANCE_EVERY = 30
CONNECT_TIMEOUT = 5
GRACE = 60


class JobWorker(Worker):
    """Runs each job in a fork that shares the loaded app, in an app context of its own."""

    app: Flask

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        die_with_parent()
        with self.app.app_context():
            db.engine.dispose(close=False)  # the connections of the process that we were forked from
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue) -> bool:
        logs.begin_job(job.id, str(job.meta.get("request_id", "")))
        with self.app.app_context():
            succeeded = super().perform_job(job, queue)
        metrics.count_job(self.connection, queue.name, succeeded=succeeded)
        return succeeded


def work(app: Flask, queues: list[str], *, burst: bool) -> None:
    """Run jobs until told to stop, or (burst) until there are none. Exits with 75 where Redis is away."""
    try:
        worker = JobWorker(
            queues,
            connection=Redis.from_url(settings(app).redis_url, socket_connect_timeout=CONNECT_TIMEOUT),
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            maintenance_interval=MAINTENANCE_EVERY,
            log_job_description=False,
        )
        worker.app = app
        worker.work(burst=burst, logging_level="WARNING")
    except RedisError as error:
        log.warning("redis_away", error=type(error).__name__)
        raise SystemExit(os.EX_TEMPFAIL) from None


def tick(app: Flask) -> None:
    """Run the schedule until told to stop; needs no Redis."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ticker.run_forever(app, stop)


def main(arguments: list[str] | None = None) -> int:
    """Keep workers and ticker at work until SIGTERM or SIGINT; with --burst, until the queues are empty."""
    asked = _parser().parse_args(arguments)
    app = create_app()
    logs.configure(settings(app).log_format)
    if asked.burst:
        forks = [Fork(lambda: work(app, asked.queues, burst=True)) for _ in range(asked.processes)]
        return max(fork.wait() for fork in forks)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    crew = Crew()
    crew.add("ticker", lambda: Fork(lambda: tick(app)), grace=GRACE)
    for number in range(1, asked.processes + 1):
        crew.add(f"worker {number}", lambda: Fork(lambda: work(app, asked.queues, burst=False)), grace=GRACE)
    crew.keep(stop)
    crew.dismiss()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Run what was asked for in the background, and the schedule.")
    parser.add_argument("--burst", action="store_true", help="end when the queues are empty; run no schedule")
    parser.add_argument("--processes", type=_count, default=1, metavar="N", help="how many jobs at once (default: 1)")
    parser.add_argument("queues", nargs="*", default=list(QUEUES), metavar="queue", help=f"default: {' '.join(QUEUES)}")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


if __name__ == "__main__":
    raise SystemExit(main())
