"""Why a code gives nothing, in a sentence for the client that says the next step."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.offers.rules import ACCOUNT
from app.promotions import words
from app.promotions.rules import Verdict
from app.promotions.words import Facts

IN_THE_FUTURE = _l("This lies in the future. Send it once the offer is completed.")
PLAIN: Mapping[str, Any] = {
    "min_amount_not_met": _l("This code is for offers that pay more."),
    "not_eligible": _l("This code is not for this offer."),
}
WHICH = {ACCOUNT: _l("This code is not on your account. Apply it under My codes first.")}


def sentence(verdict: Verdict) -> str:
    """Why it doesn't hold, in the language and the zone of whoever asks."""
    if verdict.facts and verdict.rule in TOLD:
        return TOLD[verdict.rule](verdict.facts)
    return str(PLAIN[verdict.rule]) if verdict.rule in PLAIN else words.sentence(verdict)


def why_nothing(verdict: Verdict) -> str:
    """Why a code gives nothing now to whoever has it on the account, and so knows that there is one."""
    return _("This code has ended.") if verdict.rule == "not_found" else sentence(verdict)


def _pays_too_little(facts: Facts) -> str:
    return _("This code is for offers that pay at least %(amount)s.", amount=words.money(facts["min_amount_cents"]))


def _not_this(facts: Facts) -> str:
    return str(WHICH.get(facts["which"], PLAIN["not_eligible"]))


TOLD: Mapping[str, Callable[[Facts], str]] = {
    "min_amount_not_met": _pays_too_little,
    "not_eligible": _not_this,
}
