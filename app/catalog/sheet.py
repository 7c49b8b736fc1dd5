"""What a file says about products: its cells, checked one by one by the rules of the product form. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.kit import intake
from app.kit.intake import Reader, Sheet, Wrong
from app.kit.money import NotAnAmount, parse_cents
from app.kit.text import clean_html

COLUMNS = ("sku", "name", "slug", "category", "price", "description", "is_active", "position")
FOR_NEW = ("name", "category", "price")
SKU = re.compile(r"[A-Za-z0-9._-]+")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
POSITION = re.compile(r"[0-9]{1,4}")
LONGEST = {"sku": 40, "name": 128, "slug": 140, "description": 20_000}


def read(data: bytes) -> Sheet:
    """Read and check a file. One that is no table of products has flaws and no lines."""
    found = intake.read(data, READERS, key="sku")
    addresses = ((line, line.values.get("slug")) for line in found.lines)
    return replace(found, flaws=[*found.flaws, *intake.twice(addresses, "slug", "slug_twice")])


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


def _read_slug(cell: str) -> Any:
    slug = _slug(cell)
    if slug and not SLUG.fullmatch(slug):
        raise Wrong("slug_shape")
    return slug or intake.SAYS_NOTHING


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


def _read_position(cell: str) -> Any:
    typed = cell.strip()
    if typed and not POSITION.fullmatch(typed):
        raise Wrong("position")
    return int(typed) if typed else intake.SAYS_NOTHING


READERS: Mapping[str, Reader] = {
    "sku": _read_sku,
    "name": _name,
    "slug": _read_slug,
    "category": _read_category,
    "price": _read_price,
    "description": lambda cell: clean_html(_description(cell)),
    "is_active": intake.yes_or_no,
    "position": _read_position,
}
