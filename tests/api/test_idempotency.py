"""An `Idempotency-Key` makes a POST have its effect once, however often and however many at once ask for it."""

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func, select
from werkzeug.test import TestResponse

from app.kit import clock, idempotency
from app.kit.db import db
from app.kit.idempotency import IdempotencyKey
from app.promotions.models import Promotion
from tests import make
from tests.racing import Window, before_statement, race

URL = "/api/promotions"
BODY = {"title": "Spring", "discountCode": "SPRING", "discountType": "percentage", "discountValue": 12.5}


def create(client: FlaskClient, bearer: dict[str, str], key: str | None, **changes: Any) -> TestResponse:
    headers = {**bearer, **({"Idempotency-Key": key} if key else {})}
    return client.post(URL, json={**BODY, **changes}, headers=headers)


def promotions() -> int:
    return db.session.scalar(select(func.count(Promotion.id))) or 0


def test_the_same_again_gets_the_first_answer_again(client: FlaskClient) -> None:
    bearer = make.bearer()
    first = create(client, bearer, "k1")
    changed = client.put(f"{URL}/1", json={"title": "Since changed"}, headers=bearer)
    again = create(client, bearer, "k1", discountValue=12.50)
    assert (first.status_code, changed.status_code, again.status_code) == (201, 200, 201)
    assert again.data == first.data
    assert promotions() == 1


def test_without_a_key_nothing_is_kept(client: FlaskClient) -> None:
    assert create(client, make.bearer(), None).status_code == 201
    assert db.session.scalar(select(func.count(IdempotencyKey.id))) == 0


def test_a_key_is_good_for_one_body(client: FlaskClient) -> None:
    bearer = make.bearer()
    create(client, bearer, "k1")
    answer = create(client, bearer, "k1", discountCode="OTHER")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"] == "idempotency_mismatch"
    assert promotions() == 1


def test_everybody_has_keys_of_their_own(client: FlaskClient) -> None:
    codes = ["SPRING", "OTHER"]
    answers = [create(client, make.bearer(), "k1", discountCode=code) for code in codes]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert promotions() == 2


def test_a_refusal_is_not_kept_so_that_it_can_be_mended(client: FlaskClient) -> None:
    bearer, rival = make.bearer(), make.discount(code="SPRING")
    assert create(client, bearer, "k1").status_code == 409
    client.delete(f"{URL}/{rival.id}", headers=bearer)
    assert create(client, bearer, "k1").status_code == 201


def test_a_key_is_forgotten_after_a_day(client: FlaskClient, frozen: time_machine.Traveller) -> None:
    admin = make.user(role="admin")
    create(client, make.bearer(admin), "k1")
    frozen.shift(timedelta(hours=24) - timedelta(seconds=1))
    assert create(client, make.bearer(admin), "k1").status_code == 201
    frozen.shift(timedelta(seconds=1))
    other = create(client, make.bearer(admin), "k1", discountCode="OTHER")
    assert other.status_code == 201
    assert create(client, make.bearer(admin), "k1", discountCode="OTHER").data == other.data
    frozen.shift(timedelta(hours=24))
    idempotency.forget_old(clock.now())
    assert db.session.scalar(select(func.count(IdempotencyKey.id))) == 0


@pytest.mark.parametrize("key", ["x" * 129, "two words", "\xe4"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_key_has_128_plain_characters_at_most(client: FlaskClient, key: str) -> None:
    answer = create(client, make.bearer(), key)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["fields"].keys() == {"Idempotency-Key"}


def contestant(app: Flask, bearer: dict[str, str]) -> Callable[[], tuple[int, str]]:
    def ask() -> tuple[int, str]:
        answer = create(app.test_client(), bearer, "k1")
        return answer.status_code, answer.text

    return ask


def test_twins_at_once_have_one_effect_and_one_answer(app: Flask) -> None:
    ask = contestant(app, make.bearer())
    outcomes = race(app, [ask] * 4, hold=before_statement("^INSERT INTO idempotency_keys"))
    assert {outcome[0] for outcome in outcomes} == {201}
    assert len(set(outcomes)) == 1
    assert promotions() == 1


def test_without_the_key_the_twins_of_this_race_get_different_answers(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "claim", lambda *_args, **_more: None)
    ask = contestant(app, make.bearer())
    outcomes = race(app, [ask] * 4, hold=before_statement("^INSERT INTO promotion_codes"))
    assert sorted(str(outcome[0]) for outcome in outcomes) == ["201", "409", "409", "409"]


def test_a_twin_that_waits_too_long_is_told_to_ask_again(app: Flask) -> None:
    bearer, is_held, is_told = make.bearer(), multiprocessing.Event(), multiprocessing.Event()
    ask = contestant(app, bearer)

    def hold(_window: Window) -> None:
        def look(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if statement.startswith("INSERT INTO idempotency_keys"):
                is_held.set()
                is_told.wait(20)

        event.listen(Engine, "after_cursor_execute", look)

    def be_impatient() -> tuple[int, str]:
        is_held.wait(20)
        event.listen(db.engine, "connect", wait_a_moment)
        answer = create(app.test_client(), bearer, "k1")
        is_told.set()
        assert answer.headers["Retry-After"] == "5"
        return answer.status_code, answer.json["error"]  # type: ignore[index]

    outcomes = race(app, [ask, be_impatient], hold=hold)
    assert [outcomes[0][0], outcomes[1]] == [201, (409, "in_progress")]


def wait_a_moment(connection: Any, _record: Any) -> None:
    is_sqlite = type(connection).__module__.startswith("sqlite3")
    connection.execute("PRAGMA busy_timeout=200" if is_sqlite else "SET lock_timeout='200ms'")
    connection.commit()
