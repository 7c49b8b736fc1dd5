"""Files of discount codes, read cell by cell: no database."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.discounts import sheet
from app.discounts.editing import FIELDS
from app.discounts.sheet import COLUMNS, cells
from app.discounts.words import FLAWS
from app.kit import sheets
from app.kit.flaws import sentence
from app.kit.intake import Line
from app.promotions import fields
from app.promotions.fields import ALWAYS_OPEN

RIGA = ZoneInfo("Europe/Riga")
OPEN = {**ALWAYS_OPEN, "enabled": True, "start_time": "22:00", "end_time": "02:00", "weekdays": [5, 6]}


def line_of(columns: dict[str, str]) -> Line:
    quoted = ",".join(f'"{cell}"' for cell in columns.values())
    (line,) = sheet.read(f"{','.join(columns)}\n{quoted}\n".encode(), RIGA).lines
    return line


def test_a_row_is_read_as_the_form_reads_its_fields() -> None:
    line = line_of(
        {
            "code": " save-20 ",
            "title": " Twenty ",
            "discount_type": "percentage",
            "discount_value": "12.5",
            "min_amount": "",
            "max_discount": " ",
            "usage_limit": " 5 ",
            "per_user_limit": "",
            "starts_at": "2026-03-01T18:00",
            "ends_at": "2026-03-31",
            "is_active": "No",
            "first_order_only": "1",
            "applicable_categories": "design| light  design",
            "excluded_categories": "",
            "display_order": "-3",
            "description": "<p>Hi</p><script>x()</script>",
            "status": "?",
            "used_count": "many",
        }
    )
    assert line.key == "SAVE-20"
    assert line.values == {
        "code": "SAVE-20",
        "title": "Twenty",
        "discount_type": "percentage",
        "discount_value": 1250,
        "min_amount": 0,
        "max_discount": None,
        "usage_limit": 5,
        "per_user_limit": None,
        "starts_at": datetime(2026, 3, 1, 16, tzinfo=UTC),
        "ends_at": datetime(2026, 3, 31, 21, tzinfo=UTC),  # summer time has begun by then
        "is_active": False,
        "first_order_only": True,
        "applicable_categories": ["design", "light"],
        "excluded_categories": [],
        "display_order": -3,
        "description": "<p>Hi</p>",
    }


def test_an_empty_cell_says_nothing_where_there_is_a_default_and_no_limit_where_there_is_one() -> None:
    silent = {"is_active": "", "is_public": " ", "display_order": "", "hours_timezone": "", "release_on_refund": ""}
    assert line_of({"code": "SAVE", **silent}).values == {"code": "SAVE"}
    assert line_of({"code": "SAVE", "ends_at": "", "hours_weekdays": "", "description": ""}).values == {
        "code": "SAVE",
        "ends_at": None,
        "hours_weekdays": [],
        "description": "",
    }


@pytest.mark.parametrize(
    ("cell", "starts_at", "ends_at"),
    [
        ("2026-03-01", datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 3, 1, 22, tzinfo=UTC)),
        ("2026-03-01T00:00", datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 2, 28, 22, tzinfo=UTC)),
        (" 2026-03-01 18:30:15 ", datetime(2026, 3, 1, 16, 30, 15, tzinfo=UTC), None),
        ("2026-03-01T18:00+07:00", datetime(2026, 3, 1, 11, tzinfo=UTC), None),
        ("2026-03-01T18:00Z", datetime(2026, 3, 1, 18, tzinfo=UTC), None),
    ],
)
def test_a_time_without_an_offset_is_the_installations_and_a_bare_end_day_is_included(
    cell: str, starts_at: datetime, ends_at: datetime | None
) -> None:
    values = line_of({"code": "SAVE", "starts_at": cell, "ends_at": cell}).values
    assert (values["starts_at"], values["ends_at"]) == (starts_at, ends_at or starts_at)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("code", "", "fill this in"),
        ("code", "SAVE 20", "only letters A to Z"),
        ("code", "AB", "3 to 32"),
        ("title", " ", "fill this in"),
        ("title", "x" * 129, "at most 128"),
        ("discount_type", "half", "percentage or fixed"),
        ("discount_value", "", "fill this in"),
        ("discount_value", "0", "more than 0"),
        ("discount_value", "12,50", "a point for the cents, and no commas"),
        ("discount_value", "NaN", "such as 12.50"),
        ("discount_value", "\u0661\u0662", "such as 12.50"),
        ("min_amount", "-1", "less than 0"),
        ("max_discount", "1.005", "two decimals"),
        ("usage_limit", "0", "at least 1"),
        ("usage_limit", "1.5", "whole number"),
        ("usage_limit", "100000000", "more than 99,999,999."),
        ("per_user_limit", "9" * 5000, "more than 99,999,999."),
        ("per_user_limit", "-" + "9" * 25, "at least 1"),
        ("display_order", "1000001", "more than 1,000,000."),
        ("display_order", "9" * 25, "more than 1,000,000."),
        ("display_order", "-1000001", "less than -1,000,000."),
        ("is_active", "maybe", "yes or no"),
        ("starts_at", "1/3/2026", "such as 2026-03-01"),
        ("starts_at", "2026-13-01", "such as 2026-03-01"),
        ("ends_at", "9999-12-31", "1970 to 8999"),
        ("ends_at", "0001-01-01T00:00+14:00", "1970 to 8999"),
        ("applicable_categories", "s" * 65, "at most 64"),
        ("hours_start", "5pm", "00:00 to 23:59"),
        ("hours_end", "24:00", "00:00 to 23:59"),
        ("hours_timezone", "Mars/Olympus", "time zone"),
        ("hours_weekdays", "1|8", "1 (Monday)"),
        ("hours_weekdays", "Mon", "1 (Monday)"),
        ("description", "d" * 20_001, "at most 20000"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("app")
def test_a_cell_that_breaks_a_rule_is_told_in_the_words_of_the_rule(column: str, cell: str, told: str) -> None:
    columns = {"code": "SAVE", "title": "Fine", column: cell}
    quoted = ",".join(f'"{each}"' for each in columns.values())
    (flaw,) = sheet.read(f"{','.join(columns)}\n\n{quoted}\n".encode(), RIGA).flaws
    assert (flaw.row, flaw.column) == (3, column)
    assert told in sentence(flaw, FLAWS)


def test_every_flaw_of_a_row_is_told_and_a_code_that_stands_twice_names_the_first() -> None:
    text = b"code,usage_limit,hours_start,hours_end,hours_weekdays\nsave,0,x,y,9\nSAVE,1,,,\nother,,,,\n SAVE ,,,,\n"
    assert [(flaw.row, flaw.column) for flaw in sheet.read(text, RIGA).flaws] == [
        *((2, column) for column in ("usage_limit", "hours_start", "hours_end", "hours_weekdays")),
        *((3, "code"), (5, "code")),
    ]
    assert [flaw.facts.get("first") for flaw in sheet.read(text, RIGA).flaws][-2:] == [2, 2]


@pytest.mark.parametrize(
    ("said", "current", "changes"),
    [
        ({"hours_start": "", "hours_end": ""}, OPEN, {"enabled": False}),
        ({"hours_start": "08:00", "hours_end": ""}, ALWAYS_OPEN, {"enabled": True, "start_time": "08:00"}),
        ({"hours_start": "", "hours_end": "12:00"}, OPEN, {"start_time": "00:00", "end_time": "12:00"}),
        ({"hours_start": "09:00"}, OPEN, {"start_time": "09:00"}),
        ({"hours_timezone": "Asia/Tokyo"}, OPEN, {"timezone": "Asia/Tokyo"}),
        ({"hours_weekdays": []}, OPEN, {"weekdays": []}),
        ({"hours_timezone": "Asia/Tokyo"}, ALWAYS_OPEN, {"timezone": "Asia/Tokyo"}),
    ],
)
def test_hours_are_opened_by_a_start_or_an_end_and_closed_by_neither(
    said: dict[str, Any], current: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert sheet.hours(said, current) == {**current, **changes}


def test_a_row_is_written_in_the_order_of_the_columns_with_times_of_the_installation() -> None:
    unlimited = ("starts_at", "ends_at", "usage_limit", "per_user_limit", "max_discount_cents")
    kept: dict[str, Any] = {**dict.fromkeys(unlimited), "min_amount_cents": 0, "active_hours": OPEN}
    kept |= {"title": "=1", "discount_type": "fixed", "discount_value": 500}
    kept |= {"is_active": True, "first_order_only": False, "requires_account": False, "is_public": True}
    kept |= {"applicable_categories": ["a", "b"], "excluded_categories": [], "display_order": -1, "description": ""}
    kept |= {"auto_deactivate_on_max_uses": True, "release_on_refund": True, "terms_and_conditions": "<p>x</p>"}
    kept["ends_at"] = datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=7)))
    written = cells("SAVE", kept, RIGA)
    assert tuple(written) == COLUMNS
    assert [str(written[name]) for name in ("discount_value", "min_amount", "usage_limit")] == ["5.00", "0.00", ""]
    assert (written["ends_at"], written["starts_at"]) == ("2026-06-30T20:00:00+03:00", "")
    assert (written["applicable_categories"], written["hours_weekdays"]) == ("a|b", "5|6")
    assert [written[name] for name in ("hours_start", "hours_end", "is_active", "is_public")] == [
        *("22:00", "02:00", "yes", "yes")
    ]


NASTY = ["=1+1", "'=1", "+1", "-1", "@x", '"a", b', "a;b\tc", "two\nlines", "กาแฟ ☕", "\uff1d1", "<b>&amp", "''"]
TEXTS = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40
)


def in_utc(moment: datetime) -> datetime:
    """Of two zones, times that a clock skips or shows twice never compare equal."""
    return moment.astimezone(UTC)


AMOUNTS = st.decimals(0, 100, places=2)
LIMITS = st.none() | st.integers(1, fields.MOST_USES)
MOMENTS = st.none() | st.datetimes(datetime(1970, 1, 2), datetime(8999, 1, 1), timezones=st.timezones()).map(in_utc)  # noqa: DTZ001
SLUGS = st.lists(st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True), max_size=4)
CLOCKS = st.times().map("{:%H:%M}".format)
HOURS = st.fixed_dictionaries(
    {
        "enabled": st.just(True),
        "start_time": CLOCKS,
        "end_time": CLOCKS,
        "timezone": st.sampled_from(["UTC", "Asia/Bangkok"]),
        "weekdays": st.lists(st.integers(1, 7)),
    }
)
GIVEN = st.fixed_dictionaries(
    {
        "code": st.from_regex(r"[A-Za-z0-9_-]{3,32}", fullmatch=True),
        "title": TEXTS.filter(str.strip),
        "description": TEXTS,
        "terms_and_conditions": TEXTS,
        "discount_type": st.sampled_from(["percentage", "fixed"]),
        "discount_value": AMOUNTS.filter(bool),
        "min_amount": AMOUNTS,
        "max_discount": st.none() | AMOUNTS,
        "usage_limit": LIMITS,
        "per_user_limit": LIMITS,
        "starts_at": MOMENTS,
        "ends_at": MOMENTS,
        "applicable_categories": SLUGS,
        "excluded_categories": SLUGS,
        "display_order": st.integers(-fields.FURTHEST_PLACE, fields.FURTHEST_PLACE),
        "active_hours": st.none() | HOURS,
        **dict.fromkeys(sheet.FLAGS, st.booleans()),
    }
)


@settings(max_examples=40)
@given(GIVEN)
def test_what_is_written_is_read_back_whatever_it_is(given: dict[str, Any]) -> None:
    kept, errors = fields.read(given, FIELDS, is_new=True)
    assert not errors
    written = cells(kept["code"], kept, RIGA)
    read = sheet.read(b"".join(sheets.chunks(sheets.lines(COLUMNS, [list(written.values())]))), RIGA)
    assert not read.flaws
    values = {FIELDS[name].column: value for name, value in read.lines[0].values.items() if name in FIELDS}
    values["active_hours"] = sheet.hours(read.lines[0].values, ALWAYS_OPEN)
    assert values == kept
