"""Accounting: what was sold, saved, refunded and given in a period."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.config import settings
from app.errors import ValidationFailed
from app.kit import clock, sheets
from app.kit.htmx import page, wants_part
from app.kit.lists import paginate
from app.orders import accounting, exporting
from app.orders import service as orders
from app.orders.accounting import Period, Sums
from app.orders.models import STATUSES
from app.orders.service import Wish
from app.web.admin import bp
from app.web.admin.periods import DAY, Chosen, chosen_days, presets
from app.web.arguments import page_number
from app.web.visitor import access


@bp.get("/accounting")
@access("admin")
def show_accounting() -> ResponseReturnValue:
    zone = ZoneInfo(settings().timezone)
    today = clock.now().astimezone(zone).date()
    chosen = chosen_months(today, zone)
    period = chosen.period(zone)
    wish = chosen_wish(period)
    shown: dict[str, Any] = {
        "invoices": paginate(orders.invoices(wish), number=page_number()),
        "search": wish.search,
        "state": wish.status,
        "list_page": "admin.show_accounting",
        "list_keeps": chosen.arguments(),
    }
    if wants_part():
        return page("admin/accounting.html", "admin/_invoices.html", **shown)
    months = accounting.months(period, zone)
    sums = accounting.by_period(months)
    return page(
        "admin/accounting.html",
        "admin/_invoices.html",
        422 if chosen.fault else 200,
        chosen=chosen,
        presets=_presets(today, chosen),
        months=[(month.since.astimezone(zone).date(), each) for month, each in zip(months, sums, strict=True)],
        total=sum(sums, Sums()),
        codes=accounting.top_codes(period),
        **shown,
    )


@bp.get("/accounting.csv")
@access("admin")
def export_invoices() -> ResponseReturnValue:
    """The invoices of the list, as a file that spreadsheets open; sent while it is read."""
    zone = ZoneInfo(settings().timezone)
    chosen = chosen_months(clock.now().astimezone(zone).date(), zone)
    if chosen.fault:
        raise ValidationFailed({"from": [chosen.fault]})
    rows = exporting.rows(chosen_wish(chosen.period(zone)), zone)
    answer = Response(stream_with_context(sheets.chunks(sheets.lines(exporting.COLUMNS, rows))), mimetype="text/csv")
    name = f"invoices-{chosen.first:%Y-%m-%d}-{chosen.last:%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def chosen_months(today: date, zone: ZoneInfo) -> Chosen:
    """The period that the address asks for, else the last twelve months."""

    def too_long(chosen: Chosen) -> str:
        return _("Please choose ten years at most.") if chosen.period(zone).is_too_long else ""

    return chosen_days((_a_year_back(today), today), too_long=too_long)


def chosen_wish(period: Period) -> Wish:
    """Which invoices of the period are listed."""
    search, status = request.args.get("q", "").strip()[:100], request.args.get("status", "")
    return Wish(search, status if status in STATUSES else "", since=period.since, until=period.until)


def _a_year_back(today: date) -> date:
    """The first day of twelve months, of which this is the last."""
    return (today.replace(day=1) - timedelta(days=330)).replace(day=1)


def _presets(today: date, chosen: Chosen) -> list[tuple[str, str, bool]]:
    """What people ask for most."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    before = (month - DAY).replace(day=1)
    periods = (
        (_l("This month"), (month, today)),
        (_l("Last month"), (before, month - DAY)),
        (_l("This year"), (year, today)),
        (_l("Last year"), (year.replace(year=year.year - 1), year - DAY)),
        (_l("Twelve months"), (_a_year_back(today), today)),
    )
    return presets(chosen, periods, "admin.show_accounting")
