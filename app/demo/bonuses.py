"""Member bonuses of each type, deposits that brought some, what was turned over and paid out since."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.models import User
from app.accounts.service import find
from app.audit.service import SYSTEM
from app.bonuses import editing
from app.bonuses import service as bonuses
from app.bonuses.models import Bonus
from app.cart import service as carts
from app.catalog.models import Product
from app.deposits import service as deposits
from app.deposits import withdrawing
from app.kit.db import db, unit_of_work
from app.messages import notices
from app.orders import jobs as order_jobs
from app.orders import service as orders
from app.payments.providers import Told
from app.payments.test import TestProvider
from app.wallet import service as wallets

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEKS = 5
ACCOUNT = "IBAN DE02 1203 0000 0000 2020 51"


def load(now: datetime) -> None:
    """Made by admins, used by clients within the last day: wallets list entries in the order in which they came."""
    made = {code: _make(code, fields, order) for order, (code, fields) in enumerate(_bonuses(now).items())}
    for name, cents, code, ago in (
        ("nok", 4000, "WELCOME100", 6 * DAY),
        ("liam", 10_000, "WELCOME100", 23 * HOUR),  # and it brings something to who referred him
        ("client", 12_000, "WELCOME100", 22 * HOUR),
        ("mali", 6000, "RELOAD50", 21 * HOUR),
        ("jonas", 2500, None, 20 * HOUR),
    ):
        _deposit(name, cents, made[code] if code else None, now - ago)
    _shop("client", 9000, now - 8 * HOUR)
    _shop("mali", 4000, now - 7 * HOUR)
    _play("nok", 24_000, now - 6 * HOUR)
    with unit_of_work():
        bonuses.give_free_credit(made["THANKYOU10"].id, "sofia", actor=SYSTEM, now=now - 5 * HOUR)
    order_jobs.credit_cashback(now - 4 * HOUR)
    _leave_for_the_desk(made, now)
    _mark_read(now)


def _make(code: str, fields: dict[str, Any], order: int) -> Bonus:
    with unit_of_work():
        return editing.create({"code": code, "display_order": order, **fields}, SYSTEM, fields["starts_at"])


def _bonuses(now: datetime) -> dict[str, dict[str, Any]]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    running = {"starts_at": today - WEEKS * 7 * DAY, "ends_at": today + 60 * DAY}
    return {
        "WELCOME100": running
        | {
            "title": "Welcome, doubled",
            "description": "<p>Your first deposit counts twice.</p>",
            "type": "deposit",
            "bonus_type": "percentage",
            "bonus_value": 100,
            "max_bonus": 200,
            "min_amount": 20,
            "turnover_requirement": 3,
            "max_withdraw": 150,
            "first_deposit_only": True,
            "terms_and_conditions": "<p>The bonus is yours once deposit and bonus were turned over three times.</p>",
        },
        "RELOAD50": running
        | {
            "title": "Reload",
            "description": "<p>Half on top, for work on design and development.</p>",
            "type": "deposit",
            "bonus_type": "percentage",
            "bonus_value": 50,
            "max_bonus": 50,
            "turnover_requirement": 2,
            "applicable_games": ["design", "development"],
            "per_user_limit": 4,
        },
        "WEEKLY5": running
        | {
            "title": "Weekly cashback",
            "description": "<p>Five per cent of what you spend in a week comes back on Monday.</p>",
            "type": "cashback",
            "bonus_type": "percentage",
            "bonus_value": 5,
            "max_bonus": 25,
            "min_amount": 10,
            "cashback_period": "week",
        },
        "THANKYOU10": running
        | {
            "title": "On the house",
            "description": "<p>Ten for you, as a thank-you.</p>",
            "type": "freecredit",
            "bonus_type": "fixed",
            "bonus_value": 10,
            "turnover_requirement": 1,
            "usage_limit": 100,
        },
        "BRINGAFRIEND": running
        | {
            "title": "Bring a friend",
            "description": "<p>Something for you and for your friend, once they deposit for the first time.</p>",
            "type": "referral",
            "bonus_type": "fixed",
            "bonus_value": 15,
            "friend_bonus": 10,
            "turnover_requirement": 1,
        },
        "AUTUMN25": {
            "title": "Autumn boost",
            "type": "deposit",
            "bonus_type": "fixed",
            "bonus_value": 25,
            "min_amount": 100,
            "turnover_requirement": 2,
            "starts_at": today - 90 * DAY,
            "ends_at": today - 14 * DAY,
        },
    }


def _deposit(name: str, cents: int, bonus: Bonus | None, at: datetime) -> None:
    """Asked for, and paid a few minutes later."""
    user = _user(name)
    with unit_of_work():
        key = f"demo-deposit-of-{name}-{cents:08d}"
        asked = deposits.request(user, cents, bonus.id if bonus else None, key=key, now=at)
    with unit_of_work():
        told = TestProvider().recognise(Told({"outcome": "pay"}, deposits.payable(asked)), at)
        deposits.mark_paid(asked.id, TestProvider.name, told, at + timedelta(minutes=4))


def _shop(name: str, most_cents: int, at: datetime) -> None:
    """An order from the wallet, of what can be had for so much."""
    user = _user(name)
    affordable = select(Product).where(Product.is_active, Product.price_cents <= most_cents)
    product = db.session.scalars(affordable.order_by(Product.price_cents.desc(), Product.id)).first()
    if product is None or wallets.balances(user.id).cash_cents < product.price_cents:
        return
    with unit_of_work():
        cart = carts.of(user.person, f"demo-{name}", at)
        carts.add(cart, product.id, 1, at)
        total = carts.view(cart, user.person, at).total_cents
        orders.check_out(
            cart,
            person=user.person,
            visit=None,
            key=f"demo-order-of-{name}-from-wallet",
            expected_total_cents=total,
            now=at,
            from_wallet=True,
        )


def _play(name: str, cents: int, at: datetime) -> None:
    with unit_of_work():
        bonuses.record(f"demo-session-of-{name}", name, cents, None, at)


def _leave_for_the_desk(made: dict[str, Bonus], now: datetime) -> None:
    """What waits for an admin: two deposits, and two withdrawals."""
    for name, cents, code, ago in (("amara", 15_000, "WELCOME100", 3 * HOUR), ("jonas", 7500, "RELOAD50", 2 * HOUR)):
        with unit_of_work():
            key = f"demo-deposit-of-{name}-{cents:08d}"
            deposits.request(_user(name), cents, made[code].id, key=key, now=now - ago)
    for name, cents in (("nok", 3500), ("amara", 500)):
        with unit_of_work():
            key = f"demo-withdrawal-of-{name}"
            withdrawing.request(_user(name), cents, ACCOUNT, key=key, now=now - HOUR)


def _mark_read(now: datetime) -> None:
    """They have seen what they were told of it; `client` finds the last of it new."""
    for name in ("mali", "jonas", "amara", "sofia", "liam", "nok"):
        user = _user(name)
        unseen: Sequence[Any] = notices.unseen(user.id)
        if unseen:
            with unit_of_work():
                notices.mark_seen(user.id, [each.id for each in unseen], now=now)


def _user(name: str) -> User:
    user = find(name)
    assert user is not None, "the demo's accounts come first"
    return user
