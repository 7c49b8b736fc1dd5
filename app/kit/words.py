"""Amounts as people read them. The same few come up on every page, and writing one anew costs more than finding it."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency
from flask_babel import get_locale


def money(cents: int, currency: str) -> str:
    """1250 → $12.50, in the language of whoever reads."""
    return _written(cents, currency, str(get_locale() or "en"))


@lru_cache(maxsize=8192)
def _written(cents: int, currency: str, locale: str) -> str:
    return format_currency(Decimal(cents) / 100, currency, locale=locale)
