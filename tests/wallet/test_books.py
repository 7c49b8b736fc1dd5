"""The books of wallets name every balance and every entry that contradicts the ledger, and so do the commands."""

import pytest
from flask import Flask

from app.accounts.models import User
from app.kit.db import unit_of_work
from app.wallet import books, ledger
from tests import make
from tests.make import NOW
from tests.tampering import tamper, tampered

pytestmark = pytest.mark.usefixtures("app")
COMMANDS = (["wallet", "reconcile"], ["check-invariants"])
Named = list[tuple[int, str, int, str]]


def two_wallets() -> tuple[User, User]:
    """Entries 1 to 3 are Ada's: 500, 300 and -200. Entry 4 is Bob's: 70. Ada owes 50."""
    ada, bob = make.user(), make.user()
    with unit_of_work():
        ledger.credit(ada.id, 500, reason="test", reference="thing:1", now=NOW)
        ledger.credit(ada.id, 300, reason="test", reference="thing:2", now=NOW)
        ledger.take_back(ada.id, 200, reason="back", reference="thing:1", now=NOW)
        ledger.credit(bob.id, 70, reason="test", reference="thing:3", now=NOW)
    return ada, bob


def told() -> Named:
    return [(each.book, each.table, each.row_id, each.what) for each in books.faults()]


def test_the_books_of_wallets_in_use_are_right(app: Flask) -> None:
    two_wallets()
    assert told() == []
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 0, answer.output


WALLETS, ENTRIES = "wallets", "wallet_entries"


WRONG: list[tuple[str, Named]] = [
    (
        "UPDATE wallets SET cash_cents = 601 WHERE user_id = 1",
        [(3, WALLETS, 1, "has 601 in cash, its entries add up to 600")],
    ),
    (
        "UPDATE wallets SET bonus_cents = 1 WHERE user_id = 2",
        [(3, WALLETS, 2, "has 1 in bonus, its entries add up to 0")],
    ),
    (
        "DELETE FROM wallet_entries WHERE id = 4",
        [(3, WALLETS, 2, "has 70 in cash, its entries add up to 0")],
    ),
    (
        "DELETE FROM wallet_entries WHERE id = 1",
        [
            (3, WALLETS, 1, "has 600 in cash, its entries add up to 100"),
            (3, ENTRIES, 2, "says 800 were left, but it was 300"),
            (3, ENTRIES, 3, "says 600 were left, but it was 100"),
        ],
    ),
    (
        "UPDATE wallet_entries SET amount_cents = 501 WHERE id = 1",
        [
            (3, WALLETS, 1, "has 600 in cash, its entries add up to 601"),
            (3, ENTRIES, 1, "says 500 were left, but it was 501"),
            (3, ENTRIES, 2, "says 800 were left, but it was 801"),
            (3, ENTRIES, 3, "says 600 were left, but it was 601"),
        ],
    ),
    (
        "UPDATE wallet_entries SET balance_after_cents = 799 WHERE id = 2",
        [(3, ENTRIES, 2, "says 799 were left, but it was 800")],
    ),
    (
        "UPDATE wallet_entries SET balance = 'bonus', member_promotion_id = 1 WHERE id = 4",
        [
            (3, WALLETS, 2, "has 70 in cash, its entries add up to 0"),
            (3, WALLETS, 2, "has 0 in bonus, its entries add up to 70"),
        ],
    ),
    (
        "UPDATE wallet_entries SET user_id = 1 WHERE id = 4",
        [
            (3, WALLETS, 1, "has 600 in cash, its entries add up to 670"),
            (3, WALLETS, 2, "has 70 in cash, its entries add up to 0"),
            (3, ENTRIES, 4, "says 70 were left, but it was 670"),
        ],
    ),
]


def test_what_does_not_agree_is_named() -> None:
    two_wallets()
    for statement, expected in WRONG:
        with tampered(statement):
            assert told() == expected, statement
    assert told() == []


def test_a_wallet_that_is_missing_is_named() -> None:
    two_wallets()
    tamper("DELETE FROM wallets WHERE user_id = 2")
    assert told() == [(3, WALLETS, 2, "isn't there, its entries add up to 70")]


def test_the_commands_name_it_too_and_fail(app: Flask) -> None:
    two_wallets()
    tamper("UPDATE wallets SET cash_cents = 601 WHERE user_id = 1")
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 1
        assert "book 3: wallets 1 has 601 in cash, its entries add up to 600\n" in answer.output
