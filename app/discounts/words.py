"""What is wrong with a file of discount codes, in words, for every door."""

from flask_babel import lazy_gettext as _l

from app.promotions.errors import Archived

FLAWS = {
    "empty": _l("There is no code in the file."),
    "needed_for_new": _l("We have no code %(key)s yet, and a new one needs this."),
    "instant": _l("Please write a day such as 2026-03-01, or a day and time such as 2026-03-01T18:00."),
    "other_kind": _l("This code starts something else than a discount. Please change it on its page."),
    "of_batch": _l("This code is one of many that were made at once. Please change them on their page."),
    "archived": Archived.message,
}
