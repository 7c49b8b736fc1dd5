"""Making and changing products by a file: all of it or nothing, at the same few statements however long it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.audit.service import Actor, Change
from app.catalog.models import Category, Product
from app.catalog.rows import TAKEN
from app.catalog.service import ProductDetails
from app.catalog.sheet import COLUMNS, FOR_NEW, LONGEST
from app.errors import Overtaken, SheetRefused
from app.kit import intake
from app.kit.db import db, given, insert_rows, rewrite, violated
from app.kit.intake import Line, Sheet
from app.kit.sheets import Flaw
from app.kit.text import slugify

FIELDS = {"category": "category_id", "price": "price_cents"}
KEPT_AS_THEY_ARE = ("name", "description")
DETAILS = tuple(ProductDetails.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Edit:
    """A product that a file changes."""

    product_id: int
    before: ProductDetails
    after: ProductDetails

    @property
    def fields(self) -> list[str]:
        """What differs."""
        return [name for name in DETAILS if getattr(self.before, name) != getattr(self.after, name)]


@dataclass(frozen=True, slots=True)
class Plan(intake.Plan[ProductDetails, Edit]):
    """What importing a file comes to, and the slugs of the categories by their ids."""

    categories: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Shop:
    """What the catalogue says about the products of a file: category ids and owners by slug, products by SKU."""

    categories: Mapping[str, int]
    owners: Mapping[str, str]
    known: Mapping[str, tuple[int, ProductDetails]]


def plan(sheet: Sheet) -> Plan:
    """What importing would do now; changes nothing. Raises SheetRefused with every flaw there is."""
    return _plan(sheet, _look(sheet, lock=False))


def carry_out(sheet: Sheet, *, actor: Actor, now: datetime) -> Plan:
    """Make and change products as the file says. Locks those that it names. Raises SheetRefused, Overtaken.

    A product that is already as the file says isn't touched, so the same file again does nothing.
    """
    planned = _plan(sheet, _look(sheet, lock=True))
    if planned.is_nothing:
        return planned
    try:
        ids = _make(planned.made, now)
        _change(planned.changed, now)
    except IntegrityError as error:
        if any(violated(error, name) for name in TAKEN):
            raise Overtaken from None
        raise
    audit.record_all(actor, _entries(planned, ids, sheet.digest))
    return planned


def _look(sheet: Sheet, *, lock: bool) -> _Shop:
    """Three statements. Locked, categories can't be deleted and products not be changed until the end."""
    categories = select(Category.slug, Category.id).order_by(Category.id)
    products = (
        select(Product.id, *(getattr(Product, name) for name in DETAILS))
        .where(_among(line.key for line in sheet.lines))
        .order_by(Product.id)
    )
    if lock:
        categories = categories.with_for_update(read=True, key_share=True)
        products = products.with_for_update(key_share=True)
    known = {}
    shelves = {row.slug: row.id for row in db.session.execute(categories)}
    for product_id, *values in db.session.execute(products):
        details = ProductDetails(*values)
        known[details.sku] = (product_id, details)
    owners = {row.slug: row.sku for row in db.session.execute(select(Product.slug, Product.sku))}
    return _Shop(shelves, owners, known)


def _among(skus: Iterable[str]) -> Any:
    named = given("named", [{"sku": sku} for sku in skus if sku], sku=String)
    return Product.sku.in_(select(named.c.sku))


def _plan(sheet: Sheet, shop: _Shop) -> Plan:
    flaws = [*sheet.flaws, *(flaw for line in sheet.lines for flaw in _flaws(line, shop))]
    if flaws:
        raise SheetRefused(intake.in_order(flaws, COLUMNS))
    slugs = _Slugs(shop.owners, (line.values.get("slug") for line in sheet.lines))
    made, changed, unchanged = [], [], 0
    for line in sheet.lines:
        if line.key not in shop.known:
            made.append(_new(line, shop, slugs))
            continue
        product_id, before = shop.known[line.key]
        after = _edited(line, before, shop)
        if after == before:
            unchanged += 1
        else:
            changed.append(Edit(product_id, before, after))
    return Plan(made, changed, unchanged, {category_id: slug for slug, category_id in shop.categories.items()})


