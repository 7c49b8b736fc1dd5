"""What other rooms may ask: find a promotion by its code, take a use, give it back. Callers own the transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, false, func, literal, or_, select, update
from sqlalchemy.engine import Row

from app.audit import service as audit
from app.kit.cache import Editions
from app.kit.db import db, insert
from app.promotions import active
from app.promotions.errors import SwitchedOff, UsageLimitReached, UserLimitReached
from app.promotions.models import BY_SYSTEM, Promotion, PromotionCode, PromotionUse
from app.promotions.rules import Context

ENTITY = "promotion"
CODE_USED_UP = "promotion.code_used_up"
editions = Editions()
# the upkeep switches off what has ended, but whether a moment is before the end is told by the clock alone
ONLY_ENDED = func.coalesce(
    and_(Promotion.deactivated_by == BY_SYSTEM, Promotion.auto_deactivated_at.is_(None)),
    false(),
)


def finding(kind: str, *own: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """The one statement that finds a code of this kind, by `:code` or `:code_id`, with what is never cached about it.

    That is: its counters, its switches, and what `:person` did with it. `own` adds what a kind's rules need.
    """
    found = select(*_never_cached(), *own).join(Promotion, Promotion.id == PromotionCode.promotion_id)
    return found.where(Promotion.kind == kind)


def finding_promotion(which_code: ColumnElement[bool], *own: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """The same of a promotion of any kind, by `:promotion_id`, with that one of its codes, if it has it."""
    its_code = and_(PromotionCode.promotion_id == Promotion.id, which_code)
    found = select(*_never_cached(), Promotion.kind, *own).select_from(Promotion).outerjoin(PromotionCode, its_code)
    return found.where(Promotion.id == bindparam("promotion_id"))


def _never_cached() -> Sequence[ColumnElement[Any]]:
    person_uses = (
        select(func.count())
        .where(
            PromotionUse.promotion_id == Promotion.id,
            PromotionUse.person == bindparam("person"),
            PromotionUse.released_at.is_(None),
        )
        .correlate(Promotion)
        .scalar_subquery()
    )
    return (
        PromotionCode.id.label("code_id"),
        PromotionCode.code.expression,
        PromotionCode.used_count.label("code_used_count"),
        PromotionCode.usage_limit.label("code_usage_limit"),
        Promotion.id.label("promotion_id"),
        Promotion.version.expression,
        Promotion.updated_at.expression,
        or_(Promotion.is_active, ONLY_ENDED).label("is_active"),
        Promotion.archived_at.expression,
        Promotion.used_count.expression,
        person_uses.label("person_uses"),
    )


def context_of(found: Row[Any], *, now: datetime, **given: Any) -> Context:
    """What the rules may see of a code that was found, with what the caller adds."""
    return Context(
        now=now,
        is_active=found.is_active,
        is_archived=found.archived_at is not None,
        used_count=found.used_count,
        code_used_count=found.code_used_count or 0,
        code_usage_limit=found.code_usage_limit,
        person_uses=found.person_uses,
        **given,
    )


def is_limited(code_id: int) -> bool:
    """Whether what one person holds of this code may be missing to another."""
    limited = or_(Promotion.usage_limit.is_not(None), PromotionCode.usage_limit.is_not(None))
    query = select(PromotionCode.id).join(Promotion, Promotion.id == PromotionCode.promotion_id)
    return bool(db.session.scalar(select(exists(query.where(PromotionCode.id == code_id, limited)))))


def take_use(  # noqa: PLR0913
    promotion_id: int,
    code_id: int | None,
    *,
    person: str,
    purpose: str,
    value_cents: int,
    now: datetime,
    as_of: datetime | None = None,
) -> int:
    """Take one use and return its id; the last thing to do in a transaction, since the promotion's row stays locked.

    It is decided by the clock of the request (`as_of`, else `now`), whatever has switched off at the end meanwhile.
    Raises UsageLimitReached, UserLimitReached or SwitchedOff; then the caller's transaction must not be committed.
    Taking the last use switches the promotion, or the code of a batch, off.
    """
    promotion = _count_up(promotion_id, now, as_of or now)
    if promotion is None:
        raise _why_not(promotion_id)
    code = _count_code_up(code_id, now) if code_id is not None else None
    if code_id is not None and code is None:
        raise UsageLimitReached
    use_id = _fill_next_slot(
        promotion_id=promotion_id,
        code_id=code_id,
        person=person,
        purpose=purpose,
        value_cents=value_cents,
        ordinal=promotion.used_count,
        code_ordinal=code.used_count if code else None,
        usage_limit=promotion.usage_limit,
        code_usage_limit=code.usage_limit if code else None,
        per_user_limit=promotion.per_user_limit,
        taken_at=now,
    )
    if use_id is None:
        raise UserLimitReached
    _note_last_use(promotion, code, now)
    return use_id


def give_back(purpose: str, now: datetime, *, is_refund: bool = False) -> int:
    """Give back every live use taken for this purpose; how many. Doing it again does nothing.

    After a refund, only where the promotion says so. Switches on again what only its last use had switched off.
    """
    live = [PromotionUse.purpose == purpose, PromotionUse.released_at.is_(None)]
    if is_refund:
        live.append(PromotionUse.promotion_id.in_(select(Promotion.id).where(Promotion.release_on_refund)))
    held = select(PromotionUse.promotion_id).where(*live).order_by(PromotionUse.promotion_id)
    return sum(_give_back_one(each, purpose, now) for each in db.session.scalars(held).all())


def _give_back_one(promotion_id: int, purpose: str, now: datetime) -> bool:
    promotion = lock_promotion(promotion_id)
    released = db.session.execute(
        update(PromotionUse)
        .where(
            PromotionUse.promotion_id == promotion_id,
            PromotionUse.purpose == purpose,
            PromotionUse.released_at.is_(None),
        )
        .values(released_at=now)
        .returning(PromotionUse.code_id, PromotionUse.person, PromotionUse.slot)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if promotion is None or released is None:
        return False
    _close_gap(promotion_id, released.person, released.slot)
    if released.code_id is not None:
        _count_code_down(released.code_id)
    promotion.used_count -= 1
    if promotion.reopen(now):
        promotion.version += 1
        _note_switch(promotion, "promotion.reopened")
    db.session.flush()
    return True


def lock_promotion(promotion_id: int, *, to_delete: bool = False) -> Promotion | None:
    """The promotion as it is now, locked until the transaction ends. Always locked before its codes and uses.

    Others may go on referring to it, unless it is `to_delete`.
    """
    return db.session.scalar(
        select(Promotion)
        .where(Promotion.id == promotion_id)
        .with_for_update(key_share=not to_delete)
        .execution_options(populate_existing=True)
    )


def _count_up(promotion_id: int, now: datetime, as_of: datetime) -> Row[*tuple[Any, ...]] | None:
    """Count one use, unless the limit is reached: the condition and the change are one statement."""
    before_end = or_(Promotion.ends_at.is_(None), Promotion.ends_at > as_of)
    is_open = and_(or_(Promotion.is_active, ONLY_ENDED), before_end)
    below_limit = or_(Promotion.usage_limit.is_(None), Promotion.used_count < Promotion.usage_limit)
    is_last = Promotion.auto_deactivate_on_max_uses & (Promotion.used_count + 1 >= Promotion.usage_limit)
    return db.session.execute(
        update(Promotion)
        .where(Promotion.id == promotion_id, is_open, Promotion.archived_at.is_(None), below_limit)
        .values(
            used_count=Promotion.used_count + 1,
            is_active=case((is_last, False), else_=Promotion.is_active),
            deactivated_by=case((is_last, BY_SYSTEM), else_=Promotion.deactivated_by),
            auto_deactivated_at=case((is_last, now), else_=Promotion.auto_deactivated_at),
            version=case((is_last, Promotion.version + 1), else_=Promotion.version),
        )
        .returning(
            Promotion.id,
            Promotion.is_active,
            Promotion.used_count,
            Promotion.usage_limit,
            Promotion.per_user_limit,
            Promotion.auto_deactivated_at,
            Promotion.version,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()


def _count_code_up(code_id: int, now: datetime) -> Row[*tuple[Any, ...]] | None:
    below_limit = or_(PromotionCode.usage_limit.is_(None), PromotionCode.used_count < PromotionCode.usage_limit)
    is_last = PromotionCode.used_count + 1 >= PromotionCode.usage_limit
    auto_deactivates = (
        select(Promotion.auto_deactivate_on_max_uses)
        .where(Promotion.id == PromotionCode.promotion_id)
        .correlate(PromotionCode)
        .scalar_subquery()
    )
    closed_at = case((is_last & auto_deactivates, now), else_=PromotionCode.auto_deactivated_at)
    return db.session.execute(
        update(PromotionCode)
        .where(PromotionCode.id == code_id, below_limit)
        .values(used_count=PromotionCode.used_count + 1, auto_deactivated_at=closed_at)
        .returning(
            PromotionCode.code,
            PromotionCode.used_count,
            PromotionCode.usage_limit,
            PromotionCode.auto_deactivated_at,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()


def _fill_next_slot(**use: Any) -> int | None:
    """Insert the use in the person's next slot, unless that is beyond the limit per person."""
    next_slot = func.coalesce(func.max(PromotionUse.slot), 0) + 1
    given = {PromotionUse.__table__.c[name]: value for name, value in use.items()}
    rows = select(*(literal(value, column.type) for column, value in given.items()), next_slot).where(
        PromotionUse.promotion_id == use["promotion_id"],
        PromotionUse.person == use["person"],
        PromotionUse.released_at.is_(None),
    )
    if use["per_user_limit"] is not None:
        rows = rows.having(next_slot <= use["per_user_limit"])
    return db.session.scalar(
        insert(PromotionUse).from_select([*(column.name for column in given), "slot"], rows).returning(PromotionUse.id)
    )


