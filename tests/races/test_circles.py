"""Wallets are locked after all else of a purchase, and by number: nobody waits in a circle.

On PostgreSQL, since SQLite has one writer. Whoever is lost in a circle would be run again; here it is told instead.
"""

from collections.abc import Callable
from datetime import datetime
from multiprocessing import get_context
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.accounts import desk
from app.accounts.models import User
from app.deals import service as deals
from app.deposits import confirming
from app.kit.db import db, unit_of_work
from app.orders import paying
from app.orders import service as orders
from app.orders.finding import get
from app.orders.models import Invoice
from app.wallet import ledger
from tests import make
from tests.bonuses.reading import balances, faults, fresh
from tests.races import converters, members
from tests.races.converters import Contestant, trying
from tests.races.members import buyer, confirmer, filled_cart, orderer, refunder
from tests.racing import FINISH_SECONDS, race

pytestmark = pytest.mark.parametrize("app", ["postgresql"], indirect=True)


class Meeting:
    """Two contestants wait for each other, each when a function of theirs has returned for the first time."""

    def __init__(self) -> None:
        self._barrier = get_context("fork").Barrier(2)

    def after(self, module: Any, name: str, work: Contestant) -> Contestant:
        def contestant() -> Any:
            really = getattr(module, name)
            met: list[bool] = []

            def held(*args: Any, **kwargs: Any) -> Any:
                result = really(*args, **kwargs)
                if not met:
                    met.append(True)
                    self._barrier.wait(FINISH_SECONDS / 2)
                return result

            setattr(module, name, held)
            return work()

        return contestant


def once(work: Callable[[], Any]) -> Any:
    """Instead of asking again: of two that wait for each other one is lost."""
    try:
        return work()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "40P01":
            raise
        db.session.rollback()
        return "lost"


@pytest.fixture
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converters, "retry_lost_transactions", once)


def shopper() -> tuple[User, Contestant, Invoice]:
    """A client with cash and a bonus, their cart with a code under a deal that runs, and another order of theirs."""
    client = make.user()
    make.paid_invoice(person=client.person)
    make.deposit(client, 10_000, make.bonus(turnover_requirement=0.3))
    make.deal(min_amount=10, auto_claim=True, bonus_type="recurrent")
    make.discount(code="TENOFF", discount_value=10)
    other = make.invoice(person=client.person, price_cents=3000)
    return client, orderer(filled_cart(client, 5000, "TENOFF"), 4500), other


@pytest.mark.usefixtures("_once")
def test_a_checkout_from_the_wallet_and_a_payment_of_another_order_both_go_through(app: Flask) -> None:
    client, order, other = shopper()
    meeting = Meeting()
    contestants = [
        meeting.after(paying, "_leave_pending", order),
        meeting.after(paying, "_leave_pending", buyer(other)),
    ]
    assert race(app, contestants) == ["paid", "paid"]
    assert (balances(client), faults()) == ((10_000 - 4500 + 10_000, 0), [])


@pytest.mark.usefixtures("_once")
def test_with_the_wallet_taken_first_one_of_them_is_lost(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    _client, order, other = shopper()

    def wallet_first(invoice_id: int, now: datetime) -> Invoice:
        ledger.hold(get(invoice_id).user_id or 0)
        return paying.pay_from_wallet(invoice_id, now)

    monkeypatch.setattr(orders, "pay_from_wallet", wallet_first)
    meeting = Meeting()
    contestants = [
        meeting.after(ledger, "hold", order),
        meeting.after(deals, "count_spend", buyer(other)),
    ]
    assert sorted(race(app, contestants)) == ["lost", "paid"]


@pytest.mark.usefixtures("_once")
def test_a_friends_first_deposit_and_the_referrers_own_purchase_both_go_through(app: Flask) -> None:
    make.referral(turnover_requirement=1, friend_bonus=5)
    ada = make.user()
    make.paid_invoice(person=ada.person)
    claim = make.claim_of(make.deposit(ada, 10_000, make.bonus(turnover_requirement=1)))
    invoice = make.invoice(person=ada.person, price_cents=20_000)
    asked = make.asked_deposit(make.user(referred_by_id=ada.id))
    meeting = Meeting()
    contestants = [
        meeting.after(ledger, "hold", confirmer(asked)),
        meeting.after(deals, "count_spend", buyer(invoice)),
    ]
    assert race(app, contestants) == ["confirmed", "paid"]
    assert (fresh(claim).status, balances(ada), faults()) == ("completed", (20_000, 1000), [])


def of_each_other() -> list[Contestant]:
    """First deposits of two clients, each of whom has referred the other."""
    make.referral()
    ada = make.user()
    bob = make.user(referred_by_id=ada.id)
    with unit_of_work():
        db.session.get_one(User, ada.id).referred_by_id = bob.id
    return [confirmer(make.asked_deposit(each)) for each in (ada, bob)]


@pytest.mark.usefixtures("_once")
def test_first_deposits_of_two_who_have_referred_each_other_both_go_through(app: Flask) -> None:
    meeting = Meeting()
    contestants = [meeting.after(confirming, "_confirm", each) for each in of_each_other()]
    assert race(app, contestants) == ["confirmed"] * 2
    assert faults() == []


@pytest.mark.usefixtures("_once")
def test_with_wallets_taken_in_any_order_one_of_them_is_lost(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def hold_as_they_come(*user_ids: int) -> None:
        for user_id in user_ids:
            members.hold_one_wallet(user_id)

    monkeypatch.setattr(ledger, "hold", hold_as_they_come)
    meeting = Meeting()
    contestants = [meeting.after(members, "hold_one_wallet", each) for each in of_each_other()]
    assert sorted(race(app, contestants)) == ["confirmed", "lost"]


@pytest.mark.usefixtures("_once")
def test_a_refund_of_a_purchase_and_one_of_a_deposit_both_go_through(app: Flask) -> None:
    client = make.user()
    make.deal(min_amount=10, auto_claim=True, bonus_type="recurrent")
    sent = make.deposit(client, 10_000, make.bonus(turnover_requirement=1))
    invoice = make.paid_invoice(person=client.person, price_cents=3000)
    number = invoice.number
    give_back = trying(
        lambda: orders.refund(number, None, key="key-of-the-refund", actor=make.SYSTEM, now=make.NOW).status
    )
    meeting = Meeting()
    contestants = [
        meeting.after(ledger, "hold", refunder(sent)),
        meeting.after(deals, "take_back", give_back),
    ]
    assert race(app, contestants) == ["refunded", "refunded"]
    assert (balances(client), faults()) == ((0, 0), [])


def test_a_client_leaves_while_their_purchase_is_paid(app: Flask) -> None:
    """Their row is locked before their invoices, and referred to after one of them: the one that lost is run again."""
    client = make.user()
    make.paid_invoice(person=client.person)
    claim = make.claim_of(make.deposit(client, 10_000, make.bonus(turnover_requirement=1)))
    invoice, client_id = make.invoice(person=client.person, price_cents=5000), client.id
    leave = trying(lambda: desk.anonymise(client_id, actor=make.SYSTEM, now=make.NOW), "gone")
    meeting = Meeting()
    contestants = [
        meeting.after(desk, "_locked", leave),
        meeting.after(paying, "_leave_pending", buyer(invoice)),
    ]
    assert race(app, contestants) == ["gone", "paid"]
    assert (fresh(claim).current_turnover_cents, faults()) == (5000, [])
