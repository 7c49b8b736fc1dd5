"""From the cart to the order, and on to its payment."""

from functools import partial

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cart import service as carts
from app.config import settings
from app.discounts.service import CodeRefused
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast
from app.kit.money import NotAnAmount, parse_cents
from app.orders import service as orders
from app.orders.errors import TotalChanged, WalletForClients, WayToPayUnknown
from app.orders.models import Invoice
from app.orders.paying import WALLET
from app.payments.errors import PaymentUnavailable
from app.payments.providers import Back
from app.web.store import bp
from app.web.store.cart import cart_page
from app.web.store.purse import owner
from app.web.visitor import access, current_person, known_visit


@bp.post("/checkout")
@access("public")
def check_out() -> ResponseReturnValue:
    try:
        from_wallet = _is_from_wallet()
        with unit_of_work():
            invoice = orders.check_out(
                carts.lock(current_person(), known_visit()),
                person=current_person(),
                visit=known_visit(),
                key=request.form.get("idempotency_key", ""),
                expected_total_cents=_expected_total(),
                now=clock.now(),
                from_wallet=from_wallet,
            )
    except CodeRefused:  # its last use went to somebody else: the cart says so beside the code
        changed = TotalChanged()
        return cart_page(changed.status, checkout_refusal=changed)
    except DomainError as refusal:
        return cart_page(refusal.status, checkout_refusal=refusal)
    if invoice.status == "paid":
        toast(_("Thank you! Your order is complete."))
    if from_wallet:
        return see_other(url_for("store.show_invoice", number=invoice.number))
    return to_payment(invoice)


def to_payment(invoice: Invoice) -> ResponseReturnValue:
    """On to where it is paid, or to the invoice when there is nothing to pay or it says itself how.

    To another site by way of a page of ours: `form-action` of our content security policy forbids that a form of ours
    is answered from elsewhere, redirects included.
    """
    here = url_for("store.show_invoice", number=invoice.number)
    if invoice.status != "pending":
        return see_other(here)
    back_to = partial(url_for, "store.show_invoice", number=invoice.number, _external=True)
    try:
        page = orders.start_payment(invoice, back=Back(back_to(paid=1), back_to()), now=clock.now())
    except PaymentUnavailable as refusal:  # the order stands, and waits for its payment there
        toast(str(refusal.message), "warning")
        return see_other(here)
    if page is None:
        return see_other(here)
    return see_other(page if page.startswith("/") else url_for("store.lead_to_payment", number=invoice.number))


def _is_from_wallet() -> bool:
    """Whether the wallet was chosen, and not the installation's provider. Raises WayToPayUnknown."""
    wanted = request.form.get("pay_with", "")
    if wanted == WALLET and owner() is None:
        raise WalletForClients
    if wanted not in {"", WALLET, settings().payments}:
        raise WayToPayUnknown
    return wanted == WALLET


def _expected_total() -> int | None:
    try:
        return parse_cents(request.form.get("expected_total", ""))
    except NotAnAmount:
        return None