def _close_gap(promotion_id: int, person: str, slot: int) -> None:
    """Let the person's highest slot take the place of the one given back, so that slots stay 1 to n."""
    mine = (
        PromotionUse.promotion_id == promotion_id,
        PromotionUse.person == person,
        PromotionUse.released_at.is_(None),
    )
    highest = select(func.max(PromotionUse.slot)).where(*mine).scalar_subquery()
    db.session.execute(
        update(PromotionUse)
        .where(*mine, PromotionUse.slot > slot, PromotionUse.slot == highest)
        .values(slot=slot)
        .execution_options(synchronize_session=False)
    )


def _count_code_down(code_id: int) -> None:
    is_still_full = PromotionCode.used_count - 1 >= PromotionCode.usage_limit
    db.session.execute(
        update(PromotionCode)
        .where(PromotionCode.id == code_id)
        .values(
            used_count=PromotionCode.used_count - 1,
            auto_deactivated_at=case((is_still_full, PromotionCode.auto_deactivated_at), else_=None),
        )
        .execution_options(synchronize_session=False)
    )


def ended(now: datetime, *, limit: int = 500) -> Sequence[int]:
    """Ids of promotions that are switched on though their end has passed."""
    query = select(Promotion.id).where(Promotion.is_active, Promotion.ends_at <= now)
    return db.session.scalars(query.order_by(Promotion.id).limit(limit)).all()


