"""The revisions that customers run give what the models say, and go down and up again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from app import create_app
from app.config import settings
from app.kit.db import Base, db
from app.orders import books
from tests import databases
from tests.databases import MIGRATIONS

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT DISTINCT trigger_name FROM information_schema.triggers",
}


@pytest.fixture
def scratch(app: Flask, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An app on an empty database of its own, beside the one under test."""
    url = settings(app).database_url
    if url.startswith("sqlite"):
        yield from _on(app, f"sqlite:///{tmp_path / 'scratch.db'}")
        return
    request.getfixturevalue("postgresql_url")
    with databases.postgresql_database(url, f"{url.rsplit('/', 1)[1]}_scratch") as scratch_url:
        yield from _on(app, scratch_url)


def _on(app: Flask, url: str) -> Iterator[Flask]:
    scratch = create_app(replace(settings(app), database_url=url))
    with scratch.app_context():
        yield scratch
        db.session.remove()
        db.engine.dispose()


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # SQLite does not tell what they hold
@pytest.mark.usefixtures("app")
def test_models_and_revisions_agree() -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.usefixtures("scratch")
def test_every_revision_goes_up_and_down_and_up_again() -> None:
    upgrade(MIGRATIONS)
    tables, triggers = _tables(), _triggers()
    downgrade(MIGRATIONS, "base")
    assert _tables() == ["alembic_version"]
    assert _triggers() == []
    upgrade(MIGRATIONS)
    assert _tables() == tables
    assert _triggers() == triggers


@pytest.mark.usefixtures("scratch")
def test_a_store_with_orders_and_stray_money_goes_up_and_down_and_up_again() -> None:
    upgrade(MIGRATIONS, "0007")
    _load("0007_store")
    before = _sums()
    given_back = _rows("SELECT id, given_back_at FROM payment_events ORDER BY id")
    for _twice in range(2):
        upgrade(MIGRATIONS)
        assert _sums() == before
        assert _rows("SELECT key, subject, amount_cents, state FROM payment_returns ORDER BY id") == [
            ("stray:903", "invoice:901", 10_000, "done"),
            ("stray:904", "invoice:902", 5_000, "by_hand"),
        ]
        assert _rows("SELECT id, seen_price_cents FROM cart_lines ORDER BY id") == [(901, 5000), (902, 700)]
        assert books.faults() == []
        db.session.remove()
        downgrade(MIGRATIONS, "0007")
        assert _sums() == before
        assert _rows("SELECT id, given_back_at FROM payment_events ORDER BY id") == given_back
    upgrade(MIGRATIONS)
    with pytest.raises(IntegrityError), db.engine.begin() as connection:  # the CHECKs came along
        connection.execute(text("UPDATE payment_events SET outcome = 'lost'"))


def _load(dump: str) -> None:
    """A frozen dump of an older shape, with rows in it."""
    statements = (Path(__file__).parent / "dumps" / f"{dump}.sql").read_text().split(";\n")
    with db.engine.begin() as connection:
        for statement in filter(str.strip, statements):
            connection.exec_driver_sql(statement)


def _sums() -> list[tuple[object, ...]]:
    """How many rows there are in what the revisions touch, and what they add up to."""
    of = {
        "products": "price_cents",
        "reward_items": "id",
        "cart_lines": "quantity",
        "invoices": "total_cents",
        "invoice_lines": "total_cents - discount_cents",
        "payment_events": "amount_cents",
    }
    return [row for table, sum_ in of.items() for row in _rows(f"SELECT '{table}', count(*), sum({sum_}) FROM {table}")]  # noqa: S608


def _rows(query: str) -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and (name or "").startswith(("sqlite_", "pristine")))


def _tables() -> list[str]:
    return sorted(inspect(db.engine).get_table_names())


def _triggers() -> list[str]:
    with db.engine.connect() as connection:
        return sorted(connection.scalars(text(TRIGGERS[connection.dialect.name])))
