"""Verdicts on a page: what each rule asks for, whether that holds, and what was compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.promotions.comparing import NAMES, compared

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


def judged(told: Sequence[Mapping[str, Any]]) -> list[Judged]:
    """Of verdicts as they are kept."""
    first = next((each for each in told if not each["holds"]), None)
    return [
        Judged(str(NAMES[each["rule"]]), each["holds"], compared(each), _asks(each), each is first) for each in told
    ]


def _asks(told: Mapping[str, Any]) -> bool:
    return bool(told["facts"]) or told["rule"] in ALWAYS_ASKED