def _flaws(line: Line, shop: _Shop) -> Iterator[Flaw]:
    """What is wrong with a row in this catalogue."""
    values = line.values
    if values.get("category", "") not in {"", *shop.categories}:
        yield Flaw(line.number, "category", "unknown_category", {"value": values["category"]})
    if not line.key:
        return
    owner = shop.owners.get(values.get("slug", ""), line.key)
    if owner != line.key:
        yield Flaw(line.number, "slug", "slug_taken", {"value": values["slug"], "sku": owner})
    if line.key not in shop.known:
        yield from intake.missing(line, FOR_NEW)
        if "slug" not in line.wrong and "name" in values and not _address(line):
            yield Flaw(line.number, "slug", "no_address")


def _address(line: Line) -> str:
    """The wished address of a new product, else one made from its name or SKU; may be empty, or taken."""
    return str(line.values.get("slug") or slugify(line.values["name"]) or slugify(line.key))


class _Slugs:
    """Addresses for new products: the wished ones stay with those who wished, others get a number where taken."""

    def __init__(self, owners: Iterable[str], wished: Iterable[str | None]) -> None:
        self._taken = {*owners, *filter(None, wished)}
        self._last: dict[str, int] = {}

    def free(self, wanted: str) -> str:
        base = slug = wanted[: LONGEST["slug"]].rstrip("-")
        while slug in self._taken:
            number = self._last[base] = self._last.get(base, 1) + 1
            slug = f"{base[: LONGEST['slug'] - len(str(number)) - 1].rstrip('-')}-{number}"
        self._taken.add(slug)
        return slug


def _new(line: Line, shop: _Shop, slugs: _Slugs) -> ProductDetails:
    said = {"description": "", **_said(line, shop)}
    return ProductDetails(**said | {"slug": line.values.get("slug") or slugs.free(_address(line))})


def _edited(line: Line, before: ProductDetails, shop: _Shop) -> ProductDetails:
    """As the file says; a text that stands there exactly as it is kept stays so, whatever the rules make of it."""
    said = _said(line, shop)
    for name in KEPT_AS_THEY_ARE:
        if line.typed.get(name) == getattr(before, name):
            said.pop(name)
    return replace(before, **said)


def _said(line: Line, shop: _Shop) -> dict[str, Any]:
    said = {FIELDS.get(column, column): value for column, value in line.values.items()}
    if "category_id" in said:
        said["category_id"] = shop.categories[said["category_id"]]
    return said


def _make(made: Sequence[ProductDetails], now: datetime) -> dict[str, int]:
    """Insert them in the order of their SKUs, so that two imports don't wait for each other; their ids by SKU."""
    if not made:
        return {}
    rows = [{**asdict(each), "created_at": now, "updated_at": now} for each in sorted(made, key=lambda new: new.sku)]
    insert_rows(Product, rows)
    inserted = select(Product.sku, Product.id).where(_among(each.sku for each in made))
    return {row.sku: row.id for row in db.session.execute(inserted)}


def _change(changed: Sequence[Edit], now: datetime) -> None:
    rows = [{"id": edit.product_id, **asdict(edit.after)} for edit in changed]
    rewrite(Product, "id", rows, updated_at=now, version=Product.version + 1)


def _entries(planned: Plan, ids: Mapping[str, int], digest: str) -> Iterator[Change]:
    yield Change("product_sheet.imported", "product_sheet", digest, after=planned.figures)
    for new in planned.made:
        yield Change("product.created", "product", ids[new.sku], after=asdict(new))
    for edit in planned.changed:
        yield Change("product.changed", "product", edit.product_id, asdict(edit.before), asdict(edit.after))
