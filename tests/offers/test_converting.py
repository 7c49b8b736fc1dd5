"""A conversion earns the bonus of the best code on the account, once, and gives it back when it is reversed."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.errors import ValidationFailed
from app.kit.db import db, unit_of_work
from app.offers import holdings
from app.offers import service as offers
from app.offers.models import Conversion, OfferApplication
from app.offers.service import Completed
from app.promotions.models import Promotion
from app.wallet import service as wallets
from app.wallet.models import WalletEntry
from tests import make
from tests.make import NOW
from tests.offers.reading import cash, faults, used

pytestmark = pytest.mark.usefixtures("app")


def test_the_bonus_not_the_payout_is_paid_and_everything_says_so() -> None:
    client, code, offer = make.user(), make.offer_code(), make.offer(name="Survey")
    make.applied(client, code)
    conversion = make.converted(client, offer, payout_cents=1999)
    assert (conversion.bonus_cents, conversion.code) == (200, make.code_of(code))
    assert (cash(client), used(code)) == (200, 1)
    [application] = db.session.scalars(select(OfferApplication))
    assert (application.offer_name, application.bonus_cents, application.applied_at) == ("Survey", 200, NOW)
    [entry] = db.session.scalars(select(WalletEntry))
    assert (entry.amount_cents, entry.reason, entry.reference) == (200, "conversion", conversion.purpose)
    assert faults() == []


def test_the_code_with_the_highest_bonus_is_used_and_the_others_are_kept() -> None:
    client, offer = make.user(), make.offer(payout=20)
    low, high = make.offer_code(bonus_value=10), make.offer_code(bonus_type="fixed", bonus_value=3)
    make.applied(client, low)
    make.applied(client, high)
    conversion = make.converted(client, offer)
    assert (conversion.bonus_cents, conversion.code) == (300, make.code_of(high))
    assert conversion.passed_over == [{"code": make.code_of(low), "reason": "less_bonus", "bonus_cents": 200}]
    assert (used(low), used(high)) == (0, 1)
    assert make.converted(client, offer, payout_cents=5000).bonus_cents == 500
    assert (used(low), used(high), cash(client)) == (1, 1, 800)


def test_without_a_code_that_holds_it_is_kept_and_says_why() -> None:
    client, offer = make.user(), make.offer()
    ended = make.offer_code(ends_at=NOW + timedelta(hours=1))
    other = make.offer_code(applicable_offers=[make.offer().id])
    make.applied(client, ended)
    make.applied(client, other)
    conversion = make.converted(client, offer, now=NOW + timedelta(hours=2))
    assert (conversion.bonus_cents, conversion.code, cash(client)) == (0, None, 0)
    assert {each["code"]: each["reason"] for each in conversion.passed_over} == {
        make.code_of(ended): "expired",
        make.code_of(other): "not_eligible",
    }
    assert faults() == []


def test_the_last_use_switches_the_code_off_and_a_reversal_switches_it_on_again() -> None:
    client, offer, code = make.user(), make.offer(), make.offer_code(usage_limit=1)
    make.applied(client, code)
    conversion = make.converted(client, offer)
    promotion = db.session.get_one(Promotion, code.id, populate_existing=True)
    assert (promotion.is_active, promotion.auto_deactivated_at) == (False, NOW)
    assert make.converted(client, offer).bonus_cents == 0
    make.reversed_again(conversion)
    make.reversed_again(conversion)
    assert (used(code), cash(client)) == (0, 0)
    assert db.session.get_one(Promotion, code.id, populate_existing=True).is_active
    assert [each.amount_cents for each in db.session.scalars(wallets.entries(client.id))] == [-200, 200]
    assert faults() == []
    assert make.converted(client, offer).bonus_cents == 200


def test_told_again_it_is_the_same_conversion_whatever_became_of_it() -> None:
    client, offer, code = make.user(), make.offer(), make.offer_code()
    make.applied(client, code)
    told = Completed("c-1", offer.external_id, client.username, 2000)
    with unit_of_work():
        first, is_new = offers.record(told, now=NOW)
    assert is_new
    make.reversed_again(first)
    with unit_of_work():
        again, is_new = offers.record(told, now=NOW)
    assert (again.id, again.bonus_cents, is_new) == (first.id, 200, False)
    assert cash(client) == 0
    assert len(db.session.scalars(select(Conversion)).all()) == 1


def test_what_lies_in_the_future_is_refused_and_nothing_is_kept() -> None:
    client, offer = make.user(), make.offer()
    with pytest.raises(ValidationFailed):
        make.converted(client, offer, completed_at=NOW + timedelta(minutes=6))
    assert db.session.scalars(select(Conversion)).all() == []
    assert make.converted(client, offer, completed_at=NOW + timedelta(minutes=4)).bonus_cents == 0


def test_an_account_shows_its_codes_with_what_is_left_and_earned(app: Flask) -> None:
    client, offer = make.user(), make.offer(name="Survey")
    code = make.offer_code(usage_limit=5, per_user_limit=2, applicable_offers=[offer.external_id])
    assert make.applied(client, code).uses_left == 2
    make.converted(client, offer)
    [held] = holdings.codes_of(client, NOW)
    assert (held.uses_left, held.earned.uses, held.earned.cents, list(held.offers)) == (1, 1, 200, ["Survey"])
    assert held.refusal is None
    assert holdings.best_for(offer, [held]) == (held, 200)
    make.converted(client, offer)
    [held] = holdings.codes_of(client, NOW)
    assert held.refusal is not None
    assert (held.refusal.rule, held.is_over) == ("user_limit_reached", True)
    assert app is not None
