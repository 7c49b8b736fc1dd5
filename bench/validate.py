"""How many codes a second `POST /api/promotions/validate` checks, against a bare Flask route in the same run.

    python -m bench.validate [--rounds 5] [--seconds 3] [--clients 8] [--workers 2] [--database sqlite postgresql]

Exits 1 when a median falls below 0.25 of the bare route.
"""

import argparse
import json
import sys
from contextlib import ExitStack
from statistics import median

from flask_migrate import upgrade
from sqlalchemy import text

from app import create_app
from app.audit.service import SYSTEM
from app.config import Settings
from app.discounts import service as discounts
from app.kit import clock
from app.kit.db import db, unit_of_work
from bench.stage import Ask, Result, database, environment_for, gunicorn, load, table
from tests import services
from tests.databases import MIGRATIONS

TARGET = 0.25
FILLERS = 1000
URL = "/api/promotions/validate"
CATEGORIES = ("design", "development", "hosting", "coaching", "design")
CART = [{"price": 19.99 + line, "quantity": 1 + line, "category": each} for line, each in enumerate(CATEGORIES)]
HELLO = Ask("hello (bare Flask)", "/hello")
ASKS = (
    Ask("validate, the code applies", URL, json.dumps({"code": "SAVE20", "items": CART}).encode(), 200),
    Ask("validate, nothing to discount", URL, json.dumps({"code": "LARGE", "items": CART}).encode(), 422),
    Ask("validate, unknown code", URL, json.dumps({"code": "GUESS", "items": CART}).encode(), 422),
)


def main() -> int:
    """Print a table for each database; the exit status says whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    print(f"{options.workers} sync workers, {options.clients} clients, medians of {options.rounds} rounds")  # noqa: T201
    worst = min(measure(kind, options) for kind in options.database)
    return 0 if worst >= TARGET else 1


def measure(kind: str, options: argparse.Namespace) -> float:
    """All kinds of requests in turn, several rounds of them; the lowest ratio of ours to the bare route."""
    with ExitStack() as stack:
        url, redis_url = stack.enter_context(database(kind)), stack.enter_context(services.valkey())
        env = environment_for(url, redis_url)
        fill(env)
        bare = stack.enter_context(gunicorn("bench.hello:app", env, workers=options.workers))
        ours = stack.enter_context(gunicorn("wsgi:app", env, workers=options.workers))
        results: dict[Ask, list[Result]] = {}
        for each in range(options.rounds + 1):
            for ask, port in ((HELLO, bare), *((ask, ours) for ask in ASKS)):
                result = load(port, ask, clients=options.clients, seconds=options.seconds if each else 0.5)
                if result.statuses != {ask.expects}:
                    raise AssertionError(f"{ask.name}: answered {sorted(result.statuses)}")
                if each:  # the first round warms up
                    results.setdefault(ask, []).append(result)
    return tell(kind, results)


def fill(env: dict[str, str]) -> None:
    """A database with codes in it."""
    app = create_app(Settings.from_env(env))
    with app.app_context():
        upgrade(MIGRATIONS)
        now = clock.now()
        terms = {"title": "Save", "discount_type": "percentage", "discount_value": 20}
        with unit_of_work():
            discounts.create({**terms, "code": "SAVE20", "applicable_categories": ["design"]}, SYSTEM, now)
            discounts.create({**terms, "code": "LARGE", "min_amount": 10_000}, SYSTEM, now)
            for number in range(FILLERS):
                discounts.create({**terms, "code": f"OTHER{number}"}, SYSTEM, now)
        with unit_of_work():
            db.session.execute(text("ANALYZE"))  # as autovacuum does within a minute of so many new rows
        db.session.remove()
        db.engine.dispose()


def tell(kind: str, results: dict[Ask, list[Result]]) -> float:
    """Print the table of one database."""
    medians = {ask: median(each.per_second for each in rounds) for ask, rounds in results.items()}
    rows, ratios = [], []
    for ask, rounds in results.items():
        ratio = medians[ask] / medians[HELLO]
        times = [f"{median(each.median_ms for each in rounds):.1f}", f"{median(each.p95_ms for each in rounds):.1f}"]
        rows.append([ask.name, f"{medians[ask]:,.0f}", *times, f"{ratio:.2f}"])
        ratios.append(ratio)
    head = (kind, "per second", "median ms", "p95 ms", "of the bare route")
    print(f"\n{table(head, rows)}", flush=True)  # noqa: T201
    return min(ratios)


if __name__ == "__main__":
    sys.exit(main())
