"""Keys for programs: made, shown once, revoked."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import tokens
from app.accounts.models import ApiKey, User
from app.audit.models import AuditEntry
from app.kit import clock
from app.kit.db import db
from tests import make

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", timezone="Asia/Bangkok")
    sign_in(client, admin)
    return admin


def make_key(client: FlaskClient, **changes: object) -> str:
    data = {"name": "Game server", "scopes": ["grants", "read"], "expires_on": ""} | changes
    answer = client.post("/admin/keys", data=data)
    assert answer.status_code == 201
    (secret,) = set(re.findall(r"laurel_[\w-]{43}", answer.text))
    return str(secret)


def test_a_key_is_shown_once_and_kept_as_a_hash(client: FlaskClient, admin: User) -> None:
    secret = make_key(client)
    key = tokens.key_of(secret, clock.now())
    assert key is not None
    assert (key.name, key.scopes, key.created_by_id) == ("Game server", ["grants", "read"], admin.id)
    page = client.get("/admin/keys").text
    assert secret not in page
    assert key.start in page
    assert secret not in str(db.session.execute(select(ApiKey.__table__)).all())
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.entity, entry.actor_id) == ("create", "api_key", admin.id)
    assert secret not in str(entry.after)


@pytest.mark.usefixtures("admin")
def test_a_last_day_too_far_off_is_refused_and_the_form_kept(client: FlaskClient) -> None:
    data = {"name": "For ever", "scopes": ["read"], "expires_on": "9999-12-31"}
    answer = client.post("/admin/keys", data=data)
    assert answer.status_code == 422
    assert "Please give a year up to 8999" in answer.text
    assert 'value="For ever"' in answer.text


@pytest.mark.usefixtures("admin")
def test_a_revoked_key_opens_nothing_at_once(client: FlaskClient) -> None:
    secret = make_key(client)
    key = tokens.key_of(secret, clock.now())
    assert key is not None
    for _twice in range(2):
        assert client.post(f"/admin/keys/{key.id}/revoke").status_code == 303
    assert tokens.key_of(secret, clock.now()) is None
    assert db.session.scalars(select(AuditEntry.action)).all() == ["create", "revoke"]
    assert client.post("/admin/keys/999/revoke").status_code == 404


@pytest.mark.usefixtures("admin")
def test_a_key_ends_with_its_last_day_on_the_admins_calendar(client: FlaskClient) -> None:
    secret = make_key(client, expires_on="2099-12-31")
    key = tokens.key_of(secret, clock.now())
    assert key is not None
    assert key.expires_at == datetime(2099, 12, 31, 17, tzinfo=UTC)
    assert tokens.key_of(secret, key.expires_at) is None


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("name", "", "Please fill this in."),
        ("scopes", [], "Please choose at least one."),
        ("scopes", ["everything"], "Please choose only from the list."),
        ("expires_on", "2020-01-01", "This day is over."),
    ],
)
def test_what_is_wrong_is_told_beside_the_field(client: FlaskClient, field: str, typed: object, told: str) -> None:
    data = {"name": "Game server", "scopes": ["grants"], "expires_on": ""} | {field: typed}
    answer = client.post("/admin/keys", data=data)
    assert answer.status_code == 422
    assert told in answer.text
    assert f'id="{field}-error"' in answer.text
    assert db.session.scalars(select(ApiKey)).all() == []


@pytest.mark.usefixtures("admin")
def test_no_box_must_be_ticked_by_itself(client: FlaskClient) -> None:
    boxes = re.findall(r'<input[^>]*type="checkbox"[^>]*>', client.get("/admin/keys").text)
    assert len(boxes) == 5
    assert not [box for box in boxes if "required" in box]


@pytest.mark.parametrize("role", ["coach", "client"])
def test_only_admins_make_keys(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    sign_in(client, make.user(role=role))
    assert client.post("/admin/keys", data={"name": "x", "scopes": ["read"]}).status_code == 403
