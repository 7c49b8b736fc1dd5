"""Verdicts on a page: what each rule asks for, whether that holds, and what was compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.offers import catalogue
from app.promotions.comparing import NAMES, compared
from app.promotions.words import money

MOST_NAMES = 5
OCCASIONS = {
    "deposit": _l("It comes with a deposit."),
    "cashback": _l("It comes at the end of its period."),
    "freecredit": _l("It comes with its code, or is given by an admin."),
    "referral": _l("It comes with a friend's first deposit."),
}
ALWAYS_ASKED = {"not_found", "inactive"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule; `asks` tells those apart that compare nothing here, such as a limit that there is none of.

    `decides` marks the first that fails, whose reason the shopper hears.
    """

    name: str
    holds: bool
    compared: str
    asks: bool
    decides: bool


def judged(told: Sequence[Mapping[str, Any]], kind: str = "") -> list[Judged]:
    """Of verdicts as they are kept, in the words of their kind, without the rules that it has no terms for."""
    names, words = {**NAMES, **NAMES_OF.get(kind, {})}, WORDS_OF.get(kind, {})
    first = next((each for each in told if not each["holds"]), None)
    idle = next((each for each in told if _is_idle(each)), None)
    return [
        Judged(
            name=str(names.get(_which(each)) or names[each["rule"]]),
            holds=each["holds"],
            compared=(words.get(_which(each)) or words.get(each["rule"], compared))(each),
            asks=_asks(each),
            decides=each is first,
        )
        for each in told
        if not (each["holds"] and each["rule"] in NOT_OF.get(kind, ()))
        and not (kind in SEVERAL_OWN and _is_idle(each) and each is not idle)
    ]


def _is_idle(told: Mapping[str, Any]) -> bool:
    """A rule of a kind's own that asks for nothing."""
    return told["rule"] == "not_eligible" and told["holds"] and not told["facts"]


def _archived(told: Mapping[str, Any]) -> str:
    return _("It isn't archived.") if told["holds"] else _("It is archived: shoppers don't see it.")


def _claims(told: Mapping[str, Any]) -> str:
    facts = told["facts"]
    if "usageLimit" not in facts:
        return _("It has no limit.")
    return _("%(claims)s of %(limit)s claims are made.", claims=facts["usedCount"], limit=facts["usageLimit"])


def _claims_of_person(told: Mapping[str, Any]) -> str:
    facts = told["facts"]
    if "perUserLimit" not in facts:
        return _("It has no limit per person.")
    return _("%(claims)s of %(limit)s claims by this person.", claims=facts["personUses"], limit=facts["perUserLimit"])


def _threshold(told: Mapping[str, Any]) -> str:
    """What the next claim takes in all, and what is spent, with what is spent now."""
    facts = told["facts"]
    amounts = {name: money(round(facts[name] * 100)) for name in ("minAmount", "amount", "missing") if name in facts}
    if "minAmount" not in amounts:
        return _("It has no minimum.")
    toward = _("The next claim takes %(minAmount)s in all, and %(amount)s would be spent.", **amounts)
    return " ".join([toward, *_shortfall(amounts)])


def _archived_code(told: Mapping[str, Any]) -> str:
    if told["holds"]:
        return _archived(told)
    return _("It is archived: clients hear that there is no such code.")


def _payout(told: Mapping[str, Any]) -> str:
    facts = told["facts"]
    amounts = {name: money(round(facts[name] * 100)) for name in ("minAmount", "amount", "missing") if name in facts}
    if "minAmount" not in amounts:
        return _("Any payout will do.")
    if "amount" not in amounts:
        return _("The payout must be at least %(minAmount)s.", **amounts)
    asked = _("The payout must be at least %(minAmount)s, and is %(amount)s.", **amounts)
    return " ".join([asked, *_shortfall(amounts)])


def _shortfall(amounts: Mapping[str, str]) -> list[str]:
    return [_("%(missing)s is missing.", **amounts)] if "missing" in amounts else []


