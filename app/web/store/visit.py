"""What this visitor has in the store: their cart, their invoices, and how far they have come on the deals."""

from collections.abc import Sequence

from flask import g, session

from app.cart import service as carts
from app.cart.models import Cart
from app.deals import service as deals
from app.kit import clock
from app.orders.models import Invoice
from app.orders.service import Viewer
from app.promotions import active
from app.promotions.active import Offer
from app.web.store import bp
from app.web.visitor import current_person, known_visit, signed_in, visit_key

OPENED = "opened_invoices"
OPENED_AT_MOST = 30
ENTERED = "entered_at_deals"


def cart() -> Cart:
    """The cart to look at; read once in a request, and anew after it was changed."""
    if "seen_cart" not in g:
        g.seen_cart = carts.find(current_person(), known_visit())
    seen: Cart = g.seen_cart
    return seen


def cart_to_change() -> Cart:
    """The cart to change, in a unit of work."""
    g.pop("seen_cart", None)
    return carts.of(current_person(), visit_key(), clock.now())


@bp.app_template_global()
def cart_pieces() -> int:
    """How many pieces are in it, for the sign on every page."""
    if "seen_cart" in g:
        return sum(line.quantity for line in cart().lines)
    return carts.pieces(current_person(), known_visit())


def cart_cents() -> int:
    """What the cart costs now."""
    return carts.view(cart(), current_person(), clock.now()).total_cents


def running() -> Sequence[Offer]:
    """The promotions for everybody that run now; their counters are read once in a request."""
    if "running" not in g:
        g.running = active.running(clock.now())
    found: Sequence[Offer] = g.running
    return found


def shopper() -> deals.Shopper | None:
    """Who looks at deals; None without a name."""
    person = current_person()
    return deals.Shopper(person, known_visit(), viewer().opened) if person else None


@bp.app_template_global()
def claimable_rewards() -> int:
    """How many claims are open to this shopper. One statement, beside what runs."""
    who, found = shopper(), deals.of_deals(running())
    if who is None or not found:
        return 0
    cards = deals.cards(who, 0, clock.now(), found)
    return sum(card.standing.claimable for card in cards if card.standing and card.is_for(who.person))


def viewer() -> Viewer:
    user = signed_in()
    return Viewer(user.id if user else None, known_visit(), tuple(session.get(OPENED, ())))


def keep_in_sight(invoice: Invoice) -> None:
    """Whoever holds the signed link of an invoice goes on seeing it in this session."""
    others = [each for each in session.get(OPENED, ()) if each != invoice.id]
    session[OPENED] = [*others, invoice.id][-OPENED_AT_MOST:]
