"""What the books add up to, for those who run the store."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, select

from app.kit.db import db
from app.orders.accounting import PAID
from app.orders.models import Invoice


def takings_by_day(last: date, *, days: int, zone: ZoneInfo) -> Sequence[tuple[date, int]]:
    """What was paid on each of so many days up to `last`, in cents net of refunds. One statement.

    Days begin at the zone's midnight, so one on which clocks change has 23 or 25 hours.
    """
    dates = [last - timedelta(days=days - 1 - each) for each in range(days)]
    borders = [datetime.combine(day, time(), zone) for day in (*dates, last + timedelta(days=1))]
    net = Invoice.total_cents - Invoice.refunded_cents
    sums = [
        func.coalesce(func.sum(case((and_(Invoice.paid_at >= start, Invoice.paid_at < end), net), else_=0)), 0)
        for start, end in pairwise(borders)
    ]
    found = db.session.execute(
        select(*sums).where(Invoice.status.in_(PAID), Invoice.paid_at >= borders[0], Invoice.paid_at < borders[-1])
    ).one()
    return [(day, int(sum_)) for day, sum_ in zip(dates, found, strict=True)]


def unpaid() -> tuple[int, int]:
    """How many orders wait for their payment, and for how many cents."""
    found = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Invoice.total_cents), 0)).where(Invoice.status == "pending")
    ).one()
    return int(found[0]), int(found[1])
