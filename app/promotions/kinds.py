"""The kinds of promotion. The engine knows none by name: each registers what sets it apart when the app is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit.service import Actor
from app.promotions.rules import Rule


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a promotion's statistics, already in words."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a kind adds to the shared terms.

    `badges` tells the benefit of each of these promotions in a word or two ("20 % off"), `statistics` its figures
    beyond its uses, `has_active` whether somebody has something running on it. `fields_of`, `create`, `change` and
    `remove` are its verbs, the same for every door; `faults` tells what is wrong before anything is kept.
    """

    name: str
    label: Any
    icon: str
    rules: Sequence[Rule]
    badges: Callable[[Sequence[int]], Mapping[int, str]]
    statistics: Callable[[int], Sequence[Figure]]
    has_active: Callable[[int], bool]
    fields_of: Callable[[int], dict[str, Any]]
    faults: Callable[[Mapping[str, Any], int | None], Mapping[str, Sequence[Any]]]
    create: Callable[[Mapping[str, Any], Actor, datetime], Any]
    change: Callable[..., Any]
    remove: Callable[..., bool]


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; the same name again replaces it."""
    _KINDS[kind.name] = kind


def named(name: str) -> Kind:
    """The kind of this name. Raises KeyError."""
    return _KINDS[name]


def known() -> Sequence[Kind]:
    """Every kind, in the order in which they registered."""
    return tuple(_KINDS.values())
