"""Codes put on clients' accounts by an offer network."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.kit.db import db, unit_of_work
from app.offers import editing
from app.offers import service as offers
from app.offers.models import OfferCode, UserPromoCode
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.make import NOW

URL = "/api/v1/promo-codes/apply"
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="Mia")


@pytest.fixture
def network(app: Flask) -> Headers:  # noqa: ARG001
    return make.api_key("conversions")


def send(client: FlaskClient, headers: Headers, code: str = "BONUS10", username: str = "mia") -> TestResponse:
    return client.post(URL, json={"code": code, "username": username}, headers=headers)


def on_accounts() -> list[tuple[int, int, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(UserPromoCode).order_by(UserPromoCode.id))
    return [(each.user_id, each.promotion_id, each.status) for each in rows]


def used_once(**limits: Any) -> tuple[User, OfferCode]:
    """A code that somebody else has used once, and them."""
    code, leo = make.offer_code(code="BONUS10", **limits), make.user(username="Leo")
    make.applied(leo, code)
    make.converted(leo, make.offer())
    return leo, code


def test_a_code_is_on_the_account_from_now_on(client: FlaskClient, mia: User, network: Headers) -> None:
    code = make.offer_code(code="BONUS10", usage_limit=5, per_user_limit=2)
    told = data_of(send(client, network, " bonus10 "), 201)
    assert told == {"code": "BONUS10", "appliedAt": "2026-03-02T12:00:00Z", "usesRemaining": 2}
    assert on_accounts() == [(mia.id, code.id, "applied")]
    assert make.converted(mia, make.offer()).bonus_cents == 200


@pytest.mark.usefixtures("mia")
def test_without_a_limit_nothing_remains_to_be_counted(client: FlaskClient, network: Headers) -> None:
    make.offer_code(code="BONUS10")
    assert data_of(send(client, network), 201)["usesRemaining"] is None


def test_what_is_on_the_account_stays_as_it_is(client: FlaskClient, mia: User, network: Headers, frozen: Any) -> None:
    code = make.offer_code(code="BONUS10", usage_limit=5)
    first = send(client, network)
    frozen.shift(DAY)
    again = send(client, network)
    assert (first.status_code, again.status_code, again.data) == (201, 200, first.data)
    with unit_of_work():
        editing.update(code.id, {"is_active": False}, actor=make.SYSTEM, now=NOW)
    off = send(client, network)
    told = (off.status_code, data_of(off, 200), off.get_json()["message"])
    why = "This code is switched off right now."
    assert told == (200, data_of(first, 201), f"The code is on the account, but gives nothing now: {why}")
    assert on_accounts() == [(mia.id, code.id, "applied")]


@pytest.mark.parametrize(
    ("terms", "reason", "facts"),
    [
        ({"ends_at": NOW}, "expired", {"endsAt": "2026-03-02T12:00:00+00:00"}),
        ({"is_active": False}, "inactive", None),
        ({"starts_at": NOW + DAY}, "not_started", {"startsAt": "2026-03-03T12:00:00+00:00"}),
    ],
)
@pytest.mark.usefixtures("mia")
def test_a_code_that_does_not_hold_says_why(
    client: FlaskClient, network: Headers, terms: dict[str, Any], reason: str, facts: Any
) -> None:
    make.offer_code(code="BONUS10", **terms)
    refusal = refused(send(client, network), 422)
    assert (refusal["error"], refusal.get("data")) == (reason, facts)
    assert refusal["message"]
    assert on_accounts() == []


@pytest.mark.usefixtures("mia")
def test_outside_its_hours_it_says_when_it_opens(client: FlaskClient, network: Headers) -> None:
    hours = {"enabled": True, "start_time": "18:00", "end_time": "22:00", "timezone": "Europe/Riga"}
    make.offer_code(code="BONUS10", active_hours=hours)
    refusal = refused(send(client, network), 422)
    assert (refusal["error"], refusal["data"]["opensAt"]) == ("outside_active_hours", "2026-03-02T18:00:00+02:00")
    assert refusal["message"] == "Opens today at 16:00 (UTC)."
    assert on_accounts() == []


@pytest.mark.usefixtures("mia")
def test_a_code_that_is_used_up_says_so(client: FlaskClient, network: Headers) -> None:
    used_once(usage_limit=1)
    refusal = refused(send(client, network), 422)
    assert (refusal["error"], len(on_accounts())) == ("usage_limit_reached", 1)


def test_who_has_used_it_as_often_as_they_may_is_told(client: FlaskClient, network: Headers) -> None:
    leo, code = used_once(per_user_limit=1)
    with unit_of_work():
        offers.remove(leo, db.session.scalars(select(UserPromoCode.id)).one(), now=NOW)
    refusal = refused(send(client, network, username="leo"), 422)
    assert (refusal["error"], refusal["data"]["perUserLimit"]) == ("user_limit_reached", 1)
    assert on_accounts() == [(leo.id, code.id, "removed")]


@pytest.mark.usefixtures("mia")
def test_what_is_no_code_for_offers_is_not_found(client: FlaskClient, network: Headers) -> None:
    make.discount(code="STORE10")
    _leo, archived = used_once()
    with unit_of_work():
        editing.remove(archived.id, make.SYSTEM, NOW)
    for code in ("BONUS10", "STORE10", "UNHEARD-OF", "x", "a b"):
        refusal = refused(send(client, network, code), 422)
        assert (refusal["error"], [*refusal["fields"]]) == ("not_found", ["code"]), code
    assert len(on_accounts()) == 1


def test_codes_are_on_accounts_of_active_clients_only(client: FlaskClient, network: Headers) -> None:
    make.offer_code(code="BONUS10")
    others = [make.user(role="coach"), make.user(role="admin"), make.user(is_active=False)]
    for name in ["nobody", "a b", *(each.username for each in others)]:
        refusal = refused(send(client, network, username=name), 404)
        assert (refusal["error"], [*refusal["fields"]]) == ("not_found", ["username"])
    assert on_accounts() == []


def test_under_a_key_the_first_answer_is_told_again(
    client: FlaskClient, mia: User, network: Headers, frozen: Any
) -> None:
    make.offer_code(code="BONUS10", usage_limit=5)
    keyed = {**network, "Idempotency-Key": "k1"}
    first = send(client, keyed)
    make.converted(mia, make.offer())
    frozen.shift(timedelta(hours=1))
    again = send(client, keyed)
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)
    assert data_of(send(client, network))["usesRemaining"] == 4
    assert refused(send(client, keyed, "OTHER"), 422)["error"] == "idempotency_mismatch"
    assert db.session.scalar(select(func.count(UserPromoCode.id))) == 1


@pytest.mark.usefixtures("mia")
def test_under_a_key_a_refusal_can_be_mended(client: FlaskClient, network: Headers) -> None:
    keyed = {**network, "Idempotency-Key": "k1"}
    refused(send(client, keyed), 422)
    make.offer_code(code="BONUS10")
    assert send(client, keyed).status_code == 201


@pytest.mark.usefixtures("mia")
def test_what_makes_no_sense_is_named(client: FlaskClient, network: Headers) -> None:
    make.offer_code(code="BONUS10")
    body = {"code": "BONUS10", "username": "mia"}
    wrong: list[tuple[str, Any]] = [
        ("code", ""),
        ("code", 5),
        ("code", "a\x00"),
        ("code", "x" * 201),
        ("username", ""),
        ("username", None),
        ("username", "x" * 65),
        ("user", "mia"),
    ]
    for field, value in wrong:
        refusal = refused(client.post(URL, json={**body, field: value}, headers=network), 400)
        assert (refusal["error"], [*refusal["fields"]]) == ("validation_error", [field])
    assert refused(client.post(URL, json={}, headers=network), 400)["fields"].keys() == body.keys()
    assert on_accounts() == []


def test_only_programs_with_the_scope_and_admins_apply_codes(client: FlaskClient, mia: User) -> None:
    make.offer_code(code="BONUS10")
    turn_away(client, [("POST", URL, {"code": "BONUS10", "username": mia.username})], scope="conversions")
    assert on_accounts() == []
    assert send(client, make.bearer()).status_code == 201
