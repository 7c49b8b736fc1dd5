"""The achievements that every client can earn, as admins keep them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.service import Actor
from app.kit.db import db, unit_of_work
from app.loyalty import awarding
from app.loyalty.achievement_models import Achievement, UserAchievement
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.keeping import CARRIED, achievement_form, audited, beside, row_of, statuses_of

SignIn = Callable[[FlaskClient, User], None]
LIST, NEW = "/admin/achievements", "/admin/achievements/create"
NEEDED = "An automatic achievement needs a condition and how much of it."
EMPTY = "An achievement that is awarded by hand has no condition. Empty this field."


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin")
    sign_in(client, admin)
    return admin


def state(of: Achievement) -> tuple[Any, ...]:
    return of.type, of.condition_type, of.condition_value, of.xp_reward, of.points_reward, of.icon, of.is_active


def test_an_automatic_achievement_is_made_and_those_who_meet_it_earn_it(client: FlaskClient, admin: User) -> None:
    ada = make.user()
    make.workout(ada)
    make.settled()
    assert client.post(NEW, data=achievement_form(name="First", condition_value="1")).location == LIST
    made = db.session.scalars(select(Achievement)).one()
    assert state(made) == ("automatic", "workout_count", 1, 50, 20, "medal", True)
    assert (made.coach_id, audited()) == (None, [("achievement.created", admin.id)])
    make.evaluated()
    assert db.session.scalars(select(UserAchievement.user_id)).all() == [ada.id]
    row = row_of(client.get(LIST).text, "First")
    for told in ("1 workout<", "Automatic", "50 XP", "20 points", 'data-label="Earned by">1<'):
        assert told in row


@pytest.mark.usefixtures("admin")
def test_one_that_is_awarded_by_hand_takes_no_condition(client: FlaskClient) -> None:
    form = achievement_form(manual=True, name="Kindness", xp_reward="", points_reward="")
    folded = {name: value for name, value in form.items() if not name.startswith("condition")}
    assert client.post(NEW, data=folded).location == LIST
    made = db.session.scalars(select(Achievement)).one()
    assert state(made) == ("manual", None, None, 0, 0, "medal", True)
    assert "By hand" in row_of(client.get(LIST).text, "Kindness")
    picture = (BytesIO(make.image_file()), "a.png")
    client.post(f"{LIST}/{made.id}/edit", data=form | {"version": "1", "picture": picture})
    assert f"/media/{made.image}-thumb.webp" in row_of(client.get(LIST).text, "Kindness")


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("condition", "most"),
    [("xp_total", 1_000_000_000), ("workout_count", 100_000), ("checkin_count", 100_000), ("streak_days", 100_000)],
)
def test_the_most_that_one_can_take_is_kept_and_shown(client: FlaskClient, condition: str, most: int) -> None:
    form = achievement_form(name="Legend", condition_type=condition, condition_value=f"{most:,}")
    assert client.post(NEW, data=form).status_code == 303
    made = db.session.scalars(select(Achievement)).one()
    assert made.condition_value == most
    assert f"{most:,}" in row_of(client.get(LIST).text, "Legend")
    assert client.post(f"{LIST}/{made.id}/edit", data=form | {"version": "1", "name": "Myth"}).status_code == 303
    assert (made.name, made.condition_value) == ("Myth", most)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"condition_type": "", "condition_value": ""}, {"condition_type": NEEDED, "condition_value": NEEDED}),
        ({"condition_type": ""}, {"condition_type": NEEDED, "condition_value": ""}),
        ({"condition_value": " "}, {"condition_type": "", "condition_value": NEEDED}),
        ({"type": "manual"}, {"condition_type": EMPTY, "condition_value": EMPTY}),
        ({"type": "manual", "condition_type": ""}, {"condition_type": "", "condition_value": EMPTY}),
        ({"type": "odd"}, {"type": "Please choose one of the list.", "condition_type": ""}),
        ({"condition_type": "odd"}, {"condition_type": "Please choose one of the list."}),
        ({"icon": "<b>"}, {"icon": "Please choose one of the list."}),
        ({"name": ""}, {"name": "Please fill this in."}),
        ({"description": "x" * 501}, {"description": "at most 500 characters"}),
        *(
            ({"condition_value": odd}, {"condition_value": "Please enter a whole number from 1 to 100,000."})
            for odd in ("0", "1.5", "NaN", "٣", "100001", str(2**63))
        ),
        *(
            (
                {"condition_type": "xp_total", "condition_value": odd},
                {"condition_value": "Please enter a whole number from 1 to 1,000,000,000."},
            )
            for odd in ("0", "1.5", "٣", "1000000001", str(2**63))
        ),
        *(
            ({field: odd}, {field: "Please enter a whole number from 0 to 1,000,000."})
            for field in ("xp_reward", "points_reward")
            for odd in ("-1", "1,5", "1000001", str(2**63))
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_fields_and_the_rest_is_kept(
    client: FlaskClient, typed: dict[str, str], told: dict[str, str]
) -> None:
    picture = (BytesIO(make.image_file()), "a.png")
    answer = client.post(NEW, data=achievement_form(**typed, picture=picture))
    assert answer.status_code == 422
    for field, sentence in told.items():
        found = beside(answer.text, field)
        assert sentence in found if sentence else not found, field
    assert CARRIED.findall(answer.text)[0]
    assert all(f'value="{value}"' in answer.text for name, value in typed.items() if name.endswith(("value", "reward")))
    assert db.session.scalars(select(Achievement)).all() == []


def test_the_second_of_two_admins_is_told_who_changed_what(
    app: Flask, client: FlaskClient, sign_in: SignIn, admin: User
) -> None:
    coach = make.user(role="coach", username="dana")
    kept, ada, other = make.achievement(name="Kindness"), make.user(coach_id=coach.id), app.test_client()
    path = f"{LIST}/{kept.id}/edit"
    sign_in(other, make.user(role="admin", username="robin"))
    other.post(path, data=achievement_form(manual=True, name="Theirs", version="1", xp_reward="0", points_reward="0"))
    with unit_of_work():
        awarding.award(coach, ada.id, kept.id, actor=Actor(coach.id, "dana", "", ""), now=make.NOW)
    answer = client.post(path, data=achievement_form(manual=True, name="Mine", version="1"))
    assert answer.status_code == 409
    assert "robin changed this while you had it open (Sign, Name)" in answer.text
    assert kept.name == "Theirs"
    assert 'value="Mine"' in answer.text
    assert client.post(path, data=achievement_form(manual=True, name="Mine", version="2")).status_code == 303
    assert (kept.name, audited()[-1]) == ("Mine", ("achievement.changed", admin.id))


@pytest.mark.usefixtures("admin")
def test_one_that_was_earned_is_switched_off_instead_of_deleted(client: FlaskClient) -> None:
    earned, other = make.achievement("workout_count", 1, name="First"), make.achievement(name="Kindness")
    make.workout(make.user())
    make.settled()
    make.evaluated()
    answer = client.post(f"{LIST}/{earned.id}", data={"_method": "DELETE"}, follow_redirects=True)
    assert "First has been earned, so it was switched off instead of deleted." in answer.text
    assert db.session.get_one(Achievement, earned.id).is_active is False
    assert "Kindness was deleted." in client.delete(f"{LIST}/{other.id}", follow_redirects=True).text
    assert db.session.scalars(select(Achievement.name)).all() == ["First"]
    assert audited()[-1][0] == "achievement.deleted"


@pytest.mark.usefixtures("admin")
def test_one_is_switched_in_the_list_as_it_is_looked_at(client: FlaskClient) -> None:
    kept = make.achievement(name="Kindness")
    path = f"{LIST}/{kept.id}?type=manual&q=kind"
    assert client.post(path, data={"_method": "PATCH", "is_active": "0"}).location == f"{LIST}?type=manual&q=kind"
    assert kept.is_active is False
    part = client.patch(path, data={"is_active": "1"}, headers=HTMX)
    assert part.text.lstrip().startswith('<div id="achievements"')
    assert "Kindness is switched on." in part.headers["HX-Trigger"]
    assert (kept.is_active, kept.version) == (True, 3)


@pytest.mark.usefixtures("admin")
def test_achievements_are_found_by_their_words_state_and_type(client: FlaskClient) -> None:
    make.achievement("streak_days", 1, name="A day")
    make.achievement("xp_total", 1000, name="Thousand", description="100%", is_active=False)
    make.achievement(name="Kindness")
    for asked, found in {
        "q=100%25": {"Thousand"},
        "type=automatic": {"A day", "Thousand"},
        "type=automatic&status=active": {"A day"},
        "type=manual": {"Kindness"},
        "status=inactive": {"Thousand"},
        "type=odd": {"A day", "Thousand", "Kindness"},
    }.items():
        part = client.get(f"{LIST}?{asked}", headers=HTMX).text
        assert {name for name in ("A day", "Thousand", "Kindness") if row_of(part, name)} == found, asked
    page = client.get(LIST).text
    assert "1 day in a row<" in row_of(page, "A day")
    assert "1,000 XP" in row_of(page, "Thousand")
    assert "Nothing fits" in client.get(f"{LIST}?q=unicorn").text


@pytest.mark.usefixtures("admin")
def test_what_coaches_keep_is_not_the_admins(client: FlaskClient) -> None:
    theirs = make.achievement(coach=make.user(role="coach"), name="Lunch")
    assert "Lunch" not in client.get(LIST).text
    answers = statuses_of(client, "admin", "achievements", theirs.id, achievement_form(manual=True, version="1"))
    assert set(answers.values()) == {404}
    assert (db.session.get_one(Achievement, theirs.id).name, theirs.version) == ("Lunch", 1)


@pytest.mark.usefixtures("admin")
def test_the_pages_cost_few_statements_however_many_achievements(client: FlaskClient) -> None:
    assert "No achievements yet" in client.get(LIST).text
    made = [make.achievement("workout_count", number + 1) for number in range(25)]
    with count_statements() as sent:
        assert "20 of 25" in client.get(LIST).text
    assert len(sent) <= 3, sent
    with count_statements() as sent:
        assert "History" in client.get(f"{LIST}/{made[0].id}/edit").text
    assert len(sent) <= 5, sent
