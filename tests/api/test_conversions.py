"""Offers that clients complete, as an offer network tells them: recorded once, paid once, taken back once."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.models import ApiKey, User
from app.audit.models import AuditEntry
from app.kit import limits
from app.kit.db import db, unit_of_work
from app.kit.limits import LIMITS
from app.offers import books
from app.offers.models import Conversion, Offer, OfferApplication
from app.promotions.models import Promotion
from app.wallet import ledger
from app.wallet import service as wallets
from app.wallet.models import WalletDebt, WalletEntry
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.make import NOW

URL = "/api/v1/conversions"
BODY = {"conversionId": "network-1", "offerId": "survey-7", "username": "mia", "payout": 20.05}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="Mia")


@pytest.fixture
def survey(app: Flask) -> Offer:  # noqa: ARG001
    return make.offer(external_id="survey-7", name="Survey")


@pytest.fixture
def network(app: Flask) -> Headers:  # noqa: ARG001
    return make.api_key("conversions")


def send(client: FlaskClient, headers: Headers, **changes: Any) -> TestResponse:
    return client.post(URL, json={**BODY, **changes}, headers=headers)


def reverse(client: FlaskClient, headers: Headers, conversion_id: str = "network-1") -> TestResponse:
    return client.post(f"{URL}/{quote(conversion_id, safe='')}/reverse", headers=headers)


def cash(user: User) -> int:
    db.session.rollback()
    return wallets.balances(user.id).cash_cents


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Conversion.id))) or 0


def test_a_completed_offer_pays_the_bonus_of_the_code_on_the_account(
    client: FlaskClient, mia: User, survey: Offer, network: Headers
) -> None:
    code = make.offer_code(code="BONUS10")
    make.applied(mia, code)
    told = data_of(send(client, network, completedAt="2026-03-02T12:30:00+01:00"), 201)
    assert told == {"conversionId": "network-1", "bonusEarned": 2.01, "code": "BONUS10"}
    row = db.session.scalars(select(Conversion)).one()
    assert (row.user_id, row.offer_id, row.payout_cents, row.recorded_by_id) == (mia.id, survey.id, 2005, None)
    assert (row.completed_at, row.received_at) == (NOW - timedelta(minutes=30), NOW)
    application = db.session.scalars(select(OfferApplication)).one()
    assert (application.bonus_cents, application.offer_name, application.applied_at) == (201, "Survey", NOW)
    entry = db.session.scalars(select(WalletEntry)).one()
    assert (entry.amount_cents, entry.reason, entry.reference) == (201, "conversion", f"conversion:{row.id}")
    assert cash(mia) == 201
    assert db.session.get_one(Promotion, code.id, populate_existing=True).used_count == 1
    assert not books.faults()


def test_without_a_code_it_is_recorded_and_earns_nothing(
    client: FlaskClient, mia: User, survey: Offer, network: Headers
) -> None:
    make.applied(mia, make.offer_code(applicable_offers=[make.offer().id]))
    told = data_of(send(client, network), 201)
    assert told == {"conversionId": "network-1", "bonusEarned": 0, "code": None}
    assert (kept(), cash(mia), survey.external_id) == (1, 0, "survey-7")
    assert db.session.scalars(select(Conversion)).one().completed_at == NOW


@pytest.mark.usefixtures("survey")
def test_the_same_id_again_is_the_same_answer_whatever_else_is_sent(
    client: FlaskClient, mia: User, network: Headers
) -> None:
    make.applied(mia, make.offer_code())
    first = send(client, network)
    others: list[dict[str, Any]] = [{}, {"payout": 999}, {"username": "nobody"}, {"offerId": "unheard-of"}]
    others.append({"completedAt": "2026-03-05T12:00:00Z"})
    for changes in others:
        again = send(client, network, **changes)
        assert (first.status_code, again.status_code, again.data) == (201, 200, first.data), changes
    elsewhere = send(client, make.api_key("conversions"))
    assert (elsewhere.status_code, elsewhere.data) == (200, first.data)
    data_of(reverse(client, network))
    assert send(client, network).data == first.data
    assert (kept(), cash(mia)) == (1, 0)


@pytest.mark.usefixtures("survey")
def test_what_is_unknown_is_told_by_the_senders_names(client: FlaskClient, mia: User, network: Headers) -> None:
    others = [make.user(role="coach"), make.user(role="admin"), make.user(is_active=False)]
    for name in ["nobody", "a b", *(each.username for each in others)]:
        refusal = refused(send(client, network, username=name), 404)
        assert (refusal["error"], [*refusal["fields"]]) == ("not_found", ["username"])
    refusal = refused(send(client, network, offerId="unheard-of"), 404)
    assert (refusal["error"], [*refusal["fields"]]) == ("not_found", ["offerId"])
    assert (kept(), cash(mia)) == (0, 0)


@pytest.mark.usefixtures("survey")
def test_no_bonus_is_more_than_the_largest_amount(client: FlaskClient, mia: User, network: Headers) -> None:
    mia_id, most = mia.id, 99_999_999.99
    make.applied(mia, make.offer_code(bonus_value=1000))
    assert data_of(send(client, network, payout=most), 201)["bonusEarned"] == most
    db.session.rollback()
    assert wallets.balances(mia_id).cash_cents == 9_999_999_999


@pytest.mark.usefixtures("mia", "survey")
def test_outer_spaces_are_no_part_of_an_offers_id(client: FlaskClient, network: Headers) -> None:
    assert send(client, network, offerId=" survey-7\t").status_code == 201
    assert kept() == 1


@pytest.mark.usefixtures("mia", "survey")
def test_a_refusal_is_not_kept_so_that_it_can_be_mended(client: FlaskClient, network: Headers) -> None:
    refusal = refused(send(client, network, completedAt=(NOW + timedelta(minutes=6)).isoformat()), 400)
    assert (refusal["error"], [*refusal["fields"]]) == ("validation_error", ["completedAt"])
    assert kept() == 0
    assert send(client, network, completedAt=(NOW + timedelta(minutes=5)).isoformat()).status_code == 201


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("conversionId", ['""', '" a"', '"a "', '"a\\nb"', '"\\u0000"', '"a\\u0007"', '"a\\n"', "5", "null"]),
        ("conversionId", [json.dumps("x" * 129), '"\\u00a0a"', '" "']),
        ("offerId", ['""', "7", "null", json.dumps("x" * 65), '"a\\u0000"']),
        ("username", ['""', "7", json.dumps("x" * 65), '"\\u0000"']),
        ("payout", ["-1", "0.001", '"20"', "true", "null", "NaN", "Infinity", "1e999", "100000000"]),
        ("completedAt", ['"2026-03-02T12:00:00"', '"2026-03-02"', "1772451000", '"soon"', '"1969-01-01T00:00:00Z"']),
        ("completed_at", ['"2026-03-02T12:00:00Z"']),
        ("bonus", ["5"]),
    ],
)
@pytest.mark.usefixtures("mia", "survey")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_makes_no_sense_is_named_and_nothing_kept(
    client: FlaskClient, network: Headers, field: str, values: list[str]
) -> None:
    for value in values:
        text = json.dumps({**BODY, field: "HERE"}).replace('"HERE"', value)
        answer = client.post(URL, data=text, content_type="application/json", headers=network)
        refusal = refused(answer, 400)
        assert (refusal["error"], [*refusal["fields"]]) == ("validation_error", [field]), (value, answer.text)
    assert kept() == 0


def test_everything_but_the_time_is_needed(client: FlaskClient, network: Headers) -> None:
    assert refused(client.post(URL, json={}, headers=network), 400)["fields"].keys() == BODY.keys()


@pytest.mark.usefixtures("survey")
def test_what_is_reversed_gives_bonus_and_use_back_once(client: FlaskClient, mia: User, network: Headers) -> None:
    code = make.offer_code(usage_limit=1)
    make.applied(mia, code)
    data_of(send(client, network), 201)
    first, again = reverse(client, network), reverse(client, network)
    told = {"conversionId": "network-1", "bonusReversed": 2.01, "debt": 0, "reversedAt": "2026-03-02T12:00:00Z"}
    assert data_of(first) == told
    assert (again.status_code, again.data) == (200, first.data)
    amounts = [each.amount_cents for each in db.session.scalars(wallets.entries(mia.id))]
    assert (amounts, cash(mia)) == ([-201, 201], 0)
    promotion = db.session.get_one(Promotion, code.id, populate_existing=True)
    assert (promotion.used_count, promotion.is_active) == (0, True)
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "conversion.reversed")).all()
    assert [each.actor_label for each in noted] == ["key A program"]
    assert not books.faults()


@pytest.mark.usefixtures("survey")
def test_what_is_no_longer_there_is_told_as_a_debt(
    client: FlaskClient, mia: User, network: Headers, frozen: Any
) -> None:
    make.applied(mia, make.offer_code())
    data_of(send(client, network), 201)
    with unit_of_work():
        ledger.take_back(mia.id, 151, reason="spent", reference="elsewhere", now=NOW)
    first = reverse(client, network)
    told = data_of(first)
    assert (told["bonusReversed"], told["debt"]) == (0.5, 1.51)
    assert [each.amount_cents for each in db.session.scalars(select(WalletDebt))] == [151]
    frozen.shift(timedelta(days=3))
    assert reverse(client, network).data == first.data
    assert cash(mia) == 0


@pytest.mark.usefixtures("mia", "survey")
def test_what_has_earned_nothing_is_reversed_too(client: FlaskClient, network: Headers) -> None:
    data_of(send(client, network), 201)
    told = data_of(reverse(client, network))
    assert (told["bonusReversed"], told["debt"]) == (0, 0)
    assert db.session.scalars(select(Conversion)).one().reversed_at == NOW


@pytest.mark.parametrize(
    "conversion_id",
    ["a/b", "/a", "a/", "a//b", "a/reverse", "reverse", "50% off", "a?b#c", "ä €", "a+b;c=d", "..", "x" * 128],
)
@pytest.mark.usefixtures("mia", "survey")
def test_whatever_an_id_is_made_of_it_can_be_reversed(
    client: FlaskClient, network: Headers, conversion_id: str
) -> None:
    data_of(send(client, network, conversionId=conversion_id), 201)
    assert data_of(reverse(client, network, conversion_id))["conversionId"] == conversion_id
    assert db.session.scalars(select(Conversion.reversed_at)).all() == [NOW]


@pytest.mark.usefixtures("mia", "survey")
def test_what_was_never_recorded_is_not_found(client: FlaskClient, network: Headers) -> None:
    data_of(send(client, network), 201)
    for unknown in ("network-2", "network-1/", "NETWORK-1", " network-1", "x" * 500, "a/b"):
        assert refused(reverse(client, network, unknown), 404)["error"] == "not_found"
    answer = client.post(f"{URL}/network-1/reverse", json={"reason": "fraud"}, headers=network)
    assert [*refused(answer, 400)["fields"]] == ["reason"]
    assert db.session.scalars(select(Conversion.reversed_at)).all() == [None]


@pytest.mark.usefixtures("survey")
def test_an_admin_may_record_and_reverse_and_stands_beside_it(client: FlaskClient, mia: User) -> None:
    root = make.user(role="admin")
    root_id, admin = root.id, make.bearer(root)
    make.applied(mia, make.offer_code())
    data_of(send(client, admin), 201)
    data_of(reverse(client, admin))
    assert db.session.scalars(select(Conversion.recorded_by_id)).all() == [root_id]
    found = db.session.scalars(select(AuditEntry).where(AuditEntry.entity == "conversion").order_by(AuditEntry.id))
    actions = ("conversion.recorded", "conversion.reversed")
    assert [(each.action, each.actor_id) for each in found] == [(action, root_id) for action in actions]


@pytest.mark.usefixtures("mia", "survey")
def test_a_program_asks_600_times_a_minute_at_most(client: FlaskClient, network: Headers) -> None:
    data_of(send(client, network), 201)
    key_id = db.session.scalars(select(ApiKey.id)).one()
    for _each in range(LIMITS["api_key"] - 1):
        limits.count("api_key", str(key_id))
    answer = send(client, network, conversionId="network-2")
    assert (refused(answer, 429)["error"], "Retry-After" in answer.headers) == ("rate_limited", True)
    assert kept() == 1


@pytest.mark.usefixtures("survey")
def test_only_programs_with_the_scope_and_admins_record_and_reverse(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code())
    make.converted(mia, make.offer(payout=5), conversion_id="there-already")
    calls = [("POST", URL, BODY), ("POST", f"{URL}/there-already/reverse", None)]
    turn_away(client, calls, scope="conversions")
    assert (kept(), cash(mia)) == (1, 50)
