"""What a file says about discount codes: cells turned into the values that forms and the API give, and back. Pure.

Whether a value will do is for the rules that every door shares (`editing.FIELDS`); here it only gets its shape.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.discounts.editing import FIELDS
from app.kit import intake
from app.kit.intake import SAYS_NOTHING, Reader, Sheet, Wrong
from app.kit.money import as_decimal
from app.kit.sheets import Cell
from app.promotions import fields
from app.promotions.fields import ALWAYS_OPEN

COLUMNS = (
    *("code", "title", "discount_type", "discount_value", "min_amount", "max_discount", "usage_limit"),
    *("per_user_limit", "starts_at", "ends_at", "is_active", "applicable_categories", "excluded_categories"),
    *("first_order_only", "requires_account", "is_public"),
    *("hours_start", "hours_end", "hours_timezone", "hours_weekdays"),
    *("auto_deactivate_on_max_uses", "release_on_refund", "display_order", "description", "terms_and_conditions"),
)
TOLD_ONLY = ("status", "used_count")
FOR_NEW = ("title", "discount_type", "discount_value")
HOURS = {
    "start_time": "hours_start",
    "end_time": "hours_end",
    "timezone": "hours_timezone",
    "weekdays": "hours_weekdays",
}
OPENING = ("start_time", "end_time")
AMOUNTS = {"discount_value", "min_amount", "max_discount"}
INSTANTS = {"starts_at", "ends_at"}
LISTS = {"applicable_categories", "excluded_categories"}
FLAGS = {name for name, field in FIELDS.items() if field.read is fields.flag}
WRITTEN = {"code", "title", "description", "terms_and_conditions"}  # what differs from row to row
PARTED = re.compile(r"[\s|]+")
WEEKDAY = re.compile(r"[0-9]")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read(data: bytes, zone: ZoneInfo) -> Sheet:
    """Read and check a file; times without an offset are by the clocks of `zone`.

    A line's values are as they are kept; of hours, each part by itself.
    """
    return intake.read(data, _readers(zone), key="code")


def cells(code: str, columns: Mapping[str, Any], zone: tzinfo) -> dict[str, Cell]:
    """A discount's row in a file; `columns` are what can be changed of it, as they are kept. `read` reads it back."""
    hours = _hours(fields.shown_hours(columns["active_hours"]))
    of_columns = {name: FIELDS[name].column for name in COLUMNS[1:] if name not in hours}
    written = {name: _written(name, columns[column], zone) for name, column in of_columns.items()}
    return {name: code if name == "code" else written.get(name, hours.get(name)) for name in COLUMNS}


def hours(said: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Active hours as a line leaves them.

    A file that has neither start nor end opens or closes none; one in which both are empty switches them off.
    """
    given = {part: said[column] for part, column in HOURS.items() if column in said}
    opening = [given[part] for part in OPENING if part in given]
    merged = {**current, **given}
    if opening:
        merged["enabled"] = any(opening)
    for part in OPENING:
        if not merged[part]:
            merged[part] = ALWAYS_OPEN[part] if merged["enabled"] else current[part]
    return merged


def _readers(zone: ZoneInfo) -> Mapping[str, Reader]:
    """How each column is read. Those that an export only tells are passed over."""
    shapes: dict[str, Callable[[str], Any]] = dict.fromkeys(FIELDS, str.strip)
    shapes |= dict.fromkeys(FLAGS, intake.yes_or_no)
    shapes |= dict.fromkeys(LISTS, _listed)
    shapes |= {"description": str, "terms_and_conditions": str, "display_order": _whole}
    shapes |= {
        "starts_at": lambda cell: _instant(cell, zone),
        "ends_at": lambda cell: _instant(cell, zone, is_end=True),
    }
    readers = {name: _reader(name, shape) for name, shape in shapes.items() if name in COLUMNS}
    readers |= {column: _hours_reader(part) for part, column in HOURS.items()}
    readers |= {name: lru_cache(maxsize=1024)(read) for name, read in readers.items() if name not in WRITTEN}
    return readers | dict.fromkeys(TOLD_ONLY, lambda _cell: SAYS_NOTHING)


def _reader(name: str, shape: Callable[[str], Any]) -> Reader:
    field = FIELDS[name]

    def read_cell(cell: str) -> Any:
        if field.is_needed and not cell.strip():
            raise Wrong("needed")
        value = shape(cell)
        return value if value is SAYS_NOTHING else _checked(lambda: field.read(value))

    return read_cell


def _hours_reader(part: str) -> Reader:
    """A part of the hours by itself, so that every part that is wrong is told. An empty time is kept as such."""

    def read_cell(cell: str) -> Any:
        typed = cell.strip()
        if part == "weekdays":
            days = [int(each) if WEEKDAY.fullmatch(each) else each for each in _listed(typed)]
            return _checked(lambda: fields.hours({part: days})[part])
        if not typed:
            return "" if part in OPENING else SAYS_NOTHING
        return _checked(lambda: fields.hours({part: typed})[part])

    return read_cell


def _checked(rule: Callable[[], Any]) -> Any:
    try:
        return rule()
    except fields.Wrong as wrong:
        raise Wrong("rule", told=wrong.message) from None


def _listed(cell: str) -> list[str]:
    return [each for each in PARTED.split(cell) if each]


def _whole(cell: str) -> Any:
    return cell.strip() or SAYS_NOTHING


def _instant(cell: str, zone: ZoneInfo, *, is_end: bool = False) -> datetime | None:
    """ISO 8601: with an offset, without one, or a bare day."""
    typed = cell.strip()
    if not typed:
        return None
    try:
        if DAY.fullmatch(typed):
            return fields.instant_at(date.fromisoformat(typed), None, zone, is_end=is_end)
        instant = datetime.fromisoformat(typed)
    except ValueError:
        raise Wrong("instant") from None
    return instant if instant.tzinfo else fields.instant_at(instant.date(), instant.time(), zone)


def _written(name: str, value: Any, zone: tzinfo) -> Cell:
    """Numbers stay numbers."""
    if name in FLAGS:
        return "yes" if value else "no"
    if name in LISTS:
        return "|".join(value)
    if value is None or name not in AMOUNTS | INSTANTS:
        return "" if value is None else value
    return as_decimal(value) if name in AMOUNTS else value.astimezone(zone).isoformat()


def _hours(hours: Mapping[str, Any]) -> dict[str, Cell]:
    """Hours that are switched off have no start and no end."""
    written = {HOURS[part]: hours[part] if hours["enabled"] else "" for part in OPENING}
    return {**written, "hours_timezone": hours["timezone"], "hours_weekdays": "|".join(map(str, hours["weekdays"]))}
