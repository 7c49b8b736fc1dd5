"""What a client's pages cost with 100 rows in their ledger, and with 1,000,000 and the workouts behind them.

    python -m bench.dashboard [--rounds 40] [--rows 100 1000000] [--database sqlite postgresql]

One process, no network: the pages are called one after the other, in turns, and compared with a bare Flask route. The
last four weeks are the same for both clients; what the one has more lies before them. Exits 1 when the dashboard takes
other statements, or more than 1.2 times the time.
"""

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import select, text

from app import create_app
from app.accounts.models import User
from app.activity.models import DailyLog, WorkoutLog
from app.activity.rules import workout_source
from app.config import Settings
from app.kit import clock, logs
from app.kit.db import db, insert_rows, unit_of_work
from app.loyalty import books, ledger
from app.loyalty.models import EventType, XpTransaction
from bench.hello import app as hello
from bench.stage import database, environment_for, table
from tests import make, services
from tests.client import Browser
from tests.counting import count_statements
from tests.databases import MIGRATIONS

MOST = 1.2
CHUNK = 10_000
LATELY = timedelta(days=28)
PAGES = {
    "dashboard": ("/client", {}),
    "dashboard, the part": ("/client", {"HX-Request": "true"}),
    "log": ("/client/log", {}),
    "rewards": ("/client/rewards", {}),
    "achievements": ("/client/achievements", {}),
}


@dataclass
class Visit:
    """A signed-in client with so many rows in their ledger."""

    app: Flask
    rows: int
    browser: FlaskClient
    times: dict[str, list[float]]


def main() -> int:
    """Print a table for each database; the exit status says whether the dashboard stays the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rows", type=int, nargs="+", default=(100, 1_000_000))
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("console")
    logging.getLogger().setLevel(logging.WARNING)
    verdicts = [measure(kind, options.rows, options.rounds) for kind in options.database]
    return 0 if all(verdicts) else 1


def measure(kind: str, sizes: tuple[int, ...], rounds: int) -> bool:
    """Each page of every client, in turns with the bare route. Whether the dashboard stays the same."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(services.valkey())
        app = stack.enter_context(running(kind, redis_url))
        visits = [visit(app, size) for size in sizes]
        bare, plain, shown, is_fine = hello.test_client(), [], [], True
        for name in PAGES:
            statements = {}
            for each in range(rounds + 2):
                for one in visits:
                    taken, sent = clocked(one, name)
                    statements[one.rows] = sent
                    if each > 1:  # the first two warm up
                        one.times.setdefault(name, []).append(taken * 1000)
                began = time.perf_counter()
                bare.get("/hello")
                plain.append((time.perf_counter() - began) * 1000)
            least = median(visits[0].times[name])
            for one in visits:
                middle = median(one.times[name])
                figures = (f"{middle:.1f}", f"{middle / median(plain):.0f}", f"{middle / least:.2f}")
                shown.append((name, f"{one.rows:,}", f"{statements[one.rows]}", *figures))
                is_same = len(set(statements.values())) == 1 and middle <= MOST * least
                is_fine = is_fine and (is_same or not name.startswith("dashboard"))
    print(f"\n{kind}\n")  # noqa: T201
    head = ("page", "ledger rows", "statements", "ms", "times the bare route", f"times {sizes[0]} rows")
    print(table(head, shown), flush=True)  # noqa: T201
    return is_fine


@contextmanager
def running(kind: str, redis_url: str) -> Iterator[Flask]:
    """A programme with levels, rewards and achievements."""
    with database(kind) as url:
        app = create_app(Settings.from_env(environment_for(url, redis_url, ALLOWED_HOSTS="localhost")))
        app.test_client_class = Browser
        with app.app_context():
            upgrade(MIGRATIONS)
            make.levels(50, 200, 450, 900, 1500, 2500, 4000, 6000)
            for number in range(12):
                make.reward(points_cost=50 * (number + 1))
                make.achievement("workout_count", 10 * (number + 1))
            yield app
            db.session.remove()
            db.engine.dispose()


def visit(app: Flask, rows: int) -> Visit:
    """Somebody who has worked out twice a day for four weeks, and all the rest before, with a check-in each day."""
    client, now = make.user(now=clock.now()), clock.now()
    lately = [now - timedelta(hours=12 * number) for number in range(1, 51)]
    before = [now - LATELY - timedelta(days=3, seconds=30 * number) for number in range(rows - len(lately))]
    moments = lately + before
    event_type = db.session.scalars(select(EventType).where(EventType.key == "workout_logged")).one()
    type_id = event_type.id
    with unit_of_work():
        days = (now - moments[-1]).days + 1
        insert_rows(DailyLog, [checkin_row(client, now - timedelta(days=back)) for back in range(days)])
        for start in range(0, len(moments), CHUNK):
            some = moments[start : start + CHUNK]
            insert_rows(WorkoutLog, [log_row(client, at) for at in some])
            insert_rows(XpTransaction, [ledger_row(client, at, type_id) for at in some])
        ledger.add_up([(client.id, 20 * len(moments), 20 * len(moments))])
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))  # as the database does by itself in the course of a night
    assert books.differences() == []
    browser = app.test_client()
    answer = browser.post("/login", data={"username": client.username, "password": make.PASSWORD})
    if answer.status_code != 303:  # noqa: PLR2004
        raise AssertionError(f"{answer.status_code} at sign-in")
    db.session.remove()
    return Visit(app, rows, browser, {})


def log_row(client: User, at: datetime) -> dict[str, Any]:
    return {
        "client_id": client.id,
        "performed_at": at,
        "performed_on": at.date(),
        "title": "Run",
        "duration_minutes": 30,
        "timezone": "UTC",
        "notes": "",
        "created_at": at,
    }


def checkin_row(client: User, at: datetime) -> dict[str, Any]:
    return {
        "client_id": client.id,
        "checked_at": at,
        "checked_on": at.date(),
        "mood": 4,
        "timezone": "UTC",
        "notes": "",
        "created_at": at,
    }


def ledger_row(client: User, at: datetime, type_id: int) -> dict[str, Any]:
    return {
        "user_id": client.id,
        "kind": "event",
        "event_type_id": type_id,
        "reverses_id": None,
        "xp": 20,
        "points": 20,
        "source_key": workout_source(at),
        "metadata": {},
        "occurred_at": at,
        "occurred_on": at.date(),
        "created_at": at,
    }


def clocked(one: Visit, name: str) -> tuple[float, int]:
    """Seconds that the page takes, and how many statements it sends."""
    path, headers = PAGES[name]
    with one.app.app_context():
        with count_statements() as sent:
            began = time.perf_counter()
            answer = one.browser.get(path, headers=headers)
            taken = time.perf_counter() - began
        db.session.remove()
    if answer.status_code not in {200, 404}:
        raise AssertionError(f"{answer.status_code} of {path}")
    return taken, len(sent)


if __name__ == "__main__":
    sys.exit(main())
