"""What every answer of the API has in common, refusals above all."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

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
        ("", {"body"}),
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
