"""The admins' desk for accounts."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import passwords, tokens
from app.accounts.models import User
from app.audit import service as audit
from app.audit.models import AuditEntry, AuditValue
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.messages.models import Mail
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", username="root")
    sign_in(client, admin)
    return admin


def form_of(user: User, **changes: object) -> dict[str, object]:
    names = ("email", "display_name", "role", "timezone", "locale", "version")
    return {name: getattr(user, name) for name in names} | {"coach_id": user.coach_id or ""} | changes


def fresh(user: User) -> User:
    return db.session.get_one(User, user.id, populate_existing=True)


def actions() -> list[tuple[str, str]]:
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.action, row.entity_id) for row in rows if row.entity == "user"]


@pytest.mark.parametrize("role", ["coach", "client"])
def test_nobody_else_comes_in(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    sign_in(client, make.user(role=role))
    assert client.get("/admin/users").status_code == 403
    assert client.post("/admin/users", data={}).status_code == 403


@pytest.mark.usefixtures("admin")
def test_people_are_found_by_name_and_e_mail_in_any_case(client: FlaskClient) -> None:
    make.user(username="Ada", email="countess@example.com")
    make.user(username="grace", display_name="Rear 100% Admiral")
    for search, found in (("ADA", "Ada"), ("COUNTESS@", "Ada"), ("100% adm", "grace")):
        answer = client.get("/admin/users", query_string={"q": search}, headers=HTMX)
        assert found in answer.text
        assert answer.text.count("<tr>") == 2
    assert "Nobody here fits" in client.get("/admin/users?q=%25_").text


@pytest.mark.usefixtures("admin")
def test_a_user_is_made_with_a_password_and_audited(client: FlaskClient) -> None:
    coach = make.user(role="coach")
    data = {"username": "ada", "email": "ada@example.com", "display_name": "", "role": "client", "locale": "th"}
    data |= {"coach_id": str(coach.id), "timezone": "Asia/Bangkok", "password": "a fine password"}
    answer = client.post("/admin/users", data=data)
    made = db.session.scalars(select(User).where(User.username == "ada")).one()
    assert answer.headers["Location"] == f"/admin/users/{made.id}"
    assert (made.coach_id, made.timezone, made.locale) == (coach.id, "Asia/Bangkok", "th")
    assert passwords.verify_password("a fine password", made.password_hash)
    assert actions() == [("create", str(made.id))]
    assert "ada@example.com" in client.get("/admin/audit").text


@pytest.mark.usefixtures("admin")
def test_a_user_without_a_password_gets_a_link_to_set_one(client: FlaskClient) -> None:
    data = {"username": "ada", "email": "ada@example.com", "role": "coach", "timezone": "UTC", "locale": "en"}
    assert client.post("/admin/users", data=data).status_code == 303
    outbox.drain("password_reset")
    mail = db.session.scalars(select(Mail)).one()
    assert (mail.recipient, mail.template) == ("ada@example.com", "invitation")
    path = "/password/reset/" + mail.context["link"].rsplit("/", 1)[1]
    other = client.application.test_client()
    assert other.post(path, data={"password": "a fine password"}).status_code == 303
    assert other.post("/login", data={"username": "ada", "password": "a fine password"}).location == "/coach"


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("username", "ADA", "That username is taken."),
        ("username", "a b", "A name has 3 to 32 letters"),
        ("email", "ADA@example.com", "There is an account with that e-mail address already."),
        ("email", "ada", "This is not an e-mail address."),
        ("role", "king", "Please choose one of the list."),
        ("coach_id", "99999", "Please choose one of the list."),
        ("timezone", "Mars/Olympus", "We don't know that time zone."),
        ("password", "short", "Please take at least 8 characters."),
    ],
)
def test_what_is_wrong_with_a_new_user_is_told_beside_the_field(
    client: FlaskClient, field: str, typed: str, told: str
) -> None:
    make.user(username="ada", email="ada@example.com")
    data = {"username": "grace", "email": "grace@example.com", "role": "client", "timezone": "UTC", "locale": "en"}
    answer = client.post("/admin/users", data=data | {field: typed})
    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert f'id="{field}-error"' in answer.text
    assert len(db.session.scalars(select(User)).all()) == 2


def test_an_edit_is_saved_and_its_difference_audited(client: FlaskClient, admin: User) -> None:
    user = make.user(username="ada")
    answer = client.post(f"/admin/users/{user.id}", data=form_of(user, display_name="Ada L.", locale="th"))
    assert answer.status_code == 303
    assert (fresh(user).display_name, user.locale, user.version) == ("Ada L.", "th", 2)
    entry = audit.last_change("user", user.id)
    assert entry is not None
    assert entry.actor_id == admin.id
    assert set(entry.before or {}) == {"display_name", "locale"}
    page = client.get(f"/admin/users/{user.id}").text
    assert "Ada L." in page
    assert "root" in page


def test_a_stale_edit_is_refused_and_says_who_was_faster(client: FlaskClient, admin: User) -> None:
    user = make.user()
    stale = form_of(user, display_name="Second")
    client.post(f"/admin/users/{user.id}", data=form_of(user, display_name="First"))
    answer = client.post(f"/admin/users/{user.id}", data=stale)
    assert answer.status_code == 409
    assert f"{admin.username} changed this account while you had it open (display name)." in answer.text
    assert 'value="Second"' in answer.text
    assert fresh(user).display_name == "First"
    client.post(f"/admin/users/{user.id}", data=stale | {"version": "2"})  # as the form says now
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert fresh(user).display_name == "Second"


@pytest.mark.usefixtures("admin")
def test_a_new_role_ends_sessions_and_tokens(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    user, other = make.user(), app.test_client()
    sign_in(other, user)
    with unit_of_work():
        pair = tokens.issue(user, make.NOW)
    client.post(f"/admin/users/{user.id}", data=form_of(user, role="coach"))
    assert other.get("/profile").status_code == 303
    with unit_of_work():
        assert tokens.refresh(pair.refresh, make.NOW) is None


@pytest.mark.usefixtures("admin")
def test_a_deactivated_users_session_and_tokens_die_at_once(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    user, other = make.user(), app.test_client()
    sign_in(other, user)
    with unit_of_work():
        pair = tokens.issue(user, make.NOW)
    assert client.post(f"/admin/users/{user.id}/active", data={"active": "0"}).status_code == 303
    assert other.get("/profile").status_code == 303
    assert tokens.bearer(pair.access, make.NOW) is None
    assert client.post(f"/admin/users/{user.id}/active", data={"active": "1"}).status_code == 303
    assert fresh(user).is_active
    assert other.get("/profile").status_code == 303
    with unit_of_work():
        assert tokens.refresh(pair.refresh, make.NOW) is None
    assert [action for action, _id in actions()] == ["deactivate", "activate"]


@pytest.mark.usefixtures("admin")
def test_a_deactivated_coachs_clients_fall_to_the_admins(client: FlaskClient) -> None:
    coach = make.user(role="coach")
    clients = [make.user(coach_id=coach.id), make.user(coach_id=coach.id)]
    assert "2 clients are left to the admins" in client.get(f"/admin/users/{coach.id}").text
    client.post(f"/admin/users/{coach.id}/active", data={"active": "0"})
    assert [fresh(each).coach_id for each in clients] == [None, None]
    assert ("update", str(clients[0].id)) in actions()
    answer = client.post(f"/admin/users/{clients[0].id}", data=form_of(fresh(clients[0]), coach_id=coach.id))
    assert answer.status_code == 422


def test_the_last_active_admin_stays(client: FlaskClient, admin: User) -> None:
    make.user(role="admin", is_active=False)
    told = "This is the last active admin."
    answer = client.post(f"/admin/users/{admin.id}", data=form_of(admin, role="client"))
    assert answer.status_code == 409
    assert told in answer.text
    assert told in client.post(f"/admin/users/{admin.id}/active", data={"active": "0"}).text
    assert told in client.post(f"/admin/users/{admin.id}/anonymise").text
    assert (fresh(admin).role, admin.is_active, admin.anonymised_at) == ("admin", True, None)


@pytest.mark.usefixtures("admin")
def test_every_session_of_somebody_ends_at_a_click(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    user, other = make.user(), app.test_client()
    sign_in(other, user)
    client.post(f"/admin/users/{user.id}/sessions/end")
    assert other.get("/profile").status_code == 303
    assert actions() == [("end_sessions", str(user.id))]


@pytest.mark.usefixtures("admin")
def test_anonymising_takes_the_name_everywhere_and_keeps_the_books(client: FlaskClient) -> None:
    user = make.user(username="ada", email="ada@example.com", timezone="Asia/Bangkok")
    client.post(f"/admin/users/{user.id}", data=form_of(user, display_name="Ada Lovelace", email="al@example.com"))
    assert db.session.scalars(select(Mail.recipient)).all() == ["ada@example.com"]
    assert client.post(f"/admin/users/{user.id}/anonymise").status_code == 303
    gone = fresh(user)
    assert (gone.username, gone.is_active, gone.anonymised_at is not None) == (f"gone:{user.id}", False, True)
    assert (gone.timezone, "Bangkok" in client.get("/admin/audit").text) == ("UTC", False)
    kept = db.session.scalars(select(AuditValue.value).where(AuditValue.subject_id == user.id)).all()
    assert set(kept) == {None}
    assert len(actions()) == 2
    for path in (f"/admin/users/{user.id}", "/admin/users", "/admin/audit", "/admin/mails"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert re.findall(r".{0,20}(?:\bada\b|lovelace|al@example).{0,20}", answer.text, re.IGNORECASE) == []
    assert client.post(f"/admin/users/{user.id}", data=form_of(gone, display_name="x")).status_code == 409
    assert client.post(f"/admin/users/{user.id}/active", data={"active": "1"}).status_code == 409


@pytest.mark.usefixtures("admin")
def test_someone_who_isnt_there_is_not_found(client: FlaskClient) -> None:
    assert client.get("/admin/users/99999").status_code == 404
    assert client.post("/admin/users/99999/anonymise").status_code == 404
