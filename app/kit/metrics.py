"""Figures for Prometheus: requests by route and status, their time, their database time and statements; the queue."""

import os
from collections.abc import Iterator
from time import perf_counter
from typing import Any, cast

from flask import Flask, Response, g, has_app_context, request
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis import Redis
from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from app.kit import clock
from app.kit.broker import broker
from app.kit.db import db
from app.kit.outbox import Backlog, backlog

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
FEW = (0, 1, 2, 4, 6, 8, 12, 20, 50, 200)
JOBS_KEY = "laurel:jobs"

requests = Counter("laurel_requests", "Requests answered.", ("method", "route", "status"))
seconds = Histogram("laurel_request_seconds", "Time to answer a request.", ("method", "route"), buckets=QUICK)
statements = Histogram("laurel_request_statements", "SQL statements of a request.", ("route",), buckets=FEW)
database = Histogram("laurel_request_database_seconds", "Database time of a request.", ("route",), buckets=QUICK)


def init_metrics(app: Flask) -> None:
    """Count what the app does from now on."""
    app.before_request(_begin)
    app.after_request(_end)
    with app.app_context():
        _watch(db.engine)


def figures() -> bytes:
    """Everything counted, by all processes of this machine, in Prometheus' text format."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    queue = CollectorRegistry()
    queue.register(_Queue())
    return generate_latest(registry) + generate_latest(queue)


def count_job(redis: Redis, queue: str, *, succeeded: bool) -> None:
    """Jobs run in short-lived forks, so they are counted in Redis, where they come from."""
    redis.hincrby(JOBS_KEY, f"{queue}:{'done' if succeeded else 'failed'}", 1)


class _Queue(Collector):
    """How the queue stands at the moment of asking, from the database; how its jobs went, from Redis."""

    def collect(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("laurel_queue_waiting", "Events that wait to be settled.", labels=["topic"])
        aside = GaugeMetricFamily("laurel_queue_set_aside", "Events that failed for good.", labels=["topic"])
        age = GaugeMetricFamily("laurel_queue_age_seconds", "Age of the oldest waiting event.", labels=["topic"])
        for topic in _backlog():
            waiting.add_metric([topic.topic], topic.waiting)
            aside.add_metric([topic.topic], topic.set_aside)
            oldest = (clock.now() - topic.oldest_at).total_seconds() if topic.oldest_at else 0
            age.add_metric([topic.topic], max(0, oldest))
        yield from (waiting, aside, age, _jobs())


def _backlog() -> list[Backlog]:
    try:
        return backlog()
    except SQLAlchemyError:  # figures are wanted most when something is away
        return []


def _count_of_jobs(redis: Redis) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", redis.hgetall(JOBS_KEY))


def _jobs() -> CounterMetricFamily:
    jobs = CounterMetricFamily("laurel_jobs", "Jobs finished, by queue and result.", labels=["queue", "result"])
    nothing: dict[bytes, bytes] = {}
    for name, count in sorted(broker().call(_count_of_jobs, otherwise=nothing).items()):
        jobs.add_metric(name.decode().split(":"), int(count))
    return jobs


def _begin() -> None:
    g.metrics_began = perf_counter()
    g.statements, g.database_seconds = 0, 0.0


def _end(response: Response) -> Response:
    if "metrics_began" in g:
        route = request.url_rule.rule if request.url_rule else "(none)"
        requests.labels(request.method, route, response.status_code).inc()
        seconds.labels(request.method, route).observe(perf_counter() - g.metrics_began)
        statements.labels(route).observe(g.statements)
        database.labels(route).observe(g.database_seconds)
    return response


def _watch(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def before(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: FBT001
        if context is not None:
            context.laurel_began = perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def after(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: FBT001
        if context is not None and has_app_context() and "statements" in g:
            g.statements += 1
            g.database_seconds += perf_counter() - context.laurel_began
