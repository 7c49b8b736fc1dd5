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
        "Your deposit of $50.00 is in your wallet “Welcome” brought you $25.00 on top.",
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
    assert "It brought no bonus. Deposit more to get this bonus." in news(client)


def test_whatever_is_told_of_money_is_drawn(client: FlaskClient, mia: User) -> None:
    """What rooms really tell, and not only what this page knows."""
    with_bonus = make.deposit(mia, 10_000, make.bonus(title="Long", turnover_requirement=9))
    make.deposit(mia, 10_000, make.bonus(title="Short"))
    given_up = make.claim_of(make.deposit(mia, 100, make.bonus(title="Gone", turnover_requirement=9)))
    refused = make.asked_deposit(mia)
    with unit_of_work():
        bonuses.cancel(given_up.id, actor=SYSTEM, now=NOW)
        deposits.refuse(refused.id, "No", actor=SYSTEM, now=NOW)
    make.refunded_deposit(with_bonus)
    approved, denied = make.withdrawal(mia), make.withdrawal(mia)
    with unit_of_work():
        withdrawing.approve(approved.id, "", actor=SYSTEM, now=NOW)
        withdrawing.refuse(denied.id, "", actor=SYSTEM, now=NOW)
    told = {each.kind for each in notices.unseen(mia.id)}
    assert told == KINDS.keys() - {"bonus_lapsed"}
    page = client.get("/client").text
    drawn = re.findall(r'<li id="notice-\d+">(.*?)</li>', page, re.DOTALL)
    assert len(drawn) == len(notices.unseen(mia.id))
    assert all("<strong>" in each for each in drawn)


def test_the_purse_tells_of_a_bonus_while_there_is_one(client: FlaskClient, mia: User) -> None:
    assert "Bonus: " not in client.get("/client").text
    make.deposit(mia, 10_000, make.bonus(turnover_requirement=1))
    assert 'href="/client/promotions">Bonus: $100.00</a>' in client.get("/client").text
