"""Explain for offer codes: by whose clock, for which offer, and what is promised where nothing says what is paid."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.offers.models import OfferCode
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]
EVENING = {"enabled": True, "start_time": "17:00", "end_time": "20:59", "timezone": "Europe/Riga"}


@pytest.fixture(autouse=True)
def _admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    sign_in(client, make.user(role="admin", username="root", timezone="America/New_York"))


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def explain(client: FlaskClient, code: OfferCode, **asked: Any) -> str:
    return words(client.get(f"/admin/promotions/{code.id}/explain", query_string=asked, headers=HTMX))


def test_the_sentence_is_the_one_that_the_client_reads_by_their_clock(client: FlaskClient) -> None:
    code = make.offer_code(active_hours=EVENING)
    for name, zone in (("ada", "Asia/Tokyo"), ("near", "America/New_York")):
        make.applied(make.user(username=name, timezone=zone), code, make.NOW + timedelta(hours=4))
    told = explain(client, code, person="ada", amount="20")
    assert "“Opens tomorrow at 00:00 (Asia/Tokyo).”" in told
    assert "By their clock: Asia/Tokyo." in told
    near = explain(client, code, person="near", amount="20")
    assert "“Opens today at 10:00 (America/New_York).”" in near
    assert "By their clock" not in near
    assert "Mar 2, 2026, 7:00" in told  # the moment that was asked about, by the reader's


def test_rules_about_categories_are_left_out_at_the_desk(client: FlaskClient) -> None:
    told = explain(client, make.offer_code(), amount="20")
    for rule in ("Items, where categories count", "Something in its categories"):
        assert rule not in told, rule
    of_discount = words(client.get(f"/admin/promotions/{make.discount().id}/explain?amount=20"))
    assert "Items, where categories count" in of_discount


def test_only_accounts_are_asked_for_and_the_offer_is_chosen(client: FlaskClient) -> None:
    make.offer(name="Survey", external_id="s-1")
    make.offer(name="Quiz", external_id="q-1", is_active=False)
    page = client.get(f"/admin/promotions/{make.offer_code().id}/explain?offer=s-1").text
    assert "somebody shops under" not in page
    assert '<option selected value="s-1">Survey</option>' in page
    assert '<option value="q-1">Quiz · switched off</option>' in page


def test_with_neither_offer_nor_payout_it_promises_a_part_of_what_is_paid(client: FlaskClient) -> None:
    offers = [make.offer().id, make.offer().id]
    code = make.offer_code(bonus_value=25, max_bonus=20, min_amount=5, applicable_offers=offers)
    ada = make.user(username="ada")
    make.applied(ada, code)
    told = explain(client, code, person="ada")
    assert "It applies: 25% of the payout, at most $20.00" in told
    assert "The payout must be at least $5.00." in told
    assert "$0.00" not in told
    five, tenth = make.offer_code(bonus_type="fixed", bonus_value=5), make.offer_code()
    for each in (five, tenth):
        make.applied(ada, each)
    assert "It applies: $5.00 bonus" in explain(client, five, person="ada")
    assert "It applies, but would give nothing" in explain(client, tenth, person="ada", amount="0")


def test_a_code_for_one_offer_is_explained_as_for_that_one(client: FlaskClient) -> None:
    make.offer(payout=99)
    code = make.offer_code(applicable_offers=[make.offer(name="Survey", payout=30).id])
    make.applied(make.user(username="ada"), code)
    told = explain(client, code, person="ada")
    assert "It applies: $3.00 bonus" in told
    assert ", Survey, $30.00" in told
