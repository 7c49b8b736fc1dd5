"""From cart to invoice, and what becomes of it. Callers own the transaction.

Locks are taken in one order: the cart, the counter of numbers, the code's use. The hot ones come last.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.cart import service as carts
from app.cart.models import Cart
from app.cart.service import CartView
from app.config import settings
from app.discounts import service as discounts
from app.kit.db import db
from app.kit.money import MOST_CENTS
from app.orders.errors import (
    CartEmpty,
    DonationMade,
    DonationOutOfRange,
    KeyNotUsable,
    NameNeeded,
    NothingForSale,
    OrderTooLarge,
    TooManyUnpaid,
    TotalChanged,
)
from app.orders.finding import (
    Viewer,
    Wish,
    by_ids,
    by_number,
    get,
    invoices,
    list_for,
    made,
    refunds_of,
    shown_to,
    was_sold,
)
from app.orders.invoicing import bill_of, donation_of, write_down
from app.orders.models import UNPAID_AT_ONCE, Invoice
from app.orders.paying import (
    awaiting_return,
    confirm_payment,
    count_as_paid,
    invoice_of,
    mark_paid,
    note_declined,
    note_return_failed,
    overdue,
    pay_from_wallet,
    payable,
    start_payment,
    take_in,
    void,
)
from app.orders.refunding import refund

__all__ = [
    "Viewer",
    "Wish",
    "awaiting_return",
    "by_ids",
    "by_number",
    "check_out",
    "confirm_payment",
    "donate",
    "forget_name",
    "get",
    "invoice_of",
    "invoices",
    "list_for",
    "made",
    "mark_paid",
    "note_declined",
    "note_return_failed",
    "overdue",
    "pay_from_wallet",
    "payable",
    "refund",
    "refunds_of",
    "shown_to",
    "start_payment",
    "take_in",
    "void",
    "was_sold",
]

CHECKOUT_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


def check_out(  # noqa: PLR0913
    cart: Cart,
    *,
    person: Person | None,
    visit: str | None,
    key: str,
    expected_total_cents: int | None,
    now: datetime,
    from_wallet: bool = False,
) -> Invoice:
    """Order what is in a locked cart, at the total that its page showed. The same `key` gives the same invoice.

    `from_wallet` it is paid at once with the client's cash, which must cover the whole total: else NotEnough is raised.
    Raises NameNeeded, KeyNotUsable, CartEmpty, NothingForSale, OrderTooLarge, TotalChanged, TooManyUnpaid, TwinOrder
    and CodeRefused, and then nothing was ordered.
    """
    person, owner, earlier = _who_orders(person, visit, key)
    placed = _placed(earlier, key, owner)
    if placed is not None:
        return placed
    view = carts.view(cart, person, now)
    _look_over(view, expected_total_cents)
    slot = _free_slot(earlier) if view.total_cents and not from_wallet else None
    carts.close(cart)
    invoice = write_down(bill_of(view), person, now, checkout_key=key, unpaid_slot=slot, **owner)
    if view.quote and view.discount_cents:
        discounts.redeem(view.quote, person=person, invoice_id=invoice.id, now=now)
    if invoice.status == "paid":
        count_as_paid(invoice, SYSTEM, now)
    elif from_wallet:
        return pay_from_wallet(invoice.id, now)
    return invoice


def donate(  # noqa: PLR0913
    amount_cents: int, message: str, *, person: Person | None, visit: str | None, key: str, now: datetime
) -> Invoice:
    """An invoice for a gift: one line, no code. The same `key` gives the same invoice.

    Raises NameNeeded, KeyNotUsable, DonationOutOfRange, DonationMade, TooManyUnpaid, TwinOrder.
    """
    person, owner, earlier = _who_orders(person, visit, key)
    placed = _placed(earlier, key, owner)
    if placed is not None:
        if (placed.kind, placed.total_cents) != ("donation", amount_cents):
            raise DonationMade
        return placed
    if not settings().donation_min_cents <= amount_cents <= settings().donation_max_cents:
        raise DonationOutOfRange(settings().donation_min_cents, settings().donation_max_cents)
    given = {"checkout_key": key, "unpaid_slot": _free_slot(earlier), "message": message or None, **owner}
    return write_down(donation_of(amount_cents), person, now, **given)


def forget_name(user: User) -> None:
    """The books stay when a person's name goes, and what they wrote to it."""
    db.session.execute(
        update(Invoice).where(Invoice.user_id == user.id).values(shopper=f"user-{user.id}", message=None)
    )


def _who_orders(person: Person | None, visit: str | None, key: str) -> tuple[Person, dict[str, Any], Sequence[Invoice]]:
    """Whose invoice it will be, and what they ordered with this key or haven't paid yet."""
    if person is None:
        raise NameNeeded(field="username")
    if not CHECKOUT_KEY.fullmatch(key):
        raise KeyNotUsable
    owner = {"user_id": person.user_id, "visit": None if person.has_account else visit}
    return person, owner, _earlier(person, key)


def _earlier(person: Person, key: str) -> Sequence[Invoice]:
    """What was ordered with this key, and what this person hasn't paid yet: one statement for both."""
    unpaid = and_(Invoice.person_key == person.key, Invoice.unpaid_slot.is_not(None))
    return db.session.scalars(select(Invoice).where(or_(Invoice.checkout_key == key, unpaid))).all()


def _placed(earlier: Sequence[Invoice], key: str, owner: dict[str, Any]) -> Invoice | None:
    """What this key has ordered already. It is no way to somebody else's invoice."""
    placed = next((invoice for invoice in earlier if invoice.checkout_key == key), None)
    if placed is not None and any(getattr(placed, name) != value for name, value in owner.items()):
        raise KeyNotUsable
    return placed


def _look_over(view: CartView, expected_total_cents: int | None) -> None:
    """The shopper gets what the page showed, or nothing is ordered."""
    if not view.counted:
        raise NothingForSale if view.lines else CartEmpty
    if view.total_cents > MOST_CENTS:
        raise OrderTooLarge
    if view.total_cents != expected_total_cents:
        if view.quote:
            discounts.note_refusal(view.quote)
        raise TotalChanged(total_cents=view.total_cents)


def _free_slot(unpaid: Sequence[Invoice]) -> int:
    free = set(range(1, UNPAID_AT_ONCE + 1)) - {invoice.unpaid_slot for invoice in unpaid}
    if not free:
        raise TooManyUnpaid
    return min(free)
