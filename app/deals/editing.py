"""Making, changing, removing and listing deals, for every door. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from app.audit.service import Actor
from app.catalog import reward_items as catalog
from app.deals.models import KIND, TYPES, Deal
from app.deals.rules import DealTerms
from app.errors import NotFound, ValidationFailed
from app.kit.db import db
from app.kit.lists import Page, paginate
from app.promotions import archiving, editing, fields
from app.promotions.fields import Errors, Field, Fields, Wrong
from app.promotions.listing import narrowed
from app.promotions.models import Promotion

LONGEST_BANNER = 160
MOST_ITEMS = 20
ITEM_PARTS = {"item_id", "name", "amount"}
TWICE = _l("The same reward item is there twice. Please give it once, with the amount of both.")
NOT_OF_DEALS = {"active_hours", "release_on_refund", "is_public"}


def _type(value: Any) -> str:
    if value not in TYPES:
        raise Wrong(_l("Please choose single or recurrent."))
    return str(value)


def _threshold(value: Any) -> int:
    if value is None or value == "":
        raise Wrong(fields.NEEDED)
    cents = fields.amount(value)
    if cents == 0:
        raise Wrong(_l("This must be more than 0."))
    return cents


def _moment(value: Any) -> datetime:
    if value is None:
        raise Wrong(fields.NEEDED)
    return fields.instant(value)


def _items(value: Any) -> list[dict[str, Any]]:
    """Reward items, each id once. A name that isn't given is the catalogue's, else the id."""
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise Wrong(_l("Please give a list of reward items."))
    if not value:
        raise Wrong(_l("Please choose at least one reward item."))
    if len(value) > MOST_ITEMS:
        raise Wrong(_l("Please give at most %(count)s reward items.", count=MOST_ITEMS))
    for fault in item_faults(value).values():
        raise Wrong(fault)
    items = [_item(each) for each in value]
    known = catalog.names([each["item_id"] for each in items if not each["name"]])
    return [{**each, "name": each["name"] or known.get(each["item_id"], each["item_id"])} for each in items]


def _item(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not ITEM_PARTS.issuperset(value):
        raise Wrong(_l("A reward item has an id, a name and an amount."))
    return {
        "item_id": fields.text(64, is_needed=True)(value.get("item_id")),
        "name": fields.text(128)(value.get("name")),
        "amount": fields.whole(1, _l("Of each reward item there is at least 1."))(value.get("amount")),
    }


def item_faults(given: Sequence[Any]) -> dict[int, Any]:
    """What is wrong with each of these reward items, by its place among them."""
    faults: dict[int, Any] = {}
    seen: set[str] = set()
    for place, each in enumerate(given):
        try:
            item_id = _item(each)["item_id"]
        except Wrong as wrong:
            faults[place] = wrong.message
        else:
            if item_id in seen:
                faults[place] = TWICE
            seen.add(item_id)
    return faults


SHARED: Fields = {
    **{name: field for name, field in fields.SHARED.items() if name not in NOT_OF_DEALS},
    "min_amount": Field("min_amount_cents", _threshold, fields.shown_amount, is_needed=True),
    "starts_at": Field("starts_at", _moment, is_needed=True),
    "ends_at": Field("ends_at", _moment, is_needed=True),
}
OWN: Fields = {
    "bonus_type": Field("bonus_type", _type),
    "reward_items": Field("reward_items", _items, is_needed=True),
    "banner": Field("banner", fields.optional(fields.text(LONGEST_BANNER))),
    "auto_claim": Field("auto_claim", fields.flag),
}
FIELDS: Fields = {**SHARED, **OWN}


def create(given: Mapping[str, Any], actor: Actor, now: datetime) -> Deal:
    """A new deal, `single` unless told otherwise. Raises ValidationFailed with all that is wrong."""
    values, errors = fields.read(given, FIELDS, is_new=True)
    _validate(values, errors)
    promotion = Promotion(kind=KIND)
    editing.set_columns(promotion, fields.within(SHARED, values))
    editing.add(promotion, None, actor, now)
    db.session.add(Deal(promotion_id=promotion.id, **{"bonus_type": TYPES[0], **fields.within(OWN, values)}))
    db.session.flush()
    editing.note_creation(promotion, fields_of(get(promotion.id)), actor)
    return get(promotion.id)


def update(deal_id: int, given: Mapping[str, Any], *, version: int | None = None, actor: Actor, now: datetime) -> Deal:
    """Change what is named, leave the rest. What was claimed keeps what it was promised.

    Raises NotFound, Archived, Stale (somebody was faster), ValidationFailed or CannotOpen.
    """
    promotion = editing.lock_for_change(deal_id, KIND, version)
    deal = get(deal_id)
    before, closed_by = fields_of(deal), promotion.deactivated_by
    values, errors = fields.read(given, FIELDS, is_new=False)
    _validate(fields.columns_of(promotion, SHARED) | values, errors)
    editing.change(promotion, fields.within(SHARED, values), now)
    editing.set_columns(deal, fields.within(OWN, values))
    db.session.flush()
    editing.note_change_of_switch(promotion, before, fields_of(get(deal_id)), closed_by, actor, now)
    return deal


def faults(given: Mapping[str, Any], deal_id: int | None = None) -> Errors:
    """What `create` or, with an id, `update` would refuse of this, as far as can be told beforehand."""
    values, errors = fields.read(given, FIELDS, is_new=deal_id is None)
    current = {} if deal_id is None else fields.columns_of(get(deal_id).promotion, SHARED)
    return {**fields.end_after_start(current | values), **errors}


def remove(deal_id: int, actor: Actor, now: datetime, *, version: int | None = None) -> bool:
    """Delete a deal that nothing refers to, archive one on which somebody has spent; whether it is gone for good.

    Raises NotFound, Archived, Stale.
    """
    promotion = editing.lock_for_change(deal_id, KIND, version, to_delete=True)
    deal = get(deal_id)
    return archiving.remove(promotion, deal, fields_of(deal), actor, now)


def get(deal_id: int) -> Deal:
    """The deal with its promotion, as they are now. Raises NotFound."""
    deal = db.session.scalar(_deals().where(Deal.promotion_id == deal_id).execution_options(populate_existing=True))
    if deal is None:
        raise NotFound
    return deal


def listing(  # noqa: PLR0913
    *,
    search: str = "",
    status: str = "",
    is_active: bool | None = None,
    number: int = 1,
    size: int = 20,
    offset: int | None = None,
    now: datetime,
) -> Page[Deal]:
    """Deals with their promotions, by display order, then newest; archived ones only where asked for."""
    query = narrowed(_deals(), search=search, status=status, is_active=is_active, now=now)
    return paginate(query, number=number, size=size, offset=offset)


def promises(item_id: str) -> bool:
    """Whether a deal that isn't archived gives this item."""
    items = select(Deal.reward_items).join(Deal.promotion).where(Promotion.archived_at.is_(None))
    return any(each["item_id"] == item_id for given in db.session.scalars(items) for each in given)


def fields_of(deal: Deal) -> dict[str, Any]:
    """The deal under the names and in the units in which it is made and changed."""
    return {**fields.show(deal.promotion, SHARED), **fields.show(deal, OWN)}


def terms_now(promotion_id: int) -> DealTerms:
    """The terms as they are kept now. Raises NotFound."""
    return terms_of(get(promotion_id))


def terms_of(deal: Deal) -> DealTerms:
    """The terms as the rules see them."""
    shared = editing.shared_terms(deal.promotion)
    if deal.bonus_type == "single":
        shared["per_user_limit"] = 1
    return DealTerms(
        **shared,
        bonus_type=deal.bonus_type,  # type: ignore[arg-type]  # held by ck_deals_known_type
        reward_items=tuple(deal.reward_items),
        banner=deal.banner,
        auto_claim=deal.auto_claim,
    )


def _deals() -> Select[Deal]:
    return select(Deal).join(Deal.promotion).options(contains_eager(Deal.promotion))


def _validate(merged: Mapping[str, Any], errors: Errors) -> None:
    """What no field alone can tell; then everything that is wrong is told at once."""
    for name, wrong in fields.end_after_start(merged).items():
        errors.setdefault(name, wrong)
    if errors:
        raise ValidationFailed(errors)
