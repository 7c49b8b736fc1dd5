"""What there is to complete, and what it would earn by the client's codes."""

from flask import request
from flask.typing import ResponseReturnValue

from app.kit import clock
from app.kit.htmx import page
from app.offers import shelf
from app.offers.standing import standing
from app.web.arguments import page_number
from app.web.client import bp
from app.web.visitor import access, me

OFFERS = ("client/offers.html", "client/_offers.html")
LONGEST_SEARCH = 100


@bp.get("/offers")
@access("client")
def show_offers() -> ResponseReturnValue:
    """The active offers: those that are searched for (`q`), of a `category`."""
    search, category = (request.args.get(name, "").strip()[:LONGEST_SEARCH] for name in ("q", "category"))
    found = shelf.shelf(me(), clock.now(), search=search, category=category, number=page_number())
    return page(*OFFERS, shelf=found, search=search, category=category, standing=standing)
