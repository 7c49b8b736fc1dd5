"""Bonuses, raced for: the last uses, a member's own limit, terms that change and promotions that go meanwhile."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.bonuses import claiming, editing
from app.bonuses.models import Bonus, MemberPromotion
from app.kit.db import db
from app.promotions import service as promotions
from app.promotions.models import Promotion, PromotionUse
from app.wallet import ledger
from tests import make
from tests.bonuses.reading import balances, faults
from tests.races import guards, members
from tests.races.converters import REFUSED, Contestant
from tests.races.members import GRANTING, JUDGED, claimer, confirmer, deleter, editor, recorder
from tests.races.redeemers import once_told, signal, telling
from tests.racing import after_call, both, race, unguarded_race

FEW = 4  # enough to go wrong
LIMIT = 3


def depositors(count: int, bonus: Bonus) -> list[Contestant]:
    """So many clients' deposits, each with this bonus chosen."""
    return [confirmer(make.asked_deposit(make.user(), bonus=bonus)) for _each in range(count)]


def claims_of(bonus: Bonus) -> list[MemberPromotion]:
    db.session.rollback()
    mine = select(MemberPromotion).where(MemberPromotion.promotion_id == bonus.id).order_by(MemberPromotion.id)
    return list(db.session.scalars(mine.execution_options(populate_existing=True)))


def uses_of(bonus: Bonus) -> tuple[int, int, bool]:
    """What the counter says, how many rows there are, and whether it is open."""
    db.session.rollback()
    promotion = db.session.get_one(Promotion, bonus.id, populate_existing=True)
    live = select(func.count(PromotionUse.id)).where(PromotionUse.promotion_id == bonus.id)
    return promotion.used_count, db.session.scalar(live) or 0, promotion.is_active


def test_of_twelve_deposits_as_many_bring_the_bonus_as_there_are_uses(app: Flask) -> None:
    bonus = make.bonus(usage_limit=LIMIT, turnover_requirement=1)
    outcomes = race(app, depositors(12, bonus), hold=JUDGED)
    assert Counter(outcomes) == {"claimed": LIMIT, "usage_limit_reached": 12 - LIMIT}
    assert (len(claims_of(bonus)), uses_of(bonus)) == (LIMIT, (LIMIT, LIMIT, False))
    with_bonus = [each.user_id for each in claims_of(bonus)]
    everybody = db.session.scalars(select(User).where(User.role == "client"))
    assert all(balances(each) == (10_000, 10_000 if each.id in with_bonus else 0) for each in everybody.all())
    assert faults() == []


def test_with_a_count_that_was_read_before_every_deposit_brings_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions, "_count_up", guards.count_up_without_limit)
    bonus = make.bonus(usage_limit=1, turnover_requirement=1)
    assert unguarded_race(app, depositors(FEW, bonus), hold=GRANTING) == ["claimed"] * FEW
    assert uses_of(bonus)[0] == FEW


def test_of_eight_members_as_many_get_a_free_credit_as_there_are_uses(app: Flask) -> None:
    credit = make.free_credit(usage_limit=LIMIT)
    outcomes = race(app, [claimer(make.user(), credit) for _each in range(8)], hold=JUDGED)
    assert Counter(outcomes) == {1000: LIMIT, "usage_limit_reached": 8 - LIMIT}
    assert (len(claims_of(credit)), uses_of(credit), faults()) == (LIMIT, (LIMIT, LIMIT, False), [])


def test_a_member_gets_a_free_credit_as_often_as_they_may(app: Flask) -> None:
    client, credit = make.user(), make.free_credit(per_user_limit=2)
    outcomes = race(app, [claimer(client, credit)] * 6, hold=JUDGED)
    assert Counter(outcomes) == {1000: 2, "user_limit_reached": 4}
    assert (balances(client), uses_of(credit), faults()) == ((2000, 0), (2, 2, True), [])


