"""The door of the clients: their progress, their rewards."""

from flask import Blueprint

bp = Blueprint("client", __name__, url_prefix="/client")
