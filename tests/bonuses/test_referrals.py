"""Referrals: what a friend's first deposit brings to whom, and the ways in which somebody would rather be their own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts import service as accounts
from app.accounts.models import User
from app.bonuses import claims
from app.bonuses.models import MemberPromotion, Referral
from app.kit.db import db, unit_of_work
from app.promotions.models import Promotion
from tests import make
from tests.bonuses.reading import balances, faults, fresh, owed
from tests.make import NOW

SignIn = Callable[[FlaskClient, User], None]

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def ada() -> User:
    return make.user(username="ada", email="ada.lovelace@example.com")


def friend_of(referrer: User, email: str | None = None) -> User:
    given: dict[str, Any] = {"email": email} if email else {}
    return make.user(referred_by_id=referrer.id, **given)


def refer(friend: User, referrer: User) -> None:
    """As no page of ours lets anybody do: the referrer is set behind everybody's back."""
    with unit_of_work():
        db.session.merge(friend).referred_by_id = referrer.id


def why(friend: User) -> str | None:
    """Why this friend's first deposit brought nothing; `rewarded` where it did."""
    db.session.rollback()
    kept = claims.referral_of(friend.id)
    return None if kept is None else kept.reason or "rewarded"


def given() -> int:
    """How many bonuses there are."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(MemberPromotion)) or 0


@pytest.mark.parametrize(
    ("terms", "deposited", "came"),
    [
        ({}, 10_000, (1000, 0)),
        ({}, 15, (2, 0)),
        ({"max_bonus": 5}, 10_000, (500, 0)),
        ({"bonus_type": "fixed", "bonus_value": 7.5}, 100, (750, 0)),
        ({"min_amount": 100}, 10_000, (1000, 0)),
        ({"turnover_requirement": 1}, 10_000, (0, 1000)),
    ],
)
def test_a_friends_first_deposit_brings_a_bonus(
    ada: User, terms: dict[str, object], deposited: int, came: tuple[int, int]
) -> None:
    make.referral(**terms)
    bob = friend_of(ada)
    make.deposit(bob, deposited)
    assert (why(bob), balances(ada), balances(bob)) == ("rewarded", came, (deposited, 0))
    assert faults() == []


def test_so_does_one_that_a_program_tells_of(ada: User) -> None:
    make.referral()
    make.told_deposit(friend_of(ada), 10_000)
    assert balances(ada) == (1000, 0)


def test_the_friend_gets_theirs_with_its_own_turnover(ada: User) -> None:
    make.referral(friend_bonus=20, turnover_requirement=2, usage_limit=1)
    bob = friend_of(ada)
    make.deposit(bob, 10_000)
    assert (balances(ada), balances(bob)) == ((0, 1000), (10_000, 2000))
    make.played(bob, 4000)
    assert (balances(ada), balances(bob)) == ((0, 1000), (12_000, 0))
    assert db.session.scalars(select(Promotion.used_count)).one() == 1
    assert faults() == []


@pytest.mark.parametrize(
    "email",
    [
        "ada.lovelace+1@example.com",
        "a.d.a.lovelace@example.com",
        "adalovelace+friend+2@example.com",
        "ADA.LoveLace+x@EXAMPLE.com",
    ],
)
def test_another_address_of_ones_own_mailbox_is_no_friend(ada: User, email: str) -> None:
    make.referral(friend_bonus=5)
    twin = friend_of(ada, email)
    make.deposit(twin, 10_000)
    assert (why(twin), balances(ada), balances(twin)) == ("same_mail", (0, 0), (10_000, 0))
    assert given() == 0
    assert faults() == []


def test_nor_is_the_same_mailbox_under_another_name_of_its_host() -> None:
    make.referral()
    eve = make.user(email="eve.online@gmail.com")
    twin = friend_of(eve, "eveonline+1@googlemail.com")
    make.deposit(twin, 10_000)
    assert (why(twin), balances(eve)) == ("same_mail", (0, 0))


def test_a_mailbox_at_another_host_is_somebody_else(ada: User) -> None:
    make.referral()
    other = friend_of(ada, "ada.lovelace@example.org")
    make.deposit(other, 10_000)
    assert (why(other), balances(ada)) == ("rewarded", (1000, 0))


def test_nobody_refers_themself(ada: User) -> None:
    with pytest.raises(IntegrityError, match="not_of_oneself"):
        refer(ada, ada)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_ring_brings_nobody_anything(size: int) -> None:
    make.referral(friend_bonus=5)
    ring = [make.user() for _ in range(size)]
    for place, member in enumerate(ring):
        refer(member, ring[place - 1])
    for member in ring:
        make.deposit(member, 10_000)
    assert [why(member) for member in ring] == ["ring"] * size
    assert {balances(member) for member in ring} == {(10_000, 0)}


def test_a_ring_over_a_second_account_of_the_same_mailbox_does_not_either(ada: User) -> None:
    make.referral()
    bob = friend_of(ada)
    carol = friend_of(bob)
    twin = friend_of(carol, "adalovelace+again@example.com")
    make.deposit(twin, 10_000)
    assert (why(twin), balances(carol)) == ("ring", (0, 0))
    make.deposit(carol, 10_000)
    assert (why(carol), balances(bob)) == ("rewarded", (1000, 0))


def test_one_friend_rewards_once_whatever_they_deposit(ada: User) -> None:
    make.referral(friend_bonus=5)
    bob = friend_of(ada)
    for cents in (1000, 50_000):
        make.deposit(bob, cents)
    make.told_deposit(bob, 50_000)
    assert (balances(ada), given()) == ((100, 0), 2)


def test_of_the_accounts_behind_one_mailbox_one_is_rewarded(ada: User) -> None:
    make.referral(friend_bonus=5)
    eve = make.user()
    bob = friend_of(ada, "bob@example.com")
    make.deposit(bob, 10_000)
    again = [friend_of(ada, "b.ob@example.com"), friend_of(eve, "bob+eve@example.com")]
    for account in again:
        make.deposit(account, 10_000)
    assert [why(account) for account in again] == ["known_friend"] * 2
    assert (balances(ada), balances(eve), given()) == ((1000, 0), (0, 0), 2)
    assert faults() == []


def test_a_friend_who_moves_to_another_address_and_comes_back_is_known(ada: User) -> None:
    make.referral()
    bob = friend_of(ada, "bob@example.com")
    make.deposit(bob, 10_000)
    with unit_of_work():
        accounts.change_email(accounts.get(bob.id), "elsewhere@example.com", NOW)
    again = friend_of(ada, "bob@example.com")
    make.deposit(again, 10_000)
    assert (why(again), balances(ada)) == ("known_friend", (1000, 0))


def test_whoever_was_here_with_this_mailbox_is_no_new_friend(ada: User) -> None:
    first = friend_of(ada, "bob@example.com")
    make.deposit(first, 10_000)  # before there was anything to be had
    make.referral()
    second = friend_of(ada, "bob+2@example.com")
    make.deposit(second, 10_000)
    assert [why(first), why(second)] == ["no_promotion", "known_friend"]
    make.user(email="eve@example.com")  # a client who nobody brought
    third = friend_of(ada, "E.V.E+new@example.com")
    make.deposit(third, 10_000)
    assert why(third) == "known_friend"


@pytest.mark.parametrize("fields", [{"is_active": False}, {"role": "coach"}, {"role": "admin"}])
def test_who_is_no_active_client_is_not_rewarded(fields: dict[str, Any]) -> None:
    make.referral(friend_bonus=5)
    referrer = make.user(**fields)
    bob = friend_of(referrer)
    make.deposit(bob, 10_000)
    assert (why(bob), balances(referrer), balances(bob)) == ("no_client", (0, 0), (10_000, 0))


@pytest.mark.parametrize(
    "terms",
    [
        {"is_active": False},
        {"starts_at": NOW + timedelta(days=1)},
        {"starts_at": NOW - timedelta(days=9), "ends_at": NOW},
    ],
)
def test_without_one_that_runs_it_brings_nothing_then_or_later(ada: User, terms: dict[str, object]) -> None:
    make.referral(**terms)
    bob = friend_of(ada)
    make.deposit(bob, 10_000)
    make.referral()
    make.deposit(bob, 10_000)
    assert (why(bob), balances(ada)) == ("no_promotion", (0, 0))


def test_of_several_the_best_is_given_and_when_it_has_run_out_the_next(ada: User) -> None:
    make.referral(bonus_value=10)
    best = make.referral(bonus_value=30, usage_limit=1)
    make.referral(bonus_value=90, min_amount=1000)
    make.referral(bonus_value=80, is_active=False)
    friends = [friend_of(ada), friend_of(ada)]
    for each in friends:
        make.deposit(each, 10_000)
    kept = [claims.referral_of(each.id) for each in friends]
    assert [each.promotion_id == best.promotion_id for each in kept if each] == [True, False]
    assert balances(ada) == (3000 + 1000, 0)
    assert faults() == []


@pytest.mark.parametrize(
    ("terms", "reason"),
    [({"usage_limit": 1}, "usage_limit_reached"), ({"per_user_limit": 1}, "user_limit_reached")],
)
def test_its_limits_hold(ada: User, terms: dict[str, object], reason: str) -> None:
    make.referral(friend_bonus=5, **terms)
    friends = [friend_of(ada), friend_of(ada)]
    for each in friends:
        make.deposit(each, 10_000)
    assert [why(each) for each in friends] == ["rewarded", reason]
    assert [balances(each) for each in (ada, *friends)] == [(1000, 0), (10_500, 0), (10_000, 0)]
    assert faults() == []


def test_a_first_deposit_that_is_too_small_is_not_made_good_by_a_larger_one(ada: User) -> None:
    make.referral(min_amount=100)
    bob = friend_of(ada)
    for cents in (9999, 10_000):
        make.deposit(bob, cents)
    assert (why(bob), balances(ada)) == ("min_amount_not_met", (0, 0))


def test_only_the_first_deposit_ever_counts(ada: User) -> None:
    make.referral()
    bob = make.user()
    make.refunded_deposit(make.deposit(bob, 5000))
    refer(bob, ada)
    make.deposit(bob, 10_000)
    assert (why(bob), balances(ada)) == (None, (0, 0))


def test_a_deposit_that_is_sent_back_takes_both_bonuses_with_it(ada: User) -> None:
    make.referral(friend_bonus=5, usage_limit=1)
    bob = friend_of(ada)
    first = make.deposit(bob, 10_000)
    make.withdrawal(ada, 700)
    make.refunded_deposit(first)
    assert (balances(ada), owed(ada)) == ((0, 0), 700)
    assert (balances(bob), owed(bob)) == ((0, 0), 0)
    make.deposit(bob, 10_000)
    assert (balances(bob), owed(ada)) == ((10_000, 0), 700)
    assert faults() == []


def test_what_waits_for_turnover_lapses_with_it(ada: User) -> None:
    make.referral(friend_bonus=5, turnover_requirement=3)
    bob = friend_of(ada)
    first = make.deposit(bob, 10_000)
    mine = db.session.scalars(select(MemberPromotion).where(MemberPromotion.user_id == ada.id)).one()
    make.refunded_deposit(first)
    assert (fresh(mine).status, fresh(mine).cancelled_because) == ("cancelled", "deposit_refunded")
    assert (balances(ada), balances(bob)) == ((0, 0), (0, 0))
    assert faults() == []


@pytest.mark.usefixtures("frozen")
def test_from_the_code_on_a_profile_to_the_reward(app: Flask, client: FlaskClient, sign_in: SignIn, ada: User) -> None:
    make.referral(friend_bonus=5)
    sign_in(client, ada)
    assert f"<code>{ada.referral_code}</code>" in client.get("/profile").text
    newcomer = app.test_client()
    form = {"username": "bob", "email": "bob@example.com", "password": make.PASSWORD}
    assert newcomer.post("/register", data=form | {"referral_code": "NOSUCH"}).status_code == 422
    registered = newcomer.post("/register", data=form | {"referral_code": f" {ada.referral_code.lower()} "})
    assert registered.status_code == 303
    bob = accounts.find("bob")
    assert bob is not None
    asked = make.asked_deposit(bob, 20_000)
    assert newcomer.post(f"/store/payments/test/{asked.reference}", data={"outcome": "pay"}).status_code == 303
    assert (why(bob), balances(ada), balances(bob)) == ("rewarded", (2000, 0), (20_500, 0))
    assert db.session.scalar(select(func.count()).select_from(Referral)) == 1
    assert faults() == []
