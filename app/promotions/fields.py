"""Reading what somebody wants a promotion to be: every field checked in one place, whichever door it came through."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from app.kit.money import NotAnAmount, as_number, cents_of
from app.kit.text import clean_html, is_writable, normalise_code
from app.promotions.hours import ActiveHours, NotHours

MOST = 2_147_483_647
MOST_USES = 99_999_999
FURTHEST_PLACE = 1_000_000
LONGEST_TEXT = 20_000
MOST_DIGITS = 10**20
YEARS = range(1970, 9000)
MIDNIGHT = time()
CODE_LENGTH = range(3, 33)
CODE_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
ALWAYS_OPEN: dict[str, Any] = {
    "enabled": False,
    "start_time": "00:00",
    "end_time": "23:59",
    "timezone": "UTC",
    "weekdays": [],
}
NEEDED = _l("Please fill this in.")
HOURS_WRONG = {
    "start_time": _l("Please give a time from 00:00 to 23:59."),
    "end_time": _l("Please give a time from 00:00 to 23:59."),
    "timezone": _l("We don't know this time zone. Use a name such as Europe/Riga."),
    "weekdays": _l("Please choose days from 1 (Monday) to 7 (Sunday)."),
}
AMOUNT_WRONG = {
    "format": _l("Please give a number such as 12.50."),
    "decimals": _l("Please give at most two decimals."),
    "negative": _l("This can't be less than 0."),
    "too_large": _l("This can't be more than 99,999,999.99."),
    "comma": _l("Please write a point for the cents, and no commas, such as 1000.50."),
}


class Wrong(Exception):
    """The value won't do. `part` names what is wrong inside a field of several."""

    def __init__(self, message: Any, part: str = "") -> None:
        super().__init__(part)
        self.message, self.part = message, part


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field is kept, and how it is read and shown again."""

    column: str
    read: Callable[[Any], Any]
    show: Callable[[Any], Any] = lambda value: value
    is_needed: bool = False


Fields = Mapping[str, Field]
Errors = dict[str, list[Any]]


def read(given: Mapping[str, Any], fields: Fields, *, is_new: bool) -> tuple[dict[str, Any], Errors]:
    """What to keep, by column, and what is wrong, by field. A field that we don't know is wrong."""
    values: dict[str, Any] = {}
    errors: Errors = {name: [_l("We don't know this field.")] for name in given if name not in fields}
    for name, field in fields.items():
        if name not in given:
            if is_new and field.is_needed:
                errors[name] = [NEEDED]
            continue
        try:
            values[field.column] = field.read(given[name])
        except Wrong as wrong:
            errors[f"{name}.{wrong.part}" if wrong.part else name] = [wrong.message]
    return values, errors


def show(row: object, fields: Fields) -> dict[str, Any]:
    """The row under the names and in the units in which it was given."""
    return shown(columns_of(row, fields), fields)


