"""One family for everything a person can be told, and one place that tells it: as page, part or JSON."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import structlog
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.kit.bodies import read_off
from app.kit.db import db, is_overload
from app.kit.htmx import wants_part
from app.kit.limits import TooOften
from app.kit.logs import trespasses
from app.kit.sheets import Flaw
from app.kit.wire import Spelling, camel, facts_of

log = structlog.get_logger(__name__)
RETRY_AFTER = 5
FOR_PROGRAMS = {"/healthz", "/readyz", "/metrics", "/store/payments/stripe/webhook"}


class DomainError(Exception):
    """An expected refusal: a stable code for programs, a sentence with the next step for people.

    `field` names the form field it belongs to; `facts` are what it rests on (`kit.wire` tells them in JSON,
    their names in the spelling of the door).
    One that `is_trespass`, for what isn't theirs, goes to the log.
    """

    code: ClassVar[str] = "refused"
    message: ClassVar[Any] = _l("That is not possible right now.")
    status: ClassVar[int] = 422
    is_trespass: ClassVar[bool] = False
    retry_after: int | None = None
    spell: Spelling = staticmethod(camel)

    def __init__(self, message: Any = None, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(self.code)
        if message is not None:
            self.message = message  # type: ignore[misc]
        self.field = field
        self.facts = facts

    @property
    def fields(self) -> dict[str, list[str]]:
        """The field errors, as forms and the API show them."""
        return {self.field: [str(self.message)]} if self.field else {}

    def rename(self, public: Callable[[str], str]) -> None:
        """Tell its fields, and those that it says have changed, by the names that the sender knows them by."""
        self.field = public(self.field) if self.field else None
        if "changed" in self.facts:  # its sentence names them too
            self.facts["changed"] = [public(name) for name in self.facts["changed"]]


class NotFound(DomainError):
    code, status = "not_found", 404
    message = _l("We can't find that. It may have been moved or removed.")


class NotTheirs(NotFound):
    """Somebody else's: told like what doesn't exist."""

    is_trespass = True


class Forbidden(DomainError):
    code, status, is_trespass = "forbidden", 403, True
    message = _l("Your account may not do this.")


class Unauthorized(DomainError):
    code, status = "unauthorized", 401
    message = _l("Please sign in first.")


class Conflict(DomainError):
    code, status = "conflict", 409
    message = _l("This was changed in the meantime. Look at the newer version and try again.")


class RateLimited(DomainError):
    code, status = "rate_limited", 429

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after: int = max(1, retry_after)

    @property
    def message(self) -> Any:
        return ngettext(
            "Too many attempts. Please wait a second and try again.",
            "Too many attempts. Please wait %(num)d seconds and try again.",
            self.retry_after,
        )


class ValidationFailed(DomainError):
    """Input that isn't valid; `fields` says what is wrong with each."""

    code, status = "validation_error", 400
    message = _l("Please check the marked fields.")

    def __init__(self, fields: Mapping[str, Sequence[Any]]) -> None:
        super().__init__()
        self._fields = {name: [str(each) for each in errors] for name, errors in fields.items()}

    @property
    def fields(self) -> dict[str, list[str]]:
        return self._fields

    def rename(self, public: Callable[[str], str]) -> None:
        self._fields = {public(name): told for name, told in self._fields.items()}


class SheetRefused(DomainError):
    """A file that isn't imported; `flaws` say why, row by row."""

    code = "invalid_sheet"
    message = _l("Something in the file is wrong, so nothing of it was imported.")

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__()
        self.flaws = flaws


class Overtaken(Conflict):
    """What a file is about was changed by somebody else in the very moment in which it was imported."""

    message = _l(
        "Somebody changed the same things while the file was being imported, so nothing of it was written."
        " Please import it again."
    )


class Busy(DomainError):
    code, status = "busy", 503
    retry_after = RETRY_AFTER
    message = _l("We are very busy right now and nothing was changed. Please try again in a few seconds.")


HTTP_CODES = {
    400: "validation_error",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "busy",
}


HTTP_SENTENCES = {
    400: _l("We could not read that request. Please check it and try again."),
    401: _l("Please sign in first."),
    403: _l("Your account may not do this."),
    404: _l("We can't find that. It may have been moved or removed."),
    405: _l("That address doesn't take this kind of request."),
    413: _l("That is too large. Please send less at once."),
    415: _l("Please send JSON, with the header Content-Type: application/json."),
    429: _l("Too many attempts. Please wait a moment and try again."),
    500: _l("Something went wrong on our side. Nothing you did is lost; please try again in a moment."),
    503: _l("We are very busy right now and nothing was changed. Please try again in a few seconds."),
}