def test_unless_the_wallet_is_held_only_the_table_keeps_a_free_credit_to_one(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    client, credit = make.user(), make.free_credit(per_user_limit=None)
    outcomes = unguarded_race(app, [claimer(client, credit)] * FEW, hold=GRANTING)
    assert outcomes.count(REFUSED) == FEW - 1


def test_of_a_members_six_deposits_one_brings_the_bonus(app: Flask) -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1)
    told = [recorder(client, f"theirs-{each}", make.bonus_code(bonus)) for each in range(6)]
    outcomes = race(app, told, hold=JUDGED)
    assert Counter(each[1] for each in outcomes) == {"claimed": 1, "user_limit_reached": 5}
    assert (balances(client), uses_of(bonus), faults()) == ((60_000, 10_000), (1, 1, True), [])


def test_of_two_bonuses_that_apply_by_themselves_with_one_use_each_nobody_gets_both(app: Flask) -> None:
    best, next_best = (make.bonus(auto_apply=True, bonus_value=each, usage_limit=1) for each in (50, 20))
    clients = [make.user() for _each in range(3)]
    outcomes = race(app, [confirmer(make.asked_deposit(each)) for each in clients], hold=JUDGED)
    assert Counter(outcomes) == {"claimed": 2, "confirmed": 1}
    assert sorted(balances(each)[0] for each in clients) == [10_000, 12_000, 15_000]
    assert (uses_of(best)[0], uses_of(next_best)[0], faults()) == (1, 1, [])


def test_a_bonus_that_is_deleted_while_deposits_would_bring_it_is_claimed_or_gone(app: Flask) -> None:
    bonus = make.bonus(auto_apply=True)
    clients = [make.user() for _each in range(3)]
    contestants = [confirmer(make.asked_deposit(each)) for each in clients]
    outcomes = race(app, [deleter(bonus), deleter(bonus), *contestants], hold=JUDGED)
    claimed = outcomes.count("claimed")
    assert Counter(outcomes[2:]) == Counter(claimed=claimed, confirmed=3 - claimed)
    assert sorted(outcomes[:2]) == (["archived", "gone already"] if claimed else ["deleted", "gone already"])
    assert sum(balances(each)[0] for each in clients) == 30_000 + claimed * 10_000
    assert (len(claims_of(bonus)), faults()) == (claimed, [])


def deleted_once_it_was_looked_for(app: Flask, monkeypatch: pytest.MonkeyPatch, hold: Any) -> list[str]:
    """An admin deletes a free credit as soon as a member who claims it has looked for it."""
    credit, looked = make.free_credit(), signal()
    monkeypatch.setattr(claiming, "hold_one", telling(looked, hold))
    contestants = [claimer(make.user(), credit), once_told(looked, deleter(credit))]
    return unguarded_race(app, contestants, hold=both(GRANTING, after_call(editing, "remove")))


def test_unless_the_bonus_is_held_claiming_it_fails_when_it_is_deleted(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deleted_once_it_was_looked_for(app, monkeypatch, lambda _promotion_id: True) == [REFUSED, "deleted"]


def test_terms_that_change_while_they_are_claimed_change_before_or_not_at_all(app: Flask) -> None:
    bonus = make.bonus(turnover_requirement=1)
    contestants = [editor(bonus, bonus_value=50), *depositors(4, bonus)]
    changed, *claimed = race(app, contestants, hold=JUDGED)
    assert claimed == ["claimed"] * 4
    assert changed in {"changed", "active_claims"}
    given = {each.bonus_cents for each in claims_of(bonus)}
    assert given == ({5000} if changed == "changed" else {10_000})
    assert faults() == []


def test_unless_the_bonus_is_held_it_is_claimed_by_terms_that_are_no_longer_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = signal()
    bonus = make.bonus(turnover_requirement=1)
    monkeypatch.setattr(claiming, "hold_one", telling(looked, lambda _promotion_id: True))
    contestants = [*depositors(1, bonus), once_told(looked, editor(bonus, bonus_value=50))]
    outcomes = unguarded_race(app, contestants, hold=both(GRANTING, after_call(editing, "update")))
    assert outcomes == ["claimed", "changed"]
    assert [each.bonus_cents for each in claims_of(bonus)] == [10_000]
