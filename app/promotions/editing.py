"""Making, changing and removing promotions, for every kind. Callers own the transaction.

Whoever changes a promotion holds its row, so that two who edit it come one after the other, and the second is told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts import desk
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.errors import NotFound
from app.kit.db import Base, db, violated
from app.promotions import active
from app.promotions.errors import Archived, CannotOpen, DuplicateCode, Stale
from app.promotions.models import BY_PERSON, Promotion, PromotionBatch, PromotionCode, PromotionUse
from app.promotions.service import CODE_USED_UP, ENTITY, lock_promotion

DELETED_AT_ONCE = 10_000


_REFERRING_TO_CODES: list[InstrumentedAttribute[Any]] = []
_REFERRING: list[InstrumentedAttribute[Any]] = []


def add(promotion: Promotion, code: str | None, actor: audit.Actor, now: datetime) -> None:
    """Keep a new promotion and its code. Raises DuplicateCode."""
    promotion.created_at = promotion.updated_at = now
    promotion.created_by = promotion.updated_by = actor.user_id
    db.session.add(promotion)
    db.session.flush()
    if not promotion.is_active:
        promotion.deactivated_by = BY_PERSON
    if code is not None:
        db.session.add(PromotionCode(promotion_id=promotion.id, code=code))
        _flush_code()


def lock_for_change(promotion_id: int, kind: str | None, version: int | None, *, to_delete: bool = False) -> Promotion:
    """The promotion, held until the transaction ends. Raises NotFound, Archived, or Stale where `version` is old.

    `to_delete` it, nobody may begin to refer to it either.
    """
    promotion = lock_promotion(promotion_id, to_delete=to_delete)
    if promotion is None or kind not in {None, promotion.kind}:
        raise NotFound
    if promotion.archived_at is not None:
        raise Archived
    if version is not None and version != promotion.version:
        raise _stale(promotion, version)
    return promotion


def change(promotion: Promotion, values: Mapping[str, Any], now: datetime) -> None:
    """Set these columns of a promotion that is held. Raises CannotOpen.

    Who names the switch means it: off is a person's doing from then on, even where the system was faster. Who doesn't
    name it lets what only the system had closed open again.
    """
    values = dict(values)
    wanted = values.pop("is_active", None)
    was_active = promotion.is_active
    set_columns(promotion, values)
    if wanted is None:
        promotion.reopen(now)
    elif not wanted:
        promotion.is_active, promotion.deactivated_by = False, BY_PERSON
    elif not was_active or promotion.has_ended(now):
        _switch_on(promotion, now)


def set_columns(row: Base, values: Mapping[str, Any]) -> None:
    for column, value in values.items():
        setattr(row, column, value)


def change_code(promotion_id: int, code: str) -> None:
    """Give the promotion another code. Raises DuplicateCode."""
    row = single_code(promotion_id)
    if row is not None and row.code != code:
        row.code = code
        _flush_code()


def note_creation(promotion: Promotion, after: dict[str, Any], actor: audit.Actor) -> None:
    after = {**after, "version": promotion.version}
    audit.record(actor, "promotion.created", ENTITY, promotion.id, after=after)
    active.drop()
    db.session.flush()


def note_change(  # noqa: PLR0913, PLR0917
    promotion: Promotion, action: str, before: dict[str, Any], after: dict[str, Any], actor: audit.Actor, now: datetime
) -> None:
    """Count the version up and write down the change, if anything is different."""
    if before == after:
        return
    promotion.version += 1
    promotion.updated_at, promotion.updated_by = now, actor.user_id
    before, after = {**before, "version": promotion.version - 1}, {**after, "version": promotion.version}
    audit.record(actor, action, ENTITY, promotion.id, before=before, after=after)
    active.drop()
    db.session.flush()


def note_change_of_switch(  # noqa: PLR0913, PLR0917
    promotion: Promotion,
    before: dict[str, Any],
    after: dict[str, Any],
    closed_by: str | None,
    actor: audit.Actor,
    now: datetime,
) -> None:
    """The same of a change of terms; one that is off may be so by somebody else (before: `closed_by`) all the same."""
    if after["is_active"] == before["is_active"]:
        before, after = before | {"deactivated_by": closed_by}, after | {"deactivated_by": promotion.deactivated_by}
    note_change(promotion, "promotion.changed", before, after, actor, now)


def refers_to_codes(column: InstrumentedAttribute[Any]) -> None:
    """Tell that this column of another room refers to codes: while it does, their promotion isn't deleted."""
    if column not in _REFERRING_TO_CODES:
        _REFERRING_TO_CODES.append(column)


def refers_to_promotions(column: InstrumentedAttribute[Any]) -> None:
    """The same of a column that refers to promotions themselves."""
    if column not in _REFERRING:
        _REFERRING.append(column)


def is_referred_to(promotion: Promotion) -> bool:
    """Whether uses, even those given back, or another room's rows refer to it: then it is archived, never deleted."""
    codes = select(PromotionCode.id).where(PromotionCode.promotion_id == promotion.id)
    referring = [exists().where(column.in_(codes)) for column in _REFERRING_TO_CODES]
    referring += [exists().where(column == promotion.id) for column in (PromotionUse.promotion_id, *_REFERRING)]
    return bool(db.session.scalar(select(or_(*referring))))


