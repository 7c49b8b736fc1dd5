"""Why a bonus isn't given, in a sentence for the client that says the next step."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses.rules import FIRST, MEMBERS, NOTHING, REFERRED, TYPE
from app.promotions import words
from app.promotions.rules import Verdict
from app.promotions.words import Facts

INSTANT = timedelta(microseconds=1)
TOO_LITTLE = "min_amount_not_met"
PLAIN: Mapping[str, Any] = {
    "expired": _l("This bonus has ended."),
    "usage_limit_reached": _l("This bonus has been used up."),
    "inactive": _l("This bonus is switched off right now."),
    "not_started": _l("This bonus has not started yet."),
    "outside_active_hours": _l("This bonus is closed right now."),
    "account_required": _l("Sign in to claim this bonus: it is for members."),
    "user_limit_reached": _l("You have had this bonus as often as it allows."),
    TOO_LITTLE: _l("Deposit more to get this bonus."),
    "not_eligible": _l("This bonus is not for you right now."),
    NOTHING: _l("This bonus would give nothing on this amount. Try a larger one."),
}
OF_TYPE: Mapping[str, Any] = {
    "deposit": _l("This bonus comes with a deposit. Choose it when you deposit."),
    "cashback": _l("This bonus comes by itself at the end of its period."),
    "freecredit": _l("This bonus is a free credit. Claim it with its code."),
    "referral": _l("This bonus comes when a friend of yours makes their first deposit."),
}
WHICH: Mapping[str, Any] = {
    MEMBERS: _l("This bonus is for clients."),
    TYPE: _l("This bonus doesn't come with a deposit."),
    FIRST: _l("This bonus is for a first deposit, and you have deposited before."),
    REFERRED: _l("This friend doesn't count for a referral."),
}
TYPES: Mapping[str, Any] = {
    "deposit": _l("Deposit bonus"),
    "cashback": _l("Cashback"),
    "freecredit": _l("Free credit"),
    "referral": _l("Referral"),
}


def sentence(verdict: Verdict) -> str:
    """Why it doesn't hold, in the language and the zone of whoever asks."""
    if verdict.facts and verdict.rule in TOLD:
        return TOLD[verdict.rule](verdict.facts)
    return str(PLAIN[verdict.rule]) if verdict.rule in PLAIN else words.sentence(verdict)


def why_not(reason: str) -> str:
    """The same of a reason as it is kept: a reason code, or `not_eligible:` and which (of another type: also which).

    Of a deposit that was too small also the minimum and what was missing, in cents.
    """
    rule, _colon, which = reason.partition(":")
    if rule == TOO_LITTLE and which:
        least, missing = map(int, which.split(":"))
        told = {"missing": words.money(missing), "least": words.money(least)}
        return _("%(missing)s more was needed: this bonus begins at %(least)s.", **told)
    return sentence(Verdict(rule, holds=False, facts={"which": which} if which else {}))


def reason_of(verdict: Verdict) -> str:
    """A failing verdict as it is kept, for `why_not` to tell."""
    which = verdict.facts.get("which") if verdict.rule == "not_eligible" else None
    more = [verdict.facts["type"]] if which == TYPE and verdict.facts.get("type") else []
    return ":".join((verdict.rule, which, *more)) if which else verdict.rule


def reason_on_deposit(verdict: Verdict) -> str:
    """The same of a bonus that was chosen for a deposit: with how much was missing, where that is why."""
    if verdict.rule != TOO_LITTLE:
        return reason_of(verdict)
    return f"{TOO_LITTLE}:{verdict.facts['min_amount_cents']}:{verdict.facts['missing_cents']}"


def _ended(facts: Facts) -> str:
    return _("This bonus ended on %(day)s.", day=format_date(facts["ends_at"] - INSTANT, "long"))


def _starts(facts: Facts) -> str:
    return _("This bonus starts on %(moment)s.", moment=words.moment(facts["starts_at"]))


def _opens(facts: Facts) -> str:
    return words.sentence(Verdict("outside_active_hours", holds=False, facts=facts))


def _used_by_you(facts: Facts) -> str:
    return ngettext(
        "You have had this bonus already, and there is one for each member.",
        "You have had this bonus as often as it allows: %(num)d times.",
        facts["per_user_limit"],
    )


def _missing(facts: Facts) -> str:
    told = {"missing": words.money(facts["missing_cents"]), "least": words.money(facts["min_amount_cents"])}
    return _("Add %(missing)s more: this bonus begins at %(least)s.", **told)


def _not_this(facts: Facts) -> str:
    which, _colon, more = facts["which"].partition(":")
    type_ = facts.get("type", more) if which == TYPE else ""
    return str(OF_TYPE.get(type_) or WHICH.get(which, PLAIN["not_eligible"]))


TOLD: Mapping[str, Callable[[Facts], str]] = {
    "expired": _ended,
    "not_started": _starts,
    "outside_active_hours": _opens,
    "user_limit_reached": _used_by_you,
    TOO_LITTLE: _missing,
    "not_eligible": _not_this,
}
