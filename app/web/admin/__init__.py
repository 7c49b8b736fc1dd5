"""The desk of the admins."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from app.web.admin import audit, categories, invoices, keys, mails, products, promotions, queue, users  # noqa: E402, F401
