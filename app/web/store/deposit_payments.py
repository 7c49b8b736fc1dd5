"""Deposits on the way to their payment, by the same pages as orders. Only the client who asked for one finds it."""

import re

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.bonuses.words import why_not
from app.deposits import service as deposits
from app.deposits.models import CONFIRMED, REQUESTED, Deposit
from app.errors import NotFound
from app.kit import clock
from app.kit.htmx import see_other, toast
from app.payments import service as payments
from app.web.store.purse import owner

NUMBER = re.compile(r"D-([0-9]{6,9})")


def deposit_asked_for(number: str) -> Deposit | None:
    """The deposit of this number; None for the number of anything else. Raises NotFound where it isn't theirs."""
    found, user = NUMBER.fullmatch(number), owner()
    if found is None:
        return None
    if user is None:
        raise NotFound
    deposit = deposits.get_own(user.id, int(found[1]))
    if deposit.reference != number:
        raise NotFound
    return deposit


def waiting_page_of(deposit: Deposit) -> str | None:
    """Where the provider waits for the payment of this deposit."""
    if deposit.status != REQUESTED:
        return None
    return payments.waiting_page(deposit.provider, deposits.payable(deposit), clock.now())


def to_wallet(deposit: Deposit) -> ResponseReturnValue:
    """On to the wallet after a payment, with what came of it; and why there is no bonus, where one was wished for."""
    if deposit.status == CONFIRMED:
        toast(_("Thank you! Your deposit is in your wallet."))
        if deposit.no_bonus:
            toast(_("It came without the bonus: %(reason)s", reason=why_not(deposit.no_bonus)), "warning")
    else:
        toast(_("This deposit was closed before the payment came. You get the money back."), "warning")
    return see_other(url_for("client.show_wallet"))
