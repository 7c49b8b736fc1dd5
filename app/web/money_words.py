"""Why money was moved, in a word or two, for every page that lists movements."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

REASONS: Mapping[str, Any] = {
    "conversion": _l("Offer completed"),
    "conversion_reversed": _l("Offer reversed"),
    "deposit": _l("Deposit"),
    "deposit_refunded": _l("Deposit refunded"),
    "bonus_granted": _l("Bonus claimed"),
    "bonus_released": _l("Bonus released"),
    "bonus_lapsed": _l("Bonus lapsed"),
    "bonus_taken_back": _l("Bonus taken back"),
    "order": _l("Order paid"),
    "order_refunded": _l("Order refunded"),
    "withdrawal": _l("Withdrawal"),
    "withdrawal_returned": _l("Withdrawal returned"),
    "adjustment": _l("Adjustment"),
    "debt_collected": _l("Debt collected"),
}


def reason(name: str) -> str:
    """`Deposit refunded`; a reason that isn't known is told by its name."""
    return str(REASONS[name]) if name in REASONS else name.replace("_", " ").capitalize()
