"""The book of invoices names the row that contradicts it."""

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from app.audit.service import SYSTEM
from app.kit.db import Base, db, unit_of_work
from app.orders import books
from app.orders import service as orders
from app.orders.models import Invoice, InvoiceCounter, InvoiceLine, Refund, RefundLine
from app.payments.models import PaymentReturn
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")


def some_invoices() -> None:
    make.discount(code="TEN")
    invoice = make.paid_invoice(code="TEN", quantity=2)
    with unit_of_work():
        line = orders.by_number(invoice.number).lines[0].id
        orders.refund(invoice.number, {line: 1}, key="refund", actor=SYSTEM, now=NOW)
    make.invoice()


def test_books_of_orders_donations_and_refunds_are_right(app: Flask) -> None:
    some_invoices()
    assert books.faults() == []
    told = app.test_cli_runner().invoke(args=["check-invariants"])
    assert (told.exit_code, told.output) == (0, "The books are right.\n")


@pytest.mark.parametrize(
    ("table", "values", "named"),
    [
        (InvoiceLine, {"total_cents": 3000, "unit_price_cents": 1500}, {"invoices"}),
        (InvoiceLine, {"discount_cents": 401}, {"invoices"}),
        (InvoiceLine, {"refunded_quantity": 2}, {"invoice_lines"}),
        (InvoiceLine, {"refunded_cents": 1}, {"invoice_lines", "invoices"}),
        (Invoice, {"refunded_discount_cents": 1}, {"invoices"}),
        (Refund, {"amount_cents": 1}, {"invoices", "refunds"}),
        (RefundLine, {"amount_cents": 1}, {"invoice_lines", "refunds"}),
        (PaymentReturn, {"amount_cents": 1}, {"refunds"}),
        (InvoiceCounter, {"last": 3}, {"invoice_counters"}),
    ],
)
def test_a_row_that_was_changed_by_other_hands_is_named(
    app: Flask, table: type[Base], values: dict[str, int], named: set[str]
) -> None:
    some_invoices()
    keys = list(table.__table__.primary_key)
    with unit_of_work():
        first = db.session.execute(select(*keys).order_by(*keys)).first()
        mine = (key == value for key, value in zip(keys, first or (), strict=True))
        db.session.execute(update(table).where(*mine).values(**values))
    assert {fault.table for fault in books.faults()} == named
    told = app.test_cli_runner().invoke(args=["check-invariants"])
    assert told.exit_code == 1
    assert "book 7" in told.output


def test_a_missing_number_is_told() -> None:
    some_invoices()
    with unit_of_work():
        last = orders.by_number("2026-000002").id
        db.session.execute(delete(InvoiceLine).where(InvoiceLine.invoice_id == last))
        db.session.execute(delete(Invoice).where(Invoice.id == last))
    [fault] = books.faults()
    assert (fault.table, fault.row_id) == ("invoice_counters", 2026)
