"""The shelves, and one product."""

from collections.abc import Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from app.catalog import service as catalog
from app.kit import clock
from app.kit.htmx import page, wants_part
from app.kit.text import normalise_code
from app.promotions import active
from app.promotions.active import Offer
from app.promotions.fields import is_code
from app.promotions.words import sentence
from app.web.arguments import page_number
from app.web.store import bp
from app.web.visitor import access

SHELF = ("store/browse.html", "store/_shelf.html")
SORTS = {
    "featured": _l("Featured"),
    "newest": _l("Newest"),
    "price": _l("Price: low to high"),
    "-price": _l("Price: high to low"),
    "name": _l("Name"),
}


@bp.get("")
@access("public")
def browse() -> ResponseReturnValue:
    category, search = request.args.get("category", ""), request.args.get("q", "").strip()[:100]
    sort = request.args.get("sort", "featured")
    shelves = catalog.shelves()
    return page(
        *SHELF,
        shelves=shelves,
        shelf=next((each for each in shelves if each.slug == category), None),
        products=catalog.browse(category=category, search=search, sort=sort, number=page_number()),
        search=search,
        category=category,
        sort=sort if sort in SORTS else "featured",
        sorts=SORTS,
        offered_code=_offered_code(),
        offers=() if wants_part() else _offers(),
    )


@bp.get("/products/<slug>")
@access("public")
def show_product(slug: str) -> ResponseReturnValue:
    product = catalog.product_by_slug(slug)
    return page(
        "store/product.html",
        "store/product.html",
        product=product,
        related=catalog.related(product),
        offered_code=_offered_code(),
    )


def _offers() -> Sequence[tuple[Offer, str]]:
    """The public codes that run now, and for each that is closed at this hour when it opens."""
    now = clock.now()
    codes = [offer for offer in active.offers(now) if offer.shown.code]
    closed = [offer.hours(now) for offer in codes]
    return [(offer, "" if hours.holds else sentence(hours)) for offer, hours in zip(codes, closed, strict=True)]


def _offered_code() -> str:
    """The code of a link that was shared; nothing where it can't be one."""
    code = normalise_code(request.args.get("code", ""))
    return code if is_code(code) else ""
