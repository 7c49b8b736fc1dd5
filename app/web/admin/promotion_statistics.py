"""What a promotion has come to: figures, days, and the people who used it."""

from zoneinfo import ZoneInfo

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.bonuses.models import KIND as BONUS
from app.config import settings
from app.kit import clock, sheets
from app.kit.htmx import page
from app.kit.money import as_decimal
from app.promotions import statistics
from app.web.admin import bp
from app.web.admin.promotion_pages import framed
from app.web.arguments import page_number
from app.web.visitor import access

DAYS = 30
COLUMNS = ("person", "account", "uses", "left", "given_back", "value", "last_use")


@bp.get("/promotions/<int:promotion_id>/statistics")
@access("admin")
def show_promotion_statistics(promotion_id: int) -> ResponseReturnValue:
    frame = framed(promotion_id)
    zone = ZoneInfo(settings().timezone)
    today = clock.now().astimezone(zone).date()
    return page(
        "admin/promotion_statistics.html",
        "admin/_promotion_statistics_sheet.html",
        frame=frame,
        totals=statistics.totals(promotion_id),
        figures=frame.listed.kind.statistics(promotion_id),
        by_day=statistics.by_day(promotion_id, today, days=DAYS, zone=zone),
    )


@bp.get("/promotions/<int:promotion_id>/people")
@access("admin")
def list_promotion_people(promotion_id: int) -> ResponseReturnValue:
    """A bonus is claimed rather than used: its people are told by its claims."""
    frame = framed(promotion_id)
    if frame.listed.kind.name == BONUS:
        return redirect(frame.people_url)
    search = request.args.get("q", "").strip()[:100]
    found = statistics.people(frame.promotion, search=search, number=page_number())
    return page("admin/promotion_people.html", "admin/_promotion_people.html", frame=frame, people=found, search=search)


@bp.get("/promotions/<int:promotion_id>/people.csv")
@access("admin")
def export_promotion_people(promotion_id: int) -> ResponseReturnValue:
    promotion = framed(promotion_id).promotion
    zone = ZoneInfo(str(get_timezone() or "UTC"))
    rows = [
        (
            each.name,
            "yes" if each.user_id else "no",
            each.uses,
            each.left,
            each.given_back,
            as_decimal(each.value_cents),
            each.last_at.astimezone(zone).isoformat(timespec="seconds"),
        )
        for each in statistics.everybody(promotion)
    ]
    answer = Response(sheets.chunks(sheets.lines(COLUMNS, rows)), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"promotion-{promotion_id}-people.csv")
    return answer
