"""What all clients have redeemed; as a file too."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.kit.sheets import Cell
from app.loyalty import redemptions
from app.loyalty.keeping import ADMINS
from app.loyalty.reward_models import RewardRedemption
from app.web import redemption_desk as desk
from app.web.admin import bp
from app.web.admin.sheet_desk import csv_file
from app.web.visitor import access

COLUMNS = ("id", "client", "coach", "reward", "points", "status", "asked_for", "handled", "handled_by", "note")


@bp.get("/redemptions")
@access("admin")
def list_redemptions() -> ResponseReturnValue:
    return desk.list_page()


@bp.patch("/redemptions/<int:redemption_id>")
@access("admin")
def handle_redemption(redemption_id: int) -> ResponseReturnValue:
    """`status` is fulfilled or rejected; `coach_notes` are needed to reject."""
    return desk.handle(redemption_id)


@bp.get("/redemptions.csv")
@access("admin")
def export_redemptions() -> ResponseReturnValue:
    """Those that the list shows, as a file that spreadsheets open."""
    wanted, zone = desk.asked(), ZoneInfo(str(get_timezone() or "UTC"))

    def cells(each: RewardRedemption) -> tuple[Cell, ...]:
        return _cells(each, zone)

    found = redemptions.each_of(ADMINS, cells, status=wanted["status"], search=wanted["q"])
    return csv_file(COLUMNS, found, "redemptions.csv")


def _cells(each: RewardRedemption, zone: ZoneInfo) -> tuple[Cell, ...]:
    return (
        each.id,
        each.user.username,
        each.user.coach.username if each.user.coach else None,
        each.reward.name,
        each.points_spent,
        each.status,
        _time(each.created_at, zone),
        _time(each.handled_at, zone),
        each.handled_by.username if each.handled_by else None,
        each.coach_notes,
    )


def _time(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return instant.astimezone(zone).isoformat(timespec="seconds") if instant else None
