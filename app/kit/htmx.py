"""One view, two answers: the whole page, or only the part that HTMX will swap."""

import json
from typing import Any, Literal

from flask import Response, flash, g, make_response, redirect, render_template, request

Tone = Literal["success", "info", "warning", "error"]


def wants_part() -> bool:
    """True for an HTMX swap; boosted links and history restores want the whole page."""
    headers = request.headers
    return "HX-Request" in headers and not ("HX-Boosted" in headers or "HX-History-Restore-Request" in headers)


def page(whole: str, part: str, status: int = 200, **context: Any) -> Response:
    """Render the part alone for HTMX, or the page that includes it for everyone else."""
    return make_response(render_template(part if wants_part() else whole, **context), status)


def see_other(url: str) -> Response:
    """Send the visitor on after a POST: 303, or the header that makes HTMX do the same."""
    if not wants_part():
        return make_response(redirect(url, 303))
    _flash_toasts()
    response = Response(status=204)
    response.headers["HX-Redirect"] = url
    return response


def toast(message: str, tone: Tone = "success") -> None:
    """Confirm something in a corner of the page that answers, be it a part or the next whole page."""
    if wants_part():
        g.setdefault("toasts", []).append({"message": message, "tone": tone})
    else:
        flash(message, tone)


def carry_toasts(response: Response) -> Response:
    """After each request: hand the toasts of a part to its page script."""
    toasts = g.pop("toasts", [])
    if toasts:
        response.headers["HX-Trigger"] = json.dumps({"toast": {"toasts": toasts}})
    return response


def _flash_toasts() -> None:
    for each in g.pop("toasts", []):
        flash(each["message"], each["tone"])
