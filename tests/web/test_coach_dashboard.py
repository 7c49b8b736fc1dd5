from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> User:
    coach = make.user(role="coach")
    sign_in(client, coach)
    return coach


def test_a_coach_sees_their_clients_and_no_others(client: FlaskClient, sam: User) -> None:
    make.levels(10, 500)
    make.rich_client(1234, coach_id=sam.id, display_name="Ada Berg")
    make.user(coach_id=sam.id, display_name="Noor Aziz")
    make.user(coach_id=sam.id, display_name="Gone Away", is_active=False)
    make.user(coach_id=make.user(role="coach").id, display_name="Somebody Else")
    page = client.get("/coach").text
    assert "Ada Berg" in page
    assert "1,234" in page
    assert "Level 2" in page
    assert "Mar 2, 2026" in page
    assert "Nothing logged yet" in page
    assert "Gone Away" not in page
    assert "Somebody Else" not in page


def test_clients_are_found_by_name(client: FlaskClient, sam: User) -> None:
    make.user(coach_id=sam.id, display_name="Ada 100%")
    make.user(coach_id=sam.id, display_name="Noor Aziz")
    page = client.get("/coach?q=100%25", headers=HTMX).text
    assert "Ada 100%" in page
    assert "Noor" not in page
    assert "<html" not in page
    assert "Nobody here fits" in client.get("/coach?q=zzz").text


def test_a_coach_without_clients_is_told_how_they_come(client: FlaskClient, sam: User) -> None:  # noqa: ARG001
    assert "No clients yet" in client.get("/coach").text


def test_the_page_takes_four_statements_however_many_clients(client: FlaskClient, sam: User) -> None:
    for _ in range(5):
        make.rich_client(coach_id=sam.id)
    with count_statements() as sent:
        client.get("/coach")
    assert len(sent) <= 4, sent


@pytest.mark.parametrize("role", ["client", "admin"])
def test_only_coaches_have_it(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.get("/coach").status_code == 403
