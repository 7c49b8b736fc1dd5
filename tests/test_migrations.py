"""The revisions that customers run give what the models say, and go down and up again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, stamp, upgrade
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Table, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.schema import SchemaItem

from app import create_app
from app.accounts.persons import Person
from app.config import settings
from app.deals import books as books_of_deals
from app.deals import service as deals
from app.discounts import service as discounts
from app.kit.db import Base, db, unit_of_work
from app.orders import books
from app.promotions import archiving, jobs
from app.promotions import books as books_of_uses
from app.promotions.models import Promotion
from tests import databases, make
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
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": _is_ours, "include_object": _is_told}
        )
        assert compare_metadata(context, Base.metadata) == []
    promised = {str(each.name) for table in Base.metadata.tables.values() for each in _checks_of(table)}
    assert _checks() == promised


@pytest.mark.usefixtures("scratch")
def test_every_revision_goes_up_and_down_and_up_again() -> None:
    upgrade(MIGRATIONS)
    tables, triggers, checks = _tables(), _triggers(), _checks()
    downgrade(MIGRATIONS, "base")
    assert _tables() == ["alembic_version"]
    assert _triggers() == []
    upgrade(MIGRATIONS)
    assert _tables() == tables
    assert _triggers() == triggers
    assert _checks() == checks


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


NEWER = ("active_hours", "auto_deactivate_on_max_uses", "auto_deactivated_at", "deactivated_by")
NEWER_FIELDS = f"SELECT is_active, {', '.join(NEWER)} FROM promotions ORDER BY id"  # noqa: S608
OF_CODES = ("promotions", "discounts", "promotion_codes", "promotion_uses", "discount_paid_orders")
CLOSED_BY_SYSTEM = """
    INSERT INTO promotions (id, kind, title, description, is_active, active_hours, usage_limit, used_count,
        auto_deactivate_on_max_uses, auto_deactivated_at, deactivated_by, min_amount_cents, requires_account,
        release_on_refund, is_public, display_order, terms_and_conditions, version, created_at, updated_at)
    VALUES (901, 'discount', 'Closed', '', false, '{}', 1, 1, true, '2026-01-05 09:00:00.000000', 'system', 0, false,
        true, false, 0, '', 1, '2026-01-01 09:00:00.000000', '2026-01-05 09:00:00.000000')
