"""What is wrong with a file of products, in words."""

from flask_babel import lazy_gettext as _l

from app.kit.sheets import Flaw
from app.web.fields import WRONG_AMOUNT

SENTENCES = {
    "no_file": _l("Please choose a CSV file first."),
    "large_file": _l("The file is larger than %(most)s MB. Please split it into smaller ones."),
    "too_many_rows": _l("There are more than %(most)s rows. Please split the file into smaller ones."),
    "empty": _l("There is no product in the file."),
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
    "needed_for_new": _l("We have no product %(sku)s yet, and a new one needs this."),
    "too_long": _l("Please use at most %(most)s characters."),
    "sku_shape": _l("Please use only letters, digits, dots, hyphens and underscores."),
    "sku_twice": _l("%(value)s stands in row %(first)s already. Please keep one of the two rows."),
    "slug_shape": _l("Please use small letters, digits and hyphens only."),
    "slug_twice": _l("Row %(first)s wants the address “%(value)s” too. Please change one of them."),
    "slug_taken": _l("%(sku)s has the address “%(value)s” already. Please choose another one."),
    "no_address": _l("The name holds no letters for an address. Please write one here."),
    "unknown_category": _l(
        "We know no category “%(value)s”. Make it under Categories first, or use the slug of another."
    ),
    "position": _l("Please enter a whole number from 0 to 9999."),
    "yes_no": _l("Please write yes or no."),
    **{f"amount_{reason}": sentence for reason, sentence in WRONG_AMOUNT.items()},
}
LONGEST_VALUE = 60


def sentence(flaw: Flaw) -> str:
    """What to tell whoever has to mend the file."""
    facts = {"column": flaw.column, **flaw.facts}
    return str(SENTENCES[flaw.reason]) % {name: _short(value) for name, value in facts.items()}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
