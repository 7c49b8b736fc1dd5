"""Making an account for oneself."""

import dataclasses
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import passwords
from app.accounts import service as accounts
from app.accounts.models import User
from app.kit.db import db
from app.loyalty.models import XpSummary
from tests import make
from tests.client import HTMX

ADA = {"username": "Ada", "email": "Ada@Example.com", "password": "a fine password", "referral_code": ""}


@pytest.fixture
def closed(app: Flask) -> Iterator[None]:
    kept = app.extensions["settings"]
    app.extensions["settings"] = dataclasses.replace(kept, allow_registration=False)
    yield
    app.extensions["settings"] = kept


def users() -> list[User]:
    return list(db.session.scalars(select(User).order_by(User.id)))


def test_an_account_is_made_and_signed_in_at_once(client: FlaskClient) -> None:
    answer = client.post("/register", data=ADA, headers={"Accept-Language": "th"})
    assert (answer.status_code, answer.location) == (303, "/client")
    (ada,) = users()
    assert (ada.username, ada.email, ada.role, ada.locale) == ("Ada", "ada@example.com", "client", "th")
    assert ada.timezone == "UTC"
    assert ada.referral_code
    assert ada.password_hash.startswith("$argon2id$")
    assert passwords.verify_password("a fine password", ada.password_hash)
    assert db.session.get(XpSummary, ada.id) is not None
    assert client.get("/profile").status_code == 200


def test_all_that_is_wrong_is_told_at_once(client: FlaskClient) -> None:
    make.user(username="grace")
    wrong = {"username": "Grace", "email": "ada@", "password": "short"}
    answer = client.post("/register", data=ADA | wrong)
    assert answer.status_code == 422
    for told in ("That username is taken.", "This is not an e-mail address.", "Please take at least 8 characters."):
        assert told in answer.text
    assert [user.username for user in users()] == ["grace"]


@pytest.mark.parametrize("address", ["ada@shop.local", "ada@laurel.test"])
def test_an_address_within_ones_own_network_is_fine(client: FlaskClient, address: str) -> None:
    client.post("/register", data=ADA | {"email": address})
    assert [user.email for user in users()] == [address]


def test_with_htmx_the_whole_page_goes_on(client: FlaskClient) -> None:
    answer = client.post("/register", data=ADA, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/client")


def test_a_referral_code_says_who_brought_them_in_any_case(client: FlaskClient) -> None:
    friend = make.user()
    client.post("/register", data=ADA | {"referral_code": f" {friend.referral_code.lower()} "})
    assert users()[-1].referred_by_id == friend.id


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("username", "GRACE", "That username is taken."),
        ("username", "ab", "A name has 3 to 32 letters"),
        ("username", "a" * 33, "A name has 3 to 32 letters"),
        ("username", "adä", "A name has 3 to 32 letters"),
        ("username", "", "Please fill this in."),
        ("email", "grace@EXAMPLE.com", "There is an account with that e-mail address already."),
        ("email", "ada@", "This is not an e-mail address."),
        ("email", "ada@shop.invalid", "This is not an e-mail address."),
        ("email", "a@example.com\r\nBcc: b@example.com", "This is not an e-mail address."),
        ("password", "seven77", "Please take at least 8 characters."),
        ("password", "a" * 201, "Please take at most 200 characters."),
        ("referral_code", "NOBODYS", "We don't know that referral code."),
    ],
)
def test_what_is_wrong_is_told_beside_the_field_and_nothing_is_made(
    client: FlaskClient, field: str, typed: str, told: str
) -> None:
    make.user(username="grace", email="grace@example.com")
    answer = client.post("/register", data=ADA | {field: typed})
    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert f'id="{field}-error"' in answer.text
    assert "a fine password" not in answer.text
    assert len(users()) == 1


def test_registration_can_be_switched_off(client: FlaskClient, closed: None) -> None:  # noqa: ARG001
    assert client.get("/register").status_code == 403
    assert client.post("/register", data=ADA).status_code == 403
    assert "/register" not in client.get("/login").text
    assert users() == []


def test_the_constraint_has_the_last_word_when_two_register_one_name(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.user(username="ada")
    monkeypatch.setattr(accounts, "has_account", lambda _name: False)
    answer = client.post("/register", data=ADA)
    assert answer.status_code == 422
    assert "That username is taken." in answer.text


@pytest.mark.usefixtures("frozen")
def test_whoever_asks_which_addresses_we_know_is_slowed_down(client: FlaskClient) -> None:
    make.user(username="grace", email="grace@example.com")
    for _each in range(30):
        assert client.post("/register", data=ADA | {"email": "grace@example.com"}).status_code == 422
    assert client.post("/register", data=ADA).status_code == 429
