"""Deposits at the admins' desk: found, told as a story, confirmed, refused and refunded."""

import json
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.audit.service import SYSTEM, Actor
from app.deposits import service as deposits
from app.kit.db import unit_of_work
from app.payments.providers import PAID, Notification
from app.wallet import adjusting
from app.wallet import service as wallets
from tests import make, make_bonuses
from tests.client import HTMX, read_csv
from tests.counting import count_statements
from tests.make import NOW

SignIn = Callable[[FlaskClient, User], None]
LIST = "/admin/wallet/deposits"


@pytest.fixture
def robin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", username="robin")
    sign_in(client, admin)
    return admin


@pytest.fixture
def admin(client: FlaskClient, robin: User) -> FlaskClient:  # noqa: ARG001
    return client


def cash(user: User) -> int:
    return wallets.balances(user.id).cash_cents


def toasts(answer: object) -> str:
    """What a part announces."""
    told = json.loads(answer.headers["HX-Trigger"])["toast"]["toasts"]  # type: ignore[attr-defined]
    return " ".join(each["message"] for each in told)


def test_an_empty_list_says_so(admin: FlaskClient) -> None:
    assert "No deposits yet" in admin.get(LIST).text
    assert "Nobody waits" in admin.get(f"{LIST}?status=requested").text
    assert "None of these yet" in admin.get(f"{LIST}?status=refunded").text
    assert "No deposit fits" in admin.get(f"{LIST}?q=nobody", headers=HTMX).text


def test_deposits_are_found_by_name_mail_number_and_status(admin: FlaskClient) -> None:
    ada, bea = make.user(username="ada"), make.user(username="bea", display_name="Beatrix")
    first, second = make_bonuses.asked_deposit(ada), make_bonuses.deposit(bea, 2500)
    for query in (first.reference, first.reference.lower(), "ADA"):
        page = admin.get(f"{LIST}?q={query}", headers=HTMX).text
        assert (first.reference in page, second.reference in page) == (True, False), query
    assert second.reference in admin.get(f"{LIST}?q=beatr").text
    waiting = admin.get(f"{LIST}?status=requested").text
    assert (first.reference in waiting, second.reference in waiting) == (True, False)
    assert second.reference in admin.get(f"{LIST}?status=unheard-of").text


def test_a_list_costs_the_same_however_long_it_is(admin: FlaskClient) -> None:
    bonus = make_bonuses.bonus()
    make_bonuses.deposit(make.user(), bonus=bonus)
    with count_statements() as of_one:
        admin.get(LIST)
    for _each in range(21):
        make_bonuses.deposit(make.user(), bonus=bonus)
    with count_statements() as of_many:
        assert "20 of 22" in admin.get(LIST).text
    assert len(of_many) == len(of_one) <= 5, of_many


def test_the_list_can_be_had_as_a_file(admin: FlaskClient) -> None:
    ada = make.user(username="ada")
    told = make_bonuses.told_deposit(ada, 1000, code="NOSUCH")
    bonus = make_bonuses.bonus(code="WELCOME")
    make_bonuses.deposit(ada, 10_000, bonus)
    make_bonuses.asked_deposit(make.user(username="bea"))
    rows = read_csv(admin, f"{LIST}.csv?q=ada")
    shown = [(row["number"], row["amount"], row["promotion"], row["bonus"], row["no_bonus"]) for row in rows]
    assert shown == [
        (told.reference, "10.00", "NOSUCH", "", "not_found"),
        (f"D-{told.id + 1:06d}", "100.00", "WELCOME", "100.00", ""),
    ]
    assert [row["client"] for row in read_csv(admin, f"{LIST}.csv?status=requested")] == ["bea"]


@pytest.mark.usefixtures("frozen")
def test_one_is_confirmed_in_its_row(admin: FlaskClient, robin: User) -> None:
    ada = make.user(username="ada")
    asked = make_bonuses.asked_deposit(ada, 10_000, make_bonuses.bonus(title="Welcome", turnover_requirement=2))
    answer = admin.post(f"{LIST}/{asked.id}/confirm", data={"place": "list"}, headers=HTMX)
    assert answer.status_code == 200
    assert f'id="deposit-{asked.id}"' in answer.text
    assert "Confirmed" in answer.text
    assert 'id="count-deposits" hx-swap-oob="true">0<' in answer.text
    assert "<html" not in answer.text
    assert toasts(answer) == "ada has $100.00 more, and $100.00 of “Welcome” to turn over."
    assert (cash(ada), deposits.get(asked.id).decided_by_id) == (10_000, robin.id)
    admin.post(f"{LIST}/{asked.id}/confirm", data={"place": "list"}, headers=HTMX)
    assert cash(ada) == 10_000


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({}, "and $100.00 of “Welcome” as cash."),
        ({"max_withdraw": 30}, "and $30.00 of “Welcome” as cash; the rest lapsed."),
    ],
)
def test_a_bonus_that_is_cash_at_once_is_told_as_cash(admin: FlaskClient, terms: dict[str, int], said: str) -> None:
    bonus = make_bonuses.bonus(title="Welcome", turnover_requirement=0, **terms)
    asked = make_bonuses.asked_deposit(make.user(username="ada"), 10_000, bonus)
    answer = admin.post(f"{LIST}/{asked.id}/confirm", data={"place": "list"}, headers=HTMX)
    assert toasts(answer) == f"ada has $100.00 more, {said}"


