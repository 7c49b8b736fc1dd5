"""A deposit brings its bonus, purchases turn it over, and what may be had of it becomes cash."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.audit.service import SYSTEM
from app.bonuses import claims
from app.bonuses import service as bonuses
from app.bonuses.errors import BonusRefused, NotActive
from app.bonuses.models import MemberPromotion
from app.bonuses.words import why_not
from app.deposits.errors import BonusesActive
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.wallet.models import WalletEntry
from tests import make
from tests.bonuses.reading import balances, faults, fresh, owed
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def test_a_deposit_is_credited_once_and_its_bonus_waits_for_turnover() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=3, max_bonus=50)
    deposit = make.deposit(client, 10_000, bonus)
    claim = make.claim_of(deposit)
    assert (deposit.status, deposit.no_bonus, deposit.cash_after_cents) == ("confirmed", None, 10_000)
    assert (claim.status, claim.deposit_cents, claim.bonus_cents) == ("active", 10_000, 5000)
    assert (claim.required_turnover_cents, claim.current_turnover_cents) == (45_000, 0)
    assert balances(client) == (10_000, 5000)
    assert faults() == []


def test_turnover_releases_the_bonus_up_to_its_maximum() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1, max_withdraw=60)
    claim = make.claim_of(make.deposit(client, 10_000, bonus))
    make.played(client, 19_999)
    assert (fresh(claim).status, balances(client)) == ("active", (10_000, 10_000))
    make.played(client, 500)
    claim = fresh(claim)
    assert (claim.status, claim.released_cents, claim.lapsed_cents) == ("completed", 6000, 4000)
    assert claim.current_turnover_cents == 20_000
    assert balances(client) == (16_000, 0)
    assert faults() == []


def test_without_a_requirement_it_is_completed_at_once() -> None:
    client = make.user()
    claim = make.claim_of(make.deposit(client, 10_000, make.bonus()))
    assert (claim.status, claim.completed_at) == ("completed", NOW)
    assert balances(client) == (20_000, 0)
    moved = db.session.execute(select(WalletEntry.balance, WalletEntry.reason, WalletEntry.amount_cents)).all()
    assert [tuple(each) for each in moved] == [
        ("cash", "deposit", 10_000),
        ("bonus", "bonus_granted", 10_000),
        ("bonus", "bonus_released", -10_000),
        ("cash", "bonus_released", 10_000),
    ]
    assert faults() == []


def test_a_purchase_counts_and_its_refund_takes_it_back() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=2)
    claim = make.claim_of(make.deposit(client, 10_000, bonus))
    invoice = make.paid_invoice(person=client.person, price_cents=5000, quantity=2)
    assert fresh(claim).current_turnover_cents == 10_000
    line = orders.get(invoice.id)
    with unit_of_work():
        orders.refund(line.number, None, key="refund-of-all-of-it", actor=SYSTEM, now=NOW)
    assert fresh(claim).current_turnover_cents == 0
    assert faults() == []


def test_a_deposit_whose_bonus_does_not_hold_stands_and_says_why() -> None:
    client, bonus = make.user(), make.bonus(min_amount=200)
    deposit = make.deposit(client, 10_000, bonus)
    assert (deposit.status, deposit.member_promotion_id) == ("confirmed", None)
    assert deposit.no_bonus == "min_amount_not_met:20000:10000"
    assert why_not(deposit.no_bonus) == "$100.00 more was needed: this bonus begins at $200.00."
    assert why_not("min_amount_not_met") == "Deposit more to get this bonus."  # as it was kept before
    assert balances(client) == (10_000, 0)
    assert make.told_deposit(client, 100, "NOSUCHCODE").no_bonus == "not_found"
    assert faults() == []


def test_the_best_bonus_that_applies_by_itself_is_taken_where_none_was_chosen() -> None:
    client = make.user()
    make.bonus(auto_apply=True, bonus_value=10)
    best = make.bonus(auto_apply=True, bonus_value=20, turnover_requirement=1)
    make.bonus(auto_apply=True, bonus_value=90, min_amount=500)
    make.bonus(bonus_value=100)
    assert make.claim_of(make.deposit(client, 10_000)).promotion_id == best.id
    assert balances(client) == (10_000, 2000)


def test_a_cancelled_bonus_lapses_and_lets_withdraw() -> None:
    client = make.user()
    claim = make.claim_of(make.deposit(client, 10_000, make.bonus(turnover_requirement=5)))
    with pytest.raises(BonusesActive):
        make.withdrawal(client)
    with unit_of_work():
        bonuses.cancel_own(client.id, claim.id, NOW)
    assert (fresh(claim).status, balances(client)) == ("cancelled", (10_000, 0))
    make.withdrawal(client, 4000)
    assert balances(client) == (6000, 0)
    assert faults() == []


def test_a_refunded_deposit_takes_back_what_there_is_and_the_rest_is_owed() -> None:
    client = make.user()
    deposit = make.deposit(client, 10_000, make.bonus())
    make.withdrawal(client, 15_000)
    make.refunded_deposit(deposit)
    assert (balances(client), owed(client)) == ((0, 0), 15_000)
    claim = make.claim_of(deposit)
    assert (claim.status, claim.cancelled_because) == ("cancelled", "deposit_refunded")
    assert faults() == []


def test_a_free_credit_is_claimed_once_by_its_code() -> None:
    client, credit = make.user(), make.free_credit(turnover_requirement=1)
    with unit_of_work():
        claim = bonuses.claim_free_credit(client, f" {make.bonus_code(credit).lower()} ", now=NOW)
    assert (claim.bonus_cents, claim.required_turnover_cents, balances(client)) == (1000, 1000, (0, 1000))
    with pytest.raises(BonusRefused) as refused, unit_of_work():
        bonuses.claim_free_credit(client, make.bonus_code(credit), now=NOW)
    assert refused.value.code == "user_limit_reached"
    with unit_of_work():
        bonuses.cancel(claim.id, actor=SYSTEM, now=NOW)
        bonuses.cancel(claim.id, actor=SYSTEM, now=NOW)
    done = make.claim_of(make.deposit(client, 100, make.bonus()))
    with pytest.raises(NotActive), unit_of_work():
        bonuses.cancel(done.id, actor=SYSTEM, now=NOW)
    assert faults() == []


def test_a_friends_first_deposit_rewards_both_once() -> None:
    ada = make.user()
    bob = make.user(referred_by_id=ada.id)
    make.referral(friend_bonus=5)
    first = make.deposit(bob, 10_000)
    make.deposit(bob, 10_000)
    assert (balances(ada), balances(bob)) == ((1000, 0), (20_500, 0))
    make.refunded_deposit(first)
    assert (balances(ada), balances(bob)) == ((0, 0), (10_000, 0))
    assert faults() == []


def test_the_view_adds_up_claims_by_state() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1, per_user_limit=None)
    make.deposit(client, 10_000, bonus)
    make.deposit(client, 1000, bonus)
    make.played(client, 20_500, now=NOW + timedelta(minutes=1))
    told = claims.stats_of(bonus.id)
    assert (told.total_claims, told.active_claims, told.completed_claims) == (2, 1, 1)
    assert (told.total_deposit_cents, told.total_bonus_cents, told.total_turnover_cents) == (11_000, 11_000, 20_500)
    assert claims.overall().total_claims == len(db.session.scalars(select(MemberPromotion)).all())
