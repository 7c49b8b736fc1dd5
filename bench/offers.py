"""What a code's analytics cost when it has paid for 1,000 conversions, and for 1,000,000.

    python -m bench.offers [--rounds 9] [--sizes 1000 1000000] [--database sqlite postgresql]

One process, no network: the answers are asked for one after the other, in turns, and compared with the sums alone,
taken through the bare driver in the same run. Exits 1 when a size takes other statements, or when the analytics take
more than 1.5 times what the sums alone do at the largest.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import text

from app import create_app
from app.config import Settings
from app.kit import logs
from app.kit.db import db
from app.offers import books as offer_books
from app.wallet import books as wallet_books
from bench.stage import database, environment_for, table
from tests import crowd_offers, make, services
from tests.client import Browser
from tests.counting import count_statements
from tests.databases import MIGRATIONS

MOST = 1.5
SUMS = """
SELECT offer_id, count(*), sum(bonus_cents), count(DISTINCT user_id) FROM offer_applications
WHERE promotion_id = {promotion} AND reversed_at IS NULL GROUP BY offer_id
"""
API = "/api/admin/promo-codes/{id}"
DESK = "/admin/promotions/{id}"
ANALYTICS = "API: analytics by offer"
ASKED = {
    ANALYTICS: API + "/offer-analytics",
    "API: applications, first page": API + "/user-applications",
    "API: applications, page 100": API + "/user-applications?page=100&limit=100",
    "API: applications, search": API + "/user-applications?search=crowd77",
    "desk: offers, with chart": DESK + "/offers",
    "desk: applications": DESK + "/applications",
    "desk: statistics": DESK + "/statistics",
    "desk: conversions": "/admin/conversions",
    "desk: offers": "/admin/offers",
    "desk: wallets": "/admin/wallet",
    "client: codes": "/client/codes",
    "client: offers": "/client/offers",
    "client: wallet": "/client/wallet",
}


@dataclass
class Desk:
    """An installation whose one code has paid so often, its admin and one of its clients."""

    app: Flask
    size: int
    code_id: int
    admin: FlaskClient
    client: FlaskClient
    bearer: dict[str, str]
    times: dict[str, list[float]] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)

    def ask(self, path: str) -> None:
        """Call a page, or the API, as whoever may."""
        browser = self.client if path.startswith("/client") else self.admin
        answer = browser.get(path.format(id=self.code_id), headers=self.bearer if path.startswith("/api") else {})
        if answer.status_code != 200:  # noqa: PLR2004
            raise AssertionError(f"{path}: {answer.status_code}")

    def sums(self) -> None:
        """The sums alone, through the bare driver."""
        connection: Any = db.engine.raw_connection()
        cursor = connection.cursor()
        cursor.execute(SUMS.format(promotion=self.code_id))
        cursor.fetchall()
        connection.close()


def main() -> None:
    """Print a table for each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sizes", type=int, nargs="+", default=(1000, 1_000_000))
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("console")
    logging.getLogger().setLevel(logging.WARNING)
    reached = [measure(kind, options.sizes, options.rounds) for kind in options.database]
    sys.exit(0 if all(reached) else 1)


def measure(kind: str, sizes: tuple[int, ...], rounds: int) -> bool:
    """Every answer of every size, in turns; whether what must be reached is."""
    with ExitStack() as stack:
        server = stack.enter_context(services.valkey()).rsplit("/", 1)[0]
        desks = [stack.enter_context(desk(kind, f"{server}/{place}", size)) for place, size in enumerate(sizes)]
        for each in range(rounds + 1):
            for one in desks:
                _round(one, is_kept=each > 0)
        small, large = desks[0], desks[-1]
        floor = median(large.times["sums"])
        rows = [_row(name, small, large) for name in ("sums", *ASKED)]
        ratio = median(large.times[ANALYTICS]) / floor
    print(f"\n{kind}\n")  # noqa: T201
    print(table(("answer", "statements", f"ms at {sizes[0]:,}", f"ms at {sizes[-1]:,}", "times"), rows))  # noqa: T201
    print(f"\nanalytics by offer take {ratio:.2f} times the sums alone")  # noqa: T201
    return ratio <= MOST and small.statements == large.statements


def _row(name: str, small: Desk, large: Desk) -> tuple[str, ...]:
    little, much = median(small.times[name]), median(large.times[name])
    told = {each.statements.get(name, 1) for each in (small, large)}
    return name, " or ".join(map(str, sorted(told))), f"{little:.1f}", f"{much:.1f}", f"{much / little:.1f}"


def _round(one: Desk, *, is_kept: bool) -> None:
    work: dict[str, Callable[[], None]] = {"sums": one.sums}
    work |= {name: lambda path=path: one.ask(path) for name, path in ASKED.items()}  # type: ignore[misc]
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
def desk(kind: str, redis_url: str, size: int) -> Iterator[Desk]:
    """Its books are proved before anything is measured."""
    with database(kind) as url:
        app = create_app(Settings.from_env(environment_for(url, redis_url, ALLOWED_HOSTS="localhost")))
        app.test_client_class = Browser
        with app.app_context():
            upgrade(MIGRATIONS)
            if kind == "postgresql":  # making and proving a million of each takes longer than a page may
                db.session.execute(text("SET statement_timeout = 0"))
                db.session.commit()
            code = crowd_offers.applications(size)
            if faults := [*offer_books.faults(), *wallet_books.faults()]:
                raise AssertionError(faults[:3])
            made, admin, client = code.id, make.user(role="admin"), make.user()
            make.applied(client, code)
            people = [_signed_in(app, each.username) for each in (admin, client)]
            shown = Desk(app, size, made, people[0], people[1], make.bearer(admin))
            db.session.remove()
        yield shown
        with app.app_context():
            db.engine.dispose()


def _signed_in(app: Flask, username: str) -> FlaskClient:
    browser = app.test_client()
    browser.post("/login", data={"username": username, "password": make.PASSWORD})
    return browser


if __name__ == "__main__":
    main()
