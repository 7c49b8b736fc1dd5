"""Plain forms that change and delete."""

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("method", ["PATCH", "put", "Delete"])
def test_a_form_that_names_a_method_is_served_as_it(app: Flask, method: str, kind: str) -> None:
    with app.test_request_context("/x", method="POST", data={"_method": method, "a": "1"}, content_type=kind):
        assert request.method == method.upper()
        assert request.form["a"] == "1"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "", "nonsense"])
def test_a_form_can_not_name_another(app: Flask, method: str) -> None:
    with app.test_request_context("/x", method="POST", data={"_method": method}):
        assert request.method == "POST"


def test_nothing_but_a_form_names_a_method(app: Flask) -> None:
    with app.test_request_context("/x?_method=DELETE", method="POST", json={"_method": "DELETE"}):
        assert request.method == "POST"
    with app.test_request_context("/x?_method=DELETE"):
        assert request.method == "GET"


def test_a_form_that_is_too_large_is_told_so(client: FlaskClient) -> None:
    answer = client.post("/store/cart/code", data={"code": "x" * 2_000_000})
    assert answer.status_code == 413


def test_a_named_method_needs_the_token_too(client: FlaskClient) -> None:
    client.sends_csrf = False  # type: ignore[attr-defined]
    assert client.post("/store/cart/code", data={"_method": "DELETE"}).status_code == 400
