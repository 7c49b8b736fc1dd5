"""A coach's own rewards, and everybody's to look at."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.kit.db import db
from app.loyalty.reward_models import Reward
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.keeping import audited, beside, reward_form, row_of, statuses_of

SignIn = Callable[[FlaskClient, User], None]
LIST, NEW = "/coach/rewards", "/coach/rewards/create"


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> User:
    coach = make.user(role="coach")
    sign_in(client, coach)
    return coach


def test_a_coach_makes_a_reward_of_their_own(client: FlaskClient, sam: User) -> None:
    picture = (BytesIO(make.image_file()), "lunch.png")
    assert client.post(NEW, data=reward_form(name="Lunch", stock="0", picture=picture)).location == LIST
    reward = db.session.scalars(select(Reward)).one()
    assert (reward.coach_id, reward.name, reward.stock) == (sam.id, "Lunch", 0)
    assert audited() == [("reward.created", sam.id)]
    row = row_of(client.get(LIST).text, "Lunch")
    assert f"/media/{reward.image}-thumb.webp" in row
    assert "Sold out" in row
    assert f"{LIST}/{reward.id}/edit" in row
    assert "System" not in row


def test_a_coach_changes_switches_and_deletes_their_own(client: FlaskClient, sam: User) -> None:
    reward = make.reward(coach=sam, name="Lunch", stock=3)
    path = f"{LIST}/{reward.id}"
    form = client.get(f"{path}/edit").text
    assert 'value="Lunch"' in form
    assert "History" not in form
    changed = reward_form(name="Dinner", description="One.\r\nTwo.", stock="3", seen_stock="3", version="1")
    assert client.post(f"{path}/edit", data=changed).location == LIST
    assert (reward.name, reward.description, reward.stock) == ("Dinner", "One.\nTwo.", 3)
    part = client.patch(path, data={"is_active": "0"}, headers=HTMX).text
    assert "Inactive" in row_of(part, "Dinner")
    assert "Switch on" in row_of(part, "Dinner")
    assert reward.is_active is False
    in_place = client.delete(f"{path}?status=inactive", headers=HTMX).text
    assert 'id="rewards"' in in_place
    assert "Dinner" not in in_place
    assert db.session.scalars(select(Reward)).all() == []
    assert [action for action, by in audited() if by == sam.id] == [
        "reward.changed",
        "reward.changed",
        "reward.deleted",
    ]


@pytest.mark.usefixtures("sam")
def test_everybodys_rewards_are_shown_in_full_and_never_changed(client: FlaskClient) -> None:
    reward = make.reward(name="Massage", description="An hour.", points_cost=300, stock=2)
    row = row_of(client.get(LIST).text, "Massage")
    for told in ("System", "An hour.", "300 points", "2 left", "Active", "Kept by the admins"):
        assert told in row
    assert "<form" not in row
    assert "<a " not in row
    answers = statuses_of(client, "coach", "rewards", reward.id, reward_form(name="Mine", version="1"))
    assert set(answers.values()) == {404}
    kept = db.session.get_one(Reward, reward.id)
    assert (kept.name, kept.is_active, kept.version) == ("Massage", True, 1)


@pytest.mark.usefixtures("sam")
def test_another_coachs_rewards_arent_there(client: FlaskClient) -> None:
    reward = make.reward(coach=make.user(role="coach"), name="Theirs")
    assert "Theirs" not in client.get(LIST).text
    answers = statuses_of(client, "coach", "rewards", reward.id, reward_form(name="Mine", version="1"))
    assert set(answers.values()) == {404}
    assert (db.session.get_one(Reward, reward.id).name, reward.is_active) == ("Theirs", True)


def test_whoever_wants_to_delete_what_was_redeemed_reads_what_happens_instead(client: FlaskClient, sam: User) -> None:
    lunch = make.reward(name="Lunch", coach=sam)
    for page in (LIST, f"{LIST}/{lunch.id}/edit"):
        assert "If somebody has redeemed it" in client.get(page).text
    make.redemption(make.rich_client(coach_id=sam.id), lunch)
    for page in (LIST, f"{LIST}/{lunch.id}/edit"):
        told = "Lunch was redeemed once, so it can't be deleted. Switch it off instead?"
        assert told in client.get(page).text


def test_one_that_was_redeemed_is_switched_off_instead_and_the_page_says_so(client: FlaskClient, sam: User) -> None:
    reward = make.reward(coach=sam, name="Lunch")
    make.redemption(make.rich_client(coach_id=sam.id), reward)
    answer = client.post(f"{LIST}/{reward.id}", data={"_method": "DELETE"}, follow_redirects=True)
    assert "Lunch has been redeemed, so it was switched off instead of deleted." in answer.text
    assert db.session.get_one(Reward, reward.id).is_active is False
    for page in (LIST, f"{LIST}/{reward.id}/edit"):  # and once it is off, nobody is asked to switch it off
        assert "Delete" not in client.get(page).text


@pytest.mark.usefixtures("sam")
def test_what_is_wrong_is_told_at_its_field(client: FlaskClient) -> None:
    answer = client.post(NEW, data=reward_form(points_cost="a lot"))
    assert answer.status_code == 422
    assert "whole number from 1 to 1,000,000" in beside(answer.text, "points_cost")
    assert 'value="a lot"' in answer.text


@pytest.mark.parametrize("role", ["client", "admin"])
def test_the_coaches_desk_is_for_coaches(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    sign_in(client, make.user(role=role))
    assert client.get(LIST).status_code == 403
    assert client.post(NEW, data=reward_form()).status_code == 403


def test_own_ones_come_first_and_the_list_costs_few_statements(client: FlaskClient, sam: User) -> None:
    assert "No rewards yet" in client.get(LIST).text
    for number in range(15):
        make.reward(name=f"System {number}", points_cost=1)
        make.reward(coach=sam, name=f"Own {number}")
    with count_statements() as sent:
        page = client.get(LIST).text
    assert len(sent) <= 3, sent
    assert page.rindex("Own ") < page.index(">System 0") < page.index(">System 4")
    assert "System 14" in client.get(f"{LIST}?page=2").text
