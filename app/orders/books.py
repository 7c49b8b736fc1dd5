"""The book of invoices: whether sums, shares, refunds and numbers agree, and the row where not. Repairs nothing."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from app.bonuses.books import BONUSES as OF_BONUSES
from app.bonuses.models import TurnoverEvent
from app.deals.books import BOOK as OF_CLAIMS
from app.deals.models import DealSpend
from app.kit.books import Fault
from app.kit.db import db
from app.orders.models import Invoice, InvoiceCounter, InvoiceLine, Refund, RefundLine
from app.orders.paying import FROM_WALLET, WALLET
from app.orders.refunding import TO_WALLET
from app.payments.models import PaymentReturn
from app.wallet.books import BOOK as OF_WALLETS
from app.wallet.models import CASH, WalletEntry

BOOK = 7


def faults() -> list[Fault]:
    """Every row that contradicts book 7, and what others count of invoices that books 3, 5 and 8 can't see."""
    own = [*_wrong_invoices(), *_wrong_lines(), *_wrong_refunds(), *_wrong_numbers()]
    return [*own, *_wrong_spends(), *_wrong_cash(), *_loose_cash(), *_wrong_turnover()]


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
    key = literal("refund:") + cast(Refund.id, String)
    lines = _sum(RefundLine.amount_cents, RefundLine.refund_id == Refund.id)
    into_wallet = and_(WalletEntry.reason == TO_WALLET, WalletEntry.reference == key)
    sent = _sum(PaymentReturn.amount_cents, PaymentReturn.key == key) + _sum(WalletEntry.amount_cents, into_wallet)
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


def _wrong_cash() -> Iterator[Fault]:
    """What was paid from a wallet was taken there, from its client; nothing else was."""
    theirs = and_(
        WalletEntry.user_id == Invoice.user_id,
        WalletEntry.reason == FROM_WALLET,
        WalletEntry.reference == literal("invoice:") + cast(Invoice.id, String),
    )
    taken = -_sum(WalletEntry.amount_cents, theirs)
    is_theirs = and_(Invoice.provider == WALLET, Invoice.paid_at.is_not(None))
    due = case((is_theirs, Invoice.total_cents), else_=0)
    wrong = select(Invoice.id, due.label("due"), taken.label("taken")).where(due != taken)
    for row in db.session.execute(wrong.order_by(Invoice.id)):
        yield Fault(OF_WALLETS, "invoices", row.id, f"took {int(row.due)} from a wallet, which lost {int(row.taken)}")


def _loose_cash() -> Iterator[Fault]:
    """No entry speaks of an order of this client, or of a refund of one, that isn't there."""
    paid = select(Invoice.user_id, literal("invoice:") + cast(Invoice.id, String))
    paid = paid.where(Invoice.user_id.is_not(None), Invoice.provider == WALLET)
    refunded = select(Invoice.user_id, literal("refund:") + cast(Refund.id, String))
    refunded = refunded.join(Refund, Refund.invoice_id == Invoice.id)
    refunded = refunded.where(Invoice.user_id.is_not(None), Invoice.provider == WALLET)
    about, is_other = tuple_(WalletEntry.user_id, WalletEntry.reference), WalletEntry.balance != CASH
    loose = or_(
        and_(WalletEntry.reason == FROM_WALLET, or_(is_other, about.not_in(paid))),
        and_(WalletEntry.reason == TO_WALLET, or_(is_other, about.not_in(refunded))),
    )
    for entry_id in db.session.scalars(select(WalletEntry.id).where(loose).order_by(WalletEntry.id)):
        yield Fault(OF_WALLETS, "wallet_entries", entry_id, "is for an order that wasn't paid from this wallet")


def _wrong_turnover() -> Iterator[Fault]:
    """What a line counts as turnover is what its client paid for it, and what went back of it."""
    told = (TurnoverEvent.key, TurnoverEvent.user_id, TurnoverEvent.amount_cents, TurnoverEvent.refunded_cents)
    paid = InvoiceLine.total_cents - InvoiceLine.discount_cents
    line = literal("line:") + cast(InvoiceLine.id, String)
    lines = select(line, Invoice.user_id, paid, InvoiceLine.refunded_cents)
    lines = lines.join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    lines = lines.where(Invoice.user_id.is_not(None), Invoice.kind == "order", Invoice.paid_at.is_not(None))
    wrong = select(TurnoverEvent.id).where(TurnoverEvent.key.like("line:%"), tuple_(*told).not_in(lines))
    for event_id in db.session.scalars(wrong.order_by(TurnoverEvent.id)):
        yield Fault(OF_BONUSES, "turnover_events", event_id, "isn't what was paid and refunded of its line")
