"""Making, changing, removing and listing offer codes, for every door. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from app.audit.service import Actor
from app.errors import NotFound, ValidationFailed
from app.kit.db import db
from app.kit.lists import Page, paginate
from app.offers.models import KIND, Offer, OfferCode
from app.offers.rules import OfferTerms
from app.promotions import archiving, editing, fields
from app.promotions.errors import DuplicateCode
from app.promotions.fields import Errors, Field, Fields, Wrong
from app.promotions.hours import ActiveHours
from app.promotions.listing import narrowed
from app.promotions.models import Promotion

MOST_PERCENT = 100_000
MOST_OFFERS = 500
NOT_OF_OFFERS = frozenset({"requires_account", "is_public", "release_on_refund"})
FRESH = {"populate_existing": True}


def _offers(value: Any) -> list[int | str]:
    """Ids of offers: ours as numbers, those of other programs as texts."""
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise Wrong(_l("Please give a list of offers."))
    if len(value) > MOST_OFFERS:
        raise Wrong(_l("Please give at most %(most)s offers.", most=MOST_OFFERS))
    return list(dict.fromkeys(_offer_id(each) for each in value))


def _offer_id(value: Any) -> int | str:
    return fields.text(64, is_needed=True)(value) if isinstance(value, str) else fields.whole(1)(value)


SHARED: Fields = {name: field for name, field in fields.SHARED.items() if name not in NOT_OF_OFFERS}
OWN: Fields = {
    "bonus_type": Field("bonus_type", fields.percentage_or_fixed, is_needed=True),
    "bonus_value": Field("bonus_value", fields.more_than_nothing, fields.shown_amount, is_needed=True),
    "max_bonus": Field("max_bonus_cents", fields.optional(fields.amount), fields.shown_amount),
    "applicable_offers": Field("applicable_offers", _offers),
}
CODE: Fields = {"code": Field("code", fields.code, is_needed=True)}
FIELDS: Fields = {**CODE, **SHARED, **OWN}


def create(given: Mapping[str, Any], actor: Actor, now: datetime) -> OfferCode:
    """A new code for offers. Raises ValidationFailed with all that is wrong, or DuplicateCode."""
    values, errors = _read(given, is_new=True)
    _validate(values, errors)
    promotion = Promotion(kind=KIND, active_hours=dict(fields.ALWAYS_OPEN), requires_account=True)
    editing.set_columns(promotion, fields.within(SHARED, values))
    editing.add(promotion, values["code"], actor, now)
    db.session.add(OfferCode(promotion_id=promotion.id, **fields.within(OWN, values)))
    db.session.flush()
    editing.note_creation(promotion, fields_of(get(promotion.id)), actor)
    return get(promotion.id)


def update(
    promotion_id: int, given: Mapping[str, Any], *, version: int | None = None, actor: Actor, now: datetime
) -> OfferCode:
    """Change what is named, leave the rest; of active hours too. What was earned keeps what it was.

    Raises NotFound, Archived, Stale (somebody was faster), ValidationFailed, DuplicateCode or CannotOpen.
    """
    promotion = editing.lock_for_change(promotion_id, KIND, version)
    own = get(promotion_id)
    before, closed_by = fields_of(own), promotion.deactivated_by
    values, errors = _read(fields.with_whole_hours(given, promotion.active_hours), is_new=False)
    _validate(columns_of(own) | values, errors)
    editing.change(promotion, fields.within(SHARED, values), now)
    editing.set_columns(own, fields.within(OWN, values))
    if "code" in values:
        editing.change_code(promotion_id, values["code"])
    db.session.flush()
    editing.note_change_of_switch(promotion, before, fields_of(get(promotion_id)), closed_by, actor, now)
    return own


def faults(given: Mapping[str, Any], promotion_id: int | None = None) -> Errors:
    """What `create` or, with an id, `update` would refuse of this, as far as can be told beforehand."""
    values, errors = _read(given, is_new=promotion_id is None)
    current = {} if promotion_id is None else columns_of(get(promotion_id))
    errors = {**_contradictions(current | values), **errors}
    if "code" in values and editing.is_taken(values["code"], promotion_id):
        errors["code"] = [DuplicateCode.message]
    return errors


def remove(promotion_id: int, actor: Actor, now: datetime, *, version: int | None = None) -> bool:
    """Delete a code that nothing refers to, archive one that was applied or used; whether it is gone for good.

    Raises NotFound, Archived, Stale.
    """
    promotion = editing.lock_for_change(promotion_id, KIND, version, to_delete=True)
    own = get(promotion_id)
    return archiving.remove(promotion, own, fields_of(own), actor, now)


def get(promotion_id: int) -> OfferCode:
    """The code's terms with its promotion, as they are now. Raises NotFound."""
    found = db.session.scalar(_codes().where(OfferCode.promotion_id == promotion_id).execution_options(**FRESH))
    if found is None:
        raise NotFound
    return found


