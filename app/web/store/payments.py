"""On the way to a payment, and back from it.

Another site's page is reached by one of ours. The `test` provider's page is here: where others would ask for a card, it
asks how it should end.
"""

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.config import settings
from app.errors import NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast, wants_part
from app.orders import service as orders
from app.orders.errors import WayToPayUnknown
from app.orders.models import Invoice
from app.payments import service as payments
from app.payments.providers import DECLINED, NotRecognised, Told
from app.payments.test import TestProvider
from app.web.arguments import whole_number
from app.web.store import bp, visit
from app.web.visitor import access

MOST_LOOKS = 40


@bp.get("/invoices/<number>/payment")
@access("public")
def lead_to_payment(number: str) -> ResponseReturnValue:
    """On to the page at the provider, by itself or by its link."""
    there = waiting_page(orders.shown_to(visit.viewer(), number))
    if there is None:
        return see_other(url_for("store.show_invoice", number=number))
    response = make_response(render_template("store/to_payment.html", number=number, there=there))
    response.headers["Refresh"] = f"0; url={there}"
    return response


@bp.get("/invoices/<number>/confirmation")
@access("public")
def look_for_payment(number: str) -> ResponseReturnValue:
    """Whether the provider's word has come meanwhile: the invoice then, else the same again."""
    invoice = orders.shown_to(visit.viewer(), number)
    if invoice.status != "pending" or not wants_part():
        return see_other(url_for("store.show_invoice", number=number))
    looks = whole_number(request.args.get("looks")) or 0
    return render_template("store/_confirming.html", invoice=invoice, looks=looks, is_last=looks >= MOST_LOOKS)


def waiting_page(invoice: Invoice) -> str | None:
    """Where the provider waits for the payment of this invoice."""
    if invoice.status != "pending":
        return None
    return payments.waiting_page(invoice.provider, orders.payable(invoice), clock.now())


@bp.get("/payments/test/<number>")
@access("public")
def show_test_payment(number: str) -> ResponseReturnValue:
    invoice = _payable_here(number)
    if invoice.status != "pending":
        return see_other(url_for("store.show_invoice", number=number))
    told = payments.history(orders.payable(invoice).subject)
    return render_template("store/test_payment.html", invoice=invoice, told=told)


@bp.post("/payments/test/<number>")
@access("public")
def pay_by_test(number: str) -> ResponseReturnValue:
    invoice = _payable_here(number)
    now = clock.now()
    try:
        told = TestProvider().recognise(Told(request.form, orders.payable(invoice)), now)
    except NotRecognised:
        raise WayToPayUnknown from None
    if told.outcome == DECLINED:
        with unit_of_work():
            orders.note_declined(TestProvider.name, told, now)
        return see_other(url_for("store.show_test_payment", number=number))
    with unit_of_work():
        invoice = orders.mark_paid(invoice.id, TestProvider.name, told, now)
    if invoice.status == "paid":
        toast(_("Thank you! Your payment has arrived."))
    else:
        toast(_("This order was closed before the payment came. You get the money back."), "warning")
    return see_other(url_for("store.show_invoice", number=number))


def _payable_here(number: str) -> Invoice:
    if settings().payments != TestProvider.name:
        raise NotFound
    return orders.shown_to(visit.viewer(), number)
