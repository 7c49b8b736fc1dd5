"""Uses by many, in any order, with limits that move: the books agree after every step."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select, text, update

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.service import CodeRefused
from app.errors import DomainError
from app.kit.db import db, unit_of_work
from app.promotions import books
from app.promotions.models import Promotion, PromotionBatch, PromotionCode, PromotionUse
from tests import make

PERSONS = [Person("ada"), Person("bob"), Person("ada", 7)]
LIMITS = st.none() | st.integers(1, 4)


class Uses(RuleBasedStateMachine):
    """One code, three persons, and an admin who keeps changing the limits."""

    @initialize(usage_limit=LIMITS, per_user_limit=LIMITS, auto=st.booleans())
    def make_code(self, usage_limit: int | None, per_user_limit: int | None, *, auto: bool) -> None:
        made = make.discount(usage_limit=usage_limit, per_user_limit=per_user_limit, auto_deactivate_on_max_uses=auto)
        self.id, self.code = made.id, discounts.fields_of(made)["code"]
        self.held: dict[int, Person] = {}
        self.by_person = False

    @property
    def promotion(self) -> Promotion:
        return discounts.get(self.id).promotion

    @rule(person=st.sampled_from(PERSONS))
    def take(self, person: Person) -> None:
        promotion = self.promotion
        mine = sum(held == person for held in self.held.values())
        is_free = promotion.usage_limit is None or len(self.held) < promotion.usage_limit
        may = promotion.is_active and is_free and (promotion.per_user_limit is None or mine < promotion.per_user_limit)
        try:
            self.held[make.use(self.code, person=person)] = person
        except CodeRefused:
            assert not may
        else:
            assert may

    @precondition(lambda self: self.held)
    @rule(data=st.data(), twice=st.booleans())
    def give_back(self, data: Any, *, twice: bool) -> None:
        invoice_id = data.draw(st.sampled_from(sorted(self.held)))
        del self.held[invoice_id]
        for _ in range(1 + twice):
            with unit_of_work():
                discounts.give_back(invoice_id, make.NOW)

    @rule(usage_limit=LIMITS, per_user_limit=LIMITS)
    def move_limits(self, usage_limit: int | None, per_user_limit: int | None) -> None:
        self.change(usage_limit=usage_limit, per_user_limit=per_user_limit)

    @rule(wanted=st.booleans())
    def switch(self, *, wanted: bool) -> None:
        if self.change(is_active=wanted) and not wanted:
            self.by_person = self.promotion.deactivated_by == "person"
        elif self.promotion.is_active:
            self.by_person = False

    def change(self, **fields: Any) -> bool:
        try:
            with unit_of_work():
                discounts.update(self.id, fields, actor=make.SYSTEM, now=make.NOW)
        except DomainError:
            return False
        return True

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "held"):
            return
        promotion = self.promotion
        live = db.session.scalars(
            select(PromotionUse.purpose).where(PromotionUse.promotion_id == self.id, PromotionUse.released_at.is_(None))
        )
        assert sorted(live) == sorted(f"invoice:{invoice_id}" for invoice_id in self.held)
        assert promotion.used_count == len(self.held)
        assert books.faults() == []

    @invariant()
    def what_a_person_closed_stays_closed(self) -> None:
        if hasattr(self, "held") and self.by_person:
            assert not self.promotion.is_active


@pytest.mark.usefixtures("app")
def test_the_books_agree_whatever_happens() -> None:
    quick = settings(max_examples=8, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(Uses, settings=quick)


@pytest.mark.usefixtures("app")
def test_a_row_that_contradicts_the_books_is_named() -> None:
    made, quiet, many = make.discount(code="TEN", per_user_limit=5), make.discount(), make.batch(count=3)
    make.use("TEN", person=PERSONS[0])
    make.use("TEN", person=PERSONS[0])
    second = db.session.scalars(select(PromotionUse.id).order_by(PromotionUse.id.desc())).first()
    with unit_of_work():
        single = Promotion.id.in_([made.id, quiet.id])
        db.session.execute(update(Promotion).where(single).values(used_count=Promotion.used_count + 1))
        last = select(func.max(PromotionCode.id)).where(PromotionCode.promotion_id == many.id).scalar_subquery()
        db.session.execute(delete(PromotionCode).where(PromotionCode.id == last))
        db.session.execute(text("UPDATE promotion_codes SET used_count = 9 WHERE code = 'TEN'"))
        db.session.execute(update(PromotionUse).where(PromotionUse.id == second).values(slot=4))
    told = [(fault.book, fault.table, fault.row_id, fault.what) for fault in books.faults()]
    batch_id = db.session.scalar(select(PromotionBatch.id))
    code_id = discounts.quote("TEN", items=[], person=None, now=make.NOW).code_id
    assert told == [
        (1, "promotions", made.id, "counts 3 uses, but 2 are live"),
        (1, "promotions", quiet.id, "counts 1 uses, but 0 are live"),
        (1, "promotion_codes", code_id, "counts 9 uses, but 2 are live"),
        (1, "promotion_batches", batch_id, "has made 3 codes, but there are 2"),
        (2, "promotion_uses", (second or 0) - 1, "name:ada has 2 live uses in other slots"),
    ]
