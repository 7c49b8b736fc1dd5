"""Explaining a promotion, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.persons import Person
from app.promotions.rules import SHARED
from tests import make

NOW = make.NOW
SHIRT = {"price": 42, "quantity": 1, "package": {"category": "design"}, "colour": "blue"}

pytestmark = pytest.mark.usefixtures("frozen")


def ask(client: FlaskClient, promotion_id: int, headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
    url = f"/api/v1/admin/promotions/{promotion_id}/explain"
    return client.post(url, json=body, headers=make.bearer() if headers is None else headers)


def data(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    told: dict[str, Any] = answer.json["data"]
    return told


def test_every_rule_is_told_with_what_it_compared(client: FlaskClient) -> None:
    made = make.discount(
        min_amount=50, applicable_categories=["design"], usage_limit=3, ends_at=NOW + timedelta(days=1)
    )
    told = data(ask(client, made.id, items=[SHIRT], amount=1))
    assert (told["eligible"], told["reason"], told["benefit"]) == (False, "min_amount_not_met", None)
    assert told["message"] == "Spend $8.00 more on Design to use it."
    assert len(told["verdicts"]) == len(SHARED) + 1
    facts = {each["rule"]: each["facts"] for each in told["verdicts"]}
    assert facts["expired"] == {"endsAt": "2026-03-03T12:00:00+00:00"}
    assert facts["usage_limit_reached"] == {"usedCount": 0, "usageLimit": 3}
    assert facts["min_amount_not_met"] == {
        "missing": 8,
        "applicableCategories": ["design"],
        "minAmount": 50,
        "amount": 42,
    }
    failed = [(each["rule"], each["reason"]) for each in told["verdicts"] if not each["holds"]]
    assert failed == [("min_amount_not_met", "min_amount_not_met")]
    assert {each["reason"] for each in told["verdicts"] if each["holds"]} == {None}


def test_a_benefit_is_told_where_it_applies(client: FlaskClient) -> None:
    made = make.discount(discount_value=12.5)
    told = data(ask(client, made.id, items=[SHIRT, SHIRT]))
    assert (told["eligible"], told["reason"], told["message"]) == (True, None, "It applies.")
    assert told["benefit"] == {"discountAmount": 10.5, "bonusAmount": None, "rewardItems": None}
    assert data(ask(client, made.id, amount=10))["benefit"]["discountAmount"] == 1.25
    assert data(ask(client, made.id))["benefit"]["discountAmount"] == 0


def test_the_moment_and_the_person_are_those_that_were_asked_for(client: FlaskClient) -> None:
    ada = make.user(username="ada")
    made = make.discount(code="ONCE", per_user_limit=1, requires_account=True, ends_at=NOW)
    again = make.discount(code="AGAIN", per_user_limit=1)
    make.use("AGAIN", person=Person("bob"))
    earlier = (NOW - timedelta(hours=1)).isoformat()
    assert data(ask(client, made.id, username="ADA"))["reason"] == "expired"
    assert data(ask(client, made.id, username="ADA", at=earlier))["eligible"]
    assert data(ask(client, made.id, username="bob", at=earlier))["reason"] == "account_required"
    assert data(ask(client, made.id, at=earlier))["reason"] == "account_required"
    assert data(ask(client, again.id, username="Bob"))["reason"] == "user_limit_reached"
    assert data(ask(client, again.id, username=ada.username))["eligible"]


def test_only_admins_ask_of_what_there_is_and_only_what_makes_sense(client: FlaskClient) -> None:
    made = make.discount()
    assert ask(client, made.id + 1).status_code == 404
    for headers in ({}, make.api_key("read"), make.bearer(make.user(role="coach"))):
        assert ask(client, made.id, headers).status_code in {401, 403}
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("at", {"at": "2026-03-01T09:00:00"}),
        ("amount", {"amount": -1}),
        ("username", {"username": "a b"}),
        ("items.0.quantity", {"items": [{"price": 1, "quantity": 0}]}),
        ("code", {"code": "TEN"}),
    ]
    for field, body in wrong:
        answer = ask(client, made.id, **body)
        assert answer.status_code == 400, body
        assert answer.json is not None
        assert list(answer.json["fields"]) == [field]


def test_a_deal_is_explained_with_what_they_have_spent_already(client: FlaskClient) -> None:
    deal = make.deal(bonus_type="recurrent", per_user_limit=2, usage_limit=9)
    ada = make.user(username="ada").person
    make.spend(ada, 12_000)
    make.claim(deal, ada)
    told = data(ask(client, deal.id, username="ada"))
    gold = {"itemId": "gold", "name": "Gold", "amount": 100}
    assert (told["eligible"], told["message"]) == (True, "It applies.")
    assert told["benefit"] == {"discountAmount": None, "bonusAmount": None, "rewardItems": [gold]}
    assert len(told["verdicts"]) == len(SHARED) + 1
    facts = {each["rule"]: each["facts"] for each in told["verdicts"]}
    assert facts["min_amount_not_met"] == {"minAmount": 100, "amount": 120}
    assert facts["user_limit_reached"] == {"personUses": 1, "perUserLimit": 2}
    assert facts["usage_limit_reached"] == {"usedCount": 1, "usageLimit": 9}
    make.claim(deal, ada)
    done = data(ask(client, deal.id, username="ada", amount=100))
    assert (done["reason"], done["benefit"]) == ("user_limit_reached", None)
    assert done["message"] == "You have claimed this as often as one person can: 2 times."


def test_what_is_missing_for_a_deal_is_told_in_its_own_words(client: FlaskClient) -> None:
    deal = make.deal()
    make.spend(Person("bob"), 2000)
    wants: dict[str, Any] = {"username": "Bob", "amount": 29.99}
    told = data(ask(client, deal.id, **wants))
    assert (told["eligible"], told["reason"], told["benefit"]) == (False, "min_amount_not_met", None)
    assert told["message"] == "Spend $0.01 more to claim this."
    assert data(ask(client, deal.id, username="bob", amount=30))["eligible"]
    assert data(ask(client, deal.id, username="bob", items=[SHIRT], amount=1))["eligible"]
    assert data(ask(client, deal.id, amount=49))["message"] == "Spend $1.00 more to claim this."
    later = (NOW + timedelta(days=7)).isoformat()
    over = data(ask(client, deal.id, amount=50, at=later))
    assert (over["reason"], over["message"]) == ("expired", "This deal ended on March 9, 2026.")
    members = make.deal(requires_account=True)
    assert data(ask(client, members.id, **wants))["message"] == "Sign in to claim this: it is for members."


def test_an_offer_code_tells_the_bonus_of_a_payout(client: FlaskClient) -> None:
    offer = make.offer()
    made = make.offer_code(code="EXTRA", bonus_value=12.5, max_bonus=4, min_amount=10, applicable_offers=[offer.id])
    ada = make.user(username="ada")
    told = data(ask(client, made.id, username="ada", amount=20))
    assert (told["eligible"], told["reason"], told["benefit"]) == (False, "not_eligible", None)
    assert told["message"] == "This code is not on your account. Apply it under My codes first."
    assert told["verdicts"][-2]["facts"] == {"which": "not_on_account"}
    make.applied(ada, "EXTRA")
    benefit = data(ask(client, made.id, username="ada", amount=20))["benefit"]
    assert benefit == {"discountAmount": None, "bonusAmount": 2.5, "rewardItems": None}
    assert data(ask(client, made.id, username="ada", amount=100))["benefit"]["bonusAmount"] == 4
    told = data(ask(client, made.id, username="ada", amount=9.99))
    assert (told["eligible"], told["reason"], told["benefit"]) == (False, "min_amount_not_met", None)
    assert told["message"] == "This code is for offers that pay at least $10.00."
    assert told["verdicts"][-1]["facts"] == {"which": "offer_not_in_scope", "applicableOffers": [offer.id]}
    assert data(ask(client, made.id, amount=20))["reason"] == "account_required"


def test_an_offer_code_is_asked_about_an_offer(client: FlaskClient) -> None:
    survey = make.offer(external_id="survey-7", payout=30)
    make.offer(external_id="quiz")
    code, ada = make.offer_code(code="EXTRA", applicable_offers=[survey.id]), make.user(username="ada")
    code_id = code.id
    make.applied(ada, "EXTRA")
    usual = data(ask(client, code_id, username="ada", offerId=" survey-7 "))
    assert (usual["eligible"], usual["benefit"]["bonusAmount"]) == (True, 3)
    assert data(ask(client, code_id, username="ada", offerId="survey-7", amount=10))["benefit"]["bonusAmount"] == 1
    other = data(ask(client, code_id, username="ada", offerId="quiz", amount=10))
    assert (other["reason"], other["message"]) == ("not_eligible", "This code is not for this offer.")
    assert other["verdicts"][-1]["holds"] is False
    unknown = ask(client, code_id, username="ada", offerId="unheard-of")
    assert unknown.status_code == 404
    assert unknown.get_json()["fields"].keys() == {"offerId"}
    assert ask(client, code_id, offerId=7).status_code == 400


def test_what_applies_and_would_give_nothing_says_so(client: FlaskClient) -> None:
    code_id = make.offer_code(code="TENTH").id
    make.applied(make.user(username="ada"), "TENTH")
    for asked in ({}, {"amount": 0}, {"amount": 0.04}):
        told = data(ask(client, code_id, username="ada", **asked))
        assert (told["eligible"], told["benefit"]["bonusAmount"]) == (True, 0), asked
        assert told["message"] == "It applies, but would give nothing.", asked
    assert data(ask(client, code_id, username="ada", amount=0.05))["message"] == "It applies."
