"""What every answer of the API has in common, refusals above all."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts import tokens
from app.accounts.models import ApiKey
from app.kit import limits
from app.kit.db import db, unit_of_work
from app.kit.limits import LIMITS
from tests import make

TOKEN = "/api/v1/auth/token"
CREDENTIALS = {"username": "ada", "password": make.PASSWORD}

without_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@without_database
@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/api/nothing/here", 404, "not_found"),
        ("GET", "/api/promotions/9999999999999999999", 404, "not_found"),
        ("PUT", "/api/promotions/9999999999999999999", 404, "not_found"),
        ("GET", "/api/promotions/\u0661", 404, "not_found"),
        ("DELETE", "/api/openapi.json", 405, "method_not_allowed"),
        ("GET", TOKEN, 405, "method_not_allowed"),
    ],
)
def test_a_wrong_address_is_told_in_json(client: FlaskClient, method: str, path: str, status: int, error: str) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert answer.json is not None
    assert (answer.json["status"], answer.json["error"]) == ("error", error)
    assert answer.json["message"]
    assert status != 405 or answer.headers["Allow"]


@without_database
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("", {"username", "password"}),
        ("{", {"body"}),
        ("[]", {"body"}),
        ("null", {"body"}),
        (b'{"username": "\xff"}', {"body"}),
        ("{}", {"username", "password"}),
        ('{"username": "ada", "password": 12345678}', {"password"}),
        ('{"username": "ada", "password": null}', {"password"}),
        ('{"username": ["ada"], "password": "x"}', {"username"}),
        ('{"username": "a\\u0000a", "password": "x"}', {"username"}),
        ('{"username": "", "password": "x"}', {"username"}),
        ('{"username": "ada", "password": "x", "pasword": "x"}', {"pasword"}),
        ('{"username": ' + "[" * 100_000, {"body"}),
    ],
)
def test_a_body_that_is_not_valid_is_told_by_field(client: FlaskClient, body: str | bytes, fields: set[str]) -> None:
    answer = client.post(TOKEN, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == "validation_error"
    assert answer.json["fields"].keys() == fields
    assert all(sentence for sentences in answer.json["fields"].values() for sentence in sentences)


@without_database
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_only_json_is_read(client: FlaskClient, content_type: str) -> None:
    answer = client.post(TOKEN, data="username=ada&password=x", content_type=content_type)
    assert answer.status_code == 415
    assert answer.json is not None
    assert answer.json["error"] == "unsupported_media_type"


@without_database
def test_what_comes_without_a_length_is_json_too(client: FlaskClient) -> None:
    answer = client.post(TOKEN, content_type="text/plain", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 415


@without_database
def test_a_body_of_more_than_a_megabyte_is_too_large(client: FlaskClient) -> None:
    answer = client.post(TOKEN, json={"username": "a" * 1_100_000, "password": "x"})
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["error"] == "too_large"


@without_database
def test_a_failure_of_ours_shows_nothing_of_our_insides(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Any:
        raise RuntimeError("the secret plan")

    monkeypatch.setitem(app.view_functions, "api.describe", fail)
    answer = app.test_client().get("/api/openapi.json")
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["error"] == "internal_error"
    assert "secret" not in answer.text


@without_database
def test_a_token_that_is_none_opens_nothing(client: FlaskClient) -> None:
    for header in ("Bearer", "Bearer x.y.z", "Bearer laurel_nothing", "Basic YTpi", "Bearer \xff"):
        answer = client.get("/api/promotions", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.json is not None
        assert answer.json["error"] == "unauthorized"


def test_a_cookie_opens_nothing(client: FlaskClient, sign_in: Any) -> None:
    sign_in(client, make.user(role="admin"))
    for method, path in (("GET", "/api/promotions"), ("POST", "/api/promotions"), ("DELETE", "/api/promotions/1")):
        answer = client.open(path, method=method, json={} if method == "POST" else None)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "Set-Cookie" not in answer.headers


def test_what_ends_a_session_ends_its_tokens_too(client: FlaskClient) -> None:
    admin = make.user(role="admin")
    bearer = make.bearer(admin)
    assert client.get("/api/promotions", headers=bearer).status_code == 200
    with unit_of_work():
        accounts.end_everything(accounts.lock(admin.id), make.NOW)
    assert client.get("/api/promotions", headers=bearer).status_code == 401


def test_an_access_token_lasts_a_quarter_of_an_hour(client: FlaskClient, frozen: time_machine.Traveller) -> None:
    bearer = make.bearer()
    frozen.shift(timedelta(minutes=15) - timedelta(seconds=1))
    assert client.get("/api/promotions", headers=bearer).status_code == 200
    frozen.shift(timedelta(seconds=1))
    assert client.get("/api/promotions", headers=bearer).status_code == 401


@without_database
def test_a_token_that_others_signed_opens_nothing(client: FlaskClient) -> None:
    admin = make.user(role="admin")
    claims = {"aud": "laurel:api", "sub": str(admin.id), "epoch": 1, "exp": 4_000_000_000}
    cookies = str(client.application.secret_key)
    forged = [
        jwt.encode(claims, "another secret, which is long enough too", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, cookies, algorithm="HS256"),
        jwt.encode(claims, tokens.signing_key() * 2, algorithm="HS512"),
        jwt.encode({**claims, "aud": "another purpose"}, tokens.signing_key(), algorithm="HS256"),
        jwt.encode({**claims, "epoch": 2}, tokens.signing_key(), algorithm="HS256"),
    ]
    for token in forged:
        answer = client.get("/api/promotions", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


@pytest.mark.usefixtures("frozen")
def test_a_program_asks_600_times_a_minute_at_most(client: FlaskClient) -> None:
    bearer = make.api_key("read")
    for _each in range(LIMITS["api_key"]):
        limits.count("api_key", "1")
    answer = client.get("/api/promotions", headers=bearer)
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers


def test_the_last_use_of_a_key_is_noted(client: FlaskClient) -> None:
    client.get("/api/promotions", headers=make.api_key("read"))
    assert db.session.scalars(select(ApiKey.last_used_at)).one() is not None
