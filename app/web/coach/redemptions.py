"""What the coach's clients have redeemed."""

from flask.typing import ResponseReturnValue

from app.web import redemption_desk as desk
from app.web.coach import bp
from app.web.visitor import access


@bp.get("/redemptions")
@access("coach")
def list_redemptions() -> ResponseReturnValue:
    return desk.list_page()


@bp.patch("/redemptions/<int:redemption_id>")
@access("coach")
def handle_redemption(redemption_id: int) -> ResponseReturnValue:
    """`status` is fulfilled or rejected; `coach_notes` are needed to reject."""
    return desk.handle(redemption_id)
