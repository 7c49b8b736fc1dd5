"""The book of claims names the row that contradicts it, and so does the command that proves the books."""

import pytest
from flask import Flask
from sqlalchemy import text

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals import books
from app.kit.db import db, unit_of_work
from app.orders import books as order_books
from app.orders import service as orders
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")
ADA, BEN, VISIT = Person("Ada"), Person("Ben"), "a-session"


def some_claims() -> None:
    """Grant 1 is handed out, 2 waits; 3 was handed out, then refunded; 4 was refunded. Ada has claim 1, Ben claim 2."""
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    make.spend(ADA, 2500, visit=VISIT)
    grants = [make.claim(deal, ADA, visit=VISIT) for _each in range(2)]
    invoice = make.spend(BEN, 2000, visit=VISIT)
    grants += [make.claim(deal, BEN, visit=VISIT) for _each in range(2)]
    make.deliver(grants[0])
    make.deliver(grants[2])
    with unit_of_work():
        orders.refund(invoice.number, None, key="all of it", actor=SYSTEM, now=NOW)


def told() -> list[tuple[str, int, str]]:
    db.session.rollback()
    return [(each.table, each.row_id, each.what) for each in (*books.faults(), *order_books.faults())]


def test_books_of_claims_deliveries_and_refunds_are_right(app: Flask) -> None:
    some_claims()
    statuses = "SELECT status, flagged_at IS NOT NULL FROM grants ORDER BY id"
    assert [tuple(each) for each in db.session.execute(text(statuses))] == [
        ("delivered", 0), ("pending", 0), ("delivered", 1), ("revoked", 0),
    ]  # fmt: skip
    assert told() == []
    answer = app.test_cli_runner().invoke(args=["check-invariants"])
    assert (answer.exit_code, answer.output) == (0, "The books are right.\n")


IN_GAME = "says something else of the game than its grants"
SPENT = "UPDATE promotion_claims SET total_spent_during_promo ="


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        (f"{SPENT} 2499 WHERE id = 1", [("promotion_claims", 1, "counts 2499 spent, but its invoices add up to 2500")]),
        (
            f"{SPENT} 1999 WHERE id = 1",
            [
                ("promotion_claims", 1, "counts 1999 spent, but its invoices add up to 2500"),
                ("grants", 2, "rests on 2000, but only 1999 are spent"),
            ],
        ),
        (
            "UPDATE deal_spends SET amount_cents = 2600 WHERE invoice_id = 1",
            [
                ("promotion_claims", 1, "counts 2500 spent, but its invoices add up to 2600"),
                ("deal_spends", 1, "counts 2600 less 0 for deal 1, but 2500 less 0 were paid"),
            ],
        ),
        (
            "UPDATE deal_spends SET refunded_cents = 1000 WHERE invoice_id = 2",
            [
                ("promotion_claims", 2, "counts 0 spent, but its invoices add up to 1000"),
                ("deal_spends", 2, "counts 2000 less 1000 for deal 1, but 2000 less 2000 were paid"),
            ],
        ),
        (
            "UPDATE promotion_claims SET claim_count = 3 WHERE id = 1",
            [("promotion_claims", 1, "counts 3 claims, but has 2 grants")],
        ),
        (
            "UPDATE promotion_claims SET person = 'name:cleo' WHERE id = 1",
            [
                ("promotion_claims", 1, "counts 2500 spent, but its invoices add up to 0"),
                ("grants", 1, "holds 0 uses"),
                ("grants", 2, "holds 0 uses"),
            ],
        ),
        (
            "UPDATE grants SET status = 'pending', revoked_at = NULL WHERE id = 4",
            [
                ("promotion_claims", 2, "counts 1 claims, but has 2 grants"),
                ("grants", 4, "holds 0 uses"),
                ("grants", 4, "rests on 2000, but only 0 are spent"),
                ("promotion_claims", 2, IN_GAME),
            ],
        ),
        (
            "UPDATE promotion_uses SET released_at = NULL, slot = 9 WHERE purpose = 'grant:4'",
            [("grants", 4, "holds 1 uses"), ("promotion_uses", 4, "is live, but nothing was granted for it")],
        ),
        ("UPDATE promotion_uses SET released_at = taken_at WHERE id = 1", [("grants", 1, "holds 0 uses")]),
        (
            "UPDATE promotion_uses SET purpose = 'grant:99' WHERE id = 1",
            [("grants", 1, "holds 0 uses"), ("promotion_uses", 1, "is live, but nothing was granted for it")],
        ),
        ("UPDATE grants SET flagged_at = NULL WHERE id = 3", [("grants", 3, "rests on 1000, but only 0 are spent")]),
        (
            "UPDATE grants SET needs_cents = 2501 WHERE id = 2",
            [("grants", 2, "rests on 2501, but only 2500 are spent")],
        ),
        ("UPDATE promotion_claims SET claimed_ingame = true WHERE id = 1", [("promotion_claims", 1, IN_GAME)]),
        ("UPDATE promotion_claims SET claimed_ingame = false WHERE id = 2", [("promotion_claims", 2, IN_GAME)]),
        (
            "DELETE FROM deal_spends WHERE invoice_id = 1",
            [("promotion_claims", 1, "counts 2500 spent, but its invoices add up to 0")],
        ),
        (
            "UPDATE deal_spends SET invoice_id = 99 WHERE invoice_id = 1",
            [("deal_spends", 99, "counts 2500 less 0 for deal 1, but no such invoice was paid")],
        ),
    ],
)
def test_a_row_that_was_changed_by_other_hands_is_named(
    app: Flask, statement: str, faults: list[tuple[str, int, str]]
) -> None:
    some_claims()
    with unit_of_work():
        db.session.execute(text(statement))
    assert told() == faults
    answer = app.test_cli_runner().invoke(args=["check-invariants"])
    assert answer.exit_code == 1
    for table, row_id, what in faults:
        assert f"{table} {row_id}" in answer.output
        assert what in answer.output
