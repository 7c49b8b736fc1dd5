"""Why a deal can't be claimed, in a sentence for the shopper that says the next step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import format_date, format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.promotions import words
from app.promotions.rules import Verdict
from app.promotions.words import INSTANT, Facts

PLAIN: dict[str, Any] = {
    "not_found": _l("This deal is no longer there."),
    "expired": _l("This deal has ended."),
    "usage_limit_reached": _l("Everything this deal had to give has been claimed."),
    "inactive": _l("This deal is switched off right now."),
    "not_started": _l("This deal has not started yet."),
    "account_required": _l("Sign in to claim this: it is for members."),
    "user_limit_reached": _l("You have claimed this already."),
    "min_amount_not_met": _l("Spend a little more to claim this."),
}


def sentence(verdict: Verdict) -> str:
    """Why it doesn't hold, and what would help, in the language and the zone of whoever asks."""
    told = TOLD[verdict.rule](verdict.facts) if verdict.facts and verdict.rule in TOLD else None
    return told or str(PLAIN[verdict.rule] if verdict.rule in PLAIN else words.sentence(verdict))


def items_in_words(items: Sequence[Mapping[str, Any]]) -> str:
    """`100 × Gold, 1 × Sword`."""  # noqa: RUF002
    return ", ".join(f"{format_decimal(each['amount'])} × {each['name']}" for each in items)  # noqa: RUF001


def _ended(facts: Facts) -> str:
    return _("This deal ended on %(day)s.", day=format_date(facts["ends_at"] - INSTANT, "long"))


def _starts(facts: Facts) -> str:
    return _("This deal starts on %(moment)s.", moment=words.moment(facts["starts_at"]))


def _claimed(facts: Facts) -> str:
    return ngettext(
        "You have claimed this already, and it can be claimed once by each person.",
        "You have claimed this as often as one person can: %(num)d times.",
        facts["per_user_limit"],
    )


def _missing(facts: Facts) -> str:
    return _("Spend %(amount)s more to claim this.", amount=words.money(facts["missing_cents"]))


TOLD: dict[str, Callable[[Facts], str]] = {
    "expired": _ended,
    "not_started": _starts,
    "user_limit_reached": _claimed,
    "min_amount_not_met": _missing,
}