def shown(columns: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """The same of columns alone."""
    return {name: field.show(columns[field.column]) for name, field in fields.items()}


def text(longest: int, *, is_needed: bool = False) -> Callable[[Any], str]:
    def read_text(value: Any) -> str:
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise Wrong(_l("Please give a text."))
        trimmed = value.strip()
        if is_needed and not trimmed:
            raise Wrong(NEEDED)
        if len(trimmed) > longest:
            raise Wrong(_l("Please use at most %(count)s characters.", count=longest))
        if not is_writable(trimmed):
            raise Wrong(_l("There is a character in it that we can't keep."))
        return trimmed

    return read_text


def rich_text(value: Any) -> str:
    """Rich text with nothing in it that could run."""
    return clean_html(text(LONGEST_TEXT)(value))


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(_l("Please say yes or no."))
    return value


def whole(least: int = -MOST, message: Any = None, most: int = MOST) -> Callable[[Any], int]:
    """A whole number in these bounds; `message` is for what is below them."""

    def read_whole(value: Any) -> int:
        number = _count(value)
        if number > most:
            raise Wrong(_l("This can't be more than %(most)s.", most=f"{most:,}"))
        if number < least:
            raise Wrong(message or _l("This can't be less than %(least)s.", least=f"{least:,}"))
        return int(number)

    return read_whole


def optional(read_value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Nothing given is nothing kept: unlimited."""
    return lambda value: None if value is None or value == "" else read_value(value)


def amount(value: Any) -> int:
    """Cents of an amount with at most two decimals."""
    try:
        return cents_of(_number(value))
    except NotAnAmount as wrong:
        raise Wrong(AMOUNT_WRONG[wrong.reason]) from None


def more_than_nothing(value: Any) -> int:
    """Cents of an amount, or hundredths of a percentage, of which there is some."""
    if value is None or value == "":
        raise Wrong(NEEDED)
    hundredths = amount(value)
    if hundredths == 0:
        raise Wrong(_l("This must be more than 0."))
    return hundredths


def percentage_or_fixed(value: Any) -> str:
    """How a value of a benefit is meant."""
    if value not in ("percentage", "fixed"):
        raise Wrong(_l("Please choose percentage or fixed."))
    return str(value)


def amount_or_none_is_zero(value: Any) -> int:
    return 0 if value is None or value == "" else amount(value)


def instant(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Wrong(_l("Please give a date and time with its offset."))
    if value.year not in YEARS:
        raise Wrong(_l("Please give a year from 1970 to 8999."))
    return value


def instant_at(day: date, at: time | None, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """The instant of a day and time on the clocks of this zone; a bare end day means the midnight that follows it."""
    if day.year not in YEARS:
        return datetime.combine(day, MIDNIGHT, UTC)
    if at is None and is_end:
        day += timedelta(days=1)
    return datetime.combine(day, at or MIDNIGHT, zone).astimezone(UTC)


def is_code(normalised: str) -> bool:
    """Whether a code can look like this at all."""
    return len(normalised) in CODE_LENGTH and CODE_LETTERS.issuperset(normalised)


def code(value: Any) -> str:
    """The code as it is kept: `" save20 "` is `SAVE20`."""
    if not isinstance(value, str) or not value.strip():
        raise Wrong(NEEDED)
    normalised = normalise_code(value)
    if not CODE_LETTERS.issuperset(normalised):
        raise Wrong(_l("Please use only letters A to Z, digits, _ and -."))
    if len(normalised) not in CODE_LENGTH:
        raise Wrong(_l("Please use 3 to 32 characters."))
    return normalised


def hours(value: Any) -> dict[str, Any]:
    """Active hours in their stored form. What isn't said is always open."""
    if value is None:
        return dict(ALWAYS_OPEN)
    if not isinstance(value, Mapping):
        raise Wrong(_l("Please give hours with start, end, time zone and weekdays."))
    for name in value:
        if name not in ALWAYS_OPEN:
            raise Wrong(_l("We don't know this field."), str(name))
    kept = {name: default if value.get(name) is None else value[name] for name, default in ALWAYS_OPEN.items()}
    if not isinstance(kept["enabled"], bool):
        raise Wrong(_l("Please say yes or no."), "enabled")
    try:
        parsed = ActiveHours.parse(kept)
    except NotHours as wrong:
        raise Wrong(HOURS_WRONG[wrong.field], wrong.field) from None
    kept["weekdays"] = sorted(set(kept["weekdays"]))
    assert isinstance(parsed.zone, ZoneInfo)
    return kept


def with_whole_hours(given: Mapping[str, Any], stored: dict[str, Any] | None) -> Mapping[str, Any]:
    """What is given, its active hours completed by those that are kept."""
    named = given.get("active_hours")
    return {**given, "active_hours": {**shown_hours(stored), **named}} if isinstance(named, Mapping) else given


def slugs(value: Any) -> list[str]:
    """Category slugs, each once, in the order given."""
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        raise Wrong(_l("Please give a list of categories."))
    kept = [text(64, is_needed=True)(each) for each in value]
    if len(kept) > 200:  # noqa: PLR2004
        raise Wrong(_l("Please give at most 200 categories."))
    return list(dict.fromkeys(kept))


def shown_hours(stored: dict[str, Any] | None) -> dict[str, Any]:
    return dict(ALWAYS_OPEN if stored is None else {**ALWAYS_OPEN, **stored})


def shown_amount(cents: int | None) -> float | int | None:
    return None if cents is None else as_number(cents)


def _count(value: Any) -> Decimal:
    """What isn't an amount, so that no sentence speaks of one. Of many digits the sign is all that matters."""
    try:
        number = _number(value)
    except Wrong as wrong:
        if wrong.message is AMOUNT_WRONG["too_large"]:
            is_below = value.strip().startswith("-") if isinstance(value, str) else value < 0
            return Decimal(-MOST_DIGITS if is_below else MOST_DIGITS)
        raise Wrong(_l("Please give a whole number.")) from None
    if number != int(number):
        raise Wrong(_l("Please give a whole number."))
    return number


def _number(value: Any) -> Decimal:
    """Exactly what was given; a float as its shortest decimal. No NaN, no infinity, no digits but ours."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Wrong(AMOUNT_WRONG["format"])
    if isinstance(value, int) and abs(value) > MOST_DIGITS:
        raise Wrong(AMOUNT_WRONG["too_large"])
    written = str(value).strip()
    if not written.isascii() or "_" in written or (isinstance(value, str) and "e" in written.lower()):
        raise Wrong(AMOUNT_WRONG["format"])
    if "," in written and written.replace(",", "").replace(".", "").isdecimal():
        raise Wrong(AMOUNT_WRONG["comma"])
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise Wrong(AMOUNT_WRONG["format"]) from None
    if not number.is_finite() or number.adjusted() > 20:  # noqa: PLR2004
        raise Wrong(AMOUNT_WRONG["format" if not number.is_finite() else "too_large"])
    return number


LIMIT = optional(whole(1, _l("A limit is at least 1. Leave it empty for no limit."), MOST_USES))
SHARED: Fields = {
    "title": Field("title", text(128, is_needed=True), is_needed=True),
    "description": Field("description", rich_text),
    "is_active": Field("is_active", flag),
    "starts_at": Field("starts_at", optional(instant)),
    "ends_at": Field("ends_at", optional(instant)),
    "active_hours": Field("active_hours", hours, shown_hours),
    "usage_limit": Field("usage_limit", LIMIT),
    "per_user_limit": Field("per_user_limit", LIMIT),
    "auto_deactivate_on_max_uses": Field("auto_deactivate_on_max_uses", flag),
    "min_amount": Field("min_amount_cents", amount_or_none_is_zero, shown_amount),
    "requires_account": Field("requires_account", flag),
    "release_on_refund": Field("release_on_refund", flag),
    "is_public": Field("is_public", flag),
    "display_order": Field("display_order", whole(-FURTHEST_PLACE, most=FURTHEST_PLACE)),
    "image": Field("image", optional(text(255))),
    "terms_and_conditions": Field("terms_and_conditions", rich_text),
}


def end_after_start(merged: Mapping[str, Any]) -> Errors:
    """What no field alone can tell; `merged` are the columns as they would be."""
    starts_at, ends_at = merged.get("starts_at"), merged.get("ends_at")
    if starts_at and ends_at and ends_at <= starts_at:
        return {"ends_at": [_l("The end must be after the start.")]}
    return {}


def columns_of(row: object, fields: Fields) -> dict[str, Any]:
    """The columns of these fields as they are."""
    return {field.column: getattr(row, field.column) for field in fields.values()}


def within(fields: Fields, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that belong to these fields."""
    return {field.column: values[field.column] for field in fields.values() if field.column in values}