def test_without_a_script_one_is_back_where_one_was(admin: FlaskClient) -> None:
    ada = make.user(username="ada")
    asked = make_bonuses.asked_deposit(ada)
    answer = admin.post(f"{LIST}/{asked.id}/confirm", data={"next": "/admin/wallet?page=2"})
    assert (answer.status_code, answer.location) == (303, "/admin/wallet?page=2")
    assert "ada has $100.00 more." in admin.get("/admin/wallet").text
    outside = admin.post(f"{LIST}/{asked.id}/confirm", data={"next": "https://evil.example"})
    assert outside.location == f"{LIST}/{asked.id}"


def test_refusing_needs_a_reason_which_is_kept_with_what_was_typed(admin: FlaskClient) -> None:
    ada = make.user(username="ada")
    asked = make_bonuses.asked_deposit(ada)
    for path, data in (("refuse", {"note": "  "}), ("refuse", {"note": "x" * 201})):
        answer = admin.post(f"{LIST}/{asked.id}/{path}", data=data)
        assert answer.status_code == 422
        assert f'id="note-refuse-deposit-{asked.id}-error"' in answer.text
    assert 'value="' + "x" * 201 in answer.text
    assert deposits.get(asked.id).status == "requested"
    done = admin.post(f"{LIST}/{asked.id}/refuse", data={"note": "Not your account"}, headers=HTMX)
    assert toasts(done) == f"{asked.reference} is refused. ada reads why."
    page = admin.get(f"{LIST}/{asked.id}").text
    assert "Not your account" in page
    assert "No money was moved." in page


def test_the_page_says_beforehand_what_a_refund_would_do(admin: FlaskClient) -> None:
    referrer = make.user(username="rita")
    ada = make.user(username="ada", referred_by_id=referrer.id)
    make_bonuses.referral()
    bonus = make_bonuses.bonus(title="Welcome", turnover_requirement=0)
    deposit = make_bonuses.deposit(ada, 10_000, bonus)
    make_bonuses.withdrawal(ada, 15_000)
    page = " ".join(admin.get(f"{LIST}/{deposit.id}").text.split())
    assert "ada has $50.00 in cash now." in page
    assert "The bonus “Welcome” of ada is taken back: $100.00 from cash." in page
    assert "The bonus “Bring a friend” of rita is taken back: $10.00 from cash." in page
    assert "$150.00 is no longer there: ada will owe it." in page
    assert "rita will owe it" not in page
    assert "rita had referred them" in page
    done = admin.post(f"{LIST}/{deposit.id}/refund", data={"note": "Sent twice"})
    assert done.status_code == 303
    owed = sum(each.amount_cents for each in wallets.debts(ada.id))
    assert (owed, cash(ada), cash(referrer)) == (15_000, 0, 0)
    told = admin.get(f"{LIST}/{deposit.id}").text
    assert "$100.00 of " in told
    assert "$50.00 was no longer there when it was taken back: ada owes it." in told


def test_a_refund_that_leaves_no_debt_says_so(admin: FlaskClient) -> None:
    deposit = make_bonuses.deposit(make.user(username="ada"))
    assert "nobody will owe anything" in admin.get(f"{LIST}/{deposit.id}").text
    assert admin.post(f"{LIST}/{deposit.id}/refund", data={"note": ""}).status_code == 422
    assert deposits.get(deposit.id).status == "confirmed"


def test_what_must_be_sent_back_by_hand_stands_on_the_desk_until_it_is(admin: FlaskClient) -> None:
    deposit, other = make_bonuses.deposit(make.user(username="ada")), make_bonuses.deposit(make.user())
    make_bonuses.refunded_deposit(deposit)
    assert f"$100.00 for {deposit.reference}" in admin.get("/admin/wallet").text
    [money] = deposits.awaiting_return()
    page = admin.get(f"{LIST}/{deposit.id}").text
    assert "Give it back to ada yourself" in page
    done = f"{LIST}/{deposit.id}/returns/{money[1].id}/done"
    assert f'action="{done}"' in page
    assert admin.post(f"{LIST}/{other.id}/returns/{money[1].id}/done").status_code == 404
    assert admin.post(f"{LIST}/{other.id}/returns/{money[1].id}/retry").status_code == 404
    assert admin.post(done).status_code == 303
    assert deposits.awaiting_return() == []
    assert f"$100.00 for {deposit.reference}" not in admin.get("/admin/wallet").text


