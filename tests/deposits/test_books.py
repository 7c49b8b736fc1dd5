"""The books of deposits, withdrawals, corrections and orders paid from wallets name every row that contradicts them."""

import pytest
from flask import Flask

from app.audit.service import SYSTEM
from app.deposits import service as deposits
from app.deposits import withdrawing
from app.kit.db import unit_of_work
from app.orders import service as orders
from app.wallet import adjusting
from tests import make
from tests.bonuses.reading import told
from tests.make import NOW
from tests.tampering import tamper, tampered

pytestmark = pytest.mark.usefixtures("app")
COMMANDS = (["wallet", "reconcile"], ["check-invariants"])
Named = list[tuple[int, str, int, str]]


def a_full_life() -> None:
    """Ada is user 1, Bob 2. Deposits: 1 Ada's of 100.00; 2 hers, refunded, of which 4.00 were owed and collected.

    3 is refused, 4 waits. Withdrawals: 1 approved, 2 refused, 3 waits. Adjustments: 1 of 10.00 to Ada, 2 to Bob.
    Order 1 was paid from Ada's wallet, and half of it refunded; order 2 of hers by a provider.
    """
    ada, bob = make.user(), make.user()
    make.deposit(ada, 1000)
    second = make.deposit(ada, 500)
    first = make.withdrawal(ada, 1400)
    with unit_of_work():
        withdrawing.approve(first.id, "", actor=SYSTEM, now=NOW)
    make.refunded_deposit(second)
    with unit_of_work():
        adjusting.adjust(ada.id, 1000, "Sorry", key="first", actor=SYSTEM, now=NOW)
        adjusting.adjust(bob.id, 1000, "Sorry", key="second", actor=SYSTEM, now=NOW)
    with unit_of_work():
        adjusting.collect(1, actor=SYSTEM, now=NOW)
    refused = make.asked_deposit(ada, 700)
    with unit_of_work():
        deposits.refuse(refused.id, "", actor=SYSTEM, now=NOW)
    make.asked_deposit(ada, 700)
    second_withdrawal = make.withdrawal(ada, 100)
    with unit_of_work():
        withdrawing.refuse(second_withdrawal.id, "", actor=SYSTEM, now=NOW)
    make.withdrawal(ada, 100)
    bought = make.invoice(person=ada.person, price_cents=100, quantity=2)
    with unit_of_work():
        orders.pay_from_wallet(bought.id, NOW)
        orders.refund(bought.number, {1: 1}, key="refund-of-the-books", actor=SYSTEM, now=NOW)
    make.paid_invoice(person=ada.person)


def test_the_books_of_a_full_life_are_right(app: Flask) -> None:
    a_full_life()
    assert told() == []
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 0, answer.output


