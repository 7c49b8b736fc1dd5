"""What cashback tests do and read: purchases at a moment, the ticker's job, and what came of each period."""

from datetime import datetime

from sqlalchemy import select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses.models import CashbackCredit, MemberPromotion
from app.kit import ticker
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from tests import make


def bought(user: User, cents: int, paid_at: datetime) -> Invoice:
    return make.paid_invoice(person=user.person, price_cents=cents, now=paid_at)


def refunded(invoice: Invoice, now: datetime, pieces: int | None = None) -> None:
    """All of it, or so many pieces of its first line."""
    line = orders.by_number(invoice.number).lines[0]
    wanted = None if pieces is None else {line.id: pieces}
    with unit_of_work():
        orders.refund(invoice.number, wanted, key=f"refund-{invoice.id}-{now:%d%H}", actor=SYSTEM, now=now)


def tick(now: datetime, task: str = "orders.credit_cashback") -> bool:
    """The ticker looks at this task; whether it ran."""
    return ticker.run_if_due(ticker.TASKS[task], now)


def credited(user: User) -> list[tuple[int, str | int]]:
    """What was spent in each period that anything was spent in, and what came back, or why nothing did."""
    db.session.rollback()
    kept = select(CashbackCredit.spent_cents, CashbackCredit.reason, MemberPromotion.bonus_cents)
    kept = kept.outerjoin(MemberPromotion, MemberPromotion.id == CashbackCredit.member_promotion_id)
    rows = db.session.execute(kept.where(CashbackCredit.user_id == user.id).order_by(CashbackCredit.starts_at))
    return [(spent, reason or bonus) for spent, reason, bonus in rows]
