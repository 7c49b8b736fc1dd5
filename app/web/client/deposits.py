"""Depositing: what it would bring, asking for it, paying it, and what became of it."""

from collections.abc import Mapping
from functools import partial

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.bonuses import shelf
from app.deposits import finding
from app.deposits import service as deposits
from app.deposits.errors import NotPayable
from app.deposits.models import REQUESTED, Deposit
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.kit.money import NotAnAmount
from app.kit.text import normalise_code
from app.payments import service as payments
from app.payments.errors import PaymentUnavailable
from app.payments.providers import Back
from app.web.arguments import page_number, whole_number
from app.web.client import bp
from app.web.client.choosing import (
    LONGEST_TYPED,
    Chosen,
    amount_of,
    chosen_by_code,
    coming_by_itself,
)
from app.web.client.wallet import Typed, about_deposits, wallet_page
from app.web.fields import WRONG_AMOUNT, cents_of
from app.web.forms import one_line
from app.web.visitor import access, me

LIST = ("client/deposits.html", "client/_deposits.html")
HOMES = {"deposits": "client.list_deposits"}
A_PAGE = 20
LONGEST_AMOUNT = 40


@bp.get("/wallet/deposits")
@access("client")
def list_deposits() -> ResponseReturnValue:
    """Everything that the client has ever asked to deposit, newest first."""
    found = paginate(finding.own_deposits(me().id), number=page_number(), size=A_PAGE)
    return page(*LIST, found=found, **about_deposits(found.items))


@bp.get("/wallet/deposits/preview")
@access("client")
def preview_deposit() -> ResponseReturnValue:
    """What a deposit of `amount` with the bonus `promotion_id` would bring; nothing is asked for by that."""
    user, now = me(), clock.now()
    typed = _typed(request.args)
    if not wants_part():
        return wallet_page(user, deposit=typed)
    offered = shelf.for_deposits(user, now, typed.chosen.code)
    told = {"preview": typed.chosen.preview(offered), "automatic": coming_by_itself(offered, typed.chosen)}
    return make_response(render_template("client/_preview.html", **told, brings_choice=True))


@bp.post("/wallet/deposits")
@access("client")
def ask_deposit() -> ResponseReturnValue:
    """Ask to deposit `amount`, with a bonus or without, and go on to pay it; refused, all stays as it was typed.

    With the code of another bonus (`other_code`) that one is chosen first, for the client to see what it brings.
    """
    user, now, typed = me(), clock.now(), _typed(request.form)
    if typed.other_code or "use" in request.form:
        return _with_code(typed)
    offered = shelf.for_deposits(user, now, typed.chosen.code)
    if typed.chosen.promotion_id is not None and typed.chosen.among(offered) is None:
        typed.errors["promotion_id"] = _("This bonus isn't open to you any more. Please choose another, or none.")
    try:
        cents = cents_of(typed.amount)
    except NotAnAmount as wrong:
        typed.errors["amount"] = str(WRONG_AMOUNT[wrong.reason])
    if typed.errors:
        return wallet_page(user, 422, deposit=typed)
    try:
        with unit_of_work():
            key = request.form.get("idempotency_key", "")
            deposit = deposits.request(user, cents, typed.chosen.promotion_id, key=key, now=now)
    except DomainError as refusal:
        typed.errors["amount" if refusal.code == "invalid_amount" else ""] = str(refusal.message)
        return wallet_page(user, refusal.status, deposit=typed)
    return _on_to_pay(deposit)


@bp.get("/wallet/deposits/<int:deposit_id>")
@access("client")
def find_deposit(deposit_id: int) -> ResponseReturnValue:
    """The page of the list that it stands on. Raises NotFound."""
    place = finding.place_of(deposits.get_own(me().id, deposit_id))
    number = place // A_PAGE + 1
    return see_other(
        url_for("client.list_deposits", page=number if number > 1 else None, _anchor=f"deposit-{deposit_id}")
    )


