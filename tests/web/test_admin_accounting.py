"""The accounting page: sums by month, codes, the list and its file."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[..., None]
MARCH, APRIL = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> FlaskClient:
    sign_in(client, make.user(role="admin"))
    return client


def paid(at: datetime, **details: Any) -> Invoice:
    invoice = make.invoice(**details)
    with unit_of_work():
        return orders.mark_paid(invoice.id, "test", make.told(invoice, happened_at=at), at)


def give(cents: int, at: datetime) -> Invoice:
    with unit_of_work():
        invoice = orders.donate(cents, "", person=Person("giver"), visit="v", key=f"k{cents}".ljust(20, "k"), now=at)
        return orders.mark_paid(invoice.id, "test", make.told(invoice, happened_at=at), at)


def refund(invoice: Invoice, wanted: dict[int, int] | None = None) -> None:
    with unit_of_work():
        orders.refund(invoice.number, wanted, key=f"refund-{invoice.id}", actor=SYSTEM, now=APRIL)


def a_spring() -> None:
    """March: 60.00 less 6.00, a third refunded, and a gift of 5.00. April: 20.00, refunded. One unpaid, one void."""
    make.discount(code="TEN", discount_value=10)
    three = paid(MARCH, code="TEN", quantity=3, price_cents=2000, person=Person("ada"))
    refund(three, {orders.by_number(three.number).lines[0].id: 1})
    give(500, MARCH)
    refund(paid(APRIL, price_cents=2000, person=Person("=cmd()")))
    make.invoice(person=Person("late"))
    cancelled = make.invoice(person=Person("gone"))
    with unit_of_work():
        orders.void(cancelled.id, actor=SYSTEM, now=APRIL)


def figures(page: str) -> list[str]:
    return [part.partition("<")[0].strip() for part in page.split('stat-tile-value">')[1:]]


def test_the_sums_are_those_of_what_was_paid(admin: FlaskClient) -> None:
    a_spring()
    page = admin.get("/admin/accounting?from=2026-03-01&to=2026-04-30").text
    assert figures(page) == ["$85.00", "$4.00", "$38.00", "$41.00", "$5.00"]
    assert figures(admin.get("/admin/accounting?from=2026-03-01&to=2026-03-31").text)[:2] == ["$65.00", "$4.00"]
    assert figures(admin.get("/admin/accounting?from=2026-04-01&to=2026-04-01").text)[0] == "$20.00"


def test_each_month_has_its_row_and_column_and_the_codes_theirs(admin: FlaskClient) -> None:
    a_spring()
    page = admin.get("/admin/accounting?from=2026-02-10&to=2026-04-30").text
    table = page.partition('id="by-month"')[2].partition("</table>")[0]
    rows = [row for row in table.split("<tr")[1:] if 'scope="row"' in row]
    assert [row.split('scope="row">')[1].partition("<")[0] for row in rows] == [
        "Apr 2026",
        "Mar 2026",
        "Feb 2026",
        "Total",
    ]
    assert "$65.00" in rows[1]
    assert page.count('<g class="chart-bar') == 3
    assert "TEN" in page.partition("Codes that saved most")[2]


def test_an_empty_business_has_books_too(admin: FlaskClient) -> None:
    page = admin.get("/admin/accounting")
    assert page.status_code == 200
    assert figures(page.text) == ["$0.00"] * 5
    assert "No code was used" in page.text


def test_the_list_is_searched_by_number_shopper_and_status_in_the_period(admin: FlaskClient) -> None:
    a_spring()
    period = "/admin/accounting?from=2026-03-01&to=2026-04-30"
    assert "ada" in admin.get(f"{period}&q=ADA", headers=HTMX).text
    part = admin.get(f"{period}&status=refunded", headers=HTMX).text
    assert part.count("<tr>") - 1 == 1
    assert "<html" not in part
    assert "=cmd()" in part


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("from=2026-05-01&to=2026-04-01", "ends before it begins"),
        ("from=yesterday&to=2026-04-01", "Please enter days such as"),
        ("from=1990-01-01&to=2026-04-01", "ten years at most"),
        ("from=2026-02-30", "Please enter days such as"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_period_that_makes_no_sense_is_told_and_kept(admin: FlaskClient, query: str, told: str) -> None:
    answer = admin.get(f"/admin/accounting?{query}")
    assert answer.status_code == 422
    assert told in answer.text
    assert f'value="{query.partition("=")[2].partition("&")[0]}"' in answer.text
    assert admin.get(f"/admin/accounting.csv?{query}").status_code == 400


def test_the_file_holds_what_the_list_shows_and_no_formulas(admin: FlaskClient) -> None:
    a_spring()
    answer = admin.get("/admin/accounting.csv?from=2026-03-01&to=2026-04-30")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [(row["shopper"], row["gross"], row["discount"], row["refunded"], row["net"]) for row in rows] == [
        ("gone", "20.00", "0.00", "0.00", "0.00"),
        ("late", "20.00", "0.00", "0.00", "0.00"),
        ("'=cmd()", "20.00", "0.00", "20.00", "0.00"),
        ("giver", "5.00", "0.00", "0.00", "5.00"),
        ("ada", "60.00", "6.00", "18.00", "36.00"),
    ]
    assert rows[4]["paid_at"] == "2026-03-31 23:59:59"
    only = admin.get("/admin/accounting.csv?from=2026-03-01&to=2026-04-30&status=refunded").get_data(as_text=True)
    assert only.count("\r\n") == 2


def test_the_page_takes_a_fixed_number_of_statements(admin: FlaskClient) -> None:
    counts = []
    for _round in range(2):
        with count_statements() as sent:
            admin.get("/admin/accounting?from=2017-01-01&to=2026-12-31")
        counts.append(len(sent))
        for month in range(5):
            paid(APRIL + timedelta(days=30 * month))
    assert counts[0] == counts[1] <= 6, sent
