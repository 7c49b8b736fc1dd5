"""A page that was open for too long: nothing is done, nothing typed is lost."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.kit.db import db
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient | Page, User], None]
OURS = {"Sec-Fetch-Site": "same-origin"}
TYPED = {"display_name": "Ada <L.>", "timezone": "UTC", "locale": "en", "csrf_token": "of yesterday"}


@pytest.fixture
def ada(client: FlaskClient, sign_in: SignIn) -> User:
    ada = make.user()
    sign_in(client, ada)
    client.sends_csrf = False  # type: ignore[attr-defined]
    return ada


def name_of(user: User) -> str:
    return db.session.get_one(User, user.id, populate_existing=True).display_name


@pytest.mark.parametrize("headers", [OURS, {"Origin": "http://localhost"}, {"Referer": "http://localhost/profile"}])
def test_our_own_form_is_offered_once_more_with_what_was_typed(
    client: FlaskClient, ada: User, headers: dict[str, str]
) -> None:
    answer = client.post("/profile", data=TYPED, headers=headers)
    assert answer.status_code == 400
    assert name_of(ada) == ""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text.split("<main")[1])
    again = {name: unescape(value) for name, value in fields if name != "next"}
    assert 'action="/profile"' in answer.text
    assert client.post("/profile", data=again).status_code == 303
    assert name_of(ada) == "Ada <L.>"


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_a_form_from_elsewhere_is_not(client: FlaskClient, ada: User, headers: dict[str, str]) -> None:
    answer = client.post("/profile", data=TYPED, headers=headers)
    assert answer.status_code == 400
    assert "Ada" not in answer.text
    assert 'action="/profile"' not in answer.text
    assert name_of(ada) == ""


@pytest.mark.usefixtures("ada")
def test_what_comes_from_elsewhere_as_htmx_is_refused_in_a_part(client: FlaskClient) -> None:
    answer = client.post("/profile", data=TYPED, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (400, "#toasts")
    assert "<html" not in answer.text
    assert "HX-Trigger" not in answer.headers


def test_passwords_are_asked_for_anew_and_never_sent_back(client: FlaskClient) -> None:
    make.user(username="ada")
    client.sends_csrf = False  # type: ignore[attr-defined]
    answer = client.post("/login", data={"username": "ada", "password": make.PASSWORD}, headers=OURS)
    assert answer.status_code == 400
    assert make.PASSWORD not in answer.text
    assert 'name="username" value="ada"' in answer.text
    assert '<input class="input" type="password" id="password" name="password"' in answer.text


@pytest.mark.usefixtures("ada")
def test_a_part_gets_a_fresh_token_and_a_sentence(client: FlaskClient) -> None:
    answer = client.post("/profile", data=TYPED, headers=HTMX | OURS)
    assert answer.status_code == 400
    assert answer.headers["HX-Retarget"] == "#toasts"
    token = json.loads(answer.headers["HX-Trigger"])["fresh-token"]["token"]
    assert "please press once more" in answer.text
    assert client.post("/profile", data=TYPED | {"csrf_token": token}, headers=HTMX | OURS).status_code == 204


@pytest.mark.parametrize(
    ("shown", "after"),
    [
        ("http://localhost/client/log?page=2", "?next=/client/log?page%3D2"),
        ("https://evil.example/client/log", ""),
        ("http://localhost//evil.example", ""),
        ("http://localhost/\\evil.example", ""),
        ("javascript:alert(1)", ""),
        (None, ""),
    ],
)
def test_whoever_is_signed_out_within_a_page_signs_in_first(client: FlaskClient, shown: str | None, after: str) -> None:
    client.sends_csrf = False  # type: ignore[attr-defined]
    headers = HTMX | ({"HX-Current-URL": shown} if shown else {})
    for path in ("/client/log/workout", "/coach/redemptions/1", "/admin/levels/create", "/profile"):
        answer = client.open(path, method="PATCH" if path[-1] == "1" else "POST", data=TYPED, headers=headers)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, f"/login{after}"), path
        assert "HX-Trigger" not in answer.headers
        assert not answer.data


def test_whoever_is_signed_in_or_anywhere_public_gets_a_fresh_token(client: FlaskClient, ada: User) -> None:
    stranger = client.application.test_client()
    stranger.sends_csrf = False  # type: ignore[attr-defined]
    public = stranger.post("/store/cart/lines", data=TYPED, headers=HTMX | OURS)
    own = client.post("/client/log/workout", data=TYPED, headers=HTMX | OURS)
    foreign = client.post("/admin/levels/create", data=TYPED, headers=HTMX | OURS)
    for answer in (public, own, foreign):
        assert answer.status_code == 400, ada.username
        assert "fresh-token" in answer.headers["HX-Trigger"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_in_a_browser_the_second_press_works(page: Page, live_server: str) -> None:
    make.user(username="ada")
    page.goto(f"{live_server}/login")
    page.context.clear_cookies()
    page.get_by_label("Username or e-mail").fill("ada")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("please press once more")).to_be_visible()
    expect(page.get_by_label("Username or e-mail")).to_have_value("ada")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/client")
