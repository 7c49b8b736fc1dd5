"""What is wrong with a file, in words. Rooms add sentences about what their files hold."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.sheets import Flaw

SENTENCES: Mapping[str, Any] = {
    "no_file": _l("Please choose a CSV file first."),
    "large_file": _l("The file is larger than %(most)s MB. Please split it into smaller ones."),
    "too_many_rows": _l("There are more than %(most)s rows. Please split the file into smaller ones."),
    "not_utf8": _l("This is no CSV file in UTF-8. In your spreadsheet, save it as “CSV UTF-8”."),
    "nul": _l("There is a character in it that we can't keep."),
    "unknown_column": _l("We don't know the column “%(column)s”. Please take it out, or check its name."),
    "unnamed_column": _l("Column %(number)s has no name. Please name it, or take it out."),
    "too_many_columns": _l("There are more than %(most)s columns. Is this the right file?"),
    "column_twice": _l("There are two columns of this name. Please take one out."),
    "missing_column": _l("There is no such column, and every file needs it."),
    "ragged": _l("There are %(cells)s cells where there are %(columns)s columns. Is a quotation mark missing?"),
    "open_quote": _l("A quotation mark that opens here is never closed."),
    "stray_quote": _l("There is a quotation mark in the middle of a cell. Please double it."),
    "long_cell": _l("A cell is far too long. Is a closing quotation mark missing?"),
    "needed": _l("Please fill this in."),
    "too_long": _l("Please use at most %(most)s characters."),
    "twice": _l("%(value)s stands in row %(first)s already. Please keep one of the two rows."),
    "yes_no": _l("Please write yes or no."),
}
LONGEST_VALUE = 60


def sentence(flaw: Flaw, own: Mapping[str, Any]) -> str:
    """What to tell whoever has to mend the file; `own` are the room's sentences. One that a rule has `told` stands."""
    if "told" in flaw.facts:
        return str(flaw.facts["told"])
    facts = {"column": flaw.column, **flaw.facts}
    told = own[flaw.reason] if flaw.reason in own else SENTENCES[flaw.reason]
    return str(told) % {name: _short(value) for name, value in facts.items()}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
