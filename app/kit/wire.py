"""How our facts travel in JSON: camelCase names, amounts as numbers, instants in ISO 8601."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.kit.money import as_number


def camel(name: str) -> str:
    """`opens_at` → `opensAt`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def facts_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """`{"missing_cents": 850}` → `{"missing": 8.5}`; a name ending in `_cents` says that its value is an amount."""
    return dict(_fact(name, value) for name, value in values.items())


def _fact(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith("_cents") and isinstance(value, int):
        return camel(name.removesuffix("_cents")), as_number(value)
    return camel(name), _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return facts_of(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
