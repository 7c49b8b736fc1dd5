"""Withdrawals on the client's pages: asking, what stands against it, giving one up, what became of it."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.deposits import withdrawing
from app.deposits.models import Withdrawal
from app.kit.db import db, unit_of_work
from tests import make
from tests.bonuses.reading import balances
from tests.client import HTMX
from tests.holding import part_of, read

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]
PATH = "/client/wallet/withdrawals"


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user()
    sign_in(client, user)
    return user


def form(**fields: str) -> dict[str, str]:
    return {"amount": "40", "pay_to": "DE02 1203", "idempotency_key": "the-key-of-this-page", "sure": "yes"} | fields


def kept() -> list[tuple[int, str, str]]:
    rows = db.session.scalars(select(Withdrawal).order_by(Withdrawal.id))
    return [(each.amount_cents, each.pay_to, each.status) for each in rows]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_is_asked_for_is_held_at_once(client: FlaskClient, mia: User, headers: dict[str, str]) -> None:
    make.deposit(mia, 10_000)
    for _press in range(2):
        answer = client.post(PATH, data=form(pay_to=" DE02   1203 "), headers=headers)
        assert answer.status_code == (200 if headers else 303)
        assert answer.location == (None if headers else "/client/wallet#withdrawals")
    assert kept() == [(4000, "DE02 1203", "requested")]
    assert balances(mia) == (6000, 0)
    page = client.get("/client/wallet").text
    assert "$40.00 is set aside for you" in (answer.headers["HX-Trigger"] if headers else page)
    assert "$40.00 to DE02 1203 Mar 2, 2026" in part_of(page, 'id="withdrawals"', "section")
    assert "Withdrawal" in part_of(page, 'id="entries"', "section")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_amount_and_account_are_shown_once_more_before_anything_is_held(
    client: FlaskClient, mia: User, headers: dict[str, str]
) -> None:
    make.deposit(mia, 200_000)
    asked = client.post(PATH, data=form(amount="1,000.50", sure=""), headers=headers)
    assert asked.status_code == 200
    assert "Send $1,000.50 to this account? DE02 1203" in part_of(asked.text, 'id="withdraw"', "section")
    again = client.post(PATH, data=form(amount="1,000.50", sure="", change="yes"), headers=headers)
    assert 'name="pay_to" value="DE02 1203"' in again.text
    assert (kept(), balances(mia)) == ([], (200_000, 0))
    short = client.post(PATH, data=form(amount="2,000.01", sure=""), headers=headers)
    assert part_of(short.text, 'id="withdrawal-amount-error"', "p") == "There is $0.01 too little in the wallet."
    client.post(PATH, data=form(amount="1,000.50"), headers=headers)
    assert (kept(), balances(mia)) == ([(100_050, "DE02 1203", "requested")], (99_950, 0))


@pytest.mark.parametrize("sure", ["", "yes"])
def test_what_is_owed_stays_and_the_page_says_how_much_can_go(client: FlaskClient, mia: User, sure: str) -> None:
    deposit = make.deposit(mia, 10_000)
    make.withdrawal(mia, 4000)
    make.refunded_deposit(deposit)
    assert "Nothing can be withdrawn" not in client.get("/client/wallet").text
    make.deposit(mia, 5000)
    page = client.get("/client/wallet").text
    assert "$10.00 of it can be withdrawn." in part_of(page, 'aria-labelledby="cash-title"', "section")
    assert "At most $10.00: the $40.00 that you owe stay in the wallet." in part_of(page, 'id="withdraw"', "section")
    assert 'data-value="10.00"' in page
    refused = client.post(PATH, data=form(amount="10.01", sure=sure))
    assert refused.status_code == 409
    assert "You owe $40.00" in part_of(refused.text, 'id="withdrawal-amount-error"', "p")
    assert client.post(PATH, data=form(amount="10")).status_code == 303


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("typed", "where", "said"),
    [
        ({"amount": "100.01"}, "amount", "There is $0.01 too little in the wallet."),
        ({"amount": "0"}, "amount", "Please give an amount of more than 0, such as 50.00."),
        ({"amount": "all"}, "amount", "Please enter an amount such as 12.50."),
        ({"pay_to": " "}, "to", "Please say where we shall send the money, such as an account number."),
        ({"pay_to": "x" * 201}, "to", "Please use at most 200 characters."),
    ],
)
def test_a_refusal_says_what_is_missing_and_keeps_what_was_typed(
    client: FlaskClient, mia: User, typed: dict[str, str], where: str, said: str, headers: dict[str, str]
) -> None:
    make.deposit(mia, 10_000)
    answer = client.post(PATH, data=form(**typed), headers=headers)
    assert answer.status_code == 422
    assert ("<html" in answer.text) == (not headers)
    assert part_of(answer.text, f'id="withdrawal-{where}-error"', "p") == said
    assert f'name="amount" value="{typed.get("amount", "40")}"' in answer.text
    assert balances(mia) == (10_000, 0)
    assert kept() == []


def test_while_a_bonus_is_active_it_is_refused_and_says_how_to_go_on(client: FlaskClient, mia: User) -> None:
    make.deposit(mia, 10_000, make.bonus(turnover_requirement=1))
    said = "While a bonus is active, nothing can be withdrawn. Reach its turnover first, or cancel the bonus."
    page = client.get("/client/wallet").text
    assert said in part_of(page, 'id="withdraw"', "section")
    assert "to withdraw once no bonus is active" in part_of(page, 'aria-labelledby="cash-title"', "section")
    assert 'name="pay_to"' not in page
    answer = client.post(PATH, data=form())
    assert answer.status_code == 409
    assert said in part_of(answer.text, 'id="withdrawal-amount-error"', "p")
    assert 'href="#active"' in answer.text
    assert kept() == []


def test_an_empty_wallet_has_nothing_to_withdraw_and_lists_nothing(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    page = client.get("/client/wallet").text
    for absent in ("withdraw", "deposits", "withdrawals", "unpaid"):
        assert f'id="{absent}"' not in page


def test_one_that_waits_can_be_given_up_and_one_that_is_decided_cannot(client: FlaskClient, mia: User) -> None:
    make.deposit(mia, 10_000)
    first, second = make.withdrawal(mia, 1000), make.withdrawal(mia, 2000)
    answer = client.post(f"{PATH}/{first.id}", data={"_method": "DELETE"})
    assert (answer.status_code, answer.location) == (303, "/client/wallet")
    assert client.delete(f"{PATH}/{first.id}").status_code == 303  # twice is fine
    assert balances(mia) == (8000, 0)
    with unit_of_work():
        withdrawing.approve(second.id, "Sent on Monday", actor=SYSTEM, now=make.NOW)
    assert client.delete(f"{PATH}/{second.id}").status_code == 409
    page = client.get(PATH).text
    assert part_of(page, f'id="withdrawal-{first.id}"', "li").endswith("Cancelled")
    assert part_of(page, f'id="withdrawal-{second.id}"', "li").endswith("Sent on Monday Paid out")
    assert "$30.00" not in read(page)


def test_one_is_found_on_its_page_of_the_list(client: FlaskClient, mia: User) -> None:
    make.deposit(mia, 10_000)
    made = [make.withdrawal(mia, 100) for _each in range(21)]
    assert client.get(f"{PATH}/{made[0].id}").location == f"{PATH}?page=2#withdrawal-{made[0].id}"
    assert f'id="withdrawal-{made[0].id}"' in client.get(f"{PATH}?page=2").text


def test_anothers_withdrawal_is_not_there(app: Flask, sign_in: SignIn, mia: User) -> None:
    make.deposit(mia, 10_000)
    made, visitor = make.withdrawal(mia), app.test_client()
    sign_in(visitor, make.user())
    assert visitor.get(f"{PATH}/{made.id}").status_code == 404
    assert visitor.delete(f"{PATH}/{made.id}").status_code == 404
    assert kept()[0][2] == "requested"


@pytest.mark.parametrize("role", ["coach", "admin"])
def test_only_clients_have_a_wallet_of_their_own(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.post(PATH, data=form()).status_code == 403
    assert visitor.get("/client/wallet/deposits").status_code == 403
