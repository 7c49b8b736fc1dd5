"""Giving money back for a paid invoice, whole or piece by piece. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from app.audit import service as audit
from app.audit.service import Actor
from app.bonuses import service as bonuses
from app.deals import service as deals
from app.discounts import service as discounts
from app.errors import NotFound
from app.kit.db import db
from app.orders import rules
from app.orders.errors import KeyNotUsable, NothingToRefund, NotRefundable, RefundMade, TooMuchToRefund, UnknownLine
from app.orders.models import Invoice, InvoiceLine, Refund, RefundLine
from app.orders.paying import WALLET, payable
from app.orders.rules import PaidLine, Part
from app.payments import service as payments
from app.wallet import ledger

REFUNDABLE = ("paid", "partly_refunded")
TO_WALLET = "order_refunded"


def refund(  # noqa: PLR0913
    number: str, wanted: Mapping[int, int] | None, *, reason: str = "", key: str, actor: Actor, now: datetime
) -> Invoice:
    """Give back these pieces, by id of their line, or all that is left of the invoice; the same `key` once.

    Each gives back exactly its part of what was paid. The whole order back gives back the code's use too, where the
    promotion says so. The provider is asked after the commit. Raises NotFound, NotRefundable, NothingToRefund,
    UnknownLine, TooMuchToRefund, KeyNotUsable, RefundMade.
    """
    invoice = _lock(number)
    earlier = db.session.scalar(select(Refund).where(Refund.key == key))
    if earlier is not None:
        if earlier.invoice_id != invoice.id:
            raise KeyNotUsable
        if not _is_what_was_refunded(earlier, wanted, invoice):
            raise RefundMade
        return invoice
    if invoice.status == "refunded" and wanted is None:
        return invoice
    if invoice.status not in REFUNDABLE:
        raise NotRefundable
    lines = _lines_of(invoice.id)
    parts = rules.parts_of(lines, _looked_over(lines, wanted))
    if not parts:
        raise NothingToRefund
    made = _write_down(invoice, parts, reason=reason, key=key, actor=actor, now=now)
    before = {"status": invoice.status, "refunded_cents": invoice.refunded_cents}
    _count(invoice, made, is_whole=rules.is_whole(lines, parts), now=now)
    if invoice.status == "refunded":
        discounts.give_back(invoice.id, now, is_refund=True)
    deals.take_back(invoice.id, made.amount_cents, now)
    bonuses.take_back({part.line_id: part.amount_cents for part in parts})
    _send(invoice, made, now)
    after = {"status": invoice.status, "refunded_cents": invoice.refunded_cents, "reason": reason}
    audit.record(actor, "invoice.refunded", "invoice", invoice.id, {**before, "reason": ""}, after)
    return invoice


def worth(invoice: Invoice, wanted: Mapping[int, int] | None) -> int:
    """How many cents would go back for these pieces, or for all that is left. Of an invoice with its lines."""
    lines = [
        PaidLine(line.id, line.unit_price_cents, line.quantity, line.discount_cents, line.refunded_quantity)
        for line in invoice.lines
    ]
    return sum(part.amount_cents for part in rules.parts_of(lines, wanted))


def _is_what_was_refunded(earlier: Refund, wanted: Mapping[int, int] | None, invoice: Invoice) -> bool:
    """Whether the same was asked for before, under the same key."""
    if wanted is None:
        return invoice.status == "refunded"
    refunded = db.session.execute(
        select(RefundLine.invoice_line_id, RefundLine.quantity).where(RefundLine.refund_id == earlier.id)
    )
    asked = {(line_id, quantity) for line_id, quantity in wanted.items() if quantity}
    return asked == {(line_id, quantity) for line_id, quantity in refunded}


def _lock(number: str) -> Invoice:
    """The invoice as it is now, which nobody else refunds, pays or cancels before the transaction ends."""
    locked = select(Invoice).where(Invoice.number == number).with_for_update(key_share=True)
    invoice = db.session.scalar(locked.execution_options(populate_existing=True))
    if invoice is None:
        raise NotFound
    return invoice


def _lines_of(invoice_id: int) -> list[PaidLine]:
    columns = (
        InvoiceLine.id,
        InvoiceLine.unit_price_cents,
        InvoiceLine.quantity,
        InvoiceLine.discount_cents,
        InvoiceLine.refunded_quantity,
    )
    found = db.session.execute(
        select(*columns).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.position)
    )
    return [PaidLine(*each) for each in found]


def _looked_over(lines: Sequence[PaidLine], wanted: Mapping[int, int] | None) -> Mapping[int, int] | None:
    left = {line.id: line.left for line in lines}
    for line_id, quantity in (wanted or {}).items():
        if line_id not in left:
            raise UnknownLine(line=line_id)
        if not 0 <= quantity <= left[line_id]:
            raise TooMuchToRefund(line=line_id, left=left[line_id])
    return wanted


def _write_down(  # noqa: PLR0913
    invoice: Invoice, parts: Sequence[Part], *, reason: str, key: str, actor: Actor, now: datetime
) -> Refund:
    made = Refund(
        invoice_id=invoice.id,
        key=key,
        amount_cents=sum(part.amount_cents for part in parts),
        discount_cents=sum(part.discount_cents for part in parts),
        reason=reason,
        made_by=actor.user_id,
        created_at=now,
    )
    db.session.add(made)
    db.session.flush()
    db.session.execute(
        insert(RefundLine),
        [
            {
                "refund_id": made.id,
                "invoice_line_id": part.line_id,
                "quantity": part.quantity,
                "amount_cents": part.amount_cents,
                "discount_cents": part.discount_cents,
            }
            for part in parts
        ],
    )
    for part in parts:
        db.session.execute(
            update(InvoiceLine)
            .where(InvoiceLine.id == part.line_id)
            .values(
                refunded_quantity=InvoiceLine.refunded_quantity + part.quantity,
                refunded_cents=InvoiceLine.refunded_cents + part.amount_cents,
            )
            .execution_options(synchronize_session=False)
        )
    return made


def _send(invoice: Invoice, made: Refund, now: datetime) -> None:
    """To where it came from; of what cost nothing, nothing goes back."""
    if made.amount_cents and invoice.provider == WALLET and invoice.user_id is not None:
        reference = f"refund:{made.id}"
        ledger.credit(invoice.user_id, made.amount_cents, reason=TO_WALLET, reference=reference, now=now)
    elif made.amount_cents:
        payments.send_back(
            f"refund:{made.id}",
            payable(invoice),
            provider=invoice.provider,
            reference=invoice.provider_reference or "",
            amount_cents=made.amount_cents,
            now=now,
        )


def _count(invoice: Invoice, made: Refund, *, is_whole: bool, now: datetime) -> None:
    invoice.refunded_cents += made.amount_cents
    invoice.refunded_discount_cents += made.discount_cents
    invoice.status = "refunded" if is_whole else "partly_refunded"
    invoice.closed_at = now if is_whole else None
    db.session.flush()
