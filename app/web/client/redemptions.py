"""What the client has redeemed, and what became of it."""

from flask.typing import ResponseReturnValue

from app.kit.htmx import page
from app.kit.lists import paginate
from app.loyalty import redemptions, refunds
from app.loyalty import service as loyalty
from app.loyalty.reward_models import REJECTED
from app.web.arguments import page_number
from app.web.client import bp
from app.web.client.pulse import stamp, unchanged
from app.web.visitor import access, me

REDEMPTIONS = ("client/redemptions.html", "client/_redemptions.html")


@bp.get("/redemptions")
@access("client")
def show_redemptions() -> ResponseReturnValue:
    """The page; for a part the list, or 204 when it is as it was `seen`."""
    user = me()
    own, has_coach = paginate(redemptions.of_client(user.id), number=page_number()), user.coach_id is not None
    points = loyalty.summary_of(user.id).available_points
    rows = [(each.id, each.status, each.coach_notes, each.reward.version) for each in own.items]
    seen = stamp(points, rows, own.total, own.number, has_coach)
    taken = refunds.taken_of(user.id) if any(each.status == REJECTED for each in own.items) else {}
    return unchanged(seen) or page(
        *REDEMPTIONS, redemptions=own, points=points, taken=taken, has_coach=has_coach, stamp=seen
    )
