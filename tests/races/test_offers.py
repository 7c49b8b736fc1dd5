"""Codes on accounts and offers, raced for: applied twice, removed or deleted meanwhile."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select

from app.kit.db import db
from app.offers import applying, catalogue, converting, editing
from app.offers.models import APPLIED, Conversion, Offer, OfferScope, UserPromoCode
from app.promotions.models import Promotion
from tests import make
from tests.offers.reading import cash, faults, used
from tests.races import converters
from tests.races.converters import (
    JUDGED,
    REFUSED,
    applier,
    code_deleter,
    converter,
    offer_deleter,
    remover,
    scoper,
)
from tests.races.redeemers import once_told, signal, telling
from tests.racing import after_call, after_statement, before_statement, both, race, unguarded_race, without_unique

FEW = 4  # enough to go wrong
KEY = ("user_promo_codes", "uq_user_promo_codes_on_account")
OFFER_FOUND = after_statement(r"^SELECT offers\.")
PUTTING_ON = before_statement(r"^INSERT INTO user_promo_codes", letting_go=True)
KEEPING = before_statement(r"^INSERT INTO conversions", letting_go=True)
NAMING = before_statement(r"^INSERT INTO offer_code_scopes", letting_go=True)


def on_accounts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(UserPromoCode.status).order_by(UserPromoCode.id)))


def is_there(model: type[Offer | Promotion], row_id: int) -> bool:
    db.session.rollback()
    return db.session.scalar(select(model.id).where(model.id == row_id)) is not None


def test_a_code_that_is_applied_eight_times_at_once_is_on_the_account_once(app: Flask) -> None:
    client, code = make.user(), make.offer_code(usage_limit=1)
    outcomes = race(app, [applier(client, code)] * 8, hold=JUDGED)
    assert Counter(outcomes) == {"applied": 1, "there already": 7}
    assert on_accounts() == [APPLIED]


def test_without_the_unique_key_it_is_on_it_again_and_again(app: Flask) -> None:
    client, code = make.user(), make.offer_code()
    with without_unique(*KEY):
        assert unguarded_race(app, [applier(client, code)] * FEW, hold=PUTTING_ON) == ["applied"] * FEW
        assert on_accounts() == [APPLIED] * FEW


def test_a_code_that_is_removed_while_an_offer_is_completed_earns_or_does_not(app: Flask) -> None:
    client, code, offer = make.user(), make.offer_code(), make.offer()
    make.applied(client, code)
    [held] = db.session.scalars(select(UserPromoCode.id)).all()
    contestants = [converter(client, offer, f"conversion {each}") for each in range(3)]
    outcomes = race(app, [*contestants, remover(client, held), remover(client, held)], hold=JUDGED)
    assert outcomes[3:] == ["removed", "removed"]
    assert set(outcomes[:3]) <= {0, 200}
    assert (cash(client), used(code)) == (200 * outcomes.count(200), outcomes.count(200))
    assert (on_accounts(), faults()) == (["removed"], [])


def test_a_code_that_is_deleted_while_it_is_applied_is_archived_or_gone(app: Flask) -> None:
    code = make.offer_code()
    deleters, appliers = [code_deleter(code)] * 2, [applier(make.user(), code) for _each in range(3)]
    outcomes = race(app, [*deleters, *appliers], hold=JUDGED)
    applied = outcomes[2:].count("applied")
    assert Counter(outcomes[2:]) == Counter(applied=applied, not_found=3 - applied)
    assert sorted(outcomes[:2]) == (["archived", "gone already"] if applied else ["deleted", "gone already"])
    assert is_there(Promotion, code.id) is bool(applied)
    assert on_accounts() == [APPLIED] * applied


def test_unless_the_code_is_held_applying_it_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, code = make.user(), make.offer_code()
    looked = signal()
    monkeypatch.setattr(applying, "_hold", telling(looked, converters.promotion_unlocked))
    contestants = [applier(client, code), once_told(looked, code_deleter(code))]
    window = both(PUTTING_ON, after_call(editing, "remove"))
    assert unguarded_race(app, contestants, hold=window) == [REFUSED, "deleted"]


def test_an_offer_that_is_deleted_while_it_is_completed_stays_or_is_unknown(app: Flask) -> None:
    offer, clients = make.offer(), [make.user() for _each in range(3)]
    outcomes = race(app, [offer_deleter(offer), *(converter(each, offer) for each in clients)], hold=OFFER_FOUND)
    kept = outcomes[1:].count(0)
    assert Counter(outcomes[1:]) == Counter({0: kept, "not_found": 3 - kept})
    assert outcomes[0] == ("conflict" if kept else "deleted")
    assert is_there(Offer, offer.id) is bool(kept)
    assert len(db.session.scalars(select(Conversion)).all()) == kept


def test_unless_the_offer_is_held_keeping_the_conversion_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, offer = make.user(), make.offer()
    looked = signal()
    monkeypatch.setattr(converting, "_offer", telling(looked, converters.offer_unlocked))
    contestants = [converter(client, offer), once_told(looked, offer_deleter(offer))]
    window = both(KEEPING, after_call(catalogue, "remove"))
    assert unguarded_race(app, contestants, hold=window) == [REFUSED, "deleted"]


def test_an_offer_that_is_deleted_while_codes_are_made_for_it_alone_stays_or_is_unknown(app: Flask) -> None:
    offer = make.offer()
    outcomes = race(app, [offer_deleter(offer), *(scoper(offer, f"ONLY{each}") for each in range(3))], hold=OFFER_FOUND)
    made = outcomes[1:].count("made")
    assert Counter(outcomes[1:]) == Counter(made=made, validation_error=3 - made)
    assert outcomes[0] == ("conflict" if made else "deleted")
    scopes = db.session.scalars(select(OfferScope.offer_id)).all()
    assert (scopes, is_there(Offer, offer.id)) == ([offer.id] * made, bool(made))


def test_unless_it_is_held_making_the_code_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = make.offer()
    looked = signal()
    monkeypatch.setattr(editing, "_resolved", telling(looked, converters.resolved_unlocked))
    contestants = [scoper(offer, "ONLY"), once_told(looked, offer_deleter(offer))]
    window = both(NAMING, after_call(catalogue, "remove"))
    assert unguarded_race(app, contestants, hold=window) == [REFUSED, "deleted"]
