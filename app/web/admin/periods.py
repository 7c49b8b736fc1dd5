"""The days that a page looks at: read from its address with care, and the ones that people ask for most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask_babel import gettext as _

from app.orders.accounting import Period

EARLIEST, LATEST = date(1970, 1, 1), date(9998, 12, 31)
DAY = timedelta(days=1)
Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The days that were asked for, both included, as they were typed and as they count; and what is wrong."""

    first: date
    last: date
    typed: tuple[str, str]
    fault: str = ""

    def period(self, zone: ZoneInfo) -> Period:
        since, until = (datetime.combine(day, time(), zone) for day in (self.first, self.last + DAY))
        return Period(since, until)

    def days(self) -> Sequence[date]:
        """Each of them."""
        return [self.first + DAY * each for each in range((self.last - self.first).days + 1)]

    def arguments(self) -> dict[str, Any]:
        """As an address carries them."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def chosen_days(usual: Days, *, too_long: Callable[[Chosen], str]) -> Chosen:
    """The period that the address asks for, else the usual one; where it makes no sense, with the reason.

    `too_long` says so in a sentence, where it is.
    """
    typed = (request.args.get("from", "")[:10], request.args.get("to", "")[:10])
    first, last = _day(typed[0]) or usual[0], _day(typed[1]) or usual[1]
    instead = Chosen(*usual, typed)
    if any(text and _day(text) is None for text in typed):
        return replace(instead, fault=_("Please enter days such as 2026-03-01."))
    if last < first:
        return replace(instead, fault=_("The period ends before it begins. Please look at its days again."))
    chosen = Chosen(first, last, typed)
    fault = too_long(chosen)
    return replace(instead, fault=fault) if fault else chosen


def presets(
    chosen: Chosen, periods: Sequence[tuple[Any, Days]], endpoint: str, **values: Any
) -> list[tuple[str, str, bool]]:
    """The ways to other periods: label, address, whether it is shown."""
    return [
        (
            str(label),
            url_for(endpoint, **values, **Chosen(*days, ("", "")).arguments()),
            days == (chosen.first, chosen.last),
        )
        for label, days in periods
    ]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if len(text) == len("2026-03-01") and EARLIEST < day < LATEST else None
