"""The kinds of promotion. The engine knows none by name: each registers what sets it apart when the app is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.sql.base import ExecutableOption

from app.accounts.persons import Person
from app.audit.service import Actor
from app.kit.db import Base
from app.promotions import words
from app.promotions.backtest import Outcome, Past
from app.promotions.rules import Benefit, Item, Rule, Terms, Verdict

Group = Literal["store", "members"]
Replayed = Literal["", "orders", "payments"]
Measured = Callable[[Any, int, Mapping[str, Any]], tuple[Any, int]]
Progress = Callable[[Person, Sequence[int], datetime], Mapping[int, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a promotion's statistics, already in words, with its sign and what more there is to say of it."""

    label: str
    value: str
    icon: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a kind adds to the shared terms.

    `own` is its table, keyed by `promotion_id`, whose row every list brings along: `type_of` names the row's type (one
    of `types`, kept in the column `type_column`), `badge` tells its benefit in a word or two ("20 % off"), `gives` what
    else it gives, in short. `rules` are judged after the shared ones, by the terms that `terms_of` reads and the facts
    that `facts_of` knows of a person and a promotion; `measured` are the terms and the amount that are held against
    each other, of an amount and these facts, `benefit` what comes of it, and `sentence` how a failing rule is told.
    `statistics` are figures beyond its uses, `has_active` whether somebody has something running on it (which goes on
    when it is archived, if that `outlives`), `terms_from` the same terms from a row in hand, `offered` what the public
    list says of it beside the shared terms (all of them stand there if `is_for_all`, else those that are marked
    public), `progress_of` how far a person has come on each, `replays` which part of the past tells what it would have
    done, if any, and `replay` what, by its terms and that part in its order. `along` is
    what lists load with its rows, `accounts_with` counts the accounts that
    have it, of each of several. `fields_of`, `create`, `change` and `remove` are its verbs, the same for every door;
    `faults` tells what is wrong before anything is kept.
    """

    name: str
    label: Any
    icon: str
    group: Group
    own: type[Base]
    types: Mapping[str, Any]
    type_column: Any
    type_of: Callable[[Any], str]
    badge: Callable[[Any], str]
    rules: Sequence[Rule]
    terms_of: Callable[[int], Terms]
    facts_of: Callable[[Person | None, int], dict[str, Any]]
    benefit: Callable[[Any, Sequence[Item], int], Benefit]
    statistics: Callable[[int], Sequence[Figure]]
    has_active: Callable[[int], bool]
    fields_of: Callable[[int], dict[str, Any]]
    faults: Callable[[Mapping[str, Any], int | None], Mapping[str, Sequence[Any]]]
    create: Callable[[Mapping[str, Any], Actor, datetime], Any]
    change: Callable[..., Any]
    remove: Callable[..., bool]
    terms_from: Callable[[Any], Terms]
    offered: Callable[[Any], Mapping[str, Any]]
    gives: Callable[[Any], str] = field(default=lambda _own: "")
    progress_of: Progress = field(default=lambda _person, _ids, _now: {})
    along: Sequence[ExecutableOption] = ()
    accounts_with: Callable[[Sequence[int]], Mapping[int, int]] = field(default=lambda _ids: {})
    measured: Measured = field(default=lambda terms, amount, _facts: (terms, amount))
    sentence: Callable[[Verdict], str] = words.sentence
    outlives: bool = False
    is_for_all: bool = False
    replays: Replayed = ""
    replay: Callable[[Any, Iterable[Past]], Outcome] = field(default=lambda _terms, _past: Outcome())


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; the same name again replaces it."""
    _KINDS[kind.name] = kind


def named(name: str) -> Kind:
    """The kind of this name. Raises KeyError."""
    return _KINDS[name]


def known(group: str = "") -> Sequence[Kind]:
    """Every kind, or those of a group, in the order in which they registered."""
    return tuple(kind for kind in _KINDS.values() if not group or kind.group == group)
