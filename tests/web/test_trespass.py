"""Whoever reaches for what isn't theirs is told that it isn't there, and stands in the log."""

from collections.abc import Callable, Iterator

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.contextvars import merge_contextvars
from structlog.testing import LogCapture

from app import errors
from app.accounts.models import User
from app.cart.models import CartLine
from app.kit.db import db
from app.kit.logs import Trickle
from tests import make
from tests.shopping import call, order, put_in_cart

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[LogCapture]:
    """What this process logs meanwhile."""
    monkeypatch.setattr(errors, "trespasses", Trickle(most=3))
    before, capture = structlog.get_config()["processors"], LogCapture()
    processors = before[:]
    before[:] = [merge_contextvars, capture]  # in place: loggers keep the list that they saw first
    yield capture
    before[:] = processors


def refused(log: LogCapture) -> list[tuple[str, str, str]]:
    return [
        (each.get("by", "nobody"), each["method"], each["path"]) for each in log.entries if each["event"] == "refused"
    ]


def test_somebody_elses_invoice(app: Flask, client: FlaskClient, sign_in: SignIn, log: LogCapture) -> None:
    call(client, "ada")
    put_in_cart(client, make.product())
    path, other, mia = f"/store/invoices/{order(client)}", app.test_client(), make.user()
    sign_in(other, mia)
    assert other.get(path).status_code == 404
    assert other.post(f"{path}/cancel").status_code == 404
    assert app.test_client().get(f"{path}?key=made-up").status_code == 404
    assert refused(log) == [
        (f"user:{mia.id}", "GET", path),
        (f"user:{mia.id}", "POST", f"{path}/cancel"),
        ("nobody", "GET", path),
    ]
    assert "made-up" not in str(log.entries)


def test_somebody_elses_log_and_cart(app: Flask, client: FlaskClient, sign_in: SignIn, log: LogCapture) -> None:
    put_in_cart(client, make.product())
    line = f"/store/cart/lines/{db.session.scalar(select(CartLine.id))}"
    workout = f"/client/log/workout/{make.workout(make.user()).id}"
    other, mia = app.test_client(), make.user()
    sign_in(other, mia)
    assert [other.delete(path).status_code for path in (line, workout)] == [404, 404]
    assert refused(log) == [(f"user:{mia.id}", "DELETE", path) for path in (line, workout)]


def test_an_area_of_another_role_and_an_endpoint_of_another_scope(
    client: FlaskClient, sign_in: SignIn, log: LogCapture
) -> None:
    mia = make.user()
    sign_in(client, mia)
    assert client.get("/admin/users").status_code == 403
    assert client.get("/api/promotions", headers=make.bearer(mia)).status_code == 403
    assert refused(log) == [(f"user:{mia.id}", "GET", "/admin/users"), (f"user:{mia.id}", "GET", "/api/promotions")]


def test_what_does_not_exist_is_only_missing(client: FlaskClient, sign_in: SignIn, log: LogCapture) -> None:
    sign_in(client, make.user())
    assert client.get("/store/invoices/2026-999999").status_code == 404
    assert client.delete("/client/log/workout/999999").status_code == 404
    assert client.delete("/store/cart/lines/999999").status_code == 404
    assert refused(log) == []


@pytest.mark.usefixtures("frozen")
def test_a_flood_is_logged_a_little(client: FlaskClient, sign_in: SignIn, log: LogCapture) -> None:
    sign_in(client, make.user())
    assert {client.get("/admin").status_code for _each in range(9)} == {403}
    assert len(refused(log)) == 3
