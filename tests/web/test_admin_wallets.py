"""Clients' wallets, as admins look at them."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.kit.db import unit_of_work
from app.wallet import ledger
from tests import make, make_bonuses
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

LIST = "/admin/wallet"


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="robin"))
    return client


def spent(user: User, cents: int) -> None:
    with unit_of_work():
        ledger.take_back(user.id, cents, reason="elsewhere", reference=f"thing-{cents}", now=NOW)


def earner(username: str = "ada", *, times: int = 1, name: str = "Survey") -> User:
    """A client whose code has paid 2.00 so often."""
    user, offer = make.user(username=username), make.offer(name=name)
    make.applied(user, make.offer_code())
    for _each in range(times):
        make.converted(user, offer)
    return user


def rows(page: str) -> list[str]:
    """What each row of the table says."""
    found = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()).replace("\u202f", " ") for each in found]


def test_the_list_tells_what_each_has_and_owes(admin: FlaskClient) -> None:
    ada, bea = earner("ada"), earner("bea", times=2)
    make.user(username="mia")
    spent(bea, 900)
    page = admin.get(LIST).text
    assert rows(page) == [
        f"A ada {ada.email} $2.00 \N{EN DASH} \N{EN DASH}",
        f"B bea {bea.email} $0.00 \N{EN DASH} $5.00",
    ]
    assert f'href="{LIST}/{ada.id}"' in page


def test_wallets_are_found_by_name_and_mail(admin: FlaskClient) -> None:
    ada = earner("ada")
    earner("bea")
    assert len(rows(admin.get(f"{LIST}?q={ada.email}").text)) == 1
    part = admin.get(f"{LIST}?q=nobody", headers=HTMX).text
    assert "No wallet fits" in part
    assert "<html" not in part


def test_without_any_movement_both_pages_say_so(admin: FlaskClient) -> None:
    assert "No money has moved yet" in admin.get(LIST).text
    mia = make.user(username="mia")
    page = admin.get(f"{LIST}/{mia.id}").text
    assert "Nothing has moved here yet" in page
    assert 'href="/admin/conversions/new?client=mia"' in page
    coach = make.user(role="coach")
    assert admin.get(f"{LIST}/{coach.id}").status_code == 404
    assert admin.get(f"{LIST}/{coach.id}.csv").status_code == 404
    assert admin.get(f"{LIST}/999999").status_code == 404
    assert admin.get(f"{LIST}/999999.csv").status_code == 404


def test_a_list_costs_the_same_however_long_it_is(admin: FlaskClient) -> None:
    earner("ada")
    with count_statements() as of_one:
        admin.get(LIST)
    for number in range(22):
        earner(f"client-{number}")
    with count_statements() as of_many:
        assert "20 of 23" in admin.get(LIST).text
    assert len(of_many) == len(of_one) <= 6, of_many


def test_a_wallet_tells_what_moved_it_newest_first(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada"), make.offer(name="Survey", payout=20)
    make.applied(ada, make.offer_code(code="TEN"))
    kept = make.converted(ada, offer)
    make.converted(ada, offer, payout_cents=1000)
    make.reversed_again(kept)
    page = admin.get(f"{LIST}/{ada.id}").text
    assert rows(page) == [
        "Bonus taken back: Survey Mar 2, 2026, 12:00 PM Cash \N{MINUS SIGN}$2.00 $1.00",
        "Bonus for Survey with TEN Mar 2, 2026, 12:00 PM Cash +$1.00 $3.00",
        "Bonus for Survey with TEN Mar 2, 2026, 12:00 PM Cash +$2.00 $2.00",
    ]
    assert page.count(f'href="/admin/conversions/{kept.id}"') == 2
    assert "Owes" not in page


def test_what_is_owed_stands_in_the_wallet_with_its_reason(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada"), make.offer(name="Survey")
    make.applied(ada, make.offer_code())
    kept = make.converted(ada, offer)
    spent(ada, 150)
    make.reversed_again(kept)
    page = admin.get(f"{LIST}/{ada.id}").text
    debts = page.partition("Could not be taken back")[2].partition("Entries")[0]
    assert "Bonus taken back: Survey" in debts
    assert "$1.50" in debts
    assert f'href="/admin/conversions/{kept.id}"' in debts


def test_a_wallet_costs_the_same_however_much_has_moved(admin: FlaskClient) -> None:
    ada, bea = earner("ada"), earner("bea", times=22)
    with count_statements() as of_one:
        admin.get(f"{LIST}/{ada.id}")
    with count_statements() as of_many:
        assert "20 of 22" in admin.get(f"{LIST}/{bea.id}").text
    assert len(of_many) == len(of_one) <= 9, of_many
    assert len(rows(admin.get(f"{LIST}/{bea.id}?page=2", headers=HTMX).text)) == 2


def test_both_can_be_had_as_files_without_formulas(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada"), make.offer(name="=cmd", payout=20)
    make.applied(ada, make.offer_code(code="TEN"))
    kept = make.converted(ada, offer, conversion_id="@c-1")
    make.reversed_again(kept)
    spent(ada, 150)
    earner("bea")
    heading, row = admin.get(f"{LIST}.csv?q=ada").text.removeprefix("\ufeff").splitlines()
    assert (heading, row) == ("username,email,cash,bonus,owed", f"ada,{ada.email},0.00,0.00,1.50")
    answer = admin.get(f"{LIST}/{ada.id}.csv")
    assert "wallet-ada-" in answer.headers["Content-Disposition"]
    assert answer.text.removeprefix("\ufeff").splitlines() == [
        "at,balance,amount,reason,reference,conversion,offer,code,note,balance_after",
        f"2026-03-02T12:00:00+00:00,cash,2.00,conversion,conversion:{kept.id},'@c-1,'=cmd,TEN,,2.00",
        f"2026-03-02T12:00:00+00:00,cash,-2.00,conversion_reversed,conversion:{kept.id},'@c-1,'=cmd,TEN,,0.00",
    ]


def test_a_wallet_as_a_file_costs_the_same_however_much_has_moved(admin: FlaskClient) -> None:
    ada, bea = earner("ada"), earner("bea", times=22)
    with count_statements() as of_one:
        admin.get(f"{LIST}/{ada.id}.csv")
    with count_statements() as of_many:
        assert admin.get(f"{LIST}/{bea.id}.csv").text.count("Survey") == 22
    assert len(of_many) == len(of_one) <= 3, of_many


def test_the_account_page_leads_to_the_wallet(admin: FlaskClient) -> None:
    ada, coach = earner("ada"), make.user(role="coach")
    assert f'href="{LIST}/{ada.id}">$2.00</a>' in admin.get(f"/admin/users/{ada.id}").text
    assert f"{LIST}/{coach.id}" not in admin.get(f"/admin/users/{coach.id}").text


@pytest.mark.parametrize(("path", "label"), [("", "Wallets"), ("/deposits", "Deposits"), ("/{}", "Wallets")])
def test_the_navigation_marks_the_nearest_page_only(admin: FlaskClient, path: str, label: str) -> None:
    page = admin.get(LIST + path.format(make.user().id)).text
    sidebar = page.partition('<aside class="sidebar">')[2].partition("</aside>")[0]
    marked = re.findall(r'aria-current="page">(?:<svg.*?</svg>)([^<]+)', sidebar)
    assert marked == [label]


def test_the_audit_log_says_in_words_what_was_done_with_money(admin: FlaskClient) -> None:
    ada = make.user()
    deposit = make_bonuses.deposit(ada, bonus=make_bonuses.bonus(turnover_requirement=1))
    make_bonuses.refunded_deposit(deposit)
    page = " ".join(re.sub(r"<[^>]+>", " ", admin.get("/admin/audit").text).split())
    for told in (f"confirmed deposit {deposit.id}", f"gave money back for deposit {deposit.id}", "cancelled bonus"):
        assert told in page
