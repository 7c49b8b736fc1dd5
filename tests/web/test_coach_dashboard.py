"""The coach's morning at a glance, and the list of clients."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
pytestmark = pytest.mark.usefixtures("frozen")


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
    page = client.get("/coach/clients").text
    assert "Ada Berg" in page
    assert "1,234" in page
    assert "Level 2" in page
    assert "Mar 2, 2026" in page
    assert "Nothing logged yet" in page
    assert "Gone Away" not in page
    assert "Somebody Else" not in page


def test_a_client_is_listed_with_streak_and_what_waits_and_leads_to_their_page(client: FlaskClient, sam: User) -> None:
    ada = make.rich_client(coach_id=sam.id, display_name="Ada Berg")
    make.checkins(ada, 3)
    make.redemption(ada)
    page = client.get("/coach/clients").text
    assert "3 days" in page
    assert "1 redemption" in page
    assert f'href="/coach/clients/{ada.id}"' in page


def test_clients_are_found_by_name(client: FlaskClient, sam: User) -> None:
    make.user(coach_id=sam.id, display_name="Ada 100%")
    make.user(coach_id=sam.id, display_name="Noor Aziz")
    page = client.get("/coach/clients?q=100%25", headers=HTMX).text
    assert "Ada 100%" in page
    assert "Noor" not in page
    assert "<html" not in page
    assert "Nobody here fits" in client.get("/coach/clients?q=zzz").text


def test_clients_are_sorted_by_xp_and_by_latest_activity(client: FlaskClient, sam: User) -> None:
    make.rich_client(500, coach_id=sam.id, display_name="Zoe")
    make.checkin(make.user(coach_id=sam.id, display_name="Ada"), now=make.NOW + timedelta(hours=1))

    def first_is_ada(query: str) -> bool:
        page = client.get(f"/coach/clients{query}").text
        return page.index("Ada") < page.index("Zoe")

    assert [first_is_ada(query) for query in ("", "?sort=active", "?sort=xp", "?sort=odd")] == [True, True, False, True]


@pytest.mark.parametrize("path", ["/coach", "/coach/clients"])
def test_a_coach_without_clients_is_told_how_they_come(client: FlaskClient, sam: User, path: str) -> None:  # noqa: ARG001
    assert "No clients yet" in client.get(path).text


def test_the_morning_shows_the_week_and_what_waits_since_when(client: FlaskClient, sam: User) -> None:
    ada = make.rich_client(120, coach_id=sam.id, display_name="Ada Berg")
    make.user(coach_id=sam.id)
    make.redemption(ada, make.reward(name="Yoga mat"), now=make.NOW - timedelta(days=2))
    page = client.get("/coach").text
    assert "The oldest waits since Feb 28, 2026" in page
    assert "Yoga mat" in page
    assert ">120<" in page.replace("\n", "")
    assert 'name="status" value="fulfilled"' in page
    assert "Everybody is active" in page


def test_the_morning_names_who_was_quiet(client: FlaskClient, sam: User) -> None:
    early = make.NOW - timedelta(days=30)
    make.workout(make.user(coach_id=sam.id, display_name="Noor Aziz", now=early), at=make.NOW - timedelta(days=9))
    make.user(coach_id=sam.id, display_name="Silent Sue", now=early)
    page = client.get("/coach").text
    assert "Last active Feb 21, 2026" in page
    assert page.index("Silent Sue") < page.index("Noor Aziz")
    assert "All done" in page


@pytest.mark.parametrize(("path", "most"), [("/coach", 6), ("/coach/clients", 4)])
def test_the_pages_take_few_statements_however_many_clients(
    client: FlaskClient, sam: User, path: str, most: int
) -> None:
    for _ in range(4):
        make.redemption(make.rich_client(coach_id=sam.id))
    for _ in range(3):
        make.user(coach_id=sam.id, now=make.NOW - timedelta(days=30))
    with count_statements() as sent:
        client.get(path)
    assert len(sent) <= most, sent


@pytest.mark.parametrize("role", ["client", "admin"])
def test_only_coaches_have_it(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.get("/coach").status_code == 403
