"""A member bonus on its card: its sign, what its benefit is a part of, and the terms that tell it from others."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses.models import CASHBACK, DEPOSIT, FREE_CREDIT, KIND, REFERRAL
from app.promotions.listing import Listed
from app.promotions.words import money

SIGNS: Mapping[str, str] = {DEPOSIT: "banknote", CASHBACK: "percent", FREE_CREDIT: "gift", REFERRAL: "users"}
OF_PERIOD: Mapping[str, Any] = {
    "day": _l("%(part)s of each day's spend"),
    "week": _l("%(part)s of each week's spend"),
    "month": _l("%(part)s of each month's spend"),
}
AFTER_PERIOD: Mapping[str, Any] = {
    "day": _l("credited each day"),
    "week": _l("credited each week"),
    "month": _l("credited each month"),
}

SHARED_LINK: Mapping[str, Any] = {
    DEPOSIT: _l(
        "It opens the client's own bonuses, with this code filled in; claiming leads to the deposit that it comes with."
    ),
    CASHBACK: _l("It opens the client's own bonuses, where this one is told. It comes by itself: nobody claims it."),
    REFERRAL: _l("It opens the client's own bonuses, where this one is told. It comes by itself: nobody claims it."),
}


def sign_of(listed: Listed) -> str:
    """The icon of its kind, of a bonus that of its type."""
    return SIGNS.get(listed.type, listed.kind.icon) if listed.kind.name == KIND else str(listed.kind.icon)


def benefit_of(listed: Listed) -> str:
    """What it gives, in short; where the type doesn't tell, of what that is a part: `10% of each day's spend`."""
    own = listed.own
    if listed.kind.name != KIND or own.bonus_type != "percentage" or own.type not in {CASHBACK, REFERRAL}:
        return listed.badge
    if own.type == REFERRAL:
        return _("%(part)s of a friend's first deposit", part=listed.badge)
    return str(OF_PERIOD[own.cashback_period]) % {"part": listed.badge}


def terms_of(listed: Listed) -> list[str]:
    """What else must be known of it: what a friend gets, when an amount is credited, from what on, for whom, how."""
    own, least = listed.own, listed.promotion.min_amount_cents
    told = []
    if own.type == REFERRAL and own.friend_bonus_cents:
        told.append(_("%(amount)s for the friend", amount=money(own.friend_bonus_cents)))
    if own.type == CASHBACK and own.bonus_type == "fixed":
        told.append(str(AFTER_PERIOD[own.cashback_period]))
    if own.type != FREE_CREDIT and least:
        told.append(_("from %(amount)s", amount=money(least)))
    if own.type == DEPOSIT and own.first_deposit_only:
        told.append(_("for a first deposit only"))
    if own.type == DEPOSIT and own.auto_apply:
        told.append(_("applies by itself"))
    return told
