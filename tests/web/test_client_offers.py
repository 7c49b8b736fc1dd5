"""/client/offers: what there is to complete, and what it would earn by one's own codes."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from app.accounts.models import User
from app.offers.models import Offer
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.holding import changed, hours, part_of, read
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
Clock = time_machine.TimeMachineFixture
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user()
    sign_in(client, user)
    return user


def says(client: FlaskClient, offer: Offer) -> str:
    return part_of(client.get("/client/offers").text, f'id="offer-{offer.id}"', "li")


def names(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'<h2 class="offer-name">([^<]+)<', page)]


def test_an_offer_tells_what_it_is_what_it_pays_and_where_it_leads(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    described = {"description": "Ten <minutes>.", "category": "Surveys", "url": "https://example.com/s?a=1&b=2"}
    survey = make.offer(name="Survey", payout=12.5, **described)
    plain = make.offer(name="Plain", payout=0)
    page = client.get("/client/offers").text
    told = part_of(page, f'id="offer-{survey.id}"', "li")
    assert told == "Surveys Survey Ten <minutes>. Usually pays $12.50 Open offer Survey (in a new tab)"
    link = re.search(r'<a class="btn btn-sm" href="https://example.com/s\?a=1&amp;b=2"([^>]*)>', page)
    assert link is not None
    assert link[1].split() == ['target="_blank"', 'rel="noopener', 'noreferrer"']
    assert part_of(page, f'id="offer-{plain.id}"', "li") == "Plain What it pays varies"
    assert page.count("Open offer") == 1
    assert "No code on your account pays at present." in read(page)
    assert 'href="/client/codes">Apply a code' in page


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([{"code": "TEN"}], "Your bonus: $2.00 with TEN"),
        ([{"code": "TEN"}, {"code": "FIX", "bonus_type": "fixed", "bonus_value": 5}], "Your bonus: $5.00 with FIX"),
        ([{"code": "BIG", "bonus_value": 90, "max_bonus": 1.5}, {"code": "TEN"}], "Your bonus: $2.00 with TEN"),
        ([{"code": "FIRST"}, {"code": "SECOND"}], "Your bonus: $2.00 with FIRST"),
        ([{"code": "ELSE", "elsewhere": True}], "No code of yours is for it"),
        ([{"code": "ELSE", "elsewhere": True, "bonus_value": 50}, {"code": "TEN"}], "Your bonus: $2.00 with TEN"),
        ([{"code": "MORE", "min_amount": 20.01}], "Your bonus depends on what it pays"),
        ([{"code": "SAME", "min_amount": 20}], "Your bonus: $2.00 with SAME"),
        (
            [{"code": "LATE", "active_hours": hours("18:00", "22:00", "UTC")}],
            "Later $2.00 with LATE Opens today at 18:00",
        ),
        (
            [{"code": "LATE", "active_hours": hours("18:00", "22:00", "UTC"), "bonus_value": 50}, {"code": "TEN"}],
            "Your bonus: $2.00 with TEN Later $10.00 with LATE Opens today at 18:00",
        ),
        (
            [{"code": "LATE", "active_hours": hours("18:00", "22:00", "UTC")}, {"code": "TEN"}],
            "Your bonus: $2.00 with TEN",
        ),
        ([{"code": "NOON", "active_hours": hours("10:00", "12:30", "UTC")}], "Your bonus: $2.00 with NOON Until 12:30"),
        ([{"code": "TEN", "ends_at": NOW + timedelta(days=2)}], "Your bonus: $2.00 with TEN Until Wed, Mar 4, 12:00"),
    ],
)
def test_the_bonus_is_that_of_the_code_that_would_be_used(
    client: FlaskClient, mia: User, codes: list[dict[str, Any]], said: str
) -> None:
    survey, other = make.offer(name="Survey", payout=20), make.offer(name="Other", payout=20)
    for terms in codes:
        scope = {"applicable_offers": [other.id]} if terms.get("elsewhere") else {}
        later = {key: value for key, value in terms.items() if key == "active_hours"}
        first = {key: value for key, value in terms.items() if key not in {"active_hours", "elsewhere"}}
        code = make.offer_code(**first, **scope)
        make.applied(mia, code, now=NOW - timedelta(hours=1))
        changed(code, **later)
    assert says(client, survey) == f"Survey {said} Usually pays $20.00"
    earned = make.converted(mia, survey)
    assert bool(earned.bonus_cents) == ("Your bonus:" in said)
    assert f"${earned.bonus_cents / 100:.2f} with {earned.code}" in said or not earned.bonus_cents


def test_codes_that_are_over_are_no_codes(client: FlaskClient, mia: User) -> None:
    code = make.offer_code(per_user_limit=1)
    make.applied(mia, code)
    survey = make.offer(name="Survey", payout=20)
    make.converted(mia, survey)
    page = client.get("/client/offers").text
    assert "No code on your account pays at present." in read(page)
    assert part_of(page, f'id="offer-{survey.id}"', "li") == "Survey Usually pays $20.00 Completed once"


def test_the_part_follows_what_happens_elsewhere(client: FlaskClient, mia: User, frozen: Clock) -> None:
    survey = make.offer(name="Survey & more", category="Surveys")
    make.applied(mia, make.offer_code(code="NOON", ends_at=NOW + timedelta(hours=1)))
    page = client.get("/client/offers?q=SURVEY&category=Surveys").text
    look = unescape(re.findall(r'data-url="([^"]*)" data-target="#offers"', page)[0])
    assert "q=SURVEY" in look
    assert "category=Surveys" in look
    assert client.get(look, headers=HTMX).status_code == 204
    make.converted(mia, survey)
    answer = client.get(look, headers=HTMX)
    assert (answer.status_code, "<html" in answer.text, "Completed once" in answer.text) == (200, False, True)
    look = unescape(re.findall(r'data-url="([^"]*)"', answer.text)[0])
    assert client.get(look, headers=HTMX).status_code == 204
    frozen.shift(timedelta(hours=1))
    assert "Your bonus" not in client.get(look, headers=HTMX).text


def test_it_is_marked_how_often_one_has_completed_it(client: FlaskClient, mia: User) -> None:
    survey, other = make.offer(name="Survey"), make.user()
    make.converted(other, survey)
    assert "Completed" not in says(client, survey)
    conversions = [make.converted(mia, survey) for _each in range(3)]
    assert "Completed 3 times" in says(client, survey)
    make.reversed_again(conversions[0])
    make.reversed_again(conversions[1])
    assert "Completed once" in says(client, survey)


def test_they_are_searched_and_filtered(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.offer(name="Consumer survey", category="Surveys")
    make.offer(name="Newsletter", description="A survey too, really.", category="Mail")
    make.offer(name="Game", category="Games")
    make.offer(name="Old survey", category="Retired", is_active=False)
    assert names(client.get("/client/offers").text) == ["Consumer survey", "Game", "Newsletter"]
    page = client.get("/client/offers?q=SURVEY").text
    assert names(page) == ["Consumer survey", "Newsletter"]
    assert "Retired" not in page
    assert names(client.get("/client/offers?q=survey&category=Mail").text) == ["Newsletter"]
    assert names(client.get("/client/offers?category=Games", headers=HTMX).text) == ["Game"]
    assert 'href="/client/offers?category=Mail&amp;q=survey"' in client.get("/client/offers?q=survey").text
    assert 'hx-trigger="input changed delay:300ms' in page
    nothing = client.get("/client/offers?q=100%25").text
    assert names(nothing) == []
    assert "Nothing found" in nothing


def test_without_any_it_says_so(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.offer(is_active=False)
    assert "No offers right now" in client.get("/client/offers").text


@pytest.mark.parametrize("many", [1, 30])
def test_they_come_in_pages_with_as_many_statements(client: FlaskClient, mia: User, many: int) -> None:
    offers = [make.offer(name=f"Offer {number:02}", category=f"C{number}") for number in range(many)]
    for offer in offers[:10]:
        make.applied(mia, make.offer_code(applicable_offers=[offer.id]))
        make.converted(mia, offer)
    with count_statements() as sent:
        first = client.get("/client/offers").text
    assert len(sent) <= 6, sent
    second = client.get("/client/offers?page=2").text
    expected = [each.name for each in offers]
    assert names(first) == expected[:24]
    assert names(second) == (expected[24:] or expected)
