"""Files of things such as products, read for import: each row one thing, each cell checked by the rule of its column.

Pure: what the file says and what is wrong with it. What that comes to in the database is a `Plan`; its room makes it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.kit import sheets
from app.kit.sheets import Flaw

New = TypeVar("New")
Edit = TypeVar("Edit")
Reader = Callable[[str], Any]

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
SAYS_NOTHING: Any = object()


class Wrong(ValueError):
    """A cell breaks a rule: `reason` says which, `facts` what its sentence needs."""

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Line:
    """What one row says of one thing, which `key` names.

    `values` are its cells, read, by column: none for columns that the file hasn't, nor for those in `wrong`, nor for an
    empty cell that says nothing. `typed` are the cells as they stand in the file.
    """

    number: int
    key: str
    values: Mapping[str, Any]
    wrong: frozenset[str]
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a file says, and every flaw that shows without looking into the database."""

    lines: Sequence[Line]
    flaws: Sequence[Flaw]
    digest: str


@dataclass(frozen=True)  # with slots it could not be made under its generic name
class Plan(Generic[New, Edit]):
    """What importing a file comes to."""

    made: Sequence[New]
    changed: Sequence[Edit]
    unchanged: int

    @property
    def is_nothing(self) -> bool:
        return not self.made and not self.changed

    @property
    def figures(self) -> dict[str, int]:
        """How many, for the audit log."""
        return {"made": len(self.made), "changed": len(self.changed), "unchanged": self.unchanged}


def read(data: bytes, readers: Mapping[str, Reader], *, key: str) -> Sheet:
    """Read and check a file whose columns have these readers. One that is no such table has flaws and no lines.

    A reader raises Wrong, or gives SAYS_NOTHING for a cell that leaves things as they are.
    """
    digest = hashlib.sha256(data).hexdigest()[:16]
    if len(data) > MOST_BYTES:
        return Sheet([], [Flaw(0, "", "large_file", {"most": MOST_BYTES // 1024 // 1024})], digest)
    try:
        rows = sheets.read(data, known=readers, needed=[key], most=MOST_ROWS)
    except sheets.UnreadableSheet as unreadable:
        return Sheet([], unreadable.flaws, digest)
    flaws: list[Flaw] = []
    lines = [_line(row, readers, key, flaws) for row in rows if any(cell.strip() for cell in row.cells.values())]
    if not lines:
        flaws.append(Flaw(0, "", "empty"))
    flaws += twice(((line, line.key) for line in lines), key, "twice")
    return Sheet(lines, flaws, digest)


def twice(lines: Iterable[tuple[Line, str | None]], column: str, reason: str) -> list[Flaw]:
    """Whatever stands in a second row too; the flaw names the first."""
    first: dict[str, int] = {}
    return [
        Flaw(line.number, column, reason, {"value": value, "first": first[value]})
        for line, value in lines
        if value and first.setdefault(value, line.number) != line.number
    ]


def missing(line: Line, needed: Iterable[str]) -> list[Flaw]:
    """The columns without which a new thing can't be made, and of which nothing is said yet."""
    silent = (column for column in needed if column not in line.values and column not in line.wrong)
    return [Flaw(line.number, column, "needed_for_new", {"key": line.key}) for column in silent]


def in_order(flaws: Iterable[Flaw], columns: Sequence[str]) -> list[Flaw]:
    """From the top of the file down, and from the first of the columns to the last."""
    return sorted(flaws, key=lambda flaw: (flaw.row, columns.index(flaw.column) if flaw.column in columns else -1))


def yes_or_no(cell: str) -> Any:
    """True or False; an empty cell says nothing."""
    word = cell.strip().lower()
    if word and word not in YES_NO:
        raise Wrong("yes_no")
    return YES_NO.get(word, SAYS_NOTHING)


def _line(row: sheets.Row, readers: Mapping[str, Reader], key: str, flaws: list[Flaw]) -> Line:
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for column, cell in row.cells.items():
        try:
            value = readers[column](cell)
        except Wrong as fault:
            wrong.add(column)
            flaws.append(Flaw(row.number, column, fault.reason, fault.facts))
        else:
            if value is not SAYS_NOTHING:
                values[column] = value
    return Line(row.number, values.get(key, ""), values, frozenset(wrong), row.cells)
