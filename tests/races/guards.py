"""The guards of uses and claims, taken off one by one: races need them. Product code has no such switch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, null, select, update

from app.accounts.persons import Person
from app.deals.models import Deal, PromotionClaim
from app.deals.rules import DealTerms
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


def trust_the_session(_terms: object, _shopper: object) -> bool:
    """`deals.claiming._carries_by_itself` for those who trust what they have read before."""
    return True


def count_claim_unseen(terms: DealTerms, person: str, now: datetime, *, seen: int | None) -> Row[int, int] | None:  # noqa: ARG001
    """`deals.claiming._count_up` for those who trust what they have read before."""
    mine = (PromotionClaim.promotion_id == terms.promotion_id, PromotionClaim.person == person)
    return db.session.execute(
        update(PromotionClaim)
        .where(*mine)
        .values(claim_count=PromotionClaim.claim_count + 1, claimed_ingame=False, updated_at=now)
        .returning(PromotionClaim.id, PromotionClaim.claim_count)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def read_claim_unlocked(claim_id: int) -> PromotionClaim:
    """`deals.claiming._lock` for those who trust that nobody else is at it."""
    return db.session.get_one(PromotionClaim, claim_id, populate_existing=True)


def read_claims_unlocked(*conditions: ColumnElement[bool]) -> Sequence[PromotionClaim]:
    """`deals.spending.lock_claims` for the same."""
    query = select(PromotionClaim).where(*conditions).order_by(PromotionClaim.promotion_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def write_down_again(deals: Sequence[Row[int, bool]], invoice_id: int, person: Person, **spent: Any) -> Sequence[int]:  # noqa: ARG001
    """`deals.spending._write_down` for those who trust that a payment is told once."""
    return [each.id for each in deals]


def running_unlocked(moment: datetime) -> Sequence[Row[int, bool]]:
    """`deals.spending._running_at` for those who trust that a deal stays."""
    query = select(Promotion.id, Deal.auto_claim).join(Deal, Deal.promotion_id == Promotion.id)
    return db.session.execute(query.where(Promotion.starts_at <= moment, Promotion.ends_at > moment)).all()
