"""A coach's own achievements, and everybody's to look at."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.kit.db import db
from app.loyalty.achievement_models import Achievement, UserAchievement
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.keeping import achievement_form, audited, beside, row_of, statuses_of

SignIn = Callable[[FlaskClient, User], None]
LIST, NEW = "/coach/achievements", "/coach/achievements/create"


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> User:
    coach = make.user(role="coach")
    sign_in(client, coach)
    return coach


def test_what_a_coach_makes_is_earned_by_their_clients_alone(client: FlaskClient, sam: User) -> None:
    ada, other = make.user(coach_id=sam.id), make.user()
    for each in (ada, other):
        make.workout(each)
    make.settled()
    assert client.post(NEW, data=achievement_form(name="First", condition_value="1")).location == LIST
    made = db.session.scalars(select(Achievement)).one()
    assert (made.coach_id, audited()) == (sam.id, [("achievement.created", sam.id)])
    make.evaluated()
    assert db.session.scalars(select(UserAchievement.user_id)).all() == [ada.id]
    row = row_of(client.get(LIST).text, "First")
    assert 'data-label="Earned by">1<' in row
    assert "System" not in row


def test_a_coach_changes_switches_and_deletes_their_own(client: FlaskClient, sam: User) -> None:
    kept = make.achievement("workout_count", 3, coach=sam, name="Three")
    path = f"{LIST}/{kept.id}"
    form = client.get(f"{path}/edit").text
    assert 'name="condition_value" type="text" value="3"' in form
    assert '<option selected value="workout_count">' in form
    changed = achievement_form(name="Hand", manual=True, version="1")
    assert client.post(f"{path}/edit", data=changed).location == LIST
    assert (kept.name, kept.type, kept.condition_type, kept.condition_value) == ("Hand", "manual", None, None)
    part = client.patch(path, data={"is_active": "0"}, headers=HTMX).text
    assert "Switch on" in row_of(part, "Hand")
    assert kept.is_active is False
    assert client.delete(path).location == LIST
    assert db.session.scalars(select(Achievement)).all() == []
    done = ["achievement.changed", "achievement.changed", "achievement.deleted"]
    assert [action for action, by in audited() if by == sam.id] == done


@pytest.mark.usefixtures("sam")
def test_everybodys_achievements_are_shown_in_full_and_never_changed(client: FlaskClient) -> None:
    kept = make.achievement("checkin_count", 100, name="Hundred", description="Looks at yourself.", xp_reward=7)
    row = row_of(client.get(LIST).text, "Hundred")
    for told in ("System", "Looks at yourself.", "100 check-ins", "Automatic", "7 XP", "Kept by the admins"):
        assert told in row
    assert "<form" not in row
    assert "<a " not in row
    form = achievement_form(name="Mine", version="1")
    assert set(statuses_of(client, "coach", "achievements", kept.id, form).values()) == {404}
    assert (db.session.get_one(Achievement, kept.id).name, kept.is_active, kept.version) == ("Hundred", True, 1)


@pytest.mark.usefixtures("sam")
def test_another_coachs_achievements_arent_there(client: FlaskClient) -> None:
    theirs = make.achievement(coach=make.user(role="coach"), name="Theirs")
    assert "Theirs" not in client.get(LIST).text
    form = achievement_form(name="Mine", version="1")
    assert set(statuses_of(client, "coach", "achievements", theirs.id, form).values()) == {404}
    assert (db.session.get_one(Achievement, theirs.id).name, theirs.is_active) == ("Theirs", True)


def test_one_that_was_earned_is_switched_off_instead_of_deleted(client: FlaskClient, sam: User) -> None:
    earned = make.achievement("workout_count", 1, coach=sam, name="First")
    make.workout(make.user(coach_id=sam.id))
    make.settled()
    make.evaluated()
    answer = client.post(f"{LIST}/{earned.id}", data={"_method": "DELETE"}, follow_redirects=True)
    assert "First has been earned, so it was switched off instead of deleted." in answer.text
    assert db.session.get_one(Achievement, earned.id).is_active is False


@pytest.mark.usefixtures("sam")
def test_a_missing_condition_is_told_beside_its_field(client: FlaskClient) -> None:
    answer = client.post(NEW, data=achievement_form(condition_value=""))
    assert answer.status_code == 422
    assert "needs a condition and how much of it" in beside(answer.text, "condition_value")
    assert '<option selected value="workout_count">' in answer.text
    assert db.session.scalars(select(Achievement)).all() == []


@pytest.mark.parametrize("role", ["client", "admin"])
def test_the_coaches_desk_is_for_coaches(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    sign_in(client, make.user(role=role))
    assert client.get(LIST).status_code == 403
    assert client.post(NEW, data=achievement_form()).status_code == 403


def test_own_ones_come_first_and_the_list_costs_few_statements(client: FlaskClient, sam: User) -> None:
    assert "No achievements yet" in client.get(LIST).text
    for number in range(15):
        make.achievement(name=f"A system {number}")
        make.achievement(coach=sam, name=f"Own {number}")
    with count_statements() as sent:
        page = client.get(LIST).text
    assert len(sent) <= 3, sent
    assert page.rindex(">Own ") < page.index(">A system ")