def listing(  # noqa: PLR0913
    *,
    search: str = "",
    status: str = "",
    is_active: bool | None = None,
    number: int = 1,
    size: int = 20,
    offset: int | None = None,
    now: datetime,
) -> Page[OfferCode]:
    """Codes with their promotions, by display order, then newest; archived ones only where asked for."""
    query = narrowed(_codes(), search=search, status=status, is_active=is_active, now=now)
    return paginate(query, number=number, size=size, offset=offset)


def fields_of(own: OfferCode) -> dict[str, Any]:
    """The code under the names and in the units in which it is made and changed."""
    code = own.promotion.single_code
    return {
        "code": code.code if code else None,
        **fields.show(own.promotion, SHARED),
        **fields.show(own, OWN),
    }


def columns_of(own: OfferCode) -> dict[str, Any]:
    """What can be changed of a code, as it is kept."""
    return fields.columns_of(own.promotion, SHARED) | fields.columns_of(own, OWN)


def terms_now(promotion_id: int) -> OfferTerms:
    """The terms as they are kept now. Raises NotFound."""
    return terms_of(get(promotion_id))


def terms_of(own: OfferCode) -> OfferTerms:
    """The terms as the rules see them."""
    hours = own.promotion.active_hours
    return OfferTerms(
        **editing.shared_terms(own.promotion),
        active_hours=ActiveHours.parse(hours) if hours and hours.get("enabled") else None,
        bonus_type=own.bonus_type,  # type: ignore[arg-type]  # held by ck_offer_codes_known_type
        bonus_value=own.bonus_value,
        max_bonus_cents=own.max_bonus_cents,
        applicable_offers=frozenset(own.applicable_offers),
    )


def _codes() -> Select[OfferCode]:
    promotion = contains_eager(OfferCode.promotion).options(joinedload(Promotion.single_code))
    return select(OfferCode).join(OfferCode.promotion).options(promotion)


def _read(given: Mapping[str, Any], *, is_new: bool) -> tuple[dict[str, Any], Errors]:
    """What to keep, and what is wrong; offers by our ids, each of which there is."""
    values, errors = fields.read(given, FIELDS, is_new=is_new)
    named = values.get("applicable_offers")
    if named:
        values["applicable_offers"] = _resolved(named, errors)
    return values, errors


def _resolved(named: list[int | str], errors: Errors) -> list[int]:
    """Held as whatever refers to them holds them, so that none is deleted before it is written that this does."""
    numbers = [each for each in named if isinstance(each, int)]
    texts = [each for each in named if isinstance(each, str)]
    wanted = or_(Offer.id.in_(numbers), Offer.external_id.in_(texts))
    held = select(Offer.id, Offer.external_id).where(wanted).order_by(Offer.id)
    found = db.session.execute(held.with_for_update(read=True, key_share=True)).all()
    known = {row.id for row in found} | {row.external_id for row in found}
    unknown = [str(each) for each in named if each not in known]
    if unknown:
        errors["applicable_offers"] = [_l("We don't know these offers: %(ids)s.", ids=", ".join(unknown))]
    return [row.id for row in found]


def _contradictions(merged: Mapping[str, Any]) -> Errors:
    """What no field alone can tell; `merged` are the columns as they would be."""
    told = fields.end_after_start(merged)
    if merged.get("bonus_type") == "percentage" and merged.get("bonus_value", 0) > MOST_PERCENT:
        told["bonus_value"] = [_l("A percentage can't be more than 1000.")]
    return told


def _validate(merged: Mapping[str, Any], errors: Errors) -> None:
    """What no field alone can tell; then everything that is wrong is told at once."""
    for name, wrong in _contradictions(merged).items():
        errors.setdefault(name, wrong)
    if errors:
        raise ValidationFailed(errors)
