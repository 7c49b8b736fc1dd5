"""Writing an invoice down: its number, its lines, and their shares of the discount."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert as bulk_insert
from sqlalchemy.exc import IntegrityError

from app.accounts.persons import Person
from app.cart.service import CartView
from app.config import settings
from app.discounts import service as discounts
from app.discounts.service import Quote
from app.kit.db import db, insert, violated
from app.orders.errors import KeyNotUsable, TwinOrder
from app.orders.models import Invoice, InvoiceCounter, InvoiceLine

TIME_TO_PAY = timedelta(hours=24)
TIME_TO_PAY_LIMITED = timedelta(minutes=30)
DONATION = "Donation"


@dataclass(frozen=True, slots=True)
class Item:
    """A line to be: so many pieces at a price, less their share of the discount."""

    name: str
    unit_price_cents: int
    quantity: int = 1
    discount_cents: int = 0
    product_id: int | None = None
    sku: str | None = None
    category: str | None = None

    @property
    def total_cents(self) -> int:
        return self.unit_price_cents * self.quantity


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be paid, and the code that takes something off it."""

    kind: str
    items: Sequence[Item]
    quote: Quote | None = None

    @property
    def subtotal_cents(self) -> int:
        return sum(item.total_cents for item in self.items)

    @property
    def discount_cents(self) -> int:
        return sum(item.discount_cents for item in self.items)

    @property
    def total_cents(self) -> int:
        return self.subtotal_cents - self.discount_cents


def bill_of(view: CartView) -> Bill:
    """What a cart costs, as prices and names are now. A code that saves nothing isn't used up for it."""
    items = [
        Item(
            name=line.product.name,
            unit_price_cents=line.product.price_cents,
            quantity=line.quantity,
            discount_cents=share,
            product_id=line.product.id,
            sku=line.product.sku,
            category=line.product.category.slug,
        )
        for line, share in zip(view.counted, view.shares, strict=True)
    ]
    return Bill("order", items, view.quote if view.discount_cents else None)


def donation_of(amount_cents: int) -> Bill:
    """A gift of so much."""
    return Bill("donation", [Item(DONATION, amount_cents)])


def write_down(bill: Bill, person: Person, now: datetime, **given: Any) -> Invoice:
    """The invoice with its lines. Raises TwinOrder, KeyNotUsable."""
    code = bill.quote
    is_limited = code is not None and code.code_id is not None and discounts.is_limited(code.code_id)
    invoice = Invoice(
        **given,
        number=_next_number(now),
        kind=bill.kind,
        status="pending" if bill.total_cents else "paid",
        paid_at=None if bill.total_cents else now,
        shopper=person.name,
        person_key=person.key,
        subtotal_cents=bill.subtotal_cents,
        discount_cents=bill.discount_cents,
        total_cents=bill.total_cents,
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
    db.session.execute(bulk_insert(InvoiceLine), _lines(bill, invoice.id))
    return invoice


def _lines(bill: Bill, invoice_id: int) -> list[dict[str, Any]]:
    return [
        {"invoice_id": invoice_id, "position": position, "total_cents": item.total_cents, **asdict(item)}
        for position, item in enumerate(bill.items, start=1)
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
