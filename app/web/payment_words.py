"""Ways to pay, in a word or two: as shoppers choose them, and as they stand on what was paid."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

WAYS: Mapping[str, Any] = {
    "manual": _l("By hand"),
    "test": _l("Test provider"),
    "stripe": "Stripe",
    "wallet": _l("Wallet"),
}
CHOICES: Mapping[str, Any] = {
    "manual": _l("Bank transfer or in person"),
    "test": _l("Test provider"),
    "stripe": _l("Card or online, at Stripe"),
}


def way_to_pay(provider: str) -> str:
    """As it stands on an invoice; one that isn't known is told by its name."""
    return str(WAYS.get(provider, provider))


def payment_choice(provider: str) -> str:
    """As it stands in the cart, beside the others."""
    return str(CHOICES.get(provider, provider))
