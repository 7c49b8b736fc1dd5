"""Deals, as admins keep them, and how far people have come on them."""

from typing import Any

from flask_babel import gettext as _

from app.api import bp
from app.api.deal_schemas import DealChanges, DealOut, Deals, NewDeal, People, Somebody, WhichPeople
from app.api.endpoint import Answer, Promise, endpoint
from app.api.promotion_schemas import Which
from app.api.promotions import CONFLICT
from app.api.tokens import actor, requires
from app.deals import people
from app.deals import service as deals
from app.deals.models import Deal
from app.kit import clock
from app.kit.db import unit_of_work

TAG = "Deals"


@bp.get("/v1/admin/deals")
@requires("admin")
@endpoint(Promise(TAG, Deals, query=Which))
def list_deals(query: Which) -> Answer:
    """List deals."""
    found = deals.listing(
        search=query.search,
        status=query.status or "",
        is_active=query.is_active,
        offset=query.first,
        size=query.limit,
        now=clock.now(),
    )
    return Answer(Deals(deals=[_shown(each) for each in found.items], total=found.total), _("Deals."))


@bp.post("/v1/admin/deals")
@requires("admin")
@endpoint(Promise(TAG, DealOut, 201, body=NewDeal, creates=True))
def create_deal(body: NewDeal) -> Answer:
    """Make a deal."""
    made = deals.create(body.named(), actor(), clock.now())
    return Answer(_shown(made), _("The deal is made."), 201)


@bp.get("/v1/admin/deals/<int:deal_id>")
@requires("admin")
@endpoint(Promise(TAG, DealOut))
def show_deal(deal_id: int) -> Answer:
    """Show a deal."""
    return Answer(_shown(deals.get(deal_id)), _("The deal."))


@bp.put("/v1/admin/deals/<int:deal_id>")
@requires("admin")
@endpoint(Promise(TAG, DealOut, body=DealChanges, refuses={409: CONFLICT}))
def change_deal(deal_id: int, body: DealChanges) -> Answer:
    """Change a deal.

    What is named changes, the rest stays. What was claimed already keeps what it was promised. Switching on a deal that
    is past its end or used up is a conflict too, whose message says what to change.
    """
    changes = body.named()
    version = changes.pop("version", None)
    with unit_of_work():
        deals.change(deal_id, changes, version=version, actor=actor(), now=clock.now())
        shown = _shown(deals.get(deal_id))
    return Answer(shown, _("The deal is changed."))


@bp.delete("/v1/admin/deals/<int:deal_id>")
@requires("admin")
@endpoint(Promise(TAG, None, refuses={409: CONFLICT}))
def remove_deal(deal_id: int) -> Answer:
    """Delete a deal.

    One on which somebody has spent is archived instead; what was claimed is still handed out.
    """
    with unit_of_work():
        is_gone = deals.remove(deal_id, actor(), clock.now())
    return Answer(None, _("The deal is deleted.") if is_gone else _("The deal is archived."))


@bp.get("/v1/admin/deals/<int:deal_id>/progress")
@requires("admin")
@endpoint(Promise(TAG, People, query=WhichPeople))
def show_progress(deal_id: int, query: WhichPeople) -> Answer:
    """Show how far people have come.

    Everybody who has spent something on the deal, whoever has spent most first.
    """
    found = people.progress(deal_id, search=query.search, offset=query.first, size=query.limit)
    shown = [_somebody(each) for each in found.items]
    return Answer(People(progress=shown, total=found.total), _("How far people have come."))


def _shown(deal: Deal) -> DealOut:
    promotion = deal.promotion
    described: dict[str, Any] = deals.fields_of(deal) | {
        "status": promotion.status(clock.now()),
        "used_count": promotion.used_count,
    }
    return DealOut(
        **described,
        id=promotion.id,
        auto_deactivated_at=promotion.auto_deactivated_at,
        version=promotion.version,
    )


def _somebody(each: people.Somebody) -> Somebody:
    return Somebody(
        username=each.username,
        spent=each.standing.spent_cents,
        progress=each.standing.progress,
        claim_count=each.standing.live,
        claimable=each.standing.claimable,
        claimed_ingame=1 if each.is_in_game else 0,
    )
