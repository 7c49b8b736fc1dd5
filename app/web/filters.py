"""How amounts and instants read, in the visitor's language and time zone."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from babel import Locale
from babel.units import format_unit
from flask import Flask
from flask_babel import (
    format_date,
    format_decimal,
    format_percent,
    format_time,
    format_timedelta,
    get_locale,
    to_user_timezone,
)
from flask_babel import gettext as _

from app.config import settings
from app.kit import clock, words
from app.kit.money import as_text
from app.kit.text import has_looks, shortened, without_tags
from app.web.payment_words import payment_choice, way_to_pay

BRIEF = 180


def money(cents: int | None) -> str:
    """1250 → $12.50; nothing for None."""
    return "" if cents is None else words.money(cents, settings().currency)


def moment(instant: datetime | None) -> str:
    """An instant on the reader's calendar and clock: Mar 1, 2026, 1:30 PM."""
    if instant is None:
        return ""
    return f"{format_date(instant, 'medium')}, {format_time(instant, 'short')}"


def stamped(instant: datetime) -> str:
    """The same by the clock of opening hours, for pages that tell both: Mar 1, 2026, 13:30."""
    return f"{format_date(instant, 'medium')}, {format_time(instant, 'HH:mm')}"


def until(instant: datetime | None) -> str:
    """The end of a window on the reader's calendar: one at midnight is told by the day that it still holds."""
    if instant is None:
        return ""
    if to_user_timezone(instant).time() != time():
        return moment(instant)
    return _("%(day)s, midnight", day=day(instant - timedelta(microseconds=1)))


def age(since: datetime) -> str:
    """How long ago it was, roughly: `5 minutes`, `2 days`."""
    return str(format_timedelta(clock.now() - since, granularity="minute"))


def countdown(until: datetime) -> str:
    """How long it still is: `2d 3h 14m`, `3h 14m`, in the last hour `14m 5s`; `countdown.js` goes on in these words."""
    seconds = max(0, int((until - clock.now()).total_seconds()))
    parts = {
        "day": seconds // 86400,
        "hour": seconds // 3600 % 24,
        "minute": seconds // 60 % 60,
        "second": seconds % 60,
    }
    first = next((unit for unit in ("day", "hour") if parts[unit]), "minute")
    told = {"day": ("day", "hour", "minute"), "hour": ("hour", "minute"), "minute": ("minute", "second")}[first]
    locale = get_locale() or Locale("en")
    return " ".join(format_unit(parts[unit], f"duration-{unit}", "narrow", locale=locale) for unit in told)


def brief(rich: str) -> str:
    """The first words of a rich text, without its looks."""
    return shortened(without_tags(rich), BRIEF)


def weekday_names(days: Sequence[int]) -> str:
    """1 and 2 → Mon, Tue; nothing where it is every day."""
    names = (get_locale() or Locale("en")).days["format"]["abbreviated"]
    return ", ".join(names[each - 1] for each in days)


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
        money=money,
        moment=moment,
        stamped=stamped,
        day=day,
        until=until,
        age=age,
        countdown=countdown,
        brief=brief,
        has_looks=has_looks,
        weekday_names=weekday_names,
        number=number,
        amount=as_text,
        way_to_pay=way_to_pay,
        payment_choice=payment_choice,
        month_name=month_name,
        percent=percent,
    )
