"""What people have claimed, for the game server that hands it out."""

from flask_babel import gettext as _

from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.grant_schemas import GrantOut, Grants, WhichGrants
from app.api.invoice_schemas import Nothing
from app.api.tokens import actor, requires
from app.deals import granting
from app.deals import service as deals
from app.deals.service import Granted, Which
from app.errors import NotFound
from app.kit import clock
from app.kit.db import unit_of_work

TAG = "Store"
TAKEN_BACK = "`conflict`: what it rests on was refunded, so it was taken back and isn't to be handed out."


@bp.get("/store/grants")
@requires(scope="grants")
@endpoint(Promise(TAG, Grants, query=WhichGrants))
def list_grants(query: WhichGrants) -> Answer:
    """List what was claimed, newest first.

    With `status=pending`: what the game has to hand out. Confirm each with `delivered` once it has.
    """
    which = Which(status=query.status or "", username=query.username or "", search=query.search)
    found = granting.found(which, offset=query.first, size=query.limit)
    return Answer(Grants(grants=[_shown(each) for each in found.items], total=found.total), _("What was claimed."))


@bp.post("/store/grants/<int:grant_id>/delivered")
@requires(scope="grants")
@endpoint(Promise(TAG, GrantOut, body=Nothing, refuses={409: TAKEN_BACK}))
def deliver_grant(grant_id: int, body: Nothing) -> Answer:  # noqa: ARG001
    """Confirm that the game has handed it out.

    Doing so again changes nothing.
    """
    with unit_of_work():
        deals.deliver(grant_id, clock.now(), actor=actor())
        granted = granting.one(grant_id)
        if granted is None:
            raise NotFound
        shown = _shown(granted)
    return Answer(shown, _("It is handed out."))


def _shown(granted: Granted) -> GrantOut:
    grant = granted.grant
    return GrantOut.model_validate(
        {
            "id": grant.id,
            "username": granted.username,
            "deal_title": granted.deal_title,
            "items": grant.items,
            "status": grant.status,
            "created_at": grant.created_at,
        }
    )
