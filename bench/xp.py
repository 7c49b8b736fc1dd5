"""How many XP events a second one worker settles, against no-op RQ jobs in the same run.

    python -m bench.xp [--rounds 5] [--events 10000] [--database sqlite postgresql]

Events are settled as in life: by the forking worker of `worker.py` that heard one bell, with the seeded event types
(check-ins have a cooldown), a daily limit on meals, eight levels, the streaks of the calendar, twelve automatic
achievements, ledger, totals, notices. Each round ends with a proof of the books. Exits 1 when a median falls below
2,000 a second or below 5 times the no-op jobs of a forking worker, or a harder case below 0.9 of the first.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from flask import Flask
from flask_migrate import upgrade
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import func, insert, select, update

from app import create_app
from app.accounts.models import User
from app.activity.models import LOGS
from app.config import Settings, settings
from app.kit.db import Base, db, unit_of_work
from app.kit.jobs import ring
from app.kit.outbox import OutboxEvent
from app.kit.processes import Fork, stop
from app.loyalty import books
from app.loyalty.achievement_models import Achievement
from app.loyalty.models import EventType, Level, XpSummary, XpTransaction
from bench.stage import database, environment_for, table
from tests import services
from tests.databases import MIGRATIONS
from worker import work

TARGET, TIMES_JOBS, HARDER = 2_000, 5, 0.9
FORKED_JOBS, SIMPLE_JOBS = 150, 1_000
BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)
KINDS = {"workout": "workout_logged", "meal": "meal_logged", "checkin": "daily_checkin"}
ACHIEVEMENTS = [
    *(("workout_count", value) for value in (10, 50, 250, 1_000)),
    *(("checkin_count", value) for value in (7, 30, 365)),
    *(("streak_days", value) for value in (7, 30, 365)),
    *(("xp_total", value) for value in (1_000, 10_000)),
]
CHUNK = 5_000
PATIENCE = 300


@dataclass(frozen=True)
class Case:
    """Whose events: so many clients, from this id on, the first of whom has a history of so many ledger rows."""

    name: str
    first_id: int
    clients: int
    history: int = 0


CASES = (
    Case("XP events, 200 clients", 1, 200),
    Case("XP events, 10,000 clients", 1_001, 10_000),
    Case("XP events, one client with 100,000 before", 20_001, 1, 100_000),
)


def main() -> int:
    """Print a table for each database; the exit status says whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    print(f"One worker, {options.events:,} events a round, medians of {options.rounds} rounds")  # noqa: T201
    verdicts = [measure(kind, options) for kind in options.database]
    return 0 if all(verdicts) else 1


def measure(kind: str, options: argparse.Namespace) -> bool:
    """All cases in turn, several rounds of them. Whether the targets are met."""
    with ExitStack() as stack:
        url, redis_url = stack.enter_context(database(kind)), stack.enter_context(services.valkey())
        app = create_app(Settings.from_env(environment_for(url, redis_url)))
        stack.enter_context(app.app_context())
        fill()
        stack.enter_context(at_work(lambda: work(app, ["loyalty", "noop"], burst=False)))
        stack.enter_context(at_work(lambda: simple_work(app)))
        figures: dict[str, list[float]] = {}
        for number in range(options.rounds + 1):
            found = {case.name: settle_events(case, options.events, number) for case in CASES}
            found["no-op RQ jobs, forking worker"] = run_jobs(app, "noop", FORKED_JOBS)
            found["no-op RQ jobs, SimpleWorker"] = run_jobs(app, "simple", SIMPLE_JOBS)
            for name, per_second in found.items() if number else ():  # the first round warms up
                figures.setdefault(name, []).append(per_second)
        prove_streaks()
    return tell(kind, figures)


def fill() -> None:
    """Clients, levels, a limit, and one long history."""
    upgrade(MIGRATIONS)
    ids = [each for case in CASES for each in range(case.first_id, case.first_id + case.clients)]
    with unit_of_work():
        steps = enumerate((50, 200, 450, 900, 1500, 2500, 4000, 6000), 1)
        db.session.add_all([Level(name=f"Level {at}", level_number=at, xp_required=xp) for at, xp in steps])
        db.session.execute(update(EventType).where(EventType.key == "meal_logged").values(daily_limit=4))
        write(Achievement, [achievement_row(*each) for each in ACHIEVEMENTS])
        write(User, [user_row(each) for each in ids])
        write(XpSummary, [{"user_id": each, "total_xp": 0, "available_points": 0} for each in ids])
        for case in CASES:
            add_history(case)


def user_row(user_id: int) -> dict[str, object]:
    name = f"client{user_id}"
    return {
        "id": user_id,
        "username": name,
        "email": f"{name}@example.com",
        "password_hash": "!",
        "role": "client",
        "referral_code": name,
        "timezone": "UTC",
        "created_at": BEGINNING,
        "updated_at": BEGINNING,
    }


def achievement_row(condition: str, value: int) -> dict[str, object]:
    return {
        "name": f"{condition} {value}",
        "type": "automatic",
        "condition_type": condition,
        "condition_value": value,
        "xp_reward": 20,
        "points_reward": 20,
        "created_at": BEGINNING,
        "updated_at": BEGINNING,
    }


