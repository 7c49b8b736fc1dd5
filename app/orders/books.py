"""The book of invoices: whether sums, shares, refunds and numbers agree, and the row where not. Repairs nothing."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Integer, ScalarSelect, String, and_, cast, func, literal, or_, select

from app.deals.books import BOOK as OF_CLAIMS
from app.deals.models import DealSpend
from app.kit.books import Fault
from app.kit.db import db
from app.orders.models import Invoice, InvoiceCounter, InvoiceLine, Refund, RefundLine
from app.payments.models import PaymentReturn

BOOK = 7


def faults() -> list[Fault]:
    """Every row that contradicts book 7, and what deals count of invoices that book 8 can't see."""
    return [*_wrong_invoices(), *_wrong_lines(), *_wrong_refunds(), *_wrong_numbers(), *_wrong_spends()]


def _sum(column: Any, *where: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.coalesce(func.sum(column), 0)).where(*where).scalar_subquery()


def _wrong_invoices() -> Iterator[Fault]:
    ours = InvoiceLine.invoice_id == Invoice.id
    theirs = Refund.invoice_id == Invoice.id
    checks = (
        ("subtotal", Invoice.subtotal_cents, _sum(InvoiceLine.total_cents, ours), "lines"),
        ("discount", Invoice.discount_cents, _sum(InvoiceLine.discount_cents, ours), "shares of its lines"),
        ("refunded amount", Invoice.refunded_cents, _sum(InvoiceLine.refunded_cents, ours), "lines"),
        ("refunded amount", Invoice.refunded_cents, _sum(Refund.amount_cents, theirs), "refunds"),
        ("refunded discount", Invoice.refunded_discount_cents, _sum(Refund.discount_cents, theirs), "refunds"),
    )
    for what, kept, summed, by in checks:
        wrong = select(Invoice.id, kept.label("kept"), summed.label("summed")).where(kept != summed)
        for row in db.session.execute(wrong.order_by(Invoice.id)):
            yield Fault(BOOK, "invoices", row.id, f"has {row.kept} as its {what}, but its {by} add up to {row.summed}")


def _wrong_lines() -> Iterator[Fault]:
    back = RefundLine.invoice_line_id == InvoiceLine.id
    checks = (
        ("pieces", InvoiceLine.refunded_quantity, _sum(RefundLine.quantity, back)),
        ("cents", InvoiceLine.refunded_cents, _sum(RefundLine.amount_cents, back)),
    )
    for what, kept, summed in checks:
        wrong = select(InvoiceLine.id, kept.label("kept"), summed.label("summed")).where(kept != summed)
        for row in db.session.execute(wrong.order_by(InvoiceLine.id)):
            yield Fault(BOOK, "invoice_lines", row.id, f"gave back {row.kept} {what}, but its refunds {row.summed}")


def _wrong_refunds() -> Iterator[Fault]:
    """A refund is the sum of its lines, and what is sent for it is the refund."""
    lines = _sum(RefundLine.amount_cents, RefundLine.refund_id == Refund.id)
    sent = _sum(PaymentReturn.amount_cents, PaymentReturn.key == literal("refund:") + cast(Refund.id, String))
    for summed, by in ((lines, "its lines"), (sent, "what is sent for it")):
        wrong = select(Refund.id, Refund.amount_cents, summed.label("summed")).where(Refund.amount_cents != summed)
        for row in db.session.execute(wrong.order_by(Refund.id)):
            yield Fault(BOOK, "refunds", row.id, f"is {row.amount_cents}, but {by} {row.summed}")


def _wrong_numbers() -> Iterator[Fault]:
    """Numbers are unique; when there are as many as the last one says, none is missing."""
    year, place = func.substr(Invoice.number, 1, 4), cast(func.substr(Invoice.number, 6), Integer)
    counted = {
        int(row[0]): (row[1], row[2])
        for row in db.session.execute(select(year, func.count(), func.max(place)).group_by(year))
    }
    kept = {each.year: each.last for each in db.session.scalars(select(InvoiceCounter))}
    for each in sorted(counted | kept):
        there, highest = counted.get(each, (0, 0))
        if not there == highest == kept.get(each, 0):
            told = f"gave out {kept.get(each, 0)} numbers, but there are {there} invoices, up to number {highest}"
            yield Fault(BOOK, "invoice_counters", each, told)


def _wrong_spends() -> Iterator[Fault]:
    """What an invoice counts for on a deal is what was paid and refunded of it."""
    paid = and_(Invoice.id == DealSpend.invoice_id, Invoice.paid_at.is_not(None))
    differs = or_(
        Invoice.id.is_(None),
        DealSpend.amount_cents != Invoice.total_cents,
        DealSpend.refunded_cents != Invoice.refunded_cents,
    )
    columns: tuple[Any, ...] = (DealSpend, Invoice.total_cents, Invoice.refunded_cents)
    wrong = select(*columns).outerjoin(Invoice, paid).where(differs)
    for spend, total, refunded in db.session.execute(wrong.order_by(DealSpend.invoice_id, DealSpend.promotion_id)):
        counted = f"counts {spend.amount_cents} less {spend.refunded_cents} for deal {spend.promotion_id}"
        really = "no such invoice was paid" if total is None else f"{total} less {refunded} were paid"
        yield Fault(OF_CLAIMS, "deal_spends", spend.invoice_id, f"{counted}, but {really}")
