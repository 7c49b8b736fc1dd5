"""Withdrawals at the admins' desk: found, looked at, approved and refused."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.audit.service import SYSTEM, Actor
from app.bonuses.models import MemberPromotion
from app.deposits import finding, withdrawing
from app.deposits.models import Withdrawal
from app.kit.db import db, unit_of_work
from app.wallet import service as wallets
from tests import make, make_bonuses
from tests.client import HTMX, read_csv
from tests.counting import count_statements
from tests.make import NOW
from tests.web.test_admin_deposits import toasts

SignIn = Callable[[FlaskClient, User], None]
LIST = "/admin/wallet/withdrawals"


@pytest.fixture
def robin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", username="robin")
    sign_in(client, admin)
    return admin


@pytest.fixture
def admin(client: FlaskClient, robin: User) -> FlaskClient:  # noqa: ARG001
    return client


def withdrawal(username: str = "ada", cents: int = 3000) -> Withdrawal:
    """Of somebody who has deposited 100.00."""
    user = make.user(username=username)
    make_bonuses.deposit(user)
    return make_bonuses.withdrawal(user, cents)


def cash(user_id: int) -> int:
    return wallets.balances(user_id).cash_cents


def test_an_empty_list_says_so(admin: FlaskClient) -> None:
    assert "No withdrawals yet" in admin.get(LIST).text
    assert "Nobody waits" in admin.get(f"{LIST}?status=requested").text
    assert "No withdrawal fits" in admin.get(f"{LIST}?q=nobody", headers=HTMX).text


def test_withdrawals_are_found_by_name_number_and_status(admin: FlaskClient) -> None:
    first, second = withdrawal("ada"), withdrawal("bea")
    with unit_of_work():
        withdrawing.approve(second.id, "", actor=SYSTEM, now=NOW)
    for query in (f"q={first.reference}", "q=ADA", "status=requested"):
        page = admin.get(f"{LIST}?{query}").text
        assert (first.reference in page, second.reference in page) == (True, False), query
    assert second.reference in admin.get(f"{LIST}?status=approved").text


def test_a_list_costs_the_same_however_long_it_is(admin: FlaskClient) -> None:
    withdrawal("ada")
    with count_statements() as of_one:
        admin.get(LIST)
    for number in range(21):
        withdrawal(f"client-{number}")
    with count_statements() as of_many:
        assert "20 of 22" in admin.get(LIST).text
    assert len(of_many) == len(of_one) <= 5, of_many


def test_the_list_can_be_had_as_a_file(admin: FlaskClient, robin: User) -> None:
    first = withdrawal("ada")
    withdrawal("bea")
    admin.post(f"{LIST}/{first.id}/approve", data={"note": "=today()"})
    [row] = read_csv(admin, f"{LIST}.csv?q=ada")
    told = {name: row[name] for name in ("number", "amount", "pay_to", "status", "decided_by", "note")}
    assert told == {
        "number": first.reference,
        "amount": "30.00",
        "pay_to": "DE02 1203 0000 0000 2020 51",
        "status": "approved",
        "decided_by": robin.username,
        "note": "'=today()",
    }
    assert [each["client"] for each in read_csv(admin, f"{LIST}.csv?status=requested")] == ["bea"]


def test_the_page_tells_where_to_pay_and_what_is_owed(admin: FlaskClient) -> None:
    ada = make.user(username="ada")
    deposit = make_bonuses.deposit(ada, 10_000)
    asked = make_bonuses.withdrawal(ada, 4_000)
    later = make_bonuses.withdrawal(ada, 500)
    make_bonuses.refunded_deposit(deposit)
    page = admin.get(f"{LIST}/{asked.id}").text
    assert "DE02 1203 0000 0000 2020 51" in page
    assert "ada owes $45.00, more than this and the cash together." in page
    assert f'href="{LIST}/{later.id}"' in page


@pytest.mark.parametrize("place", ["", "?status=requested", "page"])
def test_what_matters_stands_where_money_leaves(admin: FlaskClient, place: str) -> None:
    bonus = make_bonuses.bonus(turnover_requirement=1)
    ada, bea = make.user(username="ada"), make.user(username="bea")
    claim = make_bonuses.claim_of(make_bonuses.deposit(ada, 10_000, bonus))
    make_bonuses.played(ada, 20_000)
    db.session.get_one(MemberPromotion, claim.id).refunded_turnover_cents = 10_800
    db.session.commit()
    deposit = make_bonuses.deposit(ada, 4_000)
    asked = make_bonuses.withdrawal(ada, 24_000)
    make_bonuses.deposit(bea)
    make_bonuses.withdrawal(bea)
    make_bonuses.refunded_deposit(deposit)
    page = admin.get(f"{LIST}/{asked.id}" if place == "page" else f"{LIST}{place}").text
    for sentence in (
        "ada owes $40.00, and too little cash is left: refuse it, then collect.",
        "$108.00 of turnover was refunded after “Welcome” was released.",
    ):
        assert page.count(sentence) == 2, sentence  # in the row or on the page, and in the step before it is paid
        assert sentence in admin.get("/admin/wallet").text
    assert "bea owes" not in page
    wallet = admin.get(f"/admin/wallet/{ada.id}").text
    assert "$108.00 of turnover was refunded after “Welcome” was released." in wallet


def test_one_is_approved_in_its_row(admin: FlaskClient, robin: User) -> None:
    asked = withdrawal()
    answer = admin.post(f"{LIST}/{asked.id}/approve", data={"place": "desk", "note": "On Monday"}, headers=HTMX)
    assert answer.status_code == 200
    assert f'id="withdrawal-{asked.id}"' in answer.text
    assert "Approved" in answer.text
    assert "On Monday" in answer.text
    assert 'id="count-withdrawals" hx-swap-oob="true">0<' in answer.text
    assert toasts(answer) == "Approved: $30.00 to ada."
    kept = finding.get_withdrawal(asked.id)
    assert (kept.status, kept.decided_by_id, cash(kept.user_id)) == ("approved", robin.id, 7000)


@pytest.mark.parametrize("place", ["list", "page"])
def test_what_its_client_owes_is_refused_and_collected_before_it_is_paid(admin: FlaskClient, place: str) -> None:
    ada = make.user(username="ada")
    deposit = make_bonuses.deposit(ada)
    asked = make_bonuses.withdrawal(ada, 10_000)
    make_bonuses.refunded_deposit(deposit)
    answer = admin.post(f"{LIST}/{asked.id}/approve", data={"place": place}, headers=HTMX if place == "list" else {})
    assert answer.status_code == 409
    assert "$100.00 is owed, and too little cash is left. Refuse it, then collect the debt." in answer.text
    assert finding.get_withdrawal(asked.id).status == "requested"
    admin.post(f"{LIST}/{asked.id}/refuse", data={"note": "Owed"})
    [debt] = wallets.debts(ada.id)
    assert admin.post(f"/admin/wallet/debts/{debt.id}/collect").status_code == 303
    assert (wallets.debts(ada.id), cash(ada.id)) == ([], 0)


def test_refusing_needs_a_reason_and_gives_the_money_back_once(admin: FlaskClient) -> None:
    asked = withdrawal()
    row = admin.post(f"{LIST}/{asked.id}/refuse", data={"place": "list"}, headers=HTMX)
    assert row.status_code == 422
    assert f'id="refuse-withdrawal-{asked.id}" data-confirm open' in row.text
    assert "<html" not in row.text
    assert cash(asked.user_id) == 7000
    for _each in range(2):
        answer = admin.post(f"{LIST}/{asked.id}/refuse", data={"note": "No such account"})
        assert (answer.status_code, answer.location) == (303, f"{LIST}/{asked.id}")
    assert cash(asked.user_id) == 10_000
    page = admin.get(f"{LIST}/{asked.id}").text
    assert "ada has the $30.00 back, and reads why." in page
    assert "No such account" in page
    assert "Withdrawal returned" in page
    assert "<strong>robin</strong> refused it: ada has the $30.00 back" in page


def test_its_history_is_told_in_words_and_amounts(admin: FlaskClient) -> None:
    asked = withdrawal()
    admin.post(f"{LIST}/{asked.id}/approve", data={"note": "On Monday"})
    page = admin.get(f"{LIST}/{asked.id}").text
    history = page[page.index('id="money-history"') :]
    assert "<strong>robin</strong> approved it: $30.00 to ada" in history
    assert "On Monday" in history


def test_what_somebody_else_made_of_it_meanwhile_is_told(admin: FlaskClient) -> None:
    kim = Actor(make.user(role="admin", username="kim").id, "")
    approved, refused, given_up = withdrawal("ada"), withdrawal("bea"), withdrawal("mia")
    with unit_of_work():
        withdrawing.approve(approved.id, "", actor=kim, now=NOW)
        withdrawing.refuse(refused.id, "No", actor=kim, now=NOW)
        withdrawing.cancel(given_up.user_id, given_up.id, NOW)
    again = admin.post(f"{LIST}/{approved.id}/approve", data={"place": "list"}, headers=HTMX)
    assert toasts(again) == (
        f"{approved.reference} was approved meanwhile by kim. Make sure that it is paid out only once."
    )
    for asked, told in ((refused, "refused meanwhile by kim"), (given_up, "given up meanwhile by the client")):
        row = admin.post(f"{LIST}/{asked.id}/approve", data={"place": "list"}, headers=HTMX)
        assert (row.status_code, f"{asked.reference} was {told}." in row.text) == (409, True)
        page = admin.post(f"{LIST}/{asked.id}/approve")
        assert (page.status_code, f"{asked.reference} was {told}." in page.text) == (409, True)
    assert cash(refused.user_id) == cash(given_up.user_id) == 10_000


def test_what_waits_stands_on_top_of_the_wallets_the_oldest_first(admin: FlaskClient) -> None:
    assert "Nobody waits: every deposit and withdrawal is decided." in admin.get("/admin/wallet").text
    first, second = withdrawal("ada"), withdrawal("bea")
    page = admin.get("/admin/wallet").text
    assert page.index(first.reference) < page.index(second.reference)
    assert 'id="count-withdrawals" >2<' in page
    assert "Deposits to confirm" not in page


def test_only_admins_have_it(app: Flask, sign_in: SignIn) -> None:
    asked = withdrawal()
    for role in ("coach", "client"):
        visitor = app.test_client()
        sign_in(visitor, make.user(role=role))
        paths = (LIST, f"{LIST}.csv", f"{LIST}/{asked.id}")
        assert [visitor.get(path).status_code for path in paths] == [403, 403, 403]
        assert visitor.post(f"{LIST}/{asked.id}/approve").status_code == 403
    assert finding.get_withdrawal(asked.id).status == "requested"


def test_what_is_not_there_is_missing(admin: FlaskClient) -> None:
    assert admin.get(f"{LIST}/999999").status_code == 404
    for verb in ("approve", "refuse"):
        assert admin.post(f"{LIST}/999999/{verb}", data={"note": "Why"}).status_code == 404
