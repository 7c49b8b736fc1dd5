"""Deposits paid by the pages of the store: the test provider's, and Stripe's through its stand-in."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses.models import Bonus
from app.deposits import service as deposits
from app.deposits.models import Deposit
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.payments.models import PaymentEvent, PaymentReturn
from app.payments.providers import Back
from app.payments.returns import TOPIC
from tests import make
from tests.bonuses.reading import balances, faults, owed
from tests.holding import read
from tests.make import NOW
from tests.payments.stripe_stand_in import Refusal, StandIn, tell

ARABIC_ONE = "\u0660" * 5 + "\u0661"
SignIn = Callable[[FlaskClient, User], None]

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def mira(client: FlaskClient, sign_in: SignIn) -> User:
    """A client, signed in."""
    user = make.user(username="mira")
    sign_in(client, user)
    return user


def press(client: FlaskClient, deposit: Deposit, outcome: str = "pay") -> TestResponse:
    return client.post(f"/store/payments/test/{deposit.reference}", data={"outcome": outcome})


def status(deposit: Deposit) -> str:
    db.session.rollback()
    return deposits.get(deposit.id).status


def returns() -> list[tuple[int, str, int]]:
    rows = db.session.scalars(select(PaymentReturn).order_by(PaymentReturn.id))
    return [(each.amount_cents, each.state, each.attempt) for each in rows]


def test_a_client_pays_a_deposit_and_comes_to_the_wallet(client: FlaskClient, mira: User) -> None:
    deposit = make.asked_deposit(mira, 5000, make.bonus(turnover_requirement=1))
    page = client.get(f"/store/payments/test/{deposit.reference}").text
    assert f"Deposit {deposit.reference}" in page
    assert "$50.00" in page
    assert "Welcome : +$50.00, $100.00 turnover Until the turnover is reached" in read(page)
    assert "to withdraw" not in read(page)
    paid = press(client, deposit)
    assert (paid.status_code, paid.location) == (303, "/client/wallet")
    page = client.get("/client/wallet").text
    assert "Thank you! Your deposit is in your wallet." in page
    assert "“Welcome” came with it: $50.00, locked until you have turned over $100.00." in page
    assert (status(deposit), balances(mira)) == ("confirmed", (5000, 5000))
    assert client.get(f"/store/payments/test/{deposit.reference}").location == "/client/wallet"
    assert press(client, deposit).location == "/client/wallet"
    assert (balances(mira), db.session.scalar(select(func.count()).select_from(PaymentEvent))) == ((5000, 5000), 1)
    assert faults() == []


def test_what_comes_by_itself_is_told_before_and_after(client: FlaskClient, mira: User) -> None:
    make.bonus(title="Extra", bonus_value=10, turnover_requirement=2, auto_apply=True)
    deposit = make.asked_deposit(mira, 5000)
    page = client.get(f"/store/payments/test/{deposit.reference}").text
    assert "Automatic: Extra : +$5.00, $110.00 turnover" in read(page)
    press(client, deposit)
    assert "“Extra” came by itself: $5.00, locked until" in client.get("/client/wallet").text


def test_without_a_bonus_it_is_cash_to_withdraw(client: FlaskClient, mira: User) -> None:
    plain, short = make.asked_deposit(mira, 5000), make.asked_deposit(mira, 5000, make.bonus(min_amount=80))
    pages = [read(client.get(f"/store/payments/test/{each.reference}").text) for each in (plain, short)]
    assert all("as cash, yours to spend and to withdraw." in each for each in pages)
    assert "Welcome doesn't come with it: Add $30.00 more" in pages[1]


def test_declined_it_can_be_tried_again(client: FlaskClient, mira: User) -> None:
    deposit = make.asked_deposit(mira)
    declined = press(client, deposit, "decline")
    assert declined.location == f"/store/payments/test/{deposit.reference}"
    assert "was declined. Nothing was charged." in client.get(declined.location).text
    assert (status(deposit), balances(mira)) == ("requested", (0, 0))
    press(client, deposit)
    assert (status(deposit), balances(mira)) == ("confirmed", (10_000, 0))


@pytest.mark.parametrize("outcome", ["", "refund", "PAY"])
def test_another_outcome_is_refused(client: FlaskClient, mira: User, outcome: str) -> None:
    deposit = make.asked_deposit(mira)
    assert press(client, deposit, outcome).status_code == 422
    assert status(deposit) == "requested"


def test_a_bonus_that_no_longer_holds_is_told_and_the_deposit_stands(client: FlaskClient, mira: User) -> None:
    deposit = make.asked_deposit(mira, 5000, make.bonus(min_amount=80))
    page = client.get(press(client, deposit).location).text
    assert "Your deposit is in your wallet." in page
    assert "It came without the bonus: $30.00 more was needed: this bonus begins at $80.00." in page
    assert balances(mira) == (5000, 0)


def test_money_for_a_deposit_that_was_cancelled_goes_back(client: FlaskClient, mira: User) -> None:
    deposit = make.asked_deposit(mira)
    with unit_of_work():
        deposits.cancel(mira.id, deposit.id, NOW)
    assert client.get(f"/store/payments/test/{deposit.reference}").location == "/client/wallet"
    assert "You get the money back." in client.get(press(client, deposit).location).text
    assert (status(deposit), balances(mira), returns()) == ("refused", (0, 0), [(10_000, "waiting", 1)])


def test_nobody_else_finds_it(app: Flask, sign_in: SignIn, mira: User) -> None:
    deposit = make.asked_deposit(mira)
    visitors = [app.test_client()]
    for role in ("client", "coach", "admin"):
        visitors.append(app.test_client())
        sign_in(visitors[-1], make.user(role=role))
    for visitor in visitors:
        assert visitor.get(f"/store/payments/test/{deposit.reference}").status_code == 404
        assert press(visitor, deposit).status_code == 404
        assert visitor.get(f"/store/invoices/{deposit.reference}/payment").status_code == 404
    assert status(deposit) == "requested"


@pytest.mark.parametrize("number", ["D-1", "D-0000001", "d-000001", "D-000002", f"D-{ARABIC_ONE}", "D-999999999", "D-"])
def test_a_number_that_is_none_leads_nowhere(client: FlaskClient, mira: User, number: str) -> None:
    assert make.asked_deposit(mira).reference == "D-000001"
    assert client.get(f"/store/payments/test/{number}").status_code == 404


def test_where_the_test_provider_is_not_used_its_page_is_not_there(
    client: FlaskClient, mira: User, stripe: StandIn
) -> None:
    assert stripe.pages == {}
    deposit = make.asked_deposit(mira)
    assert client.get(f"/store/payments/test/{deposit.reference}").status_code == 404
    assert press(client, deposit).status_code == 404


def at_stripe(user: User, cents: int = 10_000, bonus: Bonus | None = None) -> Deposit:
    """A deposit whose page waits at Stripe."""
    deposit = make.asked_deposit(user, cents, bonus)
    back = Back("http://localhost/client/wallet", "http://localhost/client/wallet")
    assert deposits.start_payment(deposit, back=back, now=NOW)
    return deposits.get(deposit.id)


def test_a_deposit_is_paid_when_stripe_says_so(app: Flask, client: FlaskClient, stripe: StandIn, mira: User) -> None:
    deposit = at_stripe(mira, 5000, make.bonus(turnover_requirement=2))
    led = client.get(f"/store/invoices/{deposit.reference}/payment")
    assert led.headers["Refresh"] == f"0; url={stripe.page['url']}"
    assert 'href="/client/wallet"' in led.text
    assert stripe.page["amount_total"] == 5000
    told = tell(app, stripe.pay(stripe.page))
    assert (told.status_code, told.json) == (200, {"status": "ok"})
    paid = deposits.get(deposit.id)
    assert (paid.status, paid.provider_reference) == ("confirmed", stripe.page["payment_intent"])
    assert balances(mira) == (5000, 5000)
    assert client.get(f"/store/invoices/{deposit.reference}/payment").location == "/client/wallet"
    assert faults() == []


def test_told_twice_it_is_credited_once(app: Flask, stripe: StandIn, mira: User) -> None:
    deposit = at_stripe(mira)
    body, declined = stripe.pay(stripe.page), stripe.decline(stripe.page)
    for each in (body, body, declined):
        assert tell(app, each).status_code == 200
    assert (status(deposit), balances(mira), returns()) == ("confirmed", (10_000, 0), [])


def test_paid_twice_the_second_payment_goes_back(app: Flask, stripe: StandIn, mira: User) -> None:
    deposit = at_stripe(mira)
    for _ in range(2):
        tell(app, stripe.pay(stripe.page))
    assert (status(deposit), balances(mira), returns()) == ("confirmed", (10_000, 0), [(10_000, "waiting", 1)])


def test_a_decline_leaves_it_to_be_tried_again(app: Flask, stripe: StandIn, mira: User) -> None:
    deposit = at_stripe(mira)
    tell(app, stripe.decline(stripe.page))
    assert (status(deposit), balances(mira)) == ("requested", (0, 0))
    tell(app, stripe.pay(stripe.page))
    assert (status(deposit), balances(mira)) == ("confirmed", (10_000, 0))


@pytest.mark.parametrize("odd", [{"amount_total": 9999}, {"currency": "jpy"}])
def test_money_of_another_amount_or_currency_credits_nothing_and_goes_back(
    app: Flask, stripe: StandIn, mira: User, odd: dict[str, Any]
) -> None:
    deposit = at_stripe(mira)
    stripe.page.update(odd)
    tell(app, stripe.pay(stripe.page))
    outbox.drain(TOPIC)
    assert (status(deposit), balances(mira)) == ("requested", (0, 0))
    assert [each["amount"] for each in stripe.refunds] == [stripe.page["amount_total"]]


def test_money_that_comes_after_it_was_refused_goes_back(app: Flask, stripe: StandIn, mira: User) -> None:
    deposit = at_stripe(mira)
    with unit_of_work():
        deposits.refuse(deposit.id, "Not today", actor=SYSTEM, now=NOW)
    tell(app, stripe.pay(stripe.page))
    outbox.drain(TOPIC)
    assert (status(deposit), balances(mira), returns()) == ("refused", (0, 0), [(10_000, "done", 1)])
    assert [each["amount"] for each in stripe.refunds] == [10_000]
    assert faults() == []


def test_what_stripe_cannot_send_back_waits_for_people(app: Flask, stripe: StandIn, mira: User) -> None:
    deposit = at_stripe(mira)
    tell(app, stripe.pay(stripe.page))
    make.withdrawal(mira, 4000)
    stripe.refuses = Refusal(400, "Insufficient funds in your Stripe account.", "insufficient_funds")
    make.refunded_deposit(deposits.get(deposit.id))
    outbox.drain(TOPIC)
    assert (status(deposit), balances(mira), owed(mira)) == ("refunded", (0, 0), 4000)
    assert returns() == [(10_000, "failed", 1)]
    assert faults() == []


def test_money_that_came_back_to_stripe_is_told_to_people(app: Flask, stripe: StandIn, mira: User) -> None:
    deposit = at_stripe(mira)
    tell(app, stripe.pay(stripe.page))
    make.refunded_deposit(deposits.get(deposit.id))
    outbox.drain(TOPIC)
    assert returns() == [(10_000, "done", 1)]
    failed = stripe.fail(stripe.refunds[0])
    for _ in range(2):
        assert tell(app, failed).status_code == 200
    db.session.rollback()
    assert (status(deposit), returns()) == ("refunded", [(10_000, "failed", 1)])
    assert re.search("expired|canceled", db.session.scalars(select(PaymentReturn.last_error)).one() or "")
    assert balances(mira) == (0, 0)
