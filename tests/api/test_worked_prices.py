"""What a code takes off, over HTTP and in an order of the store. Every value was worked out by hand: docs/prices.md."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.shopping import apply, call, order, put_in_cart

Line = tuple[float, int] | tuple[float, int, str]  # price, quantity, category

# it is arithmetic, and none of it the database's
pytestmark = [pytest.mark.usefixtures("frozen"), pytest.mark.parametrize("app", ["sqlite"], indirect=True)]


def percent(value: float, **more: Any) -> dict[str, Any]:
    return {"discount_type": "percentage", "discount_value": value, **more}


def fixed(value: float, **more: Any) -> dict[str, Any]:
    return {"discount_type": "fixed", "discount_value": value, **more}


# the terms, the cart, what comes off, what is left
PRICES: list[tuple[dict[str, Any], list[Line], float, float]] = [
    # half-up: exactly half a cent is a cent, anything less is none
    (percent(10), [(0.05, 1)], 0.01, 0.04),  # 0.5 cents
    (percent(10), [(0.04, 1)], 0, 0.04),  # 0.4
    (percent(10), [(10.05, 1)], 1.01, 9.04),  # 100.5, which as a binary fraction is 100.49999…
    (percent(10), [(10.15, 1)], 1.02, 9.13),  # 101.5: up, where bankers would go to the even 102 too …
    (percent(10), [(10.25, 1)], 1.03, 9.22),  # 102.5: … and here they would go down
    (percent(15), [(0.7, 1)], 0.11, 0.59),  # 10.5
    (percent(50), [(0.01, 1)], 0.01, 0),  # 0.5
    (percent(12.5), [(0.04, 1)], 0.01, 0.03),  # 0.5
    (percent(12.5), [(0.03, 1)], 0, 0.03),  # 0.375
    (percent(12.49), [(0.04, 1)], 0, 0.04),  # 0.4996
    (percent(0.01), [(50, 1)], 0.01, 49.99),  # 0.5
    (percent(0.01), [(49.99, 1)], 0, 49.99),  # 0.4999
    (percent(33.33), [(10, 1)], 3.33, 6.67),  # 333.3
    (percent(33.33), [(0.15, 1)], 0.05, 0.1),  # 4.9995
    (percent(33.33), [(100, 1)], 33.33, 66.67),  # exactly
    # once for the order, not line by line: 10 % of three times 0.05 are 1.5 cents and not three of one
    (percent(10), [(0.05, 1), (0.05, 1), (0.05, 1)], 0.02, 0.13),
    (percent(10), [(0.04, 1), (0.04, 1), (0.04, 1)], 0.01, 0.11),  # 1.2, where each line alone would give nothing
    (percent(15), [(1.43, 7)], 1.5, 8.51),  # 10.01 of it, 150.15
    # all of it, and not more
    (percent(100), [(19.99, 3)], 59.97, 0),
    (percent(99.99), [(99_999_999.99, 1)], 99_989_999.99, 10_000),  # less 0.01 %: 999,999.9999 cents
    (percent(100), [(0, 1)], 0, 0),
    # the cap: below it, at it, above it; rounded before it is capped
    (percent(50, max_discount=5), [(9.98, 1)], 4.99, 4.99),
    (percent(50, max_discount=5), [(10, 1)], 5, 5),
    (percent(50, max_discount=5), [(10.02, 1)], 5, 5.02),
    (percent(50, max_discount=5), [(9.99, 1)], 5, 4.99),  # 499.5 is 500, which is the cap
    (percent(50, max_discount=0.01), [(99_999_999.99, 999)], 0.01, 99_899_999_990),  # 9,989,999,999,001 cents less one
    # fixed: below the value, at it, above it; no total goes below zero
    (fixed(5), [(4.99, 1)], 4.99, 0),
    (fixed(5), [(5, 1)], 5, 0),
    (fixed(5), [(5.01, 1)], 5, 0.01),
    (fixed(99_999_999.99), [(0.01, 1)], 0.01, 0),
    (fixed(99_999_999.99), [(99_999_999.99, 2)], 99_999_999.99, 99_999_999.99),
    # only what is in scope: what else is in the cart gives nothing, and pays for nothing
    (percent(10, applicable_categories=["a"]), [(19.95, 1, "a"), (80, 1, "b")], 2, 97.95),  # 199.5
    (percent(10, excluded_categories=["a"]), [(19.95, 1, "a"), (80, 1, "b")], 8, 91.95),
    (fixed(5, applicable_categories=["a"]), [(3, 1, "a"), (60, 1, "b")], 3, 60),
    (percent(10, applicable_categories=["a", "b"], excluded_categories=["b"]), [(1, 1, "a"), (9, 1, "b")], 0.1, 9.9),
    # many, and large
    (percent(12.5), [(0.01, 1)] * 500, 0.63, 4.37),  # 5.00 of it, 62.5
    (percent(12.5), [(99_999_999.99, 1)], 12_500_000, 87_499_999.99),  # 1,249,999,999.875
]  # fmt: skip


def off(client: FlaskClient, terms: dict[str, Any], **cart: Any) -> tuple[float, float]:
    """What comes off and what is left."""
    make.discount(code="SAVE", **terms)
    answer = client.post("/api/promotions/validate", json={"code": "SAVE", **cart})
    assert answer.json is not None
    assert answer.status_code == 200, answer.text
    return answer.json["data"]["discountAmount"], answer.json["data"]["total"]


@pytest.mark.parametrize(("terms", "cart", "discount", "total"), PRICES)
def test_what_comes_off_a_cart(
    client: FlaskClient, terms: dict[str, Any], cart: list[Line], discount: float, total: float
) -> None:
    items = [dict(zip(("price", "quantity", "category"), line, strict=False)) for line in cart]
    assert off(client, terms, items=items) == (discount, total)


@pytest.mark.parametrize(
    ("terms", "subtotal", "discount", "total"),
    [
        (percent(12.5), 99_999_999.99, 12_500_000, 87_499_999.99),
        (percent(10), 10.05, 1.01, 9.04),
        (percent(100), 0, 0, 0),
        (fixed(5), 4.99, 4.99, 0),
        (fixed(5), 5.01, 5, 0.01),
    ],
)
def test_a_subtotal_alone_is_reduced_like_a_cart_of_one_line(
    client: FlaskClient, terms: dict[str, Any], subtotal: float, discount: float, total: float
) -> None:
    assert off(client, terms, subtotal=subtotal) == (discount, total)


# the terms; the lines, with the share of each in cents: cut to the cent, then a cent each to the largest remainders
SHARES: list[tuple[dict[str, Any], list[tuple[int, int, str, int]]]] = [
    # 100 of 300: 33⅓ each, the cent that is left to the earliest
    (fixed(1), [(100, 1, "a", 34), (100, 1, "a", 33), (100, 1, "a", 33)]),
    # 2 of 300: two thirds of a cent each, two cents for three lines
    (fixed(0.02), [(100, 1, "a", 1), (100, 1, "a", 1), (100, 1, "a", 0)]),
    # 2 of 4: ½, ½ and 1; of the equal remainders the earlier line has the cent
    (fixed(0.02), [(1, 1, "a", 1), (1, 1, "a", 0), (2, 1, "a", 1)]),
    # 10 % of 1503 is 150.3, so 150: 99.70, 49.80 and 0.499; two cents are left, for .80 and .70
    (percent(10), [(999, 1, "a", 100), (499, 1, "a", 50), (5, 1, "a", 0)]),
    # 33.33 % of 60 is 19.998, so 20: 3⅓, 6⅔ and 10; the cent goes to ⅔, later though it is
    (percent(33.33), [(10, 1, "a", 3), (20, 1, "a", 7), (30, 1, "a", 10)]),
    # the cap of 100, of 200 and 100: 66⅔ and 33⅓
    (percent(50, max_discount=1), [(200, 1, "a", 67), (100, 1, "a", 33)]),
    # by the line's total, not by its price: 500 of 700 and 300; out of scope is nothing
    (fixed(5, excluded_categories=["b"]), [(350, 2, "a", 350), (1000, 1, "b", 0), (300, 1, "a", 150)]),
    # more than there is: every line to nothing, and none below
    (fixed(500), [(1050, 2, "a", 2100), (1, 1, "a", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "lines"), SHARES)
def test_an_order_keeps_the_share_of_each_line(
    app: Flask, client: FlaskClient, terms: dict[str, Any], lines: list[tuple[int, int, str, int]]
) -> None:
    shelves = {slug: make.category(slug) for slug in ("a", "b")}
    make.discount(code="SAVE", **terms)
    call(client, "ada")
    for price, quantity, shelf, _share in lines:
        put_in_cart(client, make.product(price_cents=price, category=shelves[shelf]), quantity)
    apply(client, "SAVE")
    number = order(client)
    kept = app.test_client().get(f"/api/v1/admin/invoices/{number}", headers=make.bearer())
    assert kept.json is not None
    invoice = kept.json["data"]
    assert [round(line["discount"] * 100) for line in invoice["lines"]] == [share for *_line, share in lines]
    assert round(invoice["discount"] * 100) == sum(share for *_line, share in lines)
    assert round(invoice["total"] * 100) == sum(price * quantity - share for price, quantity, _shelf, share in lines)
