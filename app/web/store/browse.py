"""The shelves, and one product."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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
from app.web.frame import this_page
from app.web.store import bp, visit
from app.web.store.deals import LINK, THEIRS, showcase
from app.web.visitor import access, current_person

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
        **({} if wants_part() else _above_the_shelf()),
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


def _above_the_shelf() -> dict[str, Any]:
    shown = showcase(is_beside=True)
    # a page has one form for the name: that of the deals, or where there are none its own, and then it goes on being it
    has_form = current_person() is None and not shown.cards
    return {
        "offered_code": _offered_code(),
        "offers": _offers(),
        "deals": replace(shown, asks=LINK if has_form else THEIRS),
        "back": this_page(),
    }


def _offers() -> Sequence[tuple[Offer, str]]:
    """The public codes that run now, and for each that is closed at this hour when it opens."""
    now = clock.now()
    codes = [offer for offer in active.to_be_had(visit.running()) if offer.shown.code]
    closed = [offer.hours(now) for offer in codes]
    return [(offer, "" if hours.holds else sentence(hours)) for offer, hours in zip(codes, closed, strict=True)]


def _offered_code() -> str:
    """The code of a link that was shared; nothing where it can't be one."""
    code = normalise_code(request.args.get("code", ""))
    return code if is_code(code) else ""
