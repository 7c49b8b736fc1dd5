"""Paying orders with the cash of a wallet: in the cart, later from the invoice, and back by a refund."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.cart.models import CartLine
from app.deals.models import DealSpend
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from app.payments.models import PaymentEvent, PaymentReturn
from app.promotions.models import Promotion
from app.wallet.models import WalletEntry
from tests import make
from tests.bonuses.reading import balances, faults
from tests.client import HTMX, read_csv
from tests.payments.stripe_stand_in import StandIn, tell
from tests.shopping import apply, call, checkout_form, order, put_in_cart

SignIn = Callable[[FlaskClient, User], None]
LINK = re.compile(r'data-copy="http://[^/]+(/store/invoices/[^"]+)"')
RADIO = re.compile(r'<input class="radio"[^>]*value="(\w+)"([^>]*)>')


@pytest.fixture
def mira(client: FlaskClient, sign_in: SignIn) -> User:
    """Signed in, with 100.00 in cash, and two pieces for 20.00 each in her cart."""
    user = make.user(username="mira")
    make.deposit(user, 10_000)
    sign_in(client, user)
    put_in_cart(client, make.product(name="Logo", price_cents=2000), 2)
    return user


def ways(page: str) -> dict[str, str]:
    """The ways to pay that a cart offers: chosen, to be had, or out of reach."""
    states = {name: {*attributes.split()} & {"checked", "disabled"} for name, attributes in RADIO.findall(page)}
    return {name: " ".join(sorted(state)) for name, state in states.items()}


def pay_with_wallet(client: FlaskClient, headers: dict[str, str] | None = None, **more: str) -> TestResponse:
    form = checkout_form(client) | {"pay_with": "wallet"} | more
    return client.post("/store/checkout", data=form, headers=headers or {})


def invoices() -> list[Invoice]:
    return list(db.session.scalars(select(Invoice).order_by(Invoice.id).execution_options(populate_existing=True)))


def lines_in_carts() -> int:
    return db.session.scalar(select(func.count()).select_from(CartLine)) or 0


def refund(client: FlaskClient, number: str, **form: str) -> None:
    assert client.post(f"/admin/invoices/{number}/refund", data=form).status_code == 303


@pytest.mark.usefixtures("mira")
def test_the_cart_offers_a_wallet_that_covers_the_total(client: FlaskClient) -> None:
    page = client.get("/store/cart").text
    assert ways(page) == {"test": "checked", "wallet": ""}
    assert "Balance $100.00" in page
    assert "too little" not in page


@pytest.mark.usefixtures("mira")
def test_a_wallet_that_does_not_cover_it_says_what_is_missing(client: FlaskClient) -> None:
    put_in_cart(client, make.product(price_cents=6001))
    page = client.get("/store/cart").text
    assert ways(page) == {"test": "checked", "wallet": "disabled"}
    assert "$0.01 too little in your wallet" in page
    assert 'href="/client/wallet"' in page


@pytest.mark.usefixtures("mira")
def test_what_was_chosen_stays_chosen_while_the_cart_changes(client: FlaskClient) -> None:
    line = db.session.scalars(select(CartLine.id)).one()
    changed = {"quantity": "3", "pay_with": "wallet"}
    page = client.patch(f"/store/cart/lines/{line}", data=changed, headers=HTMX).text
    assert ways(page) == {"test": "", "wallet": "checked"}
    changed["quantity"] = "6"
    page = client.patch(f"/store/cart/lines/{line}", data=changed, headers=HTMX).text
    assert ways(page) == {"test": "checked", "wallet": "disabled"}


@pytest.mark.parametrize("role", ["coach", "admin", None])
def test_nobody_but_a_client_is_offered_it_or_pays_with_it(
    client: FlaskClient, sign_in: SignIn, role: str | None
) -> None:
    if role:
        sign_in(client, make.user(role=role))
    else:
        call(client, "ada")
    put_in_cart(client, make.product())
    assert ways(client.get("/store/cart").text) == {}
    refused = pay_with_wallet(client)
    assert refused.status_code == 422
    assert "Only clients who are signed in pay with a wallet." in refused.text
    assert (invoices(), lines_in_carts()) == ([], 1)


def test_it_is_ordered_and_paid_in_one_go(client: FlaskClient, mira: User) -> None:
    make.discount(code="SAVE20", discount_value=20)
    apply(client, "SAVE20")
    answer = pay_with_wallet(client)
    [invoice] = invoices()
    assert (answer.status_code, answer.location) == (303, f"/store/invoices/{invoice.number}")
    assert (invoice.status, invoice.provider, invoice.total_cents) == ("paid", "wallet", 3200)
    assert balances(mira) == (6800, 0)
    entry = db.session.scalars(select(WalletEntry).where(WalletEntry.reason == "order")).one()
    assert (entry.amount_cents, entry.reference) == (-3200, f"invoice:{invoice.id}")
    page = client.get(answer.location).text
    assert "Thank you! Your order is complete." in page
    assert "<dt>Paid with</dt><dd>Wallet</dd>" in page
    assert (lines_in_carts(), faults()) == (0, [])


@pytest.mark.usefixtures("mira")
def test_from_within_the_page_it_leads_to_the_invoice_too(client: FlaskClient) -> None:
    answer = pay_with_wallet(client, HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/store/invoices/{invoices()[0].number}")


def test_the_same_form_twice_pays_once(client: FlaskClient, mira: User) -> None:
    form = checkout_form(client) | {"pay_with": "wallet"}
    told = [client.post("/store/checkout", data=form).location for _ in range(2)]
    assert told == [f"/store/invoices/{invoices()[0].number}"] * 2
    assert (len(invoices()), balances(mira)) == (1, (6000, 0))


def test_the_form_of_an_order_that_waits_pays_nothing_by_itself(client: FlaskClient, mira: User) -> None:
    form = checkout_form(client)
    client.post("/store/checkout", data=form)
    again = client.post("/store/checkout", data=form | {"pay_with": "wallet"})
    assert again.location == f"/store/invoices/{invoices()[0].number}"
    assert (invoices()[0].status, balances(mira)) == ("pending", (10_000, 0))
    page = client.get(again.location).text
    assert "Your wallet holds $100.00." in page
    assert "Pay from the wallet" in page


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_with_too_little_nothing_is_ordered_and_the_cart_says_what_is_missing(
    client: FlaskClient, mira: User, headers: dict[str, str]
) -> None:
    make.discount(code="LAST", discount_value=50, usage_limit=1)
    apply(client, "LAST")
    form = checkout_form(client) | {"pay_with": "wallet"}
    make.withdrawal(mira, 8500)  # in another tab
    refused = client.post("/store/checkout", data=form, headers=headers)
    assert refused.status_code == 422
    assert "There is $5.00 too little in the wallet. Nothing was ordered." in refused.text
    assert ways(refused.text) == {"test": "checked", "wallet": "disabled"}
    assert (invoices(), lines_in_carts(), balances(mira)) == ([], 1, (1500, 0))
    assert db.session.scalars(select(Promotion.used_count)).all() == [0]
    make.deposit(mira, 500)
    assert pay_with_wallet(client).status_code == 303
    assert (invoices()[0].number[-6:], invoices()[0].code, balances(mira)) == ("000001", "LAST", (0, 0))
    assert faults() == []


def test_a_bonus_that_is_locked_pays_nothing(client: FlaskClient, sign_in: SignIn) -> None:
    user = make.user()
    make.given(user, make.free_credit(bonus_value=50, turnover_requirement=1))
    sign_in(client, user)
    put_in_cart(client, make.product(price_cents=2000))
    assert "$20.00 too little in the wallet." in pay_with_wallet(client).text
    assert balances(user) == (0, 5000)


def test_an_order_for_nothing_takes_nothing(client: FlaskClient, mira: User) -> None:
    make.discount(code="GIFT", discount_value=100)
    apply(client, "GIFT")
    assert ways(client.get("/store/cart").text) == {}
    assert pay_with_wallet(client).status_code == 303
    assert (invoices()[0].status, invoices()[0].total_cents, balances(mira)) == ("paid", 0, (10_000, 0))
    assert "Paid with" not in client.get(f"/store/invoices/{invoices()[0].number}").text
    assert faults() == []


@pytest.mark.usefixtures("mira")
def test_three_unpaid_orders_are_no_hindrance(client: FlaskClient) -> None:
    for _ in range(3):
        order(client)
        put_in_cart(client, make.product())
    assert pay_with_wallet(client).status_code == 303
    assert [invoice.status for invoice in invoices()] == ["pending", "pending", "pending", "paid"]


@pytest.mark.usefixtures("frozen")
def test_it_counts_as_turnover_and_as_spend_for_deals(client: FlaskClient, mira: User) -> None:
    deal = make.deal(min_amount=40)
    claim = make.given(mira, make.free_credit(turnover_requirement=3))
    assert pay_with_wallet(client).status_code == 303
    db.session.refresh(claim)
    assert (claim.status, claim.current_turnover_cents) == ("completed", 3000)
    assert balances(mira) == (7000, 0)
    spent = db.session.execute(select(DealSpend.promotion_id, DealSpend.amount_cents)).all()
    assert [tuple(each) for each in spent] == [(deal.promotion_id, 4000)]
    assert faults() == []


def test_an_unpaid_order_is_paid_from_its_page(client: FlaskClient, mira: User) -> None:
    number = order(client)
    page = client.get(f"/store/invoices/{number}").text
    assert f'action="/store/invoices/{number}/wallet"' in page
    for _ in range(2):  # a double click
        answer = client.post(f"/store/invoices/{number}/wallet")
        assert (answer.status_code, answer.location) == (303, f"/store/invoices/{number}")
    assert (invoices()[0].status, invoices()[0].provider, balances(mira)) == ("paid", "wallet", (6000, 0))
    assert f'action="/store/invoices/{number}/wallet"' not in client.get(f"/store/invoices/{number}").text
    assert faults() == []


def test_an_unpaid_order_that_the_wallet_does_not_cover_waits(client: FlaskClient, mira: User) -> None:
    number = order(client)
    make.withdrawal(mira, 7000)
    page = client.get(f"/store/invoices/{number}").text
    assert "Your wallet holds $30.00: $10.00 too little for this order." in page
    assert f'action="/store/invoices/{number}/wallet"' not in page
    refused = client.post(f"/store/invoices/{number}/wallet")
    assert refused.status_code == 422
    assert "There is $10.00 too little in the wallet." in refused.text
    assert (invoices()[0].status, balances(mira)) == ("pending", (3000, 0))


def test_a_cancelled_order_takes_no_cash(client: FlaskClient, mira: User) -> None:
    number = order(client)
    client.post(f"/store/invoices/{number}/cancel")
    refused = client.post(f"/store/invoices/{number}/wallet")
    assert refused.status_code == 409
    assert "This order is closed, so there is nothing to pay." in refused.text
    assert balances(mira) == (10_000, 0)


def test_a_gift_is_given_another_way(client: FlaskClient, mira: User) -> None:
    form = {"amount": "5", "message": "", "idempotency_key": "a-key-of-this-gift-page"}
    assert client.post("/store/donate", data=form).status_code == 303
    number = invoices()[0].number
    assert "Pay from the wallet" not in client.get(f"/store/invoices/{number}").text
    assert client.post(f"/store/invoices/{number}/wallet").status_code == 422
    assert balances(mira) == (10_000, 0)


def test_nobody_pays_somebody_elses_order(app: Flask, client: FlaskClient, sign_in: SignIn, mira: User) -> None:
    number = order(client)
    receipt = re.search(
        r'data-copy="http://[^/]+(/store/invoices/[^"]+)"', client.get(f"/store/invoices/{number}").text
    )
    assert receipt is not None
    other, rich = app.test_client(), make.user()
    make.deposit(rich, 10_000)
    sign_in(other, rich)
    assert other.post(f"/store/invoices/{number}/wallet").status_code == 404
    assert "Pay from the wallet" not in other.get(receipt[1]).text  # the link shows it to others
    assert other.post(f"/store/invoices/{number}/wallet").status_code == 403
    assert (invoices()[0].status, balances(mira), balances(rich)) == ("pending", (10_000, 0), (10_000, 0))


def test_only_clients_reach_for_a_wallet(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    call(client, "ada")
    put_in_cart(client, make.product())
    path = f"/store/invoices/{order(client)}/wallet"
    assert client.post(path).location == "/login"
    assert client.post(path, headers=HTMX).status_code == 401
    for role in ("coach", "admin"):
        visitor = app.test_client()
        sign_in(visitor, make.user(role=role))
        assert visitor.post(path).status_code == 403
    assert invoices()[0].status == "pending"


def test_refunds_go_back_to_the_wallet_at_once_by_line_and_whole(
    app: Flask, client: FlaskClient, sign_in: SignIn, mira: User
) -> None:
    number = pay_with_wallet(client).location.rsplit("/", 1)[1]
    [line] = orders.by_number(number).lines
    boss = app.test_client()
    sign_in(boss, make.user(role="admin"))
    assert "the money is back in it as soon as you refund" in boss.get(f"/admin/invoices/{number}/refund").text
    refund(boss, number, what="pieces", key="one-piece-goes-back", **{f"line-{line.id}": "1"})
    assert balances(mira) == (8000, 0)
    page = boss.get(f"/admin/invoices/{number}").text
    assert f"$20.00 of {number} is back in the wallet." in page
    assert "Went back to the wallet" in page
    assert f'href="/admin/wallet/{mira.id}">Wallet</a>' in page
    refund(boss, number, what="everything", key="the-rest-goes-back")
    assert (balances(mira), invoices()[0].status) == ((10_000, 0), "refunded")
    assert client.get(f"/store/invoices/{number}").text.count("Went back to the wallet") == 2
    assert db.session.scalars(select(PaymentReturn)).all() == []
    [row] = read_csv(boss, f"/admin/accounting.csv?from={number[:4]}-01-01&to={number[:4]}-12-31")
    assert (row["number"], row["provider"], row["net"]) == (number, "wallet", "0.00")
    assert faults() == []


def test_paid_at_the_provider_and_from_the_wallet_the_provider_gives_it_back(client: FlaskClient, mira: User) -> None:
    number = order(client)
    client.post(f"/store/invoices/{number}/wallet")
    client.post(f"/store/payments/test/{number}", data={"outcome": "pay"})
    assert (invoices()[0].provider, balances(mira)) == ("wallet", (6000, 0))
    assert db.session.scalars(select(PaymentEvent.is_stray).where(PaymentEvent.provider == "test")).all() == [True]
    assert db.session.scalars(select(PaymentReturn.amount_cents)).all() == [4000]
    assert faults() == []


def test_by_hand_the_wallet_is_the_way_to_pay_at_once(
    app: Flask, client: FlaskClient, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], payments="manual"))
    page = client.get("/store/cart").text
    assert ways(page) == {"manual": "checked", "wallet": ""}
    assert "Bank transfer or in person" in page
    number = order(client)
    client.post(f"/store/invoices/{number}/wallet")
    assert balances(mira) == (6000, 0)
    with unit_of_work():  # an admin who pressed the button meanwhile
        assert orders.confirm_payment(number, actor=SYSTEM, now=make.NOW).provider == "wallet"


def test_a_payment_that_comes_late_from_stripe_goes_back(
    app: Flask, client: FlaskClient, stripe: StandIn, mira: User
) -> None:
    client.post("/store/checkout", data=checkout_form(client))
    number = invoices()[0].number
    assert client.post(f"/store/invoices/{number}/wallet").status_code == 303
    assert tell(app, stripe.pay(stripe.page)).status_code == 200
    assert (invoices()[0].provider, balances(mira)) == ("wallet", (6000, 0))
    assert db.session.scalars(select(PaymentReturn.provider)).all() == ["stripe"]
