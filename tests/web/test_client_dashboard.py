import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.activity import service as activity
from app.kit.db import db, unit_of_work
from app.loyalty.models import XpSummary
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(display_name="Mia Chen")
    sign_in(client, user)
    return user


def pulse(page: str) -> str:
    """Where the page asks whether anything changed."""
    found = re.search(r'data-url="(/client\?seen=\w+)"', page)
    assert found is not None
    return found[1]


def test_a_newcomer_is_told_what_to_do(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.levels(50, 100)
    page = client.get("/client").text
    assert "Good afternoon, Mia" in page
    assert "Start with one small step" in page
    assert "Before your first level" in page
    assert '<progress class="progress progress-xl" id="level-bar" value="0" max="50"' in page
    assert "Your story starts here" in page
    assert 'data-pulse="15000"' in page


def test_without_levels_the_page_stands_too(client: FlaskClient, mia: User) -> None:
    make.workout(mia)
    make.settled()
    assert "20 XP so far" in client.get("/client").text


def test_the_bar_shows_the_way_to_the_next_level(client: FlaskClient, mia: User) -> None:
    make.levels(10, 50)
    make.workout(mia, title="Evening run")
    make.settled()
    page = client.get("/client").text
    assert 'value="10" max="40"' in page
    assert "30 XP to Level 2" in page
    assert "Evening run" in page
    assert "+20 XP" in page


def test_at_the_top_the_bar_is_full(client: FlaskClient, mia: User) -> None:
    make.levels(10)
    make.workout(mia)
    make.settled()
    page = client.get("/client").text
    assert "You stand at the very top" in page


def test_the_page_asks_often_while_xp_are_on_their_way(client: FlaskClient, mia: User) -> None:
    make.levels(50)
    make.workout(mia)
    page = client.get("/client").text
    assert 'data-pulse="1000"' in page
    assert client.get(pulse(page), headers=HTMX).status_code == 204
    make.settled()
    answer = client.get(pulse(page), headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'value="20" max="50"' in answer.text
    assert 'data-pulse="1000"' not in answer.text


def test_it_does_not_ask_for_ever(client: FlaskClient, mia: User) -> None:
    make.workout(mia, at=NOW - timedelta(minutes=30))
    assert 'data-pulse="1000"' not in client.get("/client").text


def test_a_new_level_is_celebrated_until_it_was_seen(client: FlaskClient, mia: User) -> None:
    make.levels(10, 30)
    make.workout(mia)
    make.settled()
    assert "Level up! You have reached “Level 1”." in client.get("/client").text
    answer = client.post("/client/level-up/seen", data={"level": "1"})
    assert (answer.status_code, answer.location) == (303, "/client")
    assert "Level up!" not in client.get("/client").text
    make.workout(mia, at=NOW - timedelta(hours=1))
    make.settled()
    assert "You have reached “Level 2”." in client.get("/client").text
    assert "Level up!" not in client.post("/client/level-up/seen", data={"level": "2"}, headers=HTMX).text


@pytest.mark.parametrize("sent", ["\u0661", "1.0", "3000000000", "-3000000000"])
def test_a_level_that_cannot_be_read_is_still_celebrated(client: FlaskClient, mia: User, sent: str) -> None:
    make.levels(10, 1000)
    make.workout(mia)
    make.settled()
    assert client.post("/client/level-up/seen", data={"level": sent}).status_code == 303
    assert "You have reached “Level 1”." in client.get("/client").text
    assert db.session.get_one(XpSummary, mia.id).celebrated_xp == 0


@pytest.mark.parametrize("sent", ["", "x", "-5", "2", "99999999999999999999"])
def test_only_a_level_that_was_reached_can_be_seen(client: FlaskClient, mia: User, sent: str) -> None:
    make.levels(10, 1000)
    make.workout(mia)
    make.settled()
    assert client.post("/client/level-up/seen", data={"level": sent}).status_code == 303
    assert db.session.get_one(XpSummary, mia.id).celebrated_xp <= 10


def test_a_streak_wants_to_be_kept_alive(client: FlaskClient, mia: User) -> None:
    with unit_of_work():
        for back in (1, 2):
            activity.log_checkin(mia, on=NOW.date() - timedelta(days=back), now=NOW)
    page = client.get("/client").text
    assert re.search(r"</svg>2</span>", page)
    assert "Check in today to keep it alive" in page
    with unit_of_work():
        activity.log_checkin(mia, on=NOW.date(), now=NOW)
    page = client.get("/client").text
    assert re.search(r"</svg>3</span>", page)
    assert "Checked in today" in page


@pytest.mark.parametrize(
    ("days_back", "expected"),
    [
        ((2, 3), ("Mar 1, 2026 is missing.", "2026-03-01")),
        ((1, 3), ("Feb 28, 2026 is missing.", "2026-02-28")),
        ((0, 3), ("Feb 28, 2026, Mar 1, 2026 are missing.", "2026-02-28")),
        ((1, 2), None),
        ((1,), None),
        ((4,), None),
    ],
)
def test_a_day_that_parts_a_streak_is_named_while_it_can_be_added(
    client: FlaskClient, mia: User, days_back: tuple[int, ...], expected: tuple[str, str] | None
) -> None:
    for back in days_back:
        make.checkin(mia, now=NOW - timedelta(days=back))
    gap = re.search(
        r'<p class="streak-gap">.*?<span>(.*?)<a [^>]*href="([^"]+)"', client.get("/client").text, re.DOTALL
    )
    if expected is None:
        assert gap is None
        return
    told, day = expected
    assert gap is not None
    assert gap.groups() == (f"{told} ", f"/client/log?day={day}#checkin-form")
    assert re.search(rf'id="checkin-date"[^>]* value="{day}"', client.get(gap[2]).text)
    for odd in ("2026-02-20", "2026-03-09", "soon"):
        assert re.search(r'id="checkin-date"[^>]* value="2026-03-02"', client.get(f"/client/log?day={odd}").text)


def test_a_day_before_a_check_in_elsewhere_is_not_asked_for(client: FlaskClient, mia: User) -> None:
    for back in (3, 2, 0):
        make.checkin(mia, now=NOW - timedelta(days=back))
    assert "Mar 1, 2026 is missing." in client.get("/client").text
    with unit_of_work():
        db.session.get_one(User, mia.id).timezone = "America/New_York"
    assert "is missing." not in client.get("/client").text
    assert client.post("/client/log/checkin", data={"date": "2026-03-01"}).status_code == 422


def test_a_day_that_cannot_come_back_is_told_before_it_is_deleted(client: FlaskClient, mia: User) -> None:
    for back in (2, 1):
        make.checkin(mia, now=NOW - timedelta(days=back))
    assert client.get("/client/log").text.count("You can add that day again") == 2
    with unit_of_work():
        db.session.get_one(User, mia.id).timezone = "Europe/Paris"
    page = client.get("/client/log").text
    assert page.count("You can add that day again") == 1  # the last one itself
    assert page.count("be added again.") == 1


def test_the_rhythm_is_of_what_was_done(client: FlaskClient, mia: User) -> None:
    make.achievement("workout_count", 1, xp_reward=70)
    make.workout(mia, at=NOW - timedelta(days=1))
    make.settled()
    page = client.get("/client").text
    assert '<span class="cell cell-4 " title="Mar 1, 2026: 20 XP">' in page
    assert '<span class="cell cell-0 is-today" title="Mar 2, 2026: 0 XP">' in page
    assert "90 XP" in page


def test_before_the_first_level_nothing_looks_like_one(client: FlaskClient, mia: User) -> None:
    make.levels(20)
    for path in ("/client", "/client/log", "/client/rewards", "/client/points"):
        page = client.get(path).text
        assert 'aria-label="No level yet"' in page
        assert "Level 0" not in page
    make.workout(mia)
    make.settled()
    for path in ("/client", "/client/log", "/client/rewards", "/client/points"):
        assert 'aria-label="Level 1"' in client.get(path).text


@pytest.mark.parametrize("logs", [2, 40])
def test_the_page_takes_as_many_statements_whatever_was_logged(client: FlaskClient, mia: User, logs: int) -> None:
    make.levels(10, 50, 100)
    for number in range(logs):
        make.workout(mia, at=NOW - timedelta(minutes=number), now=NOW)
    make.settled()
    with count_statements() as sent:
        client.get("/client")
    assert len(sent) <= 12, sent


def test_each_sees_only_their_own(app: Flask, client: FlaskClient, mia: User, sign_in: SignIn) -> None:
    make.workout(mia, title="Mia's secret run")
    visitor = app.test_client()
    sign_in(visitor, make.user())
    assert "secret run" not in visitor.get("/client").text
    assert "secret run" in client.get("/client").text


def test_only_clients_have_it(app: Flask, sign_in: SignIn) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role="coach"))
    assert visitor.get("/client").status_code == 403
    assert visitor.post("/client/level-up/seen").status_code == 403
