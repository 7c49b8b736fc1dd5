"""Member bonuses, what is claimed by them, deposits and withdrawals."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses import editing
from app.bonuses import service as bonuses
from app.bonuses.models import Bonus, MemberPromotion
from app.deposits import service as deposits
from app.deposits import withdrawing
from app.deposits.models import Deposit, Withdrawal
from app.deposits.service import Received
from app.kit.db import db, unit_of_work
from app.promotions.editing import single_code
from tests.make_kit import NOW

_numbers = count(1)
A_MONTH = timedelta(days=30)


def bonus(**fields: Any) -> Bonus:
    """A deposit bonus of 100 % without turnover, that runs for two months, unless told otherwise.

    Fields as in `editing.create`, and `now`, when it is made.
    """
    values: dict[str, Any] = {
        "title": "Welcome",
        "code": f"MEMBER{next(_numbers)}",
        "type": "deposit",
        "bonus_type": "percentage",
        "bonus_value": 100,
        "starts_at": NOW - A_MONTH,
        "ends_at": NOW + A_MONTH,
    }
    now = fields.pop("now", NOW)
    with unit_of_work():
        return editing.create(values | fields, SYSTEM, now)


def free_credit(**fields: Any) -> Bonus:
    """A free credit of 10.00, unless told otherwise."""
    return bonus(**{"type": "freecredit", "bonus_type": "fixed", "bonus_value": 10, "title": "On us"} | fields)


def cashback(**fields: Any) -> Bonus:
    """A cashback of 10 % of each day's spend, made when it starts, unless told otherwise."""
    made = {"now": min(NOW, fields.get("starts_at", NOW - A_MONTH))}
    return bonus(**made | {"type": "cashback", "bonus_value": 10, "cashback_period": "day", "title": "Back"} | fields)


def referral(**fields: Any) -> Bonus:
    """A bonus of 10 % of a friend's first deposit, unless told otherwise."""
    return bonus(**{"type": "referral", "bonus_value": 10, "title": "Bring a friend"} | fields)


def asked_deposit(user: User, cents: int = 10_000, bonus: Bonus | None = None, now: datetime = NOW) -> Deposit:
    """A deposit of 100.00 that the client has asked for, unless told otherwise."""
    key = f"page-key-of-deposit-{next(_numbers):06d}"
    with unit_of_work():
        return deposits.request(user, cents, bonus.id if bonus else None, key=key, now=now)


def deposit(user: User, cents: int = 10_000, bonus: Bonus | None = None, now: datetime = NOW) -> Deposit:
    """The same, confirmed by an admin."""
    asked = asked_deposit(user, cents, bonus, now)
    with unit_of_work():
        return deposits.confirm(asked.id, actor=SYSTEM, now=now)


def told_deposit(user: User, cents: int = 10_000, code: str | None = None, now: datetime = NOW) -> Deposit:
    """A deposit that another program tells of."""
    told = Received(f"theirs-{next(_numbers)}", user.username, cents, code)
    with unit_of_work():
        return deposits.record(told, now)[0]


def refunded_deposit(deposit: Deposit, now: datetime = NOW) -> Deposit:
    """It was sent back."""
    with unit_of_work():
        return deposits.refund(deposit.id, "Sent back", actor=SYSTEM, now=now)


def given(user: User, bonus: Bonus, now: datetime = NOW) -> MemberPromotion:
    """A free credit that an admin gave."""
    with unit_of_work():
        return bonuses.give_free_credit(bonus.id, user.username, actor=SYSTEM, now=now)


def played(user: User, cents: int, category: str | None = None, *, event_id: str = "", now: datetime = NOW) -> bool:
    """Turnover outside of the store."""
    with unit_of_work():
        return bonuses.record(event_id or f"event-{next(_numbers)}", user.username, cents, category, now)


def withdrawal(user: User, cents: int = 1000, now: datetime = NOW) -> Withdrawal:
    """A withdrawal of 10.00 that the client has asked for, unless told otherwise."""
    key = f"page-key-of-withdrawal-{next(_numbers):06d}"
    with unit_of_work():
        return withdrawing.request(user, cents, "DE02 1203 0000 0000 2020 51", key=key, now=now)


def claim_of(deposit: Deposit) -> MemberPromotion:
    """The bonus that a deposit has brought."""
    assert deposit.member_promotion_id is not None, deposit.no_bonus
    return db.session.get_one(MemberPromotion, deposit.member_promotion_id, populate_existing=True)


def bonus_code(bonus: Bonus) -> str:
    """The letters of its code."""
    single = single_code(bonus.id)
    assert single is not None
    return single.code
