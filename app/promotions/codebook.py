"""The codes of a promotion's batches: counted, found, and told row by row. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select

from app.kit.db import db
from app.kit.text import like, normalise_code
from app.promotions.models import Promotion, PromotionBatch, PromotionCode, PromotionUse

AT_ONCE = 1000
LIVE = PromotionUse.released_at.is_(None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many codes were ordered, are made, and are used; and whether more are being made."""

    wanted: int
    made: int
    used: int
    is_being_made: bool

    @property
    def stamp(self) -> str:
        """Another one as soon as anything of it changes."""
        return f"{self.made}-{self.used}-{self.is_being_made:d}"

    @property
    def left(self) -> int:
        return self.made - self.used


def standing(promotion_id: int) -> Standing:
    """In one statement. Each code has one use, so the promotion's counter tells how many are used."""
    unfinished = exists().where(
        PromotionBatch.promotion_id == Promotion.id,
        PromotionBatch.finished_at.is_(None),
        Promotion.archived_at.is_(None),
    )
    wanted, made, used, is_being_made = db.session.execute(
        select(
            func.coalesce(func.sum(PromotionBatch.wanted), 0),
            func.coalesce(func.sum(PromotionBatch.made), 0),
            Promotion.used_count,
            unfinished.correlate(Promotion),
        )
        .outerjoin(PromotionBatch, PromotionBatch.promotion_id == Promotion.id)
        .where(Promotion.id == promotion_id)
        .group_by(Promotion.id)
    ).one()
    return Standing(int(wanted), int(made), used, bool(is_being_made))


def codes(promotion_id: int, *, search: str = "", is_used: bool | None = None) -> Select[PromotionCode]:
    """The codes with this text in them, in the order in which they were made."""
    query = select(PromotionCode).where(PromotionCode.promotion_id == promotion_id, PromotionCode.batch_id.is_not(None))
    if search.strip():
        query = query.where(PromotionCode.code.like(like(normalise_code(search)), escape="\\"))
    if is_used is not None:
        query = query.where(PromotionCode.used_count > 0 if is_used else PromotionCode.used_count == 0)
    return query.order_by(PromotionCode.id)


def uses_of(code_ids: Sequence[int]) -> dict[int, PromotionUse]:
    """The use that each of these codes was spent on, by the code's id; uses that were given back don't count."""
    found = db.session.scalars(select(PromotionUse).where(PromotionUse.code_id.in_(code_ids), LIVE))
    return {use.code_id: use for use in found if use.code_id is not None}


def rows(query: Select[PromotionCode]) -> Iterator[tuple[str, bool, datetime | None]]:
    """Each code, whether it is used, and since when.

    A thousand a statement; between two of them no connection is held, however slowly the rows are taken.
    """
    used_at = select(func.max(PromotionUse.taken_at)).where(PromotionUse.code_id == PromotionCode.id, LIVE)
    told = query.with_only_columns(
        PromotionCode.id, PromotionCode.code, PromotionCode.used_count, used_at.scalar_subquery()
    )
    last = 0
    while True:
        found = db.session.execute(told.where(PromotionCode.id > last).limit(AT_ONCE)).all()
        db.session.rollback()
        for last, code, used_count, at in found:  # noqa: B007 the last id is where to go on
            yield code, used_count > 0, at
        if len(found) < AT_ONCE:
            return
