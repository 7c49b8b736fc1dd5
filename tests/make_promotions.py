"""Promotions of every sort, and uses of them."""

from itertools import count
from typing import Any

from sqlalchemy import select

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.promotions import batches
from app.promotions.models import PromotionCode
from tests.make_kit import NOW

_numbers = count(1)


def discount(**fields: Any) -> Discount:
    """A discount code, 10 % off everything unless told otherwise; fields as in `discounts.create`."""
    code = f"CODE{next(_numbers)}"
    values: dict[str, Any] = {"title": "Ten off", "code": code, "discount_type": "percentage", "discount_value": 10}
    with unit_of_work():
        return discounts.create(values | fields, SYSTEM, NOW)


def batch(count: int = 3, **fields: Any) -> Discount:
    """10 % off by one of so many single-use codes, which are there already; fields as in `discount`."""
    values = {"title": "Ten off, once", "discount_type": "percentage", "discount_value": 10}
    ordered = {"code_prefix": "", "code_length": 10, "code_count": count}
    with unit_of_work():
        made = discounts.create(values | ordered | fields, SYSTEM, NOW)
    outbox.drain(batches.TOPIC)
    return made


def codes_of(discount: Discount) -> list[str]:
    """All its codes, in the order in which they were made."""
    query = select(PromotionCode.code).where(PromotionCode.promotion_id == discount.id)
    return list(db.session.scalars(query.order_by(PromotionCode.id)))


def use(code: str, *, person: Person | None = None, invoice_id: int | None = None) -> int:
    """A use of a discount code by somebody of their own, for an invoice of its own over 20.00; the invoice's id."""
    number = next(_numbers)
    person, invoice_id = person or Person(f"user-{number}"), invoice_id or 1_000_000 + number
    with unit_of_work():
        quote = discounts.quote(code, items=[discounts.Item(2000, 1)], person=person, now=NOW)
        discounts.redeem(quote, person=person, invoice_id=invoice_id, now=NOW)
    return invoice_id
