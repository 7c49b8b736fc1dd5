"""What each rule compared, in words for the desk: from a verdict as it is kept and as the API tells it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.promotions.words import listed, moment, money

Facts = Mapping[str, Any]

NAMES = {
    "not_found": _l("Not archived"),
    "expired": _l("Before its end"),
    "usage_limit_reached": _l("Below its usage limit"),
    "inactive": _l("Switched on"),
    "not_started": _l("After its start"),
    "outside_active_hours": _l("Within its active hours"),
    "account_required": _l("Account, where one is needed"),
    "user_limit_reached": _l("Below the limit per person"),
    "items_required": _l("Items, where categories count"),
    "category_mismatch": _l("Something in its categories"),
    "min_amount_not_met": _l("Minimum amount reached"),
    "not_eligible": _l("Meant for this order"),
}
REASONS = {
    "not_found": _l("Archived"),
    "expired": _l("Past its end"),
    "usage_limit_reached": _l("Used up"),
    "inactive": _l("Switched off"),
    "not_started": _l("Before its start"),
    "outside_active_hours": _l("Outside its hours"),
    "account_required": _l("No account"),
    "user_limit_reached": _l("Used up by this person"),
    "items_required": _l("No items given"),
    "category_mismatch": _l("Nothing in its categories"),
    "min_amount_not_met": _l("Below the minimum"),
    "not_eligible": _l("Not for this order"),
}
ONLY_FOR = {
    "first_order_only": (
        _l("Only for a first order; none was paid yet."),
        _l("Only for a first order, and one was paid before."),
    )
}


def compared(told: Mapping[str, Any]) -> str:
    """What the rule held against what: "The minimum is $50.00, and there is $42.00: $8.00 is missing."."""
    return COMPARED[told["rule"]](told["facts"], bool(told["holds"]))


def _archived(_facts: Facts, holds: bool) -> str:  # noqa: FBT001
    return _("It isn't archived.") if holds else _("It is archived: shoppers hear that there is no such code.")


def _end(facts: Facts, holds: bool) -> str:  # noqa: FBT001
    if "endsAt" not in facts:
        return _("It has no end.")
    ends_at = moment(_instant(facts["endsAt"]))
    return _("It ends on %(moment)s.", moment=ends_at) if holds else _("It ended on %(moment)s.", moment=ends_at)


def _uses(facts: Facts, _holds: bool) -> str:  # noqa: FBT001
    told = []
    if "usageLimit" in facts:
        told.append(_("%(used)s of %(limit)s uses are taken.", used=facts["usedCount"], limit=facts["usageLimit"]))
    if "codeUsageLimit" in facts:
        used, limit = facts["codeUsedCount"], facts["codeUsageLimit"]
        told.append(_("Of this one code: %(used)s of %(limit)s.", used=used, limit=limit))
    return " ".join(told) or _("It has no limit.")


def _switch(_facts: Facts, holds: bool) -> str:  # noqa: FBT001
    return _("It is switched on.") if holds else _("It is switched off.")


def _start(facts: Facts, holds: bool) -> str:  # noqa: FBT001
    if "startsAt" not in facts:
        return _("It has no start.")
    starts_at = moment(_instant(facts["startsAt"]))
    return (
        _("It started on %(moment)s.", moment=starts_at) if holds else _("It starts on %(moment)s.", moment=starts_at)
    )


def _hours(facts: Facts, _holds: bool) -> str:  # noqa: FBT001
    if "startTime" not in facts:
        return _("It is open at any hour.")
    told = [
        _(
            "Open from %(start)s through %(end)s (%(zone)s), and there it is %(local)s.",
            start=facts["startTime"],
            end=facts["endTime"],
            zone=facts["timezone"],
            local=f"{_weekday(_instant(facts['localTime']).isoweekday())}, {_instant(facts['localTime']):%H:%M}",
        )
    ]
    if "weekdays" in facts:
        told.append(_("Opens on %(days)s.", days=", ".join(map(_weekday, facts["weekdays"]))))
    if "opensAt" in facts:
        told.append(_("Next opening: %(moment)s.", moment=moment(_instant(facts["opensAt"]))))
    return " ".join(told)


def _account(facts: Facts, holds: bool) -> str:  # noqa: FBT001
    if "requiresAccount" not in facts:
        return _("No account is needed.")
    return _("Only for accounts, and this is one.") if holds else _("Only for accounts, and this is none.")


def _uses_of_person(facts: Facts, _holds: bool) -> str:  # noqa: FBT001
    if "perUserLimit" not in facts:
        return _("It has no limit per person.")
    return _("%(used)s of %(limit)s uses by this person.", used=facts["personUses"], limit=facts["perUserLimit"])


def _items(facts: Facts, holds: bool) -> str:  # noqa: FBT001
    if not facts:
        return _("An amount is enough: every category counts.")
    told = _("There are items to look at.") if holds else _("Only an amount was given.")
    return f"{_scope(facts)} {told}"


def _categories(facts: Facts, holds: bool) -> str:  # noqa: FBT001
    if not facts:
        return _("Every category counts.")
    nothing = _("There is nothing of that.")
    return _scope(facts) if holds else f"{_scope(facts)} {nothing}"


def _minimum(facts: Facts, _holds: bool) -> str:  # noqa: FBT001
    if "minAmount" not in facts:
        return _("It has no minimum.")
    amounts = {"minimum": _money(facts["minAmount"]), "amount": _money(facts["amount"])}
    if "missing" not in facts:
        return _("The minimum is %(minimum)s, and there is %(amount)s.", **amounts)
    missing = _money(facts["missing"])
    return _("The minimum is %(minimum)s, and there is %(amount)s: %(missing)s is missing.", missing=missing, **amounts)


def _own(facts: Facts, holds: bool) -> str:  # noqa: FBT001
    if "which" not in facts:
        return _("Nothing else is asked for.")
    known = ONLY_FOR.get(facts["which"])
    return str(known[not holds]) if known else str(facts["which"]).replace("_", " ").capitalize()


COMPARED: Mapping[str, Callable[[Facts, bool], str]] = {
    "not_found": _archived,
    "expired": _end,
    "usage_limit_reached": _uses,
    "inactive": _switch,
    "not_started": _start,
    "outside_active_hours": _hours,
    "account_required": _account,
    "user_limit_reached": _uses_of_person,
    "items_required": _items,
    "category_mismatch": _categories,
    "min_amount_not_met": _minimum,
    "not_eligible": _own,
}


def _scope(facts: Facts) -> str:
    told = []
    if "applicableCategories" in facts:
        told.append(_("Only for %(categories)s.", categories=listed(facts["applicableCategories"])))
    if "excludedCategories" in facts:
        told.append(_("Not for %(categories)s.", categories=listed(facts["excludedCategories"])))
    return " ".join(told)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _weekday(number: int) -> str:
    """1 is Monday."""
    names = (get_locale() or Locale("en")).days
    return str(names["stand-alone"]["abbreviated"][number - 1])


def _money(number: float) -> str:
    return money(round(number * 100))
