"""How the promotions do, for those who run them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from app.kit.db import db
from app.promotions.models import Promotion, PromotionUse


@dataclass(frozen=True, slots=True)
class Figures:
    """Promotions of every kind, those open right now, and the live uses of a period with their value in cents."""

    promotions: int
    active: int
    uses: int
    value_cents: int


def figures(since: datetime, now: datetime) -> Figures:
    """Two statements, whatever there is. Active is what `Promotion.status` calls so."""
    is_open = (
        Promotion.is_active,
        or_(Promotion.starts_at.is_(None), Promotion.starts_at <= now),
        or_(Promotion.ends_at.is_(None), Promotion.ends_at > now),
        or_(Promotion.usage_limit.is_(None), Promotion.used_count < Promotion.usage_limit),
    )
    counts = db.session.execute(
        select(func.count(), func.count().filter(*is_open)).where(Promotion.archived_at.is_(None))
    ).one()
    uses = db.session.execute(
        select(func.count(), func.coalesce(func.sum(PromotionUse.value_cents), 0)).where(
            PromotionUse.released_at.is_(None), PromotionUse.taken_at >= since
        )
    ).one()
    return Figures(*(int(figure) for figure in (*counts, *uses)))
