"""The back door of the orders: what time does to them."""

from datetime import datetime

from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.kit.ticker import every
from app.orders import service
from app.orders.errors import NotVoidable


@every("orders.void_overdue", seconds=60)
def void_overdue(now: datetime) -> None:
    """Cancel what nobody paid in time, each in a transaction of its own, so that codes and slots are free again."""
    for invoice_id in service.overdue(now):
        try:
            with unit_of_work():
                service.void(invoice_id, actor=SYSTEM, now=now)
        except NotVoidable:  # it was paid at the last moment
            continue