def not_shown(to_anybody: Select[Any]) -> NotFound:
    """What to raise when nothing was found for who asks; `to_anybody` is the same query without them."""
    return NotFound() if db.session.scalar(to_anybody.limit(1)) is None else NotTheirs()


def register_error_handlers(app: Flask) -> None:
    """Tell every error in the form in which the visitor asked."""
    app.before_request(_lead_no_program_elsewhere)
    app.register_error_handler(DomainError, _tell_refusal)
    app.register_error_handler(TooOften, lambda error: _tell_refusal(RateLimited(error.retry_after)))
    app.register_error_handler(HTTPException, _tell_http)
    app.register_error_handler(Exception, _tell_failure)


def _lead_no_program_elsewhere() -> None:
    """An address with a slash too many is answered with a redirect, in HTML; programs hear that it isn't there."""
    if isinstance(request.routing_exception, RequestRedirect) and _wants_json():
        raise NotFound


def envelope(error: DomainError) -> dict[str, Any]:
    """The JSON body of a refusal."""
    body: dict[str, Any] = {"status": "error", "message": str(error.message), "error": error.code}
    if error.fields:
        body["fields"] = error.fields
    if error.facts:
        body["data"] = facts_of(error.facts, error.spell)
    return body


def _tell_refusal(error: DomainError) -> ResponseReturnValue:
    db.session.rollback()
    if error.is_trespass:
        trespasses.warn("refused", method=request.method, path=request.path, address=request.remote_addr)
    if _wants_json():
        response = make_response(jsonify(envelope(error)), error.status)
        if error.status == Unauthorized.status:
            response.headers["WWW-Authenticate"] = "Bearer"
    else:
        response = error_page(error.status, str(error.message))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _tell_http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:  # noqa: PLR2004
        return error
    if error.code == 413:  # noqa: PLR2004
        read_off(request)
    if _wants_json():
        message = str(HTTP_SENTENCES.get(error.code) or error.description)
        response = make_response(
            jsonify(status="error", message=message, error=HTTP_CODES.get(error.code, "refused")), error.code
        )
    else:
        response = error_page(error.code, "")
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _tell_failure(error: Exception) -> ResponseReturnValue:
    _roll_back()
    with _browsers_language():
        return _admit(error)


def _admit(error: Exception) -> ResponseReturnValue:
    if is_overload(error):
        log.warning("overload", error=type(error).__name__)
        return _tell_refusal(Busy())
    reference = g.get("request_id") or uuid.uuid4().hex
    log.error("internal_error", reference=reference, exc_info=error)
    if _wants_json():
        return jsonify(status="error", message=str(HTTP_SENTENCES[500]), error="internal_error"), 500
    return error_page(500, "", reference=reference)


def _roll_back() -> None:
    try:
        db.session.rollback()
    except SQLAlchemyError:  # the connection itself may be gone
        log.warning("rollback_failed")


def _wants_json() -> bool:
    is_api = f"{request.path}/".startswith("/api/") and request.path != "/api/docs"
    return is_api or request.path in FOR_PROGRAMS


def error_page(status: int, message: str, **context: Any) -> Response:
    """The error page; for HTMX a part that is added to the toasts, so that what was on the page stays."""
    template = "errors/_error.html" if wants_part() else "errors/error.html"
    response = make_response(_render(template, status=status, message=message, **context), status)
    if wants_part():
        response.headers["HX-Retarget"] = "#toasts"
        response.headers["HX-Reswap"] = "beforeend"
    return response


def _render(template: str, *, status: int, **context: Any) -> str:
    if status < 500:  # noqa: PLR2004
        return render_template(template, status=status, **context)
    with _browsers_language():  # straight from Jinja: Flask would look up the current user
        return current_app.jinja_env.get_template(template).render(status=status, **context)


def _browsers_language() -> AbstractContextManager[None]:
    """Ask the browser for its language, not the database for the user's: it may be what failed."""
    language: AbstractContextManager[None] = force_locale(
        request.accept_languages.best_match(["en", "th"], default="en")
    )
    return language
