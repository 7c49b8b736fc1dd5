"""Every page that a role can reach by links: axe finds nothing, nothing sticks out at the side.

Pages take turns with the two looks, which differ in theme and width; what pages are made of is looked at in all of them
by `test_styleguide.py`, and long pages by tests of their own.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException

from app.accounts import service as accounts
from app.accounts.models import User
from tests.browsing import Theme, faults_of, look

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

SignIn = Callable[[FlaskClient | Page, User], None]
HOMES = {"admin": "/admin", "coach": "/coach", "client": "/client", "shopper": "/store"}
# whose pages are looked at with whose eyes: what all share looks alike to all
THEIRS = {
    "admin": {"admin", "auth"},
    "coach": {"coach"},
    "client": {"client", "store"},
    "shopper": {"store", "auth", "home"},
}
LOOKS: tuple[tuple[int, Theme], ...] = ((1280, "light"), (360, "dark"))


@pytest.mark.parametrize("role", HOMES)
@pytest.mark.timeout(300)
def test_every_page_that_links_lead_to_is_accessible(
    business: Flask, client: FlaskClient, live_server: str, page: Page, sign_in: SignIn, role: str
) -> None:
    if role != "shopper":
        user = accounts.find(role)
        assert user is not None
        sign_in(client, user)
        sign_in(page, user)
    ways = crawl(business, client, HOMES[role], THEIRS[role])
    assert len(ways) >= 3
    faults: list[str] = []
    for turn, (width, theme) in enumerate(LOOKS):
        look(page, width, theme)
        for way in ways[turn :: len(LOOKS)]:
            page.goto(live_server + way)
            faults += [f"{way} ({theme}, {width} px): {fault}" for fault in faults_of(page)]
    assert not faults, "\n".join(faults)


def crawl(app: Flask, client: FlaskClient, start: str, doors: set[str]) -> list[str]:
    """One address of each page behind these doors that links lead to, step by step from `start`."""
    match = app.url_map.bind("127.0.0.1").match
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        way = urlsplit(waiting.pop(0)).path
        try:
            endpoint, _values = match(way, method="GET")
        except HTTPException:
            continue
        if endpoint in found or endpoint.split(".")[0] not in doors:
            continue
        answer = client.get(way)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            found[endpoint] = way
            waiting += links_of(answer.text)
    return list(found.values())


def links_of(html: str) -> list[str]:
    hrefs = (piece.split('"', 1)[0] for piece in html.split("<a ")[1:] for piece in piece.split('href="')[1:2])
    return [href for href in hrefs if href.startswith("/")]
