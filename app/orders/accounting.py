"""What the books add up to in a period, by the time of payment. Amounts are cents."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from app.kit.db import db
from app.orders.models import Invoice

PAID = ("paid", "partly_refunded", "refunded")
MOST_MONTHS = 120
_is_gift = Invoice.kind == "donation"


@dataclass(frozen=True, slots=True)
class Period:
    """[since, until): the instants between which invoices were paid."""

    since: datetime
    until: datetime

    @property
    def is_too_long(self) -> bool:
        """Whether it spans more months than are added up at once."""
        last = self.until - timedelta(microseconds=1)
        return (last.year - self.since.year) * 12 + last.month - self.since.month >= MOST_MONTHS


@dataclass(frozen=True, slots=True)
class Sums:
    """Of all invoices that are or were paid: orders and gifts.

    Gross is before discounts. What was refunded counts with the invoice that it belongs to, not on its own day, so
    that each period stands for what was sold in it. `donations_cents` is the part of the net that was given.
    """

    invoices: int = 0
    gross_cents: int = 0
    discount_cents: int = 0
    refunded_discount_cents: int = 0
    refunds_cents: int = 0
    donations_cents: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def savings_cents(self) -> int:
        """What promotions have saved shoppers: discounts, less the share of what went back."""
        return self.discount_cents - self.refunded_discount_cents

    @property
    def paid_cents(self) -> int:
        return self.gross_cents - self.discount_cents

    @property
    def net_cents(self) -> int:
        """What was paid and stayed."""
        return self.paid_cents - self.refunds_cents


@dataclass(frozen=True, slots=True)
class CodeSums:
    """What one code did in a period."""

    code: str
    invoices: int
    savings_cents: int
    net_cents: int


def months(period: Period, zone: ZoneInfo) -> Sequence[Period]:
    """The months of a period, by the zone's calendar; the first and the last may be cut. At most MOST_MONTHS."""
    borders, day = [period.since], period.since.astimezone(zone).date()
    while len(borders) <= MOST_MONTHS:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        border = datetime.combine(day, time(), zone)
        if border >= period.until:
            break
        borders.append(border)
    ends = [*borders[1:], period.until]
    return [Period(since, until) for since, until in zip(borders, ends, strict=True) if since < until]


def by_period(periods: Sequence[Period]) -> Sequence[Sums]:
    """The sums of each period, in one statement."""
    if not periods:
        return []
    parts = [_summed(number, period) for number, period in enumerate(periods)]
    found = {int(row[0]): Sums(*map(int, row[1:])) for row in db.session.execute(union_all(*parts))}
    return [found[number] for number in range(len(periods))]


def top_codes(period: Period, *, limit: int = 10) -> Sequence[CodeSums]:
    """The codes that saved most in the period."""
    savings = func.sum(Invoice.discount_cents - Invoice.refunded_discount_cents)
    net = func.sum(Invoice.total_cents - Invoice.refunded_cents)
    found = db.session.execute(
        select(Invoice.code, func.count(), savings, net)
        .where(*_paid_in(period), Invoice.code.is_not(None))
        .group_by(Invoice.code)
        .order_by(savings.desc(), Invoice.code)
        .limit(limit)
    )
    return [CodeSums(str(code), count, int(saved), int(kept)) for code, count, saved, kept in found]


def first_paid_on(zone: ZoneInfo) -> date | None:
    """The day of the very first payment."""
    first = db.session.scalar(select(func.min(Invoice.paid_at)))
    return first.astimezone(zone).date() if first else None


def _summed(number: int, period: Period) -> Select[*tuple[Any, ...]]:
    net = Invoice.total_cents - Invoice.refunded_cents
    sums = (
        func.sum(Invoice.subtotal_cents),
        func.sum(Invoice.discount_cents),
        func.sum(Invoice.refunded_discount_cents),
        func.sum(Invoice.refunded_cents),
        func.sum(net).filter(_is_gift),
    )
    return select(literal(number), func.count(), *(func.coalesce(each, 0) for each in sums)).where(*_paid_in(period))


def _paid_in(period: Period) -> tuple[ColumnElement[bool], ...]:
    return (Invoice.paid_at >= period.since, Invoice.paid_at < period.until)
