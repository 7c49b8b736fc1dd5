"""The door of the clients: their progress, their rewards, their codes, bonuses and wallet."""

from flask import Blueprint

bp = Blueprint("client", __name__, url_prefix="/client")

from app.web.client import (  # noqa: E402, F401
    achievements,
    codes,
    dashboard,
    deposits,
    log,
    offers,
    points,
    promotions,
    redemptions,
    rewards,
    wallet,
    withdrawals,
)
