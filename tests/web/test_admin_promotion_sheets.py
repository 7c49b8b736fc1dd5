"""The desk: discount codes taken out as CSV and brought in again."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.discounts import importing
from app.discounts.exporting import COLUMNS
from app.discounts.words import FLAWS
from app.errors import Overtaken
from app.kit.db import db
from app.kit.flaws import sentence
from app.kit.sheets import Flaw
from app.promotions.models import Promotion
from tests import make
from tests.client import HTMX, read_csv, send_csv

SignIn = Callable[[FlaskClient, User], None]
HEAD = "code,title,discount_type,discount_value\n"
only_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="boss"))
    return client


def send(admin: FlaskClient, text: str | bytes, do: str = "import", **how: Any) -> TestResponse:
    return send_csv(admin, "/admin/promotions/import", text, do, **how)


def export(admin: FlaskClient, query: str = "") -> list[dict[str, str]]:
    return read_csv(admin, f"/admin/promotions.csv{query}")


def titles() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Promotion.title).order_by(Promotion.id)))


@pytest.mark.parametrize("path", ["promotions.csv", "promotions/import", "promotions/import/example.csv"])
@only_sqlite
def test_files_of_codes_are_for_admins_only(client: FlaskClient, sign_in: SignIn, path: str) -> None:
    assert client.get(f"/admin/{path}").status_code == 303
    sign_in(client, make.user(role="coach"))
    assert client.get(f"/admin/{path}").status_code == 403
    assert send(client, HEAD).status_code == 403


def test_an_export_holds_the_codes_that_the_list_shows_and_no_formula(admin: FlaskClient) -> None:
    make.discount(code="-SPRING", title="=cmd|' /C calc'!A0")
    make.discount(code="PAUSED", title="Paused", is_active=False, usage_limit=5)
    rows = export(admin)
    assert [row["title"] for row in rows] == ["'=cmd|' /C calc'!A0", "Paused"]
    assert (tuple(rows[0]), rows[0]["code"]) == (COLUMNS, "'-SPRING")
    assert (rows[1]["status"], rows[1]["used_count"], rows[1]["usage_limit"]) == ("inactive", "0", "5")
    for query, codes in (("?status=inactive", ["PAUSED"]), ("?q=spring", ["'-SPRING"]), ("?status=x&q=unicorn", [])):
        assert [row["code"] for row in export(admin, query)] == codes, query
    answer = send(admin, admin.get("/admin/promotions.csv").data)
    assert (answer.status_code, "Nothing to do: all 2 codes" in answer.text) == (200, True)
    page = admin.get("/admin/promotions").text
    assert 'href="/admin/promotions.csv"' in page
    assert 'href="/admin/promotions/import"' in page


def test_a_file_is_checked_then_imported_and_told_in_page_toast_and_log(admin: FlaskClient) -> None:
    make.discount(code="OLD", title="Old <b>title</b>", min_amount=10)
    data = "code,title,discount_type,discount_value,min_amount\nold,New,percentage,10,12\nfresh,<i>Fresh</i>,fixed,5,\n"
    part = send(admin, data, "check", headers=HTMX)
    assert part.status_code == 200
    assert part.text.lstrip().startswith('<div id="import-outcome"')
    for told in ("Nothing is written yet", "<del>Old &lt;b&gt;", "<del>10.00</del>", "<ins>12.00</ins>", "&lt;i&gt;"):
        assert told in part.text
    assert "$5.00 off" in part.text
    assert titles() == ["Old <b>title</b>"]
    answer = send(admin, data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/promotions")
    assert "Codes were made: 1. Changed: 1." in admin.get("/admin/promotions").text
    assert titles() == ["New", "<i>Fresh</i>"]
    assert "file of discount codes" in admin.get("/admin/audit").text
    assert "all 2 codes in the file are as it says" in send(admin, data, headers=HTMX).text


def test_what_is_wrong_is_told_with_row_and_column_and_nothing_is_written(admin: FlaskClient) -> None:
    for do, headers in (("check", {}), ("import", HTMX), ("import", {})):
        answer = send(admin, HEAD + "A-1,Fine,fixed,1\nB-1,,half,0\na-1,Twice,fixed,1\n", do, headers=headers)
        assert answer.status_code == 422
        for told in ("Row 3", "discount_type", "percentage or fixed", "A-1 stands in row 2", "4 things to mend"):
            assert told in answer.text
    answer = admin.post("/admin/promotions/import", data={"do": "import"}, headers=HTMX)
    assert (answer.status_code, "Please choose a CSV file first." in answer.text) == (422, True)
    assert titles() == []


@only_sqlite
def test_a_rival_who_was_faster_is_told_in_a_sentence(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(*_args: Any, **_kwargs: Any) -> None:
        raise Overtaken

    monkeypatch.setattr(importing, "carry_out", overtaken)
    answer = send(admin, HEAD + "A-1,Fine,fixed,1\n", headers=HTMX)
    assert (answer.status_code, "Please import it again." in answer.text) == (409, True)


@only_sqlite
def test_the_page_names_every_column_and_its_example_can_be_imported_as_it_is(admin: FlaskClient) -> None:
    page = admin.get("/admin/promotions/import").text
    assert [column for column in COLUMNS[:-2] if f">{column}</code>" not in page] == []
    assert send(admin, admin.get("/admin/promotions/import/example.csv").data).status_code == 303
    assert [(row["code"], row["status"]) for row in export(admin)] == [
        *(("EXAMPLE-10", "inactive"), ("EXAMPLE-EVENING", "inactive"))
    ]


@only_sqlite
@pytest.mark.usefixtures("app")
def test_every_sentence_says_what_it_should() -> None:
    for reason in FLAWS:
        told = sentence(Flaw(2, "code", reason, {"key": "x" * 1000}), FLAWS)
        assert "%" not in told
        assert len(told) < 300
