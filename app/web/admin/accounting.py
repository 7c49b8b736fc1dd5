"""Accounting: what was sold, saved, refunded and given in a period."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context, url_for
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
from app.web.arguments import page_number
from app.web.visitor import access

EARLIEST, LATEST = date(1970, 1, 1), date(9998, 12, 31)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The days that were asked for, both included, as they were typed and as they count; and what is wrong."""

    first: date
    last: date
    typed: tuple[str, str]
    fault: str = ""

    def period(self, zone: ZoneInfo) -> Period:
        since, until = (datetime.combine(day, time(), zone) for day in (self.first, self.last + DAY))
        return Period(since, until)


@bp.get("/accounting")
@access("admin")
def show_accounting() -> ResponseReturnValue:
    zone = ZoneInfo(settings().timezone)
    today = clock.now().astimezone(zone).date()
    chosen = chosen_days(today, zone)
    period = chosen.period(zone)
    wish = chosen_wish(period)
    shown: dict[str, Any] = {
        "invoices": paginate(orders.invoices(wish), number=page_number()),
        "search": wish.search,
        "state": wish.status,
        "list_page": "admin.show_accounting",
        "list_keeps": {"from": chosen.first.isoformat(), "to": chosen.last.isoformat()},
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
    chosen = chosen_days(clock.now().astimezone(zone).date(), zone)
    if chosen.fault:
        raise ValidationFailed({"from": [chosen.fault]})
    rows = exporting.rows(chosen_wish(chosen.period(zone)), zone)
    answer = Response(stream_with_context(sheets.chunks(sheets.lines(exporting.COLUMNS, rows))), mimetype="text/csv")
    name = f"invoices-{chosen.first:%Y-%m-%d}-{chosen.last:%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def chosen_days(today: date, zone: ZoneInfo) -> Chosen:
    """The period that the address asks for, else the last twelve months; where it makes no sense, with the reason."""
    typed = (request.args.get("from", "")[:10], request.args.get("to", "")[:10])
    usual = Chosen((today.replace(day=1) - timedelta(days=330)).replace(day=1), today, typed)
    first, last = _day(typed[0]) or usual.first, _day(typed[1]) or today
    if any(text and _day(text) is None for text in typed):
        return Chosen(usual.first, today, typed, _("Please enter days such as 2026-03-01."))
    if last < first:
        return Chosen(usual.first, today, typed, _("The period ends before it begins. Please look at its days again."))
    chosen = Chosen(first, last, typed)
    if chosen.period(zone).is_too_long:
        return Chosen(usual.first, today, typed, _("Please choose ten years at most."))
    return chosen


def chosen_wish(period: Period) -> Wish:
    """Which invoices of the period are listed."""
    search, status = request.args.get("q", "").strip()[:100], request.args.get("status", "")
    return Wish(search, status if status in STATUSES else "", since=period.since, until=period.until)


def _address(first: date, last: date) -> str:
    days: dict[str, Any] = {"from": first.isoformat(), "to": last.isoformat()}
    return url_for("admin.show_accounting", **days)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if len(text) == len("2026-03-01") and EARLIEST < day < LATEST else None


def _presets(today: date, chosen: Chosen) -> list[tuple[str, str, bool]]:
    """What people ask for most: label, address, whether it is shown."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    before = (month - DAY).replace(day=1)
    periods = (
        (_l("This month"), month, today),
        (_l("Last month"), before, month - DAY),
        (_l("This year"), year, today),
        (_l("Last year"), year.replace(year=year.year - 1), year - DAY),
        (_l("Twelve months"), (month - timedelta(days=330)).replace(day=1), today),
    )
    return [
        (
            str(label),
            _address(first, last),
            (first, last) == (chosen.first, chosen.last),
        )
        for label, first, last in periods
    ]
