"""What there is to complete, and what it would earn by the client's codes."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from app.kit import clock
from app.kit.htmx import page
from app.offers import shelf
from app.offers.shelf import Offered
from app.offers.standing import standing, until
from app.web.arguments import page_number
from app.web.client import bp
from app.web.client.pulse import stamp, unchanged
from app.web.visitor import access, me

OFFERS = ("client/offers.html", "client/_offers.html")
LONGEST_SEARCH = 100


@bp.get("/offers")
@access("client")
def show_offers() -> ResponseReturnValue:
    """The active offers: those that are searched for (`q`), of a `category`; 204 for a part as it was `seen`."""
    search, category = (request.args.get(name, "").strip()[:LONGEST_SEARCH] for name in ("q", "category"))
    found = shelf.shelf(me(), clock.now(), search=search, category=category, number=page_number())
    now_shown = stamp(found.categories, found.has_codes, found.page.total, [_told(each) for each in found.page.items])
    told: dict[str, Any] = {
        "search": search,
        "category": category,
        "standing": standing,
        "until": until,
        "stamp": now_shown,
    }
    return unchanged(now_shown) or page(*OFFERS, shelf=found, **told)


def _told(each: Offered) -> tuple[object, ...]:
    """What its card says; by the clock too, which opens and closes codes."""
    offer, by, later = each.offer, each.by, each.later
    facts = (offer.id, offer.name, offer.description, offer.category, offer.url, offer.payout_cents, each.completed)
    best = by and (by[0].code, by[1], until(by[0]))
    return *facts, best, later and (later[0].code, later[1], standing(later[0])), each.may_earn
