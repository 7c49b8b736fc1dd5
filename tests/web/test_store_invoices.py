"""Invoices are for who made them, and for whoever holds the signed link."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.kit.db import unit_of_work
from app.orders import service as orders
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.shopping import call, order, put_in_cart

SignIn = Callable[[FlaskClient, User], None]
LINK = re.compile(r'data-copy="http://[^/]+(/store/invoices/[^"]+)"')


@pytest.fixture
def number(client: FlaskClient) -> str:
    """An unpaid order of Ada, anonymous."""
    call(client, "ada")
    put_in_cart(client, make.product(name="Logo"))
    return order(client)


def link_of(client: FlaskClient, number: str) -> str:
    found = LINK.search(client.get(f"/store/invoices/{number}").text)
    assert found is not None
    return found[1]


def test_the_session_that_ordered_sees_its_invoice(client: FlaskClient, number: str) -> None:
    assert "Logo" in client.get(f"/store/invoices/{number}").text
    assert number in client.get("/store/invoices").text
    assert "<html" not in client.get("/store/invoices", headers=HTMX).text


def test_whoever_types_the_same_name_does_not(app: Flask, number: str) -> None:
    other = app.test_client()
    call(other, "Ada")
    assert other.get(f"/store/invoices/{number}").status_code == 404
    assert number not in other.get("/store/invoices").text
    for action in ("pay", "cancel"):
        assert other.post(f"/store/invoices/{number}/{action}").status_code == 404


def test_nobody_without_a_session_sees_any(app: Flask, number: str) -> None:
    other = app.test_client()
    assert other.get(f"/store/invoices/{number}").status_code == 404
    assert "No invoices yet" in other.get("/store/invoices").text


def test_the_signed_link_opens_one_invoice_and_keeps_it_in_sight(client: FlaskClient, app: Flask, number: str) -> None:
    put_in_cart(client, make.product())
    second = order(client)
    other = app.test_client()
    assert "Logo" in other.get(link_of(client, number)).text
    assert other.get(f"/store/invoices/{number}").status_code == 200
    assert number in other.get("/store/invoices").text
    assert second not in other.get("/store/invoices").text
    assert other.get(f"/store/invoices/{second}").status_code == 404


def test_the_signed_link_is_for_looking_and_paying_not_for_cancelling(
    client: FlaskClient, app: Flask, number: str
) -> None:
    other = app.test_client()
    page = other.get(link_of(client, number)).text
    assert "Cancel the order" not in page
    assert "Cancel the order" in client.get(f"/store/invoices/{number}").text
    assert other.post(f"/store/invoices/{number}/cancel").status_code == 403
    assert other.post(f"/store/invoices/{number}/pay").status_code == 303


@pytest.mark.parametrize("key", ["x", "", "AAAA", "é"])
def test_a_wrong_signature_opens_nothing(app: Flask, number: str, key: str) -> None:
    assert app.test_client().get(f"/store/invoices/{number}", query_string={"key": key}).status_code == 404


def test_a_signature_of_one_invoice_does_not_open_another(client: FlaskClient, app: Flask, number: str) -> None:
    put_in_cart(client, make.product())
    second = order(client)
    key = link_of(client, number).split("key=")[1]
    assert app.test_client().get(f"/store/invoices/{second}?key={key}").status_code == 404


def test_a_client_sees_their_own_invoices_on_every_device(client: FlaskClient, sign_in: SignIn) -> None:
    user, other = make.user(), make.user()
    mine = make.paid_invoice(person=user.person, name="My logo").number
    theirs = make.paid_invoice(person=other.person).number
    sign_in(client, user)
    assert "My logo" in client.get(f"/store/invoices/{mine}").text
    assert client.get(f"/store/invoices/{theirs}").status_code == 404
    assert theirs not in client.get("/store/invoices").text


def test_what_was_ordered_before_signing_in_takes_its_signed_link(client: FlaskClient, number: str) -> None:
    user, link = make.user(), link_of(client, number)
    client.post("/login", data={"username": user.username, "password": make.PASSWORD})
    assert client.get(f"/store/invoices/{number}").status_code == 404
    assert client.get(link).status_code == 200


def test_the_invoice_of_a_manual_payment_says_how_to_pay(client: FlaskClient, number: str) -> None:
    with unit_of_work():
        orders.by_number(number).provider = "manual"
    page = client.get(f"/store/invoices/{number}").text
    assert "bank transfer" in page
    assert "Pay now" not in page
    assert client.post(f"/store/invoices/{number}/pay").headers["Location"] == f"/store/invoices/{number}"


def test_an_invoice_that_does_not_exist_is_not_found(client: FlaskClient) -> None:
    assert client.get("/store/invoices/2026-999999").status_code == 404
    assert client.get("/store/payments/test/2026-999999").status_code == 404


def test_the_list_costs_few_statements(client: FlaskClient, sign_in: SignIn) -> None:
    user = make.user()
    for _ in range(5):
        make.paid_invoice(person=user.person)
    sign_in(client, user)
    with count_statements() as sent:
        client.get("/store/invoices")
    assert len(sent) <= 6, sent
