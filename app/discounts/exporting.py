"""Discount codes as rows of a file, read a batch at a time."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import contains_eager

from app.discounts import sheet
from app.discounts.editing import columns_of
from app.discounts.models import Discount
from app.kit import lists
from app.kit.sheets import Cell
from app.promotions.listing import narrowed
from app.promotions.models import Promotion, PromotionCode

COLUMNS = (*sheet.COLUMNS, *sheet.TOLD_ONLY)
BATCH = 500
Cells = tuple[Cell, ...]


def rows(*, search: str = "", status: str = "", zone: ZoneInfo, now: datetime) -> Iterator[Cells]:
    """The cells of COLUMNS for each discount with a single code that the list shows, in the order they were made."""
    code = and_(PromotionCode.promotion_id == Promotion.id, PromotionCode.batch_id.is_(None))
    query = cast("Select[Any]", select(Discount, PromotionCode.code))
    query = query.join(Discount.promotion).join(PromotionCode, code)
    query = narrowed(query.options(contains_eager(Discount.promotion)), search=search, status=status, now=now)
    return lists.stream(query, Promotion.id, lambda discount, code: _cells(discount, code, zone, now), size=BATCH)


def _cells(discount: Discount, code: str, zone: ZoneInfo, now: datetime) -> Cells:
    promotion = discount.promotion
    written = sheet.cells(code, columns_of(promotion, discount), zone)
    return (*written.values(), promotion.status(now), promotion.used_count)
