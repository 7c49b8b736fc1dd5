"""Cashback that something happens to: it ends, is switched off, runs out, or nobody was there to credit it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.service import SYSTEM
from app.bonuses import cashback, editing
from app.bonuses.models import Bonus, CashbackPeriod
from app.kit.db import db, unit_of_work
from app.promotions import archiving
from app.promotions.errors import ActiveClaims
from app.promotions.models import Promotion
from tests import make
from tests.bonuses.cashing import bought, credited, refunded, tick
from tests.bonuses.reading import balances, faults
from tests.make import NOW

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MIDNIGHT = NOW.replace(hour=0)
LATER = MIDNIGHT + timedelta(minutes=5)  # when what was paid until then is settled

pytestmark = pytest.mark.usefixtures("app")


def changed(bonus: Bonus, **fields: object) -> None:
    with unit_of_work():
        editing.update(bonus.promotion_id, fields, actor=SYSTEM, now=NOW)


def settled(bonus: Bonus) -> int:
    mine = CashbackPeriod.promotion_id == bonus.promotion_id
    return db.session.scalar(select(func.count()).select_from(CashbackPeriod).where(mine)) or 0


def test_an_outage_over_several_periods_is_made_up_for_by_one_run() -> None:
    mia, eve = make.user(), make.user()
    back = make.cashback(starts_at=MIDNIGHT)
    for day, cents in enumerate((1000, 0, 3000, 500)):
        if cents:
            bought(mia, cents, MIDNIGHT + day * DAY)
    bought(eve, 800, MIDNIGHT + 3 * DAY)
    assert tick(LATER + 5 * DAY)
    assert credited(mia) == [(1000, 100), (3000, 300), (500, 50)]
    assert (credited(eve), settled(back)) == ([(800, 80)], 5)
    assert not tick(LATER + 5 * DAY)
    assert tick(LATER + 5 * DAY + HOUR)
    assert (balances(mia), balances(eve), settled(back)) == ((450, 0), (80, 0), 5)
    assert faults() == []


def test_after_a_very_long_outage_it_goes_on_where_it_stopped() -> None:
    mia = make.user()
    back = make.cashback(starts_at=MIDNIGHT, ends_at=MIDNIGHT + 120 * DAY)
    bought(mia, 1000, MIDNIGHT)
    bought(mia, 2000, MIDNIGHT + 119 * DAY)
    late = MIDNIGHT + 121 * DAY
    tick(late)
    assert (credited(mia), settled(back)) == ([(1000, 100)], 100)
    tick(late + HOUR)
    assert (credited(mia), settled(back)) == ([(1000, 100), (2000, 200)], 120)


def test_who_was_credited_before_a_crash_is_not_credited_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mia, eve = make.user(), make.user()
    back = make.cashback(starts_at=MIDNIGHT)
    for user in (mia, eve):
        bought(user, 1000, NOW)
    real, seen = cashback.credit, list[object]()

    def dies_at_the_second(*given: Any) -> object:
        if seen:
            raise KeyboardInterrupt
        seen.append(given)
        return real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(cashback, "credit", dies_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            tick(LATER + DAY)
    assert (balances(mia), balances(eve), settled(back)) == ((100, 0), (0, 0), 0)
    assert not tick(LATER + DAY + timedelta(seconds=30))  # somebody seems to be at work on it
    assert tick(LATER + DAY + timedelta(seconds=90))
    assert (balances(mia), balances(eve), settled(back)) == ((100, 0), (100, 0), 1)
    assert faults() == []


def test_its_last_period_is_credited_after_the_upkeep_has_closed_it() -> None:
    mia = make.user()
    back = make.cashback(starts_at=MIDNIGHT, ends_at=NOW + HOUR)
    bought(mia, 1000, NOW)
    bought(mia, 9000, NOW + HOUR)
    tick(NOW + 2 * HOUR, "promotions.close_ended")
    assert not db.session.get_one(Promotion, back.promotion_id, populate_existing=True).is_active
    tick(NOW + 2 * HOUR)
    assert credited(mia) == [(1000, 100)]
    assert faults() == []


def test_one_that_a_person_has_switched_off_gives_nothing_and_does_not_come_back_to_it() -> None:
    mia = make.user()
    back = make.cashback(starts_at=MIDNIGHT)
    bought(mia, 1000, NOW)
    changed(back, is_active=False)
    tick(LATER + DAY)
    changed(back, is_active=True)
    bought(mia, 2000, MIDNIGHT + DAY)
    tick(LATER + 2 * DAY)
    assert credited(mia) == [(1000, "inactive"), (2000, 200)]


def test_an_earlier_end_cuts_the_period_and_a_later_one_goes_on_from_there() -> None:
    mia = make.user()
    back = make.cashback(cashback_period="week", starts_at=MIDNIGHT)
    bought(mia, 1000, MIDNIGHT + DAY)
    changed(back, ends_at=MIDNIGHT + 2 * DAY)
    tick(LATER + 3 * DAY)
    assert credited(mia) == [(1000, 100)]
    changed(back, ends_at=MIDNIGHT + 14 * DAY)
    bought(mia, 4000, MIDNIGHT + 3 * DAY)
    tick(LATER + 7 * DAY)
    assert credited(mia) == [(1000, 100), (4000, 400)]
    assert faults() == []


def test_the_last_use_goes_to_one_client_and_the_next_is_told_why() -> None:
    mia, eve = make.user(), make.user()
    make.cashback(starts_at=MIDNIGHT, usage_limit=1)
    for user in (mia, eve):
        bought(user, 1000, NOW)
    tick(LATER + DAY)
    assert (credited(mia), credited(eve)) == ([(1000, 100)], [(1000, "usage_limit_reached")])
    assert faults() == []


def test_a_client_has_it_as_often_as_it_allows() -> None:
    mia = make.user()
    make.cashback(starts_at=MIDNIGHT, per_user_limit=1)
    for day in range(2):
        bought(mia, 1000, MIDNIGHT + day * DAY)
    tick(LATER + 2 * DAY)
    assert credited(mia) == [(1000, 100), (1000, "user_limit_reached")]


def test_several_cashbacks_credit_each_for_itself_and_carry_each_for_itself() -> None:
    mia = make.user()
    daily, weekly = make.cashback(starts_at=MIDNIGHT), make.cashback(starts_at=MIDNIGHT, cashback_period="week")
    first = bought(mia, 1000, NOW)
    tick(LATER + DAY)
    refunded(first, NOW + DAY)
    bought(mia, 3000, NOW + 2 * DAY)
    tick(LATER + 7 * DAY)
    assert balances(mia) == (100 + 200 + 300, 0)
    assert (settled(daily), settled(weekly)) == (7, 1)
    assert faults() == []


def test_what_it_grants_waits_for_its_turnover() -> None:
    mia = make.user()
    make.cashback(starts_at=MIDNIGHT, turnover_requirement=2, max_withdraw=3)
    bought(mia, 10_000, NOW)
    tick(LATER + DAY)
    assert balances(mia) == (0, 1000)
    bought(mia, 2000, MIDNIGHT + DAY)
    assert balances(mia) == (300, 0)
    assert faults() == []


def test_it_is_not_archived_while_a_period_is_to_be_settled(frozen: object) -> None:  # noqa: ARG001
    mia = make.user()
    back = make.cashback(starts_at=MIDNIGHT - 120 * DAY, ends_at=MIDNIGHT - 100 * DAY)
    bought(mia, 1000, MIDNIGHT - 101 * DAY)
    tick(NOW, "promotions.archive")
    with pytest.raises(ActiveClaims), unit_of_work():
        archiving.archive(back.promotion_id, actor=SYSTEM, now=NOW)
    tick(NOW)
    assert credited(mia) == [(1000, 100)]
    tick(NOW + HOUR, "promotions.archive")
    assert db.session.get_one(Promotion, back.promotion_id, populate_existing=True).archived_at == NOW + HOUR
    assert faults() == []


def test_an_archived_one_credits_nothing_any_more(frozen: object) -> None:  # noqa: ARG001
    mia = make.user()
    back = make.cashback(starts_at=MIDNIGHT)
    with unit_of_work():
        archiving.archive(back.promotion_id, actor=SYSTEM, now=NOW)
    bought(mia, 1000, NOW)
    tick(LATER + DAY)
    assert (credited(mia), settled(back)) == ([], 0)
