"""Many single-use codes: ordered, made some at a time, listed, and deleted again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.discounts import service as discounts
from app.discounts.kind import DISCOUNT
from app.discounts.models import Discount
from app.errors import ValidationFailed
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.promotions import batches, books, codebook
from app.promotions.errors import Archived, HasOneCode, OrderedMeanwhile
from app.promotions.letters import drawn
from app.promotions.models import Promotion, PromotionBatch, PromotionCode
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")
ORDER = {"code_prefix": "flyer-", "code_length": 8, "code_count": 25}
TERMS = {"title": "Flyer", "discount_type": "fixed", "discount_value": 5}


def ordered(**fields: Any) -> tuple[Discount, PromotionBatch]:
    """A promotion with a batch of which nothing is made yet."""
    with unit_of_work():
        made = discounts.create(TERMS | ORDER | fields, make.SYSTEM, make.NOW)
    return made, db.session.scalars(select(PromotionBatch).where(PromotionBatch.promotion_id == made.id)).one()


def order(made: Discount, *, known: int | None = None, **fields: Any) -> None:
    with unit_of_work():
        batches.order(made.id, ORDER | fields, make.SYSTEM, make.NOW, known=known)


def make_some(batch: PromotionBatch, most: int) -> int:
    with unit_of_work():
        return batches.make_some(batch.id, make.NOW, most=most)


def remove(made: Discount) -> bool:
    with unit_of_work():
        return discounts.remove(made.id, make.SYSTEM, make.NOW)


def waiting() -> int:
    return db.session.scalar(select(func.count()).where(OutboxEvent.settled_at.is_(None))) or 0


def test_an_order_is_a_row_an_event_and_an_entry_in_the_log() -> None:
    made, batch = ordered()
    assert discounts.fields_of(made)["code"] is None
    assert (batch.prefix, batch.length, batch.wanted, batch.made, batch.finished_at) == ("FLYER-", 8, 25, 0, None)
    event = db.session.scalars(select(OutboxEvent)).one()
    assert (event.topic, event.payload) == ("codes", {"batch_id": batch.id})
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "promotion.codes_ordered")).one()
    assert (entry.entity_id, entry.before["code_count"]) == (str(made.id), 0)  # type: ignore[index]
    assert entry.after == {"code_count": 25, "code_prefix": "FLYER-", "code_length": 8}


def test_codes_are_made_some_at_a_time_until_exactly_so_many_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made, batch = ordered()
    assert make_some(batch, 10) == 15
    assert codebook.standing(made.id) == codebook.Standing(25, 10, 0, is_being_made=True)
    taken = make.codes_of(made)[:3]
    unlucky = iter([[code.removeprefix("FLYER-") for code in taken]])
    monkeypatch.setattr(batches, "drawn", lambda count, length: [*next(unlucky, []), *drawn(count, length)][:count])
    assert make_some(batch, 10) == 8, "three were taken already"
    assert outbox.drain(batches.TOPIC) == 1
    codes = make.codes_of(made)
    assert (len(codes), len(set(codes)), batch.wanted) == (25, 25, 25)
    assert all(code.startswith("FLYER-") and len(code) == 14 for code in codes)
    assert codebook.standing(made.id) == codebook.Standing(25, 25, 0, is_being_made=False)
    assert (make_some(batch, 10), waiting(), books.faults()) == (0, 0, [])


def test_making_costs_the_same_statements_however_many() -> None:
    _made, batch = ordered(code_count=500)
    with count_statements() as sent:
        make_some(batch, 500)
    assert len(sent) == 3, sent  # lock, insert, count


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"code_count": 0}, "code_count"),
        ({"code_count": 100_001}, "code_count"),
        ({"code_count": "many"}, "code_count"),
        ({"code_count": None}, "code_count"),
        ({"code_length": 7}, "code_length"),
        ({"code_length": 25}, "code_length"),
        ({"code_length": 24, "code_prefix": "TWELVE-CHARS"}, "code_length"),
        ({"code_prefix": "THIRTEEN-CHAR"}, "code_prefix"),
        ({"code_prefix": "-A"}, "code_prefix"),
        ({"code_prefix": "É"}, "code_prefix"),
        ({"code_prefix": 7}, "code_prefix"),
        ({"code": "ONE"}, "code"),
        ({"title": ""}, "title"),
    ],
)
def test_what_will_not_do_is_told_at_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        ordered(**fields)
    assert refused.value.fields.keys() == {field}
    assert DISCOUNT.faults(TERMS | ORDER | fields, None).keys() == {field}
    assert waiting() == 0


def test_more_may_be_ordered_but_not_twice_by_one_form() -> None:
    made = make.batch(count=5)
    order(made, known=5, code_prefix="MORE", code_count=2)
    with pytest.raises(OrderedMeanwhile):
        order(made, known=5)
    outbox.drain(batches.TOPIC)
    assert [code[:4] for code in make.codes_of(made)[5:]] == ["MORE", "MORE"]
    latest = batches.latest(made.id)
    assert latest is not None
    assert (latest.prefix, codebook.standing(made.id).made) == ("MORE", 7)


def test_a_promotion_has_one_code_or_many_never_both() -> None:
    with pytest.raises(HasOneCode):
        order(make.discount())
    made = make.batch()
    with pytest.raises(ValidationFailed) as refused, unit_of_work():
        discounts.update(made.id, {"code": "ONE"}, actor=make.SYSTEM, now=make.NOW)
    assert refused.value.fields.keys() == {"code"}
    with unit_of_work():
        discounts.update(made.id, {"title": "Other"}, actor=make.SYSTEM, now=make.NOW)
    assert discounts.get(made.id).promotion.title == "Other"


def test_one_that_is_deleted_while_it_is_made_leaves_nothing_and_nobody_failing() -> None:
    made, batch = ordered()
    make_some(batch, 10)
    assert remove(made)
    for table in (Promotion, PromotionBatch, PromotionCode):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0
    assert (outbox.drain(batches.TOPIC), waiting()) == (1, 0)


def test_an_archived_one_gets_no_more_codes() -> None:
    made, batch = ordered()
    make_some(batch, 10)
    make.use(make.codes_of(made)[0])
    assert not remove(made)
    with pytest.raises(Archived):
        order(made)
    assert (outbox.drain(batches.TOPIC), waiting()) == (1, 0)
    assert codebook.standing(made.id) == codebook.Standing(25, 10, 1, is_being_made=False)
    assert books.faults() == []


def test_codes_are_found_by_a_part_and_by_whether_they_are_used() -> None:
    made, other = make.batch(count=4, code_prefix="A_"), make.batch(count=1)
    codes = make.codes_of(made)
    make.use(codes[2])
    given_back = make.use(codes[3])
    with unit_of_work():
        discounts.give_back(given_back, make.NOW + timedelta(days=1))

    def found(**asked: Any) -> list[str]:
        return [code.code for code in db.session.scalars(codebook.codes(made.id, **asked))]

    assert found() == codes
    assert found(search=f" {codes[1][3:].lower()}") == [codes[1]]
    assert found(search="a_") == codes
    assert found(search="%") == []
    assert found(is_used=True) == [codes[2]]
    assert found(is_used=False) == [codes[0], codes[1], codes[3]]
    used = db.session.scalars(select(PromotionCode).where(PromotionCode.used_count == 1)).one()
    assert [use.code_id for use in codebook.uses_of([used.id]).values()] == [used.id]
    assert list(codebook.rows(codebook.codes(made.id)))[2:] == [
        (codes[2], True, make.NOW),
        (codes[3], False, None),
    ]
    assert len(make.codes_of(other)) == 1


def test_the_rows_of_a_file_come_a_thousand_a_statement() -> None:
    made = make.batch(count=2001)
    codes, query = make.codes_of(made), codebook.codes(made.id)
    with count_statements() as sent:
        assert [code for code, _is_used, _at in codebook.rows(query)] == codes
    assert len(sent) == 3, sent
