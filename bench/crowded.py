"""An installation with few rows, and one with a crowd of them: every answer in turns, against the sums alone."""

import argparse
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import text

from app import create_app
from app.accounts.models import User
from app.config import Settings
from app.kit import logs
from app.kit.books import Fault
from app.kit.db import db
from bench.stage import database, environment_for, table
from tests import make, services
from tests.client import Browser
from tests.counting import count_statements
from tests.databases import MIGRATIONS

MOST = 1.5


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: a promotion that `made` makes with so many rows, for the client who looks at their own.

    `asked` are addresses by name, with the promotion's `{id}`; the answer named `judged` mustn't take more than 1.5
    times what `sums` alone take at the largest. `faults` are the books.
    """

    made: Callable[[int, User], int]
    faults: Callable[[], Sequence[Fault]]
    asked: Mapping[str, str]
    sums: str
    judged: str
    sizes: tuple[int, ...]


@dataclass
class Desk:
    """An installation of one size, its admin and one of its clients."""

    app: Flask
    subject: Subject
    promotion_id: int
    admin: FlaskClient
    client: FlaskClient
    bearer: dict[str, str]
    times: dict[str, list[float]] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)

    def ask(self, path: str) -> None:
        """Call a page, or the API, as whoever may."""
        browser = self.client if path.startswith("/client") else self.admin
        headers = self.bearer if path.startswith("/api") else {}
        answer = browser.get(path.format(id=self.promotion_id), headers=headers)
        if answer.status_code != 200:  # noqa: PLR2004
            raise AssertionError(f"{path}: {answer.status_code}")

    def sums(self) -> None:
        """The sums alone, through the bare driver."""
        connection: Any = db.engine.raw_connection()
        cursor = connection.cursor()
        cursor.execute(self.subject.sums.format(promotion=self.promotion_id))
        cursor.fetchall()
        connection.close()


def run(subject: Subject, description: str | None) -> bool:
    """Print a table for each database; whether what must be reached is."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sizes", type=int, nargs="+", default=subject.sizes)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("console")
    logging.getLogger().setLevel(logging.WARNING)
    reached = [_measure(subject, kind, options.sizes, options.rounds) for kind in options.database]
    return all(reached)


def _measure(subject: Subject, kind: str, sizes: tuple[int, ...], rounds: int) -> bool:
    """Every answer of every size, in turns."""
    with ExitStack() as stack:
        server = stack.enter_context(services.valkey()).rsplit("/", 1)[0]
        desks = [stack.enter_context(_desk(subject, kind, f"{server}/{at}", size)) for at, size in enumerate(sizes)]
        for each in range(rounds + 1):
            for one in desks:
                _round(one, is_kept=each > 0)
        small, large = desks[0], desks[-1]
        rows = [_row(name, small, large) for name in ("sums", *subject.asked)]
        ratio = median(large.times[subject.judged]) / median(large.times["sums"])
    print(f"\n{kind}\n")  # noqa: T201
    print(table(("answer", "statements", f"ms at {sizes[0]:,}", f"ms at {sizes[-1]:,}", "times"), rows))  # noqa: T201
    print(f"\n{subject.judged}: {ratio:.2f} times the sums alone")  # noqa: T201
    return ratio <= MOST and small.statements == large.statements


def _row(name: str, small: Desk, large: Desk) -> tuple[str, ...]:
    little, much = median(small.times[name]), median(large.times[name])
    told = {each.statements.get(name, 1) for each in (small, large)}
    return name, " or ".join(map(str, sorted(told))), f"{little:.1f}", f"{much:.1f}", f"{much / little:.1f}"


def _round(one: Desk, *, is_kept: bool) -> None:
    work: dict[str, Callable[[], None]] = {"sums": one.sums}
    work |= {name: lambda path=path: one.ask(path) for name, path in one.subject.asked.items()}  # type: ignore[misc]
    for name, do in work.items():
        with one.app.app_context():
            with count_statements() as sent:
                began = time.perf_counter()
                do()
                taken = time.perf_counter() - began
            db.session.remove()
        if is_kept:
            one.times.setdefault(name, []).append(taken * 1000)
            if name != "sums":
                one.statements[name] = len(sent)


@contextmanager
def _desk(subject: Subject, kind: str, redis_url: str, size: int) -> Iterator[Desk]:
    """Its books are proved before anything is measured."""
    with database(kind) as url:
        app = create_app(Settings.from_env(environment_for(url, redis_url, ALLOWED_HOSTS="localhost")))
        app.test_client_class = Browser
        with app.app_context():
            upgrade(MIGRATIONS)
            if kind == "postgresql":  # making and proving a million of each takes longer than a page may
                db.session.execute(text("SET statement_timeout = 0"))
                db.session.commit()
            client, admin = make.user(), make.user(role="admin")
            made = subject.made(size, client)
            if faults := subject.faults():
                raise AssertionError(faults[:3])
            people = [_signed_in(app, each.username) for each in (admin, client)]
            shown = Desk(app, subject, made, people[0], people[1], make.bearer(admin))
            db.session.remove()
        yield shown
        with app.app_context():
            db.engine.dispose()


def _signed_in(app: Flask, username: str) -> FlaskClient:
    browser = app.test_client()
    browser.post("/login", data={"username": username, "password": make.PASSWORD})
    return browser
