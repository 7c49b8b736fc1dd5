"""Ending promotions for good: at once, or into the archive. Callers own the transaction.

What is archived stays as it is: uses, claims and invoices go on referring to it, and its code stays taken.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.audit import service as audit
from app.kit.db import Base, db
from app.promotions import editing, kinds, service
from app.promotions.errors import ActiveClaims, NotStarted
from app.promotions.models import BY_PERSON, BY_SYSTEM, ArchivedPromotion, Promotion, PromotionUse

KEPT_AFTER_END = timedelta(days=90)


def expire(promotion_id: int, *, actor: audit.Actor, now: datetime) -> Promotion:
    """Let it end now; a later end opens it again. One that is over stays so. Raises NotFound, Archived, NotStarted."""
    promotion = editing.lock_for_change(promotion_id, None, None)
    if promotion.has_ended(now):
        return promotion
    if promotion.starts_at is not None and promotion.starts_at >= now:
        raise NotStarted
    before = {"ends_at": promotion.ends_at, "is_active": promotion.is_active}
    promotion.ends_at = now
    if promotion.is_active:
        promotion.is_active, promotion.deactivated_by = False, BY_SYSTEM
    after = {"ends_at": now, "is_active": False}
    editing.note_change(promotion, "promotion.expired", before, after, actor, now)
    return promotion


def archive(promotion_id: int, *, actor: audit.Actor, now: datetime, version: int | None = None) -> Promotion:
    """Put it into the archive. Raises NotFound, Archived, Stale, and ActiveClaims while something runs on it."""
    promotion = editing.lock_for_change(promotion_id, None, version)
    kind = kinds.named(promotion.kind)
    if not kind.outlives and kind.has_active(promotion_id):
        raise ActiveClaims
    lay_down(promotion, actor, now)
    return promotion


def remove(promotion: Promotion, own: Base, fields: dict[str, Any], actor: audit.Actor, now: datetime) -> bool:
    """Delete one that is held, with the row of its kind, or archive what something refers to; whether it is gone.

    `fields` are what it was, for the log.
    """
    if editing.is_referred_to(promotion):
        lay_down(promotion, actor, now)
        return False
    db.session.delete(own)
    db.session.flush()
    editing.delete_unused(promotion, fields, actor)
    return True


def lay_down(promotion: Promotion, actor: audit.Actor, now: datetime) -> None:
    """The same for one that is held already, and that nothing runs on."""
    status = promotion.status(now)
    db.session.add(ArchivedPromotion(promotion_id=promotion.id, archived_at=now, snapshot=_snapshot(promotion, status)))
    promotion.archived_at = now
    if promotion.is_active:
        promotion.is_active, promotion.deactivated_by = False, BY_PERSON
    editing.note_change(promotion, "promotion.archived", {"status": status}, {"status": "archived"}, actor, now)


def long_over(now: datetime) -> Sequence[int]:
    """Ids of promotions that ended more than 90 days ago and aren't archived yet."""
    query = select(Promotion.id).where(Promotion.archived_at.is_(None), Promotion.ends_at < now - KEPT_AFTER_END)
    return db.session.scalars(query.order_by(Promotion.id)).all()


def archive_if_long_over(promotion_id: int, now: datetime) -> bool:
    """Archive it, unless somebody did so, or gave it a later end, or something runs on it; whether it was."""
    promotion = service.lock_promotion(promotion_id)
    if promotion is None or promotion.archived_at is not None:
        return False
    is_over = promotion.ends_at is not None and promotion.ends_at < now - KEPT_AFTER_END
    if not is_over or kinds.named(promotion.kind).has_active(promotion_id):
        return False
    lay_down(promotion, audit.SYSTEM, now)
    return True


def _snapshot(promotion: Promotion, status: str) -> dict[str, Any]:
    """All that was promised, and what came of it."""
    live, people, value = db.session.execute(
        select(
            func.count(),
            func.count(PromotionUse.person.distinct()),
            func.coalesce(func.sum(PromotionUse.value_cents), 0),
        ).where(PromotionUse.promotion_id == promotion.id, PromotionUse.released_at.is_(None))
    ).one()
    fields = kinds.named(promotion.kind).fields_of(promotion.id)
    kept = {"kind": promotion.kind, "status": status, "version": promotion.version, **fields}
    return {**audit.plain(kept), "uses": int(live), "people": int(people), "value_cents": int(value)}
