"""How amounts and instants read, in the visitor's language and time zone."""

from datetime import date, datetime
from decimal import Decimal

from flask import Flask
from flask_babel import format_date, format_decimal, format_percent, format_time

from app.config import settings
from app.kit import words
from app.kit.money import as_text


def money(cents: int | None) -> str:
    """1250 → $12.50; nothing for None."""
    return "" if cents is None else words.money(cents, settings().currency)


def moment(instant: datetime | None) -> str:
    """An instant on the reader's calendar and clock: Mar 1, 2026, 1:30 PM."""
    if instant is None:
        return ""
    return f"{format_date(instant, 'medium')}, {format_time(instant, 'short')}"


def day(value: date | datetime | None) -> str:
    """A day, or the reader's day of an instant: Mar 1, 2026."""
    if value is None:
        return ""
    return str(format_date(value, "medium", rebase=isinstance(value, datetime)))


def month_name(value: date) -> str:
    """Mar 2026."""
    return str(format_date(value, "MMM y"))


def number(value: float | Decimal | None) -> str:
    """12345.6 → 12,345.6."""
    return "" if value is None else format_decimal(value)


def percent(part: float) -> str:
    """0.1234 → 12.3%."""
    return format_percent(part, "#,##0.#%")


def init_filters(app: Flask) -> None:
    app.jinja_env.filters.update(
        money=money, moment=moment, day=day, number=number, amount=as_text, month_name=month_name, percent=percent
    )
