"""Every request has an id, in and out and in each line of the log; secrets don't get that far."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from app import create_app
from app.config import settings
from app.kit import logs
from app.kit.db import db

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@pytest.fixture
def json_logs() -> Iterator[None]:
    """The log as production writes it; afterwards as it was."""
    handlers = logging.getLogger().handlers
    logs.configure("json")
    yield
    logs.configure("console")
    logging.getLogger().handlers = handlers


def test_the_callers_request_id_comes_back(client: FlaskClient) -> None:
    answer = client.get("/readyz", headers={"X-Request-ID": "from-the-proxy.7"})
    assert answer.headers["X-Request-ID"] == "from-the-proxy.7"


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, "ünï", '"><script>'])
def test_what_is_no_id_is_replaced(client: FlaskClient, offered: str) -> None:
    answer = client.get("/readyz", headers={"X-Request-ID": offered.encode().decode("latin-1")})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_a_request_is_logged_by_its_route_without_what_it_was_asked(client: FlaskClient) -> None:
    with capture_logs() as lines:
        client.get("/password/reset/a-secret-token?code=SAVE10")
    (line,) = [each for each in lines if each["event"] == "request"]
    assert line["route"] == "/password/reset/<token>"
    assert "a-secret-token" not in str(lines)
    assert "SAVE10" not in str(lines)


@pytest.mark.usefixtures("json_logs", "app")
def test_secrets_are_blanked_in_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")  # to the captured stderr
    structlog.get_logger("test").warning("noted", password="hunter2", api_key="k", access_token="t", code="C", user=7)
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["user"] == 7
    assert {line[name] for name in ("password", "api_key", "access_token", "code")} == {"…"}
    assert line["timestamp"].endswith("Z")


def test_what_people_typed_is_not_in_errors_of_the_database(app: Flask) -> None:
    other = create_app(replace(settings(app), environment="development"))
    with other.app_context(), pytest.raises(SQLAlchemyError) as failed:
        db.session.execute(text("SELECT :typed FROM nowhere"), {"typed": "hunter2"})
    with other.app_context():
        db.engine.dispose()
    assert "hunter2" not in str(failed.value)


@pytest.mark.usefixtures("json_logs", "app")
def test_a_traceback_shows_no_local_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    typed = bytes.fromhex("68756e74657232").decode()  # so that the source line doesn't show it either
    try:
        len(typed) / 0
    except ZeroDivisionError:
        structlog.get_logger("test").exception("went_wrong")
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "hunter2" not in told
