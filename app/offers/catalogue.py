"""Keeping offers: making, changing, removing and finding them, for every door. Callers own the transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import load_only

from app.accounts import changes
from app.audit import service as audit
from app.audit.service import Actor
from app.errors import NotFound, ValidationFailed
from app.kit.db import db, violated
from app.kit.text import is_one_line, like
from app.offers.errors import DuplicateOffer, OfferInUse
from app.offers.models import Offer
from app.promotions import fields
from app.promotions.errors import Stale
from app.promotions.fields import Errors, Field, Fields, Wrong

ENTITY = "offer"
LONGEST_EXTERNAL_ID = 64
LONGEST_TEXT = 2000
LONGEST_URL = 500


def _url(value: Any) -> str:
    """An address that a browser may be sent to."""
    read: str = fields.text(LONGEST_URL)(value)
    if not read:
        return ""
    try:
        parts = urlsplit(read)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or any(map(str.isspace, read)):
        raise Wrong(_l("Please give an address that begins with https:// or http://."))
    return read


def _line(longest: int, *, is_needed: bool = False) -> Callable[[Any], str]:
    read_text = fields.text(longest, is_needed=is_needed)

    def read_line(value: Any) -> str:
        line = read_text(value)
        if not is_one_line(line):
            raise Wrong(_l("Please use only characters that can be seen, on one line."))
        return line

    return read_line


FIELDS: Fields = {
    "external_id": Field("external_id", _line(LONGEST_EXTERNAL_ID, is_needed=True), is_needed=True),
    "name": Field("name", _line(128, is_needed=True), is_needed=True),
    "description": Field("description", fields.text(LONGEST_TEXT)),
    "category": Field("category", _line(64)),
    "payout": Field("payout_cents", fields.amount_or_none_is_zero, fields.shown_amount),
    "url": Field("url", _url),
    "is_active": Field("is_active", fields.flag),
}


def create(given: Mapping[str, Any], actor: Actor, now: datetime) -> Offer:
    """A new offer. Raises ValidationFailed, DuplicateOffer."""
    offer = Offer(created_at=now, updated_at=now, **_read(given, is_new=True))
    db.session.add(offer)
    _flush()
    audit.record(actor, "offer.created", ENTITY, offer.id, after=fields_of(offer))
    return offer


def change(
    offer_id: int, given: Mapping[str, Any], *, version: int | None = None, actor: Actor, now: datetime
) -> Offer:
    """Change what is named, leave the rest. Raises NotFound, Stale, ValidationFailed, DuplicateOffer."""
    offer = _lock(offer_id, version)
    before = fields_of(offer)
    for column, value in _read(given, is_new=False).items():
        setattr(offer, column, value)
    after = fields_of(offer)
    if before != after:
        offer.version += 1
        offer.updated_at = now
        _flush()
        audit.record(actor, "offer.changed", ENTITY, offer.id, before=before, after=after)
    return offer


def remove(offer_id: int, *, version: int | None = None, actor: Actor) -> None:
    """Delete an offer that nothing refers to. Raises NotFound, Stale, OfferInUse.

    The foreign keys, not a query, know what refers to it.
    """
    offer = _lock(offer_id, version, to_delete=True)
    before = fields_of(offer)
    try:
        with db.session.begin_nested():
            db.session.execute(delete(Offer).where(Offer.id == offer_id))
    except IntegrityError:
        raise OfferInUse from None
    db.session.expunge(offer)
    audit.record(actor, "offer.deleted", ENTITY, offer_id, before=before)


def get(offer_id: int) -> Offer:
    """Raises NotFound."""
    offer = db.session.get(Offer, offer_id)
    if offer is None:
        raise NotFound
    return offer


def find(external_id: str) -> Offer | None:
    """The offer that other programs know by this id, which is kept without outer spaces."""
    return db.session.scalar(select(Offer).where(Offer.external_id == external_id.strip()))


def faults(given: Mapping[str, Any], offer_id: int | None = None) -> Errors:
    """What `create` or, with an id, `change` would refuse of this, as far as can be told beforehand."""
    values, errors = fields.read(given, FIELDS, is_new=offer_id is None)
    holder = db.session.scalar(select(Offer.id).where(Offer.external_id == values.get("external_id")))
    if holder not in {None, offer_id}:
        errors["external_id"] = [DuplicateOffer.message]
    return errors


def offers(*, search: str = "", category: str = "", is_active: bool | None = None) -> Select[Offer]:
    """Offers by name; `search` looks in names, ids and descriptions."""
    query = select(Offer).order_by(Offer.name, Offer.id)
    if search.strip():
        query = query.where(_mentions(search))
    if category:
        query = query.where(Offer.category == category)
    if is_active is not None:
        query = query.where(Offer.is_active == is_active)
    return query


def every() -> Sequence[Offer]:
    """All of them to choose from, those that are shown to clients first, by name; only what tells them apart."""
    told = load_only(Offer.id, Offer.external_id, Offer.name, Offer.payout_cents, Offer.is_active)
    query = select(Offer).options(told).order_by(Offer.is_active.desc(), Offer.name, Offer.id)
    return db.session.scalars(query).all()


def categories(*, only_active: bool = False) -> Sequence[str]:
    """Every category that an offer has, by name."""
    query = select(Offer.category).where(Offer.category != "").distinct().order_by(Offer.category)
    return db.session.scalars(query.where(Offer.is_active) if only_active else query).all()


def names(offer_ids: Sequence[int]) -> dict[int, str]:
    """What these offers are called now. One statement, or none for none."""
    query = select(Offer.id, Offer.name).where(Offer.id.in_(offer_ids))
    return {row.id: row.name for row in db.session.execute(query)} if offer_ids else {}


def fields_of(offer: Offer) -> dict[str, Any]:
    """The offer under the names and in the units in which it is made and changed."""
    return fields.show(offer, FIELDS)


def as_it_was(offer: Offer, version: int) -> dict[str, Any]:
    """The same as it was at an earlier version, by what the log says of the changes since."""
    return changes.as_it_was(ENTITY, offer.id, offer.version - version, fields_of(offer))


def _mentions(search: str) -> ColumnElement[bool]:
    wanted = like(search.strip())
    columns = (Offer.name, Offer.external_id, Offer.description)
    return or_(*(column.ilike(wanted, escape="\\") for column in columns))


def _read(given: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    values, errors = fields.read(given, FIELDS, is_new=is_new)
    if errors:
        raise ValidationFailed(errors)
    return values


def _lock(offer_id: int, version: int | None, *, to_delete: bool = False) -> Offer:
    """Held until the transaction ends; what merely refers to it can still come, unless it is `to_delete`."""
    query = select(Offer).where(Offer.id == offer_id).with_for_update(key_share=not to_delete)
    offer = db.session.scalar(query, execution_options={"populate_existing": True})
    if offer is None:
        raise NotFound
    if version is not None and version != offer.version:
        who, changed = changes.since(ENTITY, offer.id, offer.version - version)
        raise Stale(who=who, changed=changed, version=offer.version)
    return offer


def _flush() -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        if violated(error, "uq_offers_external_id"):
            raise DuplicateOffer(field="external_id") from None
        raise
