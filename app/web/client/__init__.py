"""The door of the clients: their progress, their rewards."""

from flask import Blueprint

bp = Blueprint("client", __name__, url_prefix="/client")

from app.web.client import achievements, dashboard, log, redemptions, rewards  # noqa: E402, F401
