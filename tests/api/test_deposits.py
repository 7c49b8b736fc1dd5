"""Deposits that another program tells of: in the wallet at once and once, whatever comes of their bonus."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from app.accounts.models import ApiKey, User
from app.audit.models import AuditEntry
from app.deposits.models import Deposit
from app.kit import limits
from app.kit.db import db
from app.kit.limits import LIMITS
from app.wallet.models import WalletEntry
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.bonuses.reading import balances, faults
from tests.make import NOW
from tests.racing import before_statement, race

URL = "/api/v1/deposits"
BODY = {"depositId": "bank-1", "username": "mia", "amount": 100.05}

REASONS = {
    "NOSUCH": "not_found",
    "?!": "not_found",
    "x" * 200: "not_found",
    "DISCOUNT": "not_found",
    "ENDED": "expired",
    "USEDUP": "usage_limit_reached",
    "OFF": "inactive",
    "LATER": "not_started",
    "HAD": "user_limit_reached",
    "MORE": "min_amount_not_met",
    "FIRST": "not_eligible",
    "BACK": "not_eligible",
    "FREE": "not_eligible",
    "NOTHING": "nothing_to_give",
}
SENTENCES = {
    "BACK": "This bonus comes by itself at the end of its period.",
    "FREE": "This bonus is a free credit. Claim it with its code.",
    "FIRST": "This bonus is for a first deposit, and you have deposited before.",
}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="Mia")


@pytest.fixture
def bank(app: Flask) -> Headers:  # noqa: ARG001
    return make.api_key("deposits")


def send(client: FlaskClient, headers: Headers, **changes: Any) -> TestResponse:
    return client.post(URL, json={**BODY, **changes}, headers=headers)


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Deposit.id))) or 0


def make_what_gives_nothing(mia: User) -> None:
    """The codes above, each of which gives nothing on a deposit of 100.00 for a reason of its own."""
    tomorrow = NOW + timedelta(days=1)
    make.discount(code="DISCOUNT")
    make.bonus(code="ENDED", ends_at=NOW)
    make.bonus(code="OFF", is_active=False)
    make.bonus(code="LATER", starts_at=tomorrow)
    make.bonus(code="MORE", min_amount=100.01)
    make.bonus(code="NOTHING", max_bonus=0)
    make.cashback(code="BACK")
    make.free_credit(code="FREE")
    make.bonus(code="FIRST", first_deposit_only=True)
    make.deposit(make.user(), 500, make.bonus(code="USEDUP", usage_limit=1))
    make.deposit(mia, 500, make.bonus(code="HAD", turnover_requirement=1))


def test_a_deposit_is_in_the_wallet_at_once(client: FlaskClient, mia: User, bank: Headers) -> None:
    assert data_of(send(client, bank), 201) == {"depositId": "bank-1", "balance": 100.05, "promotion": None}
    row = db.session.scalars(select(Deposit)).one()
    assert (row.user_id, row.amount_cents, row.status, row.confirmed_at) == (mia.id, 10_005, "confirmed", NOW)
    assert (row.provider, row.provider_reference, row.cash_after_cents) == ("api", "bank-1", 10_005)
    entry = db.session.scalars(select(WalletEntry)).one()
    assert (entry.amount_cents, entry.reason, entry.reference) == (10_005, "deposit", f"deposit:{row.id}")
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "deposit.confirmed")).one()
    assert (noted.actor_id, noted.actor_label) == (None, "key A program")
    assert faults() == []


@pytest.mark.parametrize(("turnover", "cash", "bonus"), [(3, 100.05, 50.06), (0, 150.11, 0)])
def test_its_bonus_is_told(
    client: FlaskClient, mia: User, bank: Headers, turnover: int, cash: float, bonus: float
) -> None:
    make.bonus(code="HALF", bonus_value=50.03, turnover_requirement=turnover)
    told = data_of(send(client, bank, promotionCode=" half "), 201)
    assert told == {"depositId": "bank-1", "balance": cash, "promotion": {"applied": True, "bonusAmount": 50.06}}
    assert balances(mia) == (round(cash * 100), round(bonus * 100))
    assert faults() == []


def test_the_best_that_applies_by_itself_is_given_where_none_is_named(
    client: FlaskClient, mia: User, bank: Headers
) -> None:
    make.bonus(auto_apply=True, bonus_value=10, turnover_requirement=1)
    make.bonus(auto_apply=True, bonus_value=20, turnover_requirement=1)
    for number, code in enumerate((None, "", "  ")):
        told = data_of(send(client, bank, depositId=f"bank-{number}", amount=10, promotionCode=code), 201)
        assert told["promotion"] == ({"applied": True, "bonusAmount": 2 - number} if number < 2 else None)
    assert balances(mia) == (3000, 300)


def test_a_deposit_that_gets_no_bonus_stands_and_says_why(client: FlaskClient, mia: User, bank: Headers) -> None:
    make_what_gives_nothing(mia)
    for number, (code, reason) in enumerate(REASONS.items(), 1):
        answer = send(client, bank, depositId=f"bank-{number}", amount=100, promotionCode=code)
        told = data_of(answer, 201)
        assert told["promotion"] == {"applied": False, "reason": reason}, code
        assert told["balance"] == 5 + 100 * number
        why = answer.get_json()["message"].removeprefix("The deposit is recorded, without a bonus: ")
        assert why.startswith(SENTENCES.get(code, "")), code
        assert why
        again = send(client, bank, depositId=f"bank-{number}", amount=100, promotionCode=code)
        assert (again.status_code, again.data) == (200, answer.data)
    assert balances(mia) == (500 + 10_000 * len(REASONS), 500)
    assert faults() == []


def test_the_same_id_again_is_the_same_answer_whatever_came_since(
    client: FlaskClient, mia: User, bank: Headers
) -> None:
    make.bonus(code="TWICE", turnover_requirement=1, usage_limit=1)
    first = send(client, bank, promotionCode="TWICE")
    others: list[dict[str, Any]] = [{}, {"amount": 999}, {"username": "nobody"}, {"promotionCode": "OTHER"}]
    for changes in others:
        with capture_logs() as logs:
            again = send(client, bank, **changes)
        told_differently = any(each["event"] == "deposit_told_differently" for each in logs)
        assert told_differently == bool({"amount", "username"} & changes.keys())
        assert (first.status_code, again.status_code, again.data) == (201, 200, first.data), changes
    assert send(client, make.api_key("deposits")).data == first.data
    make.played(mia, 20_010)
    make.withdrawal(mia, 20_000)
    make.refunded_deposit(db.session.scalars(select(Deposit)).one())
    again = send(client, bank)
    assert (again.status_code, again.data) == (200, first.data)
    assert (kept(), faults()) == (1, [])


def test_eight_twins_at_once_are_one_deposit(app: Flask, mia: User, bank: Headers) -> None:
    make.bonus(code="TWIN", turnover_requirement=1, per_user_limit=None)

    def ask() -> tuple[int, str]:
        answer = send(app.test_client(), bank, promotionCode="TWIN")
        return answer.status_code, answer.text

    outcomes = race(app, [ask] * 8, hold=before_statement("^INSERT INTO deposits"))
    assert sorted(outcome[0] for outcome in outcomes) == [200] * 7 + [201]
    assert len({outcome[1] for outcome in outcomes}) == 1
    assert (kept(), balances(mia), faults()) == (1, (10_005, 10_005), [])


def test_a_friends_first_deposit_rewards_both(client: FlaskClient, mia: User, bank: Headers) -> None:
    ada, code = make.user(), "BYITSELF"
    friend = make.user(username="friend", referred_by_id=ada.id)
    make.referral(friend_bonus=5)
    make.bonus(code=code, auto_apply=True, bonus_value=1)
    told = data_of(send(client, bank, username="FRIEND", amount=50), 201)
    assert told["promotion"] == {"applied": True, "bonusAmount": 0.5}
    assert told["balance"] == 55.5
    assert (balances(ada), balances(friend), balances(mia)) == ((500, 0), (5550, 0), (0, 0))
    assert faults() == []


def test_only_active_clients_are_known(client: FlaskClient, bank: Headers) -> None:
    others = [make.user(role="coach"), make.user(role="admin"), make.user(is_active=False)]
    for name in ("nobody", "a b", *(each.username for each in others)):
        refusal = refused(send(client, bank, username=name), 404)
        assert (refusal["error"], [*refusal["fields"]]) == ("not_found", ["username"])
    assert kept() == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("depositId", ['""', '" a"', '"a "', '"a\\nb"', '"\\u0000"', '"a\\u0007"', "5", "null", json.dumps("x" * 129)]),
        ("username", ['""', "7", json.dumps("x" * 65), '"\\u0000"']),
        ("amount", ["0", "-0", "0.0", "-1", "0.001", '"20"', "true", "null", "NaN", "Infinity", "1e400", "100000000"]),
        ("amount", ["9223372036854775808", '"\\u0661"', "[1]"]),
        ("promotionCode", ["5", "[]", json.dumps("x" * 201), '"A\\u0000B"']),
        ("promotion_code", ['"WELCOME"']),
        ("currency", ['"EUR"']),
    ],
)
@pytest.mark.usefixtures("mia")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_makes_no_sense_is_named_and_nothing_kept(
    client: FlaskClient, bank: Headers, field: str, values: list[str]
) -> None:
    for value in values:
        text = json.dumps({**BODY, field: "HERE"}).replace('"HERE"', value)
        answer = client.post(URL, data=text, content_type="application/json", headers=bank)
        refusal = refused(answer, 400)
        assert (refusal["error"], [*refusal["fields"]]) == ("validation_error", [field]), (value, answer.text)
    assert kept() == 0


def test_everything_but_the_bonus_is_needed(client: FlaskClient, bank: Headers) -> None:
    assert refused(client.post(URL, json={}, headers=bank), 400)["fields"].keys() == BODY.keys()
    assert refused(client.post(URL, headers=bank), 400)["fields"].keys() == BODY.keys()


@pytest.mark.parametrize("deposit_id", ["x" * 128, "a/b?c#d", "ä €", "..", "bank 1", "Bank-1"])
@pytest.mark.usefixtures("mia")
def test_an_id_is_theirs_to_choose_and_means_what_it_says(client: FlaskClient, bank: Headers, deposit_id: str) -> None:
    assert data_of(send(client, bank), 201)["balance"] == 100.05
    told = data_of(send(client, bank, depositId=deposit_id), 201)
    assert (told["depositId"], told["balance"]) == (deposit_id, 200.1)


@pytest.mark.usefixtures("mia")
def test_the_largest_amounts_are_kept(client: FlaskClient, bank: Headers) -> None:
    make.bonus(code="TENFOLD", bonus_value=1000)
    most = 99_999_999.99
    told = data_of(send(client, bank, amount=most, promotionCode="TENFOLD"), 201)
    assert (told["balance"], told["promotion"]["bonusAmount"]) == (2 * most, most)
    assert data_of(send(client, bank, depositId="bank-2", amount=0.01), 201)["balance"] == 199_999_999.99
    assert faults() == []


@pytest.mark.usefixtures("mia")
def test_an_admin_may_record_one_and_stands_beside_it(client: FlaskClient) -> None:
    root = make.user(role="admin")
    root_id, admin = root.id, make.bearer(root)
    data_of(send(client, admin), 201)
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "deposit.confirmed")).one()
    assert (noted.actor_id, noted.entity) == (root_id, "deposit")
    assert db.session.scalars(select(Deposit.decided_by_id)).all() == [root_id]
    for _each in range(LIMITS["admin_writes"] - 1):
        limits.count("admin_writes", f"user:{root_id}")
    answer = send(client, admin, depositId="bank-2")
    assert (refused(answer, 429)["error"], "Retry-After" in answer.headers) == ("rate_limited", True)
    assert kept() == 1


@pytest.mark.usefixtures("mia")
def test_a_program_asks_600_times_a_minute_at_most(client: FlaskClient, bank: Headers) -> None:
    data_of(send(client, bank), 201)
    key_id = db.session.scalars(select(ApiKey.id)).one()
    for _each in range(LIMITS["api_key"] - 1):
        limits.count("api_key", str(key_id))
    answer = send(client, bank, depositId="bank-2")
    assert (refused(answer, 429)["error"], "Retry-After" in answer.headers) == ("rate_limited", True)
    assert kept() == 1


@pytest.mark.usefixtures("mia")
def test_only_programs_with_the_scope_and_admins_record_them(client: FlaskClient) -> None:
    turn_away(client, [("POST", URL, BODY)], scope="deposits")
    assert kept() == 0