def test_what_somebody_else_made_of_it_meanwhile_is_told(admin: FlaskClient, robin: User) -> None:
    kim, ada = make.user(role="admin", username="kim"), make.user(username="ada")
    refused, confirmed, given_up, told = (make_bonuses.asked_deposit(make.user() if n else ada) for n in range(4))
    other = Actor(kim.id, "")
    with unit_of_work():
        deposits.refuse(refused.id, "No", actor=other, now=NOW)
        deposits.confirm(confirmed.id, actor=other, now=NOW)
        deposits.cancel(given_up.user_id, given_up.id, NOW)
        deposits.confirm(told.id, actor=SYSTEM, now=NOW)
    late = admin.post(f"{LIST}/{refused.id}/confirm", data={"place": "desk"}, headers=HTMX)
    assert late.status_code == 409
    assert f"{refused.reference} was refused meanwhile by kim." in late.text
    assert "<form" not in late.text
    late = admin.post(f"{LIST}/{confirmed.id}/refuse", data={"note": "Why not"})
    assert (late.status_code, f"{confirmed.reference} was confirmed meanwhile by kim." in late.text) == (409, True)
    same = admin.post(f"{LIST}/{confirmed.id}/confirm", headers=HTMX)
    assert toasts(same) == f"{confirmed.reference} was confirmed meanwhile by kim."
    same = admin.post(f"{LIST}/{given_up.id}/refuse", data={"note": "Why not"}, headers=HTMX)
    assert toasts(same) == f"{given_up.reference} was cancelled meanwhile by the client."
    same = admin.post(f"{LIST}/{told.id}/confirm", headers=HTMX)
    assert "was paid meanwhile, as the provider says" in toasts(same)
    assert deposits.get(confirmed.id).decided_by_id != robin.id


def test_why_a_chosen_bonus_gave_nothing_is_told_in_words(admin: FlaskClient) -> None:
    bonus = make_bonuses.bonus(title="Large ones", min_amount=500)
    deposit = make_bonuses.deposit(make.user(), 10_000, bonus)
    page = admin.get(f"{LIST}/{deposit.id}").text
    assert "Large ones" in page
    assert "$400.00 more was needed: this bonus begins at $500.00." in page


def test_its_history_is_told_in_words_and_amounts(admin: FlaskClient) -> None:
    ada = make.user(username="ada", display_name="Ada Lund")
    deposit = make_bonuses.deposit(ada, 12_050, make_bonuses.bonus(turnover_requirement=1))
    with unit_of_work():
        adjusting.adjust(ada.id, -5_000, "Spent elsewhere", key="a" * 32, actor=SYSTEM, now=NOW)
    admin.post(f"{LIST}/{deposit.id}/refund", data={"note": "Charged back"})
    page = admin.get(f"{LIST}/{deposit.id}").text
    history = page[page.index('id="money-history"') :]
    for told in (
        "<strong>Laurel</strong> confirmed it: $120.50 for Ada Lund",
        "<strong>robin</strong> sent it back",
        "Charged back",
        "1 bonus was cancelled.",
        "$50.00 was no longer there, and is owed.",
    ):
        assert told in history
    assert "user id" not in history
    assert "Cash once confirmed" in page
    other = make_bonuses.asked_deposit(ada)
    admin.post(f"{LIST}/{other.id}/refuse", data={"note": "Not yours"})
    assert "<strong>robin</strong> refused it" in admin.get(f"{LIST}/{other.id}").text
    third = make_bonuses.asked_deposit(ada)
    admin.post(f"{LIST}/{third.id}/confirm")
    assert "<strong>robin</strong> confirmed it: $100.00 for Ada Lund" in admin.get(f"{LIST}/{third.id}").text


def test_money_that_does_not_fit_stands_in_the_history(admin: FlaskClient) -> None:
    deposit = make_bonuses.deposit(make.user(username="ada"))
    with unit_of_work():
        paid = Notification("evt-2", PAID, NOW, deposit.subject, 12_300, "pay-2")
        deposits.mark_paid(deposit.id, "test", paid, NOW)
    page = admin.get(f"{LIST}/{deposit.id}").text
    assert "<strong>Laurel</strong> sends back a payment that doesn&#39;t fit: $123.00 by Test provider" in page


def test_only_admins_have_it(app: Flask, sign_in: SignIn) -> None:
    deposit = make_bonuses.asked_deposit(make.user())
    for role in ("coach", "client"):
        visitor = app.test_client()
        sign_in(visitor, make.user(role=role))
        paths = (LIST, f"{LIST}.csv", f"{LIST}/{deposit.id}")
        assert [visitor.get(path).status_code for path in paths] == [403, 403, 403]
        assert visitor.post(f"{LIST}/{deposit.id}/confirm").status_code == 403
    assert deposits.get(deposit.id).status == "requested"


def test_what_is_not_there_is_missing(admin: FlaskClient) -> None:
    assert admin.get(f"{LIST}/999999").status_code == 404
    for verb in ("confirm", "refuse", "refund"):
        assert admin.post(f"{LIST}/999999/{verb}", data={"note": "Why"}).status_code == 404
