"""Every refusal is told in the form in which the visitor asked: page, part or JSON."""

import contextvars
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort
from flask.typing import ResponseReturnValue
from sqlalchemy import event, make_url

from app import create_app
from app.config import settings
from app.errors import Conflict, NotFound, RateLimited, ValidationFailed
from app.kit.db import db, unit_of_work
from app.kit.limits import LimitCounter
from app.web.visitor import access
from tests.client import HTMX, Browser
from tests.conftest import settings_for_tests
from tests.make import NOW

TELLING = {400, 403, 404, 405, 413, 429, 500, 503}


def raises(error: Exception) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        raise error

    return access("public")(view)


def tell(status: int) -> ResponseReturnValue:
    abort(status)


@pytest.fixture
def broken(app: Flask) -> Iterator[Flask]:
    """The app with addresses that fail in every way; `/api/…` likewise."""
    made = create_app(settings(app))
    made.test_client_class = Browser
    made.config["PROPAGATE_EXCEPTIONS"] = False
    failures: dict[str, Exception] = {
        "refused": Conflict("Somebody else was faster. Look again.", seats=0),
        "missing": NotFound(),
        "often": RateLimited(7),
        "invalid": ValidationFailed({"code": ["Please fill this in."]}),
        "bug": ZeroDivisionError("a secret detail"),
    }
    for name, error in failures.items():
        made.add_url_rule(f"/fail/{name}", name, raises(error))
        made.add_url_rule(f"/api/fail/{name}", f"api_{name}", raises(error))
    made.add_url_rule("/fail/status/<int:status>", "status", access("public")(tell))
    made.add_url_rule("/fail/write", "write", access("public")(write), methods=["POST"])
    yield made
    with made.app_context():
        db.engine.dispose()


def write() -> str:
    with unit_of_work():
        db.session.add(LimitCounter(bucket="x", count=1, expires_at=NOW))
    return "written"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "wait a second and"), (1, "wait a second and"), (2, "wait 2 seconds and")]
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_how_long_to_wait_is_told_in_proper_numbers(app: Flask, seconds: int, said: str) -> None:
    with app.test_request_context():
        assert said in str(RateLimited(seconds).message)


@pytest.mark.parametrize("status", sorted(TELLING))
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_each_error_has_a_page_of_its_own_that_says_what_to_do(broken: Flask, status: int) -> None:
    visitor = broken.test_client()
    answer = visitor.get(f"/fail/status/{status}")
    assert answer.status_code == status
    pages = {visitor.get(f"/fail/status/{each}").text for each in TELLING}
    assert len(pages) == len(TELLING)
    assert "<h1>" in answer.text
    assert 'href="/' in answer.text


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_refusal_is_told_as_page_part_or_json(broken: Flask) -> None:
    visitor = broken.test_client()
    page = visitor.get("/fail/refused")
    part = visitor.get("/fail/refused", headers=HTMX)
    data = visitor.get("/api/fail/refused")
    assert [page.status_code, part.status_code, data.status_code] == [409, 409, 409]
    assert "Somebody else was faster. Look again." in page.text
    assert "<html" in page.text
    assert "Somebody else was faster. Look again." in part.text
    assert "<html" not in part.text
    assert (part.headers["HX-Retarget"], part.headers["HX-Reswap"]) == ("#toasts", "beforeend")
    assert data.json == {
        "status": "error",
        "error": "conflict",
        "message": "Somebody else was faster. Look again.",
        "data": {"seats": 0},
    }


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_invalid_fields_are_named(broken: Flask) -> None:
    told: Any = broken.test_client().get("/api/fail/invalid").json
    assert told["error"] == "validation_error"
    assert told["fields"] == {"code": ["Please fill this in."]}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/fail/often", "/api/fail/often"])
def test_who_was_too_fast_is_told_how_long_to_wait(broken: Flask, path: str) -> None:
    answer = broken.test_client().get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/fail/bug", "/api/fail/bug"])
def test_a_failure_of_ours_shows_nothing_of_the_inside(broken: Flask, path: str) -> None:
    answer = broken.test_client().get(path)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_form_without_its_token_is_refused_and_says_what_to_do(broken: Flask) -> None:
    forger = broken.test_client()
    forger.sends_csrf = False  # type: ignore[attr-defined]
    answer = forger.post("/fail/write")
    assert answer.status_code == 400
    assert "reload" in answer.text
    assert db.session.query(LimitCounter).count() == 0


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_database_that_stays_locked_is_a_503_with_a_time_to_come_back(broken: Flask, app: Flask) -> None:
    file = Path(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database or "")
    visitor = broken.test_client()
    visitor.get("/fail/missing")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with broken.app_context():
        wait_only_briefly()
        answer = visitor.post("/fail/write")
    other.close()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert visitor.post("/fail/write").text == "written"


def wait_only_briefly() -> None:
    """BEGIN IMMEDIATE would wait for 15 s; a test needn't."""
    event.listen(db.engines[None], "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=50"))


@pytest.mark.parametrize("path", ["/client", "/store"])
def test_without_a_database_even_a_signed_in_visitor_gets_a_whole_page(
    tmp_path: Path, redis_url: str, path: str
) -> None:
    away = create_app(settings_for_tests(tmp_path, "postgresql+psycopg://nobody@127.0.0.1:1/none", redis_url))
    visitor = away.test_client()
    with visitor.session_transaction() as session:
        session.update(_user_id="1.1", _fresh=True)
    answer = contextvars.Context().run(visitor.get, path, headers={"Accept-Language": "th"})
    assert answer.status_code == 503
    assert '<html lang="th">' in answer.text
    assert "</html>" in answer.text
