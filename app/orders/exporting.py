"""The invoices as a table, for spreadsheets and bookkeepers."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.accounts.models import User
from app.kit.db import db
from app.kit.sheets import Cell
from app.orders.finding import Wish, invoices
from app.orders.models import Invoice

COLUMNS = (
    *("number", "kind", "status", "ordered_at", "paid_at", "closed_at", "shopper", "username"),
    *("gross", "discount", "code", "total", "refunded", "refunded_discount", "net", "provider", "reference", "message"),
)
AT_ONCE = 1000


def rows(wish: Wish, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    """What fits, newest first; instants in this zone. A batch at a time, and between them no connection is held."""
    query, before = invoices(wish).limit(AT_ONCE), None
    named = query.with_only_columns(Invoice, User.username).outerjoin(User, User.id == Invoice.user_id)
    while True:
        found = db.session.execute(named if before is None else named.where(Invoice.id < before)).all()
        before = found[-1][0].id if found else None
        batch = [_row(invoice, username, zone) for invoice, username in found]
        db.session.rollback()
        yield from batch
        if len(batch) < AT_ONCE:
            return


def _row(invoice: Invoice, username: str | None, zone: ZoneInfo) -> tuple[Cell, ...]:
    return (
        invoice.number,
        invoice.kind,
        invoice.status,
        _at(invoice.created_at, zone),
        _at(invoice.paid_at, zone),
        _at(invoice.closed_at, zone),
        invoice.shopper,
        username,
        _amount(invoice.subtotal_cents),
        _amount(invoice.discount_cents),
        invoice.code,
        _amount(invoice.total_cents),
        _amount(invoice.refunded_cents),
        _amount(invoice.refunded_discount_cents),
        _amount(invoice.total_cents - invoice.refunded_cents if invoice.paid_at else 0),
        invoice.provider,
        invoice.provider_reference,
        invoice.message,
    )


def _amount(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _at(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if instant else None
