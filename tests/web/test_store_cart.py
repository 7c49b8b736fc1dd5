"""The cart: lines and their code, as a plain page and in place."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.cart.models import Cart, CartLine
from app.kit.db import db, unit_of_work
from app.promotions.models import PromotionUse
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.shopping import apply, call, put_in_cart

MINUS = "\N{MINUS SIGN}"
SignIn = Callable[[FlaskClient, User], None]


def quantities() -> list[int]:
    return list(db.session.scalars(select(CartLine.quantity).order_by(CartLine.id)))


def line_url() -> str:
    return f"/store/cart/lines/{db.session.scalars(select(CartLine.id)).one()}"


def applied_codes() -> list[int | None]:
    return list(db.session.scalars(select(Cart.applied_code_id)))


def test_adding_twice_adds_up(client: FlaskClient) -> None:
    product = make.product()
    put_in_cart(client, product, 2)
    put_in_cart(client, product, 3)
    assert quantities() == [5]


def test_adding_in_place_answers_with_the_form_and_the_sign_of_the_cart(client: FlaskClient) -> None:
    product = make.product(name="Logo")
    answer = client.post("/store/cart/lines", data={"product_id": product.id, "quantity": 2}, headers=HTMX)
    assert answer.status_code == 200
    assert f'id="add-{product.id}"' in answer.text
    assert 'id="cart-sign"' in answer.text
    assert "Cart, 2 pieces" in answer.text
    assert "Logo is in your cart." in answer.headers["HX-Trigger"]
    assert "<html" not in answer.text


@pytest.mark.parametrize("quantity", ["0", "-1", "1000", "1.5", "", "NaN", "1e2", "٣", "9223372036854775808", "abc"])
def test_a_quantity_that_is_none_is_refused_beside_its_field_and_kept(client: FlaskClient, quantity: str) -> None:
    product = make.product()
    for headers in ({}, HTMX):
        answer = client.post(
            "/store/cart/lines", data={"product_id": product.id, "quantity": quantity}, headers=headers
        )
        assert answer.status_code == 422
        assert "Please enter a whole number from 1 to 999." in answer.text
        assert quantity in answer.text
    assert quantities() == []


def test_more_than_999_of_a_product_is_refused(client: FlaskClient) -> None:
    product = make.product()
    put_in_cart(client, product, 998)
    answer = client.post("/store/cart/lines", data={"product_id": product.id, "quantity": "2"})
    assert answer.status_code == 422
    assert "at most 999" in answer.text
    assert quantities() == [998]


@pytest.mark.parametrize("product_id", ["", "x", "0", "99999", "99999999999999999999"])
def test_a_product_that_does_not_exist_is_not_found(client: FlaskClient, product_id: str) -> None:
    assert client.post("/store/cart/lines", data={"product_id": product_id, "quantity": 1}).status_code == 404


def test_a_product_that_is_not_for_sale_is_refused(client: FlaskClient) -> None:
    product = make.product(is_active=False)
    answer = client.post("/store/cart/lines", data={"product_id": product.id, "quantity": 1}, headers=HTMX)
    assert answer.status_code == 422
    assert "not for sale" in answer.text


def test_a_price_from_the_browser_is_not_looked_at(client: FlaskClient) -> None:
    product = make.product(price_cents=5000)
    client.post("/store/cart/lines", data={"product_id": product.id, "quantity": 1, "price": "0.01"})
    assert "$50.00" in client.get("/store/cart").text


def test_a_quantity_is_changed_by_a_plain_form_and_in_place(client: FlaskClient) -> None:
    put_in_cart(client, make.product(price_cents=1000), 1)
    plain = client.post(line_url(), data={"_method": "PATCH", "quantity": 3})
    assert (plain.status_code, plain.headers["Location"]) == (303, "/store/cart")
    assert quantities() == [3]
    part = client.patch(line_url(), data={"quantity": 4}, headers=HTMX)
    assert part.status_code == 200
    assert "$40.00" in part.text
    assert 'id="cart"' in part.text
    assert quantities() == [4]


def test_a_wrong_quantity_of_a_line_is_told_at_the_line(client: FlaskClient) -> None:
    put_in_cart(client, make.product(), 2)
    answer = client.patch(line_url(), data={"quantity": "1.5"}, headers=HTMX)
    assert answer.status_code == 422
    assert "Please enter a whole number from 1 to 999." in answer.text
    assert 'value="1.5"' in answer.text
    assert quantities() == [2]


def test_a_line_is_taken_out_by_a_plain_form_and_in_place(client: FlaskClient) -> None:
    put_in_cart(client, make.product())
    assert client.post(line_url(), data={"_method": "DELETE"}).status_code == 303
    assert quantities() == []
    put_in_cart(client, make.product())
    part = client.delete(line_url(), headers=HTMX)
    assert part.status_code == 200
    assert "Your cart is empty" in part.text


def test_somebody_elses_line_does_not_exist(client: FlaskClient, app: Flask) -> None:
    put_in_cart(client, make.product(), 2)
    other = app.test_client()
    assert other.patch(line_url(), data={"quantity": 9}).status_code == 404
    assert other.delete(line_url()).status_code == 404
    assert quantities() == [2]


def test_the_name_is_no_key_to_a_cart(client: FlaskClient, app: Flask) -> None:
    call(client, "ada")
    put_in_cart(client, make.product(name="Secret gift"))
    other = app.test_client()
    call(other, "ada")
    assert "Secret gift" not in other.get("/store/cart").text


def test_looking_at_the_store_makes_no_cart(client: FlaskClient) -> None:
    client.get("/store")
    client.get("/store/cart")
    assert db.session.scalar(select(func.count()).select_from(Cart)) == 0


def test_a_product_that_left_the_shelf_is_shown_and_left_out(client: FlaskClient) -> None:
    stays, leaves = make.product(price_cents=1000), make.product(name="Gone", price_cents=5000)
    put_in_cart(client, stays)
    put_in_cart(client, leaves)
    with unit_of_work():
        leaves.is_active = False
    page = client.get("/store/cart").text
    assert "Gone" in page
    assert "Not for sale right now" in page
    assert "$10.00" in page
    assert "$60.00" not in page


def test_a_code_is_applied_and_its_discount_seen_at_once(client: FlaskClient) -> None:
    make.discount(code="SAVE20", discount_value=20)
    put_in_cart(client, make.product(price_cents=1000), 5)
    part = client.post("/store/cart/code", data={"code": " save20 "}, headers=HTMX)
    assert part.status_code == 200
    assert f"{MINUS}$10.00" in part.text
    assert "$40.00" in part.text
    assert "<html" not in part.text
    assert db.session.scalar(select(func.count()).select_from(PromotionUse)) == 0


def test_without_javascript_applying_leads_back_to_the_cart(client: FlaskClient) -> None:
    make.discount(code="SAVE20", discount_value=20)
    put_in_cart(client, make.product(price_cents=1000), 5)
    answer = client.post("/store/cart/code", data={"code": "SAVE20"}, follow_redirects=True)
    assert answer.request.path == "/store/cart"
    assert f"{MINUS}$10.00" in answer.text
    assert "<html" in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_refused_code_is_told_beside_the_field_and_kept(client: FlaskClient, headers: dict[str, str]) -> None:
    put_in_cart(client, make.product())
    answer = client.post("/store/cart/code", data={"code": "nope<b>"}, headers=headers)
    assert answer.status_code == 422
    assert 'id="code-error"' in answer.text
    assert "We don&#39;t know this code." in answer.text
    assert 'value="nope&lt;b&gt;"' in answer.text
    assert applied_codes() == [None]


def test_a_refused_code_leaves_the_one_before_in_place(client: FlaskClient) -> None:
    make.discount(code="FIRST", discount_value=10)
    make.discount(code="BIGGER", discount_value=50, min_amount="100")
    put_in_cart(client, make.product(price_cents=1000))
    apply(client, "FIRST")
    answer = client.post("/store/cart/code", data={"code": "BIGGER"}, headers=HTMX)
    assert answer.status_code == 422
    assert "$90.00" in answer.text  # what is missing
    assert f"{MINUS}$1.00" in answer.text


def test_a_second_code_takes_the_place_of_the_first(client: FlaskClient) -> None:
    make.discount(code="FIRST", discount_value=10)
    make.discount(code="SECOND", discount_value=20)
    put_in_cart(client, make.product(price_cents=1000))
    apply(client, "FIRST")
    apply(client, "SECOND")
    page = client.get("/store/cart").text
    assert f"{MINUS}$2.00" in page
    assert "FIRST" not in page


def test_a_code_is_removed_by_a_plain_form_and_in_place(client: FlaskClient) -> None:
    make.discount(code="SAVE20", discount_value=20)
    put_in_cart(client, make.product(price_cents=1000))
    apply(client, "SAVE20")
    assert client.post("/store/cart/code", data={"_method": "DELETE"}).status_code == 303
    assert applied_codes() == [None]
    apply(client, "SAVE20")
    part = client.delete("/store/cart/code", headers=HTMX)
    assert part.status_code == 200
    assert "SAVE20" not in part.text


def test_shrinking_the_cart_shows_why_the_code_no_longer_counts(client: FlaskClient) -> None:
    make.discount(code="BIG", discount_value=10, min_amount="30")
    put_in_cart(client, make.product(price_cents=1000), 3)
    apply(client, "BIG")
    part = client.patch(line_url(), data={"quantity": 2}, headers=HTMX).text
    assert "BIG doesn't count right now." in part
    assert 'id="code-reason"' in part
    assert "$10.00" in part  # what is missing
    assert "$20.00" in part
    assert f"{MINUS}$" not in part
    assert f"{MINUS}$3.00" in client.patch(line_url(), data={"quantity": 3}, headers=HTMX).text


def test_a_percentage_takes_off_only_what_is_in_scope(client: FlaskClient) -> None:
    design, hosting = make.category("design"), make.category("hosting")
    make.discount(code="DESIGN", discount_value=50, applicable_categories=["design"])
    put_in_cart(client, make.product(category=design, price_cents=1001))
    put_in_cart(client, make.product(category=hosting, price_cents=9000))
    part = client.post("/store/cart/code", data={"code": "DESIGN"}, headers=HTMX).text
    assert f"{MINUS}$5.01" in part


def test_a_fixed_discount_never_makes_a_total_negative(client: FlaskClient) -> None:
    make.discount(code="HUGE", discount_type="fixed", discount_value="500")
    put_in_cart(client, make.product(price_cents=1000))
    part = client.post("/store/cart/code", data={"code": "HUGE"}, headers=HTMX).text
    assert f"{MINUS}$10.00" in part
    assert "$0.00" in part
    assert "Order for free" not in part  # there is no name to order under yet


def test_guessing_codes_is_limited_per_session(client: FlaskClient, frozen: object) -> None:  # noqa: ARG001
    make.discount(code="RIGHT")
    put_in_cart(client, make.product())
    for _ in range(10):
        assert client.post("/store/cart/code", data={"code": "wrong"}).status_code == 422
    answer = client.post("/store/cart/code", data={"code": "RIGHT"}, headers=HTMX)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 60
    assert "Too many attempts" in answer.text
    assert 'id="code-error"' in answer.text


def test_guessing_codes_is_limited_per_address(app: Flask, frozen: object) -> None:  # noqa: ARG001
    for _ in range(60):
        assert app.test_client().post("/store/cart/code", data={"code": "wrong"}).status_code == 422
    assert app.test_client().post("/store/cart/code", data={"code": "wrong"}).status_code == 429


def test_refusals_of_known_codes_are_no_guesses(client: FlaskClient, frozen: object) -> None:  # noqa: ARG001
    make.discount(code="BIG", min_amount="1000")
    put_in_cart(client, make.product())
    for _ in range(12):
        assert client.post("/store/cart/code", data={"code": "BIG"}).status_code == 422


def test_a_code_of_ones_account_leads_to_the_offers(client: FlaskClient, sign_in: SignIn) -> None:
    mia = make.user()
    make.applied(mia, make.offer_code(code="BONUS10"))
    make.offer_code(code="OTHER")
    put_in_cart(client, make.product())
    unknown = "We don&#39;t know this code."
    assert unknown in client.post("/store/cart/code", data={"code": "BONUS10"}, headers=HTMX).text
    sign_in(client, mia)
    assert unknown in client.post("/store/cart/code", data={"code": "OTHER"}, headers=HTMX).text
    assert unknown in client.post("/store/cart/code", data={"code": "BONUS10\0"}, headers=HTMX).text
    answer = client.post("/store/cart/code", data={"code": " bonus10"}, headers=HTMX)
    assert answer.status_code == 422
    assert unknown not in answer.text
    assert "This code is for offers, and on your account already." in answer.text
    assert 'href="/client/codes">My codes</a></span>' in answer.text


def test_applying_a_code_costs_six_statements_at_most(client: FlaskClient, sign_in: SignIn) -> None:
    make.discount(code="SAVE20", discount_value=20)
    sign_in(client, make.user())
    for _ in range(5):
        put_in_cart(client, make.product())
    with count_statements() as sent:
        assert client.post("/store/cart/code", data={"code": "SAVE20"}, headers=HTMX).status_code == 200
    assert len(sent) <= 6, sent


def test_the_cart_comes_along_at_sign_in_and_the_accounts_code_wins(client: FlaskClient, app: Flask) -> None:
    make.discount(code="MINE", discount_value=10)
    make.discount(code="THEIRS", discount_value=20)
    user, product, other = make.user(), make.product(price_cents=1000), make.product(price_cents=100)
    at_home = app.test_client()
    at_home.post("/login", data={"username": user.username, "password": make.PASSWORD})
    put_in_cart(at_home, product, 998)
    apply(at_home, "MINE")
    put_in_cart(client, product, 3)
    put_in_cart(client, other, 1)
    apply(client, "THEIRS")
    client.post("/login", data={"username": user.username, "password": make.PASSWORD})
    page = client.get("/store/cart").text
    assert sorted(quantities()) == [1, 999]
    assert "MINE" in page
    assert "THEIRS" not in page
    assert db.session.scalar(select(func.count()).select_from(Cart)) == 1


def test_a_code_that_falls_out_at_sign_in_is_told(client: FlaskClient) -> None:
    user = make.user()
    make.discount(code="ONCE", per_user_limit=1)
    make.paid_invoice(person=user.person, code="ONCE")
    put_in_cart(client, make.product())
    apply(client, "ONCE")
    client.post("/login", data={"username": user.username, "password": make.PASSWORD})
    page = client.get("/store/cart").text
    assert "ONCE no longer counts in your cart" in page
    assert "ONCE doesn't count right now." in page
