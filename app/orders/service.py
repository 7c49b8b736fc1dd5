"""From cart to invoice, and what becomes of it. Callers own the transaction.

Locks are taken in one order: the cart, the counter of numbers, the code's use. The hot ones come last.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Update, and_, or_, select, update
from sqlalchemy import insert as bulk_insert
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.cart import service as carts
from app.cart.models import Cart
from app.cart.service import CartView
from app.config import settings
from app.discounts import service as discounts
from app.errors import NotFound
from app.kit.db import db, insert, violated
from app.kit.money import MOST_CENTS
from app.kit.text import like
from app.orders.errors import (
    CartEmpty,
    KeyNotUsable,
    NameNeeded,
    NotPayable,
    NotVoidable,
    OrderTooLarge,
    TooManyUnpaid,
    TotalChanged,
    TwinOrder,
)
from app.orders.models import UNPAID_AT_ONCE, Invoice, InvoiceCounter, InvoiceLine
from app.payments import service as payments
from app.payments.providers import Notification, Payable

TIME_TO_PAY = timedelta(hours=24)
TIME_TO_PAY_LIMITED = timedelta(minutes=30)
CHECKOUT_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who wants to see an invoice: an account, an anonymous session, and what was opened by a signed link."""

    user_id: int | None = None
    visit: str | None = None
    opened: Sequence[int] = ()


def check_out(  # noqa: PLR0913
    cart: Cart, *, person: Person | None, visit: str | None, key: str, expected_total_cents: int | None, now: datetime
) -> Invoice:
    """Order what is in a locked cart, at the total that its page showed. The same `key` gives the same invoice.

    Raises NameNeeded, KeyNotUsable, CartEmpty, OrderTooLarge, TotalChanged, TooManyUnpaid, TwinOrder and CodeRefused,
    and then nothing was ordered.
    """
    if person is None:
        raise NameNeeded(field="username")
    if not CHECKOUT_KEY.fullmatch(key):
        raise KeyNotUsable
    owner = {"user_id": person.user_id, "visit": None if person.has_account else visit}
    earlier = _earlier(person, key)
    placed = next((invoice for invoice in earlier if invoice.checkout_key == key), None)
    if placed is not None:
        return _own(placed, owner)
    view = carts.view(cart, person, now)
    _look_over(view, expected_total_cents)
    slot = _free_slot(earlier) if view.total_cents else None
    carts.close(cart)
    invoice = _write_down(view, person, now, checkout_key=key, unpaid_slot=slot, **owner)
    if view.quote and view.discount_cents:
        discounts.redeem(view.quote, person=person, invoice_id=invoice.id, now=now)
    if invoice.status == "paid":
        _count_as_paid(invoice, SYSTEM, now)
    return invoice


def start_payment(invoice: Invoice) -> str | None:
    """The address where it is paid; None where the invoice itself says how. Raises NotPayable."""
    if invoice.status != "pending":
        raise NotPayable
    return payments.provider(invoice.provider).start(payable(invoice))


def payable(invoice: Invoice) -> Payable:
    """What a provider is asked to collect for an invoice."""
    return Payable(f"invoice:{invoice.id}", invoice.number, invoice.total_cents)


def mark_paid(  # noqa: PLR0913, PLR0917
    invoice_id: int, provider: str, event_id: str, paid_at: datetime, now: datetime, actor: Actor = SYSTEM
) -> Invoice:
    """The provider has the money, since `paid_at`. The same event counts once.

    Money for an order that is closed already changes nothing but is kept as stray, to be given back. Raises NotFound.
    """
    invoice = get(invoice_id)
    if not payments.note(provider, Notification(event_id, "paid", paid_at), payable(invoice), now):
        return get(invoice_id)
    paid = {"status": "paid", "paid_at": paid_at, "provider": provider, "provider_reference": event_id}
    if not _leave_pending(invoice_id, paid):
        payments.mark_stray(provider, event_id)
        stray = {"provider": provider, "event": event_id}
        audit.record(actor, "invoice.stray_payment", "invoice", invoice_id, after=stray)
        return get(invoice_id)
    invoice = get(invoice_id)
    _count_as_paid(invoice, actor, now)
    return invoice


def void(invoice_id: int, *, actor: Actor, now: datetime) -> Invoice:
    """Cancel an unpaid order and give back the use of its code. Raises NotFound, NotVoidable."""
    if _leave_pending(invoice_id, {"status": "void", "closed_at": now}):
        discounts.give_back(invoice_id, now)
        audit.record(actor, "invoice.voided", "invoice", invoice_id, {"status": "pending"}, {"status": "void"})
    invoice = get(invoice_id)
    if invoice.status != "void":
        raise NotVoidable
    return invoice