"""
STATUSES = {
    "SPRING": "active",
    "PAUSED": "inactive",
    "LAST-TWO": "exhausted",
    "WINTER": "expired",
    "SUMMER": "scheduled",
    "MEMBER": "active",
    "OLD_ONE": "archived",
    "BOTH": "inactive",
}


@pytest.mark.usefixtures("scratch")
def test_codes_from_before_gain_hours_and_auto_deactivation_and_keep_their_uses_and_counts() -> None:
    upgrade(MIGRATIONS, "0004")
    _load("0004_codes")
    older = {table: _columns(table) for table in OF_CODES}
    before = _contents(older)
    assert [len(rows) for rows in before.values()] == [8, 8, 8, 9, 2]
    for _twice in range(2):
        upgrade(MIGRATIONS)
        assert _contents(older) == before
        open_to_all, switched_off = (True, None, True, None, None), (False, None, True, None, "person")
        assert _rows(NEWER_FIELDS) == [
            switched_off if code in {"PAUSED", "OLD_ONE", "BOTH"} else open_to_all for code in STATUSES
        ]
        assert _rows("SELECT auto_deactivated_at FROM promotion_codes") == [(None,)] * 8
        assert _statuses() == STATUSES
        assert books_of_uses.faults() == []
        db.session.remove()
        downgrade(MIGRATIONS, "0004")
        assert _contents(older) == before
        assert {table: _columns(table) for table in OF_CODES} == older


@pytest.mark.usefixtures("scratch")
def test_a_shop_from_before_deals_keeps_all_it_has_and_loses_only_deals_that_nobody_has_spent_on() -> None:
    upgrade(MIGRATIONS, "0010")
    _load("0010_shop")
    older = {table: _columns(table) for table in (*OF_CODES, "invoices", "invoice_lines", "payment_returns")}
    before, sums = _contents(older), _sums()
    assert [len(rows) for rows in before.values()] == [8, 8, 8, 9, 2, 3, 4, 2]
    for _twice in range(2):
        upgrade(MIGRATIONS)
        assert (_contents(older), _sums()) == (before, sums)
        active, ended = make.deal(), make.deal(usage_limit=1)
        with unit_of_work():
            archiving.archive(ended.id, actor=make.SYSTEM, now=make.NOW)
        assert _rows("SELECT count(*) FROM deals") == [(2,)]
        assert deals.get(active.id).promotion.status(make.NOW) == "active"
        assert [*books.faults(), *books_of_uses.faults(), *books_of_deals.faults()] == []
        db.session.remove()
        downgrade(MIGRATIONS, "0010")
        assert (_contents(older), _sums()) == (before, sums)
        assert _rows("SELECT count(*) FROM promotions_archive WHERE promotion_id > 908") == [(0,)]
    upgrade(MIGRATIONS)


@pytest.mark.usefixtures("scratch")
def test_what_was_spent_on_deals_is_not_forgotten_by_going_down() -> None:
    upgrade(MIGRATIONS)
    deal = make.deal(auto_claim=True)
    make.spend(Person("Ada"), 5000)
    db.session.remove()
    with pytest.raises(SystemExit):
        downgrade(MIGRATIONS, "0010")
    assert _rows("SELECT status, needs_cents FROM grants") == [("pending", 5000)]
    assert _rows("SELECT promotion_id, amount_cents FROM deal_spends") == [(deal.id, 5000)]
    assert books_of_deals.faults() == []


@pytest.mark.usefixtures("scratch")
def test_a_code_from_before_works_like_any_other_and_what_the_system_closed_is_open_again_further_down() -> None:
    upgrade(MIGRATIONS, "0004")
    _load("0004_codes")
    upgrade(MIGRATIONS)
    assert _quoted("SPRING") == 250  # 12.5 % of 20.00
    assert _quoted("LAST-TWO") == "usage_limit_reached"
    make.use("SPRING", person=Person("ada"))
    with unit_of_work():
        discounts.give_back(5, make.NOW)
    assert _quoted("LAST-TWO") == 1000
    make.use("LAST-TWO", person=Person("ada"))  # the last one: now it closes itself
    jobs.close_ended(make.NOW)
    assert _statuses() == STATUSES | {"LAST-TWO": "expired"}
    assert books_of_uses.faults() == []
    db.session.remove()
    downgrade(MIGRATIONS, "0004")
    assert _rows("SELECT id, used_count FROM promotions WHERE is_active ORDER BY id") == [
        (901, 3), (903, 2), (904, 0), (905, 0), (906, 1),
    ]  # fmt: skip
    upgrade(MIGRATIONS)
    assert (_statuses(), books_of_uses.faults()) == (STATUSES, [])
    for wrong in ("deactivated_by = 'system'", "ends_at = starts_at", "auto_deactivated_at = updated_at"):
        with pytest.raises(IntegrityError), db.engine.begin() as connection:  # the CHECKs came along
            connection.execute(text(f"UPDATE promotions SET {wrong} WHERE id = 905"))  # noqa: S608


@pytest.mark.usefixtures("scratch")
def test_a_database_in_which_the_older_revision_had_made_the_newer_fields_keeps_what_is_in_them() -> None:
    upgrade(MIGRATIONS, "0004_hours")
    if db.engine.dialect.name == "sqlite":  # where ALTER TABLE and CREATE TABLE put the CHECKs in different places
        Promotion.__table__.drop(db.engine)  # type: ignore[attr-defined]
        Promotion.__table__.create(db.engine)  # type: ignore[attr-defined]
    stamp(MIGRATIONS, "0004")
    with db.engine.begin() as connection:
        connection.exec_driver_sql(CLOSED_BY_SYSTEM)
    before = _rows(NEWER_FIELDS)
    upgrade(MIGRATIONS)
    assert _rows(NEWER_FIELDS) == before
    downgrade(MIGRATIONS, "0004")
    assert not set(NEWER) & set(_columns("promotions"))
    assert _rows("SELECT id, is_active, used_count FROM promotions") == [(901, True, 1)]
    upgrade(MIGRATIONS)
    assert _rows(NEWER_FIELDS) == [(True, None, True, None, None)]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("scratch")
def test_the_number_of_a_deleted_code_does_not_come_again_after_a_rebuild() -> None:
    upgrade(MIGRATIONS)
    gone = make.discount()
    with unit_of_work():
        discounts.remove(gone.id, make.SYSTEM, make.NOW)
    db.session.remove()
    downgrade(MIGRATIONS, "0004")
    upgrade(MIGRATIONS)
    assert make.discount().id > gone.id


def _columns(table: str) -> list[str]:
    return [column["name"] for column in inspect(db.engine).get_columns(table)]


def _contents(older: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    """Every row of these tables in the columns that they had."""
    return {
        table: _rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}")  # noqa: S608
        for table, columns in older.items()
    }


def _statuses() -> dict[str, str]:
    """What each code of the dump is now, in its order."""
    found = [discounts.get(int(str(row[0]))) for row in _rows("SELECT id FROM promotions ORDER BY id")]
    return {str(discounts.fields_of(each)["code"]): each.promotion.status(make.NOW) for each in found}


def _quoted(code: str) -> int | str:
    """What it takes off 20.00, or why not."""
    quote = discounts.quote(code, items=[discounts.Item(2000, 1)], person=None, now=make.NOW)
    return quote.refusal.code if quote.refusal else quote.discount_cents


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


def _checks() -> set[str]:
    """The names of all CHECKs that the database holds."""
    looker = inspect(db.engine)
    return {str(each["name"]) for table in _tables() for each in looker.get_check_constraints(table) if each["name"]}


def _checks_of(table: Table) -> list[CheckConstraint]:
    return [each for each in table.constraints if isinstance(each, CheckConstraint)]


def _triggers() -> list[str]:
    with db.engine.connect() as connection:
        return sorted(connection.scalars(text(TRIGGERS[connection.dialect.name])))


def _is_told(thing: SchemaItem, _name: str | None, kind: str, _reflected: bool, _other: SchemaItem | None) -> bool:
    """SQLite doesn't tell the name of a foreign key that came with a column added to a table."""
    if kind != "foreign_key_constraint" or db.engine.dialect.name != "sqlite":
        return True
    assert isinstance(thing, ForeignKeyConstraint)
    added = {("wallet_entries", "member_promotion_id"), ("wallet_debts", "settled_by_id")}
    return not any((thing.parent.name, column.name) in added for column in thing.columns)
