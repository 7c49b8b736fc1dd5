"""What codes on accounts have earned before their list came is in it after that, once each, and they work on."""

from typing import Any

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import Base, db, unit_of_work
from app.offers import catalogue, holdings
from app.offers import service as offers
from app.offers.errors import OfferInUse
from app.offers.service import Completed
from app.wallet import ledger
from app.wallet import service as wallets
from tests import make
from tests.databases import MIGRATIONS
from tests.make import NOW
from tests.offers.reading import faults
from tests.test_migrations import _load, _rows, _triggers, scratch  # noqa: F401  (a fixture)

pytestmark = pytest.mark.usefixtures("scratch")
LATER = {"member_promotion_id", "settled_at", "settled_how", "settled_why", "settled_by_id"}
TABLES = (
    "users",
    "offers",
    "promotions",
    "offer_codes",
    "offer_code_scopes",
    "promotion_codes",
    "user_promo_codes",
    "conversions",
    "promotion_uses",
    "wallets",
    "wallet_entries",
    "wallet_debts",
)
EARNED = "SELECT count(*), sum(bonus_cents) FROM {} {}"
LIST = """
    SELECT user_promo_code_id, promotion_id, user_id, offer_id, offer_name, bonus_cents, conversion_id,
        reversed_at IS NOT NULL
    FROM offer_applications ORDER BY id
"""
# 901 and 902 are the same code, removed and applied again; 907 was removed before anything was completed
LISTED = [
    (901, 901, 902, 901, "Survey", 200, 901, False),
    (902, 901, 902, 902, "Trial", 500, 903, False),
    (903, 902, 902, 901, "Survey", 500, 904, False),
    (903, 902, 902, 902, "Trial", 500, 905, True),
    (904, 903, 903, 901, "Survey", 800, 907, False),
    (906, 905, 903, 903, "Old app", 100, 908, False),
    (906, 905, 903, 903, "Old app", 10, 909, True),
    (905, 904, 903, 902, "Trial", 1234, 912, False),
]
BY_CODE = """
    SELECT held.id, count(listed.id), coalesce(sum(listed.bonus_cents), 0) FROM user_promo_codes AS held
    LEFT JOIN offer_applications AS listed ON listed.user_promo_code_id = held.id GROUP BY held.id ORDER BY held.id
"""
SAME_AS_USES = """
    SELECT count(*) FROM offer_applications AS listed
    JOIN promotion_uses AS uses ON uses.purpose = 'conversion:' || CAST(listed.conversion_id AS VARCHAR(20))
        AND uses.promotion_id = listed.promotion_id AND uses.value_cents = listed.bonus_cents
        AND uses.taken_at = listed.applied_at
    JOIN conversions ON conversions.id = listed.conversion_id AND conversions.received_at = listed.applied_at
        AND (conversions.reversed_at = listed.reversed_at OR listed.reversed_at IS NULL)
"""


def contents(older: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    """Every row of these tables in the columns that they had."""
    return {
        table: _rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(columns[:2])}")  # noqa: S608
        for table, columns in older.items()
    }


def loaded() -> dict[str, list[str]]:
    """The columns of codes and wallets from before the list, with rows in them."""
    upgrade(MIGRATIONS, "0013")
    _load("0013_offers")
    if db.engine.dialect.name == "postgresql":  # a ledger is read in the order of its numbers: what comes comes after
        with db.engine.begin() as connection:
            connection.execute(text("SELECT setval('wallet_entries_id_seq', max(id)) FROM wallet_entries"))
    return {table: [column["name"] for column in inspect(db.engine).get_columns(table)] for table in TABLES}


def sums(of: str) -> list[tuple[int, ...]]:
    return [tuple(int(str(each)) for each in row) for row in _rows(of)]


def user(user_id: int) -> User:
    return accounts.get(user_id)


def test_every_conversion_that_earned_is_listed_once_and_going_down_and_up_again_changes_nothing() -> None:
    older = loaded()
    before = contents(older)
    assert [len(rows) for rows in before.values()] == [4, 3, 5, 5, 1, 5, 7, 12, 8, 2, 12, 1]
    for _twice in range(2):
        upgrade(MIGRATIONS)
        assert contents(older) == before
        assert _rows(LIST) == LISTED
        assert sums(SAME_AS_USES) == [(len(LISTED),)]
        assert sums(EARNED.format("offer_applications", "")) == sums(
            EARNED.format("conversions", "WHERE bonus_cents > 0")
        )
        assert sums(BY_CODE) == [
            (901, 1, 200), (902, 1, 500), (903, 2, 1000), (904, 1, 800), (905, 1, 1234), (906, 2, 110), (907, 0, 0),
        ]  # fmt: skip
        assert faults() == []
        db.session.remove()
        downgrade(MIGRATIONS, "0013")
        assert contents(older) == before
        assert "offer_applications" not in inspect(db.engine).get_table_names()
    upgrade(MIGRATIONS)


