"""The store door: shoppers, with an account or without."""

from flask import Blueprint

bp = Blueprint("store", __name__, url_prefix="/store")

from app.web.store import browse, cart, checkout, donate, invoices, payments, shopper, stripe  # noqa: E402, F401
