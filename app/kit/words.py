"""Amounts as people read them. The same few come up on every page, and writing one anew costs more than finding it."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_currency
from flask_babel import get_locale, to_user_timezone


def money(cents: int, currency: str) -> str:
    """1250 → $12.50, in the language of whoever reads."""
    return _written(cents, currency, str(get_locale() or "en"))


def weekday_and_day(instant: datetime, *, with_year: bool = False) -> str:
    """`Sun, Mar 8`, and if so wished its year: the reader's day, in the order that their language has."""
    local, locale = to_user_timezone(instant), get_locale() or Locale("en")
    # a moment with a zone would be told by UTC
    return format_skeleton("yMMMEd" if with_year else "MMMEd", local.replace(tzinfo=None), locale=locale)


@lru_cache(maxsize=8192)
def _written(cents: int, currency: str, locale: str) -> str:
    return format_currency(Decimal(cents) / 100, currency, locale=locale)
