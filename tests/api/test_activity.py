"""What devices and other programs log for clients."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import LOGS, DailyLog, ExternalLog, MealLog, WorkoutLog
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import service as loyalty
from tests import make
from tests.make import NOW
from tests.racing import before_statement, race, without_unique

URL = "/api/v1/activity"
AT = "2026-03-02T12:30:00+01:00"  # half an hour before NOW
BODIES: dict[str, dict[str, Any]] = {
    "workouts": {"performedAt": AT, "title": " Run ", "durationMinutes": 35, "notes": " Wet. "},
    "checkins": {"date": "2026-03-02", "mood": 4, "weight": 71.5, "sleep": 7.3, "notes": "Fine."},
    "meals": {"eatenAt": AT, "meal": "lunch", "notes": "Soup"},
}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="Mia", timezone="Europe/Berlin")


@pytest.fixture
def watch(app: Flask) -> dict[str, str]:  # noqa: ARG001
    return make.api_key("activity")


Headers = dict[str, str]


def send(client: FlaskClient, headers: Headers, kind: str = "workouts", **changes: Any) -> TestResponse:
    body = {"externalId": "watch-1", "username": "mia", **BODIES[kind], **changes}
    return client.post(f"{URL}/{kind}", json=body, headers=headers)


def counts() -> dict[str, int]:
    """How many logs of each kind, and events that earn."""
    models: dict[str, Any] = {**LOGS, "event": OutboxEvent}
    return {name: db.session.scalar(select(func.count()).select_from(each)) or 0 for name, each in models.items()}


def refused(answer: TestResponse) -> tuple[int, str, list[str]]:
    told = answer.get_json()
    return answer.status_code, told["error"], list(told.get("fields", {}))


def test_a_workout_is_kept_at_once_and_earns_a_moment_later(client: FlaskClient, mia: User, watch: Headers) -> None:
    answer = send(client, watch)
    workout = db.session.scalars(select(WorkoutLog)).one()
    assert (answer.status_code, answer.get_json()["data"]) == (202, {"accepted": True, "id": workout.id})
    assert (workout.client_id, workout.performed_at, workout.performed_on, workout.timezone) == (
        mia.id,
        datetime(2026, 3, 2, 11, 30, tzinfo=UTC),
        date(2026, 3, 2),
        "Europe/Berlin",
    )
    assert (workout.title, workout.duration_minutes, workout.notes) == ("Run", 35, "Wet.")
    assert loyalty.summary_of(mia.id).total_xp == 0
    make.settled()
    db.session.expire_all()
    assert loyalty.summary_of(mia.id).total_xp == 20


def test_a_checkin_tells_kilograms_and_hours(client: FlaskClient, mia: User, watch: Headers) -> None:
    assert send(client, watch, "checkins").status_code == 202
    checkin = db.session.scalars(select(DailyLog)).one()
    assert (checkin.client_id, checkin.checked_on, checkin.checked_at) == (mia.id, date(2026, 3, 2), NOW)
    assert (checkin.mood, checkin.weight_grams, checkin.sleep_minutes, checkin.notes) == (4, 71_500, 438, "Fine.")


def test_a_meal_says_which(client: FlaskClient, mia: User, watch: Headers) -> None:
    assert send(client, watch, "meals").status_code == 202
    meal = db.session.scalars(select(MealLog)).one()
    assert (meal.client_id, meal.meal, meal.notes, meal.eaten_on) == (mia.id, "lunch", "Soup", date(2026, 3, 2))


@pytest.mark.parametrize("kind", BODIES)
def test_what_may_be_left_out_or_null_is(client: FlaskClient, mia: User, watch: Headers, kind: str) -> None:  # noqa: ARG001
    needed = {"workouts": ["performedAt"], "checkins": ["date"], "meals": ["eatenAt", "meal"]}[kind]
    ids = {"externalId": "a", "username": "MIA"}
    answer = client.post(f"{URL}/{kind}", json=ids | {name: BODIES[kind][name] for name in needed}, headers=watch)
    assert answer.status_code == 202, answer.text
    missing = client.post(f"{URL}/{kind}", json={}, headers=watch)
    assert refused(missing)[:2] == (400, "validation_error")
    assert set(refused(missing)[2]) == {"externalId", "username", *needed}
    other = make.user(username="other")
    optional = dict.fromkeys(BODIES[kind].keys() - set(needed))
    assert "notes" in optional
    nulls = send(client, watch, kind, username=other.username, **optional)
    assert nulls.status_code == 202, nulls.text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-03-02T12:30:00.123456789+01:00", "2026-03-02T11:30:00.123456Z"),
        ("2026-03-02T11:30:00.9999999Z", "2026-03-02T11:30:00.999999Z"),
        ("2026-03-02T11:30:00.5Z", "2026-03-02T11:30:00.500000Z"),
        ("2026-03-02 11:30:00Z", "2026-03-02T11:30:00Z"),
        ("2026-03-02t11:30:00z", "2026-03-02T11:30:00Z"),
        ("2026-03-02T12:30:00+0100", "2026-03-02T11:30:00Z"),
    ],
)
def test_an_instant_is_read_as_clocks_write_it(
    client: FlaskClient, mia: User, watch: Headers, written: str, kept: str
) -> None:
    assert send(client, watch, performedAt=written).status_code == 202
    instants = select(WorkoutLog.performed_at).where(WorkoutLog.client_id == mia.id)
    assert db.session.scalars(instants).one() == datetime.fromisoformat(kept)


@pytest.mark.usefixtures("mia")
def test_a_leap_second_is_refused_in_words_of_its_own(client: FlaskClient, watch: Headers) -> None:
    answer = send(client, watch, performedAt="2026-03-02T11:29:60Z")
    assert answer.status_code == 400
    [told] = answer.get_json()["fields"]["performedAt"]
    assert told.startswith("Leap seconds aren't taken.")


@pytest.mark.usefixtures("mia")
@pytest.mark.parametrize(
    ("external_id", "status"),
    [("\ufeff", 400), ("a\u2028b", 400), ("a\u200b", 400), ("a\u200d", 400), ("a\u200db", 202), ("Lauf-ä", 202)],
)
def test_an_id_is_of_what_can_be_seen(client: FlaskClient, watch: Headers, external_id: str, status: int) -> None:
    assert send(client, watch, externalId=external_id).status_code == status


@pytest.mark.usefixtures("mia")
def test_a_title_is_kept_on_one_line_and_an_id_is_never_blank(client: FlaskClient, watch: Headers) -> None:
    assert send(client, watch, title="Morning\r\n  run\t5K ").status_code == 202
    assert db.session.scalars(select(WorkoutLog.title)).one() == "Morning run 5K"
    for blank in ("", " ", "\n\t", "\u00a0"):
        answer = send(client, watch, "meals", externalId=blank)
        assert (answer.status_code, answer.get_json()["fields"]) == (400, {"externalId": ["Please fill this in."]})
    assert refused(send(client, watch, "meals", externalId="a\nb")) == (400, "validation_error", ["externalId"])
    assert counts()["meal"] == 0


@pytest.mark.parametrize("kind", BODIES)
def test_the_same_id_again_is_the_same_log(client: FlaskClient, mia: User, watch: Headers, kind: str) -> None:  # noqa: ARG001
    first = send(client, watch, kind)
    again = send(client, watch, kind, notes="Since changed")
    elsewhere = send(client, make.api_key("activity"), kind)
    assert (first.status_code, again.status_code, elsewhere.status_code) == (202, 200, 200)
    assert first.data == again.data == elsewhere.data
    assert sum(counts().values()) == 2


@pytest.mark.parametrize("kind", BODIES)
def test_what_was_deleted_since_does_not_come_back(client: FlaskClient, mia: User, watch: Headers, kind: str) -> None:
    first = send(client, watch, kind)
    with unit_of_work():
        activity.remove(mia, kind.removesuffix("s"), first.get_json()["data"]["id"], now=NOW)
    again = send(client, watch, kind)
    assert (again.status_code, again.data) == (200, first.data)
    assert counts() == {"workout": 0, "checkin": 0, "meal": 0, "event": 2}


@pytest.mark.usefixtures("mia")
def test_an_id_is_of_a_client_and_a_kind(client: FlaskClient, watch: Headers) -> None:
    make.user(username="ada")
    assert [send(client, watch, kind).status_code for kind in BODIES] == [202] * 3
    assert [send(client, watch, kind, username="ada").status_code for kind in BODIES] == [202] * 3
    assert counts() == {"workout": 2, "checkin": 2, "meal": 2, "event": 6}


@pytest.mark.usefixtures("mia")
def test_a_refusal_is_not_kept_so_that_it_can_be_mended(client: FlaskClient, watch: Headers) -> None:
    assert send(client, watch, performedAt="2026-03-05T12:00:00Z").status_code == 400
    assert db.session.scalar(select(func.count(ExternalLog.id))) == 0
    assert send(client, watch).status_code == 202


def test_what_the_client_typed_already_is_a_conflict(client: FlaskClient, mia: User, watch: Headers) -> None:
    make.workout(mia, at=NOW - timedelta(minutes=30), now=NOW)
    make.checkin(mia)
    assert refused(send(client, watch)) == (409, "conflict", ["performedAt"])
    assert refused(send(client, watch, "checkins")) == (409, "conflict", ["date"])
    send(client, watch, "meals")
    assert refused(send(client, watch, "meals", externalId="another")) == (409, "conflict", ["eatenAt"])
    assert send(client, watch, "meals", externalId="another", meal="snack").status_code == 202


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("workouts", "performedAt", "2026-03-02T13:00:01+01:00"),
        ("workouts", "performedAt", "2026-02-27T23:59:59+01:00"),
        ("meals", "eatenAt", "2026-03-03T00:00:00Z"),
        ("meals", "eatenAt", "1970-01-01T00:00:00Z"),
        ("checkins", "date", "2026-03-03"),
        ("checkins", "date", "2026-02-27"),
    ],
)
@pytest.mark.usefixtures("mia")
def test_when_it_can_be_is_told_by_the_senders_names(
    client: FlaskClient, watch: Headers, kind: str, field: str, value: str
) -> None:
    assert refused(send(client, watch, kind, **{field: value})) == (400, "validation_error", [field])
    assert not any(counts().values())


def test_dates_are_the_clients_own(client: FlaskClient, watch: Headers, frozen: Any) -> None:
    ada = make.user(username="ada", timezone="Pacific/Auckland")
    frozen.move_to(datetime(2026, 3, 2, 20, tzinfo=UTC))  # the 3rd over there
    assert send(client, watch, "checkins", username="ada", date="2026-03-03").status_code == 202
    with unit_of_work():
        db.session.merge(ada).timezone = "America/Los_Angeles"
    earlier = send(client, watch, "checkins", username="ada", externalId="b", date="2026-03-02")
    assert refused(earlier) == (400, "validation_error", ["date"])


@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        ("checkins", "mood", ["0", "6", "2.5", '"4"', "true", "1e400", str(2**63), "NaN", "[]"]),
        ("checkins", "weight", ["0.9", "999.1", "71.55", '"71"', "true", "NaN", "Infinity", "1e999", "-5", '"71,5"']),
        ("checkins", "sleep", ["-0.1", "24.1", "7.25", '"7"', "false", "-Infinity", "{}"]),
        ("checkins", "date", ['"2026-02-30"', '"02.03.2026"', '"2026-03-02T12:00:00Z"', "20260302", '"2026-W10-1"']),
        ("workouts", "durationMinutes", ["0", "1441", "1.5", '"35"', "NaN", str(2**63)]),
        ("workouts", "performedAt", ['"2026-03-02T12:30:00"', '"2026-03-02"', "1772451000", "null", '"soon"']),
        ("workouts", "title", [json.dumps("x" * 121), '"a\\u0000b"', "5"]),
        ("meals", "meal", ['"brunch"', '"LUNCH"', "null", "5"]),
        ("meals", "notes", [json.dumps("x" * 2001), '"\\u0000"']),
        ("meals", "externalId", ['""', json.dumps("x" * 129), "5", "null"]),
        ("meals", "username", ['""', json.dumps("x" * 65), '"\\u0000"', "7"]),
        ("meals", "eaten_at", ['"2026-03-02T12:30:00Z"']),
    ],
)
@pytest.mark.usefixtures("mia")
def test_what_makes_no_sense_is_named_and_nothing_kept(
    client: FlaskClient, watch: Headers, kind: str, field: str, values: list[str]
) -> None:
    for value in values:
        body = {"externalId": "a", "username": "mia", **BODIES[kind]}
        text = json.dumps({**body, field: "HERE"}).replace('"HERE"', value)
        answer = client.post(f"{URL}/{kind}", data=text, content_type="application/json", headers=watch)
        assert refused(answer) == (400, "validation_error", [field]), (value, answer.text)
    assert not any(counts().values())


@pytest.mark.parametrize("kind", BODIES)
def test_only_active_clients_have_something_logged(client: FlaskClient, watch: Headers, kind: str) -> None:
    others = [make.user(role="coach"), make.user(role="admin"), make.user(is_active=False)]
    for name in ["nobody", *(each.username for each in others)]:
        assert refused(send(client, watch, kind, username=name)) == (404, "not_found", ["username"])
    assert not any(counts().values())


@pytest.mark.parametrize("kind", BODIES)
def test_only_programs_with_the_scope_and_admins_log(client: FlaskClient, mia: User, kind: str) -> None:
    other_scopes = make.api_key("read", "grants", "deposits", "conversions")
    people = [make.bearer(each) for each in (mia, make.user(role="coach"))]
    statuses = [send(client, headers, kind).status_code for headers in ({}, other_scopes, *people)]
    assert statuses == [401, 403, 403, 403]
    assert not any(counts().values())
    assert send(client, make.bearer(), kind).status_code == 202


def sending(app: Flask, headers: Headers, kind: str) -> Callable[[], tuple[int, str]]:
    def ask() -> tuple[int, str]:
        answer = send(app.test_client(), headers, kind)
        return answer.status_code, answer.text

    return ask


@pytest.mark.parametrize("kind", BODIES)
def test_sixteen_twins_at_once_are_one_log(app: Flask, mia: User, watch: Headers, kind: str) -> None:  # noqa: ARG001
    outcomes = race(app, [sending(app, watch, kind)] * 16, hold=before_statement("^INSERT INTO external_logs"))
    assert sorted(outcome[0] for outcome in outcomes) == [200] * 15 + [202]
    assert len({outcome[1] for outcome in outcomes}) == 1
    assert sum(counts().values()) == 2


def test_without_the_key_twins_are_told_of_a_conflict(app: Flask, mia: User, watch: Headers) -> None:  # noqa: ARG001
    with without_unique("external_logs", "uq_external_logs_client_id_kind_external_id"):
        outcomes = race(app, [sending(app, watch, "workouts")] * 4, hold=before_statement("^INSERT INTO external_logs"))
        assert sorted(outcome[0] for outcome in outcomes) == [202] + [409] * 3
