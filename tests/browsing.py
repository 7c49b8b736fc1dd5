"""A real browser. Each complaint fails the test: on the console (so the CSP too), of scripts, of missing files."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any, Literal
from weakref import WeakSet

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response, expect

CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FILES = {"stylesheet", "script", "image", "font"}
ANSWERED_4XX = ("Failed to load resource: the server responded with a status of 4", "Response Status Error Code 4")
PATIENCE = 10_000
Theme = Literal["light", "dark"]

expect.set_options(timeout=PATIENCE)
_without_script: WeakSet[Page] = WeakSet()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium where there is one, else the one that scripts/browser.sh has fetched.

    Best one without windows, which costs half as much.
    """
    flags = [*FLAGS, "--no-sandbox"] if os.getuid() == 0 else FLAGS
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    return {**browser_type_launch_args, "args": flags, **({"executable_path": found} if found else {})}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en-GB", "timezone_id": "UTC", "viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A browser with JavaScript. A 4xx answer is no complaint (refusals are shown); a missing file is."""
    complaints = complaints_of(page)
    yield page
    assert not complaints, complaints


@pytest.fixture
def page_without_javascript(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A browser with JavaScript switched off: everything important must work here too."""
    page = new_context(java_script_enabled=False).new_page()
    _without_script.add(page)
    complaints = complaints_of(page)
    yield page
    assert not complaints, complaints


def complaints_of(page: Page) -> list[str]:
    """A list that grows with everything this page complains about from now on. Also gives it some patience."""
    complaints: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(ANSWERED_4XX):
            complaints.append(f"{message.text} ({message.location})")

    def response(answer: Response) -> None:
        if answer.status >= 500 or (answer.status >= 400 and answer.request.resource_type in FILES):
            complaints.append(f"{answer.status} {answer.url}")

    page.on("console", console)
    page.on("response", response)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(PATIENCE)
    return complaints


def has_script(page: Page) -> bool:
    """Whether JavaScript is on in this browser: its traces in a page come too late for one that is just loading."""
    return page not in _without_script


def look(page: Page, width: int, theme: Theme) -> None:
    """From now on a window of this width, on a device of this theme."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")


def faults_of(page: Page) -> list[str]:
    """What axe finds on the page as it stands, and whether it sticks out at the side."""
    found = Axe().run(page)
    faults = [found.generate_report()] if found.violations_count else []
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append(f"{page.url} sticks out at the side")
    return faults


def bring_in(page: Page, app: Flask, client: FlaskClient) -> None:
    """Give the browser the session of a test client."""
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": "http://127.0.0.1"}])
