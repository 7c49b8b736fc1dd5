"""An order paid at Stripe: there and back, and whatever Stripe tells, in whatever order. Stripe is a stand-in."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from time_machine import TimeMachineFixture

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.orders import service as orders
from app.orders.models import Invoice
from app.payments.models import PaymentEvent, PaymentReturn
from app.payments.returns import TOPIC
from tests import make
from tests.client import HTMX
from tests.make_kit import NOW
from tests.payments.stripe_stand_in import WEBHOOK, Refusal, StandIn, signed, tell
from tests.racing import after_statement, race
from tests.shopping import call, checkout_form, put_in_cart

SignIn = Callable[[FlaskClient, User], None]
REFRESH = re.compile(r"0; url=(http://127\.0\.0\.1:\d+/pay/cs_test_\d+)")

pytestmark = pytest.mark.usefixtures("stripe")


@pytest.fixture
def shopper(client: FlaskClient, frozen: TimeMachineFixture) -> FlaskClient:  # noqa: ARG001
    """Ada, anonymous, with two pieces for 20.00 in her cart."""
    call(client, "Ada")
    put_in_cart(client, make.product(name="Logo", price_cents=1000), 2)
    return client


@pytest.fixture
def boss(app: Flask, sign_in: SignIn) -> FlaskClient:
    admin = app.test_client()
    sign_in(admin, make.user(role="admin"))
    return admin


def order(client: FlaskClient) -> str:
    """The number of what is ordered, on the way to its payment."""
    answer = client.post("/store/checkout", data=checkout_form(client))
    assert answer.status_code == 303, answer.text
    return str(re.findall(r"/store/invoices/([\d-]+)", answer.location)[0])


def pay_page(client: FlaskClient, number: str) -> str:
    """The page at Stripe to which "Pay now" leads."""
    led = client.post(f"/store/invoices/{number}/pay", follow_redirects=True)
    found = REFRESH.fullmatch(led.headers["Refresh"])
    assert found is not None
    assert found[1] in led.text
    return found[1]


def paid(app: Flask, there: StandIn, client: FlaskClient) -> str:
    number = order(client)
    assert tell(app, there.pay(there.page)).status_code == 200
    return number


def status(number: str) -> str:
    return orders.by_number(number).status


def returns() -> list[tuple[int, str, int]]:
    query = select(PaymentReturn).order_by(PaymentReturn.id).execution_options(populate_existing=True)
    rows = db.session.scalars(query)
    return [(each.amount_cents, each.state, each.attempt) for each in rows]


def count(of: type[PaymentEvent | OutboxEvent]) -> int:
    return db.session.scalar(select(func.count()).select_from(of)) or 0


def test_an_order_leads_to_stripe_and_is_paid_when_stripe_says_so(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
) -> None:
    answer = shopper.post("/store/checkout", data=checkout_form(shopper))
    assert (answer.status_code, answer.location) == (303, "/store/invoices/2026-000001/payment")
    assert REFRESH.fullmatch(shopper.get(answer.location).headers["Refresh"])
    assert stripe.page["success_url"] == "http://localhost/store/invoices/2026-000001?paid=1"
    assert stripe.page["cancel_url"] == "http://localhost/store/invoices/2026-000001"
    told = tell(app, stripe.pay(stripe.page))
    assert (told.status_code, told.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in told.headers
    invoice = orders.by_number("2026-000001")
    assert (invoice.status, invoice.paid_at) == ("paid", NOW)
    assert (invoice.provider, invoice.provider_reference) == ("stripe", stripe.page["payment_intent"])
    assert shopper.get(answer.location).location == "/store/invoices/2026-000001"


def test_pay_now_leads_to_the_same_page_while_it_waits(
    stripe: StandIn,
    shopper: FlaskClient,
    frozen: TimeMachineFixture,
) -> None:
    number = order(shopper)
    frozen.shift(timedelta(hours=3))
    assert pay_page(shopper, number) == pay_page(shopper, number) == stripe.page["url"]


def test_a_transfer_that_failed_leads_to_a_new_page(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
    frozen: TimeMachineFixture,
) -> None:
    number, first = order(shopper), stripe.page
    tell(app, stripe.event("checkout.session.async_payment_failed", first))
    frozen.shift(timedelta(minutes=5))
    assert pay_page(shopper, number) != first["url"]
    assert "was declined. Nothing was charged." in shopper.get(f"/store/invoices/{number}").text


def test_what_is_not_from_stripe_changes_nothing(app: Flask, stripe: StandIn, shopper: FlaskClient) -> None:
    number, body = order(shopper), stripe.pay(stripe.page)
    tampered = body.replace(b'"amount_total": 2000', b'"amount_total": 2001')
    forged = [
        (body, {}),
        (body, {"Stripe-Signature": "t=1,v1=\u00e9"}),
        (body, signed(body, secret="whsec_guessed")),
        (body, signed(body, at=NOW.timestamp() - 301)),
        (tampered, signed(body)),
        (b"not json", signed(b"not json")),
    ]
    for sent, headers in forged:
        answer = tell(app, sent, headers)
        assert (answer.status_code, answer.json and answer.json["error"]) == (400, "not_recognised")
    assert (status(number), count(PaymentEvent)) == ("pending", 0)


def test_told_twice_it_is_paid_once(app: Flask, stripe: StandIn, shopper: FlaskClient) -> None:
    number, body = order(shopper), stripe.pay(stripe.page)
    assert [tell(app, body).status_code for _ in range(2)] == [200, 200]
    assert (status(number), count(PaymentEvent), returns()) == ("paid", 1, [])


def test_a_decline_told_after_the_payment_changes_nothing(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
) -> None:
    number = order(shopper)
    declined, body = stripe.decline(stripe.page), stripe.pay(stripe.page)
    tell(app, body)
    tell(app, declined)
    assert (status(number), count(PaymentEvent), returns()) == ("paid", 2, [])


def test_money_for_a_void_order_goes_back_at_once(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
) -> None:
    number = order(shopper)
    with unit_of_work():
        orders.void(orders.by_number(number).id, actor=SYSTEM, now=NOW)
    tell(app, stripe.pay(stripe.page))
    outbox.drain(TOPIC)
    assert (status(number), returns()) == ("void", [(2000, "done", 1)])
    [refund] = stripe.refunds
    assert (refund["payment_intent"], refund["amount"]) == (stripe.page["payment_intent"], 2000)
    assert "You get this money back." in shopper.get(f"/store/invoices/{number}").text


@pytest.mark.parametrize("odd", [{"amount_total": 1999}, {"currency": "jpy"}])
def test_money_of_another_amount_or_currency_pays_nothing_and_goes_back(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
    odd: dict[str, Any],
) -> None:
    number = order(shopper)
    stripe.page.update(odd)
    tell(app, stripe.pay(stripe.page))
    outbox.drain(TOPIC)
    assert (status(number), stripe.refunds[0]["amount"]) == ("pending", stripe.page["amount_total"])


def test_what_concerns_nothing_of_ours_is_heard_and_forgotten(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    order(shopper)
    assert tell(app, stripe.event("customer.created", {"id": "cus_1", "object": "customer"})).status_code == 200
    for subject in ("invoice:999", "deposit:1"):
        unknown = {**stripe.page, "metadata": {**stripe.page["metadata"], "subject": subject}}
        for body in (stripe.pay(unknown), stripe.decline(unknown)):
            assert tell(app, body).status_code == 200
        assert f"'subject': '{subject}'" in caplog.text
    assert count(PaymentEvent) == 0


def test_a_body_beyond_all_notifications_is_not_read(app: Flask) -> None:
    answer = tell(app, b"x" * (256 * 1024 + 1))
    assert (answer.status_code, answer.json and answer.json["error"]) == (413, "too_large")
    assert tell(app, b"x" * 256 * 1024).status_code == 400


def test_refunds_reach_stripe_each_once_with_its_part(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
    boss: FlaskClient,
) -> None:
    number = paid(app, stripe, shopper)
    [line] = orders.by_number(number).lines
    some = {"what": "pieces", f"line-{line.id}": "1", "key": "a-key-of-the-page"}
    for form in (some, some, {"what": "everything", "key": "another-key"}):
        assert boss.post(f"/admin/invoices/{number}/refund", data=form).status_code == 303
        outbox.drain(TOPIC)
    assert [each["amount"] for each in stripe.refunds] == [1000, 1000]
    keys = [key for path, _params, key in stripe.asked if path == "POST /v1/refunds"]
    assert len(keys) == len(set(keys)) == 2
    assert (status(number), {state for _cents, state, _attempt in returns()}) == ("refunded", {"done"})


def test_a_refund_that_stripe_refuses_is_shown_and_can_be_tried_again(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
    boss: FlaskClient,
) -> None:
    number = paid(app, stripe, shopper)
    stripe.refuses = Refusal(400, "Insufficient funds in your Stripe account.", "insufficient_funds")
    boss.post(f"/admin/invoices/{number}/refund", data={"what": "everything", "key": "k"})
    outbox.drain(TOPIC)
    assert returns() == [(2000, "failed", 1)]
    assert "Insufficient funds in your Stripe account." in boss.get(f"/admin/invoices/{number}").text
    stripe.refuses = None
    money = db.session.scalars(select(PaymentReturn)).one()
    boss.post(f"/admin/invoices/{number}/returns/{money.id}/retry")
    outbox.drain(TOPIC)
    assert returns() == [(2000, "done", 2)]
    tell(app, stripe.fail(stripe.refunds[0]))
    assert returns() == [(2000, "failed", 2)]
    assert "expired_or_canceled_card" in boss.get(f"/admin/invoices/{number}").text
    boss.post(f"/admin/invoices/{number}/returns/{money.id}/retry")
    outbox.drain(TOPIC)
    assert [each["metadata"]["key"][-2:] for each in stripe.refunds] == [":2", ":3"]
    assert returns() == [(2000, "done", 3)]


@pytest.mark.parametrize("trouble", [{"hangs_up": True}, {"refuses": Refusal(429, "Slow down.", "rate_limit")}])
def test_with_stripe_out_of_reach_the_order_stands_and_is_paid_later(
    stripe: StandIn,
    shopper: FlaskClient,
    frozen: TimeMachineFixture,
    trouble: dict[str, Any],
) -> None:
    for name, value in trouble.items():
        setattr(stripe, name, value)
    answer = shopper.post("/store/checkout", data=checkout_form(shopper), follow_redirects=True)
    assert answer.request.path == "/store/invoices/2026-000001"
    assert "Your order is safe" in answer.text
    stripe.hangs_up, stripe.refuses = False, None
    frozen.shift(timedelta(minutes=1))
    assert pay_page(shopper, "2026-000001") in {each["url"] for each in stripe.pages.values()}


def test_a_refund_waits_for_stripe_to_be_there(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
    boss: FlaskClient,
    frozen: TimeMachineFixture,
) -> None:
    number = paid(app, stripe, shopper)
    boss.post(f"/admin/invoices/{number}/refund", data={"what": "everything", "key": "k"})
    stripe.refuses = Refusal(503, "Down.", kind="api_error")
    outbox.drain(TOPIC)
    assert (returns(), stripe.refunds) == ([(2000, "waiting", 1)], [])
    stripe.refuses, stripe.hangs_up = None, True  # Stripe does it, and its answer is lost
    frozen.shift(timedelta(seconds=6))
    outbox.drain(TOPIC)
    stripe.hangs_up = False
    frozen.shift(timedelta(seconds=31))
    outbox.drain(TOPIC)
    assert (returns(), [each["amount"] for each in stripe.refunds]) == ([(2000, "done", 1)], [2000])


def test_eight_deliveries_at_once_are_one_payment(app: Flask, stripe: StandIn, shopper: FlaskClient) -> None:
    number, body = order(shopper), stripe.pay(stripe.page)
    window = after_statement(r"^SELECT invoices")
    outcomes = race(app, [lambda: tell(app, body).status_code] * 8, hold=window, seconds=0.1)
    assert outcomes == [200] * 8
    assert (status(number), count(PaymentEvent), returns()) == ("paid", 1, [])


def test_back_before_the_notification_the_page_waits_for_it(
    app: Flask,
    stripe: StandIn,
    shopper: FlaskClient,
) -> None:
    number = order(shopper)
    here, look = f"/store/invoices/{number}", f"/store/invoices/{number}/confirmation"
    waits = "your payment is being confirmed"
    assert waits not in shopper.get(here).text
    back = shopper.get(f"{here}?paid=1").text
    assert waits in back
    assert f'hx-get="{look}?looks=1"' in back
    assert "Look again" in back
    part = shopper.get(f"{look}?looks=1", headers=HTMX).text
    assert "<html" not in part
    assert f'hx-get="{look}?looks=2"' in part
    last = shopper.get(f"{look}?looks=40", headers=HTMX).text
    assert "hx-get" not in last
    assert "confirmed yet" in last
    assert (shopper.get(look).location, status(number)) == (here, "pending")
    tell(app, stripe.pay(stripe.page))
    done = shopper.get(f"{look}?looks=1", headers=HTMX)
    assert (done.status_code, done.headers["HX-Redirect"]) == (204, here)
    assert waits not in shopper.get(f"{here}?paid=1").text
    assert app.test_client().get(look).status_code == 404


def test_an_order_with_a_limited_code_gets_a_page_that_stripe_accepts(
    stripe: StandIn,
    shopper: FlaskClient,
) -> None:
    make.discount(code="FEW", usage_limit=3, discount_value=20)
    shopper.post("/store/cart/code", data={"code": "FEW"})
    invoice = orders.by_number(order(shopper))
    assert invoice.pay_by - NOW == timedelta(minutes=30)
    assert stripe.page["amount_total"] == invoice.total_cents == 1600


def test_a_page_that_nobody_may_see_leads_nowhere(app: Flask, shopper: FlaskClient) -> None:
    number = order(shopper)
    assert app.test_client().get(f"/store/invoices/{number}/payment").status_code == 404
    with unit_of_work():
        db.session.scalars(select(Invoice)).one().provider = "manual"
    assert shopper.get(f"/store/invoices/{number}/payment").location == f"/store/invoices/{number}"


def test_without_keys_there_is_no_webhook(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(app.extensions["payments"], "stripe")
    answer = tell(app, b"{}")
    assert (answer.status_code, answer.json and answer.json["error"]) == (404, "not_found")
    assert app.test_client().get(WEBHOOK).status_code == 405
