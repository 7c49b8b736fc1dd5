"""A shopper's invoices. They belong to who made them, and to whoever holds the signed link of the receipt."""

import hashlib

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from itsdangerous import Signer

from app.config import settings
from app.errors import DomainError, Forbidden
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.orders import service as orders
from app.orders.errors import NotPayable, WayToPayUnknown
from app.orders.models import Invoice
from app.payments import service as payments
from app.wallet.errors import NotEnough
from app.web.arguments import page_number
from app.web.client.bonus_words import games
from app.web.store import bp, visit
from app.web.store.checkout import to_payment
from app.web.store.counted import counted_of
from app.web.store.payments import waiting_page
from app.web.store.purse import is_payable, purse_of
from app.web.visitor import access, actor, me


@bp.get("/invoices")
@access("public")
def show_invoices() -> ResponseReturnValue:
    mine = paginate(orders.list_for(visit.viewer()), number=page_number())
    return page("store/invoices.html", "store/_invoices.html", invoices=mine)


@bp.get("/invoices/<number>")
@access("public")
def show_invoice(number: str) -> ResponseReturnValue:
    return _show(_asked_for(number))


@bp.post("/invoices/<number>/pay")
@access("public")
def pay_invoice(number: str) -> ResponseReturnValue:
    return to_payment(orders.shown_to(visit.viewer(), number))


@bp.post("/invoices/<number>/wallet")
@access("client")
def pay_from_wallet(number: str) -> ResponseReturnValue:
    """A client pays an order of their own with their cash, or is told what is missing."""
    invoice = orders.shown_to(visit.viewer(), number)
    if invoice.user_id != me().id:  # the signed link shows it to others, whose wallets are none of its business
        raise Forbidden
    if invoice.status == "pending" and not is_payable(invoice):
        raise WayToPayUnknown
    try:
        with unit_of_work():
            orders.pay_from_wallet(invoice.id, clock.now())
    except (NotEnough, NotPayable) as refusal:
        invoice = orders.shown_to(visit.viewer(), number)
        if invoice.paid_at is None:
            return _show(invoice, refusal)
    else:
        toast(_("Thank you! Your order is complete."))
    return see_other(url_for("store.show_invoice", number=number))


@bp.post("/invoices/<number>/cancel")
@access("public")
def cancel_invoice(number: str) -> ResponseReturnValue:
    viewer = visit.viewer()
    invoice = orders.shown_to(viewer, number)
    if not orders.made(viewer, invoice):  # the signed link is for looking and paying
        raise Forbidden
    with unit_of_work():
        orders.void(invoice.id, actor=actor(), now=clock.now())
    toast(_("The order is cancelled."), "info")
    return see_other(url_for("store.show_invoice", number=number))


def _show(invoice: Invoice, refusal: DomainError | None = None) -> Response:
    page = render_template(
        "store/invoice.html",
        invoice=invoice,
        is_mine=orders.made(visit.viewer(), invoice),
        told=payments.history(orders.payable(invoice).subject),
        refunds=orders.refunds_of(invoice.id) if invoice.refunded_cents else (),
        receipt_url=receipt_url(invoice),
        is_confirming="paid" in request.args and waiting_page(invoice) is not None,
        purse=purse_of(invoice),
        counted=counted_of(invoice),
        games=games,
        refusal=refusal,
    )
    return make_response(page, refusal.status if refusal else 200)


def receipt_url(invoice: Invoice) -> str:
    """The link that shows this invoice to whoever holds it."""
    key = _signer().get_signature(invoice.number).decode()
    return url_for("store.show_invoice", number=invoice.number, key=key, _external=True)


def _asked_for(number: str) -> Invoice:
    key = request.args.get("key", "")
    if not (key and _signer().verify_signature(number, key)):
        return orders.shown_to(visit.viewer(), number)
    invoice = orders.by_number(number)
    visit.keep_in_sight(invoice)
    return invoice


def _signer() -> Signer:
    return Signer(settings().secret_key, salt="laurel.receipt", digest_method=hashlib.sha256)
