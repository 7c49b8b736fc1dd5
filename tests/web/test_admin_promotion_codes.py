"""The admins' page of single-use codes, and what a shopper does with one of them."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.discounts.models import Discount
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.promotions import batches, codebook
from app.promotions.models import Promotion, PromotionCode
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.shopping import apply, call, order, put_in_cart
from tests.web.test_admin_promotions import TYPED

SignIn = Callable[[FlaskClient, User], None]
MANY = TYPED | {"code": "", "code_kind": "many", "code_prefix": "flyer-", "code_length": "10", "code_count": "60"}
MORE = {"code_prefix": "MORE-", "code_length": "8", "code_count": "5"}


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", username="root")
    sign_in(client, admin)
    return admin


def url_of(made: Discount) -> str:
    return f"/admin/promotions/{made.id}/codes"


@pytest.mark.parametrize("role", ["coach", "client"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_nobody_else_comes_in(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    made = make.batch()
    sign_in(client, make.user(role=role))
    for answer in (
        client.get(url_of(made)),
        client.get(f"{url_of(made)}.csv"),
        client.post(url_of(made), data=MORE),
    ):
        assert answer.status_code == 403


@pytest.mark.usefixtures("admin")
def test_many_codes_are_ordered_and_watched_until_they_are_there(client: FlaskClient) -> None:
    answer = client.post("/admin/promotions/new", data=MANY)
    made = db.session.scalars(select(Promotion)).one()
    url = f"/admin/promotions/{made.id}/codes"
    assert (answer.status_code, answer.location) == (303, url)
    page = client.get(url).text
    assert "Making codes" in page
    assert "0 of 60" in page
    seen = codebook.standing(made.id).stamp
    assert client.get(url, query_string={"seen": seen}, headers=HTMX).status_code == 204
    outbox.drain(batches.TOPIC)
    part = client.get(url, query_string={"seen": seen}, headers=HTMX)
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "data-pulse" not in part.text
    assert part.text.count("FLYER-") == 25
    assert "60 codes" in client.get("/admin/promotions").text
    assert "60 single-use codes" in client.get(f"/admin/promotions/{made.id}").text


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_will_not_do_is_told_beside_its_field_and_kept(client: FlaskClient) -> None:
    wrong = MANY | {"code_length": "5", "code_count": "1000000", "code_prefix": "-no"}
    answer = client.post("/admin/promotions/new", data=wrong)
    assert answer.status_code == 400
    for told in ("This can&#39;t be less than 8.", "more than 100,000.", "begin with a letter", 'value="-no"'):
        assert told in answer.text
    headers = HTMX | {"HX-Trigger-Name": "code_length"}
    checked = client.post("/admin/promotions/check?kind=discount", data=wrong, headers=headers)
    assert "This can&#39;t be less than 8." in checked.text
    assert (
        "Please fill this in."
        not in client.post(
            "/admin/promotions/check?kind=discount", data=MANY, headers={**HTMX, "HX-Trigger-Name": "code"}
        ).text
    )


@pytest.mark.usefixtures("admin")
def test_the_terms_of_many_codes_are_changed_without_a_code(client: FlaskClient) -> None:
    made = make.batch()
    url = f"/admin/promotions/{made.id}"
    page = client.get(url).text
    assert 'name="code"' not in page
    assert "ordered single-use codes" in page
    changed = TYPED | {"title": "Other title", "version": "1"}
    assert client.post(url, data={name: value for name, value in changed.items() if name != "code"}).status_code == 303
    assert db.session.get_one(Promotion, made.id, populate_existing=True).title == "Other title"
    without = client.post(url, data=changed | {"title": "", "starts_on": "soon", "version": "2"})
    assert without.status_code == 422
    assert "Please check 2 fields" in without.text, "the title and the day, but no code"
    assert url_of(make.discount()) not in page
    assert client.get(url_of(make.discount())).status_code == 404


@pytest.mark.usefixtures("admin")
def test_more_are_ordered_once_however_often_the_form_is_sent(client: FlaskClient) -> None:
    made = make.batch(count=3)
    sent = MORE | {"known": "3"}
    assert client.post(url_of(made), data=sent).status_code == 303
    again = client.post(url_of(made), data=sent, headers=HTMX)
    assert again.status_code == 409
    assert "More codes were ordered in the meantime." in again.text
    assert 'value="MORE-"' in again.text
    assert 'name="known" type="hidden" value="8"' in again.text
    assert client.post(url_of(made), data=sent | {"code_count": "no", "known": "8"}).status_code == 400
    outbox.drain(batches.TOPIC)
    assert len(make.codes_of(made)) == 8


@pytest.mark.usefixtures("admin")
def test_the_list_tells_who_used_which_code_for_what(client: FlaskClient) -> None:
    made = make.batch(count=30)
    codes = make.codes_of(made)
    invoice = make.invoice(code=codes[3].lower())
    used = client.get(f"{url_of(made)}?status=used").text
    assert all(told in used for told in (codes[3], invoice.shopper, f"/admin/invoices/{invoice.number}"))
    assert codes[4] not in used
    assert codes[3] not in client.get(f"{url_of(made)}?status=unused").text
    found = client.get(f"{url_of(made)}?q={codes[7][2:9].lower()}", headers=HTMX).text
    assert codes[7] in found
    assert codes[8] not in found
    assert "No code fits" in client.get(f"{url_of(made)}?q=%25").text
    assert codes[29] in client.get(f"{url_of(made)}?page=2").text
    for code in codes[10:20]:
        make.invoice(code=code)
    url = url_of(made)
    with count_statements() as sent:
        client.get(url, headers=HTMX)
    assert len(sent) <= 6, sent


@pytest.mark.usefixtures("admin")
def test_the_file_holds_what_the_list_shows(client: FlaskClient) -> None:
    made = make.batch(count=1200, title="Flyer, spring")
    codes = make.codes_of(made)
    make.use(codes[1100])
    answer = client.get(f"{url_of(made)}.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename=codes-flyer-spring.csv"
    rows = list(csv.DictReader(StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row["code"] for row in rows] == codes
    assert rows[0] == {"code": codes[0], "used": "no", "used_at": ""}
    assert rows[1100] == {"code": codes[1100], "used": "yes", "used_at": "2026-03-02 12:00:00"}
    assert client.get(f"{url_of(made)}.csv?status=used").get_data(as_text=True).count("\r\n") == 2


def test_a_shopper_uses_a_code_once_and_gets_it_back_with_a_cancelled_order(app: Flask, client: FlaskClient) -> None:
    code = make.codes_of(make.batch(count=2, code_prefix="FLYER-"))[1]
    product = make.product(price_cents=2000)
    rival = app.test_client()

    def row() -> Any:
        query = select(PromotionCode.used_count, PromotionCode.auto_deactivated_at).where(PromotionCode.code == code)
        return db.session.execute(query).one()

    for visitor, name in ((client, "ada"), (rival, "bob")):
        call(visitor, name)
        put_in_cart(visitor, product)
    apply(client, f" {code.lower()} ")
    assert code in client.get("/store/cart").text
    number = order(client)
    invoice = orders.by_number(number)
    assert (invoice.code, invoice.discount_cents, invoice.total_cents) == (code, 200, 1800)
    assert row().used_count == 1
    assert row().auto_deactivated_at is not None
    refused = rival.post("/store/cart/code", data={"code": code}, headers=HTMX)
    assert (refused.status_code, "This code has been used up." in refused.text) == (422, True)
    with unit_of_work():
        orders.void(invoice.id, actor=make.SYSTEM, now=make.NOW + timedelta(days=365))
    assert tuple(row()) == (0, None)
    apply(rival, code)
    assert orders.by_number(order(rival)).code == code
