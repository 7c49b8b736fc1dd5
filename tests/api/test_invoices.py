"""Invoices and accounting over the API."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.persons import Person
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice, Refund
from app.wallet import service as wallets
from tests import make

URL = "/api/v1/admin/invoices"
Ask = Callable[..., "Told"]


@dataclass(frozen=True)
class Told:
    status_code: int
    json: dict[str, Any]


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    """`ask("post", "/2026-000001/refund", {…})`, as an admin's program."""
    bearer = make.bearer()

    def ask(verb: str, path: str = "", body: Any = None, **headers: str) -> Told:
        answer: TestResponse = getattr(client, verb)(f"{URL}{path}", json=body, headers=bearer | headers)
        return Told(answer.status_code, answer.json or {})

    return ask


def refunds() -> int:
    return db.session.scalar(select(func.count()).select_from(Refund)) or 0


def test_an_invoice_is_shown_with_its_lines_code_and_refunds(ask: Ask) -> None:
    make.discount(code="TEN", title="Ten")
    invoice = make.paid_invoice(person=Person("ada"), code="TEN", quantity=3, price_cents=1050)
    data = ask("get", f"/{invoice.number}").json["data"]
    [line] = data.pop("lines")
    assert data == {
        "id": invoice.id,
        "number": invoice.number,
        "kind": "order",
        "status": "paid",
        "shopper": "ada",
        "userId": None,
        "subtotal": 31.5,
        "discount": 3.15,
        "total": 28.35,
        "refunded": 0,
        "promotion": {"code": "TEN", "discountAmount": 3.15},
        "payment": {"provider": "test", "reference": f"paid:invoice:{invoice.id}"},
        "createdAt": "2026-03-02T12:00:00Z",
        "paidAt": "2026-03-02T12:00:00Z",
        "closedAt": None,
        "message": None,
        "refunds": [],
    }
    assert (line["unitPrice"], line["quantity"], line["total"], line["discount"]) == (10.5, 3, 31.5, 3.15)
    assert (line["refundedQuantity"], line["refunded"]) == (0, 0)


def test_what_was_paid_from_a_wallet_says_so_and_is_back_in_it_when_refunded(ask: Ask) -> None:
    mia = make.user()
    make.deposit(mia, 5000)
    unpaid = make.invoice(person=mia.person, price_cents=2000)
    with unit_of_work():
        orders.pay_from_wallet(unpaid.id, make.NOW)
    paid = ask("get", f"/{unpaid.number}").json["data"]["payment"]
    assert paid == {"provider": "wallet", "reference": f"wallet:{unpaid.id}"}
    assert ask("post", f"/{unpaid.number}/refund", {}).status_code == 200
    assert wallets.balances(mia.id).cash_cents == 5000


def test_pieces_are_refunded_then_the_rest(ask: Ask) -> None:
    invoice = make.paid_invoice(quantity=3)
    [line] = ask("get", f"/{invoice.number}").json["data"]["lines"]
    wish = {"lines": [{"id": line["id"], "quantity": 1}], "reason": "Came broken"}
    data = ask("post", f"/{invoice.number}/refund", wish).json["data"]
    assert (data["status"], data["refunded"]) == ("partly_refunded", 20)
    [refund] = data["refunds"]
    assert (refund["amount"], refund["reason"]) == (20, "Came broken")
    assert refund["lines"] == [{"id": line["id"], "quantity": 1, "amount": 20}]
    for _twice in range(2):  # what is refunded already stays as it is
        answer = ask("post", f"/{invoice.number}/refund", {"reason": None})
        assert (answer.status_code, answer.json["data"]["status"], answer.json["data"]["refunded"]) == (
            200,
            "refunded",
            60,
        )
    assert refunds() == 2


def test_a_line_named_twice_is_summed_up(ask: Ask) -> None:
    invoice = make.paid_invoice(quantity=2)
    [line] = ask("get", f"/{invoice.number}").json["data"]["lines"]
    wish = {"lines": [{"id": line["id"], "quantity": 1}] * 2}
    assert ask("post", f"/{invoice.number}/refund", wish).json["data"]["status"] == "refunded"


def test_an_idempotency_key_refunds_once(ask: Ask) -> None:
    invoice = make.paid_invoice(quantity=2)
    [line] = ask("get", f"/{invoice.number}").json["data"]["lines"]
    key = {"Idempotency-Key": "refund-1"}
    wish = {"lines": [{"id": line["id"], "quantity": 1}]}
    first, second = (ask("post", f"/{invoice.number}/refund", wish, **key) for _each in range(2))
    assert first.json == second.json
    assert refunds() == 1
    assert ask("post", f"/{invoice.number}/refund", {}, **key).json["error"] == "idempotency_mismatch"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"lines": [{"id": 0, "quantity": 3}]}, 422, "too_much_to_refund"),
        ({"lines": [{"id": 999_999, "quantity": 1}]}, 422, "unknown_line"),
        ({"lines": []}, 400, "validation_error"),
        ({"lines": None}, 400, "validation_error"),
        ({"lines": [{"id": 0, "quantity": 0}]}, 400, "validation_error"),
        ({"lines": [{"id": 0, "quantity": 1.5}]}, 400, "validation_error"),
        ({"amount": 5}, 400, "validation_error"),
        ({"reason": "x" * 201}, 400, "validation_error"),
    ],
)
def test_a_wish_that_makes_no_sense_refunds_nothing(ask: Ask, body: dict[str, Any], status: int, code: str) -> None:
    invoice = make.paid_invoice(quantity=2)
    [line] = ask("get", f"/{invoice.number}").json["data"]["lines"]
    for each in body.get("lines") or []:
        each["id"] = each["id"] or line["id"]
    answer = ask("post", f"/{invoice.number}/refund", body)
    assert (answer.status_code, answer.json["error"]) == (status, code)
    assert refunds() == 0


