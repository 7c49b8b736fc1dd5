"""What a bonus promises, in plain words: for who reads its card, and for who has claimed it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_decimal, format_percent, get_timezone, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses.kind import badge
from app.bonuses.models import MemberPromotion
from app.bonuses.releasing import KEPT_AFTER_END
from app.bonuses.rules import BonusTerms
from app.bonuses.shelf import OnShelf
from app.config import settings
from app.kit import clock
from app.promotions.words import hours_in_words, listed, money
from app.web.filters import moment
from app.web.filters import until as window_end

Fact = tuple[str, str]
PERIODS: Mapping[str, Any] = {"day": _l("each day"), "week": _l("each week"), "month": _l("each month")}
COMES: Mapping[str, Any] = {
    "deposit": _l("With a deposit: choose it when you deposit."),
    "cashback": _l("By itself, when its period is over."),
    "referral": _l("When a friend who has joined with your code makes their first deposit."),
}
ENDED: Mapping[str, Any] = {
    "client": _l("You gave it up."),
    "admin": _l("We have cancelled it."),
    "lapsed": _l("Its time was over before its turnover was reached."),
    "deposit_refunded": _l("The deposit that it came with was refunded."),
}


def benefit(terms: BonusTerms) -> str:
    """`100% of your deposit`, `10% of what you spend each week`, `$5.00`."""
    if terms.bonus_type == "fixed":
        return badge(terms)
    if terms.type == "cashback":
        return _(
            "%(part)s of what you spend %(period)s", part=badge(terms), period=PERIODS[terms.cashback_period or ""]
        )
    if terms.type == "referral":
        return _("%(part)s of your friend's first deposit", part=badge(terms))
    return _("%(part)s of your deposit", part=badge(terms))


def in_short(terms: BonusTerms) -> str:
    """What matters for a choice, on one line: `at most $50.00 · from $20.00 · 3x turnover`."""
    told = []
    if terms.max_bonus_cents is not None:
        told.append(_("at most %(amount)s", amount=money(terms.max_bonus_cents)))
    if terms.min_amount_cents:
        told.append(_("from %(amount)s", amount=money(terms.min_amount_cents)))
    if terms.turnover_hundredths:
        told.append(_("%(times)s× turnover", times=format_decimal(terms.turnover_hundredths / 100)))  # noqa: RUF001
    else:
        told.append(_("no turnover"))
    if terms.max_withdraw_cents == 0:
        told.append(_("nothing of it becomes cash"))
    elif terms.max_withdraw_cents is not None:
        told.append(_("at most %(amount)s of it becomes cash", amount=money(terms.max_withdraw_cents)))
    if terms.turnover_hundredths and terms.applicable_games:
        told.append(_("only some purchases count"))
    return " · ".join(told)


def conditions(each: OnShelf) -> list[Fact]:
    """All of its terms, one after the other: what about, and what it says."""
    terms, limits = each.terms, each.bonus.promotion
    told = [(_("How it comes"), _how_it_comes(each)), *_amounts(terms), *turnover_facts(_as_kept(terms))]
    told.append((_("Runs"), _window(terms.starts_at, terms.ends_at)))
    hours = hours_here(terms)
    if hours:
        told.append((_("Hours"), hours))
    if limits.per_user_limit:
        often = ngettext("Once for each member", "%(num)d times for each member", limits.per_user_limit)
        told.append((_("How often"), often))
    if terms.first_deposit_only and terms.type == "deposit":
        told.append((_("For whom"), _("For a first deposit")))
    return told


def kept_conditions(claim: MemberPromotion) -> list[Fact]:
    """The terms that a claim was made by, as they were."""
    kept = claim.terms
    told = []
    if kept["bonus_type"] == "percentage":
        told.append((_("Benefit"), format_percent(kept["bonus_value"] / 10_000, "#,##0.##%")))
    if kept["max_bonus_cents"] is not None:
        told.append((_("At most"), money(kept["max_bonus_cents"])))
    return told + turnover_facts(kept)


def turnover_facts(kept: Mapping[str, Any]) -> list[Fact]:
    """What it takes until the bonus is cash, and how much of it then is."""
    told = []
    if kept["turnover_hundredths"]:
        told.append((_("Turnover"), _turnover(kept)))
        told.append((_("What counts"), games(kept)))
    else:
        told.append((_("Turnover"), _("None") if kept["max_withdraw_cents"] == 0 else _("None: it is cash at once")))
    if kept["max_withdraw_cents"] == 0:
        told.append((_("Becomes cash"), _("Nothing of it: all of it lapses in the end")))
    elif kept["max_withdraw_cents"] is not None:
        most = money(kept["max_withdraw_cents"])
        told.append((_("Becomes cash"), _("At most %(amount)s; the rest lapses", amount=most)))
    return told


def games(kept: Mapping[str, Any]) -> str:
    """Purchases of which categories count, by their names."""
    slugs = list(kept["applicable_games"])
    return _("Purchases in %(categories)s", categories=listed(slugs)) if slugs else _("Everything you buy in the store")


def hours_here(terms: BonusTerms) -> str:
    """When it can be had, by the reader's clock; nothing where that is always, or doesn't matter."""
    hours = terms.active_hours
    if hours is None or hours.never_close or terms.type == "cashback":
        return ""
    zone = ZoneInfo(str(get_timezone() or "UTC"))
    seen = hours_in_words(hours.seen_in(zone, clock.now()))
    return _("%(hours)s (%(zone)s)", hours=seen, zone=zone.key.replace("_", " "))


def lapses_at(claim: MemberPromotion) -> datetime | None:
    """Until when its turnover can be reached; its promotion is loaded."""
    ends_at = claim.promotion.ends_at
    return ends_at + KEPT_AFTER_END if ends_at else None


def _how_it_comes(each: OnShelf) -> str:
    if each.terms.auto_apply and each.terms.type == "deposit":
        return _("With a deposit, by itself where you choose none.")
    if each.terms.type == "freecredit":
        return _("You claim it here.")
    return str(COMES[each.terms.type])


def _amounts(terms: BonusTerms) -> list[Fact]:
    told = []
    if terms.max_bonus_cents is not None:
        told.append((_("At most"), money(terms.max_bonus_cents)))
    if terms.min_amount_cents and terms.type != "freecredit":
        label = {"cashback": _("Spend at least"), "referral": _("Friend's deposit at least")}
        told.append((label.get(terms.type, _("Deposit at least")), money(terms.min_amount_cents)))
    if terms.friend_bonus_cents and terms.type == "referral":
        told.append((_("For your friend"), money(terms.friend_bonus_cents)))
    return told


def _turnover(kept: Mapping[str, Any]) -> str:
    times = format_decimal(kept["turnover_hundredths"] / 100)
    if kept["type"] == "deposit":
        return _("%(times)s× deposit and bonus", times=times)  # noqa: RUF001
    return _("%(times)s× the bonus", times=times)  # noqa: RUF001


def _as_kept(terms: BonusTerms) -> dict[str, Any]:
    return {
        "type": terms.type,
        "turnover_hundredths": terms.turnover_hundredths,
        "max_withdraw_cents": terms.max_withdraw_cents,
        "applicable_games": terms.applicable_games,
    }


def _window(starts_at: datetime | None, ends_at: datetime | None) -> str:
    told = {"start": moment(starts_at), "end": window_end(ends_at)}
    now = clock.now()
    return _("from %(start)s until %(end)s", **told) if starts_at and starts_at > now else _("until %(end)s", **told)


def currency() -> str:
    """What amounts are in, for the fields that they are typed into."""
    return settings().currency
