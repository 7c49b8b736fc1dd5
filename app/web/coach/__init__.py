"""The door of the coaches: their clients, what these redeem, their programmes, rewards and achievements."""

from flask import Blueprint

bp = Blueprint("coach", __name__, url_prefix="/coach")

from app.web.coach import (  # noqa: E402
    achievements,  # noqa: F401
    client,  # noqa: F401
    client_points,  # noqa: F401
    client_programs,  # noqa: F401
    clients,  # noqa: F401
    dashboard,  # noqa: F401
    programs,  # noqa: F401
    redemptions,  # noqa: F401
    rewards,  # noqa: F401
)
