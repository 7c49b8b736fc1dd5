"""Deposits, withdrawals and what moved a wallet, in words for the desk."""

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses import words as bonus_words
from app.bonuses.models import MemberPromotion, Referral
from app.bonuses.referring import KNOWN, NO_CLIENT, NO_PROMOTION, RING, SAME_MAIL
from app.deposits.models import Deposit, Withdrawal
from app.web.filters import money
from app.web.frame import has_page

DEPOSIT_STATES = {
    "": _l("All"),
    "requested": _l("Waiting"),
    "confirmed": _l("Confirmed"),
    "refunded": _l("Refunded"),
    "refused": _l("Refused"),
}
WITHDRAWAL_STATES = {
    "": _l("All"),
    "requested": _l("Waiting"),
    "approved": _l("Approved"),
    "refused": _l("Refused"),
    "cancelled": _l("Cancelled"),
}
PROVIDERS = {"manual": _l("By hand"), "test": _l("Test provider"), "stripe": "Stripe", "api": _l("Another program")}
WHY_NO_REFERRAL = {
    NO_PROMOTION: _l("No referral bonus was running."),
    SAME_MAIL: _l("Both addresses lead to the same mailbox."),
    RING: _l("The two have referred each other in a ring."),
    KNOWN: _l("Another account of the same mailbox was rewarded before."),
    NO_CLIENT: _l("Whoever referred them is no active client."),
}
CANCELLED = {
    "client": _l("given up by the client"),
    "admin": _l("cancelled by an admin"),
    "lapsed": _l("lapsed after the promotion's end"),
    "deposit_refunded": _l("cancelled, since the deposit was refunded"),
}


def provider(name: str) -> str:
    """How a deposit is paid."""
    return str(PROVIDERS.get(name, name))


def claims_url(promotion_id: int, client: str | None = None) -> str:
    """Where the claims of a bonus stand, those of one client where it is named."""
    if has_page("admin.list_claims"):
        return url_for("admin.list_claims", promotion_id=promotion_id, q=client)
    return url_for("admin.edit_promotion", promotion_id=promotion_id)


def why_no_bonus(reason: str) -> str:
    """What the client is told about a bonus that a deposit didn't bring."""
    return bonus_words.why_not(reason)


def why_no_referral(referral: Referral) -> str:
    """Why a friend's first deposit has brought nothing; empty where it has."""
    reason = referral.reason
    if reason is None:
        return ""
    return str(WHY_NO_REFERRAL[reason]) if reason in WHY_NO_REFERRAL else bonus_words.why_not(reason)


def why_cancelled(claim: MemberPromotion) -> str:
    """Who ended it, or what; empty where nothing did."""
    return str(CANCELLED.get(claim.cancelled_because or "", ""))


def confirmed(deposit: Deposit, client: str, claim: MemberPromotion | None) -> str:
    """What a confirmation did, in a sentence."""
    facts = {"client": client, "amount": money(deposit.amount_cents)}
    if claim is not None:
        facts |= {"bonus": money(claim.bonus_cents), "title": claim.title, "released": money(claim.released_cents)}
        if claim.lapsed_cents:
            return _(
                "%(client)s has %(amount)s more, and %(released)s of “%(title)s” as cash; the rest lapsed.", **facts
            )
        if claim.released_cents:
            return _("%(client)s has %(amount)s more, and %(released)s of “%(title)s” as cash.", **facts)
        return _("%(client)s has %(amount)s more, and %(bonus)s of “%(title)s” to turn over.", **facts)
    if deposit.no_bonus:
        return _("%(client)s has %(amount)s more. The chosen bonus didn't hold.", **facts)
    return _("%(client)s has %(amount)s more.", **facts)


def deposit_stands(deposit: Deposit, who: str) -> str:
    """What has become of it meanwhile, and through whom; `who` is empty where it was the client or the provider."""
    facts = {"number": deposit.reference, "who": who}
    if deposit.status == "refunded":
        return _("%(number)s was refunded meanwhile by %(who)s.", **facts)
    if deposit.status == "confirmed":
        if who:
            return _("%(number)s was confirmed meanwhile by %(who)s.", **facts)
        return _("%(number)s was paid meanwhile, as the provider says.", **facts)
    if deposit.status == "refused":
        if who:
            return _("%(number)s was refused meanwhile by %(who)s.", **facts)
        return _("%(number)s was cancelled meanwhile by the client.", **facts)
    return _("%(number)s isn't confirmed yet.", **facts)


def withdrawal_stands(withdrawal: Withdrawal, who: str) -> str:
    """The same of a withdrawal."""
    facts = {"number": withdrawal.reference, "who": who}
    if withdrawal.status == "approved":
        return _("%(number)s was approved meanwhile by %(who)s. Make sure that it is paid out only once.", **facts)
    if withdrawal.status == "refused":
        return _("%(number)s was refused meanwhile by %(who)s.", **facts)
    return _("%(number)s was given up meanwhile by the client.", **facts)
