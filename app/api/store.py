"""What the store offers to everybody: for launchers, game servers and other sites."""

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.readers import NOT_THEIRS, person_asked_for
from app.api.store_schemas import Offers, OfferTo, Shown, WhichOffers
from app.api.tokens import public
from app.kit import clock
from app.promotions import active, kinds
from app.promotions.active import Offer

EVERYBODY = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
PERSONAL = {"Cache-Control": "private, no-store", "Vary": "Authorization, Accept-Language"}
FROM_ANYWHERE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization, If-None-Match",
    "Access-Control-Expose-Headers": "Date, ETag",
    "Access-Control-Max-Age": "86400",
}


@bp.after_request
def let_others_read(response: Response) -> Response:
    """Pages of other sites may ask what runs now, refusals included. No cookie counts here, so nothing is borrowed."""
    if request.endpoint == "api.list_offers":
        response.headers.extend(FROM_ANYWHERE.items())
    return response


@bp.get("/store/promotions")
@public
@endpoint(Promise("Store", Offers, query=WhichOffers, refuses=NOT_THEIRS))
def list_offers(query: WhichOffers) -> Answer:
    """List what runs now.

    Active deals and public codes, by display order, then newest. The answer carries a weak `ETag` over all of it but
    `serverNow`: sent back as `If-None-Match`, it brings a 304 while nothing has changed, whose `Date` is the server's
    clock. With `username`, and a token that may read that person, each promotion also says how far they have come.
    """
    now = clock.now()
    running = [offer for offer in active.offers(now) if offer.mentions(query.search)]
    page = running[query.first : query.first + query.limit]
    person = person_asked_for(query.username) if query.username is not None else None
    if person is None:
        shown: list[Shown] = [Shown(**_described(offer)) for offer in page]
    else:
        progress: dict[int, Mapping[str, Any]] = {}
        for kind in kinds.known():
            ids = [offer.shown.id for offer in page if offer.shown.kind == kind.name]
            progress |= kind.progress_of(person, ids, now) if ids else {}
        shown = [OfferTo(**_described(offer), **progress.get(offer.shown.id, {})) for offer in page]
    offers = Offers(server_now=now, promotions=shown, total=len(running))
    message = _("What runs now.")
    told = message + offers.model_dump_json(exclude={"server_now"})
    etag = hashlib.sha256(told.encode()).hexdigest()[:32]
    return Answer(offers, message, headers=PERSONAL if person else EVERYBODY, etag=etag)


def _described(offer: Offer) -> dict[str, Any]:
    shown, terms = offer.shown, offer.shown.terms
    return {
        "id": shown.id,
        "kind": shown.kind,
        "title": terms.title,
        "description": shown.description,
        "code": shown.code,
        "min_amount": terms.min_amount_cents,
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
        "claims_left": offer.left,
        **shown.more,
    }
