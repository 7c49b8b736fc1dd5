"""An invoice says what of it counted for the client's bonuses."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from tests import make
from tests.holding import part_of

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(username="mia")
    sign_in(client, user)
    return user


def said(client: FlaskClient, invoice: Invoice) -> str:
    page = client.get(f"/store/invoices/{invoice.number}").text
    return part_of(page, 'id="counted"', "p") if 'id="counted"' in page else ""


def send_one_back(invoice: Invoice) -> None:
    [line] = orders.by_number(invoice.number).lines
    with unit_of_work():
        orders.refund(invoice.number, {line.id: 1}, key=str(uuid4()), actor=SYSTEM, now=make.NOW)


def test_how_much_counted_for_which_bonus(client: FlaskClient, mia: User) -> None:
    make.deposit(mia, 1000, make.bonus(title="Welcome", turnover_requirement=1))
    make.deposit(mia, 10_000, make.bonus(title="Reload", turnover_requirement=1))
    invoice = make.paid_invoice(person=mia.person, price_cents=3000, quantity=2)
    assert said(client, invoice) == "$20.00 counted for “Welcome”. $40.00 counted for “Reload”. My bonuses"


def test_of_what_does_not_count_it_says_what_would(client: FlaskClient, mia: User) -> None:
    make.category(slug="design", name="Design")
    bonus = make.bonus(title="Reload", turnover_requirement=1, applicable_games=["design"])
    make.deposit(mia, 1000, bonus)
    told = "It counted for none of your bonuses. What counts for “Reload”: Purchases in Design. My bonuses"
    assert said(client, make.paid_invoice(person=mia.person)) == told


def test_nothing_is_said_where_no_bonus_was_active_or_to_others(
    app: Flask, client: FlaskClient, sign_in: SignIn, mia: User
) -> None:
    before = make.paid_invoice(person=mia.person)
    make.deposit(mia, 1000, make.bonus(turnover_requirement=1))
    during, unpaid = make.paid_invoice(person=mia.person), make.invoice(person=mia.person)
    assert [bool(said(client, each)) for each in (before, during, unpaid)] == [False, True, False]
    link = client.get(f"/store/invoices/{during.number}").text.partition('data-copy="http://localhost')[2]
    other = app.test_client()
    sign_in(other, make.user())
    page = other.get(link.partition('"')[0].replace("&amp;", "&")).text
    assert during.number in page
    assert 'id="counted"' not in page


def test_what_went_back_no_longer_counts(client: FlaskClient, mia: User) -> None:
    make.deposit(mia, 10_000, make.bonus(title="Reload", turnover_requirement=1))
    invoice = make.paid_invoice(person=mia.person, price_cents=3000, quantity=2)
    send_one_back(invoice)
    assert said(client, invoice).startswith("$30.00 counted for “Reload”.")
    send_one_back(invoice)
    assert not said(client, invoice)
