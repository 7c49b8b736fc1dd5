"""The desk: products taken out as CSV and brought in again."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.catalog import exporting
from app.catalog.models import Product
from app.catalog.sheet import COLUMNS
from app.kit.db import db
from app.kit.flaws import SENTENCES, sentence
from app.kit.intake import MOST_BYTES
from app.kit.sheets import Flaw
from app.web.admin.sheet_words import PRODUCTS
from tests import make
from tests.client import HTMX, read_csv, send_csv
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
HEAD = "sku,name,category,price\n"
NASTY = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "'=1", '"x", "y"', "a;b", "<b>&amp;</b>", "กาแฟ"]


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="boss"))
    return client


def send(admin: FlaskClient, text: str | bytes, do: str = "import", **how: Any) -> TestResponse:
    return send_csv(admin, "/admin/products/import", text, do, **how)


def export(admin: FlaskClient, query: str = "") -> list[dict[str, str]]:
    return read_csv(admin, f"/admin/products.csv{query}")


def state() -> list[Any]:
    return [tuple(row) for row in db.session.execute(select(*Product.__table__.columns).order_by(Product.id))]


@pytest.mark.parametrize("path", ["products.csv", "products/import", "products/import/example.csv"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_files_of_products_are_for_admins_only(client: FlaskClient, sign_in: SignIn, path: str) -> None:
    assert client.get(f"/admin/{path}").status_code == 303
    sign_in(client, make.user(role="coach"))
    assert client.get(f"/admin/{path}").status_code == 403
    assert send(client, HEAD).status_code == 403


def test_an_export_is_a_file_of_the_day_that_nobody_keeps(
    frozen: time_machine.TimeMachineFixture, client: FlaskClient, sign_in: SignIn
) -> None:
    frozen.move_to(make.NOW.replace(hour=20))  # in Bangkok it is tomorrow already
    sign_in(client, make.user(role="admin", timezone="Asia/Bangkok"))
    make.product(sku="A", name="Café", slug="cafe", category=make.category("drinks"), price_cents=1250, position=3)
    answer = client.get("/admin/products.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=products-2026-03-03.csv"
    assert (answer.mimetype, "no-store" in answer.headers["Cache-Control"]) == ("text/csv", True)
    assert answer.data.decode() == f"\ufeff{','.join(COLUMNS)}\r\nA,Café,cafe,drinks,12.50,,yes,3\r\n"


def test_an_export_holds_what_the_list_shows(admin: FlaskClient) -> None:
    shelf = make.category("design")
    make.product(sku="A", name="Logo", category=shelf)
    make.product(sku="B", name="Logo", is_active=False)
    make.product(sku="C", name="Server", category=shelf)
    for query, skus in (
        ("", "ABC"),
        ("?q=logo", "AB"),
        (f"?category={shelf.id}", "AC"),
        ("?status=inactive", "B"),
        (f"?status=active&q=logo&category={shelf.id}", "A"),
        ("?q=unicorn", ""),
        ("?status=x&category=y", "ABC"),
    ):
        assert "".join(row["sku"] for row in export(admin, query)) == skus, query
    assert "Export these 2 products" in admin.get("/admin/products?q=logo").text
    assert 'href="/admin/products.csv?status=inactive"' in admin.get("/admin/products?status=inactive").text


def test_cells_that_could_run_are_escaped_and_come_back_as_they_were(admin: FlaskClient) -> None:
    shelf = make.category("design")
    for number, name in enumerate(NASTY):
        make.product(sku=f"-{number}", name=name, description=f"{name}", category=shelf)
    before = state()
    data = admin.get("/admin/products.csv").data
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert "'=cmd|' /C calc'!A0" in cells
    answer = send(admin, data)
    assert answer.status_code == 200
    assert "Nothing to do: all 9 products" in answer.text
    assert state() == before


@pytest.mark.parametrize("count", [1, 7])
def test_an_export_costs_a_statement_for_each_batch(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 5)
    for _each in range(count):
        make.product()
    with count_statements() as sent:
        assert len(export(admin)) == count
    assert len([each for each in sent if "FROM products" in each]) == 1 + count // 5


def test_checking_a_file_tells_what_it_would_do_and_does_nothing(admin: FlaskClient) -> None:
    make.product(sku="A", name="Old name", category=make.category("design"), price_cents=1000)
    make.product(sku="SAME", name="Same")
    before, log = state(), db.session.scalar(select(func.count()).select_from(AuditEntry))
    answer = send(admin, "sku,name,category,price\nA,New name,design,12\nB,<i>Fresh</i>,design,5\n", "check")
    assert answer.status_code == 200
    assert "<del>Old name</del>" in answer.text
    assert "<ins>New name</ins>" in answer.text
    assert "<del>10.00</del>" in answer.text
    assert "&lt;i&gt;Fresh" in answer.text
    assert "Nothing is written yet" in answer.text
    assert (state(), db.session.scalar(select(func.count()).select_from(AuditEntry))) == (before, log)


def test_an_import_is_told_on_the_list_and_in_the_log(admin: FlaskClient) -> None:
    make.category("design")
    answer = send(admin, HEAD + "a,Logo,design,480.5\nb,Card,design,95\n")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/products")
    assert "2 products were made." in admin.get("/admin/products").text
    assert [row["price"] for row in export(admin)] == ["480.50", "95.00"]
    log = admin.get("/admin/audit").text
    assert "file of products" in log
    assert "imported" in log


def test_with_htmx_only_the_result_is_swapped(admin: FlaskClient) -> None:
    make.product(sku="A", name="Old", category=make.category("design"))
    for do in ("check", "import"):
        part = send(admin, HEAD + "A,New,design,20\n", do, headers=HTMX)
        assert part.status_code == 200
        assert part.text.lstrip().startswith('<div id="import-outcome"')
        assert 'type="file"' not in part.text
    assert "1 product was changed." in part.text
    assert send(admin, HEAD + "A,New,design,20\n", headers=HTMX).text.count("Nothing to do") == 1


@pytest.mark.parametrize("do", ["check", "import"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_is_wrong_is_told_with_row_and_column_and_nothing_is_written(
    admin: FlaskClient, do: str, headers: dict[str, str]
) -> None:
    make.category("design")
    answer = send(admin, HEAD + "A,Logo,design,1\nB,Card,nowhere,1\nA,,design,x\n", do, headers=headers)
    assert answer.status_code == 422
    for told in ("Row 3", "“nowhere”", "/admin/categories", "Row 4", "A stands in row 2 already", "4 things to mend"):
        assert told in answer.text
    assert state() == []


def test_of_many_flaws_the_first_fifty_are_told_and_how_many_more(admin: FlaskClient) -> None:
    text = send(admin, HEAD + "".join(f"A{each},n,nowhere,1\n" for each in range(60)), headers=HTMX).text
    assert text.count("<tr>") == 51
    assert "And 10 more." in text


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_no_file_and_one_that_is_too_large_are_clear_errors(admin: FlaskClient) -> None:
    answer = admin.post("/admin/products/import", data={"do": "import"}, headers=HTMX)
    assert (answer.status_code, "Please choose a CSV file first." in answer.text) == (422, True)
    assert "Row 0" not in answer.text
    answer = send(admin, b"x" * (MOST_BYTES + 1))
    assert (answer.status_code, "larger than 5 MB" in answer.text) == (422, True)
    answer = send(admin, b"x" * (7 * 1024 * 1024), headers=HTMX)
    assert (answer.status_code, "Send a smaller file" in answer.text) == (413, True)
    answer = send(admin, b"PK\x03\x04\xff\x00 a workbook")
    assert (answer.status_code, "CSV UTF-8" in answer.text) == (422, True)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_example_can_be_imported_as_it_is(admin: FlaskClient) -> None:
    page = admin.get("/admin/products/import").text
    assert all(f">{column}</code>" in page for column in COLUMNS)
    assert 'href="/admin/products/import/example.csv"' in page
    make.category("design")
    assert send(admin, admin.get("/admin/products/import/example.csv").data).status_code == 303
    assert [row["slug"] for row in export(admin)] == ["example", "another-example"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("app")
def test_every_sentence_says_what_it_should() -> None:
    facts = dict.fromkeys(["most", "number", "cells", "columns", "sku", "key", "value", "first"], "x" * 1000)
    for reason in (*SENTENCES, *PRODUCTS):
        told = sentence(Flaw(2, "sku", reason, facts), PRODUCTS)
        assert "%" not in told
        assert len(told) < 300


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_no_odd_file_fails(admin: FlaskClient) -> None:
    many = "".join(f"c{each}," for each in range(300_000)).encode()
    for data in (
        many,
        b"x" * 300_000,
        b'"' * 99_999,
        b"\n" * 99_999,
        b"sku\n" * 40_000,
        b"sku\n\xff",
        b"sku\r" + b'"\r' * 99,
    ):
        assert send(admin, data, headers=HTMX).status_code == 422, data[:20]