def referred_to(promotion_ids: Sequence[int]) -> set[int]:
    """Those of them that something refers to, in one statement. Uses are found by their codes, so these must be few."""
    if not promotion_ids:
        return set()
    codes = select(PromotionCode.id).where(PromotionCode.promotion_id == Promotion.id).correlate(Promotion)
    referring = [exists().where(column.in_(codes)) for column in (PromotionUse.code_id, *_REFERRING_TO_CODES)]
    referring += [exists().where(column == Promotion.id) for column in _REFERRING]
    return set(db.session.scalars(select(Promotion.id).where(Promotion.id.in_(promotion_ids), or_(*referring))))


def delete_unused(promotion: Promotion, snapshot: dict[str, Any], actor: audit.Actor) -> None:
    """Delete a promotion that nothing refers to, with its codes and batches; its kind's own row must be gone."""
    _delete_codes(promotion.id)
    db.session.delete(promotion)
    db.session.flush()
    audit.record(actor, "promotion.deleted", ENTITY, promotion.id, before=snapshot)
    active.drop()


def single_code(promotion_id: int) -> PromotionCode | None:
    """The promotion's one code, unless it has none or a batch."""
    query = select(PromotionCode).where(PromotionCode.promotion_id == promotion_id, PromotionCode.batch_id.is_(None))
    return db.session.scalar(query)


def is_taken(code: str, promotion_id: int | None) -> bool:
    """Whether another promotion has this code already."""
    holder = db.session.scalar(select(PromotionCode.promotion_id).where(PromotionCode.code == code))
    return holder not in {None, promotion_id}


def shared_terms(promotion: Promotion) -> dict[str, Any]:
    """What `rules.Terms` asks of every kind, from its row."""
    return {
        "promotion_id": promotion.id,
        "kind": promotion.kind,
        "title": promotion.title,
        "version": promotion.version,
        "starts_at": promotion.starts_at,
        "ends_at": promotion.ends_at,
        "usage_limit": promotion.usage_limit,
        "per_user_limit": promotion.per_user_limit,
        "min_amount_cents": promotion.min_amount_cents,
        "requires_account": promotion.requires_account,
        "auto_deactivates": promotion.auto_deactivate_on_max_uses,
    }


def history(promotion_id: int, limit: int = 50) -> Sequence[AuditEntry]:
    """Who changed what, newest first. That single-use codes were used is no change, and told where they are listed."""
    query = audit.entries(audit.Filters(entity=ENTITY, entity_id=str(promotion_id)))
    return db.session.scalars(query.where(AuditEntry.action != CODE_USED_UP).limit(limit)).all()


def _lock_batches(promotion_id: int) -> None:
    """Whoever is making codes finishes those at hand first, and then finds no batch: none comes after a deletion."""
    batches = select(PromotionBatch.id).where(PromotionBatch.promotion_id == promotion_id)
    db.session.execute(batches.order_by(PromotionBatch.id).with_for_update())


def _delete_codes(promotion_id: int) -> None:
    _lock_batches(promotion_id)
    ours = select(PromotionCode.id).where(PromotionCode.promotion_id == promotion_id).limit(DELETED_AT_ONCE)
    while codes := db.session.scalars(ours).all():  # no statement of ours may take longer than PostgreSQL lets it
        db.session.execute(delete(PromotionCode).where(PromotionCode.id.in_(codes)))
    db.session.execute(delete(PromotionBatch).where(PromotionBatch.promotion_id == promotion_id))


def as_it_was(promotion_id: int, version: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """These fields as they were at an earlier version, by what the log says of the changes since."""
    was = dict(fields)
    for entry in _since(promotion_id, version):
        was |= {name: _as_kept(name, value) for name, value in (entry.before or {}).items() if name in fields}
    return was


def _since(promotion_id: int, version: int) -> Sequence[AuditEntry]:
    """What changed it after this version, newest first."""
    return [each for each in history(promotion_id) if ((each.after or {}).get("version") or 0) > version]


def _as_kept(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in {"starts_at", "ends_at"} and value else value


def _switch_on(promotion: Promotion, now: datetime) -> None:
    if promotion.has_ended(now):
        raise CannotOpen(_l("Its end has passed. Choose a later end first."), field="ends_at")
    if promotion.is_used_up:
        raise CannotOpen(_l("All its uses are taken. Raise the usage limit first, or remove it."), field="usage_limit")
    promotion.is_active, promotion.deactivated_by, promotion.auto_deactivated_at = True, None, None


def _flush_code() -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        if violated(error, "uq_promotion_codes_code"):
            raise DuplicateCode(field="code") from None
        raise


def _stale(promotion: Promotion, version: int) -> Stale:
    """Who changed what since this version."""
    newer = _since(promotion.id, version)
    names = desk.shown_names_of({each.actor_id for each in newer if each.actor_id is not None})
    who = list(dict.fromkeys(names.get(each.actor_id or 0, each.actor_label) for each in newer))
    changed = list(dict.fromkeys(name for each in newer for name in (each.after or {}) if name != "version"))
    return Stale(who=who, changed=changed, version=promotion.version)
