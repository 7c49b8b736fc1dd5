"""Past orders as a promotion's rules see them, to try terms on before they are launched. Reads only."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, and_, cast, false, func, literal, or_, select
from sqlalchemy.sql.functions import coalesce

from app.discounts.models import PaidOrder
from app.kit.db import db
from app.orders.accounting import PAID, Period
from app.orders.models import Invoice, InvoiceLine
from app.promotions.backtest import Past
from app.promotions.rules import Item

MOST_ORDERS = 250_000
AT_ONCE = 1000
BREAK = "\n"
NEW, KNOWN = {"has_paid_order": False}, {"has_paid_order": True}


def past(period: Period, zone: ZoneInfo, *, with_refunded: bool, with_lines: bool) -> Iterator[Past]:
    """The orders paid in the period, in the order in which they were placed, at the prices before any discount.

    Those refunded in full are left out unless asked for. One statement, read a thousand at a time; `with_lines` costs
    most of it. Whether somebody had paid an order before is what a checkout was told at that moment.
    """
    query = (
        select(
            Invoice.created_at,
            Invoice.paid_at,
            Invoice.person_key,
            Invoice.user_id,
            Invoice.subtotal_cents,
            _had_paid(),
            _lines() if with_lines else literal(""),
        )
        .outerjoin(PaidOrder, PaidOrder.person == Invoice.person_key)
        .where(*_of(period, with_refunded=with_refunded))
        .order_by(Invoice.created_at, Invoice.id)
    )
    found = db.session.execute(query, execution_options={"yield_per": AT_ONCE})
    for placed_at, paid_at, person, user_id, amount, had_paid, sold in found:
        assert paid_at is not None, "what is paid has its time"
        yield Past(
            placed_at,
            paid_at.astimezone(zone).date(),
            person,
            user_id is not None,
            amount,
            [_item(line) for line in sold.split(BREAK)] if with_lines else (),
            KNOWN if had_paid else NEW,
        )


def are_too_many(period: Period, *, with_refunded: bool) -> bool:
    """Whether there are more than MOST_ORDERS, in one statement that counts no further."""
    some = select(Invoice.id).where(*_of(period, with_refunded=with_refunded)).limit(MOST_ORDERS + 1)
    return (db.session.scalar(select(func.count()).select_from(some.subquery())) or 0) > MOST_ORDERS


def _of(period: Period, *, with_refunded: bool) -> Sequence[ColumnElement[bool]]:
    counted = [status for status in PAID if with_refunded or status != "refunded"]
    paid_in = (Invoice.paid_at >= period.since, Invoice.paid_at < period.until)
    return (Invoice.kind == "order", Invoice.status.in_(counted), *paid_in)


def _had_paid() -> ColumnElement[bool]:
    """What `PaidOrder` told at checkout: it is there since an earlier moment, or was written for an earlier order."""
    at_that_moment = and_(PaidOrder.noted_at == Invoice.created_at, PaidOrder.invoice_id < Invoice.id)
    return coalesce(or_(PaidOrder.noted_at < Invoice.created_at, at_that_moment), false())


def _lines() -> ColumnElement[str]:
    """The lines of an order in one text, since a row for each would take twice as long to read."""
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    joined = func.group_concat if is_sqlite else func.string_agg
    line = cast(InvoiceLine.total_cents, String) + " " + func.coalesce(InvoiceLine.category, "")
    return (
        select(joined(line, BREAK))
        .where(InvoiceLine.invoice_id == Invoice.id)
        .correlate(Invoice)
        .scalar_subquery()
        .label("sold")
    )


@lru_cache(maxsize=16384)
def _item(line: str) -> Item:
    """What `_lines` wrote of a line; its pieces are one, since only their total counts."""
    total, _, category = line.partition(" ")
    return Item(int(total), 1, category or None)
