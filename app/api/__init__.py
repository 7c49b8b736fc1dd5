"""The JSON door: one envelope, bearer tokens, one file a resource."""

from flask import Blueprint, Flask
from flask_wtf import CSRFProtect

bp = Blueprint("api", __name__, url_prefix="/api")

from app.api import auth, health, openapi, promotions  # noqa: E402, F401  (they hang their views on the blueprint)


def register_door(app: Flask, csrf: CSRFProtect) -> None:
    """Open the door. No cookie authorises here, so no page elsewhere can borrow one: the CSRF check is left out."""
    csrf.exempt(bp)
    app.register_blueprint(bp)
    app.register_blueprint(health.bp)
