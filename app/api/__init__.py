"""The JSON door: one envelope, bearer tokens, one file a resource."""

from flask import Blueprint, Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf import CSRFProtect

from app.kit.htmx import wants_part

bp = Blueprint("api", __name__, url_prefix="/api")

from app.api import (  # noqa: E402  (they hang their views on the blueprint)
    activity,  # noqa: F401
    auth,  # noqa: F401
    bonuses,  # noqa: F401
    conversions,  # noqa: F401
    deals,  # noqa: F401
    deposits,  # noqa: F401
    explain,  # noqa: F401
    grants,  # noqa: F401
    health,
    invoices,  # noqa: F401
    loyalty,  # noqa: F401
    offer_codes,  # noqa: F401
    offers,  # noqa: F401
    openapi,  # noqa: F401
    promotions,  # noqa: F401
    reference,
    store,  # noqa: F401
)

REFERENCE = "/api/docs"
KEPT = {"static", "media.show_picture"}


class PageSessions(SecureCookieSessionInterface):
    """Sessions in cookies for pages. Programs have none: what comes through this door sees an empty one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith("/api/") and request.path != REFERENCE:
            return self.make_null_session(app)
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """What everybody may keep carries nobody's cookie and differs for nobody.

        Nor does a part that only looks: it may come after an answer that has changed the session meanwhile.
        """
        only_looks = request.method == "GET" and wants_part()
        if session.modified or not (only_looks or request.endpoint in KEPT):
            super().save_session(app, session, response)


def register_door(app: Flask, csrf: CSRFProtect) -> None:
    """Open the door. No cookie authorises here, so no page elsewhere can borrow one: the CSRF check is left out."""
    csrf.exempt(bp)
    app.session_interface = PageSessions()
    app.register_blueprint(bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(reference.bp)
