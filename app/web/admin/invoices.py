"""Invoices: find one, see what happened to it, confirm a payment, cancel what wasn't paid."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.orders import linking
from app.orders import service as orders
from app.orders.errors import NotPayable
from app.orders.models import STATUSES
from app.payments import service as payments
from app.payments.manual import ManualProvider
from app.web.admin import bp
from app.web.arguments import page_number
from app.web.forms import Form, explain, strip
from app.web.visitor import access, actor


class LinkForm(Form):
    """Whose order it was."""

    username = StringField(
        _l("Username"),
        [InputRequired(_l("Please fill this in.")), Length(max=32)],
        filters=[strip],
        render_kw={"autocomplete": "off", "maxlength": 32},
    )


@bp.get("/invoices")
@access("admin")
def list_invoices() -> ResponseReturnValue:
    search, status = request.args.get("q", "").strip()[:100], request.args.get("status", "")
    status = status if status in STATUSES else ""
    found = paginate(orders.invoices(search=search, status=status), number=page_number())
    return page(
        "admin/invoices.html",
        "admin/_invoices.html",
        invoices=found,
        search=search,
        state=status,
        awaiting_return=orders.awaiting_return(),
    )


@bp.get("/invoices/<number>")
@access("admin")
def show_invoice(number: str) -> ResponseReturnValue:
    return _show(number, LinkForm(formdata=None))


@bp.post("/invoices/<number>/account")
@access("admin")
def link_invoice(number: str) -> ResponseReturnValue:
    """What was ordered under a name belongs to an account from now on."""
    form = LinkForm()
    if not form.validate():
        return _show(number, form, 422)
    try:
        with unit_of_work():
            user, linked = linking.link(number, form.username.data, actor=actor(), now=clock.now())
    except DomainError as refusal:
        explain(form, refusal)
        return _show(number, form, refusal.status)
    toast(
        ngettext("The order belongs to %(name)s now.", "%(num)d orders belong to %(name)s now.", linked, name=user.name)
    )
    return see_other(url_for("admin.show_invoice", number=number))


@bp.post("/invoices/<number>/paid")
@access("admin")
def confirm_payment(number: str) -> ResponseReturnValue:
    """The money of a `manual` payment is there."""
    invoice, now = orders.by_number(number), clock.now()
    told = payments.provider(ManualProvider.name).recognise({"outcome": "paid"}, orders.payable(invoice), now)
    with unit_of_work():
        if orders.get(invoice.id).status == "void":
            raise NotPayable
        orders.mark_paid(invoice.id, ManualProvider.name, told.event_id, told.happened_at, now, actor())
    toast(_("%(number)s is paid.", number=number))
    return see_other(url_for("admin.show_invoice", number=number))


@bp.post("/invoices/<number>/given-back")
@access("admin")
def give_back_payment(number: str) -> ResponseReturnValue:
    """Money that came for a closed order went back to the shopper."""
    invoice = orders.by_number(number)
    with unit_of_work():
        orders.note_given_back(invoice.id, actor=actor(), now=clock.now())
    toast(_("Noted: the money for %(number)s went back.", number=number))
    return see_other(url_for("admin.show_invoice", number=number))


@bp.post("/invoices/<number>/void")
@access("admin")
def void_invoice(number: str) -> ResponseReturnValue:
    invoice = orders.by_number(number)
    with unit_of_work():
        orders.void(invoice.id, actor=actor(), now=clock.now())
    toast(_("%(number)s is void.", number=number), "info")
    return see_other(url_for("admin.show_invoice", number=number))


def _show(number: str, form: LinkForm, status: int = 200) -> Response:
    invoice = orders.by_number(number)
    told = payments.history(orders.payable(invoice).subject)
    return page("admin/invoice.html", "admin/_link_account.html", status, invoice=invoice, told=told, form=form)
