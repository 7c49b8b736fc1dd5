"""Why a member bonus comes or doesn't, rule by rule, and what would come of it."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.bonuses import service as bonuses
from app.bonuses.errors import BonusRefused
from app.bonuses.models import Bonus
from app.kit.db import unit_of_work
from app.promotions import jobs
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture(autouse=True)
def _admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    sign_in(client, make.user(role="admin", username="root"))


def told(client: FlaskClient, bonus: Bonus, query: str = "", status: int = 200) -> str:
    answer = client.get(f"/admin/promotions/{bonus.id}/explain?{query}", headers=HTMX)
    assert answer.status_code == status
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def test_it_tells_the_bonus_its_turnover_and_what_is_paid_out(client: FlaskClient) -> None:
    make.user(username="ada")
    bonus = make.bonus(turnover_requirement=3, max_bonus=50, max_withdraw=20, min_amount=10)
    page = told(client, bonus, "person=ada&amount=100")
    assert "It applies: $50.00 bonus, after $450.00 of turnover, $20.00 of it paid out at most" in page
    assert "At least $10.00, and there is $100.00." in page
    assert "It comes with a deposit." in page
    assert "It applies: $20.00 bonus, after $120.00 of turnover" in told(client, bonus, "person=ada&amount=20")


@pytest.mark.parametrize(
    ("made", "benefit"),
    [
        ({}, "It applies: $100.00 bonus, theirs at once"),
        ({"type": "cashback", "turnover_requirement": 2}, "It applies: $100.00 bonus, after $200.00 of turnover"),
        ({"type": "referral", "friend_bonus": 5}, "It applies: $100.00 bonus, theirs at once, $5.00 for the friend"),
        ({"bonus_value": "0.01"}, "It applies, but would give nothing"),
    ],
)
def test_each_type_is_reckoned_on_its_base(client: FlaskClient, made: dict[str, object], benefit: str) -> None:
    make.user(username="ada")
    amount = "0.01" if "bonus_value" in made else "100"
    assert benefit in told(client, make.bonus(**made), f"person=ada&amount={amount}")


def test_a_free_credit_asks_for_no_amount(client: FlaskClient) -> None:
    make.user(username="ada")
    credit = make.free_credit(turnover_requirement=2, min_amount=50)
    assert 'name="amount"' not in client.get(f"/admin/promotions/{credit.id}/explain").text
    assert "It applies: $10.00 bonus, after $20.00 of turnover" in told(client, credit, "person=ada")


@pytest.mark.parametrize(
    ("type_", "label"),
    [("deposit", "Deposit"), ("cashback", "Spent in the period"), ("referral", "The friend's deposit")],
)
def test_the_amount_is_called_what_it_is(client: FlaskClient, type_: str, label: str) -> None:
    page = client.get(f"/admin/promotions/{make.bonus(type=type_).id}/explain").text
    assert f'for="amount">{label}' in unescape(page)


def test_every_rule_is_told_also_after_the_first_that_fails(client: FlaskClient) -> None:
    ada = make.user(username="ada")
    bonus = make.bonus(first_deposit_only=True, min_amount=200)
    make.deposit(ada, 100)
    page = told(client, bonus, "person=ada&amount=120")
    assert "The client is told: “Add $80.00 more: this bonus begins at $200.00.”" in page
    assert "$80.00 is missing." in page
    assert "Only on a first deposit, and there was one before." in page


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ("", "Sign in to claim this bonus"),
        ("coach", "This bonus is for clients."),
    ],
)
def test_it_is_for_clients_alone(client: FlaskClient, person: str, sentence: str) -> None:
    make.user(role="coach", username="coach")
    page = told(client, make.bonus(), f"person={person}&amount=100")
    assert f"The client is told: “{sentence}" in page


def test_a_name_that_nobody_has_is_refused_at_its_field(client: FlaskClient) -> None:
    page = told(client, make.bonus(), "person=nobodyhere&amount=100", status=422)
    assert "There is no active client of this username." in page
    assert "Something is missing" in page


def test_of_what_comes_by_itself_nobody_is_told_anything(client: FlaskClient) -> None:
    make.user(username="ada")
    back, friends = make.cashback(min_amount=20), make.referral(min_amount=20)
    page = told(client, back, "person=ada&amount=10")
    assert "It doesn't apply $10.00 more must be spent in the period: this cashback begins at $20.00." in page
    assert "is told" not in page
    assert "It is for clients with an account." in told(client, back, "amount=30")
    page = told(client, friends, "person=ada&amount=10")
    assert "The friend must deposit $10.00 more: this bonus begins at $20.00." in page


@pytest.mark.parametrize("made", [make.bonus, make.cashback, make.free_credit, make.referral])
def test_rules_that_ask_for_nothing_are_told_once(client: FlaskClient, made: Callable[..., Bonus]) -> None:
    make.user(username="ada")
    assert told(client, made(), "person=ada&amount=100").count("Nothing else is asked for.") == 1


def test_what_it_would_have_been_at_another_moment(client: FlaskClient) -> None:
    make.user(username="ada")
    bonus = make.bonus()
    page = told(client, bonus, "person=ada&amount=100&on=2026-06-01")
    assert "The client is told: “This bonus ended on April 1, 2026.”" in page
    assert "It applies: $100.00 bonus" in told(client, bonus, "person=ada&amount=100&on=2026-03-20")


def test_who_tried_it_in_vain_is_told_with_the_reason(client: FlaskClient) -> None:
    ada, bonus = make.user(username="ada"), make.bonus()
    with pytest.raises(BonusRefused), unit_of_work():
        bonuses.claim_free_credit(ada, make.bonus_code(bonus), now=make.NOW)
    jobs.write_attempts(make.NOW)
    page = re.sub(r"<[^>]*>", " ", client.get(f"/admin/promotions/{bonus.id}/explain").text)
    attempts = unescape(page).split("Refused attempts", 1)[1]
    assert "ada" in attempts
    assert "Not for this person or occasion" in attempts


def test_what_is_no_amount_is_told_at_the_field(client: FlaskClient) -> None:
    assert "Please give a number such as 12.50." in told(client, make.bonus(), "amount=much", status=422)
