"""What is earned and what is ahead, on /client/achievements."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.kit.db import unit_of_work
from app.loyalty import achievements, awarding
from app.loyalty.achievement_models import Achievement
from app.loyalty.keeping import ADMINS
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def dana() -> User:
    return make.user(role="coach", display_name="Dana Reyes")


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn, dana: User) -> User:
    user = make.user(coach_id=dana.id)
    sign_in(client, user)
    return user


def card(page: str, achievement: Achievement) -> str:
    found = re.search(rf'<li class="card medal[^>]*id="achievement-{achievement.id}".*?</li>', page, re.DOTALL)
    assert found is not None, f"{achievement.name} isn't on the page"
    return unescape(found[0])


def award(coach: User, client: User, achievement: Achievement) -> None:
    with unit_of_work():
        awarding.award(coach, client.id, achievement.id, actor=make.SYSTEM, now=NOW)


def test_what_is_earned_shines_and_says_since_when_and_by_whom(client: FlaskClient, mia: User, dana: User) -> None:
    by_itself = make.achievement("workout_count", 1, description="The very first.", xp_reward=10, points_reward=1)
    by_hand = make.achievement(coach=dana, xp_reward=0)
    make.workout(mia)
    make.settled()
    award(dana, mia, by_hand)
    page = client.get("/client/achievements").text
    assert "is-earned" in card(page, by_itself)
    assert all(
        said in card(page, by_itself) for said in ("The very first.", "Earned on Mar 2, 2026", "+10 XP · +1 point")
    )
    assert "Awarded by Dana Reyes on Mar 2, 2026" in card(page, by_hand)
    assert "XP" not in card(page, by_hand)
    assert "2 of 2" in page


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("workout_count", "1 workout"),
        ("checkin_count", "1 check-in"),
        ("streak_days", "1 day in a row"),
        ("xp_total", "1 XP"),
    ],
)
def test_what_is_earned_without_a_description_says_with_what(
    client: FlaskClient, mia: User, condition: str, said: str
) -> None:
    make.achievement(condition, 1)
    make.workout(mia)
    make.checkin(mia)
    make.settled()
    make.evaluated()
    assert f'<p class="muted">{said}</p>' in client.get("/client/achievements").text


def test_what_is_ahead_is_grey_with_the_way_that_is_done(client: FlaskClient, mia: User, dana: User) -> None:
    workouts = make.achievement("workout_count", 10)
    checkins = make.achievement("checkin_count", 2)
    streak = make.achievement("streak_days", 1000)
    xp = make.achievement("xp_total", 2000)
    by_hand = make.achievement(coach=dana)
    for hour in range(7):
        make.workout(mia, at=NOW.replace(hour=hour))
    make.checkin(mia)
    make.settled()
    page = client.get("/client/achievements").text
    assert 'value="7" max="10" aria-label="7 of 10 workouts"' in card(page, workouts)
    assert "1 of 2 check-ins" in card(page, checkins)
    assert "1 of 1,000 days in a row" in card(page, streak)
    assert "150 of 2,000 XP" in card(page, xp)
    assert "Awarded by your coach" in card(page, by_hand)
    assert all("is-grey" in card(page, each) for each in (workouts, checkins, streak, xp, by_hand))
    assert "is-earned" not in page
    assert page.index(checkins.name) < page.index(streak.name) < page.index(by_hand.name)


def test_without_a_coach_nobody_is_told_of_one_who_awards(client: FlaskClient, sign_in: SignIn) -> None:
    sign_in(client, make.user(coach_id=None))
    by_hand = make.achievement()
    told = card(client.get("/client/achievements").text, by_hand)
    assert "Awarded by a coach, once you have one" in told
    assert "your coach" not in told


def test_of_what_is_not_begun_the_smallest_comes_first(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.achievement("workout_count", 50, name="A big one")
    make.achievement("workout_count", 1, name="The first")
    page = client.get("/client/achievements").text
    assert page.index("The first") < page.index("A big one")


def test_only_everybodys_and_the_own_coachs_are_shown_and_what_was_earned_stays(
    client: FlaskClient, mia: User, dana: User
) -> None:
    earned = make.achievement(name="Kept for ever")
    award(dana, mia, earned)
    never = make.achievement(name="Never earned")
    make.achievement(name="Elsewhere", coach=make.user(role="coach"))
    page = client.get("/client/achievements").text
    assert "Never earned" in page
    assert "Elsewhere" not in page
    with unit_of_work():
        for each in (earned, never):
            achievements.set_active(each.id, ADMINS, is_active=False, actor=make.SYSTEM, now=NOW)
    page = client.get("/client/achievements").text
    assert "is-earned" in card(page, earned)
    assert "Never earned" not in page


def test_the_part_follows_what_is_earned(client: FlaskClient, mia: User) -> None:
    first = make.achievement("workout_count", 2)
    found = re.search(r'data-url="(/client/achievements\?seen=\w+)"', client.get("/client/achievements").text)
    assert found is not None
    assert client.get(found[1], headers=HTMX).status_code == 204
    make.workout(mia)
    answer = client.get(found[1], headers=HTMX)
    assert (answer.status_code, "<html" in answer.text) == (200, False)
    assert "1 of 2 workouts" in card(answer.text, first)


def test_without_any_the_page_says_so(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    assert "No achievements yet" in client.get("/client/achievements").text
    make.achievement()
    assert "Your first one is waiting" in client.get("/client/achievements").text


@pytest.mark.parametrize("many", [1, 20])
def test_the_page_takes_as_many_statements_however_many_there_are(client: FlaskClient, mia: User, many: int) -> None:
    make.workout(mia)
    for value in range(1, many + 1):
        make.achievement("workout_count", value)
    make.settled()
    with count_statements() as sent:
        client.get("/client/achievements")
    assert len(sent) <= 7, sent


def test_only_clients_have_it(app: Flask, sign_in: SignIn) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role="coach"))
    assert visitor.get("/client/achievements").status_code == 403
