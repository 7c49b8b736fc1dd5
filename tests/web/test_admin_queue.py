from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(role="admin")
    sign_in(client, user)
    return user


def broken_event(*, is_set_aside: bool) -> OutboxEvent:
    with unit_of_work():
        outbox.put("xp", key="xp:7:workout:x", payload={"user_id": 7}, now=clock.now() - timedelta(minutes=3))
    make.settled()
    with unit_of_work():
        event = db.session.scalars(select(OutboxEvent).where(OutboxEvent.key == "xp:7:workout:x")).one()
        event.set_aside_at = clock.now() if is_set_aside else None
    return event


def test_what_waits_and_what_failed_is_shown(client: FlaskClient, admin: User) -> None:  # noqa: ARG001
    broken_event(is_set_aside=True)
    make.workout(make.user())
    page = client.get("/admin/queue").text
    assert "XP and points" in page
    assert "1 waiting" in page
    assert "Oldest since Mar 2, 2026" in page
    assert "1 failed" in page
    assert "KeyError" in page
    assert "Set aside" in page


def test_an_event_that_is_still_tried_shows_when(client: FlaskClient, admin: User) -> None:  # noqa: ARG001
    broken_event(is_set_aside=False)
    page = client.get("/admin/queue").text
    assert "Next try" in page
    assert "Try again" not in page


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_was_set_aside_can_be_tried_again(client: FlaskClient, admin: User, headers: dict[str, str]) -> None:
    event = broken_event(is_set_aside=True)
    answer = client.post(f"/admin/queue/{event.id}/retry", headers=headers)
    assert answer.status_code == (200 if headers else 303)
    again = db.session.get_one(OutboxEvent, event.id)
    assert (again.set_aside_at, again.attempts) == (None, 0)
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "retry"))
    assert (entry.actor_id, entry.entity, entry.entity_id) == (admin.id, "outbox_event", str(event.id))
    assert client.post(f"/admin/queue/{event.id}/retry").status_code == 404


def test_all_is_well_when_nothing_failed(client: FlaskClient, admin: User) -> None:  # noqa: ARG001
    assert "All is well" in client.get("/admin/queue").text


@pytest.mark.parametrize("role", ["client", "coach"])
def test_only_admins_see_it(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.get("/admin/queue").status_code == 403
    assert visitor.post("/admin/queue/1/retry").status_code == 403
