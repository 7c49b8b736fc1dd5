"""What wallets held before bonuses and deposits came is there after them, to the cent, and works on."""

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.accounts import service as accounts
from app.audit.service import SYSTEM, Actor
from app.bonuses import claims
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.wallet import adjusting
from app.wallet import service as wallets
from tests import make
from tests.bonuses.reading import balances, faults, owed
from tests.databases import MIGRATIONS
from tests.make import NOW
from tests.test_migrations import _load, _rows, _triggers, scratch  # noqa: F401  (a fixture)

pytestmark = pytest.mark.usefixtures("scratch")
TABLES = {
    "users": 4,
    "promotions": 5,
    "promotion_codes": 5,
    "promotion_uses": 8,
    "conversions": 12,
    "offer_applications": 8,
    "wallets": 2,
    "wallet_entries": 12,
    "wallet_debts": 1,
    "invoices": 4,
    "invoice_lines": 5,
    "refunds": 1,
    "payment_events": 3,
    "payment_returns": 1,
}
NEW = {
    "bonuses",
    "member_promotions",
    "turnover_events",
    "turnover_shares",
    "cashback_periods",
    "cashback_credits",
    "referrals",
    "deposits",
    "withdrawals",
    "wallet_adjustments",
}
SUMS = """
    SELECT (SELECT sum(cash_cents) FROM wallets), (SELECT sum(amount_cents) FROM wallet_entries),
        (SELECT sum(amount_cents) FROM wallet_debts), (SELECT sum(total_cents - refunded_cents) FROM invoices)
"""
GUARDS = ["wallet_entries_no_delete", "wallet_entries_no_update"]
CHANGES = ("UPDATE wallet_entries SET amount_cents = 1", "DELETE FROM wallet_entries")
ENTRY = """
    INSERT INTO wallet_entries (user_id, balance, amount_cents, reason, reference, balance_after_cents, created_at,
        member_promotion_id) VALUES (902, {}, 1, 'test', 'thing:1', 1, '2026-03-02 12:00:00.000000', {})
"""
WRONG = (
    "UPDATE wallets SET cash_cents = -1",
    ENTRY.format("'bonus'", "NULL"),
    ENTRY.format("'cash'", "777"),
    "UPDATE wallet_debts SET settled_by_id = 777",
)
Columns = dict[str, list[str]]
Contents = dict[str, list[tuple[object, ...]]]


def columns_of(*tables: str) -> Columns:
    looker = inspect(db.engine)
    return {table: [column["name"] for column in looker.get_columns(table)] for table in tables}


def contents(older: Columns) -> Contents:
    """Every row of these tables in the columns that they had."""
    return {
        table: _rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(columns[:2])}")  # noqa: S608
        for table, columns in older.items()
    }


def views() -> list[str]:
    return sorted(inspect(db.engine).get_view_names())


def sums() -> list[int]:
    [row] = _rows(SUMS)
    return [int(str(each)) for each in row]


def loaded() -> Columns:
    """The columns of wallets and orders from before bonuses, with rows in them."""
    upgrade(MIGRATIONS, "0014")
    _load("0014_wallets")
    if db.engine.dialect.name == "postgresql":  # what comes comes after
        with db.engine.begin() as connection:
            for table in ("wallet_entries", "wallet_debts", "refunds", "payment_events", "payment_returns"):
                connection.execute(text(f"SELECT setval('{table}_id_seq', 1000)"))
    return columns_of(*TABLES)


def test_wallets_from_before_go_up_and_down_and_up_again_with_every_cent() -> None:
    older = loaded()
    before = contents(older)
    assert {table: len(rows) for table, rows in before.items()} == TABLES
    assert sums() == [2135, 2135, 200, 19_400 - 1_000]
    for _twice in range(2):
        upgrade(MIGRATIONS)
        assert (contents(older), sums()) == (before, [2135, 2135, 200, 18_400])
        assert set(inspect(db.engine).get_table_names()) >= NEW
        assert _rows("SELECT DISTINCT member_promotion_id FROM wallet_entries") == [(None,)]
        assert _rows("SELECT settled_at, settled_how, settled_by_id FROM wallet_debts") == [(None, None, None)]
        assert faults() == []
        db.session.remove()
        downgrade(MIGRATIONS, "0014")
        assert (contents(older), sums()) == (before, [2135, 2135, 200, 18_400])
        assert not NEW & set(inspect(db.engine).get_table_names())
        assert columns_of(*TABLES) == older
    upgrade(MIGRATIONS)


