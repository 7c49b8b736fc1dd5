"""One's own account: name, time zone, language, password, e-mail."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import passwords
from app.accounts.models import User
from app.kit.db import db
from app.messages.models import Mail
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def ada(client: FlaskClient) -> User:
    ada = make.user(username="ada", email="ada@example.com")
    assert (
        client.post("/login", data={"username": "ada", "password": make.PASSWORD, "remember": "y"}).status_code == 303
    )
    return ada


def fresh(user: User) -> User:
    return db.session.get_one(User, user.id, populate_existing=True)


def profile(**changes: str) -> dict[str, str]:
    return {"display_name": "", "timezone": "UTC", "locale": "en"} | changes


def test_name_and_language_are_saved_and_the_page_answers_in_it(client: FlaskClient, ada: User) -> None:
    assert client.post("/profile", data=profile(display_name=" Ada L. ", locale="th")).status_code == 303
    assert (fresh(ada).display_name, ada.locale, ada.version) == ("Ada L.", "th", 2)
    page = client.get("/profile").text
    assert '<html lang="th">' in page
    assert "โปรไฟล์" in page


def test_the_time_zone_changes_once_in_24_hours(client: FlaskClient, frozen: time_machine.TimeMachineFixture) -> None:
    user = make.user(username="ada")
    assert client.post("/login", data={"username": "ada", "password": make.PASSWORD}).status_code == 303
    assert client.post("/profile", data=profile(timezone="Asia/Bangkok")).status_code == 303
    frozen.shift(24 * 3600 - 1)
    answer = client.post("/profile", data=profile(timezone="Pacific/Kiritimati", display_name="Typed"))
    assert answer.status_code == 422
    assert "The time zone can change once in 24 hours." in answer.text
    assert 'value="Typed"' in answer.text
    assert client.post("/profile", data=profile(timezone="Asia/Bangkok", display_name="Ada")).status_code == 303
    frozen.shift(1)
    assert client.post("/profile", data=profile(timezone="Pacific/Kiritimati")).status_code == 303
    assert fresh(user).timezone == "Pacific/Kiritimati"


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Asia/Bangkok\x00"])
def test_a_zone_that_is_none_is_explained(client: FlaskClient, zone: str) -> None:
    answer = client.post("/profile", data=profile(timezone=zone), headers=HTMX)
    assert answer.status_code == 422
    assert 'id="timezone-error"' in answer.text
    assert answer.text.lstrip().startswith('<section class="card')


def test_a_new_password_needs_the_old_one_and_signs_out_other_devices(
    app: Flask, client: FlaskClient, ada: User, sign_in: SignIn
) -> None:
    other = app.test_client()
    sign_in(other, ada)
    wrong = client.post("/profile/password", data={"password": "wrong", "new_password": "a new password"})
    assert wrong.status_code == 422
    assert "That is not your present password." in wrong.text
    assert other.get("/profile").status_code == 200
    right = client.post("/profile/password", data={"password": make.PASSWORD, "new_password": "a new password"})
    assert right.status_code == 303
    assert client.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 303
    client.delete_cookie("laurel")
    assert client.get("/profile").status_code == 200  # the remember-cookie of this device was renewed
    assert passwords.verify_password("a new password", fresh(ada).password_hash)
    assert db.session.scalars(select(Mail.template)).all() == ["password_changed"]


def test_a_new_e_mail_needs_the_password_and_the_old_address_is_told(client: FlaskClient, ada: User) -> None:
    make.user(email="grace@example.com")
    for data, told in (
        ({"email": "new@example.com", "current_password": "wrong"}, "That is not your present password."),
        ({"email": "GRACE@example.com", "current_password": make.PASSWORD}, "There is an account with that e-mail"),
        ({"email": "nonsense", "current_password": make.PASSWORD}, "This is not an e-mail address."),
    ):
        answer = client.post("/profile/email", data=data)
        assert answer.status_code == 422
        assert told in answer.text
    assert fresh(ada).email == "ada@example.com"
    answer = client.post("/profile/email", data={"email": "New@example.com", "current_password": make.PASSWORD})
    assert answer.status_code == 303
    assert fresh(ada).email == "new@example.com"
    mail = db.session.scalars(select(Mail)).one()
    assert (mail.recipient, mail.context["new_email"]) == ("ada@example.com", "new@example.com")


@pytest.mark.usefixtures("frozen", "ada")
def test_guessing_the_password_of_an_open_session_is_limited(client: FlaskClient) -> None:
    data = {"password": "wrong", "new_password": "a new password"}
    for _each in range(10):
        assert client.post("/profile/password", data=data).status_code == 422
    assert client.post("/profile/password", data=data | {"password": make.PASSWORD}).status_code == 429


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("refused", "way_back"), [("/profile/password", "/profile"), ("/store/cart/lines", "/store/cart")]
)
def test_after_a_refused_form_the_choice_of_language_leads_back_to_its_page(
    client: FlaskClient, refused: str, way_back: str
) -> None:
    answer = client.post(refused, data={})
    assert answer.status_code in {404, 422}
    assert f'name="next" value="{way_back}"' in answer.text


def test_a_visitors_language_follows_the_choice_then_the_browser(client: FlaskClient) -> None:
    assert '<html lang="th">' in client.get("/login", headers={"Accept-Language": "th;q=0.9, de"}).text
    assert '<html lang="en">' in client.get("/login", headers={"Accept-Language": "de"}).text
    answer = client.post("/language", data={"locale": "th", "next": "/login?next=/profile"})
    assert (answer.status_code, answer.location) == (303, "/login?next=/profile")
    assert '<html lang="th">' in client.get("/login", headers={"Accept-Language": "en"}).text
    assert client.post("/language", data={"locale": "xx"}).status_code == 422
    assert client.post("/language", data={"locale": "en", "next": "//evil.example"}).location == "/"


def test_the_choice_of_who_is_signed_in_is_for_good(client: FlaskClient, ada: User) -> None:
    client.post("/language", data={"locale": "th"})
    assert fresh(ada).locale == "th"
    client.post("/logout")
    assert '<html lang="th">' in client.get("/login").text


def test_a_visitor_is_sent_to_sign_in(client: FlaskClient) -> None:
    for path in ("/profile", "/profile/password", "/profile/email"):
        method = client.get if path == "/profile" else client.post
        assert method(path).location.startswith("/login")
