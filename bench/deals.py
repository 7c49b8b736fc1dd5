"""What deals cost the store: its page, the widget's unchanged answer, and a payment, with 0, 1 and 50 of them running.

    python -m bench.deals [--rounds 30] [--deals 0 1 50] [--database sqlite postgresql]

One process, no network: shops with so many deals take turns, beside a bare Flask route.
"""

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from app import create_app
from app.accounts.persons import Person
from app.config import Settings
from app.kit import clock, logs
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from bench.hello import app as hello
from bench.stage import database, environment_for, table
from tests import make, services
from tests.client import Browser
from tests.counting import count_statements
from tests.databases import MIGRATIONS
from tests.shopping import call, put_in_cart

DAY = timedelta(days=1)
_payments = count(1)


@dataclass
class Shop:
    """A running shop with so many deals, and a shopper who has spent on them and has a cart of five lines."""

    app: Flask
    deals: int
    shopper: FlaskClient
    etag: str = ""
    times: dict[str, list[float]] = field(default_factory=dict)

    def store(self) -> None:
        """The whole page, with the widget."""
        _expect(200, self.shopper.get("/store").status_code)

    def widget(self) -> None:
        """The widget by itself."""
        answer = self.shopper.get("/store/deals", headers={"HX-Request": "true"})
        _expect(200, answer.status_code)
        self.etag = answer.headers["ETag"]

    def unchanged(self) -> None:
        """The widget, when nothing has changed since."""
        headers = {"HX-Request": "true", "If-None-Match": self.etag}
        _expect(304, self.shopper.get("/store/deals", headers=headers).status_code)

    def payment(self) -> None:
        """Somebody's gift and its payment, which counts for every deal."""
        number = next(_payments)
        now, person = clock.now(), Person(f"payer-{number}")
        with unit_of_work():
            key = f"bench-of-deals-{number:06d}"
            gift = orders.donate(500, "", person=person, visit=f"visit-{number}", key=key, now=now)
        with unit_of_work():
            orders.mark_paid(gift.id, gift.provider, make.told(gift, happened_at=now), now)


WORK: tuple[tuple[str, Callable[[Shop], None]], ...] = (
    ("store", Shop.store),
    ("widget", Shop.widget),
    ("widget, unchanged", Shop.unchanged),
    ("gift and payment", Shop.payment),
)


def main() -> None:
    """Print a table for each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--deals", type=int, nargs="+", default=(0, 1, 50))
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("console")
    logging.getLogger().setLevel(logging.WARNING)
    for kind in options.database:
        measure(kind, options.deals, options.rounds)


def measure(kind: str, sizes: tuple[int, ...], rounds: int) -> None:
    """Each piece of work in every shop, in turns with the bare route."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(services.valkey())
        server = redis_url.rsplit("/", 1)[0]
        shops = [stack.enter_context(shop(kind, f"{server}/{place}", size)) for place, size in enumerate(sizes)]
        bare, plain, rows = hello.test_client(), [], []
        for name, work in WORK:
            statements = {}
            for each in range(rounds + 2):
                for shop_ in shops:
                    clocked(shop_, work)  # all shops of this process share the cache of what runs: fill it anew
                    taken, sent = clocked(shop_, work)
                    statements[shop_.deals] = sent
                    if each > 1:  # the first two warm up
                        shop_.times.setdefault(name, []).append(taken * 1000)
                began = time.perf_counter()
                bare.get("/hello")
                plain.append((time.perf_counter() - began) * 1000)
            floor, least = median(plain), median(shops[0].times[name])
            for shop_ in shops:
                middle = median(shop_.times[name])
                figures = (f"{middle:.1f}", f"{middle / floor:.0f}", f"{middle / least:.2f}")
                rows.append((name, f"{shop_.deals}", f"{statements[shop_.deals]}", *figures))
    print(f"\n{kind}\n")  # noqa: T201
    print(table(("work", "deals", "statements", "ms", "times the bare route", f"times {sizes[0]} deals"), rows))  # noqa: T201


@contextmanager
def shop(kind: str, redis_url: str, deals: int) -> Iterator[Shop]:
    """A shop with so many running deals, of which none is near its end."""
    with database(kind) as url:
        app = create_app(Settings.from_env(environment_for(url, redis_url, ALLOWED_HOSTS="localhost")))
        app.test_client_class = Browser
        with app.app_context():
            upgrade(MIGRATIONS)
            now = clock.now()
            for _each in range(deals):
                make.deal(bonus_type="recurrent", starts_at=now - DAY, ends_at=now + 30 * DAY)
            shopper = app.test_client()
            call(shopper, "ada")
            for _each in range(5):
                put_in_cart(shopper, make.product())
            with shopper.session_transaction() as session:
                visit = session["visit"]
            make.spend(Person("ada"), 3000, visit=visit, now=now)
            made = Shop(app, deals, shopper)
            yield made
            db.session.remove()
            db.engine.dispose()


def clocked(shop_: Shop, work: Callable[[Shop], None]) -> tuple[float, int]:
    """Seconds that it takes, and how many statements it sends."""
    with shop_.app.app_context():
        with count_statements() as sent:
            began = time.perf_counter()
            work(shop_)
            taken = time.perf_counter() - began
        db.session.remove()
    return taken, len(sent)


def _expect(wanted: int, status: int) -> None:
    if status != wanted:
        raise AssertionError(f"{status} instead of {wanted}")


if __name__ == "__main__":
    main()
