"""Five months of orders and gifts, made the way shoppers make them, so that the books are right."""

import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.cart import service as carts
from app.catalog.models import Product
from app.discounts.models import Discount
from app.discounts.service import CodeRefused
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from app.orders.service import Wish
from app.payments.providers import Told
from app.payments.test import TestProvider
from app.promotions import jobs as promotion_jobs
from app.promotions.models import PromotionCode

WEEKS = 21
RECENT = timedelta(weeks=8)
NAMES = ("ada", "mikael", "noi", "priya", "tomas", "june", "okan")
SHARE_WITH_CODE = 0.45
UNPAID = 2
GIFT_EVERY = 14
FLYER_EVERY = 11
GIFTS = ((500, ""), (2500, "Keep up the good work!"), (1000, ""), (5000, "For the next hosting bill."), (1500, ""))


def load(now: datetime) -> None:
    """Order, pay, and leave the last ones unpaid, one of them cancelled."""
    chance = random.Random(2026)  # noqa: S311 the same business at every first start
    products = db.session.scalars(select(Product).order_by(Product.position)).all()
    query = select(PromotionCode.code).join(Discount, Discount.promotion_id == PromotionCode.promotion_id)
    codes = db.session.scalars(query.where(PromotionCode.batch_id.is_(None))).all()
    flyers = iter(db.session.scalars(query.where(PromotionCode.batch_id.is_not(None)).order_by(PromotionCode.id)).all())
    shoppers = [*map(Person, NAMES), *_clients()]
    moments = sorted(_moments(now, chance))
    for number, moment in enumerate(moments):
        if number % GIFT_EVERY == GIFT_EVERY - 1:
            _give(chance.choice(shoppers), number // GIFT_EVERY, moment - timedelta(minutes=30))
        tried = chance.sample(codes, len(codes)) if chance.random() < SHARE_WITH_CODE else []
        if number % FLYER_EVERY == FLYER_EVERY - 1:
            tried = [next(flyers), *tried]
        chosen = chance.sample(products, chance.choice((1, 1, 2, 3)))
        quantities = {product.id: chance.choice((1, 1, 1, 2)) for product in chosen}
        invoice = _order(chance.choice(shoppers), f"demo-{number:04d}", quantities, tried, moment)
        if number < len(moments) - UNPAID:
            _pay(invoice, moment + timedelta(minutes=chance.randint(1, 40)))
    with unit_of_work():
        orders.void(invoice.id, actor=SYSTEM, now=now)
    _refund(now)
    promotion_jobs.write_attempts(now)


def _moments(now: datetime, chance: random.Random) -> Iterator[datetime]:
    """Some orders a day, more of them lately, all in the past."""
    for days in range(7 * WEEKS, 0, -1):
        for _order in range(chance.choice((0, 1, 1, 2) if timedelta(days=days) < RECENT else (0, 0, 0, 1))):
            yield now - timedelta(days=days) + timedelta(hours=chance.randint(0, 9), minutes=chance.randint(0, 59))
    for hours in range(UNPAID, 0, -1):
        yield now - timedelta(hours=hours)


def _clients() -> list[Person]:
    return [user.person for user in db.session.scalars(select(User).where(User.role == "client").order_by(User.id))]


def _order(person: Person, visit: str, chosen: dict[int, int], codes: Sequence[str], now: datetime) -> Invoice:
    """Put the chosen products in a cart, try codes until one fits, and order."""
    with unit_of_work():
        cart = carts.of(person, visit, now)
        for product_id, quantity in chosen.items():
            carts.add(cart, product_id, quantity, now)
        for code in codes:
            with suppress(CodeRefused):
                carts.apply_code(cart, code, person=person, now=now)
                break
        total = carts.view(cart, person, now).total_cents
        return orders.check_out(
            cart, person=person, visit=visit, key=f"{visit}-at-checkout", expected_total_cents=total, now=now
        )


def _pay(invoice: Invoice, paid_at: datetime) -> None:
    if invoice.status == "pending":
        with unit_of_work():
            told = TestProvider().recognise(Told({"outcome": "pay"}, orders.payable(invoice)), paid_at)
            orders.mark_paid(invoice.id, TestProvider.name, told, paid_at)


def _give(person: Person, number: int, now: datetime) -> None:
    cents, message = GIFTS[number % len(GIFTS)]
    key = f"demo-gift-at-{number:08d}"
    with unit_of_work():
        invoice = orders.donate(cents, message, person=person, visit=f"gift-{number}", key=key, now=now)
    _pay(invoice, now + timedelta(minutes=3))


def _refund(now: datetime) -> None:
    """One order went back whole, one by a piece; the money is sent by the next worker."""
    paid = orders.invoices(Wish(status="paid", kind="order")).limit(30)
    found = db.session.scalars(paid).all()
    for place, reason, is_whole in ((4, "Ordered twice", True), (12, "One was too many", False)):
        line = orders.by_number(found[place].number).lines[0].id
        key, at = f"demo-refund-{place}", now - timedelta(days=1, hours=place)
        with unit_of_work():
            wanted = None if is_whole else {line: 1}
            orders.refund(found[place].number, wanted, reason=reason, key=key, actor=SYSTEM, now=at)
