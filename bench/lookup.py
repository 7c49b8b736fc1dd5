"""What `POST /api/promotions/validate` costs with 10, 1,000 and 1,000,000 codes in the table.

    python -m bench.lookup [--rounds 400] [--sizes 10 1000 1000000] [--database sqlite postgresql]

One process, no network: shops of all sizes and a bare Flask route take turns. Each question is for another code of a
batch, always the same single code, or another code that doesn't exist. Exits 1 when a shop sends more statements than
the smallest, or its median is more than 1.15 times as long.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import func, select, text

from app import create_app
from app.config import Settings
from app.kit import logs
from app.kit.db import db
from app.promotions.models import PromotionCode
from bench.hello import app as hello
from bench.stage import database, environment_for, table
from bench.store import clocked
from tests import crowd, make, services
from tests.counting import count_statements
from tests.databases import MIGRATIONS

TARGET = 1.15
SIZES = (10, 1_000, 1_000_000)
ASKED = 1_000
WARM_UP = 20
URL = "/api/promotions/validate"
CATEGORIES = ("design", "development", "hosting", "coaching", "design")
CART = [{"price": 19.99 + line, "quantity": 1 + line, "category": each} for line, each in enumerate(CATEGORIES)]


@dataclass
class Shop:
    """A shop with so many codes, and how it is asked."""

    size: int
    app: Flask
    client: FlaskClient
    codes: dict[str, Iterator[str]]

    def ask(self, sort: str) -> Callable[[], None]:
        """The next question of this sort, ready to be put."""
        body, expected = {"code": next(self.codes[sort]), "items": CART}, 422 if sort == UNKNOWN else 200

        def put() -> None:
            answer = self.client.post(URL, json=body)
            if answer.status_code != expected:
                raise AssertionError(f"{sort}: {answer.status_code} {answer.text}")

        return put


SINGLE, OF_BATCH, UNKNOWN = SORTS = ("the single code of a promotion", "a code of a batch", "an unknown code")


def main() -> int:
    """Print a table for each database; the exit status says whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("console")
    logging.getLogger().setLevel(logging.ERROR)
    growths = [measure(kind, options.sizes, options.rounds) for kind in options.database]
    return 0 if all(growth <= TARGET for growth in growths) else 1


def measure(kind: str, sizes: tuple[int, ...], rounds: int) -> float:
    """Every sort of question to every shop, in turns; by how much the slowest is slower than the smallest shop."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(services.valkey())
        shops = [stack.enter_context(shop(kind, redis_url, size)) for size in sizes]
        bare = hello.test_client()
        plain: list[float] = []
        times: dict[tuple[str, int], list[float]] = {(sort, size): [] for sort in SORTS for size in sizes}
        for each in range(-WARM_UP, rounds):
            turn = each % len(shops)
            for sort in SORTS:
                for one in (*shops[turn:], *shops[:turn]):
                    seconds = taken(one, sort)
                    if each >= 0:
                        times[sort, one.size].append(seconds * 1000)
            plain.append(clocked(lambda: bare.post("/hello")) * 1000)
        statements = {(sort, one.size): sent_by(one, sort) for sort in SORTS for one in shops}
    return tell(kind, statements, times, median(plain))


@contextmanager
def shop(kind: str, redis_url: str, size: int) -> Iterator[Shop]:
    """A shop with so many codes in all."""
    with database(kind) as url:
        app = create_app(Settings.from_env(environment_for(url, redis_url, ALLOWED_HOSTS="localhost")))
        with app.app_context():
            upgrade(MIGRATIONS)
            own = make.discount(code="SAVE20", discount_value=20, applicable_categories=["design"])
            crowd.codes(size - 1, promotion_ids=[own.id])
            if kind == "postgresql":  # as autovacuum does, but not in the middle of a round
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("SET statement_timeout = 0"))
                    connection.execute(text("VACUUM (ANALYZE) promotion_codes"))
            assert db.session.scalar(select(func.count()).select_from(PromotionCode)) == size
            some = PromotionCode.id % max(1, size // ASKED) == 0
            of_batch = db.session.scalars(
                select(PromotionCode.code).where(PromotionCode.batch_id.is_not(None), some).limit(ASKED)
            ).all()
            db.session.remove()
        unknown = [f"GUESS-{number * 7_919}" for number in range(ASKED)]
        codes = {SINGLE: cycle(["SAVE20"]), OF_BATCH: cycle(of_batch), UNKNOWN: cycle(unknown)}
        yield Shop(size, app, app.test_client(), codes)
        with app.app_context():
            db.engine.dispose()


def taken(one: Shop, sort: str) -> float:
    """Seconds that the next question takes."""
    return clocked(one.ask(sort))


def sent_by(one: Shop, sort: str) -> int:
    """How many statements a question sends, once its terms are remembered."""
    one.ask(sort)()
    with count_statements() as sent:
        one.ask(sort)()
    return len(sent)


def tell(
    kind: str, statements: dict[tuple[str, int], int], times: dict[tuple[str, int], list[float]], plain: float
) -> float:
    """Print the table of one database; the largest growth, without end where a shop sends more than the smallest."""
    rows, growths = [], []
    smallest = min(size for _sort, size in times)
    for (sort, size), taken_by in times.items():
        middle = median(taken_by)
        growth = middle / median(times[sort, smallest])
        if statements[sort, size] != statements[sort, smallest]:
            growth = float("inf")
        growths.append(growth)
        sent = str(statements[sort, size])
        rows.append((sort, f"{size:,}", sent, f"{middle:.2f}", f"{middle / plain:.1f}", f"{growth:.2f}"))
    head = (kind, "codes", "statements", "ms", "times the bare route", "times the smallest")
    print(f"\n{table(head, rows)}", flush=True)  # noqa: T201
    return max(growths)


if __name__ == "__main__":
    sys.exit(main())
