"""The tests' own tools keep their promises."""

from collections.abc import Callable
from typing import Any

import flask
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext
from sqlalchemy import text

from app.kit.db import db, unit_of_work
from tests.browsing import complaints_of
from tests.counting import count_statements


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.usefixtures("app")
def test_what_one_test_does_to_rows_is_undone_for_the_next(turn: int) -> None:  # noqa: ARG001 the same, twice
    assert db.session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    with unit_of_work():
        db.session.execute(text("DELETE FROM alembic_version"))
    assert db.session.scalar(text("SELECT count(*) FROM alembic_version")) == 0


@pytest.mark.usefixtures("app")
def test_statements_are_counted_without_those_of_transactions() -> None:
    with count_statements() as sent, unit_of_work():
        db.session.execute(text("SELECT 1"))
    assert sent == ["SELECT 1"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_request_sees_nothing_of_the_test_around_it(app: Flask, client: FlaskClient) -> None:
    seen: list[Any] = []
    flask.g.mine = "the test's"
    with flask.request_started.connected_to(lambda *_a, **_k: seen.append(flask.g.get("mine")), app):
        client.options("/static/nothing")
    assert seen == [None]


def test_a_browser_complains_of_errors_on_the_console(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    complaints = complaints_of(page)
    page.evaluate("console.error('oh no')")
    page.evaluate("setTimeout(() => { throw new Error('oh dear') })")
    page.wait_for_event("pageerror") if len(complaints) < 2 else None
    assert "oh no" in complaints[0]
    assert "oh dear" in complaints[1]
