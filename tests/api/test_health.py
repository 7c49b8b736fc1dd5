"""What machines that watch us are told."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import settings
from app.kit.db import db
from app.kit.processes import free_port

NOBODY_LISTENS = f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture
def another(app: Flask, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """A visitor of an app of its own, with other settings (given as the fixture's parameter)."""
    other = create_app(replace(settings(app), **request.param))
    with other.app_context():
        yield other.test_client()
        db.session.remove()
        db.engine.dispose()


def test_a_running_process_is_alive(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200


def test_it_is_ready_when_database_and_redis_answer(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["data"] == {"database": "ok", "redis": "ok", "degraded": False}


@pytest.mark.parametrize("another", [{"redis_url": NOBODY_LISTENS}], indirect=True)
def test_it_is_ready_but_degraded_without_redis(another: FlaskClient) -> None:
    answer = another.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["data"] == {"database": "ok", "redis": "away", "degraded": True}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "another", [{"database_url": f"postgresql+psycopg://laurel@127.0.0.1:{free_port()}/laurel"}], indirect=True
)
def test_it_is_not_ready_without_its_database(another: FlaskClient) -> None:
    answer = another.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json is not None
    assert answer.json["data"]["database"] == "away"
    assert another.get("/metrics").status_code == 200


def test_figures_tell_requests_by_route_and_status_and_how_the_queue_stands(client: FlaskClient) -> None:
    client.get("/readyz")
    figures = client.get("/metrics").text
    assert 'laurel_requests_total{method="GET",route="/readyz",status="200"}' in figures
    assert 'laurel_request_statements_bucket{le="1.0",route="/readyz"}' in figures
    assert 'laurel_request_database_seconds_count{route="/readyz"}' in figures
    assert "# HELP laurel_queue_waiting" in figures


def test_figures_are_not_for_visitors_who_come_through_a_proxy(client: FlaskClient) -> None:
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 404


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("another", [{"metrics_key": "a key for the watchers"}], indirect=True)
def test_with_a_key_figures_are_for_those_who_have_it(another: FlaskClient) -> None:
    assert another.get("/metrics").status_code == 401
    assert another.get("/metrics", headers={"Authorization": "Bearer guessed"}).status_code == 401
    with_key = another.get(
        "/metrics",
        headers={"Authorization": "Bearer a key for the watchers"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert with_key.status_code == 200