@bp.post("/wallet/deposits/<int:deposit_id>/payment")
@access("client")
def pay_deposit(deposit_id: int) -> ResponseReturnValue:
    """On to where it is paid, or, where the wallet itself says how, back there. Raises NotFound."""
    return _on_to_pay(deposits.get_own(me().id, deposit_id))


@bp.get("/wallet/deposits/<int:deposit_id>/payment")
@access("client")
def lead_to_deposit(deposit_id: int) -> ResponseReturnValue:
    """On to the page at the provider, by itself or by its link. Raises NotFound.

    By way of this page of ours, since a form of ours may not be answered from elsewhere.
    """
    deposit = deposits.get_own(me().id, deposit_id)
    waits = deposit.status == REQUESTED
    there = payments.waiting_page(deposit.provider, deposits.payable(deposit), clock.now()) if waits else None
    if there is None:
        return _back_to_wallet()
    response = make_response(render_template("client/to_payment.html", deposit=deposit, there=there))
    response.headers["Refresh"] = f"0; url={there}"
    return response


@bp.delete("/wallet/deposits/<int:deposit_id>")
@access("client")
def cancel_deposit(deposit_id: int) -> ResponseReturnValue:
    """Don't pay it after all; back on the page where that was (`home`). Raises NotFound, NotRefusable."""
    with unit_of_work():
        deposit = deposits.cancel(me().id, deposit_id, clock.now())
    toast(_("Deposit %(number)s is cancelled.", number=deposit.reference), "info")
    return see_other(url_for(HOMES.get(request.form.get("home", ""), "client.show_wallet")))


def _with_code(typed: Typed) -> ResponseReturnValue:
    """The form as it was typed, with the bonus of the other code chosen, or why that can't be."""
    by_code = chosen_by_code(me(), typed.other_code, clock.now())
    if by_code.promotion_id is None:
        typed.errors["other_code"] = by_code.error or _("Please type the code.")
        return wallet_page(me(), 422, deposit=typed)
    chosen = Chosen(by_code.promotion_id, by_code.code, amount_cents=typed.chosen.amount_cents)
    answer = wallet_page(me(), deposit=Typed(amount=typed.amount, chosen=chosen, is_by_code=True))
    answer.headers["HX-Reswap"] = "outerHTML"  # a radio that somebody has touched isn't checked by morphing
    return answer


def _on_to_pay(deposit: Deposit) -> ResponseReturnValue:
    back_to = partial(url_for, "client.show_wallet", _external=True)
    try:
        there = deposits.start_payment(deposit, back=Back(back_to(paid=1), back_to()), now=clock.now())
    except (PaymentUnavailable, NotPayable) as refusal:  # it stands as it is, and the wallet shows how
        toast(str(refusal.message), "warning")
        return _back_to_wallet()
    if there is None:
        toast(_("Deposit %(number)s waits for your payment: the wallet says how.", number=deposit.reference), "info")
        return _back_to_wallet()
    outside = url_for("client.lead_to_deposit", deposit_id=deposit.id)
    return see_other(there if there.startswith("/") else outside)


def _back_to_wallet() -> ResponseReturnValue:
    """Who asks for a part is there already."""
    return wallet_page(me()) if wants_part() else see_other(url_for("client.show_wallet", _anchor="unpaid"))


def _typed(sent: Mapping[str, str]) -> Typed:
    """What was sent of the form; a code in it names a bonus that isn't listed."""
    amount, code, number = (sent.get(name, "").strip() for name in ("amount", "code", "promotion_id"))
    amount, code = amount[:LONGEST_AMOUNT], normalise_code(code[:LONGEST_TYPED])
    promotion_id = whole_number(number)
    cents = amount_of(amount)
    errors = {}
    if code:
        by_code = chosen_by_code(me(), code, clock.now())
        code, errors = by_code.code, {"promotion_id": by_code.error} if by_code.error else {}
    if number and promotion_id is None:
        errors["promotion_id"] = _("Please choose one of the list.")
    chosen = Chosen(promotion_id, code, amount_cents=cents)
    return Typed(amount=amount, chosen=chosen, errors=errors, other_code=one_line(sent.get("other_code", "")) or "")
