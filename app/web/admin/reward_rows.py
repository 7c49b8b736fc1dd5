"""The field in which reward items are chosen: rows of an item and how many of it.

A row's two inputs carry the field's name, one after the other. An option is an id of the catalogue, or, for what a deal
has otherwise (an id that the catalogue doesn't know, a name of its own), a JSON list of id and name.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, ClassVar

from wtforms import Field

from app.kit.text import is_writable

MOST_ROWS = 50
LONGEST = 400


@dataclass(slots=True)
class Row:
    """An item and how many of it, as they were typed; `error` is what is wrong with them."""

    item_id: str = ""
    name: str = ""
    amount: str = ""
    error: Any = ""

    @property
    def is_empty(self) -> bool:
        return not self.item_id and not self.amount


class RewardItemsField(Field):
    """`data` are rows, empty ones too: they stay where they are while others are checked."""

    part: ClassVar[str] = "admin/promotion_kinds/reward_items.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.catalogue: Mapping[str, str] = {}

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        pairs = zip_longest(valuelist[::2], valuelist[1::2], fillvalue="")
        self.data = [_row(*map(str, pair)) for pair in list(pairs)[:MOST_ROWS]]

    def show(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Fill in what a room keeps."""
        self.data = [Row(each["item_id"], each["name"], str(each["amount"])) for each in items]

    def offer(self, catalogue: Mapping[str, str]) -> None:
        """Let these items be chosen, by id and name, and those that the rows have already."""
        self.catalogue = catalogue
        for row in self.filled:
            row.name = row.name or catalogue.get(row.item_id, row.item_id)

    @property
    def filled(self) -> list[Row]:
        return [row for row in self.data or () if not row.is_empty]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The rows as the room reads them."""
        return [{"item_id": row.item_id, "name": row.name, "amount": row.amount} for row in self.filled]

    @property
    def options(self) -> list[tuple[str, str]]:
        """Value and label of all that can be chosen; those of the same name are told apart by their ids."""
        namesakes = Counter(self.catalogue.values())
        known = [
            (item_id, _label(item_id, name, has_namesakes=namesakes[name] > 1))
            for item_id, name in self.catalogue.items()
        ]
        others = {
            self.value_of(row): _label(row.item_id, row.name, has_namesakes=True) for row in self.filled if row.item_id
        }
        return known + [(value, label) for value, label in others.items() if value not in self.catalogue]

    def value_of(self, row: Row) -> str:
        """The option that is chosen in this row."""
        is_known = not row.item_id or self.catalogue.get(row.item_id) == row.name
        return row.item_id if is_known else json.dumps([row.item_id, row.name])

    def mark(self, faults: Mapping[int, Any]) -> None:
        """Note what is wrong beside the rows that it is wrong with."""
        for place, row in enumerate(self.filled):
            row.error = faults.get(place, "")

    @property
    def is_told_beside_rows(self) -> bool:
        return any(row.error for row in self.data or ())

    def _value(self) -> str:
        """For people, as forms are compared."""
        return ", ".join(f"{row.amount} × {row.name or row.item_id}" for row in self.filled)  # noqa: RUF001


def _row(chosen: str, amount: str) -> Row:
    item_id, name = _read(chosen[:LONGEST].strip())
    return Row(item_id, name, amount[:LONGEST].strip())


def _read(chosen: str) -> tuple[str, str]:
    """An option's id and name; of one that is only an id, no name."""
    if not is_writable(chosen):
        return chosen, ""
    try:
        item_id, name = json.loads(chosen) if chosen.startswith("[") else (chosen, "")
    except ValueError:
        return chosen, ""
    return str(item_id), str(name)


def _label(item_id: str, name: str, *, has_namesakes: bool) -> str:
    return f"{name} ({item_id})" if has_namesakes and name != item_id else name
