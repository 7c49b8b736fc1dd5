"""/client/wallet: the balance, where it came from, what is owed."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.offers import sources
from app.wallet import adjusting, ledger
from tests import make
from tests.client import HTMX, read_csv
from tests.counting import count_statements
from tests.holding import part_of, read
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(timezone="Asia/Tokyo")
    sign_in(client, user)
    return user


def rows(page: str) -> list[str]:
    return [read(each) for each in re.findall(r'<tr id="entry-.*?</tr>', page, re.DOTALL)]


def spend(user: User, cents: int) -> None:
    """Some of the cash is gone, for a reason that this page has no words of its own for."""
    with unit_of_work():
        ledger.take_back(user.id, cents, reason="shop_order", reference="order:1", now=NOW)


def test_an_empty_wallet_says_how_to_earn(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    page = client.get("/client/wallet").text
    assert "$0.00" in part_of(page, 'aria-labelledby="cash-title"', "section")
    assert "Your wallet is still empty" in page
    assert 'href="/client/codes">Apply a code' in page
    assert "wallet.csv" not in page
    assert "owe" not in read(page)


def test_entries_tell_when_what_for_and_what_was_left(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code(code="BONUS10"))
    survey = make.offer(name="Survey & more")
    first = make.converted(mia, survey, now=NOW - timedelta(hours=2))
    make.converted(mia, survey, payout_cents=1550)
    make.reversed_again(first, NOW)
    page = client.get("/client/wallet").text
    assert "$1.55" in part_of(page, 'id="cash"', "p")
    assert rows(page) == [
        "Bonus taken back: Survey & more Mar 2, 2026, 9:00 PM \N{MINUS SIGN}$2.00 Cash $1.55",
        "Bonus for Survey & more with BONUS10 Mar 2, 2026, 9:00 PM +$1.55 Cash $3.55",
        "Bonus for Survey & more with BONUS10 Mar 2, 2026, 7:00 PM +$2.00 Cash $2.00",
    ]


def test_what_is_owed_is_told_plainly(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code(code="BONUS10"))
    conversion = make.converted(mia, make.offer(name="Survey"))
    spend(mia, 150)
    make.reversed_again(conversion)
    page = client.get("/client/wallet").text
    told = part_of(page, 'class="note note-warning"', "div")
    assert "You owe $1.50." in told
    assert "Mar 2, 2026 · Bonus taken back: Survey · $1.50" in read(page)
    assert rows(page)[0] == "Bonus taken back: Survey Mar 2, 2026, 9:00 PM \N{MINUS SIGN}$0.50 Cash $0.00"
    assert rows(page)[1].startswith("Shop order")


def test_the_part_follows_what_happens_elsewhere(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code())
    look = re.findall(r'data-url="(/client/wallet[^"]*)"', client.get("/client/wallet").text)[0]
    assert client.get(unescape(look), headers=HTMX).status_code == 204
    make.converted(mia, make.offer())
    answer = client.get(unescape(look), headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "$2.00" in part_of(answer.text, 'id="cash"', "p")


def test_many_entries_have_pages_and_as_many_statements(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code())
    for number in range(22):
        make.converted(mia, make.offer(name=f"Offer {number}"))
    with count_statements() as sent:
        first = client.get("/client/wallet").text
    assert len(sent) <= 11, sent
    second = client.get("/client/wallet?page=2").text
    assert [len(rows(first)), len(rows(second))] == [20, 2]
    assert "Offer 21" in rows(first)[0]
    assert "Offer 0 " in rows(second)[1]


def test_the_file_holds_every_entry_and_no_formula(
    client: FlaskClient, mia: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "AT_ONCE", 2)  # several batches
    make.applied(mia, make.offer_code(code="BONUS10"))
    conversions = [make.converted(mia, make.offer(name=f"Offer {number}")) for number in range(3)]
    make.reversed_again(conversions[0])
    spend(mia, 100)
    told = read_csv(client, "/client/wallet.csv")
    assert [(each["what_for"], each["amount"], each["balance_after"]) for each in told] == [
        ("Bonus for Offer 0 with BONUS10", "2.00", "2.00"),
        ("Bonus for Offer 1 with BONUS10", "2.00", "4.00"),
        ("Bonus for Offer 2 with BONUS10", "2.00", "6.00"),
        ("Bonus taken back: Offer 0", "-2.00", "4.00"),
        ("Shop order", "-1.00", "3.00"),
    ]
    assert told[0]["when"] == "2026-03-02T21:00:00+09:00"
    about = [(each["offer"], each["code"], each["conversion"]) for each in told]
    assert about[0] == about[3] == ("Offer 0", "BONUS10", conversions[0].conversion_id)
    assert about[4] == ("", "", "")
    assert "conversion:" not in client.get("/client/wallet.csv").text


def test_nobody_sees_anothers_money(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    other = make.user()
    make.applied(other, make.offer_code())
    make.converted(other, make.offer(name="Theirs"))
    assert rows(client.get("/client/wallet").text) == []
    assert read_csv(client, "/client/wallet.csv") == []


def test_an_adjustment_tells_its_reason_and_a_release_from_where_to_where(client: FlaskClient, mia: User) -> None:
    make.deposit(mia, 10_000, make.bonus(title="Welcome", bonus_value=10))
    with unit_of_work():
        adjusting.adjust(mia.id, -500, "Sent twice & kept", key="a" * 32, actor=SYSTEM, now=NOW)
    adjusted, *released = rows(client.get("/client/wallet").text)
    assert adjusted.startswith("Adjustment: Sent twice & kept Mar 2, 2026")
    assert released[0].startswith("Bonus released: Welcome to cash ")
    assert released[0].endswith("Cash $110.00")
    assert released[1].startswith("Bonus released: Welcome from bonus ")
    assert released[1].endswith("Bonus $0.00")
    assert read_csv(client, "/client/wallet.csv")[-1]["what_for"] == "Adjustment: Sent twice & kept"
