"""What every shelf of the catalogue does with its rows: find, lock, write, delete, and say what was refused."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_
from sqlalchemy import delete as delete_from
from sqlalchemy.exc import IntegrityError

from app.catalog.errors import ItemIdTaken, SkuTaken, SlugTaken, Stale
from app.catalog.models import Category, Product, RewardItem
from app.errors import DomainError, NotFound
from app.kit.db import db, violated
from app.kit.text import like

T = TypeVar("T")
R = TypeVar("R", Product, Category, RewardItem)
Row = Product | Category | RewardItem
TAKEN = {
    "uq_products_sku": (SkuTaken, "sku"),
    "uq_products_slug": (SlugTaken, "slug"),
    "uq_categories_slug": (SlugTaken, "slug"),
    "uq_reward_items_item_id": (ItemIdTaken, "item_id"),
}


def found(row: T | None) -> T:
    """Raises NotFound."""
    if row is None:
        raise NotFound
    return row


def to_change(row: R | None, version: int | None) -> R:
    """The locked row, if it is still as the page showed it. Raises NotFound, Stale."""
    changed = found(row)
    db.session.refresh(changed)
    if version is not None and version != changed.version:
        raise Stale(changed.version)
    return changed


def write() -> None:
    """Send what was changed to the database. Raises what is in TAKEN."""
    try:
        db.session.flush()
    except IntegrityError as error:
        for constraint, (refusal, field) in TAKEN.items():
            if violated(error, constraint):
                raise refusal(field=field) from None
        raise


def delete(row: Row, refusal: type[DomainError]) -> None:
    """The foreign keys, not a query, know whether something still refers to it; then `refusal` is raised."""
    try:
        db.session.execute(delete_from(type(row)).where(type(row).id == row.id))
    except IntegrityError:
        raise refusal from None
    db.session.expunge(row)


def state(row: Row, details: type[Any]) -> dict[str, Any]:
    """What the row says of the fields of these details."""
    return {name: getattr(row, name) for name in details.__dataclass_fields__}


def assign(row: Row, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def mentions(words: str, *columns: Any) -> ColumnElement[bool]:
    """Whether one of the columns holds these words."""
    pattern = like(words.strip())
    return or_(*(column.ilike(pattern, escape="\\") for column in columns))
