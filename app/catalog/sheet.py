"""What a file says about products: its cells, checked one by one by the rules of the product form. Pure."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.kit import sheets
from app.kit.money import NotAnAmount, parse_cents
from app.kit.sheets import Flaw
from app.kit.text import clean_html

COLUMNS = ("sku", "name", "slug", "category", "price", "description", "is_active", "position")
FOR_NEW = ("name", "category", "price")
MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
SKU = re.compile(r"[A-Za-z0-9._-]+")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
POSITION = re.compile(r"[0-9]{1,4}")
LONGEST = {"sku": 40, "name": 128, "slug": 140, "description": 20_000}
YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Wrong(ValueError):
    """A cell breaks a rule: `reason` says which, `facts` what its sentence needs."""

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Line:
    """What one row says of one product.

    `values` are its cells, read, by column: none for columns that the file hasn't, nor for those in `wrong`, nor for an
    empty address, place or state. `typed` are the cells as they stand in the file.
    """

    number: int
    sku: str
    values: Mapping[str, Any]
    wrong: frozenset[str]
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a file says, and every flaw that shows without looking into the catalogue."""

    lines: Sequence[Line]
    flaws: Sequence[Flaw]
    digest: str


def read(data: bytes) -> Sheet:
    """Read and check a file. One that is no table of products has flaws and no lines."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    if len(data) > MOST_BYTES:
        return Sheet([], [Flaw(0, "", "large_file", {"most": MOST_BYTES // 1024 // 1024})], digest)
    try:
        rows = sheets.read(data, known=COLUMNS, needed=["sku"], most=MOST_ROWS)
    except sheets.UnreadableSheet as unreadable:
        return Sheet([], unreadable.flaws, digest)
    flaws: list[Flaw] = []
    lines = [_line(row, flaws) for row in rows if any(cell.strip() for cell in row.cells.values())]
    if not lines:
        flaws.append(Flaw(0, "", "empty"))
    flaws += _twice(((line, line.sku) for line in lines), "sku")
    flaws += _twice(((line, line.values.get("slug")) for line in lines), "slug")
    return Sheet(lines, flaws, digest)


def _line(row: sheets.Row, flaws: list[Flaw]) -> Line:
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for column, cell in row.cells.items():
        try:
            value = READERS[column](cell)
        except Wrong as fault:
            wrong.add(column)
            flaws.append(Flaw(row.number, column, fault.reason, fault.facts))
        else:
            if value is not None:
                values[column] = value
    return Line(row.number, values.get("sku", ""), values, frozenset(wrong), row.cells)


def _twice(lines: Iterable[tuple[Line, str | None]], column: str) -> list[Flaw]:
    """Whatever stands in a second row too; the flaw names the first."""
    first: dict[str, int] = {}
    return [
        Flaw(line.number, column, f"{column}_twice", {"value": value, "first": first[value]})
        for line, value in lines
        if value and first.setdefault(value, line.number) != line.number
    ]


def _text(column: str, *, is_needed: bool = False) -> Callable[[str], str]:
    longest = LONGEST[column]

    def read(cell: str) -> str:
        trimmed = cell if column == "description" else cell.strip()
        if is_needed and not trimmed:
            raise Wrong("needed")
        if len(trimmed) > longest:
            raise Wrong("too_long", most=longest)
        return trimmed

    return read


_sku, _name, _slug = _text("sku", is_needed=True), _text("name", is_needed=True), _text("slug")
_description = _text("description")


def _read_sku(cell: str) -> str:
    sku = _sku(cell)
    if not SKU.fullmatch(sku):
        raise Wrong("sku_shape")
    return sku.upper()


def _read_slug(cell: str) -> str | None:
    slug = _slug(cell)
    if slug and not SLUG.fullmatch(slug):
        raise Wrong("slug_shape")
    return slug or None


def _read_category(cell: str) -> str:
    if not cell.strip():
        raise Wrong("needed")
    return cell.strip()


def _read_price(cell: str) -> int:
    if not cell.strip():
        raise Wrong("needed")
    try:
        return parse_cents(cell)
    except NotAnAmount as wrong:
        raise Wrong(f"amount_{wrong.reason}") from None


def _read_state(cell: str) -> bool | None:
    word = cell.strip().lower()
    if word and word not in YES_NO:
        raise Wrong("yes_no")
    return YES_NO.get(word)


def _read_position(cell: str) -> int | None:
    typed = cell.strip()
    if typed and not POSITION.fullmatch(typed):
        raise Wrong("position")
    return int(typed) if typed else None


READERS: Mapping[str, Callable[[str], Any]] = {
    "sku": _read_sku,
    "name": _name,
    "slug": _read_slug,
    "category": _read_category,
    "price": _read_price,
    "description": lambda cell: clean_html(_description(cell)),
    "is_active": _read_state,
    "position": _read_position,
}
