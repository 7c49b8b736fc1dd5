"""How long it takes to try a promotion on 100,000 past orders, against merely reading their rows.

    python -m bench.backtest [--rounds 5] [--orders 100000] [--database sqlite postgresql]

One process, no network. What is measured is what the page does, but for drawing it. "Of it ours" is the processor's
time of this process, without PostgreSQL's: it says more on a machine that is busy with other things.
"""

import argparse
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo

from flask_migrate import upgrade

from app import create_app
from app.config import Settings
from app.discounts.rules import OWN_RULES, DiscountTerms, benefit_of
from app.kit import logs
from app.kit.db import db
from app.orders import replaying
from app.orders.accounting import Period
from app.promotions.backtest import Past, replay
from app.promotions.hours import ActiveHours
from bench.stage import database, environment_for, table
from bench.store import clocked
from tests import crowd, services
from tests.counting import count_statements
from tests.databases import MIGRATIONS

ZONE = ZoneInfo("Europe/Riga")
EVER = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
PLAIN = DiscountTerms(promotion_id=1, kind="discount", title="Save", discount_type="percentage", discount_value=1000)
HOURS = {"start_time": "06:00", "end_time": "22:00", "timezone": "Europe/Riga", "weekdays": [1, 2, 3, 4, 5, 6]}
TERMS = {
    "10 % off, no conditions": PLAIN,
    "first order only, two each, 20,000 in all": replace(
        PLAIN, first_order_only=True, per_user_limit=2, usage_limit=20_000
    ),
    "some categories": replace(PLAIN, applicable_categories=("category-1", "category-2", "category-3")),
    "every condition there is": replace(
        PLAIN,
        applicable_categories=("category-1", "category-2", "category-3"),
        excluded_categories=("category-5",),
        active_hours=ActiveHours.parse(HOURS),
        min_amount_cents=1000,
        max_discount_cents=5000,
        per_user_limit=50,
        usage_limit=90_000,
    ),
}


def main() -> None:
    """Print a table for each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("console")
    logging.getLogger().setLevel(logging.WARNING)
    for kind in options.database:
        measure(kind, options.orders, options.rounds)


def measure(kind: str, orders: int, rounds: int) -> None:
    """Reading and replaying in turns, for each sort of terms."""
    with ExitStack() as stack:
        url, redis_url = stack.enter_context(database(kind)), stack.enter_context(services.valkey())
        app = create_app(Settings.from_env(environment_for(url, redis_url)))
        with app.app_context():
            upgrade(MIGRATIONS)
            crowd.orders(orders)
            rows = [_row(name, terms, rounds) for name, terms in TERMS.items()]
            db.session.remove()
            db.engine.dispose()
    print(f"\n{kind}: {orders:,} orders, {sum(1 + n % 5 for n in range(orders)):,} lines\n")  # noqa: T201
    print(table(("terms", "qualified", "statements", "reading, s", "replay, s", "of it ours, s", "ratio"), rows))  # noqa: T201


def _row(name: str, terms: DiscountTerms, rounds: int) -> tuple[str, ...]:
    floor, ours, busy, statements, qualified = list[float](), list[float](), list[float](), 0, 0

    def replayed() -> None:
        nonlocal qualified
        qualified = replay(terms, _past(terms), benefit=benefit_of, own_rules=OWN_RULES).total.qualified

    for each in range(rounds + 1):
        read = clocked(lambda: _read(terms))
        began = time.process_time()
        with count_statements() as sent:
            taken = clocked(replayed)
        worked, statements = time.process_time() - began, len(sent)
        if each:  # the first warms up
            floor.append(read)
            ours.append(taken)
            busy.append(worked)
    ratio = median(ours) / median(floor)
    seconds = (f"{median(each):.2f}" for each in (floor, ours, busy))
    return name, f"{qualified:,}", f"{statements}", *seconds, f"{ratio:.2f}"


def _past(terms: DiscountTerms) -> Iterator[Past]:
    with_lines = terms.is_limited_to_categories
    return replaying.past(EVER, ZONE, with_refunded=True, with_lines=with_lines)


def _read(terms: DiscountTerms) -> None:
    """The same rows, looked at by nobody."""
    for _each in _past(terms):
        pass


if __name__ == "__main__":
    main()
