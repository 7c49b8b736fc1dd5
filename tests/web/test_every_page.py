"""The whole house, walked through in the demo: no dead link, no page that fails, no look that changes anything."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import demo
from app.kit.db import db
from tests.counting import count_statements

LINK = re.compile(r'\b(?:href|hx-get)="(/[^"#]*)"')
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b")
MOST_PER_ROUTE = 4
SIGNED = {"/store/payments/stripe/webhook"}
EVERYBODY = (*demo.SIGN_INS, "visitor")


def test_every_link_leads_somewhere_and_looking_changes_nothing(business: Flask) -> None:
    """On PostgreSQL one page of each kind: what pages ask of the database doesn't differ between them."""
    most = 1 if db.engine.dialect.name == "postgresql" else MOST_PER_ROUTE
    for who in EVERYBODY:
        client = business.test_client()
        if who in demo.SIGN_INS:
            client.post("/login", data={"username": who, "password": demo.PASSWORD})
        with count_statements() as sent:
            failed = [
                f"{path} (from {came_from}): {answer.status_code}"
                for path, came_from, answer in walk(client, most=most)
                if answer.status_code >= 400
            ]
        assert failed == [], who
        assert [statement for statement in sent if WRITES.match(statement)] == [], who


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_unsafe_request_without_its_token_is_refused(app: Flask) -> None:
    forger = app.test_client()
    forger.sends_csrf = False  # type: ignore[attr-defined]
    tried = 0
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            if not rule.rule.startswith("/api/") and rule.rule not in SIGNED:
                answer = forger.open(a_path_for(app, rule.endpoint, rule.arguments), method=method)
                assert answer.status_code == 400, f"{method} {rule.rule}: {answer.status_code}"
                tried += 1
    assert tried > 20


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_only_programs_and_signed_notifications_need_no_token(app: Flask) -> None:
    csrf = app.extensions["csrf"]
    assert {blueprint.name for blueprint in csrf._exempt_blueprints} == {"api"}  # noqa: SLF001
    views = {f"{view.__module__}.{view.__name__}": name for name, view in app.view_functions.items()}
    exempt = {views[name] for name in csrf._exempt_views}  # noqa: SLF001
    assert {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in exempt} == SIGNED


def walk(client: FlaskClient, *, most: int = MOST_PER_ROUTE) -> Iterator[tuple[str, str, TestResponse]]:
    """Follow every link from the start page on; of pages that differ in a number only, a few."""
    waiting, known, routes = deque([("/", "the start")]), {"/"}, Counter[str]()
    while waiting:
        path, came_from = waiting.popleft()
        routes[re.sub(r"\d+|\?.*", "…", path)] += 1
        if routes[re.sub(r"\d+|\?.*", "…", path)] > most:
            continue
        answer = client.get(path, follow_redirects=True)
        yield path, came_from, answer
        for link in map(unescape, LINK.findall(answer.text if answer.mimetype == "text/html" else "")):
            if link not in known and not link.startswith("/static/"):
                known.add(link)
                waiting.append((link, path))


def a_path_for(app: Flask, endpoint: str, arguments: set[str]) -> str:
    """Some address of the route, with 1 or an allowed word for what varies."""
    values: dict[str, Any] = {name: "workout" if name == "kind" else 1 for name in arguments}
    with app.test_request_context():
        return app.url_for(endpoint, **values)