def add_history(case: Case) -> None:
    workout = db.session.scalars(select(EventType).where(EventType.key == "workout_logged")).one()
    moments = [BEGINNING - timedelta(minutes=5 * number) for number in range(1, case.history + 1)]
    rows = [
        {
            "user_id": case.first_id,
            "kind": "event",
            "event_type_id": workout.id,
            "xp": 20,
            "points": 20,
            "source_key": f"workout:{at.isoformat()}",
            "details": {"workout_log_id": number},
            "occurred_at": at,
            "occurred_on": at.date(),
            "created_at": at,
        }
        for number, at in enumerate(moments)
    ]
    write(XpTransaction, rows)
    total = {"total_xp": 20 * case.history, "available_points": 20 * case.history}
    db.session.execute(update(XpSummary).where(XpSummary.user_id == case.first_id).values(**total))


def write(model: type[Base], rows: Sequence[dict[str, object]]) -> None:
    for start in range(0, len(rows), CHUNK):
        db.session.execute(insert(model), list(rows[start : start + CHUNK]))


def settle_events(case: Case, count: int, number: int) -> float:
    """Note the events in one go, ring once, and see how long the worker takes. Then the books must be right."""
    things = [thing(case, count, number, at) for at in range(count)]
    with unit_of_work():
        for kind, model in LOGS.items():
            write(model, [log_row(*each) for each in things if each[1] == kind])
        write(OutboxEvent, [event_row(*each) for each in things])
        ring("loyalty")
    began = time.perf_counter()
    wait_until(lambda: not unsettled())
    taken = time.perf_counter() - began
    wrong = books.differences()
    db.session.rollback()
    if wrong:
        raise AssertionError(f"the books are wrong: {wrong[:3]}")
    return count / taken


def prove_streaks() -> None:
    """That they were among the work: check-ins whose events don't tell how long the streak is follow without any."""
    paid = select(func.count()).where(XpTransaction.source_key.like("streak%"))
    if not db.session.scalar(paid):
        raise AssertionError("no streak was paid: these aren't the events of life")


def thing(case: Case, count: int, number: int, at: int) -> tuple[int, str, datetime]:
    """Round by round, client by client: a workout, a meal and a check-in a day. The limits are looked at, and hold.

    Rounds go on where the one before has ended, so nobody's streak is ever broken.
    """
    user_id, turn = case.first_id + at % case.clients, number * -(-count // case.clients) + at // case.clients
    return user_id, list(KINDS)[(turn + user_id) % len(KINDS)], BEGINNING + timedelta(hours=8 * turn)


def log_row(user_id: int, kind: str, moment: datetime) -> dict[str, object]:
    names = {"workout": ("performed_at", "performed_on"), "meal": ("eaten_at", "eaten_on")}
    at, on = names.get(kind, ("checked_at", "checked_on"))
    more = {"meal": "lunch"} if kind == "meal" else {}
    when = {at: moment, on: moment.date(), "created_at": moment}
    return {"client_id": user_id, "timezone": "UTC", "notes": "", **when, **more}


def event_row(user_id: int, kind: str, moment: datetime) -> dict[str, object]:
    source, key, day = f"{kind}:{moment.isoformat()}", KINDS[kind], moment.date()
    payload: dict[str, object] = {
        "user_id": user_id,
        "event_key": key,
        "source": source,
        "occurred_at": moment.isoformat(),
        "local_date": day.isoformat(),
        "logged_at": moment.isoformat(),
        "logged_on": day.isoformat(),
        "metadata": {},
    }
    if kind == "checkin":
        payload["streak_days"] = (day - BEGINNING.date()).days + 1
    now = datetime.now(UTC)
    return {
        "topic": "xp",
        "key": f"xp:{user_id}:{source}",
        "stream": f"user:{user_id}",
        "payload": payload,
        "created_at": now,
        "due_at": now,
        "attempts": 0,
    }


def unsettled() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(OutboxEvent.settled_at.is_(None))) or 0


def run_jobs(app: Flask, queue_name: str, count: int) -> float:
    """Have the worker of that queue do nothing, so many times."""
    with Redis.from_url(settings(app).redis_url) as connection:
        queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
        jobs = [Queue.prepare_data("bench.xp.nothing", result_ttl=0) for _ in range(count)]
        began = time.perf_counter()
        queue.enqueue_many(jobs)
        wait_until(lambda: not queue.count and not queue.started_job_registry.count)
        return count / (time.perf_counter() - began)


def nothing() -> None:
    """The job that RQ's own speed is measured by."""


def simple_work(app: Flask) -> None:
    connection = Redis.from_url(settings(app).redis_url)
    SimpleWorker(["simple"], connection=connection, serializer=JSONSerializer, log_job_description=False).work(
        logging_level="ERROR"
    )


@contextmanager
def at_work(do: Callable[[], object]) -> Iterator[None]:
    """A process that does this while the block runs."""
    db.session.remove()
    db.engine.dispose()
    fork = Fork(do)
    try:
        yield
    finally:
        stop(fork)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the worker did not finish")
        time.sleep(0.02)


def tell(kind: str, figures: dict[str, list[float]]) -> bool:
    """Print the table of one database. Whether the targets are met."""
    medians = {name: median(found) for name, found in figures.items()}
    forked, simple = list(medians.values())[-2:]
    rows = [[name, f"{each:,.0f}", f"{each / forked:,.1f}", f"{each / simple:,.1f}"] for name, each in medians.items()]
    head = (kind, "per second", "times a forking worker", "times a SimpleWorker")
    print(f"\n{table(head, rows)}", flush=True)  # noqa: T201
    first, *harder = [medians[case.name] for case in CASES]
    return first >= max(TARGET, TIMES_JOBS * forked) and all(each >= HARDER * first for each in harder)


if __name__ == "__main__":
    sys.exit(main())
