from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.money import MOST_CENTS, NotAnAmount, as_number, cents_of, parse_cents, percentage_of, spread


@pytest.mark.parametrize(
    ("typed", "cents"),
    [("0", 0), ("12", 1200), ("12.5", 1250), (" 12.50 ", 1250), ("0.01", 1), ("007", 700), ("99999999.99", MOST_CENTS)],
)
def test_an_amount_is_read_to_the_cent(typed: str, cents: int) -> None:
    assert parse_cents(typed) == cents


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "format"),
        ("twelve", "format"),
        ("12,50", "format"),
        ("1e3", "format"),
        ("NaN", "format"),
        ("Infinity", "format"),
        ("+5", "format"),
        ("٣", "format"),
        ("1_000", "format"),
        (".5", "format"),
        ("-1", "negative"),
        ("1.005", "decimals"),
        ("100000000", "too_large"),
        ("9223372036854775808", "too_large"),
        ("9" * 30, "too_large"),
        ("-" + "9" * 30, "negative"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(NotAnAmount) as refusal:
        parse_cents(typed)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1.001"])
def test_numbers_are_held_to_the_same_rules(number: str) -> None:
    with pytest.raises(NotAnAmount):
        cents_of(Decimal(number))


@given(st.integers(0, MOST_CENTS))
def test_an_amount_survives_the_journey_through_json(cents: int) -> None:
    assert cents_of(str(as_number(cents))) == cents


@pytest.mark.parametrize(
    ("cents", "hundredths", "part"),
    [
        (999, 1000, 100),
        (5, 1000, 1),
        (4, 1000, 0),
        (10_000, 10_000, 10_000),
        (1, 5000, 1),
        (3333, 1250, 417),
        (0, 5, 0),
    ],
)
def test_percentages_round_half_up(cents: int, hundredths: int, part: int) -> None:
    assert percentage_of(cents, hundredths) == part


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (10, [3, 3, 3], [4, 3, 3]),
        (7, [5, 0, 2], [5, 0, 2]),
        (1, [1, 1], [1, 0]),
        (5, [100, 300], [1, 4]),
        (0, [4, 4], [0, 0]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
    ],
)
def test_a_total_is_spread_by_the_largest_remainder(total: int, weights: list[int], shares: list[int]) -> None:
    assert spread(total, weights) == shares


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.data())
def test_shares_add_up_and_none_exceeds_its_weight(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    shares = spread(total, weights)
    assert sum(shares) == total
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))