def close_ended(promotion_id: int, now: datetime) -> None:
    """Switch it off, unless somebody has given it a later end meanwhile."""
    promotion = lock_promotion(promotion_id)
    if promotion is None or not promotion.is_active or not promotion.has_ended(now):
        return
    promotion.is_active, promotion.deactivated_by = False, BY_SYSTEM
    promotion.version += 1
    _note_switch(promotion, "promotion.ended")


def _note_last_use(promotion: Row[*tuple[Any, ...]], code: Row[*tuple[Any, ...]] | None, now: datetime) -> None:
    """Write down what the use that was just counted has switched off, if it did."""
    if promotion.auto_deactivated_at == now:
        _note_switch(promotion, "promotion.used_up")
    if code and code.auto_deactivated_at == now:
        audit.record(audit.SYSTEM, CODE_USED_UP, ENTITY, promotion.id, after={"code": code.code})


def _note_switch(promotion: Promotion | Row[*tuple[Any, ...]], action: str) -> None:
    """Write down what the system switched."""
    active.drop()
    is_active = bool(promotion.is_active)
    audit.record(
        audit.SYSTEM,
        action,
        ENTITY,
        promotion.id,
        before={"is_active": not is_active, "version": promotion.version - 1},
        after={"is_active": is_active, "version": promotion.version},
    )


def _why_not(promotion_id: int) -> UsageLimitReached | SwitchedOff:
    promotion = db.session.get(Promotion, promotion_id, populate_existing=True)
    return UsageLimitReached() if promotion is not None and promotion.is_used_up else SwitchedOff()
