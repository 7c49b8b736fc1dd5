"""Making, changing, removing and listing discount codes, for every door. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, joinedload, undefer

from app.audit.service import Actor
from app.discounts.models import Discount
from app.errors import NotFound, ValidationFailed
from app.kit.db import db
from app.kit.lists import Page, paginate
from app.promotions import archiving, batches, editing, fields
from app.promotions.errors import DuplicateCode
from app.promotions.fields import Errors, Field, Fields
from app.promotions.listing import narrowed
from app.promotions.models import Promotion

KIND = "discount"
WHOLE = 10_000


OWN: Fields = {
    "discount_type": Field("discount_type", fields.percentage_or_fixed, is_needed=True),
    "discount_value": Field("discount_value", fields.more_than_nothing, fields.shown_amount, is_needed=True),
    "max_discount": Field("max_discount_cents", fields.optional(fields.amount), fields.shown_amount),
    "applicable_categories": Field("applicable_categories", fields.slugs),
    "excluded_categories": Field("excluded_categories", fields.slugs),
    "first_order_only": Field("first_order_only", fields.flag),
}
CODE: Fields = {"code": Field("code", fields.code, is_needed=True)}
FIELDS: Fields = {**CODE, **fields.SHARED, **OWN}


def create(given: Mapping[str, Any], actor: Actor, now: datetime) -> Discount:
    """A new discount with a code or, where `batches.FIELDS` are given instead of one, with many single-use codes.

    Raises ValidationFailed with all that is wrong, or DuplicateCode.
    """
    values, errors = _read(given)
    _validate(values, errors)
    promotion = Promotion(kind=KIND, active_hours=dict(fields.ALWAYS_OPEN))
    editing.set_columns(promotion, fields.within(fields.SHARED, values))
    editing.add(promotion, values.get("code"), actor, now)
    db.session.add(Discount(promotion_id=promotion.id, **fields.within(OWN, values)))
    db.session.flush()
    editing.note_creation(promotion, fields_of(get(promotion.id)), actor)
    if _is_batch(given):
        batches.order(promotion.id, _of_batch(given), actor, now)
    return get(promotion.id)


def update(
    discount_id: int, given: Mapping[str, Any], *, version: int | None = None, actor: Actor, now: datetime
) -> Discount:
    """Change what is named, leave the rest; of active hours too.

    Raises NotFound, Archived, Stale (somebody was faster), ValidationFailed, DuplicateCode or CannotOpen.
    """
    promotion = editing.lock_for_change(discount_id, KIND, version)
    discount = get(discount_id)
    before, closed_by = fields_of(discount), promotion.deactivated_by
    values, errors = _read(fields.with_whole_hours(given, promotion.active_hours), discount)
    _validate(columns_of(promotion, discount) | values, errors)
    editing.change(promotion, fields.within(fields.SHARED, values), now)
    editing.set_columns(discount, fields.within(OWN, values))
    if "code" in values:
        editing.change_code(discount_id, values["code"])
    db.session.flush()
    editing.note_change_of_switch(promotion, before, fields_of(get(discount_id)), closed_by, actor, now)
    return discount


def columns_of(promotion: Promotion, discount: Discount) -> dict[str, Any]:
    """What can be changed of a discount, as it is kept."""
    return fields.columns_of(promotion, fields.SHARED) | fields.columns_of(discount, OWN)


def faults(given: Mapping[str, Any], discount_id: int | None = None) -> Errors:
    """What `create` or, with an id, `update` would refuse of this, as far as can be told beforehand."""
    discount = get(discount_id) if discount_id is not None else None
    values, errors = _read(given, discount)
    current: dict[str, Any] = {}
    if discount is not None:
        current = columns_of(discount.promotion, discount)
    try:
        _validate(current | values, errors)
    except ValidationFailed as wrong:
        errors = dict(wrong.fields)
    if "code" in values and editing.is_taken(values["code"], discount_id):
        errors["code"] = [DuplicateCode.message]
    return errors


def remove(discount_id: int, actor: Actor, now: datetime, *, version: int | None = None) -> bool:
    """Delete a code that nothing refers to, archive one that was used or is in a cart; whether it is gone for good.

    Raises NotFound, Stale.
    """
    promotion = editing.lock_for_change(discount_id, KIND, version)
    discount = get(discount_id)
    return archiving.remove(promotion, discount, fields_of(discount), actor, now)


def get(discount_id: int) -> Discount:
    """The discount with its promotion and code, as they are now. Raises NotFound."""
    discount = db.session.scalar(
        _discounts().where(Discount.promotion_id == discount_id).execution_options(populate_existing=True)
    )
    if discount is None:
        raise NotFound
    return discount


def listing(  # noqa: PLR0913
    *,
    search: str = "",
    status: str = "",
    is_active: bool | None = None,
    number: int = 1,
    size: int = 20,
    offset: int | None = None,
    now: datetime,
) -> Page[Discount]:
    """Discounts with their promotions and codes, by display order, then newest; archived ones only where asked for."""
    query = narrowed(_discounts(), search=search, status=status, is_active=is_active, now=now)
    return paginate(query, number=number, size=size, offset=offset)


def fields_of(discount: Discount) -> dict[str, Any]:
    """The discount under the names and in the units in which it is made and changed."""
    code = discount.promotion.single_code
    return {
        "code": code.code if code else None,
        **fields.show(discount.promotion, fields.SHARED),
        **fields.show(discount, OWN),
    }


def _is_batch(given: Mapping[str, Any]) -> bool:
    return "code_count" in given


def _of_batch(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in batches.FIELDS}


def _read(given: Mapping[str, Any], discount: Discount | None = None) -> tuple[dict[str, Any], Errors]:
    """What to keep, and what is wrong. Many codes are ordered, and never changed."""
    is_new = discount is None
    if not (_is_batch(given) if discount is None else discount.promotion.single_code is None):
        return fields.read(given, FIELDS, is_new=is_new)
    ordered = _of_batch(given) if is_new else {}
    kept = {name: value for name, value in given.items() if name not in ordered}
    values, errors = fields.read(kept, {**fields.SHARED, **OWN}, is_new=is_new)
    if "code" in given:
        errors["code"] = [_l("This promotion has many single-use codes, and none for everybody.")]
    if is_new:
        errors.update(batches.read(ordered)[1])
    return values, errors


def _discounts() -> Select[Discount]:
    return (
        select(Discount)
        .join(Discount.promotion)
        .options(
            contains_eager(Discount.promotion).options(joinedload(Promotion.single_code), undefer(Promotion.codes_made))
        )
    )


def contradictions(merged: Mapping[str, Any]) -> Errors:
    """What no field alone can tell; `merged` are the columns as they would be."""
    told = fields.end_after_start(merged)
    if merged.get("discount_type") == "percentage" and merged.get("discount_value", 0) > WHOLE:
        told["discount_value"] = [_l("A percentage can't be more than 100.")]
    return told


def _validate(merged: Mapping[str, Any], errors: Errors) -> None:
    """What no field alone can tell; then everything that is wrong is told at once."""
    for name, wrong in contradictions(merged).items():
        errors.setdefault(name, wrong)
    if errors:
        raise ValidationFailed(errors)
