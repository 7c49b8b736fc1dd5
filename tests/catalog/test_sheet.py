"""Files of products, read cell by cell: no database."""

from typing import Any

import pytest

from app.catalog import sheet
from app.kit.intake import MOST_BYTES, MOST_ROWS

ALL = "sku,name,slug,category,price,description,is_active,position"
FINE = {"sku": "des-1", "name": "Logo", "category": "design", "price": "480.5"}


def flaws_of(text: str | bytes) -> list[tuple[int, str, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(flaw.row, flaw.column, flaw.reason) for flaw in sheet.read(data).flaws]


def values_of(cells: dict[str, str]) -> dict[str, Any]:
    quoted = ",".join(f'"{cell}"' for cell in cells.values())
    (line,) = sheet.read(f"{','.join(cells)}\n{quoted}\n".encode()).lines
    return dict(line.values)


def test_a_row_is_read_as_the_form_reads_its_fields() -> None:
    rich = {"description": "<p>Fine</p><script>x()</script>", "slug": " logo ", "is_active": "No", "position": " 007 "}
    assert values_of({**FINE, "name": " Logo ", **rich}) == {
        "sku": "DES-1",
        "name": "Logo",
        "slug": "logo",
        "category": "design",
        "price": 48_050,
        "description": "<p>Fine</p>",
        "is_active": False,
        "position": 7,
    }


def test_an_empty_address_place_or_state_says_nothing_and_an_empty_description_says_so() -> None:
    assert values_of({"sku": "A", "slug": " ", "is_active": "", "position": "", "description": ""}) == {
        "sku": "A",
        "description": "",
    }


@pytest.mark.parametrize(
    ("word", "is_active"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("False", False), (" 0 ", False)]
)
def test_yes_and_no_have_three_words_each(word: str, is_active: bool) -> None:
    assert values_of({"sku": "A", "is_active": word})["is_active"] is is_active


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("sku", "", "needed"),
        ("sku", "has space", "sku_shape"),
        ("sku", "กาแฟ", "sku_shape"),
        ("sku", "A" * 41, "too_long"),
        ("name", "  ", "needed"),
        ("name", "n" * 129, "too_long"),
        ("slug", "Not-A-Slug", "slug_shape"),
        ("slug", "-a", "slug_shape"),
        ("slug", "s" * 141, "too_long"),
        ("category", " ", "needed"),
        ("price", "", "needed"),
        ("price", "12;50", "amount_format"),
        ("price", "NaN", "amount_format"),
        ("price", "١٢", "amount_format"),
        ("price", "-1", "amount_negative"),
        ("price", "1.005", "amount_decimals"),
        ("price", "100000000", "amount_too_large"),
        ("description", "d" * 20_001, "too_long"),
        ("is_active", "maybe", "yes_no"),
        ("position", "-1", "position"),
        ("position", "10000", "position"),
        ("position", "1.5", "position"),
        ("position", "٣", "position"),
    ],
)
def test_a_cell_that_breaks_a_rule_is_told_with_row_and_column(column: str, cell: str, reason: str) -> None:
    cells = {**FINE, column: cell}
    text = f"{','.join(cells)}\nok,Fine,{','.join('design' if c == 'category' else '1' for c in [*cells][2:])}\n"
    assert flaws_of(text + ",".join(cells.values())) == [(3, column, reason)]


def test_every_flaw_of_a_row_is_told_and_none_hides_another() -> None:
    assert flaws_of(f"{ALL}\nA B,,x y,,1,5,maybe,-1\n,n,,c,1,,,\n") == [
        (2, "sku", "sku_shape"),
        (2, "name", "needed"),
        (2, "slug", "slug_shape"),
        (2, "category", "needed"),
        (2, "is_active", "yes_no"),
        (2, "position", "position"),
        (3, "sku", "needed"),
    ]


def test_a_sku_or_an_address_that_stands_twice_names_both_rows() -> None:
    flaws = sheet.read(b"sku,slug\na,x\nb,y\nA,z\nc,x\n").flaws
    assert [(flaw.row, flaw.reason, flaw.facts["first"]) for flaw in flaws] == [
        (4, "twice", 2),
        (5, "slug_twice", 2),
    ]


def test_rows_without_anything_in_them_are_left_out() -> None:
    read = sheet.read(b"sku,name\n,\nA,Logo\n , \n")
    assert [line.number for line in read.lines] == [3]
    assert not read.flaws


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"sku,name\n", "empty"),
        (b"name\nLogo\n", "missing_column"),
        (b"sku,colour\n", "unknown_column"),
        (b"sku,name\nA,\x00\n", "nul"),
        (b"sku,name\nA,\xed\xa0\x80\n", "not_utf8"),
        (b"sku\n" + b"A\n" * (MOST_ROWS + 1), "too_many_rows"),
        (b"x" * (MOST_BYTES + 1), "large_file"),
    ],
)
def test_a_file_that_is_no_table_of_products_has_no_lines(data: bytes, reason: str) -> None:
    read = sheet.read(data)
    assert [flaw.reason for flaw in read.flaws] == [reason]
    assert not read.lines
