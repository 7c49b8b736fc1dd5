"""Deposits on the client's pages: what one would bring, asking for it, paying it, and what became of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.deposits import service as deposits
from app.deposits.models import Deposit
from app.kit.db import db, unit_of_work
from tests import make
from tests.bonuses.reading import balances
from tests.client import HTMX, read_csv
from tests.counting import count_statements
from tests.holding import part_of, read
from tests.payments.stripe_stand_in import StandIn, tell

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]
PATH = "/client/wallet/deposits"
KEY = "the-key-of-this-page"


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user()
    sign_in(client, user)
    return user


def form(**fields: object) -> dict[str, str]:
    return {"amount": "50", "promotion_id": "", "idempotency_key": KEY} | {
        name: str(value) for name, value in fields.items()
    }


def kept() -> list[tuple[int, int | None, str]]:
    rows = db.session.scalars(select(Deposit).order_by(Deposit.id))
    return [(each.amount_cents, each.promotion_id, each.status) for each in rows]


def preview(client: FlaskClient, **fields: object) -> str:
    answer = client.get(f"{PATH}/preview", query_string=form(**fields), headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return read(answer.text)


def refuse(deposit: Deposit, note: str) -> None:
    with unit_of_work():
        deposits.refuse(deposit.id, note, actor=SYSTEM, now=make.NOW)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_asking_leads_on_to_the_payment(client: FlaskClient, mia: User, headers: dict[str, str]) -> None:
    bonus = make.bonus()
    answer = client.post(PATH, data=form(promotion_id=bonus.id), headers=headers)
    there = answer.headers["HX-Redirect"] if headers else answer.location
    assert (answer.status_code, there) == (204 if headers else 303, "/store/payments/test/D-000001")
    assert kept() == [(5000, bonus.id, "requested")]
    assert balances(mia) == (0, 0)
    told = part_of(client.get("/client/wallet").text, 'id="unpaid"', "section")
    assert "$50.00 D-000001 with Welcome Pay Cancel" in told


def test_pressed_twice_it_is_one_deposit(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    answers = [client.post(PATH, data=form()) for _each in range(2)]
    assert [each.location for each in answers] == ["/store/payments/test/D-000001"] * 2
    changed = client.post(PATH, data=form(amount="60"))
    assert changed.status_code == 409
    assert "something was asked for already" in changed.text
    assert len(kept()) == 1


def test_each_page_has_a_key_of_its_own(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    keys = {
        re.findall(r'name="idempotency_key" value="([\w-]{16,64})"', client.get("/client/wallet").text)[0] for _ in "12"
    }
    assert len(keys) == 2


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "Please give an amount of more than 0, such as 50.00."),
        ("much", "Please enter an amount such as 12.50."),
        ("10,50", "A comma parts thousands here, and a point the cents: 1,000.50. Please write it like that."),
        ("1.234", "Please use at most two decimals."),
        ("-5", "Please enter 0 or more."),
        ("999999999", "Please enter at most 99,999,999.99."),
    ],
)
def test_a_wrong_amount_is_told_at_its_field_and_all_stays_as_typed(
    client: FlaskClient,
    mia: User,  # noqa: ARG001
    amount: str,
    said: str,
    headers: dict[str, str],
) -> None:
    bonus = make.bonus()
    answer = client.post(PATH, data=form(amount=amount, promotion_id=bonus.id), headers=headers)
    assert answer.status_code == 422
    assert ("<html" in answer.text) == (not headers)
    assert part_of(answer.text, 'id="deposit-amount-error"', "p") == said
    assert f'name="amount" value="{amount}"' in answer.text
    assert re.search(rf'value="{bonus.id}" checked', answer.text)
    assert kept() == []


def test_a_bonus_that_is_not_open_to_them_cannot_be_chosen(client: FlaskClient, mia: User) -> None:
    used, secret = make.bonus(), make.bonus(is_listed=False, code="SECRET")
    make.deposit(mia, 100, used)
    for promotion_id in (used.id, secret.id, "x", 999_999):
        answer = client.post(PATH, data=form(promotion_id=promotion_id))
        assert answer.status_code == 422
        assert "Please choose" in part_of(answer.text, 'id="deposit-bonus-error"', "p")
        assert 'name="amount" value="50"' in answer.text
    assert len(kept()) == 1
    assert client.post(PATH, data=form(promotion_id=secret.id, code="secret")).status_code == 303
    assert kept()[-1] == (5000, secret.id, "requested")


def test_a_code_in_the_address_chooses_its_bonus_or_says_why_not(client: FlaskClient, mia: User) -> None:
    bonus = make.bonus(code="WELCOME")
    make.cashback(code="BACK")
    page = client.get("/client/wallet?code=welcome").text
    assert re.search(rf'value="{bonus.id}" checked', page)
    assert "deposit-bonus-error" not in page
    told = {
        code: part_of(client.get(f"/client/wallet?code={code}").text, 'id="deposit-bonus-error"', "p")
        for code in ("NOPE", "BACK")
    }
    assert told["NOPE"] == "We don't know this code. Please check it for typing mistakes."
    assert told["BACK"] == "This code isn't for a deposit."
    make.deposit(mia, 100, bonus)
    again = client.get("/client/wallet?code=WELCOME").text
    assert "You have had this bonus already" in part_of(again, 'id="deposit-bonus-error"', "p")


def test_the_preview_reckons_bonus_and_turnover(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    bonus = make.bonus(title="Welcome", max_bonus=50, min_amount=20, turnover_requirement=3, max_withdraw=30)
    told = preview(client, amount="80", promotion_id=bonus.id)
    assert told == (
        "Your deposit $80.00 Welcome +$50.00 Turnover until it is cash $390.00 Of it becomes cash at most $30.00"
    )
    assert preview(client, amount="15", promotion_id=bonus.id) == "Add $5.00 more: this bonus begins at $20.00."
    assert preview(client, amount="80") == "$80.00 of cash, without a bonus."
    assert preview(client, amount="") == preview(client, amount="x") == ""
    assert kept() == []


def test_the_preview_tells_of_what_comes_by_itself(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.bonus(title="Little", bonus_value=5, auto_apply=True)
    make.bonus(title="Large", bonus_value=10, auto_apply=True, min_amount=100)
    assert "Automatic: Little +$2.50" in preview(client, amount="50")
    assert preview(client, amount="100").endswith(
        "Automatic: Large +$10.00, no turnover It comes where you choose none."
    )
    page = part_of(client.get("/client/wallet").text, 'class="bonus-choices"', "div")
    assert page == "Automatic: the best for your amount Large · Little"


def test_what_comes_by_itself_is_named_with_its_turnover_and_is_no_second_choice(
    client: FlaskClient,
    mia: User,  # noqa: ARG001
) -> None:
    make.bonus(title="Welcome", min_amount=20, turnover_requirement=3, auto_apply=True, is_listed=False)
    make.bonus(title="Reload")
    page = part_of(client.get("/client/wallet").text, 'class="bonus-choices"', "div")
    assert page.count("Welcome") == 1
    assert "Automatic: Welcome 100% of your deposit from $20.00 · 3× turnover" in page  # noqa: RUF001
    assert "Automatic: Welcome +$50.00, $300.00 turnover It comes where" in preview(client, amount="50")
    assert preview(client, amount="10").endswith("No bonus On this amount none comes by itself.")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_code_of_another_bonus_is_put_into_the_form_and_what_was_typed_stays(
    client: FlaskClient,
    mia: User,  # noqa: ARG001
    headers: dict[str, str],
) -> None:
    secret = make.bonus(title="Secret", is_listed=False, code="SECRET")
    wrong = client.post(PATH, data=form(amount="80", other_code="nope"), headers=headers)
    assert wrong.status_code == 422
    assert "We don't know this code." in part_of(wrong.text, 'id="other-code-error"', "p")
    empty = client.post(PATH, data=form(amount="80", other_code=" ", use="code"), headers=headers)
    assert part_of(empty.text, 'id="other-code-error"', "p") == "Please type the code."
    found = client.post(PATH, data=form(amount="80", other_code="secret"), headers=headers)
    assert found.status_code == 200
    assert re.search(rf'value="{secret.id}" checked', found.text)
    assert "Secret +$80.00" in read(found.text)
    for page in (wrong.text, found.text):
        assert 'name="amount" value="80"' in page
    assert kept() == []
    assert client.post(PATH, data=form(promotion_id=secret.id, code="SECRET")).status_code == 303
    assert kept() == [(5000, secret.id, "requested")]


@pytest.mark.parametrize(
    ("typed", "cents"), [("1,000", 100_000), ("1,000.50", 100_050), ("12,345,678.9", 1_234_567_890)]
)
def test_amounts_are_typed_as_pages_print_them(client: FlaskClient, mia: User, typed: str, cents: int) -> None:  # noqa: ARG001
    assert client.post(PATH, data=form(amount=typed)).status_code == 303
    assert kept() == [(cents, None, "requested")]


def test_without_javascript_the_preview_is_on_the_page(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    bonus = make.bonus(title="Welcome", turnover_requirement=1)
    page = client.get(f"{PATH}/preview", query_string=form(promotion_id=bonus.id)).text
    assert "<html" in page
    assert "Welcome +$50.00 Turnover until it is cash $100.00" in read(page)


def test_more_than_three_unpaid_ones_are_refused(client: FlaskClient, mia: User) -> None:
    for _each in range(3):
        make.asked_deposit(mia)
    answer = client.post(PATH, data=form())
    assert answer.status_code == 409
    assert "You have three unpaid deposits. Pay or cancel one of them first." in answer.text
    assert 'name="amount" value="50"' in answer.text


def test_an_unpaid_one_is_paid_later_or_cancelled(client: FlaskClient, mia: User) -> None:
    asked = make.asked_deposit(mia)
    paying = client.post(f"{PATH}/{asked.id}/payment")
    assert (paying.status_code, paying.location) == (303, f"/store/payments/test/{asked.reference}")
    assert client.get(f"{PATH}/{asked.id}/payment").location == "/client/wallet#unpaid"
    answer = client.post(f"{PATH}/{asked.id}", data={"_method": "DELETE"})
    assert (answer.status_code, answer.location) == (303, "/client/wallet")
    page = client.get("/client/wallet").text
    assert f"Deposit {asked.reference} is cancelled." in page
    assert 'id="unpaid"' not in page
    assert part_of(page, f'id="deposit-{asked.id}"', "li").endswith("Cancelled")
    assert client.post(f"{PATH}/{asked.id}/payment").location == "/client/wallet#unpaid"
    assert "This deposit is closed, so there is nothing to pay." in client.get("/client/wallet").text


def test_a_paid_one_cannot_be_cancelled(client: FlaskClient, mia: User) -> None:
    paid = make.deposit(mia)
    assert client.delete(f"{PATH}/{paid.id}").status_code == 409
    assert balances(mia) == (10_000, 0)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_where_people_confirm_the_page_says_how_to_send_it(
    client: FlaskClient, mia: User, headers: dict[str, str]
) -> None:
    asked = make.asked_deposit(mia)
    with unit_of_work():
        db.session.get_one(Deposit, asked.id).provider = "manual"
    answer = client.post(f"{PATH}/{asked.id}/payment", headers=headers)
    assert answer.location == (None if headers else "/client/wallet#unpaid")
    page = answer.text if headers else client.get("/client/wallet").text
    told = part_of(page, 'id="unpaid"', "section")
    assert f"Send us the money with {asked.reference} as its reference." in told


def test_another_sites_page_is_reached_by_one_of_ours(
    app: Flask, client: FlaskClient, stripe: StandIn, mia: User
) -> None:
    answer = client.post(PATH, data=form())
    assert (answer.status_code, answer.location) == (303, f"{PATH}/1/payment")
    led = client.get(answer.location)
    assert re.fullmatch(r"0; url=http://127\.0\.0\.1:\d+/pay/cs_test_\d+", led.headers["Refresh"])
    assert led.headers["Refresh"].partition("=")[2] in led.text
    assert stripe.page["success_url"] == "http://localhost/client/wallet?paid=1"
    assert stripe.page["cancel_url"] == "http://localhost/client/wallet"
    assert tell(app, stripe.pay(stripe.page)).status_code == 200
    assert balances(mia) == (5000, 0)
    assert client.get(answer.location).location == "/client/wallet#unpaid"


def test_what_became_of_each_is_told(client: FlaskClient, mia: User) -> None:
    with_bonus = make.deposit(mia, 10_000, make.bonus(title="Welcome"))
    without = make.deposit(mia, 100, make.bonus(min_amount=50))
    refused = make.asked_deposit(mia)
    refuse(refused, "No name on it")
    make.refunded_deposit(with_bonus)
    page = client.get(PATH).text
    told = {each.id: part_of(page, f'id="deposit-{each.id}"', "li") for each in (with_bonus, without, refused)}
    assert "had brought $100.00, which went back with it: Welcome Sent back Refunded" in told[with_bonus.id]
    assert "No bonus: $49.00 more was needed: this bonus begins at $50.00. Confirmed" in told[without.id]
    assert told[refused.id].endswith("No name on it Refused")


def test_the_list_has_pages_and_each_one_is_found_on_its_own(client: FlaskClient, mia: User) -> None:
    made = [make.deposit(mia, 100) for _each in range(21)]
    assert client.get(f"{PATH}/{made[-1].id}").location == f"{PATH}#deposit-{made[-1].id}"
    first = client.get(f"{PATH}/{made[0].id}").location
    assert first == f"{PATH}?page=2#deposit-{made[0].id}"
    assert f'id="deposit-{made[0].id}"' in client.get(first).text


def test_entries_say_what_for_and_lead_there(client: FlaskClient, mia: User) -> None:
    deposit = make.deposit(mia, 10_000, make.bonus(title="Welcome", turnover_requirement=1))
    claim = make.claim_of(deposit)
    page = client.get("/client/wallet").text
    rows = [read(each) for each in re.findall(r'<tr id="entry-.*?</tr>', page, re.DOTALL)]
    assert rows[0].startswith("Bonus claimed: Welcome Mar")
    assert rows[0].endswith("+$100.00 Bonus $100.00")
    assert rows[1].startswith(f"Deposit: {deposit.reference} ")
    assert f'href="/client/promotions/{claim.id}">Bonus claimed: Welcome<' in page
    assert f'href="{PATH}/{deposit.id}">Deposit: {deposit.reference}<' in page
    told = [(each["what_for"], each["balance"], each["amount"]) for each in read_csv(client, "/client/wallet.csv")]
    assert told == [(f"Deposit: {deposit.reference}", "cash", "100.00"), ("Bonus claimed: Welcome", "bonus", "100.00")]


def test_back_from_a_payment_the_page_looks_more_often(client: FlaskClient, mia: User) -> None:
    assert 'data-pulse="15000"' in client.get("/client/wallet?paid=1").text
    make.asked_deposit(mia)
    page = client.get("/client/wallet?paid=1").text
    assert 'data-pulse="3000"' in page
    assert "your payment is being confirmed" in page


@pytest.mark.parametrize("many", [1, 6])
def test_the_wallet_takes_as_many_statements_however_much_moves(client: FlaskClient, mia: User, many: int) -> None:
    for _each in range(many):
        make.deposit(mia, 1000, make.bonus())
        make.deposit(mia, 1000, make.bonus(turnover_requirement=1))
    make.asked_deposit(mia, 100, make.bonus())
    client.get("/client/wallet")  # from now on the terms are known
    with count_statements() as sent:
        client.get("/client/wallet")
    assert len(sent) <= 15, sent


def test_anothers_deposit_is_not_there(app: Flask, client: FlaskClient, sign_in: SignIn, mia: User) -> None:
    asked, visitor = make.asked_deposit(mia), app.test_client()
    sign_in(visitor, make.user())
    here: list[tuple[str, Any]] = [
        ("", visitor.get),
        ("", visitor.delete),
        ("/payment", visitor.get),
        ("/payment", visitor.post),
    ]
    assert [ask(f"{PATH}/{asked.id}{rest}").status_code for rest, ask in here] == [404] * 4
    assert kept() == [(10_000, None, "requested")]
    assert client.get(f"{PATH}/{asked.id}").status_code == 303
