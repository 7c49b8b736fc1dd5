"""The name that somebody shops under without an account."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from tests import make
from tests.client import HTMX


def name_of(client: FlaskClient) -> str | None:
    with client.session_transaction() as session:
        return session.get("cart_user")


def test_a_name_is_kept_and_forgotten_with_everything_that_hung_on_it(client: FlaskClient) -> None:
    answer = client.post("/store/shopper", data={"username": " Ada_L ", "next": "/store/cart"})
    assert (answer.status_code, answer.location) == (303, "/store/cart")
    assert name_of(client) == "Ada_L"
    with client.session_transaction() as session:
        assert session["visit"]
    assert client.post("/store/shopper/forget").status_code == 303
    with client.session_transaction() as session:
        assert not {"cart_user", "visit"} & session.keys()


@pytest.mark.parametrize("typed", ["", "ab", "a b c", "é" * 4, "a" * 33, "ada@example.com", "١٢٣"])
def test_a_name_that_is_none_is_explained_and_kept_in_the_field(client: FlaskClient, typed: str) -> None:
    answer = client.post("/store/shopper", data={"username": typed})
    assert answer.status_code == 422
    assert "A name has 3 to 32 letters" in answer.text
    assert name_of(client) is None


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_name_of_an_account_leads_to_sign_in(client: FlaskClient, headers: dict[str, str]) -> None:
    make.user(username="ada")
    answer = client.post("/store/shopper", data={"username": "ADA"}, headers=headers)
    assert answer.status_code == 422
    assert "That name belongs to an account." in answer.text
    assert "/login?username=ADA" in answer.text
    assert name_of(client) is None
    assert 'value="ADA"' in client.get("/login?username=ADA").text


@pytest.mark.parametrize(("place", "is_main"), [("strip", False), ("cart", True)])
def test_a_refused_name_stays_where_it_was_asked_for(client: FlaskClient, place: str, is_main: bool) -> None:
    answer = client.post("/store/shopper", data={"username": "a b", "place": place}, headers=HTMX)
    assert answer.status_code == 422
    assert 'id="username-error"' in answer.text
    assert "<h1" not in answer.text
    assert ("btn-primary" in answer.text) is is_main


def test_a_session_loses_its_name_when_somebody_registers_it(app: Flask, client: FlaskClient) -> None:
    client.post("/store/shopper", data={"username": "Ada"})
    other = app.test_client()
    data = {"username": "ada", "email": "ada@example.com", "password": "a fine password"}
    assert other.post("/register", data=data).status_code == 303
    assert "belongs to an account now" in client.get("/store/cart").text
    assert name_of(client) is None


def test_who_is_signed_in_shops_as_themself(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> None:
    user = make.user()
    sign_in(client, user)
    assert client.post("/store/shopper", data={"username": "somebody"}).status_code == 303
    assert name_of(client) is None
    assert client.post("/store/shopper/forget").status_code == 303
    assert client.get("/profile").status_code == 200


def test_the_way_on_leads_only_into_this_site(client: FlaskClient) -> None:
    answer = client.post("/store/shopper", data={"username": "ada", "next": "//evil.example"})
    assert answer.location == "/store"
