"""How far a client has come, as programs, their coach and they themself are told."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.loyalty import awarding, redeeming
from app.loyalty.models import XpSummary
from tests import make
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")


def url(user: User | str) -> str:
    return f"/api/v1/clients/{user if isinstance(user, str) else user.username}/loyalty"


def told(client: FlaskClient, user: User, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = client.get(url(user), headers=headers or make.api_key("read"))
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.get_json()["data"]
    return data


@pytest.mark.parametrize("address", ["/api/v1/clients/mia%2F/loyalty", "/api//v1/clients/mia/loyalty"])
def test_an_address_with_a_slash_too_many_is_told_in_json(client: FlaskClient, address: str) -> None:
    make.user(username="mia")
    answer = client.get(address, headers=make.api_key("read"))
    assert (answer.status_code, answer.mimetype, answer.get_json()["error"]) == (404, "application/json", "not_found")


def test_who_has_just_come_has_nothing_and_the_first_level_ahead(client: FlaskClient) -> None:
    make.levels(50, 200)
    assert told(client, make.user()) == {
        "totalXp": 0,
        "availablePoints": 0,
        "level": None,
        "nextLevel": {"number": 1, "name": "Level 1", "xpRequired": 50},
        "xpToNext": 50,
        "streakDays": 0,
        "achievements": [],
        "redemptions": [],
    }


def test_who_has_been_here_for_long_has_all_of_it(client: FlaskClient) -> None:
    coach = make.user(role="coach")
    make.levels(50, 200, 1000)
    mia = make.rich_client(300, coach_id=coach.id)
    for days in (3, 2, 1):
        make.checkin(mia, now=NOW - timedelta(days=days))
    make.settled()
    medals = [make.achievement(name=name) for name in ("First", "Second")]
    for place, medal in enumerate(medals):
        with unit_of_work():
            awarding.award(coach, mia.id, medal.id, actor=SYSTEM, now=NOW + timedelta(minutes=place))
    shake, towel = make.reward(name="Shake", points_cost=40), make.reward(name="Towel", coach=coach, points_cost=60)
    redeemed = [make.redemption(mia, each) for each in (shake, towel, shake)]
    with unit_of_work():
        redeeming.fulfil(redeemed[0].id, coach, actor=SYSTEM, now=NOW)
        redeeming.reject(redeemed[1].id, coach, notes="None left", actor=SYSTEM, now=NOW)
    assert told(client, mia) == {
        "totalXp": 330,
        "availablePoints": 250,
        "level": {"number": 2, "name": "Level 2"},
        "nextLevel": {"number": 3, "name": "Level 3", "xpRequired": 1000},
        "xpToNext": 670,
        "streakDays": 3,
        "achievements": [
            {"name": "Second", "earnedAt": "2026-03-02T12:01:00Z"},
            {"name": "First", "earnedAt": "2026-03-02T12:00:00Z"},
        ],
        "redemptions": [
            {"reward": "Shake", "status": "pending", "pointsSpent": 40},
            {"reward": "Towel", "status": "rejected", "pointsSpent": 60},
            {"reward": "Shake", "status": "fulfilled", "pointsSpent": 40},
        ],
    }


def test_at_the_top_nothing_comes_next(client: FlaskClient) -> None:
    make.levels(50, 100)
    data = told(client, make.rich_client(100))
    assert (data["level"]["number"], data["nextLevel"], data["xpToNext"]) == (2, None, None)


def test_of_what_was_redeemed_the_last_hundred_are_told(client: FlaskClient) -> None:
    mia = make.rich_client(1000)
    reward, last = make.reward(name="Sticker", points_cost=1), make.reward(name="Last", points_cost=2)
    for _each in range(100):
        make.redemption(mia, reward)
    make.redemption(mia, last)
    redemptions = told(client, mia)["redemptions"]
    assert (len(redemptions), redemptions[0]["reward"], redemptions[-1]["reward"]) == (100, "Last", "Sticker")


def test_it_takes_as_many_statements_however_much_there_is(client: FlaskClient) -> None:
    coach = make.user(role="coach")
    few, many = make.user(coach_id=coach.id), make.rich_client(500, coach_id=coach.id)
    make.checkins(many, 9)
    make.settled()
    for _each in range(6):
        make.redemption(many)
        medal = make.achievement()
        with unit_of_work():
            awarding.award(coach, many.id, medal.id, actor=SYSTEM, now=NOW)
    bearer, sent = make.bearer(coach), []
    for each in (few, many):
        with count_statements() as statements:
            told(client, each, bearer)
        sent.append(len(statements))
    assert sent[0] == sent[1] <= 7, sent


def test_whom_it_is_told(client: FlaskClient) -> None:
    coach, other = make.user(role="coach"), make.user(role="coach")
    mia = make.user(username="Mia", coach_id=coach.id)
    may = [make.bearer(mia), make.bearer(coach), make.bearer(), make.api_key("read")]
    assert [client.get(url("MIA"), headers=each).status_code for each in may] == [200] * 4
    assert client.get(url(mia)).status_code == 401
    others = make.api_key("activity", "grants", "deposits", "conversions")
    assert client.get(url(mia), headers=others).status_code == 403
    for stranger in (other, make.user(), make.user(coach_id=other.id)):
        theirs, nobodys = (client.get(url(name), headers=make.bearer(stranger)) for name in ("mia", "nobody"))
        assert (theirs.status_code, theirs.data) == (404, nobodys.data)


def test_a_client_who_moved_is_their_new_coachs_alone(client: FlaskClient) -> None:
    old, new = make.user(role="coach"), make.user(role="coach")
    mia = make.user(coach_id=old.id)
    bearer = make.bearer(old)
    assert client.get(url(mia), headers=bearer).status_code == 200
    with unit_of_work():
        db.session.execute(update(User).where(User.id == mia.id).values(coach_id=new.id))
    assert client.get(url(mia), headers=bearer).status_code == 404
    assert client.get(url(mia), headers=make.bearer(new)).status_code == 200


def test_who_is_no_coach_any_more_reads_nobody(client: FlaskClient) -> None:
    once = make.user(role="coach")
    mia = make.user(coach_id=once.id)
    with unit_of_work():
        db.session.execute(update(User).where(User.id == once.id).values(role="client"))
    db.session.expire_all()
    assert client.get(url(mia), headers=make.bearer(once)).status_code == 404


def test_only_clients_have_it(client: FlaskClient) -> None:
    key = make.api_key("read")
    for name in ("nobody", make.user(role="coach").username, make.user(role="admin").username, "a%20b", "%F0%9F%98%80"):
        assert client.get(url(name), headers=key).status_code == 404
    assert client.get(url("a%00b"), headers=key).status_code == 400


def test_who_never_had_a_summary_has_nothing(client: FlaskClient) -> None:
    mia = make.user()
    with unit_of_work():
        db.session.delete(db.session.get_one(XpSummary, mia.id))
    assert told(client, mia)["totalXp"] == 0
