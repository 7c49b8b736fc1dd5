"""Batches of single-use codes, raced for: by workers who make one, by shoppers who use a code, by who deletes it."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit.db import db, unit_of_work
from app.promotions import batches, editing
from app.promotions import service as promotions
from app.promotions.books import faults
from app.promotions.models import PromotionBatch, PromotionCode, PromotionUse
from tests import make
from tests.races import guards
from tests.races.contestants import QUOTED, people, takers
from tests.racing import after_statement, before_statement, patient, race, unguarded_race

WANTED, AT_ONCE = 300, 50
DELETING = before_statement(r"^INSERT INTO promotion_codes|^DELETE FROM promotion_batches")


def ordered() -> tuple[Discount, int]:
    """A promotion with a batch of which nothing is made yet, and the batch's id."""
    with unit_of_work():
        terms = {"title": "Flyer", "discount_type": "fixed", "discount_value": 5}
        made = discounts.create(terms | {"code_length": 8, "code_count": WANTED}, make.SYSTEM, make.NOW)
    return made, db.session.scalars(select(PromotionBatch.id)).one()


def maker(batch_id: int, *, lots: int = WANTED) -> Callable[[], str]:
    """A worker: makes one lot of codes after the other, at most so many, until no code is missing."""

    def make_codes() -> str:
        for _lot in range(lots):
            with unit_of_work():
                missing = batches.make_some(batch_id, make.NOW, most=AT_ONCE)
            if not missing:
                break
        return "made"

    return make_codes


def counted() -> tuple[int, int]:
    """How many codes the batch counts, and how many rows there are."""
    db.session.rollback()
    rows = db.session.scalar(select(func.count()).select_from(PromotionCode)) or 0
    return db.session.scalars(select(PromotionBatch.made)).one(), rows


def test_four_workers_at_one_batch_make_exactly_what_was_ordered(app: Flask) -> None:
    _made, batch_id = ordered()
    hold = after_statement(r"^SELECT promotion_batches")
    assert race(app, [maker(batch_id)] * 4, hold=hold) == ["made"] * 4
    assert counted() == (WANTED, WANTED)
    assert faults() == []


def test_without_the_lock_they_make_too_many(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_lock_unfinished", guards.read_batch_unlocked)
    _made, batch_id = ordered()
    hold = before_statement(r"^INSERT INTO promotion_codes", letting_go=True)

    assert unguarded_race(app, [maker(batch_id, lots=1)] * 4, hold=hold) == ["made"] * 4
    assert counted() == (AT_ONCE, 4 * AT_ONCE)
    assert faults()


def live_uses() -> int:
    return db.session.scalar(select(func.count()).where(PromotionUse.released_at.is_(None))) or 0


def test_of_eight_with_one_single_use_code_exactly_one_has_it(app: Flask) -> None:
    code = make.codes_of(make.batch())[0]
    outcomes = race(app, takers(code, people(8)), hold=QUOTED)
    assert Counter(outcomes) == {"taken": 1, "usage_limit_reached": 7}
    assert (live_uses(), faults()) == (1, [])


def test_without_the_guard_all_of_them_have_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions, "_count_code_up", guards.count_code_up_without_limit)
    code = make.codes_of(make.batch())[0]
    assert unguarded_race(app, takers(code, people(8)), hold=QUOTED) == ["taken"] * 8
    assert live_uses() == 8


def remover(made: Discount) -> Callable[[], str]:
    promotion_id = made.id

    def remove() -> str:
        with unit_of_work():
            discounts.remove(promotion_id, make.SYSTEM, make.NOW)
        return "removed"

    return remove


def test_a_batch_that_is_deleted_in_the_middle_of_being_made_is_gone(app: Flask) -> None:
    made, batch_id = ordered()
    assert race(app, [maker(batch_id), remover(made)], hold=DELETING) == ["made", "removed"]
    for table in (PromotionCode, PromotionBatch):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # SQLite has one writer anyway
def test_without_the_lock_the_deletion_stumbles_over_new_codes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "_lock_batches", lambda _promotion_id: None)
    made, batch_id = ordered()
    with pytest.raises(AssertionError, match="fk_promotion_codes_batch_id"):
        unguarded_race(app, [patient(maker(batch_id, lots=1)), patient(remover(made))], hold=DELETING)
    assert counted() == (AT_ONCE, AT_ONCE)
