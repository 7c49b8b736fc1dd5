"""Turnover at the same moment: two purchases that reach it, many events, and a bonus that is given up meanwhile."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.bonuses.models import ACTIVE, CANCELLED, COMPLETED, MemberPromotion, TurnoverEvent, TurnoverShare
from app.kit.db import db
from app.orders.models import Invoice
from app.wallet import ledger
from app.wallet.models import WalletEntry
from tests import make
from tests.bonuses.reading import balances, faults, fresh
from tests.races import members
from tests.races.converters import REFUSED
from tests.races.members import PAID, buyer, canceller, player
from tests.racing import before_statement, race, unguarded_race

FEW = 4  # enough to go wrong
COUNTING = before_statement(r"^UPDATE member_promotions SET current_turnover_cents", letting_go=True)
ENDING = before_statement(r"^UPDATE member_promotions SET (current_turnover|status=[^,]*, lapsed)", letting_go=True)


def regular() -> User:
    """A client who has bought before: purchases that might be the first wait for each other for that."""
    client = make.user()
    make.paid_invoice(person=client.person)
    return client


def claimed(user: User, turnover: float = 1) -> MemberPromotion:
    """A bonus of 100.00 beside a deposit of as much: 200.00 to turn over, unless told otherwise."""
    return make.claim_of(make.deposit(user, 10_000, make.bonus(turnover_requirement=turnover)))


def orders_of(user: User, *cents: int) -> list[Invoice]:
    return [make.invoice(person=user.person, price_cents=each) for each in cents]


def shares_of(claim: MemberPromotion) -> int:
    mine = TurnoverShare.member_promotion_id == claim.id
    return db.session.scalar(select(func.coalesce(func.sum(TurnoverShare.amount_cents), 0)).where(mine)) or 0


def released(user: User) -> list[tuple[str, int]]:
    moved = select(WalletEntry.balance, WalletEntry.amount_cents).where(WalletEntry.user_id == user.id)
    found = db.session.execute(moved.where(WalletEntry.reason == "bonus_released").order_by(WalletEntry.id))
    return [(each.balance, each.amount_cents) for each in found]


def test_two_purchases_that_reach_it_together_release_the_bonus_once(app: Flask) -> None:
    client = regular()
    claim = claimed(client)
    bought = orders_of(client, 15_000, 12_000)
    assert race(app, [buyer(each) for each in bought], hold=PAID) == ["paid", "paid"]
    claim = fresh(claim)
    assert (claim.status, claim.current_turnover_cents, claim.released_cents) == (COMPLETED, 20_000, 10_000)
    assert shares_of(claim) == 20_000
    assert released(client) == [("bonus", -10_000), ("cash", 10_000)]
    assert sorted(db.session.scalars(select(TurnoverEvent.amount_cents))) == [12_000, 15_000]
    assert (balances(client), faults()) == ((20_000, 0), [])


def test_each_of_which_would_reach_it_alone_releases_it_once_too(app: Flask) -> None:
    client = regular()
    claim = claimed(client)
    contestants = [buyer(each) for each in orders_of(client, 20_000, 20_000, 20_000)]
    assert race(app, contestants, hold=PAID) == ["paid"] * 3
    assert (fresh(claim).current_turnover_cents, shares_of(claim), len(released(client))) == (20_000, 20_000, 2)
    assert (balances(client), faults()) == ((20_000, 0), [])


def test_unless_the_wallet_is_held_what_one_of_them_has_turned_over_is_lost(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = regular()
    claim = claimed(client)
    contestants = [buyer(each) for each in orders_of(client, 15_000, 12_000)]
    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    assert unguarded_race(app, contestants, hold=COUNTING) == ["paid", "paid"]
    assert (fresh(claim).status, shares_of(claim)) == (ACTIVE, 27_000)
    assert faults() != []


def test_unless_it_is_held_only_the_ledger_keeps_a_bonus_from_being_released_twice(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = regular()
    claimed(client)
    make.deposit(client, 10_000, make.bonus(turnover_requirement=5))  # there is enough to release twice
    contestants = [buyer(each) for each in orders_of(client, 20_000, 20_000)]
    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    assert sorted(unguarded_race(app, contestants, hold=COUNTING)) == ["paid", REFUSED]


def test_many_events_of_one_client_fill_their_claims_to_the_cent(app: Flask) -> None:
    client = regular()
    first, second, third = claimed(client), claimed(client, 0.5), claimed(client, 10)
    told = [player(client, f"round-{each}", 3100) for each in range(12)]
    again = [player(client, "the same", 1000)] * 4
    outcomes = race(app, [*told, *again])
    assert outcomes[:12] == [True] * 12
    assert Counter(outcomes[12:]) == {True: 1, False: 3}
    first, second, third = map(fresh, (first, second, third))
    assert [each.status for each in (first, second, third)] == [COMPLETED, COMPLETED, ACTIVE]
    rest = 12 * 3100 + 1000 - 30_000
    assert [each.current_turnover_cents for each in (first, second, third)] == [20_000, 10_000, rest]
    assert [shares_of(each) for each in (first, second, third)] == [20_000, 10_000, rest]
    assert (balances(client), faults()) == ((50_000, 10_000), [])


def test_a_bonus_that_is_given_up_while_a_purchase_reaches_it_ends_once(app: Flask) -> None:
    client = regular()
    claim = claimed(client)
    [invoice] = orders_of(client, 20_000)
    gave_up, *others, bought = race(app, [canceller(claim), canceller(claim), buyer(invoice)], hold=PAID)
    claim = fresh(claim)
    assert (bought, others) == ("paid", [gave_up])
    if claim.status == COMPLETED:
        assert (gave_up, claim.released_cents, balances(client)) == ("not_active", 10_000, (20_000, 0))
    else:
        assert (gave_up, claim.status, claim.lapsed_cents) == (CANCELLED, CANCELLED, 10_000)
        assert (claim.current_turnover_cents, balances(client)) == (0, (10_000, 0))
    assert faults() == []


def test_unless_the_wallet_is_held_only_the_table_keeps_it_from_ending_twice(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = regular()
    claim = claimed(client)
    [invoice] = orders_of(client, 20_000)
    make.deposit(client, 10_000, make.bonus(turnover_requirement=5))  # there is enough to end twice
    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    outcomes = unguarded_race(app, [canceller(claim), buyer(invoice)], hold=ENDING)
    assert outcomes.count(REFUSED) == 1
