"""The back door of the orders: what time does to them."""

from datetime import datetime

from app.audit.service import SYSTEM
from app.bonuses import cashback
from app.kit.db import unit_of_work
from app.kit.ticker import every
from app.orders import service
from app.orders.errors import NotVoidable
from app.orders.spending import net_spend


@every("orders.void_overdue", seconds=60)
def void_overdue(now: datetime) -> None:
    """Cancel what nobody paid in time, each in a transaction of its own, so that codes and slots are free again."""
    for invoice_id in service.overdue(now):
        try:
            with unit_of_work():
                service.void(invoice_id, actor=SYSTEM, now=now)
        except NotVoidable:  # it was paid at the last moment
            continue


@every("orders.credit_cashback", seconds=60)
def credit_cashback(now: datetime) -> None:
    """Credit what cashbacks owe for periods that are over, also those that an outage left behind.

    Once, whoever runs it, each client in a transaction of their own; a period is settled when everybody was looked at.
    """
    for due in cashback.due(now):
        spent = net_spend(due.period.starts_at, due.period.ends_at)
        for user_id in sorted(spent):
            with unit_of_work():
                cashback.credit(due, user_id, spent[user_id], now)
        with unit_of_work():
            cashback.settle(due, now)
