"""What pieces are worth when they go back: worked by hand, and as properties of any cart and code."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discounts.rules import DiscountTerms, reduce_lines
from app.orders.rules import PaidLine, Part, is_whole, part_of, parts_of
from app.promotions.rules import Item
from tests.discounts.test_rules import FIXED, ITEMS, PERCENTAGES


@pytest.mark.parametrize(
    ("price", "quantity", "discount", "portions", "amounts"),
    [
        (1000, 3, 0, [1, 1, 1], [1000, 1000, 1000]),
        (1000, 3, 100, [1, 1, 1], [966, 967, 967]),  # 29.00 for three: 9.66 | 19.33 | 29.00
        (1000, 3, 100, [2, 1], [1933, 967]),
        (1000, 3, 100, [3], [2900]),
        (1, 3, 2, [1, 1, 1], [0, 0, 1]),  # one cent for three
        (500, 2, 1000, [1, 1], [0, 0]),  # the code paid for all of it
        (0, 5, 0, [5], [0]),
    ],
)
def test_pieces_give_back_their_part(
    price: int, quantity: int, discount: int, portions: list[int], amounts: list[int]
) -> None:
    given_back = portion_by_portion(PaidLine(1, price, quantity, discount), portions)
    assert [part.amount_cents for part in given_back] == amounts
    assert sum(part.discount_cents for part in given_back) == discount


def test_without_a_wish_all_that_is_left_goes_back() -> None:
    lines = [PaidLine(1, 1000, 3, 100, refunded_quantity=1), PaidLine(2, 500, 1, 0, refunded_quantity=1)]
    parts = parts_of(lines, None)
    assert [(part.line_id, part.quantity, part.amount_cents) for part in parts] == [(1, 2, 1934)]
    assert is_whole(lines, parts)
    assert not is_whole(lines, parts_of(lines, {1: 1}))


@given(ITEMS, PERCENTAGES | FIXED, st.randoms(use_true_random=False))
def test_whatever_the_cart_and_the_code_all_pieces_give_back_what_was_paid(
    items: list[Item], terms: DiscountTerms, chance: object
) -> None:
    reduction = reduce_lines(terms, items)
    assert sum(reduction.shares) == reduction.discount_cents
    assert all(0 <= share <= item.total_cents for share, item in zip(reduction.shares, items, strict=True))
    lines = [
        PaidLine(number, item.price_cents, item.quantity, share)
        for number, (item, share) in enumerate(zip(items, reduction.shares, strict=True))
    ]
    returned = [part for line in lines for part in portion_by_portion(line, cut(line.quantity, chance))]
    assert all(part.amount_cents >= 0 and part.discount_cents >= 0 for part in returned)
    paid = sum(item.total_cents for item in items) - reduction.discount_cents
    assert sum(part.amount_cents for part in returned) == paid
    assert sum(part.discount_cents for part in returned) == reduction.discount_cents
    for line in lines:
        assert sum(part.amount_cents for part in returned if part.line_id == line.id) == line.paid_cents


def portion_by_portion(line: PaidLine, portions: Sequence[int]) -> list[Part]:
    parts, done = [], 0
    for portion in portions:
        left = PaidLine(line.id, line.unit_price_cents, line.quantity, line.discount_cents, done)
        parts.append(part_of(left, portion))
        done += portion
    return parts


def cut(quantity: int, chance: object) -> list[int]:
    """Some way in which so many pieces may go back."""
    portions = []
    while quantity:
        portions.append(chance.randint(1, quantity))  # type: ignore[attr-defined]
        quantity -= portions[-1]
    return portions
