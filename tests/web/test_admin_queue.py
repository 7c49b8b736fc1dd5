import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import ladder
from app.loyalty.achievement_models import UserAchievement
from app.loyalty.ladder import LevelDetails
from app.loyalty.models import XpSummary
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


@pytest.mark.parametrize("is_set_aside", [True, False])
def test_an_event_that_nobody_knows_is_in_trouble_and_says_so(
    client: FlaskClient,
    admin: User,  # noqa: ARG001
    is_set_aside: bool,
) -> None:
    make.workout(make.user())
    with unit_of_work():
        event = db.session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "xp")).one()
        event.topic, event.set_aside_at = "from_the_future", clock.now() if is_set_aside else None
    page = client.get("/admin/queue").text
    assert "1 failed" in page if is_set_aside else "1 waiting" in page
    row = row_of(page, event)
    assert row.startswith("from_the_future")
    assert "This version of Laurel doesn't know it." in row
    assert "Set aside" in row if is_set_aside else "Nobody takes it" in row
    assert "Try again" not in row
    answer = client.post(f"/admin/queue/{event.id}/retry")
    assert answer.status_code == (409 if is_set_aside else 404)
    if is_set_aside:
        assert "Nothing here can work off “from_the_future”." in answer.text
    kept = db.session.get_one(OutboxEvent, event.id, populate_existing=True)
    assert (kept.set_aside_at is not None) == is_set_aside


def test_all_is_well_when_nothing_failed(client: FlaskClient, admin: User) -> None:  # noqa: ARG001
    assert "All is well" in client.get("/admin/queue").text


@pytest.mark.parametrize("role", ["client", "coach"])
def test_only_admins_see_it(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.get("/admin/queue").status_code == 403
    assert visitor.post("/admin/queue/1/retry").status_code == 403


def poison(topic: str) -> tuple[OutboxEvent, dict[str, Any]]:
    """The next event of this topic, spoilt, and what it said before."""
    with unit_of_work():
        event = db.session.scalars(select(OutboxEvent).where(OutboxEvent.topic == topic)).one()
        healthy, event.payload = event.payload, {"nobody": "knows"}
    return event, healthy


def work_until_set_aside(
    event: OutboxEvent, frozen: time_machine.TimeMachineFixture, sign_in: Callable[[], None]
) -> list[timedelta]:
    """Try it as often as workers do, looking at the page in between. The pauses between the tries."""
    pauses: list[timedelta] = []
    while True:
        outbox.drain(event.topic)
        event = db.session.get_one(OutboxEvent, event.id, populate_existing=True)
        if event.set_aside_at:
            return pauses
        pauses.append(event.due_at - clock.now())
        assert outbox.drain(event.topic) == 0  # not before its time
        assert event.attempts == len(pauses)
        frozen.shift(pauses[-1])
        sign_in()


def retry_on_page(client: FlaskClient, event: OutboxEvent) -> None:
    assert client.post(f"/admin/queue/{event.id}/retry").status_code == 303
    outbox.drain(event.topic)
    assert db.session.get_one(OutboxEvent, event.id, populate_existing=True).settled_at is not None
    assert "All is well" in client.get("/admin/queue").text


def mend(event: OutboxEvent, payload: dict[str, Any]) -> None:
    with unit_of_work():
        db.session.get_one(OutboxEvent, event.id, populate_existing=True).payload = payload


def test_a_poisoned_xp_event_is_tried_set_aside_shown_mended_and_paid_once(
    frozen: time_machine.TimeMachineFixture, client: FlaskClient, admin: User, sign_in: SignIn
) -> None:
    mia, ben = make.user(), make.user()
    make.workout(mia)
    event, healthy = poison("xp")
    make.workout(ben)
    make.settled()
    assert db.session.get_one(XpSummary, ben.id).total_xp == 20  # others don't wait for it
    pauses = work_until_set_aside(event, frozen, lambda: sign_in(client, admin))
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(minutes=1) < timedelta(hours=1) < pauses[-1]
    row = row_of(client.get("/admin/queue").text, event)
    assert row.startswith("XP and points")
    assert "KeyError" in row
    assert "Set aside" in row
    mend(event, healthy)
    retry_on_page(client, event)
    outbox.drain("xp")
    assert db.session.get_one(XpSummary, mia.id, populate_existing=True).figures[:2] == (20, 20)


@pytest.mark.parametrize(("topic", "words"), [("levels", "Changed levels"), ("achievements", "New achievements")])
def test_what_follows_from_changed_levels_and_achievements_is_shown_and_tried_again_too(
    frozen: time_machine.TimeMachineFixture, client: FlaskClient, admin: User, sign_in: SignIn, topic: str, words: str
) -> None:
    mia = make.rich_client(150)
    with unit_of_work():
        ladder.create(LevelDetails("Gold", 1, 100), actor=SYSTEM, now=clock.now())
    make.achievement("xp_total", 100)
    event, healthy = poison(topic)
    page = client.get("/admin/queue").text
    tile = page.partition(f">{words}<")[2].partition("</div>")[0]
    assert "1 waiting" in tile
    assert "Oldest since Mar 2, 2026" in tile
    work_until_set_aside(event, frozen, lambda: sign_in(client, admin))
    row = row_of(client.get("/admin/queue").text, event)
    assert row.startswith(words)
    assert "Set aside" in row
    mend(event, healthy)
    for other in {"levels", "achievements"} - {topic}:
        outbox.drain(other)
    retry_on_page(client, event)
    summary = db.session.get_one(XpSummary, mia.id, populate_existing=True)
    assert summary.level is not None
    assert summary.level.name == "Gold"
    assert db.session.scalars(select(UserAchievement.user_id)).all() == [mia.id]


def row_of(page: str, event: OutboxEvent) -> str:
    """What the row of this event says."""
    [row] = [each for each in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if event.key in each]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


@pytest.mark.usefixtures("admin")
def test_every_topic_has_its_words(client: FlaskClient) -> None:
    labels = re.findall(r'stat-tile-label">([^<]+)<', client.get("/admin/queue").text)
    assert len(labels) == len(outbox.TOPICS)
    assert not {name.replace("_", " ").replace(".", " ").capitalize() for name in outbox.TOPICS} & set(labels) - {
        "Mail"
    }
