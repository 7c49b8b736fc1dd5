"""Invoices and the books, for admins' programs."""

import secrets
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.invoice_schemas import (
    Accounts,
    Applied,
    InPeriod,
    InvoiceOut,
    Invoices,
    InvoiceShort,
    Line,
    MonthSums,
    Nothing,
    Payment,
    RefundedLine,
    RefundOut,
    RefundWish,
    WhichInvoices,
)
from app.api.tokens import actor, requires
from app.config import settings
from app.errors import ValidationFailed
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.lists import paginate
from app.orders import accounting
from app.orders import service as orders
from app.orders.accounting import Period, Sums
from app.orders.models import Invoice
from app.orders.service import Wish

TAG = "Invoices"
NOT_PAYABLE = "`not_payable`: the order is void."
NOT_VOIDABLE = "`not_voidable`: only an unpaid order can be cancelled."
NOT_REFUNDABLE = "`not_refundable`: it isn't paid, or all of it went back already."
NO_SUCH_PIECES = "`too_much_to_refund` (`data.left` says how many are left), `unknown_line`, `nothing_to_refund`."


@bp.get("/v1/admin/invoices")
@requires("admin")
@endpoint(Promise(TAG, Invoices, query=WhichInvoices))
def list_invoices(query: WhichInvoices) -> Answer:
    """List invoices, newest first."""
    since, until = _instant(query.from_), _instant(query.to, is_end=True)
    if since and until and until <= since:
        raise ValidationFailed({"to": [_("The period ends before it begins.")]})
    wish = Wish(
        search=query.search,
        status=query.status or "",
        kind=query.kind or "",
        since=since,
        until=until,
    )
    found = paginate(orders.invoices(wish), size=query.limit, offset=query.first)
    return Answer(Invoices(invoices=[_short(each) for each in found.items], total=found.total), _("Invoices."))


@bp.get("/v1/admin/invoices/<number>")
@requires("admin")
@endpoint(Promise(TAG, InvoiceOut))
def show_invoice(number: str) -> Answer:
    """Show an invoice with its lines and refunds."""
    return Answer(_whole(number), _("The invoice."))


@bp.post("/v1/admin/invoices/<number>/pay")
@requires("admin")
@endpoint(Promise(TAG, InvoiceOut, body=Nothing, refuses={409: NOT_PAYABLE}))
def pay_invoice(number: str, body: Nothing) -> Answer:  # noqa: ARG001
    """Mark an invoice as paid.

    The money came by another way than the installation's provider. One that is paid already stays as it is.
    """
    with unit_of_work():
        orders.confirm_payment(number, actor=actor(), now=clock.now())
        shown = _whole(number)
    return Answer(shown, _("The invoice is paid."))


@bp.post("/v1/admin/invoices/<number>/void")
@requires("admin")
@endpoint(Promise(TAG, InvoiceOut, body=Nothing, refuses={409: NOT_VOIDABLE}))
def void_invoice(number: str, body: Nothing) -> Answer:  # noqa: ARG001
    """Cancel an unpaid invoice.

    The use of its code is given back. One that is void already stays as it is.
    """
    with unit_of_work():
        orders.void(orders.by_number(number).id, actor=actor(), now=clock.now())
        shown = _whole(number)
    return Answer(shown, _("The invoice is void."))


@bp.post("/v1/admin/invoices/<number>/refund")
@requires("admin")
@endpoint(Promise(TAG, InvoiceOut, body=RefundWish, refuses={409: NOT_REFUNDABLE, 422: NO_SUCH_PIECES}, creates=True))
def refund_invoice(number: str, body: RefundWish) -> Answer:
    """Refund an invoice, whole or by line and quantity.

    Each piece gives back exactly its part of what was paid. The provider is asked to send the money afterwards; what
    was paid from a wallet is back in it at once. Without `lines`, all that is left goes back; an invoice that is
    refunded already then stays as it is.
    """
    wanted: Counter[int] = Counter()
    for line in body.lines:
        wanted[line.id] += line.quantity
    key = f"api:{secrets.token_urlsafe(24)}"
    orders.refund(number, wanted or None, reason=body.reason or "", key=key, actor=actor(), now=clock.now())
    return Answer(_whole(number), _("The money goes back."))


