"""On the way to a payment, and back from it: of an order, or of a client's deposit (`D-000012`).

Another site's page is reached by one of ours. The `test` provider's page is here: where others would ask for a card, it
asks how it should end.
"""

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.config import settings
from app.deposits import service as deposits
from app.deposits.models import REQUESTED, Deposit
from app.errors import NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast, wants_part
from app.orders import service as orders
from app.orders.errors import WayToPayUnknown
from app.orders.models import Invoice
from app.payments import service as payments
from app.payments.providers import DECLINED, Notification, NotRecognised, Payable, Told
from app.payments.test import TestProvider
from app.web.arguments import whole_number
from app.web.client.choosing import Preview
from app.web.store import bp, visit
from app.web.store.deposit_payments import deposit_asked_for, preview_of, to_wallet, waiting_page_of
from app.web.visitor import access

MOST_LOOKS = 40


@bp.get("/invoices/<number>/payment")
@access("public")
def lead_to_payment(number: str) -> ResponseReturnValue:
    """On to the page at the provider, by itself or by its link."""
    deposit = deposit_asked_for(number)
    there = waiting_page_of(deposit) if deposit else waiting_page(orders.shown_to(visit.viewer(), number))
    home = _home(number, deposit)
    if there is None:
        return see_other(home)
    response = make_response(
        render_template("store/to_payment.html", number=number, there=there, home=home, is_deposit=bool(deposit))
    )
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
    _only_where_it_is_used()
    deposit = deposit_asked_for(number)
    if deposit:
        home, is_unpaid = _home(number, deposit), deposit.status == REQUESTED
        return _test_page(deposits.payable(deposit), is_unpaid, home, preview=preview_of(deposit))
    invoice = orders.shown_to(visit.viewer(), number)
    return _test_page(orders.payable(invoice), invoice.status == "pending", _home(number), invoice)


@bp.post("/payments/test/<number>")
@access("public")
def pay_by_test(number: str) -> ResponseReturnValue:
    _only_where_it_is_used()
    deposit = deposit_asked_for(number)
    return _pay_deposit(deposit) if deposit else _pay_invoice(orders.shown_to(visit.viewer(), number))


def _test_page(
    asked: Payable,
    is_unpaid: bool,  # noqa: FBT001
    home: str,
    invoice: Invoice | None = None,
    preview: Preview | None = None,
) -> ResponseReturnValue:
    if not is_unpaid:
        return see_other(home)
    told = payments.history(asked.subject)
    facts = {"payable": asked, "invoice": invoice, "told": told, "home": home, "preview": preview}
    return render_template("store/test_payment.html", **facts)


def _pay_deposit(deposit: Deposit) -> ResponseReturnValue:
    now = clock.now()
    told = _pressed(deposits.payable(deposit))
    with unit_of_work():
        deposits.take_in(TestProvider.name, told, now)
    if told.outcome == DECLINED:
        return see_other(url_for("store.show_test_payment", number=deposit.reference))
    return to_wallet(deposits.get(deposit.id))


def _pay_invoice(invoice: Invoice) -> ResponseReturnValue:
    now, number = clock.now(), invoice.number
    told = _pressed(orders.payable(invoice))
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


def _pressed(asked: Payable) -> Notification:
    """What the button says of the payment. Raises WayToPayUnknown."""
    try:
        return TestProvider().recognise(Told(request.form, asked), clock.now())
    except NotRecognised:
        raise WayToPayUnknown from None


def _home(number: str, deposit: Deposit | None = None) -> str:
    """Where one sees what became of it."""
    return url_for("client.show_wallet") if deposit else url_for("store.show_invoice", number=number)


def _only_where_it_is_used() -> None:
    if settings().payments != TestProvider.name:
        raise NotFound
