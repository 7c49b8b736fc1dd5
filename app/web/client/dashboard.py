"""The client's dashboard: how far, what lately, what next."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from app.activity import timeline
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, wants_part
from app.loyalty import rules
from app.loyalty import service as loyalty
from app.web.client import bp, logbook
from app.web.visitor import access, me

DASHBOARD = ("client/dashboard.html", "client/_dashboard.html")
WEEKS = 4
LINES = 6
SHADES = 4


@bp.get("")
@access("client")
def dashboard() -> ResponseReturnValue:
    """The page; for a part that asks whether anything changed since what it has `seen`, 204 when nothing did."""
    shown = _look()
    if wants_part() and request.args.get("seen") == shown["stamp"]:
        return Response(status=204)
    return page(*DASHBOARD, **shown)


@bp.post("/level-up/seen")
@access("client")
def mark_level_seen() -> ResponseReturnValue:
    """The client has been congratulated; once is enough."""
    with unit_of_work():
        loyalty.mark_celebrated(me().id, request.form.get("level", 0, type=int))
    return page(*DASHBOARD, **_look()) if wants_part() else see_other(url_for("client.dashboard"))


def _look() -> dict[str, Any]:
    user, now = me(), clock.now()
    here = now.astimezone(ZoneInfo(user.timezone))
    today = here.date()
    first_day = today - timedelta(days=today.weekday() + 7 * (WEEKS - 1))
    book = logbook.read(user.id, size=LINES, now=now)
    summary, levels = loyalty.summary_of(user.id), loyalty.levels()
    tally = timeline.tally(user.id, since=today - timedelta(days=today.weekday()))
    streak = timeline.streak(user.id, today=today)
    xp_by_day = loyalty.xp_by_day(user.id, since=first_day)
    standing = rules.standing(summary.total_xp, levels)
    return {
        "user": user,
        "here": here,
        "today": today,
        "summary": summary,
        "standing": standing,
        "levels": levels,
        "book": book,
        "streak": streak,
        "chores": _chores(tally, today),
        "amounts": loyalty.amounts(),
        "week": {kind: sum(count for (each, _), count in tally.items() if each == kind) for kind in timeline.KINDS},
        "weekdays": [(format_date(day, "EEEE"), format_date(day, "EEEEE")) for day in _days(first_day, 7)],
        "calendar": _calendar(xp_by_day, first_day),
        "stamp": logbook.stamp(summary.figures, levels, book, today),
    }


def _chores(tally: dict[tuple[str, date], int], today: date) -> dict[str, int]:
    """How often each thing was done today."""
    return {kind: tally.get((kind, today), 0) for kind in timeline.KINDS}


def _calendar(xp_by_day: dict[date, int], first_day: date) -> list[list[tuple[date, int, int]]]:
    """Weeks of (day, XP, shade), the shade growing with the XP from 0 to 4."""
    most = max([*xp_by_day.values(), 1])
    xp_of_days = [(day, xp_by_day.get(day, 0)) for day in _days(first_day, 7 * WEEKS)]
    cells = [(day, xp, -(-xp * SHADES // most)) for day, xp in xp_of_days]
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(count)]
