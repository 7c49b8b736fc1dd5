"""All clients of the coach, as a list to search and to sort."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from app.kit import clock
from app.kit.htmx import page
from app.kit.lists import paginate_rows
from app.loyalty import clients, redemptions
from app.web.arguments import page_number
from app.web.coach import bp
from app.web.visitor import access, me

SORT_WORDS = {"name": _l("By name"), "active": _l("Latest activity"), "xp": _l("Most XP")}


@bp.get("/clients")
@access("coach")
def list_clients() -> ResponseReturnValue:
    """Four statements."""
    search, sort = request.args.get("q", "").strip()[:100], request.args.get("sort", "")
    sort = sort if sort in clients.SORTS else clients.NAME
    found = paginate_rows(clients.listed(me().id, search=search, sort=sort), number=page_number())
    shown = [row.User for row in found.items]
    return page(
        "coach/clients.html",
        "coach/_clients.html",
        clients=found,
        streaks=clients.streaks_of(shown, clock.now()),
        pending=redemptions.pending_of([client.id for client in shown]),
        asked={"q": search, "sort": sort},
        sort_words=SORT_WORDS,
    )
