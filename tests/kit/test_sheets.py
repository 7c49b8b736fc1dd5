"""CSV: what goes out comes back, nothing of it runs, and what isn't a table is told with its row."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.kit import sheets
from app.kit.sheets import Flaw, UnreadableSheet

SIGNS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00")) | st.text("=+-@\t\r\n'\" ,;\uff1da")
tables = st.lists(st.tuples(texts, texts), max_size=6)


def written(rows: list[tuple[sheets.Cell, ...]], *columns: str) -> bytes:
    return b"".join(sheets.chunks(sheets.lines(columns or ("a", "b"), rows)))


def read(data: bytes, *needed: str, most: int = 100) -> list[tuple[int, dict[str, str]]]:
    return [(row.number, dict(row.cells)) for row in sheets.read(data, known=["a", "b", "c"], needed=needed, most=most)]


def flaws_of(data: bytes, *needed: str, most: int = 100) -> list[tuple[int, str, str]]:
    with pytest.raises(UnreadableSheet) as refused:
        read(data, *needed, most=most)
    return [(flaw.row, flaw.column, flaw.reason) for flaw in refused.value.flaws]


@given(tables)
@example([("=1+1", "'=1"), ("''", "'\t"), (" -1", "\u00a0@"), ("a\r\nb", "\r"), ("", "\ufeff")])
def test_any_table_of_texts_survives_writing_and_reading(table: list[tuple[str, str]]) -> None:
    rows = read(written([*table]))
    assert [(cells["a"], cells["b"]) for _, cells in rows] == table
    assert [number for number, _ in rows] == list(range(2, len(table) + 2))


@given(tables)
def test_no_text_that_is_written_begins_like_a_formula(table: list[tuple[str, str]]) -> None:
    plain = csv.reader(io.StringIO(written([*table]).decode("utf-8-sig"), newline=""))
    assert [cell for row in plain for cell in row if cell.lstrip(" ").startswith(tuple(SIGNS))] == []


def test_a_file_is_marked_utf8_with_lines_that_end_as_the_standard_says() -> None:
    assert written([("Café, กาแฟ", 'say "hi"')]) == '\ufeffa,b\r\n"Café, กาแฟ","say ""hi"""\r\n'.encode()


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert written([(-5, Decimal("12.50")), (None, "-5")]).splitlines()[1:] == [b"-5,12.50", b",'-5"]


def test_long_files_go_out_in_pieces_while_they_are_made() -> None:
    made = iter(sheets.chunks(sheets.lines(("a",), (("x" * 1000,) for _ in range(1_000_000_000)))))
    assert len(next(made)) < 2 * sheets.AT_ONCE


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_files_are_read_as_spreadsheets_write_them(mark: bytes, separator: str, end: str) -> None:
    text = end.join([f'A{separator} "b"', f'1,5{separator}"x;{separator}y"'.replace("1,5", '"1,5"'), ""])
    assert read(mark + text.replace(' "b"', '"b"').encode()) == [(2, {"a": "1,5", "b": f"x;{separator}y"})]


def test_rows_have_the_numbers_that_a_spreadsheet_shows() -> None:
    assert [number for number, _ in read(b'a,b\n1,"two\nlines"\n\n3,4\n')] == [2, 4]


@pytest.mark.parametrize(
    ("data", "flaws"),
    [
        (b"", [(0, "", "empty")]),
        (b"\xef\xbb\xbf \r\n", [(0, "", "empty")]),
        ("a,b\n1,é".encode("latin-1"), [(2, "", "not_utf8")]),
        ("a,b\n1,2".encode("utf-16"), [(0, "", "not_utf8")]),
        (b"a,b\n1,\xed\xa0\x80\n", [(2, "", "not_utf8")]),
        (b"a,b\n1,2\n3,\x00\n", [(3, "", "nul")]),
        (b"a,d,d,b\n", [(1, "d", "unknown_column")]),
        (b"a,\n1,2\n", [(1, "", "unnamed_column")]),
        (b"a,A\n1,2\n", [(1, "a", "column_twice")]),
        (b"b\n1\n", [(1, "a", "missing_column")]),
        (b"x,b,b\n", [(1, "x", "unknown_column"), (1, "b", "column_twice"), (1, "a", "missing_column")]),
        (b"a,b\n1\n1,2\n1,2,3\n", [(2, "", "ragged"), (4, "", "ragged")]),
        (b'a,b\n1,2\n"3,4\n5,6\n', [(3, "", "open_quote")]),
        (b'a,b\n"1"x,2\n', [(2, "", "stray_quote")]),
        (b'a,b\n1,2\n1,"' + b"x" * 200_000, [(3, "", "long_cell")]),
        (b"x" * 200_000, [(1, "", "long_cell")]),
        (b"," * 200_000, [(1, "", "too_many_columns")]),
        (b"\n\n" + b"a\n", [(1, "a", "missing_column")]),
        (b"a\n" + b"1\n" * 101, [(0, "", "too_many_rows")]),
    ],
)
def test_what_is_no_table_is_told_with_its_row(data: bytes, flaws: list[tuple[int, str, str]]) -> None:
    assert flaws_of(data, "a") == flaws


def test_a_flaw_carries_what_its_sentence_needs() -> None:
    with pytest.raises(UnreadableSheet) as refused:
        sheets.read(b"a,b\n1\n", known=["a", "b"], most=1)
    assert refused.value.flaws == [Flaw(2, "", "ragged", {"cells": 1, "columns": 2})]
