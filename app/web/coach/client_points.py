"""Every movement of the XP and points of one of the coach's clients."""

from functools import partial
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kit.htmx import page
from app.loyalty import clients
from app.loyalty.movements import ACHIEVEMENT, REDEMPTION, Movement
from app.web.coach import bp
from app.web.points_desk import moved_by, movements_file
from app.web.visitor import access, me

POINTS = ("loyalty/points.html", "loyalty/_movements.html")


@bp.get("/clients/<int:client_id>/points")
@access("coach")
def show_client_points(client_id: int) -> ResponseReturnValue:
    """Raises NotFound for anybody else's client."""
    client = clients.one(me().id, client_id)

    def address(moved: Movement) -> str | None:
        what, thing_id = moved.thing or ("", 0)
        if what == ACHIEVEMENT:
            return url_for(".show_client", client_id=client.id, _anchor=f"medal-{thing_id}")
        is_redemption, anchor = what == REDEMPTION, f"redemption-{thing_id}"
        return url_for(".list_redemptions", q=client.username, _anchor=anchor) if is_redemption else None

    crumbs = [(_("Clients"), url_for(".list_clients")), (client.name, url_for(".show_client", client_id=client.id))]
    file_url = partial(url_for, ".export_client_points", client_id=client.id)
    here: dict[str, Any] = {"crumbs": crumbs, "file_url": file_url}
    shown = moved_by(client, partial(url_for, ".show_client_points", client_id=client.id))
    return page(*POINTS, person=client, address=address, **here | shown)


@bp.get("/clients/<int:client_id>/points.csv")
@access("coach")
def export_client_points(client_id: int) -> ResponseReturnValue:
    """Raises NotFound for anybody else's client."""
    return movements_file(clients.one(me().id, client_id))
