"""/client/promotions: which bonuses are open to a client, claiming by code, turnover, giving one up."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses import cashback, claims, editing
from app.bonuses.models import Bonus, MemberPromotion
from app.bonuses.periods import Period
from app.kit.db import db, unit_of_work
from tests import make
from tests.bonuses.reading import balances, fresh
from tests.client import HTMX
from tests.counting import count_statements
from tests.holding import hours, part_of, read
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]
PATH = "/client/promotions"


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(username="mia", timezone="America/New_York")
    sign_in(client, user)
    return user


def card(page: str, title: str) -> str:
    """What the card of the bonus of this title says."""
    cards = [read(each) for each in re.findall(r'<li class="card bonus-card.*?</li>', page, re.DOTALL)]
    return next(each for each in cards if each.startswith(title))


def error_on(page: str) -> str:
    return part_of(page, 'id="code-error"', "p")


def test_nothing_to_claim_says_so(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    page = client.get(PATH).text
    assert "No bonuses right now" in page
    assert "None at present." in page
    assert 'id="past"' not in page
    assert 'id="friends"' not in page


def test_a_card_tells_the_terms_in_plain_words(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.category(slug="design", name="Design")
    terms: dict[str, Any] = {
        "title": "Welcome",
        "code": "WELCOME",
        "description": "<p>Twice the <b>money</b>.</p>",
        "terms_and_conditions": "<p>Fine print.</p>",
        "max_bonus": 50,
        "min_amount": 20,
        "turnover_requirement": 3,
        "max_withdraw": 40,
        "applicable_games": ["design"],
        "first_deposit_only": True,
        "active_hours": hours("10:00", "20:00", "UTC"),
    }
    make.bonus(**terms)
    page = client.get(PATH).text
    told = card(page, "Welcome")
    for words in (
        "100% of your deposit Deposit bonus Twice the money.",
        "At most $50.00 Deposit at least $20.00 Turnover 3\N{MULTIPLICATION SIGN} deposit and bonus",
        "What counts Purchases in Design Becomes cash At most $40.00; the rest lapses",
        "Hours Every day, 05:00\N{EN DASH}15:00 (America/New York)",
        "How often Once for each member For whom For a first deposit",
        "Terms & conditions",
        "Fine print.",
    ):
        assert words in told
    assert 'href="/client/wallet?code=WELCOME#deposit"' in page


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"starts_at": NOW + timedelta(days=1)}, "This bonus starts on March 3, 2026, 7:00"),
        ({"active_hours": hours("18:00", "22:00", "UTC")}, "Opens today at 13:00 (America/New_York)."),
        ({"first_deposit_only": True}, "This bonus is for a first deposit, and you have deposited before."),
        ({"usage_limit": 1}, "This bonus has been used up."),
    ],
)
def test_why_one_is_not_open_is_said_on_its_card(
    client: FlaskClient, mia: User, terms: dict[str, Any], said: str
) -> None:
    bonus = make.bonus(title="Closed", **terms)
    make.deposit(mia, 100)
    if "usage_limit" in terms:
        make.deposit(make.user(), 100, bonus)
    told = card(client.get(PATH).text, "Closed")
    assert said in told
    assert "Deposit with it" not in told


def test_what_is_over_or_not_listed_is_not_shown(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.bonus(title="Secret", is_listed=False)
    make.bonus(title="Gone", ends_at=NOW)
    page = client.get(PATH).text
    assert "Secret" not in page
    assert "Gone" not in page


def test_what_a_person_has_switched_off_is_gone_though_it_is_used_up_too(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    bonus = make.bonus(title="Taken off", usage_limit=2)
    make.deposit(make.user(), 1000, bonus)
    with unit_of_work():
        editing.update(bonus.id, {"usage_limit": 1}, actor=SYSTEM, now=NOW)
    assert "Taken off" in client.get(PATH).text
    with unit_of_work():
        editing.switch(bonus.id, is_active=False, actor=SYSTEM, now=NOW)
    assert "Taken off" not in client.get(PATH).text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_free_credit_is_claimed_by_its_code(client: FlaskClient, mia: User, headers: dict[str, str]) -> None:
    make.free_credit(code="TEN", title="Ten on us", turnover_requirement=2)
    answer = client.post(PATH, data={"code": " ten "}, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    assert balances(mia) == (0, 1000)
    page = client.get(PATH).text
    assert "Ten on us $10.00 $0.00 of $20.00" in part_of(page, 'id="active"', "section")
    again = client.post(PATH, data={"code": "TEN"}, headers=headers)
    assert again.status_code == 422
    assert error_on(again.text) == "It is active. See how far it is"
    assert balances(mia) == (0, 1000)


@pytest.mark.parametrize("maker", [make.bonus, make.free_credit])
def test_one_that_is_active_is_said_to_be_until_it_is_over(
    client: FlaskClient, mia: User, maker: Callable[..., Bonus]
) -> None:
    bonus = maker(code="MINE", title="Mine", turnover_requirement=1, is_listed=True)
    if maker is make.bonus:
        make.deposit(mia, 1000, bonus)
    else:
        client.post(PATH, data={"code": "MINE"})
    [claim] = db.session.scalars(claims.of_user(mia.id)).all()
    page = client.get(PATH).text
    assert "It is active. See how far it is" in card(page, "Mine")
    assert page.count(f'href="#claim-{claim.id}"') == 1
    assert f'id="claim-{claim.id}"' in page
    assert error_on(client.post(PATH, data={"code": "mine"}).text) == "It is active. See how far it is"
    client.delete(f"{PATH}/{claim.id}")
    had = "You have had this bonus already, and there is one for each member."
    assert had in card(client.get(PATH).text, "Mine")
    assert error_on(client.post(PATH, data={"code": "mine"}).text) == had


def test_the_code_of_a_link_stands_in_its_field(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.free_credit(code="SHARED")
    assert 'name="code" value="SHARED"' in client.get(f"{PATH}?code=SHARED").text
    assert 'name="code" value="&lt;b&gt;' in client.get(f"{PATH}?code=<b>").text


def test_a_picture_elsewhere_is_shown_and_allowed_on_the_page(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.bonus(image_url="https://pictures.example/a.png")
    make.bonus(image_url="https://secret.example/a.png", is_listed=False)
    answer = client.get(PATH)
    assert 'src="https://pictures.example/a.png"' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "https://pictures.example" in policy
    assert "secret" not in policy
    assert "pictures" not in client.get(PATH, headers=HTMX).headers["Content-Security-Policy"]


def test_terms_say_only_what_has_a_meaning_and_zero_plainly(client: FlaskClient, mia: User) -> None:
    make.cashback(title="Back", first_deposit_only=True, auto_apply=True, friend_bonus=3)
    none = make.bonus(title="Play", max_withdraw=0, turnover_requirement=1)
    page = client.get(PATH).text
    assert "For a first deposit" not in page
    assert "With a deposit, by itself" not in card(page, "Back")
    assert "For your friend" not in card(page, "Back")
    assert "Becomes cash Nothing of it: all of it lapses in the end" in card(page, "Play")
    claim = make.claim_of(make.deposit(mia, 1000, none))
    assert "nothing of it becomes cash" in client.get(f"{PATH}/{claim.id}").text
    make.played(mia, 2000)
    assert "By its terms nothing of it became cash." in client.get(f"{PATH}/{claim.id}").text


def test_what_becomes_cash_at_most_is_promised_before_it_comes(client: FlaskClient, mia: User) -> None:
    some = make.bonus(title="Play", max_withdraw=4, turnover_requirement=1, applicable_games=["games"])
    assert "at most $4.00 of it becomes cash · only some purchases count" in client.get("/client/wallet").text
    claim = make.claim_of(make.deposit(mia, 1000, some))
    sentence = "Once the turnover is reached, at most $4.00 of it becomes cash; the rest lapses."
    assert sentence in client.get(f"{PATH}/{claim.id}").text


@pytest.mark.parametrize(
    ("maker", "said"),
    [
        (make.cashback, "This bonus comes by itself at the end of its period."),
        (make.referral, "This bonus comes when a friend of yours makes their first deposit."),
        (lambda **terms: make.bonus(ends_at=NOW, **terms), "This bonus ended on March 2, 2026."),
        (lambda **_terms: None, "We don't know this code. Please check it for typing mistakes."),
    ],
)
def test_other_codes_say_how_they_come_and_stay_in_the_field(
    client: FlaskClient, mia: User, maker: Callable[..., object], said: str
) -> None:
    maker(code="OTHER")
    answer = client.post(PATH, data={"code": "other"}, headers=HTMX)
    assert answer.status_code == 422
    assert said in error_on(answer.text)
    assert 'name="code" value="other"' in answer.text
    assert balances(mia) == (0, 0)


def test_the_code_of_a_deposit_bonus_leads_to_the_deposit(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    bonus = make.bonus(code="SECRET", is_listed=False, min_amount=50)
    answer = client.post(PATH, data={"code": "secret"})
    assert (answer.status_code, answer.location) == (303, "/client/wallet?code=SECRET#deposit")
    page = client.get(answer.location).text
    assert re.search(rf'value="{bonus.id}" checked', page)


def test_guessing_codes_comes_to_an_end(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    answers = [client.post(PATH, data={"code": f"GUESS{number}"}) for number in range(11)]
    assert [each.status_code for each in answers] == [422] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "try again" in error_on(answers[-1].text).lower()


def test_an_active_one_follows_its_turnover_without_a_reload(client: FlaskClient, mia: User) -> None:
    claim = make.claim_of(make.deposit(mia, 10_000, make.bonus(title="Welcome", turnover_requirement=1)))
    page = client.get(PATH).text
    look = unescape(re.findall(rf'data-url="({PATH}\?[^"]*)"', page)[0])
    assert client.get(look, headers=HTMX).status_code == 204
    make.played(mia, 5000)
    page = client.get(look, headers=HTMX).text
    assert f'id="claim-{claim.id}-bar" value="5000" max="20000"' in page
    assert "$50.00 of $200.00" in read(page)
    assert "Everything you buy in the store · until May 1, 2026" in read(page)


@pytest.mark.parametrize(
    ("home", "back"),
    [
        ("wallet", "/client/wallet#bonuses-now"),
        ("promotions", f"{PATH}#active"),
        ("elsewhere", f"{PATH}#active"),
    ],
)
def test_a_bonus_is_given_up_after_a_question_that_says_what_lapses(
    client: FlaskClient, mia: User, home: str, back: str
) -> None:
    claim = make.claim_of(make.deposit(mia, 10_000, make.bonus(title="Welcome", turnover_requirement=1)))
    make.played(mia, 5000)
    question = "Cancel “Welcome”? Its bonus of $100.00 lapses, and so does the turnover of $50.00 that it has come to."
    assert question in read(client.get(PATH).text)
    path = f"{PATH}/{claim.id}"
    answer = client.post(path, data={"_method": "DELETE", "home": home})
    assert (answer.status_code, answer.location) == (303, back)
    assert balances(mia) == (10_000, 0)
    assert fresh(claim).cancelled_because == "client"
    assert "You gave it up." in part_of(client.get(PATH).text, 'id="past"', "section")
    assert client.delete(path).status_code == 303  # twice is fine


def test_what_is_completed_cannot_be_given_up(client: FlaskClient, mia: User) -> None:
    claim = make.claim_of(make.deposit(mia, 10_000, make.bonus(max_withdraw=30)))
    assert client.delete(f"{PATH}/{claim.id}").status_code == 409
    told = part_of(client.get(PATH).text, 'id="past"', "section")
    assert "$30.00 became cash, $70.00 lapsed · Mar 2, 2026" in told
    assert "No turnover was asked for." in client.get(f"{PATH}/{claim.id}").text


def test_a_claim_tells_its_terms_as_they_were_and_what_counted(client: FlaskClient, mia: User) -> None:
    bonus = make.bonus(title="Welcome", turnover_requirement=2, max_bonus=50)
    claim = make.claim_of(make.deposit(mia, 10_000, bonus))
    invoice = make.paid_invoice(person=mia.person, price_cents=4000, quantity=1)
    make.played(mia, 2500)
    page = client.get(f"{PATH}/{claim.id}").text
    assert "$65.00 of $300.00" in read(page)
    counted = [read(each) for each in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)[1:]]
    assert counted[0].startswith("Played elsewhere")
    assert counted[0].endswith("$25.00 $25.00")
    assert counted[1].endswith("$40.00 $40.00")
    assert f'href="/store/invoices/{invoice.number}"' in page
    terms = part_of(page, 'id="terms"', "section")
    assert "Benefit 100% At most $50.00 Turnover 2\N{MULTIPLICATION SIGN} deposit and bonus" in terms
    assert 'href="/client/wallet/deposits/1"' in page


def test_cashback_tells_what_the_period_has_come_to(client: FlaskClient, mia: User) -> None:
    make.cashback(title="Weekly", cashback_period="week", min_amount=50)
    assert "Spend $50.00 more to get it, before it ends: Mar 8, 2026" in card(client.get(PATH).text, "Weekly")
    make.paid_invoice(person=mia.person, price_cents=3000, quantity=2)
    told = card(client.get(PATH).text, "Weekly")
    assert "Until now you have spent $60.00 in this period." in told
    assert "That brings $6.00 when it ends: Mar 8, 2026" in told


def test_what_refunds_took_below_zero_is_made_good_first(client: FlaskClient, mia: User) -> None:
    daily = make.cashback(title="Daily")
    with unit_of_work():
        due = cashback.Due(daily.id, Period(NOW - timedelta(days=2), NOW - timedelta(days=1)))
        assert cashback.credit(due, mia.id, -4000, NOW) is None
    make.paid_invoice(person=mia.person, price_cents=6000, quantity=1)
    told = card(client.get(PATH).text, "Daily")
    assert "you have spent $60.00 in this period. $40.00 that came back earlier is made good first." in told
    assert "That brings $2.00" in told


def test_friends_are_told_of_by_username_and_what_they_brought(client: FlaskClient, mia: User) -> None:
    make.referral()
    assert "Nobody has joined with your code yet." in client.get(PATH).text
    bob = make.user(username="bob", display_name="Robert Tables", email="bob@tables.example", referred_by_id=mia.id)
    make.user(username="zora", referred_by_id=mia.id)
    make.deposit(bob, 10_000)
    page = client.get(PATH).text
    told = part_of(page, 'id="friends"', "section")
    assert mia.referral_code in told
    assert f"/register?referral_code={mia.referral_code}" in page
    assert "2 friends have joined. bob Deposited on Mar 2, 2026 +$10.00 zora No deposit yet" in told
    assert "Robert" not in page
    assert "tables.example" not in page


def test_what_is_over_has_pages(client: FlaskClient, mia: User) -> None:
    bonus = make.bonus(per_user_limit=20)
    for _each in range(12):
        make.deposit(mia, 100, bonus)
    assert len(re.findall(r'<li id="past-', client.get(PATH).text)) == 10
    assert len(re.findall(r'<li id="past-', client.get(f"{PATH}?page=2").text)) == 2


@pytest.mark.parametrize("many", [1, 8])
def test_the_page_takes_as_many_statements_however_many_there_are(client: FlaskClient, mia: User, many: int) -> None:
    for _each in range(many):
        make.deposit(mia, 100, make.bonus(turnover_requirement=1))
        make.deposit(mia, 100, make.bonus())
    client.get(PATH)  # from now on the terms are known
    with count_statements() as sent:
        client.get(PATH)
    assert len(sent) <= 10, sent


def test_anothers_claim_is_not_there(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    other = make.user()
    claim = make.claim_of(make.deposit(other, 100, make.bonus(turnover_requirement=1)))
    for headers in ({}, HTMX):
        assert client.get(f"{PATH}/{claim.id}", headers=headers).status_code == 404
        assert client.delete(f"{PATH}/{claim.id}", headers=headers).status_code == 404
    assert fresh(claim).status == "active"
    assert db.session.scalars(claims.of_user(other.id)).one().id == db.session.get_one(MemberPromotion, claim.id).id


@pytest.mark.parametrize("role", ["coach", "admin"])
def test_only_clients_have_bonuses(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.get(PATH).status_code == 403
    assert visitor.post(PATH, data={"code": "X"}).status_code == 403
    assert app.test_client().get(PATH).location.startswith("/login")
