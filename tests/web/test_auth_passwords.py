"""A forgotten password, and the link that sets a new one."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts import tokens
from app.accounts.models import PasswordReset, User
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.messages.models import Mail
from tests import make
from tests.counting import count_statements


def ask(client: FlaskClient, email: str) -> str:
    """The path of the link that was mailed."""
    assert client.post("/password/forgot", data={"email": email}).status_code == 200
    outbox.drain("password_reset")
    link: str = db.session.scalars(select(Mail).order_by(Mail.id.desc())).first().context["link"]  # type: ignore[union-attr]
    return link.removeprefix("http://127.0.0.1:8000")


def test_a_link_sets_a_new_password_once_and_signs_out_everywhere(app: Flask, client: FlaskClient) -> None:
    user = make.user(username="ada", email="ada@example.com")
    other = app.test_client()
    other.post("/login", data={"username": "ada", "password": make.PASSWORD})
    with unit_of_work():
        pair = tokens.issue(user, clock.now())
    path = ask(client, "ADA@example.com")
    assert client.get(path).status_code == 200
    assert client.get(path).status_code == 200  # a mail scanner looking at it doesn't use it up
    answer = client.post(path, data={"password": "a new password"})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert other.get("/profile").status_code == 303
    assert tokens.bearer(pair.access, clock.now()) is None
    assert client.post("/login", data={"username": "ada", "password": make.PASSWORD}).status_code == 422
    assert client.post("/login", data={"username": "ada", "password": "a new password"}).status_code == 303
    assert client.get(path).status_code == 410
    assert client.post(path, data={"password": "another password"}).status_code == 410
    assert db.session.scalars(select(Mail.template).order_by(Mail.id)).all() == ["password_reset", "password_changed"]


def test_the_link_is_kept_as_a_hash_only(client: FlaskClient) -> None:
    make.user(email="ada@example.com")
    path = ask(client, "ada@example.com")
    (row,) = db.session.scalars(select(PasswordReset)).all()
    assert row.token_hash not in path
    assert path.rsplit("/", 1)[1] not in row.token_hash


def test_a_link_ends_after_an_hour(client: FlaskClient) -> None:
    make.user(email="ada@example.com")
    path = ask(client, "ada@example.com")
    with unit_of_work():
        db.session.execute(update(PasswordReset).values(expires_at=clock.now()))
    assert client.get(path).status_code == 410
    assert client.post(path, data={"password": "a new password"}).status_code == 410


def test_one_used_link_ends_the_others(client: FlaskClient) -> None:
    make.user(email="ada@example.com")
    first, second = ask(client, "ada@example.com"), ask(client, "ada@example.com")
    assert client.post(second, data={"password": "a new password"}).status_code == 303
    assert client.get(first).status_code == 410


def test_a_made_up_link_opens_nothing(client: FlaskClient) -> None:
    answer = client.get("/password/reset/made-up")
    assert answer.status_code == 410
    assert "Please ask for a new one." in answer.text
    assert "Send me a link" in answer.text


@pytest.mark.parametrize("email", ["nobody@example.com", "gone@example.com"])
def test_the_answer_and_the_work_are_the_same_without_an_account(app: Flask, client: FlaskClient, email: str) -> None:
    make.user(email="ada@example.com")
    make.user(email="gone@example.com", is_active=False)
    with count_statements() as with_account:
        known = client.post("/password/forgot", data={"email": "ada@example.com"})
    with count_statements() as without:
        unknown = app.test_client().post("/password/forgot", data={"email": email})
    assert len(with_account) == len(without)
    assert "a link to set a new password is on its way" in known.text
    assert "a link to set a new password is on its way" in unknown.text
    outbox.drain("password_reset")
    assert db.session.scalars(select(Mail.recipient)).all() == ["ada@example.com"]


def test_a_link_mailed_before_a_deactivation_opens_nothing(client: FlaskClient) -> None:
    user = make.user(email="ada@example.com")
    path = ask(client, "ada@example.com")
    with unit_of_work():
        db.session.execute(update(User).where(User.id == user.id).values(is_active=False))
    assert client.post(path, data={"password": "a new password"}).status_code == 410
    row = db.session.scalars(select(PasswordReset)).one()
    assert row.used_at is None


@pytest.mark.usefixtures("frozen")
def test_asking_is_limited_for_an_address_here_and_for_the_one_written_to(app: Flask, client: FlaskClient) -> None:
    for number in range(5):
        assert client.post("/password/forgot", data={"email": f"a{number}@example.com"}).status_code == 200
    assert client.post("/password/forgot", data={"email": "a6@example.com"}).status_code == 429
    for number in range(5):
        elsewhere = {"REMOTE_ADDR": f"10.0.0.{number}"}
        answer = app.test_client().post("/password/forgot", data={"email": "ada@example.com"}, environ_base=elsewhere)
        assert answer.status_code == 200
    elsewhere = {"REMOTE_ADDR": "10.0.0.99"}
    answer = app.test_client().post("/password/forgot", data={"email": "Ada@example.com"}, environ_base=elsewhere)
    assert answer.status_code == 429


def test_a_short_password_is_refused_and_the_link_stays_good(client: FlaskClient) -> None:
    make.user(email="ada@example.com")
    path = ask(client, "ada@example.com")
    answer = client.post(path, data={"password": "short"})
    assert answer.status_code == 422
    assert "Please take at least 8 characters." in answer.text
    assert client.post(path, data={"password": "a new password"}).status_code == 303
