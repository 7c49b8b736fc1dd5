"""In which language and by which clock the visitor reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, get_locale, refresh

from app.accounts.rules import LOCALES
from app.web.visitor import signed_in

LOCALE = "locale"


def init_languages(app: Flask) -> None:
    Babel(app, locale_selector=chosen_locale, timezone_selector=chosen_timezone)
    app.jinja_env.globals.update(LOCALES=LOCALES, current_locale=current_locale)


def chosen_locale() -> str | None:
    """The user's choice, else this session's, else what the browser prefers."""
    if not has_request_context():
        return None
    user = signed_in()
    chosen = user.locale if user else session.get(LOCALE)
    return chosen if chosen in LOCALES else request.accept_languages.best_match(LOCALES, default="en")


def chosen_timezone() -> str | None:
    """The user's zone; visitors read by the clock of the installation."""
    if g.get("clock_of_another"):
        return str(g.clock_of_another)
    user = signed_in() if has_request_context() else None
    return user.timezone if user else None


@contextmanager
def by_the_clock_of(zone: str) -> Iterator[None]:
    """Within it, moments are told as somebody in this zone reads them."""
    g.clock_of_another = zone
    refresh()
    try:
        yield
    finally:
        del g.clock_of_another
        refresh()


def current_locale() -> str:
    """`en` or `th`, as the page is being read."""
    return str(get_locale() or "en")
