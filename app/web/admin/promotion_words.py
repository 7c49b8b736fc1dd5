"""What states of promotions are called."""

from flask_babel import lazy_gettext as _l

STATUS_WORDS = {
    "": _l("All"),
    "active": _l("Active"),
    "scheduled": _l("Scheduled"),
    "exhausted": _l("Used up"),
    "inactive": _l("Inactive"),
    "expired": _l("Expired"),
    "archived": _l("Archived"),
}
