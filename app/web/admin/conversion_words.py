"""What became of completed offers, and of the money they moved, in words for the desk."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.offers.converting import EARNED, LESS
from app.offers.models import Conversion
from app.offers.sources import Source
from app.web.filters import money

STATES = {"": _l("All"), "bonus": _l("Bonus"), "no_bonus": _l("No bonus"), "reversed": _l("Reversed")}
PASSED_OVER = {
    "not_found": _l("was archived"),
    "expired": _l("had ended"),
    "usage_limit_reached": _l("was used up"),
    "inactive": _l("was switched off"),
    "not_started": _l("had not started yet"),
    "outside_active_hours": _l("was outside its hours"),
    "user_limit_reached": _l("had been used by this client as often as it allows"),
    "min_amount_not_met": _l("is for offers that pay more"),
    "not_eligible": _l("is not for this offer"),
    "nothing_to_give": _l("would have given nothing for this payout"),
}
MOST_TOLD = 3


def passed_over(conversion: Conversion) -> list[tuple[str, str]]:
    """The codes on the account that gave nothing: each, and the end of a sentence that says why."""
    return [(each["code"], _why(each)) for each in conversion.passed_over]


def outcome(conversion: Conversion, client: str) -> str:
    """What it has earned by which code, or why nothing, in a sentence."""
    if conversion.code:
        amount = money(conversion.bonus_cents)
        return _("%(client)s earned %(amount)s with %(code)s.", client=client, amount=amount, code=conversion.code)
    passed = passed_over(conversion)
    if not passed:
        return _("No bonus: %(client)s has no code on the account.", client=client)
    told = "; ".join(f"{code} {why}" for code, why in passed[:MOST_TOLD])
    return _("No bonus: %(reasons)s.", reasons=f"{told}; …" if len(passed) > MOST_TOLD else told)


def movement(reason: str, source: Source | None) -> str:
    """What an entry of a wallet is for."""
    if source is None:
        return reason.replace("_", " ").capitalize()
    facts = {"offer": source.offer, "code": source.code}
    if reason == EARNED:
        return _("Bonus for %(offer)s with %(code)s", **facts)
    return _("Bonus taken back: %(offer)s", **facts)


def _why(passed: Mapping[str, Any]) -> str:
    if passed["reason"] == LESS:
        return _("would have paid %(amount)s", amount=money(passed["bonus_cents"]))
    return str(PASSED_OVER.get(passed["reason"], passed["reason"].replace("_", " ")))
