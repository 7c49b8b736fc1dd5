"""What an offer code has come to: offer by offer, and each time that it was used."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from sqlalchemy import Select

from app.accounts.models import User
from app.config import settings
from app.errors import NotFound
from app.kit import clock, sheets
from app.kit.htmx import page
from app.kit.lists import Page, paginate_rows, stream
from app.kit.money import as_decimal
from app.offers import analytics
from app.offers.analytics import OfferFigures
from app.offers.models import KIND, Conversion, OfferApplication
from app.promotions import statistics
from app.web.admin import bp
from app.web.admin.promotion_pages import Framed, framed
from app.web.arguments import page_number, whole_number
from app.web.visitor import access

DAYS = 30
ON_PAGE = 20
AT_ONCE = 1000
COLUMNS = ("username", "email", "offer", "applied_at", "bonus", "conversion_id")


@bp.get("/promotions/<int:promotion_id>/offers")
@access("admin")
def show_offer_analytics(promotion_id: int) -> ResponseReturnValue:
    """404 for what isn't an offer code."""
    frame, zone = framed_offer_code(promotion_id), ZoneInfo(settings().timezone)
    by_offer = analytics.by_offer(promotion_id)
    today = clock.now().astimezone(zone).date()
    return page(
        "admin/offer_analytics.html",
        "admin/_offer_figures.html",
        frame=frame,
        totals=statistics.totals(promotion_id),
        by_day=statistics.by_day(promotion_id, today, days=DAYS, zone=zone),
        offers=_turned(by_offer, page_number()),
    )


@bp.get("/promotions/<int:promotion_id>/applications")
@access("admin")
def list_offer_applications(promotion_id: int) -> ResponseReturnValue:
    """404 for what isn't an offer code."""
    frame, offers = framed_offer_code(promotion_id), analytics.offers_of(promotion_id)
    search, offer_id = _asked()
    query = analytics.applications(promotion_id, search=search, offer_id=offer_id)
    query = query.add_columns(Conversion.id, User.display_name)
    return page(
        "admin/offer_applications.html",
        "admin/_offer_applications.html",
        frame=frame,
        applications=paginate_rows(query, number=page_number(), size=ON_PAGE),
        offers=offers,
        search=search,
        offer_id=offer_id,
    )


@bp.get("/promotions/<int:promotion_id>/applications.csv")
@access("admin")
def export_offer_applications(promotion_id: int) -> ResponseReturnValue:
    """Those that the list shows, all pages of it, the oldest first; times by the reader's clock."""
    framed_offer_code(promotion_id)
    search, offer_id = _asked()
    zone = ZoneInfo(str(get_timezone() or "UTC"))

    def cells(*found: Any) -> tuple[Any, ...]:
        _user_id, username, email, _offer_id, offer, applied_at, bonus_cents, conversion_id = found
        at: datetime = applied_at.astimezone(zone)
        return username, email, offer, at.isoformat(timespec="seconds"), as_decimal(bonus_cents), conversion_id

    query = cast("Select[Any]", analytics.applications(promotion_id, search=search, offer_id=offer_id))
    rows = stream(query, OfferApplication.id, cells, size=AT_ONCE)
    answer = Response(stream_with_context(sheets.chunks(sheets.lines(COLUMNS, rows))), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"promotion-{promotion_id}-applications.csv")
    return answer


def framed_offer_code(promotion_id: int) -> Framed:
    """Raises NotFound, also for another kind of promotion."""
    frame = framed(promotion_id)
    if frame.listed.kind.name != KIND:
        raise NotFound
    return frame


def _asked() -> tuple[str, int | None]:
    return request.args.get("q", "").strip()[:100], whole_number(request.args.get("offer"))


def _turned(by_offer: Sequence[OfferFigures], number: int) -> Page[OfferFigures]:
    """One page of them; a number past the end gives the last."""
    number = max(1, min(number, -(-len(by_offer) // ON_PAGE)))
    first = (number - 1) * ON_PAGE
    return Page(by_offer[first : first + ON_PAGE], len(by_offer), number, ON_PAGE)
