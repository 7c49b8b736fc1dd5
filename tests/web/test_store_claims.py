"""Claiming in the store: what comes of it, and how a refusal is told."""

import json
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from time_machine import TimeMachineFixture as Clock

from app.accounts.models import User
from app.accounts.persons import Person
from app.deals.models import Grant
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from tests import make
from tests.client import HTMX
from tests.shopping import enter_store, put_in_cart, spend

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture(autouse=True)
def _at_noon(frozen: Clock) -> None:
    frozen.move_to(make.NOW)


def grants() -> int:
    return db.session.scalars(select(func.count()).select_from(Grant)).one()


def button(deal_id: int) -> str:
    return f'id="deal-{deal_id}-claim"'


def test_a_claim_leads_back_to_where_its_button_was(client: FlaskClient) -> None:
    for came_from in ("/store", "/store/deals"):
        deal = make.deal(min_amount=1)
        enter_store(client)
        spend(client, 100)
        path = f"/store/deals/{deal.id}/claim"
        answer = client.post(path, data={"nth": 1}, headers={"Referer": f"http://localhost{came_from}"})
        assert (answer.status_code, answer.location) == (303, f"{came_from}#deal-{deal.id}-told")
        assert "100 × Gold is yours!" in unescape(client.get("/store").text)  # noqa: RUF001
    assert client.post(path, headers={"Referer": "https://evil.example/store/deals"}).status_code == 422


