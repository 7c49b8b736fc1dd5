"""The books of conversions name every row that contradicts them, and so do the commands that prove them."""

import pytest
from flask import Flask

from app.kit.db import unit_of_work
from app.offers import books
from app.promotions import books as promotion_books
from app.wallet import books as wallet_books
from app.wallet import ledger
from tests import make
from tests.make import NOW
from tests.tampering import tamper, tampered

pytestmark = pytest.mark.usefixtures("app")
COMMANDS = (["wallet", "reconcile"], ["check-invariants"])
Named = list[tuple[int, str, int, str]]


def a_full_life() -> None:
    """Conversions of client 1, by code 1: 1 earned 2.00, 2 was reversed, of which 0.50 are owed. 3 earned nothing.

    Conversion 4 is client 2's and has earned 5.00 by code 2. Code 2 is on client 1's account no more.
    """
    ada, bob = make.user(), make.user()
    ten, five = make.offer_code(), make.offer_code(bonus_type="fixed", bonus_value=5)
    survey, other = make.offer(), make.offer()
    make.applied(ada, ten)
    first, second = make.converted(ada, survey), make.converted(ada, other)
    with unit_of_work():
        ledger.take_back(ada.id, 250, reason="spent", reference="else", now=NOW)
    make.reversed_again(second)
    make.converted(bob, survey)
    make.applied(bob, five)
    fourth = make.converted(bob, survey)
    assert (first.bonus_cents, second.bonus_cents, fourth.bonus_cents) == (200, 200, 500)


def told() -> Named:
    found = [*promotion_books.faults(), *books.faults(), *wallet_books.faults()]
    return [(each.book, each.table, each.row_id, each.what) for each in found]


def test_the_books_of_a_full_life_are_right(app: Flask) -> None:
    a_full_life()
    assert told() == []
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 0, answer.output


