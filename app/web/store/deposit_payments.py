"""Deposits on the way to their payment, by the same pages as orders. Only the client who asked for one finds it."""

import re

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.bonuses import claims
from app.bonuses.models import MemberPromotion
from app.bonuses.words import why_not
from app.deposits import service as deposits
from app.deposits.models import CONFIRMED, REQUESTED, Deposit
from app.errors import NotFound
from app.kit import clock
from app.kit.htmx import see_other, toast
from app.payments import service as payments
from app.web.client.choosing import Preview, expected
from app.web.filters import money
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
        for claim in claims.by_ids([deposit.member_promotion_id] if deposit.member_promotion_id else []).values():
            toast(_told(deposit, claim))
        if deposit.no_bonus:
            toast(_("It came without the bonus: %(reason)s", reason=why_not(deposit.no_bonus)), "warning")
    else:
        toast(_("This deposit was closed before the payment came. You get the money back."), "warning")
    return see_other(url_for("client.show_wallet"))


def preview_of(deposit: Deposit) -> Preview | None:
    """What it will bring once it is paid; for whoever pays it."""
    user = owner()
    return expected(user, deposit.amount_cents, deposit.promotion_id, clock.now()) if user else None


def _told(deposit: Deposit, claim: MemberPromotion) -> str:
    facts = {"title": claim.title, "amount": money(claim.bonus_cents), "cash": money(claim.released_cents)}
    if not claim.required_turnover_cents:
        return _("“%(title)s” came with it: %(cash)s of cash.", **facts)
    facts["needed"] = money(claim.required_turnover_cents)
    if deposit.promotion_id is None:
        return _(
            "“%(title)s” came by itself: %(amount)s, locked until you have turned over %(needed)s. Till then nothing "
            "can be withdrawn; you can cancel the bonus.",
            **facts,
        )
    return _(
        "“%(title)s” came with it: %(amount)s, locked until you have turned over %(needed)s. Till then nothing can be "
        "withdrawn.",
        **facts,
    )
