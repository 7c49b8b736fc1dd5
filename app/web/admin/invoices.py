"""Invoices: find one, see what happened to it, confirm a payment, cancel what wasn't paid."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import StringField
from wtforms.validators import Length

from app.accounts import desk
from app.deals import granting
from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.orders import linking
from app.orders import service as orders
from app.orders.models import STATUSES
from app.orders.service import Wish
from app.payments import service as payments
from app.web.admin import bp
from app.web.arguments import page_number
from app.web.fields import Filled
from app.web.forms import Form, explain, strip
from app.web.visitor import access, actor


class LinkForm(Form):
    """Whose order it was."""

    username = StringField(
        _l("Username"),
        [Filled(_l("Please fill this in.")), Length(max=32)],
        filters=[strip],
        render_kw={"autocomplete": "off", "maxlength": 32},
    )


@bp.get("/invoices")
@access("admin")
def list_invoices() -> ResponseReturnValue:
    search, status = request.args.get("q", "").strip()[:100], request.args.get("status", "")
    status = status if status in STATUSES else ""
    found = paginate(orders.invoices(Wish(search=search, status=status)), number=page_number())
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
    """The money is there, by another way than the installation's provider."""
    with unit_of_work():
        orders.confirm_payment(number, actor=actor(), now=clock.now())
    toast(_("%(number)s is paid.", number=number))
    return see_other(url_for("admin.show_invoice", number=number))


@bp.post("/invoices/<number>/returns/<int:return_id>/done")
@access("admin")
def note_given_back(number: str, return_id: int) -> ResponseReturnValue:
    """Money that people had to give back went back to the shopper."""
    with unit_of_work():
        payments.note_given_back(_return_of(number, return_id), actor=actor(), now=clock.now())
    toast(_("Noted: the money for %(number)s went back.", number=number))
    return see_other(url_for("admin.show_invoice", number=number))


@bp.post("/invoices/<number>/returns/<int:return_id>/retry")
@access("admin")
def retry_return(number: str, return_id: int) -> ResponseReturnValue:
    """The provider refused; perhaps it does it now."""
    with unit_of_work():
        payments.try_again(_return_of(number, return_id), actor=actor(), now=clock.now())
    toast(_("The provider is asked once more."), "info")
    return see_other(url_for("admin.show_invoice", number=number))


@bp.post("/invoices/<number>/void")
@access("admin")
def void_invoice(number: str) -> ResponseReturnValue:
    invoice = orders.by_number(number)
    with unit_of_work():
        orders.void(invoice.id, actor=actor(), now=clock.now())
    toast(_("%(number)s is void.", number=number), "info")
    return see_other(url_for("admin.show_invoice", number=number))


def _return_of(number: str, return_id: int) -> int:
    """The id, if this money goes back for this invoice. Raises NotFound."""
    subject = orders.payable(orders.by_number(number)).subject
    if return_id not in {each.id for each in payments.returns_of(subject)}:
        raise NotFound
    return return_id


def _show(number: str, form: LinkForm, status: int = 200) -> Response:
    invoice = orders.by_number(number)
    subject, refunds = orders.payable(invoice).subject, orders.refunds_of(invoice.id)
    return page(
        "admin/invoice.html",
        "admin/_link_account.html",
        status,
        invoice=invoice,
        told=payments.history(subject),
        returns=payments.returns_of(subject),
        refunds=refunds,
        undone=granting.undone_by(invoice.id) if refunds else (),
        refunders=desk.names_of({each.made_by for each in refunds if each.made_by is not None}),
        form=form,
    )
