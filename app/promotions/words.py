"""Verdicts in words: a sentence for the shopper that says the next step, and the facts as JSON carries them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from babel import Locale
from babel.lists import format_list
from flask_babel import format_date, format_time, get_locale, get_timezone, ngettext, to_user_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.catalog import service as catalog
from app.config import settings
from app.kit import words
from app.kit.wire import facts_of
from app.promotions.hours import ALL_WEEK, ActiveHours
from app.promotions.rules import Verdict

Facts = dict[str, Any]
INSTANT = timedelta(microseconds=1)
SHORTEST_RUN = 3

PLAIN = {
    "not_found": _l("We don't know this code. Please check it for typing mistakes."),
    "expired": _l("This code has expired."),
    "usage_limit_reached": _l("This code has been used up."),
    "inactive": _l("This code is switched off right now."),
    "not_started": _l("This code has not started yet."),
    "outside_active_hours": _l("This code is closed right now."),
    "account_required": _l("Sign in to use this code: it is for members."),
    "user_limit_reached": _l("You have used this code as often as it allows."),
    "items_required": _l("This code is for certain products only. Put something in the cart to use it."),
    "category_mismatch": _l("This code is not for what is in the cart. Add something else to use it."),
    "min_amount_not_met": _l("Spend more to use it."),
    "not_eligible": _l("This code is not for this order."),
}
OF_THE_DESK = frozenset({"used_count", "usage_limit", "code_used_count", "code_usage_limit"})
WHICH = {"first_order_only": _l("This code is for a first order, and you have ordered before.")}


def sentence(verdict: Verdict) -> str:
    """Why it doesn't hold, and what would help, in the language and the zone of whoever asks."""
    told = TOLD[verdict.rule](verdict.facts) if verdict.facts and verdict.rule in TOLD else None
    return told or str(PLAIN[verdict.rule])


def facts_for_json(verdict: Verdict, *, for_shoppers: bool = False) -> Facts:
    """The facts under their public names: amounts as numbers, times as ISO 8601.

    How often others have used a promotion is the desk's business; shoppers aren't told.
    """
    hidden = OF_THE_DESK if for_shoppers else frozenset[str]()
    return facts_of({name: value for name, value in verdict.facts.items() if name not in hidden})


def described(verdict: Verdict) -> Facts:
    """A verdict as it is kept, and as the API tells it."""
    facts = facts_for_json(verdict)
    return {"rule": verdict.rule, "holds": verdict.holds, "reason": verdict.reason, "facts": facts}


def _ended(facts: Facts) -> str:
    return _("This code expired on %(day)s.", day=format_date(facts["ends_at"] - INSTANT, "long"))


def _starts(facts: Facts) -> str:
    return _("This code starts on %(moment)s.", moment=moment(facts["starts_at"]))


def _opens(facts: Facts) -> str:
    opens_at = facts["opens_at"]
    days_ahead = (to_user_timezone(opens_at).date() - to_user_timezone(facts["local_time"]).date()).days
    time = f"{format_time(opens_at, 'HH:mm')} ({get_timezone()})"  # as hours are kept, and written on doors
    if days_ahead == 0:
        return _("Opens today at %(time)s.", time=time)
    if days_ahead == 1:
        return _("Opens tomorrow at %(time)s.", time=time)
    return _("Opens on %(day)s at %(time)s.", day=words.weekday_and_day(opens_at), time=time)


def _used_by_you(facts: Facts) -> str:
    return ngettext(
        "You have used this code already, and it works once for each person.",
        "You have used this code as often as it allows: %(num)d times.",
        facts["per_user_limit"],
    )


def _give_items(facts: Facts) -> str:
    if _scope(facts):
        categories = listed(_scope(facts))
        return _(
            "This code is for %(categories)s. Put something from there in the cart to use it.", categories=categories
        )
    categories = listed(facts["excluded_categories"])
    return _("This code is not for %(categories)s. Put something else in the cart to use it.", categories=categories)


def _only_for(facts: Facts) -> str:
    if _scope(facts):
        categories = listed(_scope(facts))
        return _("This code is for %(categories)s. Add something from there to use it.", categories=categories)
    categories = listed(facts["excluded_categories"])
    return _("This code is not for %(categories)s. Add something else to use it.", categories=categories)


def _missing(facts: Facts) -> str:
    amount, categories = money(facts["missing_cents"]), _scope(facts)
    if categories:
        return _("Spend %(amount)s more on %(categories)s to use it.", amount=amount, categories=listed(categories))
    return _("Spend %(amount)s more to use it.", amount=amount)


def _scope(facts: Facts) -> list[str]:
    """The categories it is for, without those that are excluded all the same; none where it is for all."""
    excluded = facts.get("excluded_categories") or ()
    return [slug for slug in facts.get("applicable_categories") or () if slug not in excluded]


def _not_for(facts: Facts) -> str | None:
    return str(WHICH[facts["which"]]) if facts["which"] in WHICH else None


TOLD: dict[str, Callable[[Facts], str | None]] = {
    "expired": _ended,
    "not_started": _starts,
    "outside_active_hours": _opens,
    "user_limit_reached": _used_by_you,
    "items_required": _give_items,
    "category_mismatch": _only_for,
    "min_amount_not_met": _missing,
    "not_eligible": _not_for,
}


def moment(instant: datetime) -> str:
    """An instant on the reader's calendar and clock, and by which zone."""
    return f"{format_date(instant, 'long')}, {format_time(instant, 'short')} ({get_timezone()})"


def hours_in_words(hours: ActiveHours) -> str:
    """`Every day` or `Monday to Friday`, and from which minute through which: by the clock that they are written in."""
    days = _("Every day") if hours.weekdays == ALL_WEEK else _weekdays(sorted(hours.weekdays))
    return _("%(days)s, %(start)s\N{EN DASH}%(end)s", days=days, start=f"{hours.start:%H:%M}", end=f"{hours.end:%H:%M}")


def _weekdays(days: list[int]) -> str:
    """Those in a row begin with the first of them, also across the end of the week: `Sunday and Monday`.

    Three or more in a row are told by their ends: `Saturday to Monday`.
    """
    begins = [at for at, day in enumerate(days) if (day - 2) % 7 + 1 not in days]
    if len(begins) == 1:
        days = days[begins[0] :] + days[: begins[0]]
    names = (get_locale() or Locale("en")).days["format"]["wide"]
    told = [names[each - 1] for each in days]
    if len(begins) == 1 and len(days) >= SHORTEST_RUN:
        return _("%(first)s to %(last)s", first=told[0], last=told[-1])
    return str(format_list(told, locale=get_locale()))


def money(cents: int) -> str:
    """The amount in the installation's currency, as the reader writes it."""
    return words.money(cents, settings().currency)


def listed(categories: list[str]) -> str:
    """`Design, Hosting or Print`: categories by the names that they have now."""
    known = catalog.category_names()
    names = [known.get(slug) or slug.replace("-", " ").title() for slug in categories]
    return names[0] if len(names) == 1 else _("%(some)s or %(last)s", some=", ".join(names[:-1]), last=names[-1])
