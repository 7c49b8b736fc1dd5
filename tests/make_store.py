"""What is in the store: products, carts, orders."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.cart import service as carts
from app.catalog import reward_items
from app.catalog import service as catalog
from app.catalog.models import Category, Product, RewardItem
from app.catalog.reward_items import RewardItemDetails
from app.catalog.service import CategoryDetails, ProductDetails
from app.kit.db import unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from app.payments.providers import Notification
from tests.make_kit import NOW

_numbers = count(1)


def category(slug: str | None = None, **details: Any) -> Category:
    """A category of the store."""
    slug = slug or f"category-{next(_numbers)}"
    with unit_of_work():
        return catalog.create_category(slug, CategoryDetails(**{"name": slug.capitalize()} | details), actor=SYSTEM)


_category = category


def product(*, category: Category | None = None, **details: Any) -> Product:
    """A product for 20.00 in a category of its own, unless told otherwise."""
    number = next(_numbers)
    category_id = (category or _category()).id
    values: dict[str, Any] = {
        "sku": f"SKU-{number}",
        "name": f"Product {number}",
        "slug": f"product-{number}",
        "description": "",
        "category_id": category_id,
        "price_cents": 2000,
    }
    with unit_of_work():
        return catalog.create_product(ProductDetails(**values | details), actor=SYSTEM, now=NOW)


def reward_item(*, item_id: str | None = None, **details: Any) -> RewardItem:
    """Something that a game can hand out."""
    item_id = item_id or f"item-{next(_numbers)}"
    with unit_of_work():
        return reward_items.create(item_id, RewardItemDetails(**{"name": item_id.capitalize()} | details), actor=SYSTEM)


def invoice(
    *,
    person: Person | None = None,
    visit: str | None = None,
    code: str | None = None,
    quantity: int = 1,
    also: Sequence[tuple[Product, int]] = (),
    now: datetime = NOW,
    **details: Any,
) -> Invoice:
    """An unpaid order of one product, by somebody of their own unless told otherwise; `details` are the product's.

    `also` are other products, and how many of each.
    """
    number = next(_numbers)
    person = person or Person(f"shopper-{number}")
    visit = visit or f"visit-{number}"
    ordered = product(**details)
    with unit_of_work():
        cart = carts.of(person, visit, now)
        for each, pieces in ((ordered, quantity), *also):
            carts.add(cart, each.id, pieces, now)
        if code:
            carts.apply_code(cart, code, person=person, now=now)
        total = carts.view(cart, person, now).total_cents
        key = f"checkout-of-order-{number}"
        return orders.check_out(cart, person=person, visit=visit, key=key, expected_total_cents=total, now=now)


def told(invoice: Invoice, event_id: str = "", **more: Any) -> Notification:
    """What a provider says when an invoice was paid."""
    event_id = event_id or f"paid:invoice:{invoice.id}"
    payable = orders.payable(invoice)
    said: dict[str, Any] = {
        "outcome": "paid",
        "happened_at": NOW,
        "amount_cents": payable.amount_cents,
        "reference": event_id,
    }
    return Notification(event_id=event_id, subject=payable.subject, **said | more)


def paid_invoice(*, paid_at: datetime | None = None, **details: Any) -> Invoice:
    """The same, paid at once or at `paid_at`."""
    made = invoice(**details)
    paid_at = paid_at or made.created_at
    with unit_of_work():
        return orders.mark_paid(made.id, made.provider, told(made, happened_at=paid_at), paid_at)
