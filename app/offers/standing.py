"""How a code on an account stands at this moment, in words, by the clock of whoever reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask_babel import format_time, to_user_timezone
from flask_babel import gettext as _

from app.kit.words import weekday_and_day
from app.offers.holdings import Held
from app.promotions.hours import MINUTE
from app.promotions.words import INSTANT

Tone = Literal["success", "info", "neutral", "warning"]


@dataclass(frozen=True, slots=True)
class Standing:
    """`Open now`, `Opens today at 17:00`, `Ended`, and its tone."""

    text: str
    tone: Tone


def standing(held: Held) -> Standing:
    """Whether it earns something now; if not, when it will, or why it won't."""
    if held.refusal is None:
        return Standing(_open(held), "success")
    if held.opens_at is not None:
        return Standing(_opens(held.opens_at, held), "info")
    if held.refusal.rule in {"usage_limit_reached", "user_limit_reached"}:
        return Standing(_("Used up"), "neutral")
    if held.refusal.rule == "inactive":
        return Standing(_("Switched off"), "warning")
    return Standing(_("Ended"), "neutral")


def _open(held: Held) -> str:
    moment = until(held)
    return _("Open now, until %(moment)s", moment=moment) if moment else _("Open now")


def until(held: Held) -> str:
    """Until when it is open; nothing where nothing closes it, or while it is closed.

    Hours are told as they stand on doors, by the last minute in which it is open; an end by its own instant.
    """
    closes_at, ends_at = held.closes_at, held.terms.ends_at
    if closes_at is None:
        return ""
    if closes_at == ends_at:
        return _end(ends_at, held.context.now)
    return _moment(closes_at - MINUTE, held.context.now)


def _opens(opens_at: datetime, held: Held) -> str:
    assert held.refusal is not None
    ahead, time = _days_ahead(opens_at, held.context.now), _clock(opens_at)
    if held.refusal.rule == "not_started":
        return _("Not started: begins %(day)s at %(time)s", day=_day(opens_at, held.context.now), time=time)
    if ahead == 0:
        return _("Opens today at %(time)s", time=time)
    if ahead == 1:
        return _("Opens tomorrow at %(time)s", time=time)
    return _("Opens on %(day)s at %(time)s", day=_day(opens_at, held.context.now), time=time)


def _end(ends_at: datetime, now: datetime) -> str:
    """One at midnight is told by the day that it still holds."""
    if _clock(ends_at) == "00:00":
        return _("%(day)s, midnight", day=_day(ends_at - INSTANT, now))
    return _moment(ends_at, now)


def _moment(instant: datetime, now: datetime) -> str:
    """The time alone if it is today."""
    if _days_ahead(instant, now) == 0:
        return _clock(instant)
    return _("%(day)s, %(time)s", day=_day(instant, now), time=_clock(instant))


def _days_ahead(instant: datetime, now: datetime) -> int:
    return int((to_user_timezone(instant).date() - to_user_timezone(now).date()).days)


def _day(instant: datetime, now: datetime) -> str:
    """With its year if it isn't this one's."""
    is_this_year = to_user_timezone(instant).year == to_user_timezone(now).year
    return weekday_and_day(instant, with_year=not is_this_year)


def _clock(instant: datetime) -> str:
    return str(format_time(instant, "HH:mm"))
