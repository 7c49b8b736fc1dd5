"""Money is whole cents: parsed, parted and rounded here, and nowhere else. No float goes in."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

MOST_CENTS = 9_999_999_999
AMOUNT = re.compile(r"-?[0-9]{1,1000}(\.[0-9]{1,40})?")


class NotAnAmount(ValueError):
    """The text is no amount. `reason` is `format`, `decimals`, `negative` or `too_large`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_cents(text: str) -> int:
    """Whole cents of an amount as people type it: "12", "12.5", " 12.50 ".

    Only ASCII digits and a decimal point; at most two decimals, from 0 to 99,999,999.99. Raises NotAnAmount.
    """
    trimmed = text.strip()
    if not AMOUNT.fullmatch(trimmed):
        raise NotAnAmount("format")
    return cents_of(Decimal(trimmed))


def cents_of(number: Decimal | int | str) -> int:
    """Whole cents of a number with at most two decimals. Raises NotAnAmount."""
    exact = Decimal(number)
    if not exact.is_finite():
        raise NotAnAmount("format")
    if exact < 0:
        raise NotAnAmount("negative")
    if exact * 100 > MOST_CENTS:
        raise NotAnAmount("too_large")
    if exact * 100 != int(exact * 100):
        raise NotAnAmount("decimals")
    return int(exact * 100)


def as_number(cents: int) -> float | int:
    """The amount as JSON carries it: 1250 → 12.5, 1200 → 12. Exact to the cent within our range."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def as_decimal(cents: int) -> Decimal:
    """The amount as spreadsheets take it: 1250 → 12.50."""
    return Decimal(cents).scaleb(-2)


def as_text(cents: int) -> str:
    """The amount as forms carry it: 1250 → "12.50". `parse_cents` reads it back."""
    return f"{cents // 100}.{cents % 100:02d}"


def percentage_of(cents: int, hundredths: int) -> int:
    """The part of an amount, half-up to the cent; the percentage in hundredths (20 % is 2000)."""
    exact = Decimal(cents) * hundredths / 10_000
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Part `total` in proportion to `weights` by the largest-remainder method (Hamilton); ties go to the earlier.

    The shares add up to `total`, and none exceeds its weight while `total` doesn't exceed their sum.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -(total * weights[index] % whole))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares
