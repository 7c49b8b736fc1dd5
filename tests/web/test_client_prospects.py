"""What /client and /client/log promise for what is done next: as much as the worker will give, or why nothing."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.loyalty import service as loyalty
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user()
    sign_in(client, user)
    return user


def promised(client: FlaskClient) -> tuple[str, str]:
    """What stands beside a workout: under Today, and on its form."""
    today = re.search(r'<section class="card[^>]*id="today".*?</section>', client.get("/client").text, re.DOTALL)
    form = re.search(r'id="workout-form".*?<form', client.get("/client/log").text, re.DOTALL)
    assert today
    assert form
    _checkin, workout, _meal = re.findall(r"<li.*?</li>", today[0], re.DOTALL)
    return badge(workout), badge(form[0])


def badge(html: str) -> str:
    found = re.search(r'<span class="badge[^>]*>(?:<svg.*?</svg>)?(.*?)</span>', html, re.DOTALL)
    return found[1] if found else ""


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


@pytest.mark.parametrize("is_settled", [True, False])
@pytest.mark.parametrize(
    ("changes", "before", "told"),
    [
        ({}, (1,), "+20 XP"),
        ({"daily_limit": 2}, (1,), "+20 XP"),
        ({"daily_limit": 1}, (1,), "Daily limit reached"),
        ({"daily_limit": 2}, (1, 2, 3, 4), "Daily limit reached"),
        ({"daily_limit": 1}, (24,), "+20 XP"),
        ({"cooldown_hours": 4}, (1,), "Too soon to earn again"),
        ({"cooldown_hours": 4}, (6, 5), "+20 XP"),  # the second earned nothing; the next does
        ({"cooldown_hours": 24}, (2,), "Too soon to earn again"),
        ({"is_active": False, "daily_limit": 1}, (1,), ""),
        ({"xp_amount": 0}, (1,), ""),
    ],
)
def test_what_is_promised_is_what_the_next_one_earns(
    client: FlaskClient, mia: User, changes: dict[str, Any], before: tuple[int, ...], told: str, *, is_settled: bool
) -> None:
    make.event_type(**changes)
    for hours in before:
        make.workout(mia, at=hours_ago(hours), now=NOW)
    if is_settled:
        make.settled()
    assert promised(client) == (told, told)
    logged = make.workout(mia)
    make.settled()
    assert loyalty.outcomes(mia.id, [logged.source])[logged.source].xp == (20 if "20" in told else 0)


def test_a_deleted_one_has_had_its_share(client: FlaskClient, mia: User) -> None:
    make.event_type(daily_limit=1)
    logged = make.workout(mia, at=hours_ago(1))
    make.settled()
    client.delete(f"/client/log/workout/{logged.id}", headers=HTMX)
    make.settled()
    assert promised(client) == ("Daily limit reached",) * 2


def test_the_check_in_of_today_promises_nothing_more(client: FlaskClient, mia: User) -> None:
    assert "XP a day" in client.get("/client/log").text
    make.checkin(mia)
    assert "XP a day" not in client.get("/client/log").text


def told_of_bonus(client: FlaskClient) -> str:
    found = re.search(
        r'<div class="streak-bonus">.*?<p class="line-facts">(.*?)</p>', client.get("/client").text, re.DOTALL
    )
    return found[1] if found else ""


@pytest.mark.parametrize("is_settled", [True, False])
@pytest.mark.parametrize(
    ("days", "told"),
    [
        (3, "4 more days in a row give +50 XP"),
        (7, "7 more days in a row give +50 XP"),
        (13, "1 more day in a row gives +50 XP"),
        (28, "2 more days in a row give +200 XP"),
        (30, "5 more days in a row give +50 XP"),
    ],
)
def test_the_next_bonus_is_the_one_that_comes_first(
    client: FlaskClient, mia: User, days: int, told: str, *, is_settled: bool
) -> None:
    make.event_type("streak_30_day", xp_amount=200)
    make.checkins(mia, days)
    if is_settled:
        make.settled()
    assert told_of_bonus(client) == told


def test_the_next_bonus_is_of_a_type_that_is_active(client: FlaskClient, mia: User) -> None:
    make.event_type("streak_7_day", is_active=False)
    make.event_type("streak_30_day", xp_amount=200)
    make.checkins(mia, 8, until=NOW - timedelta(days=1))
    make.settled()
    assert told_of_bonus(client) == "22 more days in a row give +200 XP"
    make.event_type("streak_30_day", is_active=False)
    assert told_of_bonus(client) == ""


@pytest.mark.parametrize("waits", [True, False])
def test_it_takes_as_many_statements_whatever_is_limited(client: FlaskClient, mia: User, *, waits: bool) -> None:
    for key in ("workout_logged", "daily_checkin", "meal_logged", "streak_7_day"):
        make.event_type(key, cooldown_hours=168, daily_limit=3)
    make.checkins(mia, 8)
    if not waits:
        make.settled()
    with count_statements() as sent:
        client.get("/client")
    assert len(sent) <= 12, sent
