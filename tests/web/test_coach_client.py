"""The page of one client: where they stand, what their coach awards, and what they did."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.kit.db import db
from app.loyalty import service as loyalty
from app.loyalty.achievement_models import UserAchievement
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> User:
    coach = make.user(role="coach")
    sign_in(client, coach)
    return coach


@pytest.fixture
def ada(sam: User) -> User:
    make.levels(10, 500)
    return make.rich_client(120, coach_id=sam.id, display_name="Ada Berg")


def page_of(user: User) -> str:
    return f"/coach/clients/{user.id}"


def award_of(user: User, achievement_id: int) -> str:
    return f"{page_of(user)}/achievements/{achievement_id}/award"


@pytest.mark.usefixtures("frozen")
def test_the_page_shows_how_far_the_client_is(app: Flask, sign_in: SignIn) -> None:
    client, sam = app.test_client(), make.user(role="coach")
    sign_in(client, sam)
    make.levels(10, 500)
    ada = make.rich_client(120, coach_id=sam.id, display_name="Ada Berg")
    make.workout(ada, at=make.NOW - timedelta(hours=1), title="Evening run", notes="Rain all the way")
    make.checkins(ada, 2)
    make.redemption(ada, make.reward(name="Yoga mat"))
    page = client.get(page_of(ada)).text
    assert "380 XP to Level 2" in page
    assert "Evening run" in page
    assert "Rain all the way" in page
    assert "Yoga mat" in page
    assert ">70<" in page  # points left
    assert ">2<" in page  # days in a row
    assert 'name="place" value="client"' in page


def test_a_new_client_has_a_page_too(client: FlaskClient, sam: User) -> None:
    page = client.get(page_of(make.user(coach_id=sam.id))).text
    for words in (
        "Nothing logged yet",
        "No achievement earned yet",
        "Nothing redeemed yet",
        "No programme followed yet",
    ):
        assert words in page


def test_awarding_gives_xp_at_once_and_moves_the_bar(client: FlaskClient, sam: User, ada: User) -> None:
    medal = make.achievement(name="Kind heart", xp_reward=400, points_reward=5, coach=sam)
    by_itself = make.achievement("workout_count", 99, name="By itself")
    page = client.get(page_of(ada)).text
    assert f'id="award-{medal.id}"' in page
    assert f'id="award-{by_itself.id}"' not in page
    answer = client.post(award_of(ada, medal.id), headers=HTMX)
    assert answer.status_code == 200
    assert 'id="client-achievements"' in answer.text
    assert "For you to award" not in answer.text
    assert 'id="client-standing"' in answer.text
    assert "520 XP" in answer.text
    summary = loyalty.summary_of(ada.id)
    assert (summary.total_xp, summary.available_points) == (520, 125)
    assert db.session.scalars(select(UserAchievement.awarded_by_id)).all() == [sam.id]
    assert f"awarded by {sam.name}" in answer.text


def test_what_comes_by_itself_shows_how_far_it_is(client: FlaskClient, sam: User, ada: User) -> None:
    make.achievement("workout_count", 4, name="Four runs")
    make.achievement("workout_count", 4, name="Not theirs", coach=make.user(role="coach"))
    page = client.get(page_of(ada)).text
    assert "1 of 4 workouts" in page
    assert "Not theirs" not in page
    make.achievement("workout_count", 2, name="Two runs", coach=sam)
    page = client.get(page_of(ada)).text
    assert page.index("1 of 2 workouts") < page.index("1 of 4 workouts")


def test_a_second_award_says_that_it_is_already_earned(client: FlaskClient, ada: User) -> None:
    medal = make.achievement(xp_reward=10)
    assert client.post(award_of(ada, medal.id)).location == f"{page_of(ada)}#client-achievements"
    for headers in (HTMX, {}):
        answer = client.post(award_of(ada, medal.id), headers=headers)
        assert answer.status_code == 409
        assert "already earned" in answer.text
    assert loyalty.summary_of(ada.id).total_xp == 130
    assert db.session.scalar(select(func.count()).select_from(UserAchievement)) == 1


def test_what_comes_by_itself_cannot_be_awarded(client: FlaskClient, ada: User) -> None:
    medal = make.achievement("workout_count", 99)
    answer = client.post(award_of(ada, medal.id), headers=HTMX)
    assert answer.status_code == 422
    assert "awarded by hand" in answer.text


def test_nothing_of_another_coach_is_there(client: FlaskClient, ada: User) -> None:
    other = make.user(role="coach")
    theirs, medal = make.user(coach_id=other.id), make.achievement(coach=other)
    mine = make.achievement()
    assert client.get(page_of(theirs)).status_code == 404
    assert client.get(page_of(other)).status_code == 404
    assert client.post(award_of(theirs, mine.id)).status_code == 404
    assert client.post(award_of(ada, medal.id), headers=HTMX).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(UserAchievement)) == 0


def test_a_client_who_may_not_sign_in_any_more_can_still_be_looked_at(client: FlaskClient, sam: User) -> None:
    assert "Inactive" in client.get(page_of(make.user(coach_id=sam.id, is_active=False))).text


def test_older_activity_comes_in_place(client: FlaskClient, ada: User) -> None:
    for hours in range(1, 10):
        make.workout(ada, at=make.NOW - timedelta(hours=hours), title=f"Run {hours}")
    part = client.get(f"{page_of(ada)}?page=2", headers=HTMX).text
    assert "Run 9" in part
    assert "Run 1<" not in part
    assert "<html" not in part


def test_the_page_looks_for_changes_without_being_sent_what_it_has(client: FlaskClient, ada: User) -> None:
    seen = client.get(page_of(ada)).text.split("seen=")[1].split('"')[0]
    assert client.get(f"{page_of(ada)}?seen={seen}", headers=HTMX).status_code == 204
    make.checkin(ada)
    make.settled()
    fresh = client.get(f"{page_of(ada)}?seen={seen}", headers=HTMX)
    assert fresh.status_code == 200
    assert "130 XP" in fresh.text


def test_the_page_takes_seventeen_statements_however_much_there_is(client: FlaskClient, sam: User, ada: User) -> None:
    for _ in range(3):
        make.redemption(ada, make.reward(points_cost=1))
        make.followed(ada, sam)
        make.program(sam)
        client.post(award_of(ada, make.achievement().id))
        make.achievement()
    make.checkins(ada, 5)
    with count_statements() as sent:
        client.get(page_of(ada))
    assert len(sent) <= 17, sent
