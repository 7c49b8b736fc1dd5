"""CSV, written and read: RFC 4180 in UTF-8 with a mark, so that spreadsheets take accents and Thai for what they are.

A text that a spreadsheet would take for a formula goes out with an apostrophe before it, and loses it on its way in.
Rows are numbered as a spreadsheet shows them: the names of the columns stand in row 1, and a cell of several lines is
still one row.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from typing import Any

MARK = "\ufeff"
SEPARATORS = ",;\t"
AT_ONCE = 64 * 1024
MOST_COLUMNS = 256
LONGEST_HEADER = 16 * 1024
# also full-width signs, which some spreadsheets take for the usual ones, and whatever hides behind spaces
FORMULA = re.compile("'*\\s*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]|'*[\t\r]")
Cell = str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong in one place. Row 0 is the file itself; `facts` are what the sentence about it needs."""

    row: int
    column: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A row under its number, its cells by their columns."""

    number: int
    cells: Mapping[str, str]


class UnreadableSheet(ValueError):
    """It is no table of the columns that were asked for; `flaws` say why."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__(", ".join(sorted({each.reason for each in flaws})))
        self.flaws = flaws


def lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file, line by line as `rows` come. Numbers stay numbers; texts can't become formulas."""
    written = csv.writer(_Passing(), lineterminator="\r\n").writerow
    yield MARK + written([_harmless(name) for name in columns])
    for row in rows:
        yield written([_harmless(cell) for cell in row])


def chunks(written: Iterable[str]) -> Iterator[bytes]:
    """The same as bytes, some at a time, to be sent while the rest is still being read."""
    held: list[str] = []
    size = 0
    for line in written:
        held.append(line)
        size += len(line)
        if size >= AT_ONCE:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()


def read(data: bytes, *, known: Collection[str], needed: Collection[str] = (), most: int) -> list[Row]:
    """The rows of a file: with a mark or without, parted by comma, semicolon or tab. Raises UnreadableSheet.

    Its first row names some of the `known` columns, each once and all that are `needed`. Blank lines count as rows but
    are left out; there may be `most` others.
    """
    text = _text(data)
    reader = csv.reader(StringIO(text, newline=""), delimiter=_separator(text, known), strict=True)
    records = _numbered(reader)
    _number, names = next(records, (1, []))
    names = [name.strip().lower() for name in names]
    _check_names(names, known, needed)
    return _rows(records, names, most)


class _Passing:
    """What csv writes into, to get it back at once."""

    def write(self, line: str) -> str:
        return line


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def _as_meant(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableSheet([Flaw(_row_at(data, error.start), "", "not_utf8")]) from None
    if "\x00" in text:
        raise UnreadableSheet([Flaw(_row_at(data, data.index(0)), "", "nul")])
    if not text.strip():
        raise UnreadableSheet([Flaw(0, "", "empty")])
    return text


def _row_at(data: bytes, place: int) -> int:
    """The row of a byte, as far as lines tell it; the file itself where nothing of it can be read."""
    before = data[:place]
    return 1 + before.count(b"\n") if place > len(MARK.encode()) else 0


def _separator(text: str, known: Collection[str]) -> str:
    """Whichever finds the most known columns in the first line."""
    first = re.split(r"[\r\n]", text[:LONGEST_HEADER], maxsplit=1)[0]

    def found(separator: str) -> tuple[int, int]:
        names = [name.strip().lower() for name in next(csv.reader([first], delimiter=separator), [])]
        return len(set(names) & set(known)), len(names)

    return max(SEPARATORS, key=found)


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while True:
        number += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableSheet([Flaw(number, "", _reason(str(error)))]) from None
        yield number, record


def _reason(told: str) -> str:
    """What csv says is wrong with a record. A quote that is never closed makes one long cell of all that follows."""
    if "unexpected end" in told:
        return "open_quote"
    return "long_cell" if "field limit" in told else "stray_quote"


def _check_names(names: Sequence[str], known: Collection[str], needed: Collection[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise UnreadableSheet([Flaw(1, "", "too_many_columns", {"most": MOST_COLUMNS})])
    counted = Counter(names)
    flaws = [
        *(
            Flaw(1, name, "unknown_column" if name else "unnamed_column", {"number": names.index(name) + 1})
            for name in counted
            if name not in known
        ),
        *(Flaw(1, name, "column_twice") for name, times in counted.items() if times > 1 and name in known),
        *(Flaw(1, name, "missing_column") for name in needed if name not in counted),
    ]
    if flaws:
        raise UnreadableSheet(flaws)


def _rows(records: Iterator[tuple[int, list[str]]], names: Sequence[str], most: int) -> list[Row]:
    rows: list[Row] = []
    ragged: list[Flaw] = []
    for number, cells in records:
        if not cells:
            continue
        if len(rows) + len(ragged) >= most:
            raise UnreadableSheet([Flaw(0, "", "too_many_rows", {"most": most})])
        if len(cells) != len(names):
            ragged.append(Flaw(number, "", "ragged", {"cells": len(cells), "columns": len(names)}))
        else:
            rows.append(Row(number, dict(zip(names, map(_as_meant, cells), strict=True))))
    if ragged:
        raise UnreadableSheet(ragged)
    return rows
