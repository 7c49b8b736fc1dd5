"""Logging on /client/log: forms that answer in place, and without JavaScript too."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.activity.models import DailyLog, MealLog, WorkoutLog
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.loyalty import service as loyalty
from app.loyalty.models import XpSummary
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]
WORKOUT = {"performed_at": "2026-03-02T18:30", "title": "Evening run", "duration": "45", "notes": "Rain"}
CHECKIN = {"date": "2026-03-02", "mood": "4", "weight": "70.5", "sleep": "7,5", "notes": ""}
MEAL = {"eaten_at": "2026-03-02T12:30", "meal": "lunch", "notes": "Soup"}


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    """Signed in; her clock is seven hours ahead: it is 19:00 of 2 March there."""
    user = make.user(timezone="Asia/Bangkok")
    sign_in(client, user)
    return user


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_workout_is_recorded_by_the_clients_clock_and_awarded_later(client: FlaskClient, mia: User) -> None:
    answer = client.post("/client/log/workout", data=WORKOUT)
    assert (answer.status_code, answer.location) == (303, "/client/log")
    [workout] = db.session.scalars(select(WorkoutLog))
    assert (workout.client_id, workout.title, workout.duration_minutes, workout.notes) == (
        mia.id,
        "Evening run",
        45,
        "Rain",
    )
    assert workout.performed_at == NOW - timedelta(minutes=30)
    assert (workout.timezone, workout.performed_on.isoformat()) == ("Asia/Bangkok", "2026-03-02")
    assert db.session.get_one(XpSummary, mia.id).total_xp == 0
    page = client.get("/client/log")
    assert "Workout logged. +20 XP on the way." in page.text
    assert "XP on the way" in page.text
    make.settled()
    assert "+20 XP" in client.get("/client/log", headers=HTMX).text
    assert db.session.get_one(XpSummary, mia.id).total_xp == 20


def test_a_checkin_takes_points_and_commas(client: FlaskClient, mia: User) -> None:
    assert client.post("/client/log/checkin", data=CHECKIN).status_code == 303
    [checkin] = db.session.scalars(select(DailyLog))
    assert (checkin.client_id, checkin.mood, checkin.weight_grams, checkin.sleep_minutes) == (mia.id, 4, 70_500, 450)


def test_a_checkin_needs_only_its_day(client: FlaskClient, mia: User) -> None:
    assert client.post("/client/log/checkin", data={"date": "2026-03-01"}).status_code == 303
    [checkin] = db.session.scalars(select(DailyLog).where(DailyLog.client_id == mia.id))
    assert (checkin.checked_on.isoformat(), checkin.mood, checkin.sleep_minutes) == ("2026-03-01", None, None)


def test_what_says_no_time_is_of_now(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    for kind, sent in (("workout", {"title": "Run"}), ("checkin", {"mood": "4"}), ("meal", {"meal": "dinner"})):
        assert client.post(f"/client/log/{kind}", data=sent).status_code == 303
    assert db.session.scalars(select(WorkoutLog.performed_at)).one() == NOW
    assert db.session.scalars(select(DailyLog.checked_on)).one().isoformat() == "2026-03-02"
    assert db.session.scalars(select(MealLog.eaten_at)).one() == NOW


def test_a_meal_is_recorded(client: FlaskClient, mia: User) -> None:
    assert client.post("/client/log/meal", data=MEAL).status_code == 303
    [meal] = db.session.scalars(select(MealLog))
    assert (meal.client_id, meal.meal, meal.eaten_at) == (mia.id, "lunch", NOW - timedelta(hours=6, minutes=30))


def test_htmx_gets_the_empty_form_and_the_list_is_told(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    answer = client.post("/client/log/workout", data=WORKOUT, headers=HTMX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<section class="card " id="workout-form"')
    assert "<html" not in answer.text
    assert "Evening run" not in answer.text
    assert answer.headers["HX-Trigger-After-Settle"] == "logged"
    assert "+20 XP on the way" in answer.headers["HX-Trigger"]


@pytest.mark.parametrize(
    ("kind", "sent", "sentence"),
    [
        ("workout", WORKOUT | {"performed_at": "2026-03-02T19:01"}, "This lies in the future."),
        ("workout", WORKOUT | {"performed_at": "2026-02-27T23:59"}, "You can log up to 2 days back."),
        ("workout", WORKOUT | {"performed_at": ""}, "Please say when it was."),
        ("workout", WORKOUT | {"performed_at": "soon"}, "Please enter a date and a time such as 2026-03-01 18:30."),
        ("workout", WORKOUT | {"duration": "0"}, "Please enter a number from 1 to 1440."),
        ("workout", WORKOUT | {"duration": "1.5"}, "Please enter a number from 1 to 1440."),
        ("workout", WORKOUT | {"duration": "٤٥"}, "Please enter a number from 1 to 1440."),
        ("workout", WORKOUT | {"title": "x" * 121}, "Please take at most 120 characters."),
        ("checkin", CHECKIN | {"date": "2026-03-03"}, "This lies in the future."),
        ("checkin", CHECKIN | {"weight": "NaN"}, "Please enter a number from 1 to 999."),
        ("checkin", CHECKIN | {"sleep": "25"}, "Please enter a number from 0 to 24."),
        ("checkin", CHECKIN | {"sleep": "1e1"}, "Please enter a number from 0 to 24."),
        ("checkin", CHECKIN | {"mood": "9"}, "Please choose one of the list."),
        ("meal", MEAL | {"meal": "brunch"}, "Please choose one of the list."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_is_wrong_is_said_beside_the_field_and_kept(
    client: FlaskClient,
    mia: User,  # noqa: ARG001
    kind: str,
    sent: dict[str, str],
    sentence: str,
    headers: dict[str, str],
) -> None:
    answer = client.post(f"/client/log/{kind}", data=sent, headers=headers)
    assert answer.status_code == 422
    assert re.search(rf'id="[\w-]+-error">.*{re.escape(sentence)}', answer.text) or kind == "checkin"
    assert sentence in answer.text
    assert ("<html" in answer.text) == (not headers)
    if kind == "workout" and sent["title"] == "Evening run":
        assert 'value="Evening run"' in answer.text
    assert (count(WorkoutLog), count(DailyLog), count(MealLog), count(OutboxEvent)) == (0, 0, 0, 0)


def test_a_double_click_logs_once(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    client.post("/client/log/workout", data=WORKOUT)
    answer = client.post("/client/log/workout", data=WORKOUT)
    assert answer.status_code == 409
    assert "You have already logged this." in answer.text
    assert (count(WorkoutLog), count(OutboxEvent)) == (1, 1)


def test_a_log_can_be_deleted_without_javascript(client: FlaskClient, mia: User) -> None:
    workout = make.workout(mia, at=NOW - timedelta(hours=1))
    make.settled()
    answer = client.post(f"/client/log/workout/{workout.id}", data={"_method": "DELETE"})
    assert (answer.status_code, answer.location) == (303, "/client/log#your-log")
    make.settled()
    assert count(WorkoutLog) == 0
    summary = db.session.get_one(XpSummary, mia.id)
    assert (summary.total_xp, summary.available_points) == (20, 0)


def test_htmx_gets_the_list_without_the_deleted_log(client: FlaskClient, mia: User) -> None:
    workout = make.workout(mia, title="Wrong one")
    answer = client.delete(f"/client/log/workout/{workout.id}", headers=HTMX)
    assert answer.status_code == 200
    assert 'id="logbook"' in answer.text
    assert "Wrong one" not in answer.text


@pytest.mark.parametrize("address", ["workout/{}", "checkin/{}", "workout/999999"])
def test_nobody_reaches_what_is_not_theirs(client: FlaskClient, mia: User, address: str) -> None:  # noqa: ARG001
    other = make.workout(make.user())
    assert client.delete(f"/client/log/{address.format(other.id)}").status_code == 404
    assert count(WorkoutLog) == 1


def test_the_list_has_pages(client: FlaskClient, mia: User) -> None:
    for number in range(11):
        make.workout(mia, at=NOW - timedelta(minutes=number), now=NOW, title=f"Workout no. {number}")
    first, second = client.get("/client/log").text, client.get("/client/log?page=2", headers=HTMX).text
    assert "Workout no. 0<" in first
    assert "Workout no. 10<" not in first
    assert "Workout no. 10<" in second
    assert "<html" not in second


@pytest.mark.parametrize("number", ["-1", "0", "x", "7", "99999999999999999999"])
def test_a_page_that_does_not_exist_shows_one_that_does(client: FlaskClient, mia: User, number: str) -> None:
    make.workout(mia, title="The only one")
    answer = client.get(f"/client/log?page={number}")
    assert answer.status_code == 200
    assert "The only one" in answer.text


def test_what_is_logged_again_promises_no_xp(client: FlaskClient, mia: User) -> None:
    typed = {"title": "Run", "performed_at": "2026-03-02T18:00"}
    assert "XP on the way" in client.post("/client/log/workout", data=typed, follow_redirects=True).text
    make.settled()
    logged = db.session.scalars(select(WorkoutLog)).one()
    client.delete(f"/client/log/workout/{logged.id}")
    make.settled()
    again = client.post("/client/log/workout", data=typed, follow_redirects=True).text
    assert "The same thing earns XP and points only once." in again
    assert "XP on the way" not in again
    assert db.session.get_one(XpSummary, mia.id).total_xp == 20


def test_the_list_is_sent_again_only_when_it_changed(client: FlaskClient, mia: User) -> None:
    make.workout(mia)
    shown = client.get("/client/log").text
    url = re.search(r'data-url="(/client/log\?[^"]+)" data-target="#logbook"', shown)
    assert url is not None
    address = url[1].replace("&amp;", "&")
    assert client.get(address, headers=HTMX).status_code == 204
    make.settled()
    answer = client.get(address, headers=HTMX)
    assert answer.status_code == 200
    assert "+20 XP" in answer.text


def test_what_earned_nothing_says_why(client: FlaskClient, mia: User) -> None:
    make.event_type(daily_limit=1)
    make.workout(mia)
    make.workout(mia, at=NOW - timedelta(hours=1))
    make.settled()
    page = client.get("/client/log").text
    assert "+20 XP" in page
    assert "Daily limit reached" in page


def test_what_somebody_wrote_is_text(client: FlaskClient, mia: User) -> None:
    make.workout(mia, title="<script>alert(1)</script>", notes="<b>bold</b>")
    page = client.get("/client/log").text
    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


@pytest.mark.parametrize("logs", [3, 30])
def test_the_page_takes_as_many_statements_whatever_was_logged(client: FlaskClient, mia: User, logs: int) -> None:
    for number in range(logs):
        make.workout(mia, at=NOW - timedelta(minutes=number), now=NOW)
    make.settled()
    with count_statements() as sent:
        client.get("/client/log")
    assert len(sent) <= 8, sent


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Workout logged. +20 XP on the way."),
        ({"xp_amount": 1500}, "Workout logged. +1,500 XP on the way."),
        ({"xp_amount": 0}, "Workout logged."),
        ({"is_active": False}, "Workout logged. Workouts earn nothing at present."),
    ],
)
def test_no_more_is_promised_than_is_known(client: FlaskClient, mia: User, changes: dict[str, Any], said: str) -> None:  # noqa: ARG001
    make.event_type(**changes)
    answer = client.post("/client/log/workout", data=WORKOUT, headers=HTMX)
    [told] = json.loads(answer.headers["HX-Trigger"])["toast"]["toasts"]
    assert told["message"] == said


@pytest.mark.parametrize("is_settled", [True, False])
@pytest.mark.parametrize(
    ("changes", "hours_ago", "said"),
    [
        ({"daily_limit": 1}, 1, "Workout logged. It earns nothing: the daily limit is reached."),
        ({"daily_limit": 2}, 1, "Workout logged. +20 XP on the way."),
        ({"daily_limit": 1}, 24, "Workout logged. +20 XP on the way."),
        ({"cooldown_hours": 5}, 1, "Workout logged. It earns nothing: it is too close to another one that did."),
        ({"cooldown_hours": 5}, 6, "Workout logged. +20 XP on the way."),
        ({"daily_limit": 1, "xp_amount": 0}, 1, "Workout logged. It earns nothing: the daily limit is reached."),
        ({"daily_limit": 1, "is_active": False}, 1, "Workout logged. Workouts earn nothing at present."),
    ],
)
def test_nothing_is_promised_beyond_a_limit_or_within_a_pause(
    client: FlaskClient, mia: User, changes: dict[str, Any], hours_ago: int, said: str, *, is_settled: bool
) -> None:
    make.event_type(**changes)
    make.workout(mia, at=NOW - timedelta(hours=hours_ago), now=NOW)
    make.workout(make.user(), at=NOW - timedelta(minutes=1))  # somebody else's doesn't count
    if is_settled:
        make.settled()
    answer = client.post("/client/log/workout", data=WORKOUT, headers=HTMX)
    [told] = json.loads(answer.headers["HX-Trigger"])["toast"]["toasts"]
    assert told["message"] == said
    make.settled()
    [logged] = db.session.scalars(select(WorkoutLog).where(WorkoutLog.title == WORKOUT["title"]))
    came = loyalty.outcomes(mia.id, [logged.source])[logged.source]
    assert came.xp == (20 if "+20" in said else 0), "as was said"


def test_a_limit_takes_two_statements_more_whatever_waits(client: FlaskClient, mia: User) -> None:
    taken = []
    for limit, minute in ((None, "30"), (1, "31")):
        make.event_type(daily_limit=limit)
        for hour in range(1, 6):
            make.workout(mia, at=NOW - timedelta(hours=hour, minutes=limit or 0), now=NOW)
        with count_statements() as sent:
            client.post("/client/log/workout", data=WORKOUT | {"performed_at": f"2026-03-02T18:{minute}"}, headers=HTMX)
        taken.append(len(sent))
    assert taken[1] - taken[0] == 2


@pytest.mark.parametrize(
    ("is_paid", "said"), [(True, "Its points are taken back; your XP stays."), (False, "Deleted.")]
)
def test_only_what_gave_points_has_them_taken_back(client: FlaskClient, mia: User, is_paid: bool, said: str) -> None:
    make.event_type(is_active=is_paid)
    workout = make.workout(mia)
    make.settled()
    assert ("Its points are taken back" in client.get("/client/log").text) == is_paid
    answer = client.delete(f"/client/log/workout/{workout.id}", headers=HTMX)
    [told] = json.loads(answer.headers["HX-Trigger"])["toast"]["toasts"]
    assert told["message"].endswith(said)
    assert ("points" in told["message"]) == is_paid


def test_a_day_takes_one_checkin_and_says_so_beforehand(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    said = "You have checked in today."
    assert said not in client.get("/client/log").text
    assert said in client.post("/client/log/checkin", data=CHECKIN, headers=HTMX).text
    assert said in client.get("/client/log").text
    answer = client.post("/client/log/checkin", data=CHECKIN, headers=HTMX)
    assert answer.status_code == 409
    assert "You have checked in for this day already. Choose another day" in answer.text


@pytest.mark.parametrize(
    ("back", "told"),
    [
        (0, "Your days in a row fall from 5 to 4. You can add that day again until Mar 4, 2026."),
        (1, "Your days in a row fall from 5 to 1. You can add that day again until Mar 3, 2026."),
        (3, "Your days in a row fall from 5 to 3. That day can't be added again."),
        (7, ""),
    ],
)
def test_what_deleting_a_checkin_takes_is_said_before(client: FlaskClient, mia: User, back: int, told: str) -> None:
    make.checkins(mia, 5)
    day = NOW.date() - timedelta(days=back)
    log = db.session.scalar(select(DailyLog).where(DailyLog.checked_on == day)) or make.checkin(
        mia, now=NOW - timedelta(days=back)
    )
    page = client.get("/client/log").text
    row = unescape(page.partition(f'id="entry-checkin-{log.id}"')[2].partition("</li>")[0])
    named = f"Delete “Check-in” of {day:%b} {day.day}, 2026"
    assert f"{named}? {told}".strip() in row
    assert f'aria-label="{named}"' in row
    assert ("fall from" in row) == bool(told)


def test_what_is_logged_again_does_not_look_as_if_it_earned_again(client: FlaskClient, mia: User) -> None:
    log = make.checkin(mia)
    make.settled()
    assert "+10 XP</span>" in client.get("/client/log", headers=HTMX).text
    deleted = client.delete(f"/client/log/checkin/{log.id}", headers=HTMX)
    assert "Its points are taken back" in deleted.headers["HX-Trigger"]
    client.post("/client/log/checkin", data=CHECKIN, headers=HTMX)
    for _ in range(2):  # while its deletion waits, and when it is worked off
        book = client.get("/client/log", headers=HTMX).text
        assert "+10 XP</span>" not in book
        assert "Logged before</span>" in book
        make.settled()


def test_a_level_is_celebrated_where_it_was_reached(client: FlaskClient, mia: User) -> None:
    make.levels(10)
    make.workout(mia)
    make.settled()
    assert "Level up! You have reached “Level 1”." in client.get("/client/log", headers=HTMX).text
    seen = {"level": "1", "home": "logbook"}
    answer = client.post("/client/level-up/seen", data=seen, headers=HTMX)
    assert 'id="logbook"' in answer.text
    assert "Level up!" not in answer.text
    assert 'id="log-level" tabindex="-1" data-focus' in answer.text
    assert 'id="log-level" tabindex="-1" >' in client.get("/client/log", headers=HTMX).text  # the focus stays there
    assert client.post("/client/level-up/seen", data=seen).location == "/client/log"


def test_the_button_keeps_the_focus_when_the_form_is_empty_again(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    answer = client.post("/client/log/meal", data=MEAL, headers=HTMX)
    assert 'id="meal-send" data-focus' in answer.text
    refused = client.post("/client/log/meal", data=MEAL | {"eaten_at": ""}, headers=HTMX)
    assert 'id="meal-send" >' in refused.text


@pytest.mark.parametrize("role", ["coach", "admin"])
def test_only_clients_log(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.get("/client/log").status_code == 403
    assert visitor.post("/client/log/workout", data=WORKOUT).status_code == 403
    assert app.test_client().get("/client/log").location.startswith("/login")
    assert count(WorkoutLog) == 0
