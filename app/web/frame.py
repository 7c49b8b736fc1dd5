"""What the frame of every page asks for: its navigation, the way home, the server's clock."""

import time
from contextlib import suppress

from flask import Flask, current_app, g, request, url_for
from werkzeug.exceptions import HTTPException

from app.web.arguments import list_arguments
from app.web.navigation import sections_for

HOMES = {
    "admin": "admin.dashboard",
    "coach": "coach.dashboard",
    "client": "client.dashboard",
    "shopper": "store.browse",
}


def init_frame(app: Flask) -> None:
    """Give the templates what they need to draw the frame."""
    app.jinja_env.globals.update(
        sections_for=sections_for,
        section_of=section_of,
        has_page=has_page,
        home_url=home_url,
        server_time=server_time,
        icons_url=icons_url,
        this_page=this_page,
        list_arguments=list_arguments,
    )


def this_page() -> str:
    """The address of this page; where a form was answered that has none, of the nearest page above it."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    pages, path = current_app.url_map.bind(""), request.path
    while path:
        with suppress(HTTPException):
            pages.match(path, method="GET")
            return path
        path = path.rpartition("/")[0]
    return "/"


def section_of(role: str) -> str:
    """Which page of the role's navigation one is on: itself, the one that covers it, or the nearest above it.

    Looked up once per request.
    """
    if "section" not in g:
        entries = [entry for section in sections_for(role) for entry in section.entries]
        endpoints = [entry.endpoint for entry in entries]
        covering = next((entry.endpoint for entry in entries if request.endpoint in entry.covers), request.endpoint)
        above = {url_for(each): each for each in endpoints if request.endpoint not in endpoints}
        nearest = max((url for url in above if url.count("/") > 1 and request.path.startswith(f"{url}/")), default="")
        g.section = above.get(nearest, covering)
    return str(g.section)


def has_page(endpoint: str) -> bool:
    """Whether this installation has the page; links to others aren't shown."""
    return endpoint in current_app.view_functions


def home_url(role: str = "shopper") -> str:
    """Where the logo leads."""
    return url_for(HOMES[role]) if has_page(HOMES[role]) else "/"


def icons_url() -> str:
    """The sprite of icons; looked up once per request, since a page shows dozens."""
    if "icons_url" not in g:
        g.icons_url = url_for("static", filename="icons.svg")
    return str(g.icons_url)


def server_time() -> int:
    """Milliseconds since 1970, for countdowns that don't trust the visitor's clock."""
    return time.time_ns() // 1_000_000
