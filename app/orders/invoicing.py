"""Writing an invoice down: its number, its lines, and their shares of the discount."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert as bulk_insert
from sqlalchemy.exc import IntegrityError

from app.accounts.persons import Person
from app.cart.service import CartView
from app.config import settings
from app.discounts import service as discounts
from app.kit.db import db, insert, violated
from app.orders.errors import KeyNotUsable, TwinOrder
from app.orders.models import Invoice, InvoiceCounter, InvoiceLine

TIME_TO_PAY = timedelta(hours=24)
TIME_TO_PAY_LIMITED = timedelta(minutes=30)


def write_down(view: CartView, person: Person, now: datetime, **given: Any) -> Invoice:
    """The invoice with its lines, as prices and names are now. A code that saves nothing isn't used up for it."""
    code = view.quote if view.discount_cents else None
    is_limited = code is not None and code.code_id is not None and discounts.is_limited(code.code_id)
    invoice = Invoice(
        **given,
        number=_next_number(now),
        status="pending" if view.total_cents else "paid",
        paid_at=None if view.total_cents else now,
        shopper=person.name,
        person_key=person.key,
        subtotal_cents=view.subtotal_cents,
        discount_cents=view.discount_cents,
        total_cents=view.total_cents,
        code=code.code if code else None,
        code_id=code.code_id if code else None,
        provider=settings().payments,
        created_at=now,
        pay_by=now + (TIME_TO_PAY_LIMITED if is_limited else TIME_TO_PAY),
    )
    db.session.add(invoice)
    try:
        db.session.flush()
    except IntegrityError as error:
        if violated(error, "uq_invoices_unpaid_slot"):
            raise TwinOrder from None
        if violated(error, "uq_invoices_checkout_key"):
            raise KeyNotUsable from None
        raise
    db.session.execute(bulk_insert(InvoiceLine), _lines(view, invoice.id))
    return invoice


def _lines(view: CartView, invoice_id: int) -> list[dict[str, Any]]:
    return [
        {
            "invoice_id": invoice_id,
            "position": position,
            "product_id": line.product.id,
            "name": line.product.name,
            "sku": line.product.sku,
            "category": line.product.category.slug,
            "unit_price_cents": line.product.price_cents,
            "quantity": line.quantity,
            "total_cents": line.total_cents,
            "discount_cents": share,
        }
        for position, (line, share) in enumerate(zip(view.counted, view.shares, strict=True), start=1)
    ]


def _next_number(now: datetime) -> str:
    """The next of the year, in the installation's zone. Its row is locked until the end: no gap, no twin."""
    year = now.astimezone(ZoneInfo(settings().timezone)).year
    counted = (
        insert(InvoiceCounter)
        .values(year=year, last=1)
        .on_conflict_do_update(index_elements=["year"], set_={"last": InvoiceCounter.last + 1})
        .returning(InvoiceCounter.last)
    )
    return f"{year}-{db.session.scalars(counted).one():06d}"