def test_a_code_from_before_works_on() -> None:
    loaded()
    upgrade(MIGRATIONS)
    mia, cleo = user(902), user(903)
    assert [(held.code, held.uses_left, held.earned.cents) for held in holdings.codes_of(mia, NOW)] == [
        ("FIVEFLAT", 1, 500)
    ]
    assert make.applied(mia, "TENPLUS").is_new
    with unit_of_work():
        told = [offers.record(Completed(f"new-{each}", "survey", "mia", 2000), now=NOW)[0] for each in range(2)]
        again, is_new = offers.record(Completed("net-7", "survey", "cleo", 2000), now=NOW)
    assert [(each.code, each.bonus_cents) for each in told] == [("FIVEFLAT", 500), ("TENPLUS", 200)]
    assert (again.id, again.bonus_cents, is_new) == (907, 800, False)
    for conversion_id in ("net-7", "net-1"):  # what closed its code, and what is no longer in the wallet
        with unit_of_work():
            offers.reverse(conversion_id, actor=SYSTEM, now=NOW)
    assert wallets.balances(cleo.id).cash_cents == 1334
    assert make.applied(mia, "LAST-ONE").uses_left == 1
    assert faults() == []


def test_a_conversion_without_a_use_to_tell_by_which_code_is_not_forgotten_silently() -> None:
    loaded()
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM promotion_uses WHERE id = 901"))
    with pytest.raises((RuntimeError, SystemExit)):
        upgrade(MIGRATIONS)
    assert _rows("SELECT version_num FROM alembic_version") == [("0013",)]
    assert "offer_applications" not in inspect(db.engine).get_table_names()


def moved() -> None:
    someone = make.user()
    with unit_of_work():
        ledger.credit(someone.id, 1, reason="test", reference="thing:1", now=NOW)


def owed() -> None:
    someone = make.user()
    with unit_of_work():
        ledger.take_back(someone.id, 1, reason="test", reference="thing:1", now=NOW)


HAPPENED: dict[str, Any] = {
    "wallet_entries": moved,
    "wallet_debts": owed,
    "offer_codes": make.offer_code,
    "conversions": lambda: make.converted(make.user(), make.offer()),
    "user_promo_codes": lambda: make.applied(make.user(), make.offer_code()),
}


@pytest.mark.parametrize("table", HAPPENED)
def test_going_down_further_is_refused_once_something_would_be_lost(table: str) -> None:
    upgrade(MIGRATIONS)
    HAPPENED[table]()
    columns = ", ".join(column.name for column in Base.metadata.tables[table].c if column.name not in LATER)
    kept = _rows(f"SELECT {columns} FROM {table}")  # noqa: S608
    assert kept
    db.session.remove()
    with pytest.raises((RuntimeError, SystemExit)):
        downgrade(MIGRATIONS, "0012")
    assert _rows(f"SELECT {columns} FROM {table}") == kept  # noqa: S608
    upgrade(MIGRATIONS)
    assert faults() == []


def test_where_nothing_has_happened_yet_it_goes_down() -> None:
    upgrade(MIGRATIONS)
    make.offer()
    db.session.remove()
    downgrade(MIGRATIONS, "0012")
    older = {"users", "promotions", "promotion_codes", "promotion_uses"}
    assert {*TABLES, "offer_applications"} & set(inspect(db.engine).get_table_names()) == older


def test_the_ledger_is_guarded_after_every_revision() -> None:
    loaded()
    for revision in ("0014", "0013", "heads"):
        (downgrade if revision == "0013" else upgrade)(MIGRATIONS, revision)
        assert [each for each in _triggers() if "wallet" in each] == [
            "wallet_entries_no_delete",
            "wallet_entries_no_update",
        ]
        for change in ("UPDATE wallet_entries SET amount_cents = 1", "DELETE FROM wallet_entries"):
            with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
                connection.execute(text(change))
        with pytest.raises(IntegrityError), db.engine.begin() as connection:  # the CHECKs are there
            connection.execute(text("UPDATE wallets SET cash_cents = -1"))


def test_an_offer_from_before_stays_while_something_refers_to_it() -> None:
    loaded()
    upgrade(MIGRATIONS)
    with pytest.raises(OfferInUse), unit_of_work():
        catalogue.remove(901, actor=SYSTEM)
