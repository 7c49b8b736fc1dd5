"""What another program tells was played: counted once, for whichever bonuses wait for it."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.bonuses.models import TurnoverEvent, TurnoverShare
from app.kit.db import db
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.bonuses.reading import balances, faults, fresh
from tests.make import NOW
from tests.racing import before_statement, race

URL = "/api/v1/turnover"
BODY = {"eventId": "round-1", "username": "mia", "amount": 12.34}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="Mia")


@pytest.fixture
def casino(app: Flask) -> Headers:  # noqa: ARG001
    return make.api_key("deposits")


def send(client: FlaskClient, headers: Headers, **changes: Any) -> TestResponse:
    return client.post(URL, json={**BODY, **changes}, headers=headers)


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(TurnoverEvent.id))) or 0


def test_it_counts_for_the_oldest_bonuses_that_wait_for_it(client: FlaskClient, mia: User, casino: Headers) -> None:
    first = make.claim_of(make.deposit(mia, 1000, make.bonus(turnover_requirement=1, applicable_games=["slots"])))
    second = make.claim_of(make.deposit(mia, 2000, make.bonus(turnover_requirement=1)))
    assert data_of(send(client, casino, category="Slots"), 201) == {"eventId": "round-1", "amount": 12.34}
    assert (fresh(first).current_turnover_cents, fresh(second).current_turnover_cents) == (1234, 0)
    data_of(send(client, casino, eventId="round-2", category="live"), 201)
    assert (fresh(first).current_turnover_cents, fresh(second).current_turnover_cents) == (1234, 1234)
    data_of(send(client, casino, eventId="round-3", amount=27.66, category=" slots "), 201)
    assert (fresh(first).status, fresh(second).current_turnover_cents) == ("completed", 3234)
    data_of(send(client, casino, eventId="round-4", amount=7.66), 201)
    assert (fresh(second).status, balances(mia)) == ("completed", (6000, 0))
    assert faults() == []


def test_the_same_id_again_is_the_same_answer_whatever_else_is_sent(
    client: FlaskClient, mia: User, casino: Headers
) -> None:
    claim = make.claim_of(make.deposit(mia, 1000, make.bonus(turnover_requirement=1)))
    first = send(client, casino, category="slots")
    others: list[dict[str, Any]] = [{}, {"amount": 999}, {"username": "nobody"}, {"category": "live"}]
    for changes in others:
        with capture_logs() as logs:
            again = send(client, casino, **changes)
        told_differently = any(each["event"] == "turnover_told_differently" for each in logs)
        assert told_differently == bool({"amount", "username"} & changes.keys())
        assert (first.status_code, again.status_code, again.data) == (201, 200, first.data), changes
    assert send(client, make.api_key("deposits")).data == first.data
    assert (kept(), fresh(claim).current_turnover_cents) == (1, 1234)


def test_eight_twins_at_once_count_once(app: Flask, mia: User, casino: Headers) -> None:
    claim = make.claim_of(make.deposit(mia, 10_000, make.bonus(turnover_requirement=1)))

    def ask() -> tuple[int, str]:
        answer = send(app.test_client(), casino)
        return answer.status_code, answer.text

    outcomes = race(app, [ask] * 8, hold=before_statement("^INSERT INTO turnover_events"))
    assert sorted(outcome[0] for outcome in outcomes) == [200] * 7 + [201]
    assert len({outcome[1] for outcome in outcomes}) == 1
    assert (kept(), fresh(claim).current_turnover_cents, faults()) == (1, 1234, [])


def test_where_nothing_waits_for_it_it_is_kept_all_the_same(client: FlaskClient, mia: User, casino: Headers) -> None:
    for number, category in enumerate((None, "", "  ", " slots ")):
        data_of(send(client, casino, eventId=f"round-{number}", category=category), 201)
    events = db.session.execute(select(TurnoverEvent.user_id, TurnoverEvent.amount_cents, TurnoverEvent.category))
    assert events.all() == [(mia.id, 1234, None)] * 3 + [(mia.id, 1234, "slots")]
    assert db.session.scalars(select(TurnoverEvent.created_at)).all() == [NOW] * 4
    assert db.session.scalar(select(func.count(TurnoverShare.id))) == 0
    make.deposit(mia, 1000, make.bonus(turnover_requirement=1))
    assert send(client, casino, eventId="round-0").status_code == 200
    assert balances(mia) == (1000, 1000)


def test_only_active_clients_are_known(client: FlaskClient, casino: Headers) -> None:
    others = [make.user(role="coach"), make.user(role="admin"), make.user(is_active=False)]
    for name in ("nobody", "a b", *(each.username for each in others)):
        refusal = refused(send(client, casino, username=name), 404)
        assert (refusal["error"], [*refusal["fields"]]) == ("not_found", ["username"])
    assert kept() == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("eventId", ['""', '" a"', '"a "', '"a\\nb"', '"\\u0000"', '"a\\u0007"', "5", "null", json.dumps("x" * 129)]),
        ("username", ['""', "7", json.dumps("x" * 65), '"\\u0000"']),
        ("amount", ["0", "-1", "0.001", '"20"', "true", "null", "NaN", "-Infinity", "1e400", "100000000"]),
        ("amount", ["9223372036854775808", '"\\u0661"', "{}"]),
        ("category", ["5", "[]", json.dumps("x" * 65), '"a\\u0000"']),
        ("event_id", ['"round-1"']),
        ("currency", ['"EUR"']),
    ],
)
@pytest.mark.usefixtures("mia")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_makes_no_sense_is_named_and_nothing_kept(
    client: FlaskClient, casino: Headers, field: str, values: list[str]
) -> None:
    for value in values:
        text = json.dumps({**BODY, field: "HERE"}).replace('"HERE"', value)
        answer = client.post(URL, data=text, content_type="application/json", headers=casino)
        refusal = refused(answer, 400)
        assert (refusal["error"], [*refusal["fields"]]) == ("validation_error", [field]), (value, answer.text)
    assert kept() == 0


def test_everything_but_the_category_is_needed(client: FlaskClient, casino: Headers) -> None:
    assert refused(client.post(URL, json={}, headers=casino), 400)["fields"].keys() == BODY.keys()


def test_the_longest_id_is_kept_and_one_of_an_admin_stands_in_the_log(client: FlaskClient, mia: User) -> None:
    root = make.user(role="admin")
    root_id, admin, longest = root.id, make.bearer(root), "\u20ac" * 128
    assert data_of(send(client, admin, eventId=longest), 201)["eventId"] == longest
    assert send(client, admin, eventId=longest).status_code == 200
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "turnover.recorded")).all()
    event = db.session.scalars(select(TurnoverEvent)).one()
    assert [(each.actor_id, each.entity_id) for each in noted] == [(root_id, str(event.id))]
    assert event.user_id == mia.id


@pytest.mark.usefixtures("mia")
def test_only_programs_with_the_scope_and_admins_record_it(client: FlaskClient) -> None:
    turn_away(client, [("POST", URL, BODY)], scope="deposits")
    assert kept() == 0