TABLE, USES, ENTRIES = "conversions", "promotion_uses", "wallet_entries"
NOT_LISTED = "isn't in the list of its code as it is"
WRONG: list[tuple[str, Named]] = [
    ("DELETE FROM offer_applications WHERE conversion_id = 2", [(1, TABLE, 2, NOT_LISTED)]),
    (
        "DELETE FROM offer_applications WHERE conversion_id = 1",
        [(1, TABLE, 1, NOT_LISTED), (1, TABLE, 1, "holds 0 uses of its code")],
    ),
    ("UPDATE offer_applications SET bonus_cents = 201 WHERE id = 1", [(1, TABLE, 1, NOT_LISTED)]),
    ("UPDATE offer_applications SET user_id = 2 WHERE id = 1", [(1, TABLE, 1, NOT_LISTED)]),
    ("UPDATE offer_applications SET offer_id = 2 WHERE id = 1", [(1, TABLE, 1, NOT_LISTED)]),
    ("UPDATE offer_applications SET user_promo_code_id = 2 WHERE id = 1", [(1, TABLE, 1, NOT_LISTED)]),
    (
        "UPDATE offer_applications SET promotion_id = 2 WHERE id = 1",
        [(1, TABLE, 1, NOT_LISTED), (1, TABLE, 1, "holds 0 uses of its code")],
    ),
    ("UPDATE offer_applications SET reversed_at = applied_at WHERE id = 1", [(1, TABLE, 1, NOT_LISTED)]),
    ("UPDATE offer_applications SET reversed_at = NULL WHERE id = 2", [(1, TABLE, 2, NOT_LISTED)]),
    (
        "UPDATE offer_applications SET conversion_id = 3 WHERE id = 2",
        [(1, TABLE, 2, NOT_LISTED), (1, TABLE, 3, NOT_LISTED)],
    ),
    (
        "UPDATE conversions SET bonus_cents = 300 WHERE id = 1",
        [
            (1, TABLE, 1, NOT_LISTED),
            (3, TABLE, 1, "earned 300, but 200 were paid and 0 taken back or owed"),
            (1, TABLE, 1, "holds 0 uses of its code"),
        ],
    ),
    (
        "UPDATE conversions SET bonus_cents = 0, code = NULL WHERE id = 1",
        [
            (1, TABLE, 1, NOT_LISTED),
            (3, TABLE, 1, "earned 0, but 200 were paid and 0 taken back or owed"),
            (1, USES, 1, "is live, but no conversion has earned by it"),
        ],
    ),
    (
        "UPDATE conversions SET reversed_at = received_at WHERE id = 1",
        [
            (1, TABLE, 1, NOT_LISTED),
            (3, TABLE, 1, "earned 200, but 200 were paid and 0 taken back or owed"),
            (1, TABLE, 1, "holds 1 uses of its code"),
            (1, USES, 1, "is live, but no conversion has earned by it"),
        ],
    ),
    (
        "UPDATE conversions SET reversed_at = NULL WHERE id = 2",
        [
            (1, TABLE, 2, NOT_LISTED),
            (3, TABLE, 2, "earned 200, but 200 were paid and 200 taken back or owed"),
            (1, TABLE, 2, "holds 0 uses of its code"),
        ],
    ),
    (
        "DELETE FROM wallet_debts",
        [(3, TABLE, 2, "earned 200, but 200 were paid and 150 taken back or owed")],
    ),
    (
        "UPDATE wallet_debts SET user_id = 2",
        [(3, TABLE, 2, "earned 200, but 200 were paid and 150 taken back or owed")],
    ),
    (
        "UPDATE wallet_entries SET reason = 'else' WHERE id = 1",
        [(3, TABLE, 1, "earned 200, but 0 were paid and 0 taken back or owed")],
    ),
    (
        "UPDATE wallet_entries SET reference = 'conversion:9' WHERE id = 1",
        [
            (3, TABLE, 1, "earned 200, but 0 were paid and 0 taken back or owed"),
            (3, ENTRIES, 1, "is for a conversion that isn't there"),
        ],
    ),
    (
        "UPDATE wallet_entries SET reference = 'conversion:4' WHERE id = 1",
        [(3, TABLE, 1, "earned 200, but 0 were paid and 0 taken back or owed")],
    ),
    ("UPDATE promotion_uses SET value_cents = 199 WHERE id = 1", [(1, TABLE, 1, "holds 0 uses of its code")]),
    (
        "UPDATE promotion_uses SET purpose = 'conversion:3' WHERE id = 1",
        [
            (1, TABLE, 1, "holds 0 uses of its code"),
            (1, USES, 1, "is live, but no conversion has earned by it"),
        ],
    ),
    ("UPDATE promotion_uses SET person = 'user:2' WHERE id = 1", [(1, TABLE, 1, "holds 0 uses of its code")]),
    (
        (
            "UPDATE wallet_entries SET balance = 'bonus', balance_after_cents = 500, member_promotion_id = 1"
            " WHERE reference = 'conversion:4';"
            "UPDATE wallets SET cash_cents = 0, bonus_cents = 500 WHERE user_id = 2"
        ),
        [(3, TABLE, 4, "earned 500, but 0 were paid and 0 taken back or owed")],
    ),
    (
        (
            "UPDATE promotion_uses SET promotion_id = 2, code_id = 2 WHERE id = 1;"
            "UPDATE promotions SET used_count = 0 WHERE id = 1;"
            "UPDATE promotions SET used_count = 2 WHERE id = 2;"
            "UPDATE promotion_codes SET used_count = 0 WHERE id = 1;"
            "UPDATE promotion_codes SET used_count = 2 WHERE id = 2"
        ),
        [(1, TABLE, 1, "holds 0 uses of its code")],
    ),
]


def test_what_does_not_agree_is_named() -> None:
    a_full_life()
    for statements, expected in WRONG:
        with tampered(*statements.split(";")):
            assert told() == expected, statements
    assert told() == []


def test_the_commands_name_it_too_and_fail(app: Flask) -> None:
    a_full_life()
    tamper("DELETE FROM wallet_debts")
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 1
        assert "book 3: conversions 2 earned 200, but 200 were paid and 150 taken back or owed\n" in answer.output
