"""What clients have really paid for orders in a period, net of what went back in it: the base of cashback."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, func, select

from app.kit.db import db
from app.orders.models import Invoice, Refund


def net_spend(since: datetime, until: datetime) -> Mapping[int, int]:
    """Cents by user, of the orders paid in [since, until) less the refunds made in it: below zero where more went back.

    Gifts are no orders.
    """
    spent = {int(user_id or 0): int(cents) for user_id, cents in db.session.execute(_paid(since, until))}
    for user_id, cents in db.session.execute(_refunded(since, until)):
        spent[int(user_id or 0)] = spent.get(int(user_id or 0), 0) - int(cents)
    return spent


def net_spend_of(user_id: int, since: datetime, until: datetime) -> int:
    """The same of one client."""
    paid = _paid(since, until).where(Invoice.user_id == user_id)
    back = _refunded(since, until).where(Invoice.user_id == user_id)
    return sum(int(row[1]) for row in db.session.execute(paid)) - sum(int(row[1]) for row in db.session.execute(back))


def _paid(since: datetime, until: datetime) -> Select[int | None, int]:
    query = select(Invoice.user_id, func.sum(Invoice.total_cents)).where(Invoice.user_id.is_not(None))
    query = query.where(Invoice.kind == "order", Invoice.paid_at >= since, Invoice.paid_at < until)
    return query.group_by(Invoice.user_id)


def _refunded(since: datetime, until: datetime) -> Select[int | None, int]:
    query = select(Invoice.user_id, func.sum(Refund.amount_cents)).join(Refund, Refund.invoice_id == Invoice.id)
    query = query.where(Invoice.user_id.is_not(None), Invoice.kind == "order")
    return query.where(Refund.created_at >= since, Refund.created_at < until).group_by(Invoice.user_id)
