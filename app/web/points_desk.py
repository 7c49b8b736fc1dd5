"""The lists of what moved somebody's XP and points: the same for the client, their coach and the admins."""

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, stream_with_context
from flask_babel import get_timezone
from flask_babel import lazy_gettext as _l

from app.accounts.models import User
from app.kit import sheets
from app.kit.sheets import Cell
from app.loyalty import movements, rules
from app.loyalty import service as loyalty
from app.loyalty.movements import EARNED, SPENT, WAYS
from app.web.arguments import page_number
from app.web.movement_words import what_for

COLUMNS = ("at", "what_for", "xp", "points", "balance_after")
WAY_WORDS = {"": _l("All"), EARNED: _l("Earned"), SPENT: _l("Spent")}


def moved_by(user: User, url: Callable[..., str]) -> dict[str, Any]:
    """What the pages show: the totals, and a page of what has led to them. Six statements at most.

    `url` makes the list's own address with the arguments that it is given.
    """
    summary, levels, way = loyalty.summary_of(user.id), loyalty.levels(), _asked()
    return {
        "summary": summary,
        "standing": rules.standing(summary.total_xp, levels),
        "movements": movements.of_client(user.id, way=way, number=page_number()),
        "what_for": what_for,
        "way": way,
        "way_words": WAY_WORDS,
        "list_url": url,
    }


def movements_file(user: User) -> Response:
    """Those that the list shows, the oldest first, as a file that spreadsheets open."""
    rows = _cells(user.id, _asked(), ZoneInfo(str(get_timezone() or "UTC")))
    answer = Response(stream_with_context(sheets.chunks(sheets.lines(COLUMNS, rows))), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"points-{user.username}.csv")
    return answer


def _cells(user_id: int, way: str, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    for each in movements.each_of(user_id, way=way):
        at = each.at.astimezone(zone).isoformat(timespec="seconds")
        yield at, what_for(each), each.xp, each.points, each.balance


def _asked() -> str:
    way = request.args.get("kind", "")
    return way if way in WAYS else ""
