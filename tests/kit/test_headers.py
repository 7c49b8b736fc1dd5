"""What every answer tells the browser, and whom we believe."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import settings
from app.kit.db import db

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@pytest.fixture
def visiting(app: Flask) -> Iterator[Callable[..., FlaskClient]]:
    """`visiting(trusted_proxies=1)`: a visitor of an app with other settings."""
    made: list[Flask] = []

    def visiting(**changed: object) -> FlaskClient:
        made.append(create_app(replace(settings(app), **changed)))  # type: ignore[arg-type]
        return made[-1].test_client()

    yield visiting
    for each in made:
        with each.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/readyz", "/static/favicon.svg"])
def test_every_answer_forbids_foreign_code_frames_and_guesses(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_kept_by_nobody(client: FlaskClient) -> None:
    headers = client.get("/login").headers
    assert headers["Cache-Control"] == "private, no-store"
    assert {"Cookie", "HX-Request"} <= {name.strip() for name in headers["Vary"].split(",")}


def test_only_configured_hosts_are_answered_but_health_to_everybody(visiting: Callable[..., FlaskClient]) -> None:
    visitor = visiting(allowed_hosts=("shop.example",))
    assert visitor.get("/login", base_url="http://shop.example").status_code == 200
    assert visitor.get("/login", base_url="http://evil.example").status_code == 400
    assert visitor.get("/healthz", base_url="http://10.0.0.7").status_code == 200


def test_forwarded_addresses_count_only_behind_a_configured_proxy(visiting: Callable[..., FlaskClient]) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9"}
    plain = visiting(allowed_hosts=("localhost",))
    behind = visiting(allowed_hosts=("localhost",), trusted_proxies=1)
    assert plain.get("/login", headers=forged).status_code == 200
    assert behind.get("/login", headers=forged).status_code == 400


def test_browsers_are_told_to_stay_on_https(visiting: Callable[..., FlaskClient]) -> None:
    assert "Strict-Transport-Security" not in visiting().get("/login").headers
    secure = visiting(base_url="https://shop.example").get("/login", base_url="https://shop.example")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")
