"""Giving without ordering."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.service import SYSTEM
from app.discounts.models import PaidOrder
from app.kit.db import db, unit_of_work
from app.orders import books
from app.orders import service as orders
from app.orders.models import Invoice
from tests import make
from tests.client import HTMX
from tests.shopping import call, hidden, pay


def invoices() -> list[Invoice]:
    return list(db.session.scalars(select(Invoice).order_by(Invoice.id)))


def form(client: FlaskClient, **typed: str) -> dict[str, str]:
    key = hidden(client.get("/store/donate").text, "idempotency_key")
    return {"amount": "25.00", "message": "Keep going!", "idempotency_key": key} | typed


@pytest.fixture
def giver(client: FlaskClient) -> FlaskClient:
    call(client, "ada")
    return client


def test_a_gift_is_an_invoice_that_is_paid_like_any(giver: FlaskClient) -> None:
    answer = giver.post("/store/donate", data=form(giver))
    [invoice] = invoices()
    assert answer.location == f"/store/payments/test/{invoice.number}"
    pay(giver, invoice.number)
    [invoice] = invoices()
    assert (invoice.kind, invoice.status, invoice.total_cents) == ("donation", "paid", 2500)
    assert (invoice.message, invoice.code, invoice.shopper) == ("Keep going!", None, "ada")
    [line] = orders.by_number(invoice.number).lines
    assert (line.quantity, line.total_cents, line.product_id, line.sku) == (1, 2500, None, None)
    receipt = giver.get(f"/store/invoices/{invoice.number}").text
    assert "Thank you for your gift!" in receipt
    assert "Keep going!" in receipt
    assert books.faults() == []


def test_a_gift_is_no_first_order(giver: FlaskClient) -> None:
    giver.post("/store/donate", data=form(giver))
    pay(giver, invoices()[0].number)
    assert db.session.scalars(select(PaidOrder)).all() == []


def test_pressing_twice_gives_once(giver: FlaskClient) -> None:
    typed = form(giver)
    locations = {giver.post("/store/donate", data=typed).location for _each in range(2)}
    assert len(locations) == len(invoices()) == 1


def test_another_amount_from_the_same_page_is_asked_about(giver: FlaskClient) -> None:
    typed = form(giver)
    giver.post("/store/donate", data=typed)
    answer = giver.post("/store/donate", data=typed | {"amount": "30.00"})
    assert answer.status_code == 409
    assert "You have given from this page already" in answer.text
    assert 'value="30.00"' in answer.text
    again = typed | {"amount": "30.00", "idempotency_key": hidden(answer.text, "idempotency_key")}
    giver.post("/store/donate", data=again)
    assert [invoice.total_cents for invoice in invoices()] == [2500, 3000]


@pytest.mark.parametrize("amount", ["", "0.99", "10000.01", "NaN", "-5", "1e3", "12.345", "25,00", "\u0661\u0660", "0"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_an_amount_that_can_not_be_given_is_told_beside_its_field(giver: FlaskClient, amount: str) -> None:
    answer = giver.post("/store/donate", data=form(giver, amount=amount), headers=HTMX)
    assert answer.status_code == 422
    assert 'id="amount-error"' in answer.text
    assert "Keep going!" in answer.text
    assert "<html" not in answer.text
    assert invoices() == []


@pytest.mark.parametrize("amount", ["1.00", "10000.00", "1"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_both_ends_of_the_range_can_be_given(giver: FlaskClient, amount: str) -> None:
    assert giver.post("/store/donate", data=form(giver, amount=amount)).status_code == 303


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_range_is_the_installations(app: Flask, giver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = replace(app.extensions["settings"], donation_min_cents=500, donation_max_cents=600)
    monkeypatch.setitem(app.extensions, "settings", chosen)
    assert "From $5.00 to $6.00" in giver.get("/store/donate").text
    assert giver.post("/store/donate", data=form(giver, amount="4.99")).status_code == 422
    assert giver.post("/store/donate", data=form(giver, amount="6.00")).status_code == 303


def test_who_has_no_name_yet_gives_it_with_the_gift(client: FlaskClient) -> None:
    refused = client.post("/store/donate", data=form(client))
    assert refused.status_code == 422
    assert 'id="username-error"' in refused.text
    assert 'value="25.00"' in refused.text
    assert client.post("/store/donate", data=form(client, username="Ben")).status_code == 303
    assert [invoice.shopper for invoice in invoices()] == ["Ben"]
    assert "Giving as Ben" in client.get("/store/donate").text


def test_the_name_of_an_account_is_not_lent(client: FlaskClient) -> None:
    make.user(username="mira")
    answer = client.post("/store/donate", data=form(client, username="mira"))
    assert answer.status_code == 422
    assert "Sign in as mira" in answer.text
    assert invoices() == []


def test_a_client_gives_under_the_account(client: FlaskClient, sign_in: object) -> None:
    user = make.user()
    sign_in(client, user)  # type: ignore[operator]
    client.post("/store/donate", data=form(client, username="somebody"))
    assert [invoice.user_id for invoice in invoices()] == [user.id]


def test_unpaid_gifts_count_among_the_three(giver: FlaskClient) -> None:
    for _each in range(3):
        giver.post("/store/donate", data=form(giver))
    answer = giver.post("/store/donate", data=form(giver))
    assert answer.status_code == 409
    assert "three unpaid orders" in answer.text


def test_a_gift_goes_back_like_an_order(giver: FlaskClient) -> None:
    giver.post("/store/donate", data=form(giver))
    pay(giver, invoices()[0].number)
    with unit_of_work():
        orders.refund(invoices()[0].number, None, key="refund", actor=SYSTEM, now=make.NOW)
    assert [(each.status, each.refunded_cents) for each in invoices()] == [("refunded", 2500)]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_link_may_suggest_an_amount(client: FlaskClient) -> None:
    assert 'value="50.00"' in client.get("/store/donate?amount=50").text
    assert client.get("/store/donate?amount=lots").status_code == 200
