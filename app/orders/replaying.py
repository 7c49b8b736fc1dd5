"""Past orders and payments as a promotion's rules see them, to try terms on before they are launched. Reads only."""

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
from app.promotions.kinds import Replayed
from app.promotions.rules import Item

MOST_ORDERS = 250_000
AT_ONCE = 1000
BREAK = "\n"
NEW, KNOWN = {"has_paid_order": False}, {"has_paid_order": True}


def past(
    period: Period, zone: ZoneInfo, *, of: Replayed = "orders", with_refunded: bool = False, with_lines: bool = False
) -> Iterator[Past]:
    """What was paid in the period: its orders, or the payments themselves, for orders and donations alike.

    Orders come as they were placed, at the prices before any discount, those refunded in full only if asked for, what
    was in them only `with_lines`. Payments come as they were made, each with what was really paid and is not refunded;
    where nothing is left, they don't. One statement, read a thousand at a time.
    """
    if of == "payments":
        return _payments(period, zone)
    return _orders(period, zone, with_refunded=with_refunded, with_lines=with_lines)


def are_too_many(period: Period, *, of: Replayed = "orders", with_refunded: bool = False) -> bool:
    """Whether there are more than MOST_ORDERS, in one statement that counts no further."""
    which = _that_count(period) if of == "payments" else _of(period, with_refunded=with_refunded)
    some = select(Invoice.id).where(*which).limit(MOST_ORDERS + 1)
    return (db.session.scalar(select(func.count()).select_from(some.subquery())) or 0) > MOST_ORDERS


def _orders(period: Period, zone: ZoneInfo, *, with_refunded: bool, with_lines: bool) -> Iterator[Past]:
    """Whether somebody had paid an order before is what a checkout was told at that moment.

    `with_lines` costs most of it.
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


def _payments(period: Period, zone: ZoneInfo) -> Iterator[Past]:
    kept = Invoice.total_cents - Invoice.refunded_cents
    query = select(Invoice.paid_at, Invoice.person_key, Invoice.user_id, kept).where(*_that_count(period))
    in_order = query.order_by(Invoice.paid_at, Invoice.id)
    for paid_at, person, user_id, cents in db.session.execute(in_order, execution_options={"yield_per": AT_ONCE}):
        assert paid_at is not None, "what is paid has its time"
        yield Past(paid_at, paid_at.astimezone(zone).date(), person, user_id is not None, cents)


def _that_count(period: Period) -> Sequence[ColumnElement[bool]]:
    """The payments of which something is left."""
    is_left = Invoice.total_cents > Invoice.refunded_cents
    return (Invoice.status.in_(PAID), is_left, Invoice.paid_at >= period.since, Invoice.paid_at < period.until)


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
