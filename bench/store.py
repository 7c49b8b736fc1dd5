"""What a page of the store and of its desk costs, in a small shop and in one with 10,000 products and 100,000 invoices.

    python -m bench.store [--rounds 15] [--products 10000] [--invoices 100000] [--database sqlite postgresql]

One process, no network: the pages are called one after the other, in turns, and compared with a bare Flask route.
"""

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from app import create_app
from app.catalog.models import Category
from app.config import Settings
from app.kit import logs
from app.kit.db import db
from bench.hello import app as hello
from bench.stage import database, environment_for, table
from tests import crowd, make, services
from tests.client import Browser
from tests.counting import count_statements
from tests.databases import MIGRATIONS
from tests.shopping import call, put_in_cart

PAGES = {
    "store": "/store",
    "store, one category by price": "/store?category=things&sort=price",
    "store, page 500": "/store?page=500",
    "store, search": "/store?q=thing+99",
    "product": "/store/products/thing-7",
    "cart of five lines": "/store/cart",
}
DESK = {
    "accounting, twelve months": "/admin/accounting?from=2025-04-01&to=2026-03-31",
    "accounting, two years": "/admin/accounting?from=2024-04-01&to=2026-03-31",
    "invoices": "/admin/invoices",
    "invoices, search": "/admin/invoices?q=shopper99",
    "products": "/admin/products",
    "dashboard": "/admin",
}
SMALL = (12, 60)


@dataclass
class Shop:
    """A running shop, and how its pages are asked for."""

    app: Flask
    visitors: dict[str, FlaskClient]

    def ask(self, page: str) -> None:
        answer = self.visitors["admin" if page in DESK else "shopper"].get((PAGES | DESK)[page])
        if answer.status_code != 200:  # noqa: PLR2004
            raise AssertionError(f"{page}: {answer.status_code}")


def main() -> None:
    """Print a table for each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("console")
    logging.getLogger().setLevel(logging.WARNING)
    for kind in options.database:
        measure(kind, (options.products, options.invoices), options.rounds)


def measure(kind: str, size: tuple[int, int], rounds: int) -> None:
    """Each page in both shops, in turns with the bare route."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(services.valkey())
        small, large = (stack.enter_context(shop(kind, redis_url, *each)) for each in (SMALL, size))
        bare = hello.test_client()
        rows = []
        for page in PAGES | DESK:
            if page == "store, page 500" and size[0] < 12 * 500:
                continue
            times: dict[str, list[float]] = {"bare": [], "small": [], "large": []}
            statements = 0
            for each in range(rounds + 2):
                with large.app.app_context(), count_statements() as sent:
                    taken = clocked(lambda: large.ask(page))  # noqa: B023
                    statements = len(sent)
                with small.app.app_context():
                    small_one = clocked(lambda: small.ask(page))  # noqa: B023
                plain = clocked(lambda: bare.get("/hello"))
                if each > 1:  # the first two warm up
                    for name, seconds in (("bare", plain), ("small", small_one), ("large", taken)):
                        times[name].append(seconds * 1000)
            middle = {name: median(each) for name, each in times.items()}
            ratio, growth = middle["large"] / middle["bare"], middle["large"] / middle["small"]
            rows.append((page, f"{statements}", f"{middle['large']:.1f}", f"{ratio:.0f}", f"{growth:.2f}"))
    print(f"\n{kind}: {size[0]:,} products, {size[1]:,} invoices\n")  # noqa: T201
    print(table(("page", "statements", "ms", "times the bare route", "times the small shop"), rows))  # noqa: T201


@contextmanager
def shop(kind: str, redis_url: str, products: int, invoices: int) -> Iterator[Shop]:
    """A shop of this size, with an admin signed in and five things in a shopper's cart."""
    with database(kind) as url:
        app = create_app(Settings.from_env(environment_for(url, redis_url, ALLOWED_HOSTS="localhost")))
        app.test_client_class = Browser
        with app.app_context():
            upgrade(MIGRATIONS)
            category: Category = make.category("things")
            crowd.products(products, category_id=category.id)
            crowd.invoices(invoices)
            shopper, admin = app.test_client(), app.test_client()
            call(shopper, "ada")
            for _each in range(5):
                put_in_cart(shopper, make.product(category=category))
            user = make.user(role="admin")
            with admin.session_transaction() as session:
                session.update(_user_id=user.get_id(), _fresh=True)
            yield Shop(app, {"shopper": shopper, "admin": admin})
            db.session.remove()
            db.engine.dispose()


def clocked(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
