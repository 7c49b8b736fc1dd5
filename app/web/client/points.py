"""Every movement of the client's XP and points."""

from functools import partial
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.kit.htmx import page
from app.loyalty.movements import ACHIEVEMENT, REDEMPTION, Movement
from app.web.client import bp
from app.web.client.pulse import stamp, unchanged
from app.web.points_desk import moved_by, movements_file
from app.web.visitor import access, me

POINTS = ("client/points.html", "loyalty/_movements.html")


@bp.get("/points")
@access("client")
def show_points() -> ResponseReturnValue:
    """The page; for a part the list, or 204 when it is as it was `seen`."""
    shown = moved_by(me(), partial(url_for, ".show_points"))
    listed = shown["movements"]
    names = [(each.id, each.name) for each in listed.items]
    seen = stamp(shown["summary"].figures, shown["standing"], names, listed.total, listed.number)
    here: dict[str, Any] = {"file_url": partial(url_for, ".export_points"), "address": _address, "stamp": seen}
    return unchanged(seen) or page(*POINTS, **shown | here)


@bp.get("/points.csv")
@access("client")
def export_points() -> ResponseReturnValue:
    return movements_file(me())


def _address(moved: Movement) -> str | None:
    """Where the thing is shown; None where no page of the client's does."""
    if moved.thing is None:
        return None
    what, thing_id = moved.thing
    if what == ACHIEVEMENT:
        return url_for(".show_achievements", _anchor=f"achievement-{thing_id}")
    return url_for(".show_redemptions", _anchor=f"redemption-{thing_id}") if what == REDEMPTION else None
