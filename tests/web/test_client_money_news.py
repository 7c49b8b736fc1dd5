"""What the dashboard tells of bonuses, deposits and withdrawals."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses import service as bonuses
from app.deposits import service as deposits
from app.deposits import withdrawing
from app.kit.db import unit_of_work
from app.messages import notices
from app.messages.notices import Told
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]
MONEY = {"cents": 5000, "note": "", "title": "Welcome"}
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "bonus_granted": ({"turnover_cents": 9000}, "“Welcome” is yours: $50.00 Turn over $90.00, and it becomes cash."),
    "bonus_completed": (
        {"released_cents": 3000},
        "“Welcome” is completed: $30.00 is cash now It is yours to spend and to withdraw; the rest lapsed",
    ),
    "bonus_cancelled": ({"why": "admin"}, "“Welcome” was cancelled We have cancelled it. Your cash stays yours."),
    "bonus_lapsed": ({"why": "lapsed"}, "“Welcome” has lapsed Its time was over before its turnover was reached."),
    "deposit_confirmed": (
        {"bonus_cents": 2500},
        "Your deposit of $50.00 is in your wallet “Welcome” brought you $25.00 on top. Open wallet",
    ),
    "deposit_refused": (
        {"note": "No name on it"},
        "Your deposit of $50.00 was refused No name on it Nothing has changed",
    ),
    "deposit_refunded": ({}, "Your deposit of $50.00 was refunded It has left your wallet"),
    "withdrawal_approved": (
        {"note": "On Monday"},
        "Your withdrawal of $50.00 is on its way On Monday We have sent it.",
    ),
    "withdrawal_refused": ({"note": "Wrong"}, "Your withdrawal of $50.00 was refused Wrong The money is back"),
}


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user()
    sign_in(client, user)
    return user


def news(client: FlaskClient) -> str:
    """The words of what is new, the newest first."""
    part = client.get("/client").text.partition('class="card news')[2].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split())


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_news_is_told_in_words(client: FlaskClient, mia: User, kind: str) -> None:
    facts, said = KINDS[kind]
    with unit_of_work():
        notices.tell(Told(mia.id, kind, "test:1", MONEY | facts), NOW)
    told = news(client)
    assert said in told
    is_sad = "cancelled" in kind or "lapsed" in kind or "refu" in kind
    assert ("Got it" in told) == is_sad


def test_a_deposit_without_the_bonus_that_was_wished_for_says_why(client: FlaskClient, mia: User) -> None:
    make.deposit(mia, 1000, make.bonus(min_amount=50))
    assert "It brought no bonus. $40.00 more was needed: this bonus begins at $50.00." in news(client)


def test_whatever_is_told_of_money_is_drawn(client: FlaskClient, mia: User) -> None:
    """What rooms really tell, and not only what this page knows."""
    with_bonus = make.deposit(mia, 10_000, make.bonus(title="Long", turnover_requirement=9))
    make.deposit(mia, 10_000, make.bonus(title="Short"))
    given_up = make.claim_of(make.deposit(mia, 100, make.bonus(title="Gone", turnover_requirement=9)))
    refused = make.asked_deposit(mia)
    make.free_credit(code="FREE")
    make.free_credit(code="LATER", turnover_requirement=1)
    with unit_of_work():
        bonuses.cancel(given_up.id, actor=SYSTEM, now=NOW)
        deposits.refuse(refused.id, "No", actor=SYSTEM, now=NOW)
    make.refunded_deposit(with_bonus)
    approved, denied = make.withdrawal(mia), make.withdrawal(mia)
    with unit_of_work():
        withdrawing.approve(approved.id, "", actor=SYSTEM, now=NOW)
        withdrawing.refuse(denied.id, "", actor=SYSTEM, now=NOW)
    with unit_of_work():
        bonuses.claim_free_credit(mia, "FREE", now=NOW)
        bonuses.claim_free_credit(mia, "LATER", now=NOW)
    told = {each.kind for each in notices.unseen(mia.id)}
    assert told == KINDS.keys() - {"bonus_lapsed"}
    page = client.get("/client").text
    drawn = re.findall(r'<li id="notice-\d+">(.*?)</li>', page, re.DOTALL)
    assert len(drawn) == len(notices.unseen(mia.id))
    assert all("<strong>" in each for each in drawn)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"turnover_requirement": 1}, "Turn over $200.00, and it becomes cash. My bonuses"),
        ({"turnover_requirement": 1, "max_withdraw": 0}, "By its terms nothing of it becomes cash. My bonuses"),
        (
            {"turnover_requirement": 1, "max_withdraw": 30},
            "Turn over $200.00, and at most $30.00 of it becomes cash; the rest lapses. My bonuses",
        ),
        ({"turnover_requirement": 1, "max_withdraw": 100}, "Turn over $200.00, and it becomes cash. My bonuses"),
        ({}, "It is cash already. Open wallet"),
        ({"max_withdraw": 30}, "$30.00 of it is cash now; the rest lapsed by its terms. Open wallet"),
    ],
)
def test_a_deposit_and_its_bonus_are_one_piece_of_news(
    client: FlaskClient, mia: User, terms: dict[str, Any], said: str
) -> None:
    deposit = make.deposit(mia, 10_000, make.bonus(title="Welcome", **terms))
    assert [each.kind for each in notices.unseen(mia.id)] == ["deposit_confirmed"]
    assert f"is in your wallet “Welcome” brought you $100.00 on top. {said}" in news(client)
    make.refunded_deposit(deposit)
    assert [each.kind for each in notices.unseen(mia.id)] == ["deposit_refunded", "deposit_confirmed"]
    assert "It has left your wallet. “Welcome” ($100.00), which it brought, is cancelled. Open" in news(client)


def test_turnover_that_is_reached_later_is_news_of_its_own(mia: User) -> None:
    make.deposit(mia, 100, make.bonus(turnover_requirement=1))
    make.played(mia, 200)
    assert [each.kind for each in notices.unseen(mia.id)] == ["bonus_completed", "deposit_confirmed"]


def test_who_was_rewarded_for_a_friend_is_told_when_their_deposit_goes_back(mia: User) -> None:
    make.referral(turnover_requirement=1)
    deposit = make.deposit(make.user(referred_by_id=mia.id), 10_000)
    make.refunded_deposit(deposit)
    assert [each.kind for each in notices.unseen(mia.id)] == ["bonus_cancelled", "bonus_granted"]


def test_the_purse_tells_of_a_bonus_while_there_is_one(client: FlaskClient, mia: User) -> None:
    assert "Bonus: " not in client.get("/client").text
    make.deposit(mia, 10_000, make.bonus(turnover_requirement=1))
    assert 'href="/client/promotions">Bonus: $100.00</a>' in client.get("/client").text
