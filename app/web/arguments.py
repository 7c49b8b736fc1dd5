"""What the address and forms of a page say, read with care."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from flask import request
from flask_babel import lazy_gettext as _l

from app.errors import DomainError

MOST_PAGES = 100_000
OF_LISTS = {
    *("q", "status", "state", "role", "kind", "group", "type", "category", "sort", "page", "offer"),
    *("actor", "action", "entity", "entity_id", "since", "until", "from", "to"),
}
NEVER = 0  # versions count from 1
SWITCHES = {"1": True, "0": False}
ANCHOR = re.compile(r"[a-z]+(-[a-z]+)*(-[0-9]{1,18})?")
WHOLE = re.compile(r"-?[0-9]{1,9}")


def whole_number(text: str | None) -> int | None:
    """The number that ASCII digits write, and nothing else."""
    trimmed = (text or "").strip()
    return int(trimmed) if WHOLE.fullmatch(trimmed) else None


def is_unreadable(text: str | None) -> bool:
    """Whether something is written there, and it isn't a whole number."""
    return bool(text) and whole_number(text) is None


def seen_version(text: str | None) -> int | None:
    """The version that a form was filled in with; None where it doesn't say.

    What can't be read is one that never was, so that it overwrites nobody's edit.
    """
    return NEVER if is_unreadable(text) else whole_number(text)


def switched(name: str = "is_active") -> bool:
    """Whether a switch's form says on (1) or off (0). Raises DomainError where it says neither."""
    said = request.form.get(name)
    if said not in SWITCHES:
        raise DomainError(_l("This button is out of date. Please load the page again, and press once more."))
    return SWITCHES[said]


def list_arguments() -> dict[str, str]:
    """What the address says about the list that is looked at: its search, filters and page, and nothing else."""
    return _of_lists(request.args.items())


def list_arguments_in(query: str) -> dict[str, str]:
    """The same of another address, whose query this is."""
    return _of_lists(parse_qsl(query))


def _of_lists(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in said if name in OF_LISTS}


def anchored(url: str) -> str:
    """That address, at the place of its page that the form names as `anchor`: where one goes on without a script."""
    named = request.form.get("anchor", "")
    return f"{url}#{named}" if ANCHOR.fullmatch(named) else url


def page_number() -> int:
    """Which page of a list is asked for; the first if the address doesn't say it well."""
    return number_in(request.args)


def number_in(arguments: Mapping[str, str]) -> int:
    """The same of another address, whose arguments these are."""
    return min(max(whole_number(arguments.get("page")) or 1, 1), MOST_PAGES)
