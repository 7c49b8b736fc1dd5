"""What the store shows, and how admins change it. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager

from app.audit import service as audit
from app.audit.service import Actor
from app.catalog import rows
from app.catalog.errors import CategoryInUse, ProductWasSold, SkuTaken, SlugTaken
from app.catalog.models import Category, Product
from app.errors import DomainError
from app.kit.cache import Shelf
from app.kit.db import db
from app.kit.lists import Page, paginate
from app.kit.text import clean_html

PER_SHELF = 12
names_shelf = Shelf("category-names")
SORTS: dict[str, tuple[Any, ...]] = {
    "featured": (Category.position, Product.position, Product.id),
    "newest": (Product.created_at.desc(), Product.id.desc()),
    "price": (Product.price_cents, Product.id),
    "-price": (Product.price_cents.desc(), Product.id),
    "name": (func.lower(Product.name), Product.id),
}


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """All that an admin decides about a product."""

    sku: str
    name: str
    slug: str
    description: str
    category_id: int
    price_cents: int
    is_active: bool = True
    position: int = 0
    image: str | None = None


@dataclass(frozen=True, slots=True)
class CategoryDetails:
    """All that an admin decides about a category once it has its slug."""

    name: str
    position: int = 0
    is_active: bool = True


def shelves() -> Sequence[Category]:
    """The categories that shoppers see, in their order."""
    return db.session.scalars(
        select(Category).where(Category.is_active).order_by(Category.position, Category.name)
    ).all()


def browse(*, category: str = "", search: str = "", sort: str = "featured", number: int = 1) -> Page[Product]:
    """What is for sale: of one category, with the words in name, SKU or category. An unknown `sort` is `featured`."""
    query = _products().where(Product.is_active, Category.is_active)
    if category:
        query = query.where(Category.slug == category)
    if search:
        query = query.where(rows.mentions(search, Product.name, Product.sku, Category.name))
    return paginate(query.order_by(*SORTS.get(sort, SORTS["featured"])), number=number, size=PER_SHELF)


def product_by_slug(slug: str) -> Product:
    """A product of the store; one that isn't for sale now is found too, and says so. Raises NotFound."""
    return rows.found(db.session.scalar(_products().where(Product.slug == slug)))


def product(product_id: int) -> Product:
    """Raises NotFound."""
    return rows.found(db.session.scalar(_products().where(Product.id == product_id)))


def related(to: Product, *, limit: int = 3) -> Sequence[Product]:
    """Others for sale from the same shelf."""
    others = _products().where(
        Product.category_id == to.category_id, Product.id != to.id, Product.is_active, Category.is_active
    )
    return db.session.scalars(others.order_by(*SORTS["featured"]).limit(limit)).all()


def products(*, search: str = "", category_id: int | None = None, is_active: bool | None = None) -> Select[Product]:
    """Every product for the admin list."""
    query = _products().order_by(Category.position, Product.position, Product.id)
    if search:
        query = query.where(rows.mentions(search, Product.name, Product.sku))
    if category_id is not None:
        query = query.where(Product.category_id == category_id)
    if is_active is not None:
        query = query.where(Product.is_active == is_active)
    return query


def taken(*, sku: str | None, slug: str | None, except_id: int | None = None) -> list[DomainError]:
    """What another product has already: SkuTaken, SlugTaken. For forms: it guards nothing, the constraints do."""
    others = select(Product.sku, Product.slug).where(or_(Product.sku == sku, Product.slug == slug))
    if except_id is not None:
        others = others.where(Product.id != except_id)
    found = db.session.execute(others).all()
    refusals: list[DomainError] = []
    if sku in {each.sku for each in found}:
        refusals.append(SkuTaken(field="sku"))
    if slug in {each.slug for each in found}:
        refusals.append(SlugTaken(field="slug"))
    return refusals


def create_product(details: ProductDetails, *, actor: Actor, now: datetime) -> Product:
    """Raises SkuTaken, SlugTaken."""
    made = Product(**_cleaned(details), created_at=now, updated_at=now)
    db.session.add(made)
    rows.write()
    audit.record(actor, "product.created", "product", made.id, after=rows.state(made, ProductDetails))
    return made


