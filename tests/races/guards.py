"""The guards of uses, taken off one by one, to see that the races need them. Product code has no such switch."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, literal, null, select, update

from app.kit.db import db, insert
from app.promotions.models import Promotion, PromotionBatch, PromotionCode, PromotionUse


def count_up_without_limit(promotion_id: int, now: datetime, as_of: datetime) -> Row[*tuple[Any, ...]] | None:  # noqa: ARG001
    """`promotions.service._count_up` for those who trust what they have read before."""
    return _counted_up(promotion_id, null().label("usage_limit"))


def count_up_knowing_the_limit(promotion_id: int, now: datetime, as_of: datetime) -> Row[*tuple[Any, ...]] | None:  # noqa: ARG001
    """The same, but the use keeps the limit in force."""
    return _counted_up(promotion_id, Promotion.usage_limit)


def _counted_up(promotion_id: int, usage_limit: Any) -> Row[*tuple[Any, ...]] | None:
    return db.session.execute(
        update(Promotion)
        .where(Promotion.id == promotion_id)
        .values(used_count=Promotion.used_count + 1)
        .returning(
            Promotion.id,
            Promotion.is_active,
            Promotion.used_count,
            usage_limit,
            Promotion.per_user_limit,
            null().label("auto_deactivated_at"),
            Promotion.version,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()


def count_code_up_without_limit(code_id: int, now: datetime) -> Row[*tuple[Any, ...]] | None:  # noqa: ARG001
    """`promotions.service._count_code_up` for those who trust what they have read before."""
    return db.session.execute(
        update(PromotionCode)
        .where(PromotionCode.id == code_id)
        .values(used_count=PromotionCode.used_count + 1)
        .returning(
            PromotionCode.code,
            PromotionCode.used_count,
            null().label("usage_limit"),
            null().label("auto_deactivated_at"),
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()


def read_batch_unlocked(batch_id: int) -> PromotionBatch | None:
    """`promotions.batches._lock_unfinished` for those who trust that nobody else is at it."""
    return db.session.get(PromotionBatch, batch_id, populate_existing=True)


def fill_slot_without_limit(**use: Any) -> int | None:
    """`promotions.service._fill_next_slot` for those who trust what they have read before."""
    columns = PromotionUse.__table__.c
    given = {name: value for name, value in use.items() if name != "per_user_limit"}
    next_slot = (
        select(func.coalesce(func.max(PromotionUse.slot), 0) + 1)
        .where(PromotionUse.promotion_id == use["promotion_id"], PromotionUse.person == use["person"])
        .scalar_subquery()
    )
    row: Select[Any] = select(*(literal(value, columns[name].type) for name, value in given.items()), next_slot)
    return db.session.scalar(insert(PromotionUse).from_select([*given, "slot"], row).returning(PromotionUse.id))


def give_back_without_looking(promotion_id: int, purpose: str, now: datetime) -> bool:
    """`promotions.service._give_back_one` for those who trust that the use is still live."""
    db.session.execute(update(PromotionUse).where(PromotionUse.purpose == purpose).values(released_at=now))
    db.session.execute(
        update(Promotion).where(Promotion.id == promotion_id).values(used_count=Promotion.used_count - 1)
    )
    return True
