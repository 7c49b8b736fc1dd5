"""Refunds as an admin makes them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice, Refund
from app.payments.models import PaymentReturn
from app.payments.returns import TOPIC
from tests import make
from tests.client import HTMX
from tests.shopping import hidden

SignIn = Callable[..., None]


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> FlaskClient:
    sign_in(client, make.user(role="admin"))
    return client


def url(invoice: Invoice) -> str:
    return f"/admin/invoices/{invoice.number}/refund"


def line_of(invoice: Invoice) -> int:
    return orders.by_number(invoice.number).lines[0].id


def form(admin: FlaskClient, invoice: Invoice, quantity: str, what: str = "chosen", **more: str) -> dict[str, str]:
    key = hidden(admin.get(url(invoice)).text, "key")
    return {f"line-{line_of(invoice)}": quantity, "what": what, "key": key, "reason": "Came broken"} | more


def refunds() -> list[tuple[int, str]]:
    rows = db.session.scalars(select(Refund).order_by(Refund.id)).all()
    return [(each.amount_cents, each.reason) for each in rows]


def test_the_chosen_pieces_go_back_and_everybody_sees_it(admin: FlaskClient, sign_in: SignIn) -> None:
    shopper = make.user()
    invoice = make.paid_invoice(person=shopper.person, quantity=3)
    assert url(invoice) in admin.get(f"/admin/invoices/{invoice.number}").text
    answer = admin.post(url(invoice), data=form(admin, invoice, "1"), follow_redirects=True)
    assert "$20.00 of" in answer.text
    assert "Partly refunded" in answer.text
    assert "Came broken" in answer.text
    assert f"by {db.session.scalars(select(User.username).where(User.role == 'admin')).one()}" in answer.text
    assert refunds() == [(2000, "Came broken")]
    sign_in(admin, shopper)
    receipt = admin.get(f"/store/invoices/{invoice.number}").text
    assert "1 of 3 refunded" in receipt
    assert "Came broken" in receipt


def test_the_form_tells_what_the_chosen_pieces_are_worth(admin: FlaskClient) -> None:
    make.discount(code="TEN")
    invoice = make.paid_invoice(code="TEN", quantity=3, price_cents=1000)
    part = admin.get(f"{url(invoice)}?line-{line_of(invoice)}=2", headers=HTMX).text
    assert "$18.00" in part
    assert "Refund all that is left: $27.00" in part
    assert refunds() == []


def test_the_page_says_beforehand_what_was_claimed_with_the_payment_and_afterwards_what_became_of_it(
    frozen: object,  # noqa: ARG001 before somebody signs in
    admin: FlaskClient,
) -> None:
    ada = Person("Ada")
    gold, sword = make.deal(title="Gold rush"), make.deal(title="<Sword>")
    other = make.paid_invoice(person=ada, visit="a", now=make.NOW - timedelta(days=2))
    invoice = make.spend(ada, 5000, visit="a")
    make.deliver(make.claim(gold, ada, visit="a"))
    make.claim(sword, ada, visit="a")
    assert "counts for" not in admin.get(url(other)).text
    page = admin.get(url(invoice)).text
    assert "This payment counts for" in page
    assert f'href="/admin/promotions/{gold.id}/grants?q=Ada">Gold rush</a>, ' in page
    assert "&lt;Sword&gt;</a>." in page
    assert "What was claimed with it" not in admin.get(f"/admin/invoices/{invoice.number}").text
    admin.post(url(invoice), data=form(admin, invoice, "1"))
    undone = admin.get(f"/admin/invoices/{invoice.number}").text.split('id="undone-grants"')[1]
    flagged, revoked = undone.split("</li>")[:2]
    assert "Gold rush" in flagged
    assert "Flagged" in flagged
    assert "&lt;Sword&gt;" in revoked
    assert "Taken back" in revoked


def test_everything_goes_back_whatever_is_chosen(admin: FlaskClient) -> None:
    invoice = make.paid_invoice(quantity=3)
    admin.post(url(invoice), data=form(admin, invoice, "x", what="everything"))
    assert refunds() == [(6000, "Came broken")]
    assert admin.get(url(invoice)).location == f"/admin/invoices/{invoice.number}"
    assert url(invoice) not in admin.get(f"/admin/invoices/{invoice.number}").text


def test_pressing_twice_refunds_once(admin: FlaskClient) -> None:
    invoice = make.paid_invoice(quantity=3)
    typed = form(admin, invoice, "1")
    for _twice in range(2):
        assert admin.post(url(invoice), data=typed).status_code == 303
    assert refunds() == [(2000, "Came broken")]


def test_the_same_page_with_other_numbers_is_told_so(admin: FlaskClient) -> None:
    invoice = make.paid_invoice(quantity=3)
    typed = form(admin, invoice, "1")
    admin.post(url(invoice), data=typed)
    answer = admin.post(url(invoice), data=typed | {f"line-{line_of(invoice)}": "2"})
    assert answer.status_code == 409
    assert "refunded from this page already" in answer.text
    assert refunds() == [(2000, "Came broken")]


@pytest.mark.parametrize("quantity", ["4", "-1", "1.5", "x", "\u0661", "99999999999"])
def test_what_can_not_go_back_is_told_beside_the_line(admin: FlaskClient, quantity: str) -> None:
    invoice = make.paid_invoice(quantity=3)
    answer = admin.post(url(invoice), data=form(admin, invoice, quantity))
    assert answer.status_code == 422
    assert "Please enter a whole number from 0 to 3." in answer.text
    assert 'value="Came broken"' in answer.text
    assert refunds() == []


@pytest.mark.parametrize("reason", ["x" * 201, "a\x00b"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_reason_that_can_not_be_kept_is_told(admin: FlaskClient, reason: str) -> None:
    invoice = make.paid_invoice(quantity=3)
    assert admin.post(url(invoice), data=form(admin, invoice, "1", reason=reason)).status_code == 422
    assert refunds() == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_no_piece_at_all_is_told(admin: FlaskClient) -> None:
    invoice = make.paid_invoice()
    answer = admin.post(url(invoice), data=form(admin, invoice, "0"))
    assert answer.status_code == 422
    assert "choose at least one piece" in answer.text


def test_pieces_that_another_admin_refunded_meanwhile_are_told(admin: FlaskClient) -> None:
    invoice = make.paid_invoice(quantity=2)
    typed = form(admin, invoice, "2")
    with unit_of_work():
        orders.refund(invoice.number, {line_of(invoice): 1}, key="other", actor=SYSTEM, now=make.NOW)
    answer = admin.post(url(invoice), data=typed)
    assert answer.status_code == 422
    assert "from 0 to 1" in answer.text


def test_what_is_paid_by_hand_waits_for_the_admin_until_noted(admin: FlaskClient) -> None:
    invoice = make.invoice()
    admin.post(f"/admin/invoices/{invoice.number}/paid")
    admin.post(url(invoice), data=form(admin, invoice, "1"))
    assert "1 payment waits for you to give it back" in admin.get("/admin").text
    assert f"$20.00 for {invoice.number}" in admin.get("/admin/invoices").text
    money = db.session.scalars(select(PaymentReturn)).one()
    assert "Yours to give back" in admin.get(f"/admin/invoices/{invoice.number}").text
    done = f"/admin/invoices/{invoice.number}/returns/{money.id}/done"
    for _twice in range(2):
        assert admin.post(done).status_code == 303
    assert "Sent back" in admin.get(f"/admin/invoices/{invoice.number}").text
    assert "waits for you to give it back" not in admin.get("/admin").text
    other = make.paid_invoice()
    assert admin.post(f"/admin/invoices/{other.number}/returns/{money.id}/done").status_code == 404


def test_what_the_provider_sends_shows_its_way(admin: FlaskClient) -> None:
    invoice = make.paid_invoice()
    admin.post(url(invoice), data=form(admin, invoice, "1"))
    assert "On its way" in admin.get(f"/admin/invoices/{invoice.number}").text
    outbox.drain(TOPIC)
    assert "Sent back" in admin.get(f"/admin/invoices/{invoice.number}").text
    assert db.session.scalar(select(func.count()).where(PaymentReturn.state == "done")) == 1


@pytest.mark.parametrize("role", ["client", "coach"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_nobody_else_refunds(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    invoice = make.paid_invoice()
    sign_in(client, make.user(role=role))
    assert client.post(url(invoice), data={"what": "everything"}).status_code == 403
    assert refunds() == []
