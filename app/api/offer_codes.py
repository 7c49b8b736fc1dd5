"""Codes for offers, as admins keep them, and what they have come to. In this part of the API names are snake_case."""

from typing import Any

from flask_babel import gettext as _

from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.offer_schemas import (
    NewPromoCode,
    OfferAnalytics,
    OfferUses,
    PromoCodeChanges,
    PromoCodeOut,
    PromoCodes,
    UserApplication,
    UserApplications,
    WhichApplications,
    WhichPromoCodes,
)
from app.api.promotions import CONFLICT, DUPLICATE
from app.api.tokens import actor, requires
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.lists import paginate_rows
from app.offers import analytics, editing
from app.offers.analytics import Application
from app.offers.models import OfferCode

TAG = "Offer codes"


@bp.get("/admin/promo-codes")
@requires("admin")
@endpoint(Promise(TAG, PromoCodes, query=WhichPromoCodes))
def list_promo_codes(query: WhichPromoCodes) -> Answer:
    """List offer codes."""
    found = editing.listing(
        search=query.search,
        status=query.status or "",
        is_active=query.is_active,
        offset=query.first,
        size=query.limit,
        now=clock.now(),
    )
    shown = [_shown(each) for each in found.items]
    return Answer(PromoCodes(promo_codes=shown, total=found.total), _("Offer codes."))


@bp.post("/admin/promo-codes")
@requires("admin")
@endpoint(Promise(TAG, PromoCodeOut, 201, body=NewPromoCode, refuses={409: DUPLICATE}, creates=True))
def create_promo_code(body: NewPromoCode) -> Answer:
    """Make an offer code.

    Clients apply it to their account; from then on each offer that they complete earns them its bonus.
    """
    made = editing.create(body.named(), actor(), clock.now())
    return Answer(_shown(made), _("The offer code is made."), 201)


@bp.get("/admin/promo-codes/<int:promo_code_id>")
@requires("admin")
@endpoint(Promise(TAG, PromoCodeOut))
def show_promo_code(promo_code_id: int) -> Answer:
    """Show an offer code."""
    return Answer(_shown(editing.get(promo_code_id)), _("The offer code."))


@bp.put("/admin/promo-codes/<int:promo_code_id>")
@requires("admin")
@endpoint(Promise(TAG, PromoCodeOut, body=PromoCodeChanges, refuses={409: f"{DUPLICATE} {CONFLICT}"}))
def change_promo_code(promo_code_id: int, body: PromoCodeChanges) -> Answer:
    """Change an offer code.

    What is named changes, the rest stays; what was earned keeps what it was. Switching on a code that is past its end
    or used up is a conflict too, whose message says what to change.
    """
    changes = body.named()
    version = changes.pop("version", None)
    with unit_of_work():
        editing.update(promo_code_id, changes, version=version, actor=actor(), now=clock.now())
        shown = _shown(editing.get(promo_code_id))
    return Answer(shown, _("The offer code is changed."))


@bp.delete("/admin/promo-codes/<int:promo_code_id>")
@requires("admin")
@endpoint(Promise(TAG, None, refuses={409: CONFLICT}))
def remove_promo_code(promo_code_id: int) -> Answer:
    """Delete an offer code.

    One that somebody has applied or earned by is archived instead.
    """
    with unit_of_work():
        is_gone = editing.remove(promo_code_id, actor(), clock.now())
    return Answer(None, _("The offer code is deleted.") if is_gone else _("The offer code is archived."))


@bp.get("/admin/promo-codes/<int:promo_code_id>/offer-analytics")
@requires("admin")
@endpoint(Promise(TAG, OfferAnalytics))
def show_offer_analytics(promo_code_id: int) -> Answer:
    """Show what a code has earned, offer by offer."""
    code, breakdown = _code_of(promo_code_id), analytics.by_offer(promo_code_id)
    shown = [OfferUses.model_validate(each) for each in breakdown]
    total = sum(each.uses for each in breakdown)
    return Answer(OfferAnalytics(code=code, total_uses=total, offer_breakdown=shown), _("Offer by offer."))


@bp.get("/admin/promo-codes/<int:promo_code_id>/user-applications")
@requires("admin")
@endpoint(Promise(TAG, UserApplications, query=WhichApplications))
def list_user_applications(promo_code_id: int, query: WhichApplications) -> Answer:
    """List who has earned by a code.

    Newest first: who, for which offer, when, how much, and by which conversion.
    """
    _code_of(promo_code_id)
    uses = analytics.applications(promo_code_id, search=query.search)
    found = paginate_rows(uses, offset=query.first, size=query.limit)
    shown = [UserApplication.model_validate(Application(*row)) for row in found.items]
    told = UserApplications(applications=shown, total=found.total, page=found.number, limit=found.size)
    return Answer(told, _("Who has earned by it."))


def _code_of(promo_code_id: int) -> str:
    """Raises NotFound, also for promotions of other kinds."""
    code = editing.fields_of(editing.get(promo_code_id))["code"]
    assert isinstance(code, str), "an offer code has one code"
    return code


def _shown(own: OfferCode) -> PromoCodeOut:
    promotion = own.promotion
    described: dict[str, Any] = editing.fields_of(own) | {
        "status": promotion.status(clock.now()),
        "used_count": promotion.used_count,
    }
    return PromoCodeOut(
        **described,
        id=promotion.id,
        auto_deactivated_at=promotion.auto_deactivated_at,
        version=promotion.version,
    )
