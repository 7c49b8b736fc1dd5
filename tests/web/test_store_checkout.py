"""From the cart to a paid invoice, and every way in which that is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from time_machine import TimeMachineFixture

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.cart.models import CartLine
from app.catalog.models import Product
from app.discounts import service as discounts
from app.kit.db import db, unit_of_work
from app.orders.jobs import void_overdue
from app.orders.models import Invoice, InvoiceLine
from app.payments.models import PaymentEvent
from app.promotions.models import Promotion, PromotionUse
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.shopping import apply, call, checkout_form, order, pay, put_in_cart

SignIn = Callable[[FlaskClient, User], None]


def invoices() -> list[Invoice]:
    return list(db.session.scalars(select(Invoice).order_by(Invoice.id).execution_options(populate_existing=True)))


def lines() -> list[InvoiceLine]:
    return list(db.session.scalars(select(InvoiceLine).order_by(InvoiceLine.id)))


def live_uses() -> int:
    return db.session.scalar(select(func.count()).where(PromotionUse.released_at.is_(None))) or 0


def used_count() -> int:
    return db.session.scalars(select(Promotion.used_count)).one()


@pytest.fixture
def shopper(client: FlaskClient) -> FlaskClient:
    """Ada, anonymous, with five pieces for 50.00 in her cart."""
    call(client, "Ada")
    put_in_cart(client, make.product(name="Logo", price_cents=1000), 5)
    return client


def test_an_anonymous_shopper_orders_with_a_code_and_pays(shopper: FlaskClient) -> None:
    make.discount(code="SAVE20", discount_value=20)
    apply(shopper, "SAVE20")
    answer = shopper.post("/store/checkout", data=checkout_form(shopper))
    number = f"{datetime.now(UTC).year}-000001"
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/store/payments/test/{number}")
    assert "$40.00" in shopper.get(answer.headers["Location"]).text
    assert pay(shopper, number).headers["Location"] == f"/store/invoices/{number}"
    page = shopper.get(f"/store/invoices/{number}").text
    assert "Paid" in page
    assert "SAVE20" in page
    assert "\N{MINUS SIGN}$10.00" in page
    [invoice] = invoices()
    assert (invoice.number, invoice.status, invoice.shopper, invoice.person_key) == (number, "paid", "Ada", "name:ada")
    assert (invoice.subtotal_cents, invoice.discount_cents, invoice.total_cents) == (5000, 1000, 4000)
    assert (invoice.code, invoice.unpaid_slot) == ("SAVE20", None)
    assert (live_uses(), used_count()) == (1, 1)


def test_a_client_orders_as_themself(client: FlaskClient, sign_in: SignIn) -> None:
    user = make.user(username="mira")
    sign_in(client, user)
    put_in_cart(client, make.product())
    number = order(client)
    pay(client, number)
    [invoice] = invoices()
    assert (invoice.user_id, invoice.visit, invoice.person_key) == (user.id, None, f"user:{user.id}")
    assert (invoice.shopper, invoice.status) == ("mira", "paid")


def test_the_cart_is_empty_afterwards_and_its_code_is_gone(shopper: FlaskClient) -> None:
    make.discount(code="SAVE20", discount_value=20)
    apply(shopper, "SAVE20")
    order(shopper)
    page = shopper.get("/store/cart").text
    assert "Your cart is empty" in page
    assert "SAVE20" not in page
    assert db.session.scalar(select(func.count()).select_from(CartLine)) == 0


def test_lines_keep_what_held_on_that_day_with_their_share_of_the_discount(client: FlaskClient) -> None:
    design, hosting = make.category("design"), make.category("hosting")
    make.discount(code="TEN", discount_type="fixed", discount_value="10", applicable_categories=["design"])
    first = make.product(category=design, name="A", sku="A-1", price_cents=1000)
    call(client, "ada")
    put_in_cart(client, first, 1)
    put_in_cart(client, make.product(category=design, price_cents=1000), 2)
    put_in_cart(client, make.product(category=hosting, price_cents=5000), 1)
    apply(client, "TEN")
    number = order(client)
    with unit_of_work():
        first.name, first.price_cents = "Renamed", 9999
    assert [(line.total_cents, line.discount_cents) for line in lines()] == [(1000, 333), (2000, 667), (5000, 0)]
    assert (lines()[0].name, lines()[0].sku, lines()[0].category) == ("A", "A-1", "design")
    page = client.get(f"/store/invoices/{number}").text
    assert "Renamed" not in page
    assert "\N{MINUS SIGN}$10.00" in page


def test_the_same_form_sent_twice_gives_the_same_invoice(shopper: FlaskClient) -> None:
    form = checkout_form(shopper)
    first = shopper.post("/store/checkout", data=form)
    second = shopper.post("/store/checkout", data=form)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(invoices()) == 1


def test_the_same_form_sent_again_after_paying_leads_to_the_invoice(shopper: FlaskClient) -> None:
    form = checkout_form(shopper)
    number = shopper.post("/store/checkout", data=form).headers["Location"].rsplit("/", 1)[1]
    pay(shopper, number)
    put_in_cart(shopper, make.product())
    again = shopper.post("/store/checkout", data=form)
    assert again.headers["Location"] == f"/store/invoices/{number}"
    assert len(invoices()) == 1
    assert db.session.scalar(select(func.count()).select_from(CartLine)) == 1


def test_somebody_elses_key_opens_nothing(shopper: FlaskClient, app: Flask) -> None:
    form = checkout_form(shopper)
    shopper.post("/store/checkout", data=form)
    thief = app.test_client()
    call(thief, "ada")
    put_in_cart(thief, make.product(price_cents=5000))
    answer = thief.post("/store/checkout", data=form)
    assert answer.status_code == 422
    assert "out of date" in answer.text
    assert len(invoices()) == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "has spaces in it 123", "<script>alert(1)</script>"])
def test_a_key_that_is_none_is_refused(shopper: FlaskClient, key: str) -> None:
    answer = shopper.post("/store/checkout", data={**checkout_form(shopper), "idempotency_key": key})
    assert answer.status_code == 422
    assert invoices() == []


def test_an_empty_cart_is_no_order(client: FlaskClient) -> None:
    call(client, "ada")
    answer = client.post("/store/checkout", data={"idempotency_key": "k" * 24, "expected_total": "0.00"})
    assert answer.status_code == 422
    assert "Your cart is empty" in answer.text


def test_without_a_name_the_cart_asks_for_one(client: FlaskClient) -> None:
    put_in_cart(client, make.product())
    page = client.get("/store/cart").text
    assert 'action="/store/shopper"' in page
    assert "Order and pay" not in page
    answer = client.post("/store/checkout", data={"idempotency_key": "k" * 24, "expected_total": "20.00"})
    assert answer.status_code == 422
    assert "Tell us the name to order under" in answer.text
    assert invoices() == []


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_price_that_changed_sends_the_shopper_back_with_the_new_total(
    shopper: FlaskClient, headers: dict[str, str]
) -> None:
    form = checkout_form(shopper)
    with unit_of_work():
        db.session.scalars(select(Product)).one().price_cents = 1200
    answer = shopper.post("/store/checkout", data=form, headers=headers)
    assert answer.status_code == 409
    assert "The total has changed" in answer.text
    assert "$60.00" in answer.text
    assert invoices() == []
    order(shopper)
    assert invoices()[0].total_cents == 6000


@pytest.mark.parametrize(
    "total", ["", "abc", "-50", "50,00", "NaN", "1e3", "50.001", "\u0665\u0660", "0.01", "99999999999999"]
)
def test_a_total_that_is_not_the_total_orders_nothing(shopper: FlaskClient, total: str) -> None:
    answer = shopper.post("/store/checkout", data={**checkout_form(shopper), "expected_total": total})
    assert answer.status_code == 409
    assert invoices() == []


def test_a_code_that_ran_out_meanwhile_is_told_and_nothing_is_charged(shopper: FlaskClient) -> None:
    make.discount(code="LAST", discount_value=50, usage_limit=1)
    apply(shopper, "LAST")
    form = checkout_form(shopper)
    make.paid_invoice(code="LAST")
    answer = shopper.post("/store/checkout", data=form)
    assert answer.status_code == 409
    assert "The total has changed" in answer.text
    assert "LAST doesn't count right now." in answer.text
    assert len(invoices()) == 1
    order(shopper)  # the shopper decided: without the discount
    assert (invoices()[1].total_cents, invoices()[1].code) == (5000, None)
    assert used_count() == 1


def test_a_payment_that_is_not_offered_is_refused(shopper: FlaskClient) -> None:
    answer = shopper.post("/store/checkout", data={**checkout_form(shopper), "pay_with": "stripe"})
    assert answer.status_code == 422
    assert "not offered" in answer.text
    assert invoices() == []


def test_a_product_that_left_the_shelf_is_not_ordered(shopper: FlaskClient) -> None:
    gone = make.product(name="Gone", price_cents=300)
    put_in_cart(shopper, gone)
    with unit_of_work():
        gone.is_active = False
    order(shopper)
    assert [line.name for line in lines()] == ["Logo"]


def test_a_fourth_unpaid_order_is_refused_until_one_is_paid_or_cancelled(client: FlaskClient) -> None:
    call(client, "ada")
    product = make.product()
    numbers = []
    for _ in range(3):
        put_in_cart(client, product)
        numbers.append(order(client))
    put_in_cart(client, product)
    refused = client.post("/store/checkout", data=checkout_form(client))
    assert refused.status_code == 409
    assert "three unpaid orders" in refused.text
    pay(client, numbers[1])
    order(client)
    assert [invoice.unpaid_slot for invoice in invoices()] == [1, None, 3, 2]
    put_in_cart(client, product)
    assert client.post(f"/store/invoices/{numbers[0]}/cancel").status_code == 303
    order(client)
    assert [invoice.status for invoice in invoices()] == ["void", "paid", "pending", "pending", "pending"]


def test_an_order_for_nothing_is_paid_at_once(shopper: FlaskClient) -> None:
    make.discount(code="GIFT", discount_value=100, first_order_only=True)
    apply(shopper, "GIFT")
    assert "Order for free" in shopper.get("/store/cart").text
    answer = shopper.post("/store/checkout", data=checkout_form(shopper))
    [invoice] = invoices()
    assert answer.headers["Location"] == f"/store/invoices/{invoice.number}"
    assert (invoice.status, invoice.total_cents, invoice.unpaid_slot) == ("paid", 0, None)
    put_in_cart(shopper, make.product())
    assert shopper.post("/store/cart/code", data={"code": "GIFT"}).status_code == 422  # it was the first order


def test_a_declined_payment_can_be_tried_again(shopper: FlaskClient) -> None:
    number = order(shopper)
    declined = pay(shopper, number, "decline")
    assert declined.headers["Location"] == f"/store/payments/test/{number}"
    page = shopper.get(declined.headers["Location"]).text
    assert "declined" in page
    assert invoices()[0].status == "pending"
    pay(shopper, number)
    assert invoices()[0].status == "paid"
    events = db.session.scalars(select(PaymentEvent).order_by(PaymentEvent.id))
    assert [(event.outcome, event.is_stray) for event in events] == [("declined", False), ("paid", False)]


def test_paying_twice_is_paying_once(shopper: FlaskClient) -> None:
    number = order(shopper)
    pay(shopper, number)
    paid_at = invoices()[0].paid_at
    pay(shopper, number)
    assert invoices()[0].paid_at == paid_at
    assert db.session.scalar(select(func.count()).select_from(PaymentEvent)) == 1
    audited = select(func.count()).where(AuditEntry.action == "invoice.paid")
    assert db.session.scalar(audited) == 1


@pytest.mark.parametrize("outcome", ["", "refund", "PAY"])
def test_another_outcome_is_refused(shopper: FlaskClient, outcome: str) -> None:
    number = order(shopper)
    assert pay(shopper, number, outcome).status_code == 422
    assert invoices()[0].status == "pending"


def test_only_who_ordered_can_pay(shopper: FlaskClient, app: Flask) -> None:
    number = order(shopper)
    stranger = app.test_client()
    call(stranger, "ada")
    assert stranger.get(f"/store/payments/test/{number}").status_code == 404
    assert pay(stranger, number).status_code == 404
    assert invoices()[0].status == "pending"


def test_an_unpaid_order_is_void_after_a_day_and_gives_back_its_use(
    frozen: TimeMachineFixture, shopper: FlaskClient
) -> None:
    make.discount(code="SAVE20", discount_value=20)
    apply(shopper, "SAVE20")
    order(shopper)
    frozen.shift(timedelta(hours=24) - timedelta(seconds=1))
    void_overdue(datetime.now(UTC))
    assert (invoices()[0].status, used_count()) == ("pending", 1)
    frozen.shift(timedelta(seconds=1))
    void_overdue(datetime.now(UTC))
    [invoice] = invoices()
    assert (invoice.status, invoice.unpaid_slot, invoice.closed_at) == ("void", None, datetime.now(UTC))
    assert (live_uses(), used_count()) == (0, 0)
    void_overdue(datetime.now(UTC))
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "invoice.voided")) == 1


def test_an_order_that_holds_a_limited_code_has_half_an_hour_and_opens_it_again(
    frozen: TimeMachineFixture, shopper: FlaskClient
) -> None:
    made = make.discount(code="LAST", usage_limit=1)
    apply(shopper, "LAST")
    order(shopper)
    assert discounts.get(made.id).promotion.status(make.NOW) == "expired"
    frozen.shift(timedelta(minutes=30))
    void_overdue(datetime.now(UTC))
    assert invoices()[0].status == "void"
    db.session.expire_all()
    assert discounts.get(made.id).promotion.status(make.NOW) == "active"


def test_money_for_a_void_order_leaves_it_void_and_is_flagged(shopper: FlaskClient) -> None:
    number = order(shopper)
    shopper.post(f"/store/invoices/{number}/cancel")
    pay(shopper, number)
    assert invoices()[0].status == "void"
    assert "You get this money back." in shopper.get(f"/store/invoices/{number}").text
    assert db.session.scalars(select(PaymentEvent.is_stray)).all() == [True]


def test_a_paid_order_can_not_be_cancelled(shopper: FlaskClient) -> None:
    number = order(shopper)
    pay(shopper, number)
    assert shopper.post(f"/store/invoices/{number}/cancel").status_code == 409
    assert invoices()[0].status == "paid"


def test_numbers_run_without_gap_through_each_year_of_the_installations_zone(
    client: FlaskClient, frozen: TimeMachineFixture
) -> None:
    product = make.product()
    numbers = []
    for moment in (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)):
        frozen.move_to(moment)
        call(client, "ada")
        put_in_cart(client, product)
        form = checkout_form(client)
        client.post("/store/checkout", data={**form, "expected_total": "1.00"})  # refused: takes no number
        numbers.append(client.post("/store/checkout", data=form).headers["Location"].rsplit("/", 1)[1])
    assert numbers == ["2026-000001", "2027-000001"]


def test_a_checkout_costs_twelve_statements_at_most(client: FlaskClient, sign_in: SignIn) -> None:
    make.discount(code="SAVE20", discount_value=20, usage_limit=100, per_user_limit=5)
    sign_in(client, make.user())
    for _ in range(5):
        put_in_cart(client, make.product())
    apply(client, "SAVE20")
    form = checkout_form(client)
    with count_statements() as sent:
        assert client.post("/store/checkout", data=form).status_code == 303
    assert len(sent) <= 12, sent


def test_by_hand_an_order_leads_to_its_invoice_that_says_how_to_pay(
    shopper: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], payments="manual"))
    answer = shopper.post("/store/checkout", data=checkout_form(shopper))
    [invoice] = invoices()
    assert answer.headers["Location"] == f"/store/invoices/{invoice.number}"
    assert (invoice.provider, invoice.status) == ("manual", "pending")
    assert f"give the number {invoice.number}" in shopper.get(answer.headers["Location"]).text
    assert shopper.get(f"/store/payments/test/{invoice.number}").status_code == 404
    assert pay(shopper, invoice.number).status_code == 404
