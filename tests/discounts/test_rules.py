from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discounts.rules import DiscountTerms, reduce_lines
from app.promotions.rules import Item

TERMS = DiscountTerms(promotion_id=1, kind="discount", title="Off", discount_type="percentage", discount_value=1000)
CATEGORIES = ("a", "b", None)
ITEMS = st.lists(
    st.builds(Item, st.integers(0, 9_999_999), st.integers(1, 999), st.sampled_from(CATEGORIES)),
    min_size=1,
    max_size=12,
)
SCOPES = st.fixed_dictionaries(
    {
        "applicable_categories": st.sampled_from([(), ("a",), ("a", "b"), ("z",)]),
        "excluded_categories": st.sampled_from([(), ("b",), ("a", "b")]),
    }
)
PERCENTAGES = st.builds(
    lambda value, cap, scope: replace(TERMS, discount_value=value, max_discount_cents=cap, **scope),
    st.integers(1, 10_000),
    st.none() | st.integers(0, 100_000),
    SCOPES,
)
FIXED = st.builds(
    lambda value, scope: replace(TERMS, discount_type="fixed", discount_value=value, **scope),
    st.integers(1, 9_999_999_999),
    SCOPES,
)


@pytest.mark.parametrize(
    ("terms", "items", "discount", "shares"),
    [
        ({"discount_value": 2000}, [(999, 1)], 200, (200,)),  # 199.8 is half-up 200
        ({"discount_value": 1250}, [(1, 4)], 1, (1,)),  # 0.5 of a cent is one
        ({"discount_value": 1249}, [(1, 4)], 0, (0,)),
        ({"discount_value": 10_000}, [(1050, 2)], 2100, (2100,)),
        ({"discount_value": 1000, "max_discount_cents": 150}, [(1000, 1), (1000, 1)], 150, (75, 75)),
        ({"discount_type": "fixed", "discount_value": 500}, [(300, 1)], 300, (300,)),  # never below zero
        ({"discount_type": "fixed", "discount_value": 100}, [(1, 1), (1, 1), (1, 1)], 3, (1, 1, 1)),
        ({"discount_type": "fixed", "discount_value": 100}, [(100, 1), (100, 1), (100, 1)], 100, (34, 33, 33)),
        ({"discount_type": "fixed", "discount_value": 2}, [(100, 1), (100, 1), (100, 1)], 2, (1, 1, 0)),
    ],
)
def test_what_comes_off_and_from_where(
    terms: dict[str, Any], items: list[tuple[int, int]], discount: int, shares: tuple[int, ...]
) -> None:
    reduction = reduce_lines(replace(TERMS, **terms), [Item(*item) for item in items])
    assert (reduction.discount_cents, reduction.shares) == (discount, shares)


@given(PERCENTAGES | FIXED, ITEMS)
def test_shares_add_up_and_no_line_goes_below_zero(terms: DiscountTerms, items: list[Item]) -> None:
    reduction = reduce_lines(terms, items)
    assert sum(reduction.shares) == reduction.discount_cents
    for item, share in zip(items, reduction.shares, strict=True):
        assert 0 <= share <= (item.total_cents if terms.covers(item.category) else 0)
    assert reduction.eligible_cents == sum(item.total_cents for item in items if terms.covers(item.category))


@given(PERCENTAGES, ITEMS)
def test_a_percentage_is_rounded_once_half_up_and_then_capped(terms: DiscountTerms, items: list[Item]) -> None:
    reduction = reduce_lines(terms, items)
    exact = Decimal(reduction.eligible_cents) * terms.discount_value / 10_000
    rounded = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    cap = terms.max_discount_cents
    assert reduction.discount_cents == (rounded if cap is None else min(rounded, cap))


@given(PERCENTAGES | FIXED, ITEMS)
def test_each_share_is_within_a_cent_of_its_proportion(terms: DiscountTerms, items: list[Item]) -> None:
    reduction = reduce_lines(terms, items)
    for item, share in zip(items, reduction.shares, strict=True):
        if terms.covers(item.category) and reduction.eligible_cents:
            proportion = Decimal(reduction.discount_cents) * item.total_cents / reduction.eligible_cents
            assert abs(share - proportion) < 1


@given(PERCENTAGES | FIXED, ITEMS)
def test_of_equal_lines_the_earlier_has_no_smaller_share(terms: DiscountTerms, items: list[Item]) -> None:
    shares = reduce_lines(terms, [*items, *items]).shares
    assert all(first >= second for first, second in zip(shares, shares[len(items) :], strict=False))


@pytest.mark.parametrize(
    ("applicable", "excluded", "category", "is_covered"),
    [
        ((), (), None, True),
        ((), (), "a", True),
        (("a",), (), "A", True),
        (("a",), (), "b", False),
        (("a",), (), None, False),
        ((), ("a",), "a", False),
        ((), ("a",), None, True),
        (("a", "b"), ("b",), "b", False),
    ],
)
def test_an_item_is_in_scope(
    applicable: tuple[str, ...], excluded: tuple[str, ...], category: str | None, *, is_covered: bool
) -> None:
    terms = replace(TERMS, applicable_categories=applicable, excluded_categories=excluded)
    assert terms.covers(category) is is_covered