def change_product(
    product_id: int, details: ProductDetails, *, version: int | None = None, actor: Actor, now: datetime
) -> Product:
    """Raises NotFound, SkuTaken, SlugTaken, and Stale when `version` isn't the newest."""
    changed = rows.to_change(
        db.session.scalar(_products().where(Product.id == product_id).with_for_update(of=Product)), version
    )
    before = rows.state(changed, ProductDetails)
    rows.assign(changed, _cleaned(details))
    changed.updated_at = now
    changed.version += 1
    rows.write()
    audit.record(actor, "product.changed", "product", changed.id, before, rows.state(changed, ProductDetails))
    return changed


def switch_product(product_id: int, *, is_active: bool, actor: Actor, now: datetime) -> Product:
    """Offer the product in the store, or take it off the shelf. Raises NotFound."""
    switched = product(product_id)
    if switched.is_active != is_active:
        switched.is_active, switched.updated_at = is_active, now
        action = "product.activated" if is_active else "product.deactivated"
        audit.record(actor, action, "product", switched.id, {"is_active": not is_active}, {"is_active": is_active})
    return switched


def delete_product(product_id: int, *, actor: Actor) -> Product:
    """Forget a product that was never sold; carts lose it too. Raises NotFound, ProductWasSold."""
    gone = product(product_id)
    audit.record(actor, "product.deleted", "product", gone.id, before=rows.state(gone, ProductDetails))
    rows.delete(gone, ProductWasSold)
    return gone


def categories() -> Sequence[Category]:
    """Every category, in the order of the store."""
    return db.session.scalars(select(Category).order_by(Category.position, Category.name)).all()


def category_names() -> dict[str, str]:
    """What the categories are called, by slug; remembered for a while."""
    return names_shelf.get("all", lambda: {each.slug: each.name for each in categories()})


def list_categories(*, search: str = "") -> Select[Category]:
    """Every category for the admin list."""
    query = select(Category).order_by(Category.position, Category.name)
    return query.where(rows.mentions(search, Category.name, Category.slug)) if search else query


def product_counts(category_ids: Sequence[int]) -> dict[int, int]:
    """How many products stand in each of these categories."""
    counted = db.session.execute(
        select(Product.category_id, func.count().label("products"))
        .where(Product.category_id.in_(category_ids))
        .group_by(Product.category_id)
    )
    return {row.category_id: row.products for row in counted}


def category(category_id: int) -> Category:
    """Raises NotFound."""
    return rows.found(db.session.get(Category, category_id))


def create_category(slug: str, details: CategoryDetails, *, actor: Actor) -> Category:
    """Raises SlugTaken."""
    made = Category(slug=slug, **asdict(details))
    db.session.add(made)
    rows.write()
    audit.record(actor, "category.created", "category", made.id, after={"slug": slug, **asdict(details)})
    names_shelf.drop()
    return made


def change_category(
    category_id: int, details: CategoryDetails, *, version: int | None = None, actor: Actor
) -> Category:
    """Change all but the slug, by which codes and programs know the category. Raises NotFound, Stale."""
    changed = rows.to_change(db.session.get(Category, category_id, with_for_update=True), version)
    before = rows.state(changed, CategoryDetails)
    rows.assign(changed, asdict(details))
    changed.version += 1
    audit.record(actor, "category.changed", "category", changed.id, before, asdict(details))
    names_shelf.drop()
    return changed


def switch_category(category_id: int, *, is_active: bool, actor: Actor) -> Category:
    """Show the category in the store, or hide it with all that is in it. Raises NotFound."""
    switched = category(category_id)
    if switched.is_active != is_active:
        switched.is_active = is_active
        action = "category.activated" if is_active else "category.deactivated"
        audit.record(actor, action, "category", switched.id, {"is_active": not is_active}, {"is_active": is_active})
    return switched


def delete_category(category_id: int, *, actor: Actor) -> Category:
    """Forget an empty category. Raises NotFound, CategoryInUse."""
    gone = category(category_id)
    audit.record(actor, "category.deleted", "category", gone.id, before={"slug": gone.slug, "name": gone.name})
    rows.delete(gone, CategoryInUse)
    return gone


def _products() -> Select[Product]:
    return select(Product).join(Product.category).options(contains_eager(Product.category))


def _cleaned(details: ProductDetails) -> dict[str, Any]:
    return {**asdict(details), "description": clean_html(details.description)}
