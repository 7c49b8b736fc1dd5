"""How often codes earn: per client, in all, by the code's own limit; and what a reversal gives back and opens again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.offers import editing
from app.offers.models import Conversion, OfferCode
from app.promotions import archiving
from app.promotions.models import PromotionCode
from app.wallet import ledger
from app.wallet import service as wallets
from tests import make
from tests.make import NOW
from tests.offers.reading import cash, faults, promotion_of, used

pytestmark = pytest.mark.usefixtures("app")
HOUR = timedelta(hours=1)


def holders(count: int, **fields: Any) -> tuple[OfferCode, list[User]]:
    """A code that earns 2.00 on so many accounts."""
    code, clients = make.offer_code(**fields), [make.user() for _each in range(count)]
    for each in clients:
        make.applied(each, code)
    return code, clients


def reason(conversion: Conversion) -> str | None:
    [*passed] = conversion.passed_over
    return passed[0]["reason"] if passed else None


def changed(offer_code: OfferCode, **fields: Any) -> None:
    with unit_of_work():
        editing.update(offer_code.id, fields, actor=SYSTEM, now=NOW)


def switches(code: OfferCode) -> list[str]:
    """What the system has done with the code, in order."""
    db.session.rollback()
    mine = (AuditEntry.entity == "promotion", AuditEntry.entity_id == str(code.id), AuditEntry.actor_label == "system")
    noted = select(AuditEntry.action).where(*mine, AuditEntry.action.not_like("promotion.c%"))
    return list(db.session.scalars(noted.order_by(AuditEntry.id)))


def test_each_client_has_their_own_limit() -> None:
    code, (ada, bob) = holders(2, per_user_limit=2)
    offer = make.offer()
    told = [make.converted(who, offer) for who in (ada, ada, ada, bob)]
    assert [each.bonus_cents for each in told] == [200, 200, 0, 200]
    assert reason(told[2]) == "user_limit_reached"
    make.reversed_again(told[0])
    assert make.converted(ada, offer).bonus_cents == 200
    assert (used(code), cash(ada), cash(bob), faults()) == (3, 400, 200, [])


def test_the_limit_in_all_closes_the_code_and_a_reversal_opens_it_for_anybody() -> None:
    code, (ada, bob) = holders(2, usage_limit=2)
    offer = make.offer()
    told = [make.converted(who, offer) for who in (ada, bob, ada)]
    assert [each.bonus_cents for each in told] == [200, 200, 0]
    assert reason(told[2]) == "usage_limit_reached"
    assert promotion_of(code).status(NOW) == "expired"
    make.reversed_again(told[0])
    assert promotion_of(code).status(NOW) == "active"
    assert make.converted(bob, offer).bonus_cents == 200
    assert switches(code) == ["promotion.used_up", "promotion.reopened", "promotion.used_up"]
    assert faults() == []


def test_where_it_does_not_close_itself_it_is_exhausted_and_open_again_after_a_reversal() -> None:
    code, [ada] = holders(1, usage_limit=1, auto_deactivate_on_max_uses=False)
    paid = make.converted(ada, make.offer())
    assert (promotion_of(code).is_active, promotion_of(code).status(NOW)) == (True, "exhausted")
    assert reason(make.converted(ada, make.offer())) == "usage_limit_reached"
    make.reversed_again(paid)
    assert (promotion_of(code).status(NOW), switches(code), faults()) == ("active", [], [])


def test_the_limit_of_the_code_itself_counts_too() -> None:
    code, [ada] = holders(1)
    with unit_of_work():
        ours = update(PromotionCode).where(PromotionCode.promotion_id == code.id)
        db.session.execute(ours.values(usage_limit=1))
    assert make.applied(ada, code).uses_left == 1
    paid = make.converted(ada, make.offer())
    assert (paid.bonus_cents, make.applied(ada, code).uses_left) == (200, 0)
    assert reason(make.converted(ada, make.offer())) == "usage_limit_reached"
    assert promotion_of(code).is_active
    make.reversed_again(paid)
    assert make.converted(ada, make.offer()).bonus_cents == 200
    assert (used(code), faults()) == (1, [])


@pytest.mark.parametrize("happened", ["switched off", "ended", "archived"])
def test_a_reversal_opens_nothing_that_somebody_has_closed_or_that_is_over(happened: str) -> None:
    code, [ada] = holders(1, usage_limit=1, ends_at=NOW + HOUR)
    paid = make.converted(ada, make.offer())
    if happened == "switched off":
        changed(code, is_active=False)
    elif happened == "archived":
        with unit_of_work():
            archiving.archive(code.id, actor=SYSTEM, now=NOW)
    make.reversed_again(paid, NOW + HOUR if happened == "ended" else NOW)
    promotion = promotion_of(code)
    assert (promotion.used_count, promotion.is_active, cash(ada)) == (0, False, 0)
    assert "promotion.reopened" not in switches(code)
    assert faults() == []


def test_a_limit_below_what_is_used_takes_nothing_away_and_stays_closed_until_it_is_reached_again() -> None:
    code, [ada] = holders(1, usage_limit=5)
    told = [make.converted(ada, make.offer()) for _each in range(3)]
    changed(code, usage_limit=2)
    assert reason(make.converted(ada, make.offer())) == "usage_limit_reached"
    assert make.applied(ada, code).uses_left == 0
    make.reversed_again(told[0])
    assert make.converted(ada, make.offer()).bonus_cents == 0
    make.reversed_again(told[1])
    assert make.converted(ada, make.offer()).bonus_cents == 200
    assert (used(code), cash(ada), faults()) == (2, 400, [])


def test_what_the_best_has_no_use_left_for_the_next_best_pays() -> None:
    best, [ada] = holders(1, per_user_limit=1, bonus_value=50)
    next_best = make.offer_code(bonus_value=20)
    make.applied(ada, next_best)
    told = [make.converted(ada, make.offer()) for _each in range(2)]
    assert [(each.bonus_cents, reason(each)) for each in told] == [(1000, "less_bonus"), (400, "user_limit_reached")]
    make.reversed_again(told[0])
    assert make.converted(ada, make.offer()).bonus_cents == 1000
    assert (used(best), used(next_best), cash(ada), faults()) == (1, 1, 1400, [])


@pytest.mark.parametrize(
    ("spent", "taken", "owed"),
    [(0, [-200], []), (1, [-199], [1]), (150, [-50], [150]), (199, [-1], [199]), (200, [], [200])],
)
def test_what_of_a_reversed_bonus_is_no_longer_there_is_owed(spent: int, taken: list[int], owed: list[int]) -> None:
    code, [ada] = holders(1, usage_limit=1)
    paid = make.converted(ada, make.offer())
    if spent:
        with unit_of_work():
            assert ledger.take_back(ada.id, spent, reason="spent", reference="else", now=NOW) == spent
    for _twice in range(2):
        assert make.reversed_again(paid).reversed_at == NOW
    entries = [each for each in db.session.scalars(wallets.entries(ada.id)) if each.reason == "conversion_reversed"]
    assert [each.amount_cents for each in entries] == taken
    assert [(each.amount_cents, each.reference) for each in wallets.debts(ada.id)] == [
        (each, paid.purpose) for each in owed
    ]
    assert (cash(ada), used(code), promotion_of(code).is_active, faults()) == (0, 0, True, [])


def test_what_one_conversion_earned_pays_for_another_that_is_reversed() -> None:
    _code, [ada] = holders(1)
    first, second = (make.converted(ada, make.offer()) for _each in range(2))
    with unit_of_work():
        ledger.take_back(ada.id, 300, reason="spent", reference="else", now=NOW)
    make.reversed_again(first)
    make.reversed_again(second)
    assert [each.amount_cents for each in wallets.debts(ada.id)] == [200, 100]
    assert (cash(ada), faults()) == (0, [])


def test_one_that_earned_nothing_is_reversed_without_touching_anything() -> None:
    ada = make.user()
    conversion = make.reversed_again(make.converted(ada, make.offer()))
    assert (conversion.reversed_at, db.session.scalars(wallets.entries(ada.id)).all()) == (NOW, [])
    assert faults() == []