def test_an_admin_marks_as_paid_and_voids_once_however_often(ask: Ask) -> None:
    paid, void = make.invoice(), make.invoice()
    for _twice in range(2):
        assert ask("post", f"/{paid.number}/pay").json["data"]["payment"]["provider"] == "manual"
        assert ask("post", f"/{void.number}/void").json["data"]["status"] == "void"
    assert ask("post", f"/{paid.number}/pay", {"x": 1}).json["error"] == "validation_error"
    assert ask("post", f"/{void.number}/pay").json["error"] == "not_payable"
    assert ask("post", f"/{paid.number}/void").json["error"] == "not_voidable"
    assert ask("post", f"/{void.number}/refund").json["error"] == "not_refundable"
    assert ask("get", "/2026-999999").status_code == 404


def test_the_list_is_searched_and_filtered_and_comes_in_pages(ask: Ask) -> None:
    ada = make.paid_invoice(person=Person("ada"))
    with unit_of_work():
        gift = orders.donate(500, "Thanks", person=Person("ben"), visit="v", key="k" * 20, now=make.NOW)
    late = make.invoice(person=Person("cleo"))

    def found(query: str) -> list[str]:
        return [each["number"] for each in ask("get", f"?{query}").json["data"]["invoices"]]

    assert found("") == [late.number, gift.number, ada.number]
    assert found("search=ADA") == found("status=paid") == [ada.number]
    assert found(f"search={gift.number}") == found("kind=donation") == [gift.number]
    assert found("from=2026-03-02&to=2026-03-02") == found("")
    assert found("from=2026-03-03") == found("to=2026-03-01") == []
    assert found("from=2026-03-02T12:00:00Z") == found("")
    assert found("to=2026-03-02T12:00:00%2B00:00") == []
    page = ask("get", "?limit=1&page=2").json["data"]
    assert ([each["number"] for each in page["invoices"]], page["total"]) == ([gift.number], 3)


@pytest.mark.parametrize(
    "query", ["from=2026-3-1", "from=2026-03-01T10:00:00", "status=done", "kind=gift", "form=2026-01-01"]
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_question_that_makes_no_sense_is_refused(ask: Ask, query: str) -> None:
    assert ask("get", f"?{query}").json["error"] == "validation_error"


def pay(invoice: Invoice, at: datetime) -> None:
    with unit_of_work():
        orders.mark_paid(invoice.id, "test", make.told(invoice, happened_at=at), at)


def accounts(client: FlaskClient, query: str = "") -> dict[str, Any]:
    told = client.get(f"/api/v1/admin/accounting?{query}", headers=make.bearer()).json or {}
    data: dict[str, Any] = told["data"]
    return data


def test_the_books_add_up_by_month_of_the_installations_calendar(client: FlaskClient) -> None:
    zone = ZoneInfo("UTC")
    make.discount(code="TEN")
    pay(make.invoice(code="TEN", quantity=2), datetime(2026, 1, 31, 23, 59, tzinfo=zone))
    later = make.invoice()
    pay(later, datetime(2026, 3, 1, tzinfo=zone))
    with unit_of_work():
        orders.refund(later.number, None, key="refund", actor=make.SYSTEM, now=make.NOW)
    make.invoice()
    data = accounts(client, "from=2026-01-01&to=2026-03-31")
    months = data.pop("months")
    sums = {"invoices": 2, "gross": 60, "promotionSavings": 4, "refunds": 20, "net": 36, "donations": 0}
    assert data == {"from": "2026-01-01", "to": "2026-03-31", **sums}
    assert [(each["month"], each["gross"], each["net"]) for each in months] == [
        ("2026-01", 40, 36),
        ("2026-02", 0, 0),
        ("2026-03", 20, 0),
    ]
    assert accounts(client, "from=2026-03-01")["gross"] == 20
    whole = accounts(client)
    assert (whole["gross"], whole["from"], whole["months"][0]["month"]) == (60, "2026-01-31", "2026-01")


@pytest.mark.parametrize("query", ["from=2026-02-01&to=2026-01-01", "from=2000-01-01&to=2026-01-01"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_period_that_makes_no_sense_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/admin/accounting?{query}", headers=make.bearer())
    assert answer.status_code == 400
    assert answer.json
    assert answer.json["error"] == "validation_error"


def test_only_admins_read_the_books(client: FlaskClient) -> None:
    for path in (URL, "/api/v1/admin/accounting"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=make.bearer(make.user(role="coach"))).status_code == 403
        assert client.get(path, headers=make.api_key("read")).status_code == 403


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([{"id": 1, "quantity": 0}], "lines.0.quantity"),
        ([{"id": 1, "quantity": 2**63}], "lines.0.quantity"),
        ([{"id": "one", "quantity": 1}], "lines.0.id"),
        ([{"id": 1}], "lines.0.quantity"),
        ([], "lines"),
        (None, "lines"),
        ("all", "lines"),
    ],
)
def test_wrong_pieces_are_told_by_the_names_that_were_sent(client: FlaskClient, lines: object, field: str) -> None:
    bearer, invoice = make.bearer(make.user(role="admin")), make.paid_invoice()
    address = f"/api/v1/admin/invoices/{invoice.number}/refund"
    answer = client.post(address, json={"lines": lines}, headers=bearer)
    assert answer.status_code == 400, answer.text
    assert answer.json is not None
    assert list(answer.json["fields"]) == [field]
