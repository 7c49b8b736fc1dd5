"""The books of uses: whether counters, rows and limits agree, and the row where they don't. Repairs nothing."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, or_, select

from app.kit.books import Fault
from app.kit.db import db
from app.promotions.models import Promotion, PromotionBatch, PromotionCode, PromotionUse

LIVE = PromotionUse.released_at.is_(None)


def faults() -> list[Fault]:
    """Every row that contradicts the books: 1 (counters, batches and limits), 2 (limits per person)."""
    counters = (*_wrong_counters(Promotion), *_wrong_counters(PromotionCode), *_wrong_batches())
    return [*counters, *_beyond_limits(), *_wrong_slots()]


def _wrong_counters(table: type[Promotion | PromotionCode]) -> Iterator[Fault]:
    """`used_count` is the number of live uses."""
    held_by = PromotionUse.promotion_id if table is Promotion else PromotionUse.code_id
    live = select(func.count()).where(held_by == table.id, LIVE).correlate(table).scalar_subquery()
    wrong = select(table.id, table.used_count, live.label("live")).where(table.used_count != live)
    for row in db.session.execute(wrong.order_by(table.id)):
        yield Fault(1, table.__tablename__, row.id, f"counts {row.used_count} uses, but {row.live} are live")


def _wrong_batches() -> Iterator[Fault]:
    """`made` is the number of codes that a batch has."""
    counted = select(PromotionCode.batch_id, func.count().label("codes")).group_by(PromotionCode.batch_id).subquery()
    codes = func.coalesce(counted.c.codes, 0)
    wrong = (
        select(PromotionBatch.id, PromotionBatch.made, codes.label("codes"))
        .outerjoin(counted, counted.c.batch_id == PromotionBatch.id)
        .where(PromotionBatch.made != codes)
    )
    for row in db.session.execute(wrong.order_by(PromotionBatch.id)):
        yield Fault(1, PromotionBatch.__tablename__, row.id, f"has made {row.made} codes, but there are {row.codes}")


def _beyond_limits() -> Iterator[Fault]:
    """No use was taken beyond a limit in force at that moment, which the use has kept."""
    beyond: tuple[tuple[int, str, ColumnElement[bool]], ...] = (
        (1, "its usage limit", PromotionUse.ordinal > PromotionUse.usage_limit),
        (1, "the limit of its code", PromotionUse.code_ordinal > PromotionUse.code_usage_limit),
        (2, "the limit per person", PromotionUse.slot > PromotionUse.per_user_limit),
    )
    for book, limit, condition in beyond:
        for use_id in db.session.scalars(select(PromotionUse.id).where(condition).order_by(PromotionUse.id)):
            yield Fault(book, PromotionUse.__tablename__, use_id, f"was taken beyond {limit}")


def _wrong_slots() -> Iterator[Fault]:
    """The live uses of a person have the slots 1 to n, so that none hides from the limit."""
    slots = func.count(PromotionUse.slot.distinct())
    query = (
        select(func.min(PromotionUse.id).label("id"), PromotionUse.person, func.count().label("live"))
        .where(LIVE)
        .group_by(PromotionUse.promotion_id, PromotionUse.person)
        .having(or_(slots != func.count(), func.max(PromotionUse.slot) != func.count()))
        .order_by("id")
    )
    for row in db.session.execute(query):
        yield Fault(2, PromotionUse.__tablename__, row.id, f"{row.person} has {row.live} live uses in other slots")
