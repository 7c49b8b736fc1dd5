"""Coming in, staying in, going out."""

from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.kit.db import db, unit_of_work
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]


def log_in(client: FlaskClient, username: str, password: str = make.PASSWORD, **more: str) -> str:
    """Where the sign-in leads."""
    answer = client.post("/login", data={"username": username, "password": password, **more})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


@pytest.mark.parametrize(("role", "home"), [("admin", "/admin"), ("coach", "/coach"), ("client", "/client")])
def test_each_role_is_led_to_its_own_page(client: FlaskClient, role: str, home: str) -> None:
    user = make.user(role=role)
    assert log_in(client, user.username) == home
    assert db.session.get_one(User, user.id).last_login_at is not None


def test_the_name_is_taken_in_any_case_and_so_is_the_e_mail(client: FlaskClient) -> None:
    make.user(username="Ada", email="Ada@Example.com")
    assert log_in(client, "aDA") == "/client"
    client.post("/logout")
    assert log_in(client, "ada@EXAMPLE.com") == "/client"


@pytest.mark.parametrize("username", ["ada", "nobody", "ada@example.com", "nobody@example.com", "gone", "a b", "é"])
def test_a_failed_sign_in_says_the_same_whoever_was_meant(client: FlaskClient, username: str) -> None:
    make.user(username="ada", email="ada@example.com")
    make.user(username="gone", is_active=False)
    answer = client.post(
        "/login", data={"username": username, "password": make.PASSWORD if username == "gone" else "wrong"}
    )
    assert answer.status_code == 422
    assert "That name and password don&#39;t fit together." in answer.text
    assert f'value="{username}"' in answer.text
    assert client.get("/profile").status_code == 303


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "javascript:alert(1)", " //evil.example", "/%0d%0aLocation:", "http:/evil.example", "evil.example",
    ],
)  # fmt: skip
def test_next_leads_only_into_this_site(client: FlaskClient, evil: str) -> None:
    make.user(username="ada")
    where = log_in(client, "ada", next=evil)
    assert where.startswith("/")
    assert not where.startswith(("//", "/\\"))
    assert "\n" not in where


def test_next_leads_back_to_where_they_were(client: FlaskClient) -> None:
    make.user(username="ada")
    answer = client.get("/profile?tab=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/profile?tab%3D1")
    assert 'value="/profile?tab=1"' in client.get(answer.headers["Location"]).text
    assert log_in(client, "ada", next="/profile?tab=1") == "/profile?tab=1"


def test_next_never_leads_to_another_roles_door(client: FlaskClient) -> None:
    make.user(username="ada")
    assert log_in(client, "ada", next="/admin/users") == "/client"


def test_a_part_that_needs_a_sign_in_sends_the_whole_page_there(client: FlaskClient) -> None:
    headers = HTMX | {"HX-Current-URL": "http://localhost/store?page=2"}
    answer = client.post("/profile", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/store?page%3D2"


def test_with_htmx_a_failed_sign_in_answers_the_form_alone(client: FlaskClient) -> None:
    answer = client.post("/login", data={"username": "x", "password": "y"}, headers=HTMX)
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith('<div class="gate" id="sign-in">')


def test_the_session_starts_over_and_only_the_cart_comes_along(client: FlaskClient) -> None:
    make.user(username="ada")
    ordered = make.invoice(visit="a visit")
    with client.session_transaction() as session:
        session.update(visit="a visit", cart_user="somebody", planted="by somebody else")
    client.post("/store/cart/lines", data={"product_id": make.product(name="Tea").id, "quantity": "1"})
    assert ordered.number in client.get("/store/invoices").text
    log_in(client, "ada")
    with client.session_transaction() as session:
        assert not {"planted", "cart_user", "visit"} & session.keys()
    assert "Tea" in client.get("/store/cart").text
    assert ordered.number not in client.get("/store/invoices").text


def test_signing_out_ends_copied_sessions_and_remember_cookies_too(app: Flask, client: FlaskClient) -> None:
    make.user(username="ada")
    log_in(client, "ada", remember="y")
    copies = []
    for name in ("laurel", "remember_token"):
        cookie = client.get_cookie(name)
        assert cookie is not None
        copy = app.test_client()
        copy.set_cookie(name, cookie.value)
        assert copy.get("/profile").status_code == 200
        copies.append((copy, name, cookie.value))
    assert client.post("/logout").status_code == 303
    for copy, name, value in copies:
        copy.set_cookie(name, value)
        assert copy.get("/profile").status_code == 303


def test_a_remember_cookie_brings_back_a_closed_browser(client: FlaskClient) -> None:
    make.user(username="ada")
    answer = client.post("/login", data={"username": "ada", "password": make.PASSWORD, "remember": "y"})
    cookies = SimpleCookie(", ".join(answer.headers.getlist("Set-Cookie")))
    assert cookies["remember_token"]["max-age"] == "" or cookies["remember_token"]["expires"]
    client.delete_cookie("laurel")
    assert client.get("/profile").status_code == 200


def test_signing_out_by_a_link_is_not_possible(client: FlaskClient, sign_in: SignIn) -> None:
    sign_in(client, make.user())
    assert client.get("/logout").status_code == 405
    assert client.get("/profile").status_code == 200


def test_a_deactivated_users_session_ends_at_once(client: FlaskClient, sign_in: SignIn) -> None:
    user = make.user()
    sign_in(client, user)
    assert client.get("/profile").status_code == 200
    with unit_of_work():
        user.is_active = False
    assert client.get("/profile").status_code == 303


@pytest.mark.usefixtures("frozen")
def test_guesses_are_limited_for_an_account_from_anywhere(client: FlaskClient) -> None:
    make.user(username="ada", email="ada@example.com")
    for number in range(10):
        name = "ada" if number % 2 else "ada@example.com"
        answer = client.post("/login", data={"username": name, "password": "wrong"})
        assert answer.status_code == 422
    answer = client.post(
        "/login", data={"username": "ADA", "password": make.PASSWORD}, environ_base={"REMOTE_ADDR": "10.9.9.9"}
    )
    assert answer.status_code == 429
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert f"Please wait {wait} seconds" in answer.text
    assert 'value="ADA"' in answer.text


@pytest.mark.usefixtures("frozen")
def test_guesses_are_limited_for_an_address_over_all_accounts(client: FlaskClient) -> None:
    make.user(username="ada")
    for number in range(30):
        answer = client.post("/login", data={"username": f"user{number}", "password": "wrong"})
        assert answer.status_code == 422
    assert client.post("/login", data={"username": "ada", "password": make.PASSWORD}).status_code == 429


def test_signing_in_rightly_counts_nothing(client: FlaskClient) -> None:
    make.user(username="ada")
    for _each in range(12):
        log_in(client, "ada")
        client.post("/logout")


def test_the_login_form_needs_its_token(client: FlaskClient) -> None:
    make.user(username="ada")
    client.sends_csrf = False  # type: ignore[attr-defined]
    answer = client.post("/login", data={"username": "ada", "password": make.PASSWORD})
    assert answer.status_code == 400
    assert db.session.scalars(select(User.last_login_at)).all() == [None]
