"""A form whose token is worth nothing any more: it gets a fresh one, and keeps what was typed."""

import json
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, generate_csrf

from app.errors import error_page
from app.kit.db import db
from app.kit.htmx import wants_part
from app.web.visitor import needs_sign_in, to_sign_in


def init_stale_forms(app: Flask) -> None:
    app.register_error_handler(CSRFError, tell_stale)


def tell_stale(_error: CSRFError) -> ResponseReturnValue:
    """Nothing is done, in any case. Only a form that a page of ours has sent is offered to be sent once more.

    Within a page whose visitor is signed out by now a fresh token would be of no use: that one signs in first.
    """
    db.session.rollback()
    if wants_part() and needs_sign_in():
        return to_sign_in()
    if not _is_ours():
        message = _("This form didn't come from here, so nothing was changed. Please use the buttons on our own pages.")
        return error_page(400, message)
    return _part() if wants_part() else _page()


def _part() -> Response:
    """The page stays as it is, takes the fresh token, and the person presses once more."""
    message = _("This page had been open for too long. Nothing was changed yet: please press once more.")
    response = error_page(400, message)
    response.headers["HX-Trigger"] = json.dumps({"fresh-token": {"token": generate_csrf()}})
    return response


def _page() -> Response:
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    secret = [name for name, _value in typed if "password" in name]
    said = {
        "action": request.full_path.rstrip("?"),
        "typed": [(name, value) for name, value in typed if name not in secret],
        "secret": secret,
        "has_file": any(file.filename for file in request.files.values()),
    }
    return make_response(render_template("errors/stale.html", **said), 400)


def _is_ours() -> bool:
    """Whether a page of this very site has sent it; browsers say so, and pages can't make them lie."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    came_from = urlsplit(request.headers.get("Origin") or request.headers.get("Referer") or "")
    return came_from.netloc == request.host
