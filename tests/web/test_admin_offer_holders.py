"""Who has an offer code on the account: found, told apart from who had it, and what it has earned them."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from app.accounts import desk
from app.accounts.models import User
from app.kit.db import unit_of_work
from app.offers import holdings
from app.offers import service as offers
from app.offers.models import OfferCode
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture(autouse=True)
def _admin(frozen: TimeMachineFixture, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    sign_in(client, make.user(role="admin", username="root"))


def rows(answer: TestResponse) -> list[str]:
    """The rows of the list, each as its words."""
    found = re.findall(r"<tr.*?</tr>", answer.text.rpartition("<tbody>")[2], re.DOTALL)
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", each))).strip() for each in found]


def address(code: OfferCode) -> str:
    return f"/admin/promotions/{code.id}/accounts"


def taken_off(user: User, title: str) -> None:
    [held] = [each for each in holdings.codes_of(user, make.NOW) if each.own.promotion.title == title]
    with unit_of_work():
        offers.remove(user, held.id, now=make.NOW)


def test_each_account_stands_there_with_what_the_code_has_earned_it(client: FlaskClient) -> None:
    ada = make.user(username="ada", display_name="Ada L.", email="ada@example.com")
    ben, code, survey = make.user(username="ben"), make.offer_code(title="Tenth"), make.offer(payout=20)
    make.applied(ben, code, make.NOW - timedelta(days=2))
    make.converted(ben, survey)
    taken_off(ben, "Tenth")
    make.applied(ada, code, make.NOW - timedelta(days=1))
    make.converted(ada, survey)
    make.converted(ada, survey)
    make.reversed_again(make.converted(ada, survey))
    make.applied(ada, make.offer_code(title="Another"))
    answer = client.get(address(code))
    first, last = rows(answer)
    assert re.fullmatch(
        r"AL Ada L. ada ada@example.com Mar 1, 2026, 12:00.PM 2 \$4.00 On the account", first, re.DOTALL
    ), first
    assert re.search(r"Feb 28, 2026, 12:00.PM 1 \$2.00 Removed Mar 2, 2026, 12:00.PM$", last), last
    assert f'href="/admin/users/{ada.id}"' in answer.text


def test_accounts_are_searched_and_turned_over(client: FlaskClient) -> None:
    code = make.offer_code()
    for number in range(22):
        make.applied(make.user(username=f"user-{number:02}", display_name=f"No. {number}"), code)
    for query, count in (("", 20), ("page=2", 2), ("page=99", 2), ("q=USER-1", 10), ("q=no. 21", 1)):
        for headers in ({}, HTMX):
            assert len(rows(client.get(f"{address(code)}?{query}", headers=headers))) == count, query
    assert "Nobody here fits" in client.get(f"{address(code)}?q=zoe").text
    assert "It is on no account yet" in client.get(address(make.offer_code())).text


def test_whose_name_was_taken_has_no_mail_address_there(client: FlaskClient) -> None:
    ada, code = make.user(username="ada"), make.offer_code()
    make.applied(ada, code)
    with unit_of_work():
        desk.anonymise(ada.id, actor=make.SYSTEM, now=make.NOW)
    assert "@invalid" not in client.get(address(code)).text
    assert rows(client.get(f"{address(code)}?q=invalid")) == []


def test_only_offer_codes_have_accounts_and_only_admins_see_them(client: FlaskClient, sign_in: SignIn) -> None:
    code, discount = make.offer_code(), make.discount()
    assert address(code) in client.get(f"/admin/promotions/{code.id}").text
    assert client.get(f"/admin/promotions/{discount.id}/accounts").status_code == 404
    assert client.get("/admin/promotions/999/accounts").status_code == 404
    for role in ("coach", "client"):
        sign_in(client, make.user(role=role))
        assert client.get(address(code)).status_code == 403


def test_the_list_costs_as_many_statements_with_one_account_as_with_many(client: FlaskClient) -> None:
    code, survey, costs = make.offer_code(), make.offer(), []
    there = address(code)
    for accounts in (1, 12):
        for _each in range(accounts):
            user = make.user()
            make.applied(user, code)
            make.converted(user, survey)
        client.get(there)
        with count_statements() as sent:
            client.get(there)
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 4, sent
