"""What was claimed by member bonuses, over the API."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.audit.service import SYSTEM
from app.bonuses import service as bonuses
from app.bonuses.models import Bonus
from app.kit.db import unit_of_work
from tests import make
from tests.api.calling import Headers, data_of, refused
from tests.counting import count_statements
from tests.make import NOW

URL = "/api/v1/admin/promotions"
NOTHING = {
    "totalClaims": 0,
    "activeClaims": 0,
    "completedClaims": 0,
    "cancelledClaims": 0,
    "totalDeposit": 0,
    "totalBonus": 0,
    "totalTurnover": 0,
}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(app: Any) -> Headers:  # noqa: ARG001
    return make.bearer()


def named(bonus: Bonus, title: str) -> dict[str, Any]:
    return {"promotionId": bonus.id, "promotionName": title, "promotionCode": make.bonus_code(bonus)}


def stats(client: FlaskClient, admin: Headers, bonus: Bonus) -> dict[str, Any]:
    return data_of(client.get(f"{URL}/{bonus.id}/stats", headers=admin))


def test_claims_are_counted_by_state_and_amounts_added_up(client: FlaskClient, admin: Headers) -> None:
    bonus = make.bonus(title="Welcome", code="WELCOME", bonus_value=50, turnover_requirement=1, per_user_limit=None)
    assert stats(client, admin, bonus) == {**named(bonus, "Welcome"), **NOTHING}
    ada, bob = make.user(), make.user()
    make.deposit(ada, 10_001, bonus)
    cancelled = make.claim_of(make.deposit(bob, 2000, bonus))
    with unit_of_work():
        bonuses.cancel(cancelled.id, actor=SYSTEM, now=NOW)
    make.deposit(bob, 4000, bonus)
    make.played(ada, 15_002)
    make.played(bob, 1050)
    told = {"totalClaims": 3, "activeClaims": 1, "completedClaims": 1, "cancelledClaims": 1}
    sums = {"totalDeposit": 160.01, "totalBonus": 80.01, "totalTurnover": 160.52}
    assert stats(client, admin, bonus) == {**named(bonus, "Welcome"), **told, **sums}


def test_all_of_them_are_a_bare_list_by_their_numbers(client: FlaskClient, admin: Headers) -> None:
    assert client.get(f"{URL}/stats", headers=admin).get_json()["data"] == []
    first, second, other = make.bonus(title="First"), make.free_credit(title="Second"), make.discount()
    make.given(make.user(), second)
    answer = client.get(f"{URL}/stats", headers=admin).get_json()
    one = {"totalClaims": 1, "completedClaims": 1, "totalBonus": 10}
    assert answer["status"] == "success"
    assert answer["data"] == [{**named(first, "First"), **NOTHING}, {**named(second, "Second"), **NOTHING, **one}]
    refused(client.get(f"{URL}/{other.id}/stats", headers=admin), 404)
    assert refused(client.get(f"{URL}/999/stats", headers=admin), 404)["error"] == "not_found"


def test_what_was_archived_still_counts(client: FlaskClient, admin: Headers) -> None:
    bonus = make.bonus(title="Old")
    make.deposit(make.user(), 500, bonus)
    before = stats(client, admin, bonus)
    assert client.delete(f"{URL}/{bonus.id}", headers=admin).status_code == 200
    assert stats(client, admin, bonus) == before
    assert client.get(f"{URL}/stats", headers=admin).get_json()["data"] == [before]
    assert (before["completedClaims"], before["totalDeposit"]) == (1, 5)


def test_they_cost_the_same_however_many_there_are(client: FlaskClient, admin: Headers) -> None:
    for _each in range(20):
        make.deposit(make.user(), 1000, make.bonus())
    for url in (f"{URL}/stats", f"{URL}/1/stats"):
        with count_statements() as sent:
            assert client.get(url, headers=admin).status_code == 200
        assert len(sent) <= 2, sent


def test_why_a_bonus_is_given_is_told_rule_by_rule(client: FlaskClient, admin: Headers) -> None:
    make.user(username="ada")
    bonus = make.bonus(min_amount=20, bonus_value=12.5, max_bonus=5, first_deposit_only=True)

    def explained(**body: Any) -> dict[str, Any]:
        return data_of(client.post(f"{URL}/{bonus.id}/explain", json=body, headers=admin))

    told = explained(username="ada", amount=20.04)
    assert (told["eligible"], told["benefit"]) == (
        True,
        {"discountAmount": None, "bonusAmount": 2.51, "rewardItems": None},
    )
    assert explained(username="ada", amount=1000)["benefit"]["bonusAmount"] == 5
    short = explained(username="ada", amount=19.99)
    assert (short["eligible"], short["reason"], short["benefit"]) == (False, "min_amount_not_met", None)
    assert explained(amount=50)["reason"] == "account_required"
    assert explained(username="Somebody", amount=50)["reason"] == "account_required"
    later = (NOW + timedelta(days=30)).isoformat()
    assert explained(username="ada", amount=50, at=later)["reason"] == "expired"


def test_who_has_deposited_before_is_told_so(client: FlaskClient, admin: Headers) -> None:
    ada, coach = make.user(username="ada"), make.user(username="carl", role="coach")
    first = make.bonus(first_deposit_only=True)
    make.deposit(ada, 500)
    for name in (ada.username, coach.username):
        told = data_of(client.post(f"{URL}/{first.id}/explain", json={"username": name, "amount": 10}, headers=admin))
        assert (told["eligible"], told["reason"]) == (False, "not_eligible")
        assert told["message"]
    credit = make.free_credit()
    told = data_of(client.post(f"{URL}/{credit.id}/explain", json={"username": "ada"}, headers=admin))
    assert (told["eligible"], told["benefit"]["bonusAmount"]) == (True, 10)


def test_what_takes_no_query_refuses_one(client: FlaskClient, admin: Headers) -> None:
    bonus = make.bonus()
    for path in (f"{URL}/stats?limit=1", f"{URL}/{bonus.id}/stats?limit=1", f"{URL}/{bonus.id}?limit=1"):
        assert refused(client.get(path, headers=admin), 400)["fields"].keys() == {"limit"}
    assert refused(client.patch(f"{URL}/{bonus.id}/status?limit=1", headers=admin), 400)["fields"].keys() == {"limit"}
    assert data_of(client.get(f"{URL}/{bonus.id}", headers=admin))["isActive"] is True