DEPOSITS = "deposits"
WITHDRAWALS = "withdrawals"
ENTRIES = "wallet_entries"
DEBTS = "wallet_debts"
ADJUSTMENTS = "wallet_adjustments"
INVOICES = "invoices"
REFUNDS = "refunds"
NOTHING = "is for a deposit or a withdrawal that isn't there"
NOT_COLLECTED = "wasn't collected as it says"
NOT_MOVED = "isn't what was moved for it"
NO_ORDER = "is for an order that wasn't paid from this wallet"
WRONG: list[tuple[str, Named]] = [
    (
        "UPDATE deposits SET amount_cents = 1001 WHERE id = 1",
        [(3, DEPOSITS, 1, "is confirmed, but 1000 were credited and 0 taken back or owed")],
    ),
    (
        "UPDATE deposits SET user_id = 2 WHERE id = 1",
        [(3, DEPOSITS, 1, "is confirmed, but 0 were credited and 0 taken back or owed")],
    ),
    (
        "UPDATE deposits SET status = 'refunded', refunded_at = closed_at WHERE id = 1",
        [(3, DEPOSITS, 1, "is refunded, but 1000 were credited and 0 taken back or owed")],
    ),
    (
        "UPDATE deposits SET status = 'refused', confirmed_at = NULL WHERE id = 1",
        [(3, DEPOSITS, 1, "is refused, but 1000 were credited and 0 taken back or owed")],
    ),
    (
        "UPDATE deposits SET status = 'confirmed', refunded_at = NULL WHERE id = 2",
        [(3, DEPOSITS, 2, "is confirmed, but 500 were credited and 500 taken back or owed")],
    ),
    (
        "UPDATE deposits SET status = 'confirmed', confirmed_at = closed_at WHERE id = 3",
        [(3, DEPOSITS, 3, "is confirmed, but 0 were credited and 0 taken back or owed")],
    ),
    (
        "UPDATE deposits SET status = 'confirmed', confirmed_at = created_at, open_slot = NULL WHERE id = 4",
        [(3, DEPOSITS, 4, "is confirmed, but 0 were credited and 0 taken back or owed")],
    ),
    ("DELETE FROM deposits WHERE id = 1", [(3, ENTRIES, 1, NOTHING)]),
    (
        "UPDATE withdrawals SET amount_cents = 1399 WHERE id = 1",
        [(3, WITHDRAWALS, 1, "is approved, but 1400 were held and 0 came back")],
    ),
    (
        "UPDATE withdrawals SET user_id = 2 WHERE id = 1",
        [(3, WITHDRAWALS, 1, "is approved, but 0 were held and 0 came back")],
    ),
    (
        "UPDATE withdrawals SET status = 'refused' WHERE id = 1",
        [(3, WITHDRAWALS, 1, "is refused, but 1400 were held and 0 came back")],
    ),
    (
        "UPDATE withdrawals SET status = 'approved' WHERE id = 2",
        [(3, WITHDRAWALS, 2, "is approved, but 100 were held and 100 came back")],
    ),
    (
        "UPDATE withdrawals SET status = 'cancelled', decided_at = created_at WHERE id = 3",
        [(3, WITHDRAWALS, 3, "is cancelled, but 100 were held and 0 came back")],
    ),
    ("DELETE FROM withdrawals WHERE id = 3", [(3, ENTRIES, 10, NOTHING)]),
    (
        "UPDATE wallet_debts SET amount_cents = 401 WHERE id = 1",
        [
            (3, DEPOSITS, 2, "is refunded, but 500 were credited and 501 taken back or owed"),
            (3, DEBTS, 1, NOT_COLLECTED),
        ],
    ),
    (
        "UPDATE wallet_debts SET user_id = 2 WHERE id = 1",
        [
            (3, DEPOSITS, 2, "is refunded, but 500 were credited and 100 taken back or owed"),
            (3, ENTRIES, 7, "is for debt:1, which isn't theirs"),
            (3, DEBTS, 1, NOT_COLLECTED),
        ],
    ),
    ("UPDATE wallet_debts SET settled_how = 'forgiven' WHERE id = 1", [(3, DEBTS, 1, NOT_COLLECTED)]),
    (
        "DELETE FROM wallet_debts WHERE id = 1",
        [
            (3, DEPOSITS, 2, "is refunded, but 500 were credited and 100 taken back or owed"),
            (3, ENTRIES, 7, "is for debt:1, which isn't theirs"),
        ],
    ),
    ("UPDATE wallet_adjustments SET amount_cents = 999 WHERE id = 1", [(3, ADJUSTMENTS, 1, NOT_MOVED)]),
    (
        "UPDATE wallet_adjustments SET user_id = 2 WHERE id = 1",
        [(3, ENTRIES, 5, "is for adjustment:1, which isn't theirs"), (3, ADJUSTMENTS, 1, NOT_MOVED)],
    ),
    ("DELETE FROM wallet_adjustments WHERE id = 2", [(3, ENTRIES, 6, "is for adjustment:2, which isn't theirs")]),
    (
        "UPDATE wallet_entries SET reason = 'else' WHERE id = 1",
        [(3, DEPOSITS, 1, "is confirmed, but 0 were credited and 0 taken back or owed")],
    ),
    (
        "UPDATE wallet_entries SET reference = 'deposit:9' WHERE id = 1",
        [(3, DEPOSITS, 1, "is confirmed, but 0 were credited and 0 taken back or owed"), (3, ENTRIES, 1, NOTHING)],
    ),
    (
        "UPDATE wallet_entries SET reference = 'deposit:3' WHERE id = 1",
        [
            (3, DEPOSITS, 1, "is confirmed, but 0 were credited and 0 taken back or owed"),
            (3, DEPOSITS, 3, "is refused, but 1000 were credited and 0 taken back or owed"),
        ],
    ),
    (
        "UPDATE wallet_entries SET reference = 'withdrawal:9' WHERE id = 3",
        [(3, WITHDRAWALS, 1, "is approved, but 0 were held and 0 came back"), (3, ENTRIES, 3, NOTHING)],
    ),
    (
        "UPDATE wallet_entries SET reference = 'adjustment:9' WHERE reference = 'adjustment:2'",
        [(3, ENTRIES, 6, "is for adjustment:9, which isn't theirs"), (3, ADJUSTMENTS, 2, NOT_MOVED)],
    ),
    (
        "UPDATE wallet_entries SET reference = 'debt:9' WHERE reference = 'debt:1'",
        [(3, ENTRIES, 7, "is for debt:9, which isn't theirs"), (3, DEBTS, 1, NOT_COLLECTED)],
    ),
    (
        "UPDATE wallet_entries SET reference = 'invoice:9' WHERE reference = 'invoice:1'",
        [(3, INVOICES, 1, "took 200 from a wallet, which lost 0"), (3, ENTRIES, 11, NO_ORDER)],
    ),
    (
        "UPDATE wallet_entries SET reference = 'invoice:2' WHERE reference = 'invoice:1'",
        [
            (3, INVOICES, 1, "took 200 from a wallet, which lost 0"),
            (3, INVOICES, 2, "took 0 from a wallet, which lost 200"),
            (3, ENTRIES, 11, NO_ORDER),
        ],
    ),
    (
        "UPDATE wallet_entries SET reference = 'refund:9' WHERE reference = 'refund:1'",
        [(7, REFUNDS, 1, "is 100, but what is sent for it 0"), (3, ENTRIES, 12, NO_ORDER)],
    ),
    (
        "UPDATE invoices SET provider = 'manual' WHERE id = 1",
        [
            (3, INVOICES, 1, "took 0 from a wallet, which lost 200"),
            (3, ENTRIES, 11, NO_ORDER),
            (3, ENTRIES, 12, NO_ORDER),
        ],
    ),
    (
        "UPDATE invoices SET provider = 'wallet' WHERE id = 2",
        [(3, INVOICES, 2, "took 2000 from a wallet, which lost 0")],
    ),
    (
        "UPDATE invoices SET user_id = 2 WHERE id = 1",
        [
            (3, INVOICES, 1, "took 200 from a wallet, which lost 0"),
            (3, ENTRIES, 11, NO_ORDER),
            (3, ENTRIES, 12, NO_ORDER),
        ],
    ),
]


def test_what_does_not_agree_is_named() -> None:
    a_full_life()
    for statement, expected in WRONG:
        with tampered(statement):
            assert told() == expected, statement
    assert told() == []


def test_the_commands_name_it_too_and_fail(app: Flask) -> None:
    a_full_life()
    tamper("UPDATE withdrawals SET status = 'approved' WHERE id = 2")
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 1
        assert "book 3: withdrawals 2 is approved, but 100 were held and 100 came back\n" in answer.output
