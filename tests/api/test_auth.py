"""Signing in to the API."""

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import RefreshToken
from app.kit.db import db, unit_of_work
from tests import make

TOKEN = "/api/v1/auth/token"
REFRESH = "/api/v1/auth/refresh"
REVOKE = "/api/v1/auth/revoke"


def sign_in(client: FlaskClient, name: str, password: str = make.PASSWORD) -> TestResponse:
    return client.post(TOKEN, json={"username": name, "password": password})


def renew(client: FlaskClient, token: str) -> TestResponse:
    return client.post(REFRESH, json={"refreshToken": token})


def test_a_password_buys_a_pair_of_tokens(client: FlaskClient) -> None:
    user = make.user(username="Ada")
    answer = sign_in(client, "ada")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "success"
    assert answer.json["data"].keys() == {"accessToken", "refreshToken", "expiresIn"}
    assert answer.json["data"]["expiresIn"] == 900
    assert db.session.scalars(select(RefreshToken.user_id)).all() == [user.id]


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", make.PASSWORD), ("gone", make.PASSWORD)])
def test_whoever_cannot_sign_in_hears_the_same(client: FlaskClient, name: str, password: str) -> None:
    make.user(username="ada")
    make.user(username="gone", is_active=False)
    answer = sign_in(client, name, password)
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"] == "unauthorized"
    assert answer.json["message"].startswith("That name and password")
    assert db.session.scalar(select(func.count(RefreshToken.id))) == 0


@pytest.mark.usefixtures("frozen")
def test_the_eleventh_failure_of_a_minute_has_to_wait(client: FlaskClient) -> None:
    make.user(username="ada")
    for _each in range(10):
        assert sign_in(client, "ada", "wrong").status_code == 401
    answer = sign_in(client, "ADA")
    assert answer.status_code == 429
    assert answer.json is not None
    assert answer.json["error"] == "rate_limited"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_refresh_token_gets_the_next_pair(client: FlaskClient) -> None:
    make.user(username="ada")
    first = tokens(sign_in(client, "ada"))
    second = tokens(renew(client, first["refreshToken"]))
    assert second["refreshToken"] != first["refreshToken"]
    assert renew(client, second["refreshToken"]).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_the_sign_in(client: FlaskClient) -> None:
    make.user(username="ada")
    stolen = tokens(sign_in(client, "ada"))["refreshToken"]
    successor = tokens(renew(client, stolen))["refreshToken"]
    assert renew(client, stolen).status_code == 401
    assert renew(client, successor).status_code == 401


def test_a_refresh_token_grows_too_old(client: FlaskClient, frozen: time_machine.Traveller) -> None:
    make.user(username="ada")
    token = tokens(sign_in(client, "ada"))["refreshToken"]
    frozen.shift(timedelta(days=30))
    assert renew(client, token).status_code == 401


def test_a_revoked_refresh_token_is_worth_nothing(client: FlaskClient) -> None:
    make.user(username="ada")
    token = tokens(sign_in(client, "ada"))["refreshToken"]
    for _again in range(2):
        assert client.post(REVOKE, json={"refreshToken": token}).status_code == 200
    assert renew(client, token).status_code == 401


def test_deactivation_ends_refresh_tokens(client: FlaskClient) -> None:
    user = make.user(username="ada")
    token = tokens(sign_in(client, "ada"))["refreshToken"]
    with unit_of_work():
        user.is_active = False
    assert renew(client, token).status_code == 401


def tokens(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 200
    assert answer.json is not None
    data: dict[str, str] = answer.json["data"]
    return data
