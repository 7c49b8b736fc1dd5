"""The door of the coaches: their clients, their rewards."""

from flask import Blueprint

bp = Blueprint("coach", __name__, url_prefix="/coach")

from app.web.coach import achievements, dashboard, rewards  # noqa: E402, F401
