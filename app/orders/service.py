"""From cart to invoice, and what becomes of it. Callers own the transaction.

Locks are taken in one order: the cart, the counter of numbers, the code's use. The hot ones come last.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Update, and_, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import selectinload

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.cart import service as carts
from app.cart.models import Cart
from app.cart.service import CartView
from app.discounts import service as discounts
from app.errors import NotFound, not_shown
from app.kit.db import db
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
)
from app.orders.invoicing import write_down
from app.orders.models import UNPAID_AT_ONCE, Invoice, InvoiceLine
from app.payments import service as payments
from app.payments.providers import Notification, Payable

SUBJECT = "invoice:"
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
    invoice = write_down(view, person, now, checkout_key=key, unpaid_slot=slot, **owner)
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
    return Payable(f"{SUBJECT}{invoice.id}", invoice.number, invoice.total_cents)


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
        payments.mark_stray(provider, event_id, payable(invoice), now)
        stray = {"provider": provider, "event": event_id}
        audit.record(actor, "invoice.stray_payment", "invoice", invoice_id, after=stray)
        return get(invoice_id)
    invoice = get(invoice_id)
    _count_as_paid(invoice, actor, now)
    return invoice


def awaiting_return() -> Sequence[Invoice]:
    """Closed orders for which money came that is still to be given back."""
    ids = [int(subject.removeprefix(SUBJECT)) for subject in payments.to_give_back() if subject.startswith(SUBJECT)]
    return db.session.scalars(select(Invoice).where(Invoice.id.in_(ids)).order_by(Invoice.id)).all() if ids else []


def note_given_back(invoice_id: int, *, actor: Actor, now: datetime) -> None:
    """Stray money went back to the shopper. Raises NotFound."""
    if payments.note_given_back(payable(get(invoice_id)).subject, now):
        audit.record(actor, "invoice.stray_returned", "invoice", invoice_id, after={"given_back_at": now})


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
    invoice = _first(Invoice.number == number)
    if invoice is None:
        raise NotFound
    return invoice


def shown_to(viewer: Viewer, number: str) -> Invoice:
    """With its lines, if it is the viewer's to see. Raises NotFound: to others it doesn't exist."""
    invoice = _first(and_(Invoice.number == number, _visible_to(viewer)))
    if invoice is None:
        raise not_shown(select(Invoice.id).where(Invoice.number == number))
    return invoice


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


def _first(condition: ColumnElement[bool]) -> Invoice | None:
    return db.session.scalar(select(Invoice).where(condition).options(selectinload(Invoice.lines)))


def _changed(statement: Update) -> int:
    unsynchronised = {"synchronize_session": False}
    return cast("CursorResult[Any]", db.session.execute(statement, execution_options=unsynchronised)).rowcount
