"""How our facts travel in JSON: camelCase names unless told otherwise, amounts as numbers, instants in ISO 8601."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.kit.money import as_number

Spelling = Callable[[str], str]


def camel(name: str) -> str:
    """`opens_at` → `opensAt`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def as_it_is(name: str) -> str:
    """`opens_at` stays `opens_at`."""
    return name


def facts_of(values: Mapping[str, Any], spell: Spelling = camel) -> dict[str, Any]:
    """`{"missing_cents": 850}` → `{"missing": 8.5}`; a name ending in `_cents` says that its value is an amount."""
    return dict(_fact(name, value, spell) for name, value in values.items())


def _fact(name: str, value: Any, spell: Spelling) -> tuple[str, Any]:
    if name.endswith("_cents") and isinstance(value, int):
        return spell(name.removesuffix("_cents")), as_number(value)
    return spell(name), _plain(value, spell)


def _plain(value: Any, spell: Spelling) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return facts_of(value, spell)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, spell) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
