"""Giving money back for an invoice: which pieces, how much that is, and why."""

import secrets
from dataclasses import dataclass, field

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.deals import granting
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.text import is_writable
from app.orders import refunding
from app.orders import service as orders
from app.orders.errors import TooMuchToRefund, UnknownLine
from app.orders.models import Invoice
from app.orders.paying import WALLET
from app.web.admin import bp
from app.web.arguments import whole_number
from app.web.filters import money
from app.web.visitor import access, actor

LONGEST_REASON = 200
TEMPLATES = ("admin/refund.html", "admin/_refund_form.html")


@dataclass(slots=True)
class Typed:
    """What the form says: pieces by line as they were typed, and what is wrong with them."""

    quantities: dict[int, str]
    reason: str = ""
    faults: dict[int, str] = field(default_factory=dict)
    reason_fault: str = ""
    refusal: DomainError | None = None

    @property
    def wanted(self) -> dict[int, int]:
        return {line_id: whole_number(text) or 0 for line_id, text in self.quantities.items()}

    @property
    def is_fine(self) -> bool:
        return not (self.faults or self.reason_fault or self.refusal)


@bp.get("/invoices/<number>/refund")
@access("admin")
def ask_refund(number: str) -> ResponseReturnValue:
    """The form; as pieces are chosen, what they are worth."""
    invoice = orders.by_number(number)
    if invoice.status not in refunding.REFUNDABLE:
        return see_other(url_for("admin.show_invoice", number=number))
    return _form(invoice, _typed(invoice, dict(request.args)))


@bp.post("/invoices/<number>/refund")
@access("admin")
def refund(number: str) -> ResponseReturnValue:
    invoice = orders.by_number(number)
    typed = _typed(invoice, dict(request.form))
    is_whole = request.form.get("what") == "everything"
    if typed.reason_fault or (typed.faults and not is_whole):
        return _form(invoice, typed, 422)
    key, before = _key(request.form.get("key", "")), invoice.refunded_cents
    wanted = None if is_whole else typed.wanted
    try:
        with unit_of_work():
            invoice = orders.refund(number, wanted, reason=typed.reason, key=key, actor=actor(), now=clock.now())
    except DomainError as refusal:
        _explain(typed, refusal)
        return _form(orders.by_number(number), typed, refusal.status)
    told = {"amount": money(invoice.refunded_cents - before), "number": number}
    if invoice.provider == WALLET:
        toast(_("%(amount)s of %(number)s is back in the wallet.", **told))
    else:
        toast(_("%(amount)s of %(number)s goes back.", **told))
    return see_other(url_for("admin.show_invoice", number=number))


def _typed(invoice: Invoice, said: dict[str, str]) -> Typed:
    quantities = {line.id: said.get(f"line-{line.id}", "0").strip() or "0" for line in invoice.lines}
    typed = Typed(quantities, said.get("reason", "").strip())
    for line in invoice.lines:
        quantity, left = whole_number(quantities[line.id]), line.quantity - line.refunded_quantity
        if quantity is None or not 0 <= quantity <= left:
            typed.faults[line.id] = _("Please enter a whole number from 0 to %(left)s.", left=left)
    if len(typed.reason) > LONGEST_REASON:
        typed.reason_fault = _("Please use at most %(max)d characters.", max=LONGEST_REASON)
    elif not is_writable(typed.reason):
        typed.reason_fault = _("There is a character in it that we can't keep.")
    return typed


def _explain(typed: Typed, refusal: DomainError) -> None:
    """Beside the line, where it is about one: somebody else refunded meanwhile."""
    line_id = refusal.facts.get("line")
    if isinstance(refusal, TooMuchToRefund | UnknownLine) and line_id in typed.quantities:
        typed.faults[line_id] = str(refusal.message)
    else:
        typed.refusal = refusal


def _key(said: str) -> str:
    """The page's own name for this refund, so that pressing twice refunds once."""
    return f"page:{said[:64]}" if said and is_writable(said) else f"page:{secrets.token_urlsafe(24)}"


def _form(invoice: Invoice, typed: Typed, status: int = 200) -> Response:
    worth = refunding.worth(invoice, {} if typed.faults else typed.wanted)
    return page(
        *TEMPLATES,
        status,
        invoice=invoice,
        typed=typed,
        worth=worth,
        left_cents=refunding.worth(invoice, None),
        key=secrets.token_urlsafe(24),
        deals=() if wants_part() else granting.counted_for(invoice.id),
    )
