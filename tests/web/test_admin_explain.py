"""Explain, and the attempts that a promotion refused, as an admin sees them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.accounts.persons import Person
from app.config import settings
from app.discounts import service as discounts
from app.discounts.service import Item
from app.kit.db import unit_of_work
from app.promotions import jobs
from app.promotions.models import PromotionBatch, PromotionCode
from tests import make, shopping
from tests.client import HTMX
from tests.counting import count_statements
from tests.web.test_odd_input import ODD

SignIn = Callable[[FlaskClient, User], None]
RULE = re.compile(r'<span class="rule-sign">.*?aria-label="(\w+)".*?<p class="rule-name">([^<]*)', re.DOTALL)


@pytest.fixture
def admin(frozen: TimeMachineFixture, client: FlaskClient, sign_in: SignIn) -> User:  # noqa: ARG001 a session of then
    admin = make.user(role="admin", username="root")
    sign_in(client, admin)
    return admin


def explain(client: FlaskClient, promotion_id: int, **asked: Any) -> TestResponse:
    return client.get(f"/admin/promotions/{promotion_id}/explain", query_string=asked)


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def refuse(code: str, *items: Item, person: Person | None = None, **asked: Any) -> None:
    quote = discounts.quote(code, items=items, person=person, now=make.NOW - timedelta(hours=1), **asked)
    discounts.note_refusal(quote)


@pytest.mark.parametrize("role", ["coach", "client"])
def test_nobody_else_comes_in(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    made = make.discount()
    sign_in(client, make.user(role=role))
    assert explain(client, made.id).status_code == 403
    assert client.get(f"/admin/promotions/{made.id}/attempts").status_code == 403


@pytest.mark.usefixtures("admin")
def test_every_rule_is_shown_with_what_decides(client: FlaskClient) -> None:
    make.category("design")
    made = make.discount(min_amount=50, applicable_categories=["design"], is_active=False)
    first = words(explain(client, made.id))
    assert "Choose who, what and when." in first
    assert "Nobody was refused yet" in first
    answer = explain(
        client,
        made.id,
        person="ada",
        bought="things",
        category=["design", "", ""],
        price=["14", "", ""],
        quantity=["3"],
    )
    told = words(answer)
    assert "It doesn't apply" in told
    assert "The shopper is told: “This code is switched off right now.”" in told
    assert "For ada (a name without an account), $42.00" in told
    assert "The minimum is $50.00, and there is $42.00: $8.00 is missing." in told
    assert "counters are today's" in told
    rules = RULE.findall(answer.text)
    assert len(rules) == 12
    assert [name.strip() for sign, name in rules if sign == "fails"] == ["Switched on", "Minimum amount reached"]
    with unit_of_work():
        discounts.update(made.id, {"is_active": True}, actor=make.SYSTEM, now=make.NOW)
    good = words(explain(client, made.id, bought="things", category="design", price="60"))
    assert "It applies: $6.00 off" in good
    assert "Nobody is signed in, $60.00" in good
    assert "Spend $8.00 more on Design to use it." in words(
        explain(client, made.id, bought="things", category="design", price="42")
    )


@pytest.mark.usefixtures("admin")
def test_the_open_cart_of_an_account_can_be_looked_into(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    made, ada = make.discount(), make.user(username="ada")
    assert "the cart is empty" in words(explain(client, made.id, person="ada", bought="cart"))
    shopper = app.test_client()
    sign_in(shopper, ada)
    shopping.put_in_cart(shopper, make.product(price_cents=1_500), 2)
    assert "It applies: $3.00 off" in words(explain(client, made.id, person="Ada", bought="cart"))
    for name in ("", "bob"):
        refused = explain(client, made.id, person=name, bought="cart")
        assert refused.status_code == 422
        assert "Only accounts have a cart to look into." in refused.text


@pytest.mark.usefixtures("admin")
def test_the_moment_is_in_the_zone_of_the_installation(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(settings(), timezone="Asia/Tokyo"))
    starts_at = make.NOW + timedelta(days=1, hours=3)
    made = make.discount(starts_at=starts_at)
    assert "It applies" in words(explain(client, made.id, amount="5", on="2026-03-04", at="00:00"))
    assert "It doesn't apply" in words(explain(client, made.id, amount="5", on="2026-03-03", at="23:59"))
    assert "It applies" in words(explain(client, made.id, amount="5", on="2026-03-04"))
    assert "It doesn't apply" in words(explain(client, made.id, amount="5", at="23:59"))
    assert "In the zone of this installation: Asia/Tokyo." in words(explain(client, made.id))


@pytest.mark.usefixtures("admin")
def test_what_is_wrong_is_marked_and_what_was_typed_stays(client: FlaskClient) -> None:
    made = make.discount()
    asked = {"person": "a b", "bought": "things", "price": ["1.234", "5"], "quantity": ["2", "0"], "on": "never"}
    answer = client.get(f"/admin/promotions/{made.id}/explain", query_string=asked, headers=HTMX)
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith('<div id="promotion-explain"')
    again = explain(client, made.id, **asked | {"on": "2026-03-01"})
    for text in (
        "A name has 3 to 32 letters",
        "Please give at most two decimals.",
        "Please enter a whole number from 1 to 999.",
        'value="a b"',
        'value="1.234"',
    ):
        assert text in again.text
    for wrong in ({"bought": "things"}, {"bought": "nothing"}, {"amount": "-1"}, {"on": "9999-12-31"}, {"at": "25:00"}):
        assert explain(client, made.id, **wrong).status_code == 422, wrong
    names = ("person", "code", "amount", "on", "at", "category", "price", "quantity", "page")
    for name, odd in product(names, ODD):
        assert explain(client, made.id, bought="things", **{"price": "5", name: odd}).status_code < 500, (name, odd)
    assert explain(client, made.id + 1).status_code == 404
    assert explain(client, made.id + 1, amount="5").status_code == 404


@pytest.mark.usefixtures("admin")
def test_refused_attempts_are_counted_shown_and_lead_to_their_explanation(client: FlaskClient) -> None:
    make.category("design")
    ada = make.user(username="ada")
    made = make.discount(code="FIFTY", min_amount=50, applicable_categories=["design"])
    refuse("FIFTY", Item(1_000, 3, "design"), Item(500, 1, "other"), person=ada.person)
    refuse("FIFTY", subtotal_cents=700)
    for _time in range(20):
        refuse("FIFTY", Item(700, 1, "other"), person=Person("Bob"))
    jobs.write_attempts(make.NOW)
    answer = explain(client, made.id, amount="1")
    told = words(answer)
    assert "Nothing in its categories 20" in told
    assert "No items given 1" in told
    assert "of 22" in told
    assert "bob · $7.00 · FIFTY" in told
    older = client.get(f"/admin/promotions/{made.id}/attempts?page=2", headers=HTMX)
    assert "ada · $35.00 · FIFTY" in words(older)
    assert "Nobody signed in · $7.00" in words(older)
    links = [unescape(link) for link in re.findall(r'href="([^"]*/explain\?[^"]*)"', older.text)]
    explained = [words(client.get(link)) for link in links]
    assert ["The shopper is told: “This code is for Design." in each for each in explained] == [True, False]
    assert "The shopper is told: “Spend $15.00 more on Design to use it.”" in explained[1]
    assert "For ada" in explained[1]
    assert "Mar 2, 2026, 11:00 AM" in explained[1]


@pytest.mark.usefixtures("admin")
def test_of_a_batch_the_code_can_be_asked_for(client: FlaskClient) -> None:
    made = make.discount(code="FIRST")
    assert 'name="code"' not in explain(client, made.id).text
    made_by = make.saved(
        PromotionBatch(promotion_id=made.id, length=8, wanted=1, made=1, created_at=make.NOW, finished_at=make.NOW)
    )
    make.saved(PromotionCode(promotion_id=made.id, batch_id=made_by.id, code="ONCE-1", usage_limit=1, used_count=1))
    refuse("ONCE-1", Item(700, 1, "other"))
    jobs.write_attempts(make.NOW)
    answer = explain(client, made.id)
    assert 'name="code"' in answer.text
    link = unescape(re.search(r'href="([^"]*/explain\?[^"]*)"', answer.text)[1])  # type: ignore[index]
    assert "Of this one code: 1 of 1." in words(client.get(link))
    unknown = client.get(f"/admin/promotions/{made.id}/explain?code=NOPE&amount=5", headers=HTMX)
    assert unknown.status_code == 422
    assert "This promotion has no such code." in unknown.text
    assert 'value="NOPE"' in unknown.text


@pytest.mark.usefixtures("admin")
def test_the_page_takes_twelve_statements_at_most(client: FlaskClient) -> None:
    make.category("design")
    ada = make.user(username="ada")
    made = make.discount(code="TEN", applicable_categories=["design"], per_user_limit=1, first_order_only=True)
    for _time in range(30):
        refuse("TEN", Item(700, 1, "other"), person=ada.person)
    jobs.write_attempts(make.NOW)
    explain(client, made.id)
    with count_statements() as sent:
        explain(client, made.id, person="ada", bought="cart")
    assert len(sent) <= 12, sent
    with count_statements() as sent:
        client.get(f"/admin/promotions/{made.id}/explain?person=ada&bought=cart", headers=HTMX)
    assert len(sent) <= 8, sent


def test_a_deal_counts_what_they_have_spent_and_says_what_it_gives(client: FlaskClient, admin: User) -> None:  # noqa: ARG001
    deal = make.deal(bonus_type="recurrent")
    make.spend(Person("Ada"), 7000)
    enough = words(explain(client, deal.id, person="ada", amount="29"))
    assert "It applies: 100 × Gold" in enough  # noqa: RUF001
    assert "The next claim takes $50.00 in all, and $99.00 would be spent." in enough
    nobody = words(explain(client, deal.id, amount="49"))
    assert "The shopper is told: “Spend $1.00 more to claim this.”" in nobody
    assert "What they would spend now, on top of what counts already." in nobody
