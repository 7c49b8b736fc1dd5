"""What a shopper does in the store, in words."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.catalog.models import Product
from tests import make

FIELD = re.compile(r'<input type="hidden" name="(idempotency_key|expected_total|pay_with)" value="([^"]*)">')


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a form."""
    fields = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
    field = next(each for each in fields if f'name="{name}"' in each)
    return re.search(r'value="([^"]*)"', field)[1]  # type: ignore[index]


def call(client: FlaskClient, name: str) -> None:
    """The name to shop under, as if typed."""
    with client.session_transaction() as session:
        session["cart_user"] = name


def put_in_cart(client: FlaskClient, product: Product, quantity: int = 1) -> None:
    added = client.post("/store/cart/lines", data={"product_id": product.id, "quantity": quantity})
    assert added.status_code == 303, added.text


def apply(client: FlaskClient, code: str) -> None:
    applied = client.post("/store/cart/code", data={"code": code})
    assert applied.status_code == 303, applied.text


def checkout_form(client: FlaskClient) -> dict[str, str]:
    """The hidden fields of the order button, as the cart shows them now."""
    return dict(FIELD.findall(client.get("/store/cart").text))


def order(client: FlaskClient) -> str:
    """Order what is in the cart; the number of the invoice."""
    answer = client.post("/store/checkout", data=checkout_form(client))
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rsplit("/", 1)[1]


def pay(client: FlaskClient, number: str, outcome: str = "pay") -> TestResponse:
    return client.post(f"/store/payments/test/{number}", data={"outcome": outcome})


def enter_store(client: FlaskClient, name: str = "Ada") -> None:
    """Type a name to shop under."""
    assert client.post("/store/shopper", data={"username": name}).status_code == 303


def spend(client: FlaskClient, cents: int) -> str:
    """Order one thing of this price and pay for it; the number of the invoice."""
    put_in_cart(client, make.product(price_cents=cents))
    number = order(client)
    assert pay(client, number).status_code == 303
    return number


def ids_of(page: str) -> list[str]:
    """The ids of all elements of a page."""
    return re.findall(r'<[a-z][^>]*\sid="([^"]+)"', page)
