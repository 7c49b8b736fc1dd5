"""Offers, as admins keep them. In this part of the API names are snake_case."""

from flask_babel import gettext as _

from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.offer_schemas import NewOffer, OfferChanges, OfferOut, Offers, WhichOffers
from app.api.promotions import CONFLICT
from app.api.tokens import actor, requires
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.lists import paginate
from app.offers import catalogue
from app.offers.models import Offer

TAG = "Offers"
TAKEN = "`conflict`: another offer has this `external_id`."
IN_USE = "`conflict`: conversions or codes refer to it. Switch it off instead."


@bp.get("/admin/offers")
@requires("admin")
@endpoint(Promise(TAG, Offers, query=WhichOffers))
def find_offers(query: WhichOffers) -> Answer:
    """List offers."""
    wanted = catalogue.offers(search=query.search, category=query.category, is_active=query.is_active)
    newest_first = wanted.order_by(None).order_by(Offer.id.desc())
    found = paginate(newest_first, offset=query.first, size=query.limit)
    return Answer(Offers(offers=[_shown(each) for each in found.items], total=found.total), _("Offers."))


@bp.post("/admin/offers")
@requires("admin")
@endpoint(Promise(TAG, OfferOut, 201, body=NewOffer, refuses={409: TAKEN}, creates=True))
def create_offer(body: NewOffer) -> Answer:
    """Make an offer."""
    made = catalogue.create(body.named(), actor(), clock.now())
    return Answer(_shown(made), _("The offer is made."), 201)


@bp.get("/admin/offers/<int:offer_id>")
@requires("admin")
@endpoint(Promise(TAG, OfferOut))
def show_offer(offer_id: int) -> Answer:
    """Show an offer."""
    return Answer(_shown(catalogue.get(offer_id)), _("The offer."))


@bp.put("/admin/offers/<int:offer_id>")
@requires("admin")
@endpoint(Promise(TAG, OfferOut, body=OfferChanges, refuses={409: f"{TAKEN} {CONFLICT}"}))
def change_offer(offer_id: int, body: OfferChanges) -> Answer:
    """Change an offer.

    What is named changes, the rest stays.
    """
    changes = body.named()
    version = changes.pop("version", None)
    with unit_of_work():
        shown = _shown(catalogue.change(offer_id, changes, version=version, actor=actor(), now=clock.now()))
    return Answer(shown, _("The offer is changed."))


@bp.delete("/admin/offers/<int:offer_id>")
@requires("admin")
@endpoint(Promise(TAG, None, refuses={409: IN_USE}))
def remove_offer(offer_id: int) -> Answer:
    """Delete an offer."""
    with unit_of_work():
        catalogue.remove(offer_id, actor=actor())
    return Answer(None, _("The offer is deleted."))


def _shown(offer: Offer) -> OfferOut:
    return OfferOut(id=offer.id, version=offer.version, **catalogue.fields_of(offer))