def test_the_view_and_the_triggers_are_there_after_every_revision() -> None:
    """The ledger is append-only whichever way it goes, and its CHECKs and references hold."""
    loaded()
    triggers = _triggers()
    for way, revision, there in (
        (upgrade, "0015", ["promotion_stats"]),
        (downgrade, "0014", []),
        (upgrade, "heads", ["promotion_stats"]),
    ):
        way(MIGRATIONS, revision)
        assert views() == there
        assert _triggers() == triggers
        assert [each for each in triggers if "wallet" in each] == GUARDS
        for change in CHANGES:
            with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
                connection.execute(text(change))
    for wrong in WRONG:  # SQLite can't tell the names of constraints that came with a column, but holds them
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(text(wrong))
    assert faults() == []


def test_a_wallet_from_before_works_on() -> None:
    loaded()
    upgrade(MIGRATIONS)
    mia, cleo = accounts.get(902), accounts.get(903)
    claim = make.claim_of(make.deposit(mia, 10_000, make.bonus(turnover_requirement=0.5)))
    assert (balances(mia), claim.required_turnover_cents) == ((10_001, 10_000), 10_000)
    with unit_of_work():  # bought before there was anything to turn over
        orders.refund("2026-000001", None, key="key-of-refund-0002", actor=SYSTEM, now=NOW)
    make.paid_invoice(person=mia.person, price_cents=10_000)
    [debt] = wallets.debts(mia.id)
    with unit_of_work():
        adjusting.collect(debt.id, actor=Actor(901, "root"), now=NOW)
    assert (balances(mia), owed(mia)) == ((19_801, 0), 0)
    make.withdrawal(cleo, 2000)
    assert balances(cleo) == (134, 0)
    assert claims.overall().completed_claims == 1
    assert faults() == []


def settled() -> None:
    with unit_of_work():
        adjusting.forgive(901, "Let it be", actor=Actor(901, "root"), now=NOW)


def adjusted() -> None:
    with unit_of_work():
        adjusting.adjust(902, 100, "Sorry", key="key-of-adjustment", actor=SYSTEM, now=NOW)


HAPPENED: dict[str, Callable[[], Any]] = {
    "wallet_debts": settled,
    "wallet_adjustments": adjusted,
    "deposits": lambda: make.asked_deposit(accounts.get(902)),
    "bonuses": make.bonus,
    "withdrawals": lambda: make.withdrawal(accounts.get(903), 100),
}


@pytest.mark.parametrize("table", HAPPENED)
def test_going_down_is_refused_once_something_would_be_lost(table: str) -> None:
    loaded()
    upgrade(MIGRATIONS)
    HAPPENED[table]()
    everything = columns_of(*TABLES, *NEW)
    kept = contents(everything)
    assert kept[table]
    db.session.remove()
    with pytest.raises((RuntimeError, SystemExit)):
        downgrade(MIGRATIONS, "0014")
    assert (contents(everything), views()) == (kept, ["promotion_stats"])
    assert faults() == []


def test_killed_in_its_last_statement_it_has_changed_nothing_and_is_run_again() -> None:
    older = loaded()
    before, triggers = contents(older), _triggers()
    db.session.remove()
    db.engine.dispose()

    def upgrade_until_killed() -> None:
        @event.listens_for(Engine, "after_cursor_execute")
        def kill(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if "CREATE VIEW promotion_stats" in statement:
                os.kill(os.getpid(), signal.SIGKILL)

        upgrade(MIGRATIONS)

    child = get_context("fork").Process(target=upgrade_until_killed)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert _rows("SELECT version_num FROM alembic_version") == [("0014",)]
    assert (contents(older), columns_of(*TABLES), _triggers(), views()) == (before, older, triggers, [])
    assert not NEW & set(inspect(db.engine).get_table_names())
    upgrade(MIGRATIONS)
    assert (contents(older), _triggers(), views()) == (before, triggers, ["promotion_stats"])
    assert faults() == []
