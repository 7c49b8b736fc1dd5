"""The choice of language, in the footer of every page."""

from flask import request, session
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from app.accounts import service as accounts
from app.accounts.rules import LOCALES
from app.errors import DomainError
from app.kit.db import unit_of_work
from app.kit.htmx import see_other
from app.web.auth import bp
from app.web.languages import LOCALE
from app.web.visitor import access, signed_in, way_back


class UnknownLanguage(DomainError):
    code = "unknown_language"
    message = _l("We don't speak that language yet. Please choose one from the footer.")


@bp.post("/language")
@access("public")
def set_language() -> ResponseReturnValue:
    """For this session, and for good on the account of who is signed in."""
    locale, user = request.form.get("locale", ""), signed_in()
    if locale not in LOCALES:
        raise UnknownLanguage
    session[LOCALE] = locale
    if user is not None:
        with unit_of_work():
            accounts.set_locale(user.id, locale)
    return see_other(way_back(request.form.get("next")) or "/")
