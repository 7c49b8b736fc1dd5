"""The page of the `test` provider: where another one would ask for a card, this one asks how it should end."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.config import settings
from app.errors import NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast
from app.orders import service as orders
from app.orders.errors import WayToPayUnknown
from app.orders.models import Invoice
from app.payments import service as payments
from app.payments.providers import DECLINED, NotRecognised, Told
from app.payments.test import TestProvider
from app.web.store import bp, visit
from app.web.visitor import access


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
