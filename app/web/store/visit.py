"""What this visitor has in the store: their cart, and the invoices that are theirs to see."""

from flask import session

from app.cart import service as carts
from app.cart.models import Cart
from app.kit import clock
from app.orders.models import Invoice
from app.orders.service import Viewer
from app.web.store import bp
from app.web.visitor import current_person, known_visit, signed_in, visit_key

OPENED = "opened_invoices"
OPENED_AT_MOST = 30


def cart() -> Cart:
    """The cart to look at."""
    return carts.find(current_person(), known_visit())


def cart_to_change() -> Cart:
    """The cart to change, in a unit of work."""
    return carts.of(current_person(), visit_key(), clock.now())


@bp.app_template_global()
def cart_pieces() -> int:
    """How many pieces are in it, for the sign on every page."""
    return carts.pieces(current_person(), known_visit())


def viewer() -> Viewer:
    user = signed_in()
    return Viewer(user.id if user else None, known_visit(), tuple(session.get(OPENED, ())))


def keep_in_sight(invoice: Invoice) -> None:
    """Whoever holds the signed link of an invoice goes on seeing it in this session."""
    others = [each for each in session.get(OPENED, ()) if each != invoice.id]
    session[OPENED] = [*others, invoice.id][-OPENED_AT_MOST:]