def _on_account(told: Mapping[str, Any]) -> str:
    only = _("Only for clients who have it on their account.")
    return only if told["holds"] else " ".join([only, _("This is none of them.")])


def _scope(told: Mapping[str, Any]) -> str:
    """Offers by the names that they have now."""
    if "applicableOffers" not in told["facts"]:
        return _("Every offer counts.")
    ids = told["facts"]["applicableOffers"]
    known = catalogue.names(ids[:MOST_NAMES])
    names = ", ".join(known.get(each, f"#{each}") for each in ids[:MOST_NAMES])
    others = len(ids) - MOST_NAMES
    if others > 0:
        names = ngettext("%(names)s and %(num)d other", "%(names)s and %(num)d others", others, names=names)
    only = _("Only for %(offers)s.", offers=names)
    return only if told["holds"] else " ".join([only, _("This offer is none of them.")])


def _deposited(told: Mapping[str, Any]) -> str:
    if told["holds"]:
        return _("Only on a first deposit, and this would be one.")
    return _("Only on a first deposit, and there was one before.")


def _client(told: Mapping[str, Any]) -> str:
    only = _("Only for clients whose account is open.")
    return only if told["holds"] else " ".join([only, _("This is none of them.")])


def _occasion(told: Mapping[str, Any]) -> str:
    return str(OCCASIONS.get(told["facts"].get("type"), ""))


def _base(told: Mapping[str, Any]) -> str:
    facts = told["facts"]
    amounts = {name: money(round(facts[name] * 100)) for name in ("minAmount", "amount", "missing") if name in facts}
    if "minAmount" not in amounts:
        return _("It has no minimum.")
    asked = _("At least %(minAmount)s, and there is %(amount)s.", **amounts)
    return " ".join([asked, *_shortfall(amounts)])


OF_CATEGORIES = frozenset({"items_required", "category_mismatch"})
NOT_OF: Mapping[str, frozenset[str]] = {"deal": OF_CATEGORIES, "offer": OF_CATEGORIES, "bonus": OF_CATEGORIES}
# of whose own rules those that ask for nothing are told once
SEVERAL_OWN = frozenset({"bonus"})
NAMES_OF: Mapping[str, Mapping[str, Any]] = {
    "deal": {
        "usage_limit_reached": _l("Something left to claim"),
        "user_limit_reached": _l("Below the claims per person"),
        "min_amount_not_met": _l("Enough spent for a claim"),
        "not_eligible": _l("Meant for this person"),
    },
    "offer": {
        "min_amount_not_met": _l("Pays enough"),
        "not_eligible": _l("Meant for this offer"),
        "not_on_account": _l("On their account"),
    },
    "bonus": {
        "usage_limit_reached": _l("Something left to claim"),
        "user_limit_reached": _l("Below the claims per member"),
        "not_eligible": _l("Meant for this person"),
        "clients_only": _l("A client"),
        "other_type": _l("Comes with this occasion"),
        "first_deposit_only": _l("A first deposit"),
    },
}
WORDS_OF: Mapping[str, Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "deal": {
        "not_found": _archived,
        "usage_limit_reached": _claims,
        "user_limit_reached": _claims_of_person,
        "min_amount_not_met": _threshold,
    },
    "offer": {
        "not_found": _archived_code,
        "min_amount_not_met": _payout,
        "not_eligible": _scope,
        "not_on_account": _on_account,
    },
    "bonus": {
        "not_found": _archived_code,
        "usage_limit_reached": _claims,
        "user_limit_reached": _claims_of_person,
        "min_amount_not_met": _base,
        "clients_only": _client,
        "other_type": _occasion,
        "first_deposit_only": _deposited,
    },
}


def _which(told: Mapping[str, Any]) -> str:
    """Which of a kind's own rules it is, where it says so."""
    return str(told["facts"].get("which", ""))


def _asks(told: Mapping[str, Any]) -> bool:
    return bool(told["facts"]) or told["rule"] in ALWAYS_ASKED