def test_in_place_it_is_answered_by_the_part_and_a_toast(client: FlaskClient) -> None:
    items = [{"item_id": "gold", "name": "Gold", "amount": 5}, {"item_id": "key", "name": "Key", "amount": 1}]
    deal = make.deal(reward_items=items, min_amount=1)
    enter_store(client)
    spend(client, 100)
    answer = client.post(f"/store/deals/{deal.id}/claim", data={"nth": 1}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<section id="deals"')
    assert "deal-claimed" in answer.text
    assert "Claimed" in answer.text
    told = json.loads(answer.headers["HX-Trigger"])["toast"]["toasts"][0]["message"]
    assert told == "5 × Gold and 1 × Key are yours! The game hands them out to you."  # noqa: RUF001
    assert grants() == 1
    after = client.get("/store/deals", headers=HTMX).text
    assert "deal-claimed" not in after
    assert "data-focus" not in after


def test_sent_twice_it_is_claimed_once(client: FlaskClient) -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    enter_store(client)
    spend(client, 2000)
    path = f"/store/deals/{deal.id}/claim"
    assert [client.post(path, data={"nth": 1}, headers=HTMX).status_code for _each in range(2)] == [200, 200]
    assert grants() == 1
    assert client.post(path, data={"nth": 2}).status_code == 303
    assert client.post(path, data={"nth": 3}).status_code == 422
    assert grants() == 2


@pytest.mark.parametrize("nth", ["", "x", "-1", "0", "9" * 40, "٣", "1.5", None])
def test_an_odd_number_of_the_claim_claims_at_most_once(client: FlaskClient, nth: str | None) -> None:
    deal = make.deal(min_amount=1)
    enter_store(client)
    spend(client, 100)
    data = {} if nth is None else {"nth": nth}
    assert client.post(f"/store/deals/{deal.id}/claim", data=data).status_code == 303
    assert grants() <= 1


def test_too_early_says_how_much_is_missing_beside_that_deal(client: FlaskClient) -> None:
    deal, other = make.deal(), make.deal()
    enter_store(client)
    spend(client, 4200)
    for headers in (HTMX, {}):
        answer = client.post(f"/store/deals/{deal.id}/claim", data={"nth": 1}, headers=headers)
        assert answer.status_code == 422
        assert f'id="deal-{deal.id}-error" role="alert"' in answer.text
        assert f"deal-{other.id}-error" not in answer.text
        assert "Spend $8.00 more to claim this." in answer.text
    assert grants() == 0


def test_after_the_end_it_is_told_so_and_nothing_is_written(client: FlaskClient, frozen: Clock) -> None:
    deal = make.deal(min_amount=1)
    enter_store(client)
    spend(client, 100)
    assert button(deal.id) in client.get("/store").text
    frozen.move_to(deal.promotion.ends_at)
    answer = client.post(f"/store/deals/{deal.id}/claim", data={"nth": 1}, headers=HTMX)
    assert answer.status_code == 422
    assert "This deal ended on March 9, 2026." in answer.text
    assert 'id="deals"' in answer.text
    assert button(deal.id) not in answer.text
    assert grants() == 0


def test_the_last_one_is_told_to_be_gone(client: FlaskClient) -> None:
    deal, rival = make.deal(min_amount=1, usage_limit=1), make.user().person
    enter_store(client)
    spend(client, 100)
    make.spend(rival, 100)
    make.claim(deal, rival)
    answer = client.post(f"/store/deals/{deal.id}/claim", data={"nth": 1}, headers=HTMX)
    assert answer.status_code == 422
    assert answer.text.count("Everything this deal had to give has been claimed.") == 1
    assert grants() == 1


def test_what_is_no_deal_is_not_found_and_the_widget_says_so(client: FlaskClient) -> None:
    discount = make.discount()
    enter_store(client)
    for odd in ("999999999", "0", discount.id):
        answer = client.post(f"/store/deals/{odd}/claim", headers=HTMX)
        assert answer.status_code == 404
        assert "This deal is no longer there." in answer.text
        assert 'id="deals"' in answer.text
    for odd in ("9" * 30, "-1", "x", "1.5", "%00"):
        assert client.post(f"/store/deals/{odd}/claim").status_code in {400, 404, 405}, odd


def test_looking_claims_nothing(client: FlaskClient) -> None:
    deal = make.deal(min_amount=1)
    enter_store(client)
    spend(client, 100)
    for query in ("", "?_method=POST", "?nth=1"):
        answer = client.get(f"/store/deals/{deal.id}/claim{query}")
        assert (answer.status_code, answer.location) == (303, f"/store/deals#deal-{deal.id}")
    client.sends_csrf = False  # type: ignore[attr-defined]
    assert client.post(f"/store/deals/{deal.id}/claim").status_code == 400
    assert grants() == 0


def test_without_a_name_the_way_leads_to_one_and_back(client: FlaskClient) -> None:
    deal = make.deal()
    answer = client.post(f"/store/deals/{deal.id}/claim")
    assert (answer.status_code, answer.location) == (303, "/store/shopper?next=/store")
    answer = client.post(f"/store/deals/{deal.id}/claim", headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/store/shopper?next=/store"


def test_another_session_under_the_name_can_claim_nothing(app: Flask, client: FlaskClient) -> None:
    deal = make.deal(min_amount=1)
    enter_store(client)
    spend(client, 100)
    other = app.test_client()
    enter_store(other)
    answer = other.post(f"/store/deals/{deal.id}/claim", data={"nth": 1}, headers=HTMX)
    assert answer.status_code == 422
    assert "Spend $1.00 more" in answer.text
    assert grants() == 0


def test_an_account_claims_wherever_it_signs_in(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    deal, user = make.deal(min_amount=1, requires_account=True), make.user()
    sign_in(client, user)
    spend(client, 100)
    other = app.test_client()
    sign_in(other, user)
    assert other.post(f"/store/deals/{deal.id}/claim", data={"nth": 1}).status_code == 303
    assert "Claimed" in client.get("/store/deals").text


def test_what_a_refund_took_back_can_be_earned_again(client: FlaskClient) -> None:
    deal = make.deal()
    enter_store(client)
    number = spend(client, 5000)
    client.post(f"/store/deals/{deal.id}/claim", data={"nth": 1})
    with unit_of_work():
        lines = {line.id: line.quantity for line in orders.by_number(number).lines}
        orders.refund(number, lines, key="a-key-of-this-refund", reason="Broken", actor=make.SYSTEM, now=make.NOW)
    assert "$0.00 of $50.00" in client.get("/store/deals").text


def test_a_deal_that_claims_by_itself_is_marked_done(client: FlaskClient) -> None:
    make.deal(auto_claim=True)
    enter_store(client)
    assert "Then it is yours by itself." in client.get("/store").text
    spend(client, 5000)
    assert "Claimed" in client.get("/store").text
    assert grants() == 1


def test_what_was_claimed_rests_on_what_this_session_bought(client: FlaskClient) -> None:
    deal = make.deal()
    make.spend(Person("ada"), 5000, visit="of somebody else")
    enter_store(client, "ada")
    put_in_cart(client, make.product(price_cents=1000))
    assert "Your cart adds $10.00" in client.get("/store/deals").text
    assert client.post(f"/store/deals/{deal.id}/claim").status_code == 422


def test_without_a_script_a_claim_is_confirmed_once_at_its_deal_in_sight(client: FlaskClient, frozen: Clock) -> None:
    made = [make.deal(title=f"Deal {at}", display_order=at, min_amount=1) for at in range(8)]
    enter_store(client)
    client.get("/store")
    spend(client, 100)
    path = f"/store/deals/{made[6].id}/claim"
    client.post(path, data={"nth": 1})
    client.get("/store/deals", headers=HTMX)
    front = unescape(client.get("/store").text.split('id="deals-rest"')[0])
    assert f'id="deal-{made[6].id}-told"' in front
    assert front.count("is yours! The game hands it out to you.") == 1
    assert "is yours!" not in client.get("/store").text
    client.post(path, data={"nth": 1})
    assert "You have claimed this already." in client.get("/store/deals").text.split('id="deals"')[1]
    client.post(path, data={"nth": 1})
    frozen.move_to(made[6].promotion.ends_at)
    assert "You have claimed this already." in client.get("/store").text.split('id="deals"')[0]


def test_a_receipt_of_which_all_went_back_promises_no_reward(client: FlaskClient) -> None:
    make.deal(min_amount=10)
    enter_store(client)
    spend(client, 1000)
    number = spend(client, 700)
    hint = "You can claim a reward."
    line = orders.by_number(number).lines[0]
    for after_refund in (False, True):
        assert (hint not in client.get(f"/store/invoices/{number}").text) is after_refund
        assert hint in client.get("/store/cart").text
        if not after_refund:
            with unit_of_work():
                orders.refund(
                    number, {line.id: 1}, key="a-key-of-this-refund", reason="Broken", actor=make.SYSTEM, now=make.NOW
                )
