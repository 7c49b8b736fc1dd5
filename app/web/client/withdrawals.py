"""Withdrawing: asking for cash to be sent, giving it up, and what became of it."""

from dataclasses import replace

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.models import User
from app.deposits import finding, withdrawing
from app.deposits.models import LONGEST_NOTE
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.kit.money import NotAnAmount
from app.kit.text import is_writable
from app.web.arguments import page_number
from app.web.client import bp
from app.web.client.deposits import A_PAGE, LONGEST_AMOUNT
from app.web.client.wallet import Typed, wallet_page
from app.web.fields import WRONG_AMOUNT, cents_of
from app.web.filters import money
from app.web.forms import one_line
from app.web.visitor import access, me

LIST = ("client/withdrawals.html", "client/_withdrawals.html")


@bp.get("/wallet/withdrawals")
@access("client")
def list_withdrawals() -> ResponseReturnValue:
    """Everything that the client has ever asked to have paid out, newest first."""
    found = paginate(finding.own_withdrawals(me().id), number=page_number(), size=A_PAGE)
    return page(*LIST, found=found)


@bp.post("/wallet/withdrawals")
@access("client")
def ask_withdrawal() -> ResponseReturnValue:
    """Ask for `amount` to be sent to `pay_to`: shown once more first, and held once the client is `sure`.

    Refused, all stays as it was typed.
    """
    user, typed = me(), _typed()
    try:
        cents = cents_of(typed.amount)
    except NotAnAmount as wrong:
        typed.errors["amount"] = str(WRONG_AMOUNT[wrong.reason])
    if typed.errors:
        return wallet_page(user, 422, withdrawal=typed)
    if request.form.get("sure") != "yes":
        return _ask_whether_sure(user, cents, typed)
    try:
        with unit_of_work():
            key = request.form.get("idempotency_key", "")
            made = withdrawing.request(user, cents, typed.pay_to, key=key, now=clock.now())
    except DomainError as refusal:
        return _refused(user, typed, refusal)
    toast(_("%(amount)s is set aside for you, and sent once we have looked at it.", amount=money(made.amount_cents)))
    return wallet_page(user) if wants_part() else see_other(url_for("client.show_wallet", _anchor="withdrawals"))


@bp.get("/wallet/withdrawals/<int:withdrawal_id>")
@access("client")
def find_withdrawal(withdrawal_id: int) -> ResponseReturnValue:
    """The page of the list that it stands on. Raises NotFound."""
    place = finding.place_of(finding.get_own_withdrawal(me().id, withdrawal_id))
    number, here = place // A_PAGE + 1, f"withdrawal-{withdrawal_id}"
    return see_other(url_for("client.list_withdrawals", page=number if number > 1 else None, _anchor=here))


@bp.delete("/wallet/withdrawals/<int:withdrawal_id>")
@access("client")
def cancel_withdrawal(withdrawal_id: int) -> ResponseReturnValue:
    """Give it up: the money is back in the wallet. Raises NotFound, NotDecidable."""
    with unit_of_work():
        withdrawing.cancel(me().id, withdrawal_id, clock.now())
    toast(_("The withdrawal is cancelled, and the money is back in your wallet."), "info")
    return see_other(url_for("client.show_wallet"))


def _ask_whether_sure(user: User, cents: int, typed: Typed) -> ResponseReturnValue:
    """How much, and to where: a slip in either is noticed before the money is on its way."""
    if "change" in request.form:
        return wallet_page(user, withdrawal=typed)
    try:
        withdrawing.check(user, cents, typed.pay_to, clock.now())
    except DomainError as refusal:
        return _refused(user, typed, refusal)
    return wallet_page(user, withdrawal=replace(typed, asks_cents=cents))


def _refused(user: User, typed: Typed, refusal: DomainError) -> ResponseReturnValue:
    typed.errors.update({name: told[0] for name, told in refusal.fields.items()} or {"": str(refusal.message)})
    return wallet_page(user, refusal.status, withdrawal=typed)


def _typed() -> Typed:
    amount = request.form.get("amount", "").strip()[:LONGEST_AMOUNT]
    pay_to = one_line(request.form.get("pay_to", "")) or ""
    errors = {}
    if not is_writable(pay_to):
        errors["pay_to"] = _("There is a character in it that we can't keep.")
    elif len(pay_to) > LONGEST_NOTE:
        errors["pay_to"] = _("Please use at most %(max)d characters.", max=LONGEST_NOTE)
    return Typed(amount=amount, pay_to=pay_to, errors=errors)
