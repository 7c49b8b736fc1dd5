"""The page of the audit log."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient

import app
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.kit.db import unit_of_work
from app.web.admin.audit_words import DONE, THINGS
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", username="root", timezone="Asia/Bangkok")
    sign_in(client, admin)
    return admin


def note(actor: Actor, action: str, entity: str, entity_id: int, **after: object) -> None:
    with unit_of_work():
        audit.record(actor, action, entity, entity_id, after=after)


def test_entries_are_filtered_by_actor_action_thing_and_number(client: FlaskClient, admin: User) -> None:
    note(Actor(admin.id, "root"), "create", "product", 1, name="First product")
    note(Actor(admin.id, "root"), "update", "product", 2, name="Second product")
    note(SYSTEM, "deactivate", "promotion", 3, name="Third thing")
    names = ("First product", "Second product", "Third thing")
    for query, shown in (
        ({}, names),
        ({"actor": "ROOT"}, names[:2]),
        ({"actor": "system"}, names[2:]),
        ({"actor": "nobody"}, ()),
        ({"action": "update"}, names[1:2]),
        ({"entity": "product"}, names[:2]),
        ({"entity": "product", "entity_id": "1"}, names[:1]),
    ):
        answer = client.get("/admin/audit", query_string=query, headers=HTMX)
        assert answer.text.lstrip().startswith('<div id="audit-table"')
        assert tuple(name for name in names if name in answer.text) == shown, query


def test_the_period_is_of_whole_days_on_the_readers_calendar(
    frozen: time_machine.TimeMachineFixture, client: FlaskClient, admin: User
) -> None:
    frozen.move_to(make.NOW.replace(hour=16, minute=59))  # 23:59 in Bangkok, on March 2
    note(SYSTEM, "create", "product", 1, name="Before midnight")
    frozen.shift(timedelta(minutes=1))
    note(SYSTEM, "create", "product", 2, name="At midnight")
    assert admin.timezone == "Asia/Bangkok"
    for since, until, shown in (
        ("2026-03-02", "2026-03-02", ["Before midnight"]),
        ("2026-03-03", "", ["At midnight"]),
        ("", "2026-03-03", ["Before midnight", "At midnight"]),
        ("nonsense", "9999-12-31", ["Before midnight", "At midnight"]),
    ):
        text = client.get("/admin/audit", query_string={"since": since, "until": until}).text
        assert [name for name in ("Before midnight", "At midnight") if name in text] == shown


@pytest.mark.usefixtures("admin")
def test_long_logs_have_pages_at_a_fixed_price(client: FlaskClient) -> None:
    for number in range(60):
        note(SYSTEM, "create", "product", number, name=f"Product {number}.")
    client.get("/admin/audit")
    with count_statements() as sent:
        first = client.get("/admin/audit", headers=HTMX).text
    assert first.count("<tr>") == 26
    assert "Product 59." in first
    assert len(sent) <= 6, sent
    second = client.get("/admin/audit?page=3", headers=HTMX).text
    assert second.count("<tr>") == 11
    assert "Product 0." in second


@pytest.mark.usefixtures("admin")
def test_what_was_typed_by_people_is_shown_as_text(client: FlaskClient) -> None:
    note(SYSTEM, "create", "product", 1, name="<script>alert(1)</script>", tags=["a", "b"], price=None)
    text = client.get("/admin/audit").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "a, b" in text


@pytest.mark.parametrize("role", ["coach", "client"])
def test_only_admins_read_it(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    sign_in(client, make.user(role=role))
    assert client.get("/admin/audit").status_code == 403


def test_every_action_has_words() -> None:
    recorded = re.compile(r"""\b(?:record|_?note_\w+)\((?:[^()"]|\(\))*"([a-z_.]+)"(?!:)(?:, "([a-z_]+)")?""")
    source = "\n".join(path.read_text() for path in Path(app.__file__).parent.rglob("*.py"))
    found = recorded.findall(source)
    assert len(found) > 15
    for action, entity in found:
        assert action.rpartition(".")[2] in {*DONE, *THINGS}, (
            action
        )  # of some the action varies, the thing stands there
        assert not entity or entity in THINGS, entity
