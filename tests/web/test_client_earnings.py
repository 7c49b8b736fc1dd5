"""What the client's codes have earned: on their page, which follows by itself, and on the dashboard."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.holding import card, part_of, read

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(display_name="Mia Chen")
    sign_in(client, user)
    return user


def pulse(page: str) -> str:
    found = re.search(r'data-pulse="\d+" data-url="(/client[^"]*seen=\w+)"', page)
    assert found is not None
    return unescape(found[1])


def earnings(page: str) -> list[str]:
    return [read(each) for each in re.findall(r'<li id="earning-.*?</li>', page, re.DOTALL)]


def test_the_part_follows_conversions_and_brings_the_balance(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code(code="BONUS10", usage_limit=5))
    page = client.get("/client/codes").text
    assert int(page.split('data-pulse="')[1].split('"')[0]) <= 5000
    assert client.get(pulse(page), headers=HTMX).status_code == 204
    conversion = make.converted(mia, make.offer(name="Survey"))
    answer = client.get(pulse(page), headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="code-form"' not in answer.text  # what is being typed, or was refused, stays
    assert 'id="balance" aria-labelledby="balance-title" hx-swap-oob="true"' in answer.text
    assert "$2.00" in part_of(answer.text, 'id="balance"', "section")
    assert "4 uses remaining" in card(answer.text, "BONUS10")
    assert "Earned $2.00 for 1 offer" in card(answer.text, "BONUS10")
    assert earnings(answer.text) == ["Survey BONUS10 · Mar 2, 2026, 12:00 +$2.00"]
    make.reversed_again(conversion)
    after = client.get(pulse(answer.text), headers=HTMX).text
    assert earnings(after) == ["Survey BONUS10 · Mar 2, 2026, 12:00 $2.00 Taken back"]
    assert '<del class="figure">$2.00</del>' in after
    assert "5 uses remaining" in card(after, "BONUS10")
    assert "Nothing yet" in card(after, "BONUS10")
    assert "$0.00" in part_of(after, 'id="balance"', "section")


def test_earnings_have_pages_and_outlive_their_code(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code(code="BONUS10"))
    for number in range(12):
        make.converted(mia, make.offer(name=f"Offer {number}"))
    applied_id = re.findall(r'id="code-(\d+)"', client.get("/client/codes").text)[0]
    client.delete(f"/client/codes/{applied_id}")
    first, second = client.get("/client/codes").text, client.get("/client/codes?page=2").text
    assert [each.split(" BONUS10")[0] for each in earnings(first)] == [f"Offer {number}" for number in range(11, 1, -1)]
    assert [each.split(" BONUS10")[0] for each in earnings(second)] == ["Offer 1", "Offer 0"]
    assert "page=2" in pulse(second)


def test_nobody_sees_what_others_earn(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    other = make.user()
    make.applied(other, make.offer_code(code="THEIRS"))
    make.converted(other, make.offer())
    page = client.get("/client/codes").text
    assert "THEIRS" not in page
    assert earnings(page) == []


def test_the_dashboard_tells_the_balance_and_what_was_earned_and_taken_back(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code(code="BONUS10"))
    before = client.get("/client").text
    assert "Wallet: $0.00" in before
    conversion = make.converted(mia, make.offer(name="<Survey>"))
    page = client.get(pulse(before), headers=HTMX).text
    assert "Wallet: $2.00" in page
    assert "You earned $2.00 with BONUS10 for &lt;Survey&gt;" in page
    make.reversed_again(conversion)
    told = read(client.get(pulse(page), headers=HTMX).text)
    assert "Wallet: $0.00" in told
    assert "$2.00 with BONUS10 for <Survey> was taken back" in told
    assert "Got it" in told


def test_the_dashboard_takes_no_more_statements_than_before(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code())
    for _each in range(5):
        make.converted(mia, make.offer())
    with count_statements() as sent:
        client.get("/client")
    assert len(sent) <= 12, sent