@bp.get("/v1/admin/accounting")
@requires("admin")
@endpoint(Promise("Accounting", Accounts, query=InPeriod))
def show_accounting(query: InPeriod) -> Answer:
    """Add up the books.

    Of all invoices that are or were paid in the period, by the time of payment; without `from` since the first one,
    without `to` until now. At most ten years.
    """
    zone = ZoneInfo(settings().timezone)
    period = _period(query, zone)
    months = accounting.months(period, zone)
    sums = accounting.by_period(months)
    told = [
        MonthSums(month=month.since.astimezone(zone).strftime("%Y-%m"), **_sums(each))
        for month, each in zip(months, sums, strict=True)
    ]
    days: dict[str, Any] = {
        "from": _day(period.since, zone),
        "to": _day(period.until - timedelta(microseconds=1), zone),
    }
    return Answer(Accounts(**days, **_sums(sum(sums, Sums())), months=told), _("The books."))


def _period(query: InPeriod, zone: ZoneInfo) -> Period:
    now = clock.now()
    since = _instant(query.from_)
    if since is None:
        first = accounting.first_paid_on(zone) or now.astimezone(zone).date()
        since = datetime.combine(first, time(), zone)
    until = _instant(query.to, is_end=True) or max(now, since) + timedelta(microseconds=1)
    if until <= since:
        raise ValidationFailed({"to": [_("The period ends before it begins.")]})
    period = Period(since, until)
    if period.is_too_long:
        raise ValidationFailed({"from": [_("Please choose ten years at most.")]})
    return period


def _instant(given: date | datetime | None, *, is_end: bool = False) -> datetime | None:
    """A day begins, and as the last one ends, at midnight in the installation's zone."""
    if given is None or isinstance(given, datetime):
        return given
    return datetime.combine(given + timedelta(days=is_end), time(), ZoneInfo(settings().timezone))


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "invoices": sums.invoices,
        "gross": sums.gross_cents,
        "promotion_savings": sums.savings_cents,
        "refunds": sums.refunds_cents,
        "net": sums.net_cents,
        "donations": sums.donations_cents,
    }


def _short(invoice: Invoice) -> InvoiceShort:
    return InvoiceShort(**_described(invoice))


def _described(invoice: Invoice) -> dict[str, Any]:
    applied = Applied(code=invoice.code, discount_amount=invoice.discount_cents) if invoice.code else None
    return {
        "id": invoice.id,
        "number": invoice.number,
        "kind": invoice.kind,
        "status": invoice.status,
        "shopper": invoice.shopper,
        "user_id": invoice.user_id,
        "subtotal": invoice.subtotal_cents,
        "discount": invoice.discount_cents,
        "total": invoice.total_cents,
        "refunded": invoice.refunded_cents,
        "promotion": applied,
        "payment": Payment(provider=invoice.provider, reference=invoice.provider_reference),
        "created_at": invoice.created_at,
        "paid_at": invoice.paid_at,
        "closed_at": invoice.closed_at,
    }


def _whole(number: str) -> InvoiceOut:
    invoice = orders.by_number(number)
    lines = [
        Line(
            id=line.id,
            name=line.name,
            sku=line.sku,
            category=line.category,
            unit_price=line.unit_price_cents,
            quantity=line.quantity,
            total=line.total_cents,
            discount=line.discount_cents,
            refunded_quantity=line.refunded_quantity,
            refunded=line.refunded_cents,
        )
        for line in invoice.lines
    ]
    refunds = [
        RefundOut(
            id=refund.id,
            amount=refund.amount_cents,
            reason=refund.reason,
            created_at=refund.created_at,
            lines=[
                RefundedLine(id=part.invoice_line_id, quantity=part.quantity, amount=part.amount_cents)
                for part in refund.lines
            ],
        )
        for refund in orders.refunds_of(invoice.id)
    ]
    return InvoiceOut(**_described(invoice), message=invoice.message, lines=lines, refunds=refunds)
