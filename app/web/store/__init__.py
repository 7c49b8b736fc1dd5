"""The store door: shoppers, with an account or without."""

from flask import Blueprint

bp = Blueprint("store", __name__, url_prefix="/store")

from app.web.store import (  # noqa: E402
    banner,  # noqa: F401
    browse,  # noqa: F401
    cart,  # noqa: F401
    checkout,  # noqa: F401
    deals,  # noqa: F401
    donate,  # noqa: F401
    invoices,  # noqa: F401
    payments,  # noqa: F401
    shopper,  # noqa: F401
    stripe,  # noqa: F401
)