def overdue(now: datetime, *, limit: int = 500) -> Sequence[int]:
    """Ids of unpaid orders whose time to pay is over."""
    return db.session.scalars(
        select(Invoice.id)
        .where(Invoice.status == "pending", Invoice.pay_by <= now)
        .order_by(Invoice.pay_by)
        .limit(limit)
    ).all()


def get(invoice_id: int) -> Invoice:
    """As it is in the database now. Raises NotFound."""
    invoice = db.session.get(Invoice, invoice_id, populate_existing=True)
    if invoice is None:
        raise NotFound
    return invoice


def by_number(number: str) -> Invoice:
    """With its lines. Raises NotFound."""
    return _one(Invoice.number == number)


def shown_to(viewer: Viewer, number: str) -> Invoice:
    """With its lines, if it is the viewer's to see. Raises NotFound: to others it doesn't exist."""
    return _one(and_(Invoice.number == number, _visible_to(viewer)))


def made(viewer: Viewer, invoice: Invoice) -> bool:
    """Whether the viewer ordered it, and doesn't just hold its link."""
    return (viewer.user_id is not None and viewer.user_id == invoice.user_id) or (
        viewer.visit is not None and viewer.visit == invoice.visit
    )


def list_for(viewer: Viewer) -> Select[Invoice]:
    """What this viewer may see, newest first."""
    return select(Invoice).where(_visible_to(viewer)).order_by(Invoice.id.desc())


def invoices(*, search: str = "", status: str = "") -> Select[Invoice]:
    """Every invoice for the admin list, newest first, by number, shopper or code."""
    query = select(Invoice).order_by(Invoice.id.desc())
    if search:
        pattern = like(search.strip())
        columns = (Invoice.number, Invoice.shopper, Invoice.code)
        query = query.where(or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    return query.where(Invoice.status == status) if status else query


def was_sold(product_id: int) -> bool:
    """Whether a product stands on an invoice, and so can't be deleted."""
    return bool(db.session.scalar(select(InvoiceLine.id).where(InvoiceLine.product_id == product_id).limit(1)))


def forget_name(user: User) -> None:
    """The books stay when a person's name goes."""
    db.session.execute(update(Invoice).where(Invoice.user_id == user.id).values(shopper=f"user-{user.id}"))


def _earlier(person: Person, key: str) -> Sequence[Invoice]:
    """What was ordered with this key, and what this person hasn't paid yet: one statement for both."""
    unpaid = and_(Invoice.person_key == person.key, Invoice.unpaid_slot.is_not(None))
    return db.session.scalars(select(Invoice).where(or_(Invoice.checkout_key == key, unpaid))).all()


def _own(placed: Invoice, owner: dict[str, Any]) -> Invoice:
    """A key is no way to somebody else's invoice."""
    if any(getattr(placed, name) != value for name, value in owner.items()):
        raise KeyNotUsable
    return placed


def _look_over(view: CartView, expected_total_cents: int | None) -> None:
    """The shopper gets what the page showed, or nothing is ordered."""
    if not view.counted:
        raise CartEmpty
    if view.total_cents > MOST_CENTS:
        raise OrderTooLarge
    if view.total_cents != expected_total_cents:
        raise TotalChanged(total_cents=view.total_cents)


def _free_slot(unpaid: Sequence[Invoice]) -> int:
    free = set(range(1, UNPAID_AT_ONCE + 1)) - {invoice.unpaid_slot for invoice in unpaid}
    if not free:
        raise TooManyUnpaid
    return min(free)


def _write_down(view: CartView, person: Person, now: datetime, **given: Any) -> Invoice:
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


def _leave_pending(invoice_id: int, values: dict[str, Any]) -> bool:
    """Paying and cancelling meet here: one of them finds the order pending, the other doesn't."""
    pending = update(Invoice).where(Invoice.id == invoice_id, Invoice.status == "pending")
    return _changed(pending.values(unpaid_slot=None, **values)) == 1


def _count_as_paid(invoice: Invoice, actor: Actor, now: datetime) -> None:
    audit.record(actor, "invoice.paid", "invoice", invoice.id, {"status": "pending"}, {"status": "paid"})
    discounts.note_paid_order(invoice.person_key, invoice.id, now)


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    ways: list[ColumnElement[bool]] = [Invoice.id.in_(viewer.opened)]
    if viewer.user_id is not None:
        ways.append(Invoice.user_id == viewer.user_id)
    if viewer.visit:
        ways.append(Invoice.visit == viewer.visit)
    return or_(*ways)


def _one(condition: ColumnElement[bool]) -> Invoice:
    invoice = db.session.scalar(select(Invoice).where(condition).options(selectinload(Invoice.lines)))
    if invoice is None:
        raise NotFound
    return invoice


def _changed(statement: Update) -> int:
    unsynchronised = {"synchronize_session": False}
    return cast("CursorResult[Any]", db.session.execute(statement, execution_options=unsynchronised)).rowcount
