"""Every movement of XP and points: for the client, for their coach, for the admins."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.activity import programs
from app.activity import service as activity
from app.activity.program_models import COMPLETED
from app.activity.rules import Meal
from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.loyalty import awarding, movements, redeeming
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]
LINE = re.compile(r'<tr id="movement-\d+">(.*?)</tr>', re.DOTALL)
LEFT = re.compile(r'class="num movement-left">([^<]+)<')
LINK = re.compile(r'href="([^"]+)"')


@pytest.fixture
def dana() -> User:
    return make.user(role="coach")


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn, dana: User) -> User:
    user = make.user(username="mia", coach_id=dana.id)
    sign_in(client, user)
    return user


def lines(page: str) -> list[tuple[str, ...]]:
    """What each line tells, cell by cell, but for when it was; with a plain minus."""
    rows = (re.findall(r">([^<>]*\S[^<>]*)<", row.replace("\N{MINUS SIGN}", "-")) for row in LINE.findall(page))
    cells = ([unescape(text.strip()) for text in row] for row in rows)
    return [(what, *amounts) for what, _when, *amounts, _left in cells]


def left(page: str) -> list[int]:
    """The points after each line."""
    return [int(each.replace(",", "")) for each in LEFT.findall(page)]


def a_bit_of_everything(mia: User, dana: User) -> None:
    """A workout, a meal, a check-in that is deleted, a programme, a medal, and two rewards, one of them given back."""
    make.workout(mia, at=NOW - timedelta(hours=9), title="Evening <run>")
    with unit_of_work():
        at = NOW - timedelta(hours=8)
        activity.log_meal(mia, eaten_at=at, meal=Meal.LUNCH, now=at)
    regretted = make.checkin(mia, now=NOW - timedelta(hours=7))
    followed = make.followed(mia, dana, make.program(dana, name="Couch to 5K"))
    with unit_of_work():
        programs.end(dana, followed.id, COMPLETED, now=NOW - timedelta(hours=6))
    make.settled()
    medal = make.achievement(coach=dana, name="Brave one", xp_reward=40, points_reward=1234)
    with unit_of_work():
        activity.remove(mia, "checkin", regretted.id, now=NOW - timedelta(hours=5))
        awarding.award(dana, mia.id, medal.id, actor=make.SYSTEM, now=NOW - timedelta(hours=4))
    make.settled()
    make.redemption(mia, make.reward(name="Towel"), now=NOW - timedelta(hours=3))
    refused = make.redemption(mia, make.reward(name="Bottle"), now=NOW - timedelta(hours=2))
    with unit_of_work():
        redeeming.reject(refused.id, dana, notes="None left.", actor=make.SYSTEM, now=NOW - timedelta(hours=1))


EVERYTHING = [
    ("Given back: Bottle", "0", "+50"),
    ("Redeemed: Bottle", "0", "-50"),
    ("Redeemed: Towel", "0", "-50"),
    ("Achievement: Brave one", "+40", "+1,234"),
    ("Deleted: Check-in of Mar 2, 2026", "0", "-10"),
    ("Programme completed: Couch to 5K", "+100", "+100"),
    ("Check-in of Mar 2, 2026", "+10", "+10"),
    ("Lunch", "+5", "+5"),
    ("Workout: Evening <run>", "+20", "+20"),
]


def test_a_client_sees_every_movement_newest_first(client: FlaskClient, mia: User, dana: User) -> None:
    a_bit_of_everything(mia, dana)
    page = client.get("/client/points").text
    assert lines(page) == EVERYTHING
    assert "<run>" not in page
    assert 'id="balance">1,309<' in page
    assert sum(int(each[-1].replace(",", "")) for each in EVERYTHING) == 1309
    assert left(page) == [1309, 1259, 1309, 1359, 125, 135, 35, 25, 20]
    assert re.search(r'href="/client/rewards" aria-current="page"', page)


def test_the_list_is_of_what_was_earned_or_spent_alone(client: FlaskClient, mia: User, dana: User) -> None:
    a_bit_of_everything(mia, dana)
    spent = client.get("/client/points?kind=spent", headers=HTMX).text
    assert (lines(spent), left(spent)) == (EVERYTHING[:3], [1309, 1259, 1309])
    earned = client.get("/client/points?kind=earned").text
    assert (lines(earned), left(earned)) == (EVERYTHING[3:], [1359, 125, 135, 35, 25, 20])
    assert lines(client.get("/client/points?kind=odd").text) == EVERYTHING


def test_the_list_of_somebody_without_one_of_them_says_so(client: FlaskClient, mia: User) -> None:
    make.workout(mia)
    make.settled()
    assert "None of these yet" in client.get("/client/points?kind=spent").text


def test_the_list_is_a_file_too(
    app: Flask, client: FlaskClient, sign_in: SignIn, mia: User, dana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movements, "AT_ONCE", 4)
    a_bit_of_everything(mia, dana)
    coach, admin = app.test_client(), app.test_client()
    sign_in(coach, dana)
    sign_in(admin, make.user(role="admin"))
    for visitor, path in ((client, "/client"), (coach, f"/coach/clients/{mia.id}"), (admin, f"/admin/users/{mia.id}")):
        assert f'href="{path}/points.csv"' in visitor.get(f"{path}/points").text
        answer = visitor.get(f"{path}/points.csv")
        assert answer.mimetype == "text/csv"
        heading, *rows = csv.reader(StringIO(answer.text.removeprefix("\ufeff")))
        assert heading == ["at", "what_for", "xp", "points", "balance_after"]
        told = [(what, xp, points) for _at, what, xp, points, _left in reversed(rows)]
        assert told == [(what, *(each.strip("+").replace(",", "") for each in moved)) for what, *moved in EVERYTHING]
        assert [int(row[-1]) for row in rows] == [20, 25, 35, 135, 125, 1359, 1309, 1259, 1309]
        _heading, *spent = csv.reader(StringIO(visitor.get(f"{path}/points.csv?kind=spent").text))
        assert [int(row[-1]) for row in spent] == [1309, 1259, 1309]


def test_what_a_line_is_for_is_a_step_away(client: FlaskClient, mia: User, dana: User) -> None:
    a_bit_of_everything(mia, dana)
    led = [LINK.findall(row) for row in LINE.findall(client.get("/client/points").text)]
    assert [bool(links) for links in led] == [True] * 4 + [False] * 5
    for (link,) in led[:4]:
        path, _sharp, anchor = link.partition("#")
        assert f'id="{anchor}"' in client.get(path).text


def test_the_coach_and_the_admins_see_the_same(
    app: Flask, client: FlaskClient, sign_in: SignIn, mia: User, dana: User
) -> None:
    a_bit_of_everything(mia, dana)
    for role, path, way in (
        (dana, f"/coach/clients/{mia.id}", "/points"),
        (make.user(role="admin"), f"/admin/users/{mia.id}", "/points"),
    ):
        visitor = app.test_client()
        sign_in(visitor, role)
        assert f'href="{path}{way}"' in visitor.get(path).text
        page = visitor.get(f"{path}{way}").text
        assert lines(page) == EVERYTHING
        part = visitor.get(f"{path}{way}", headers=HTMX).text
        assert (lines(part), "<html" in part) == (EVERYTHING, False)
        for link in {link for row in LINE.findall(page) for link in LINK.findall(row)}:
            there, _sharp, anchor = unescape(link).partition("#")
            assert f'id="{anchor}"' in visitor.get(there).text
    assert 'href="/client/points"' in client.get("/client").text
    assert 'href="/client/points"' in client.get("/client/rewards").text


def test_an_admin_sees_how_far_a_client_is(client: FlaskClient, sign_in: SignIn) -> None:
    make.levels(50, 5000)
    coach = make.user(role="coach")
    ada = make.rich_client(100, username="ada", coach_id=coach.id)
    make.checkins(ada, 2)
    make.settled()
    make.redemption(ada)
    sign_in(client, make.user(role="admin"))
    medal = make.achievement(name="Kind heart")
    with unit_of_work():
        awarding.award(coach, ada.id, medal.id, actor=SYSTEM, now=make.NOW)
    page = client.get(f"/admin/users/{ada.id}").text
    told = re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(?:<a[^>]*>)?([^<]+)<", page)
    shown = {"Points": "70", "Days in a row": "2", "Achievements": "1", "Redemptions": "1"}
    assert shown.items() <= dict(told).items()
    assert 'aria-label="70 of 4,950 XP on the way to level 2"' in page
    assert page.index('id="loyalty"') < page.index('id="user-form"')
    assert 'id="loyalty"' not in client.get(f"/admin/users/{coach.id}").text
    assert client.get(f"/admin/users/{coach.id}/points").status_code == 404
    assert client.get("/admin/users/999999/points").status_code == 404


def test_the_list_of_somebody_elses_client_is_not_there(app: Flask, sign_in: SignIn, mia: User, dana: User) -> None:
    a_bit_of_everything(mia, dana)
    other, stranger = app.test_client(), app.test_client()
    sign_in(other, make.user(role="coach"))
    sign_in(stranger, make.user(username="eve"))
    assert other.get(f"/coach/clients/{mia.id}/points").status_code == 404
    assert stranger.get(f"/coach/clients/{mia.id}/points").status_code == 403
    assert stranger.get(f"/admin/users/{mia.id}/points").status_code == 403
    assert other.get(f"/coach/clients/{mia.id}/points.csv").status_code == 404
    assert stranger.get(f"/admin/users/{mia.id}/points.csv").status_code == 403
    assert lines(stranger.get("/client/points").text) == []


def test_an_empty_list_says_how_it_fills(
    app: Flask, client: FlaskClient, sign_in: SignIn, mia: User, dana: User
) -> None:
    page = client.get("/client/points").text
    assert "Nothing has moved yet" in page
    assert '<a class="btn btn-primary" href="/client/log">' in page
    visitor = app.test_client()
    sign_in(visitor, dana)
    assert "What mia earns and spends stands here" in visitor.get(f"/coach/clients/{mia.id}/points").text


@pytest.mark.parametrize("many", [1, 21])
def test_the_list_has_pages_and_takes_as_many_statements_whatever_it_holds(
    client: FlaskClient, mia: User, dana: User, many: int
) -> None:
    make.levels(50, 100)
    for number in range(many - 1):
        make.workout(mia, at=NOW - timedelta(hours=20, minutes=number))
    make.settled()
    a_bit_of_everything(mia, dana)
    with count_statements() as sent:
        page = client.get("/client/points").text
    assert len(sent) <= 7, sent
    assert len(lines(page)) == min(20, many + 8)
    assert left(client.get("/client/points?page=2").text)[-1] == 20
    assert len(lines(client.get("/client/points?page=2", headers=HTMX).text)) == (9 if many == 21 else many + 8)


def test_the_part_follows_what_happens(client: FlaskClient, mia: User) -> None:
    found = re.search(r'data-url="(/client/points\?seen=\w+)"', client.get("/client/points").text)
    assert found is not None
    assert client.get(found[1], headers=HTMX).status_code == 204
    make.workout(mia)
    make.settled()
    answer = client.get(found[1], headers=HTMX)
    assert (answer.status_code, lines(answer.text)) == (200, [("Workout", "+20", "+20")])
