"""A provider for trying things out: a page with "Pay" and "Decline", and no money."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from app.payments.providers import Notification, NotRecognised, Payable

OUTCOMES = {"pay": "paid", "decline": "declined"}


class TestProvider:
    """An order is paid once, however often the button is pressed; it can be declined any number of times."""

    __test__ = False
    name = "test"

    def start(self, payable: Payable) -> str | None:
        return f"/store/payments/test/{payable.reference}"

    def give_back(self, payable: Payable) -> bool:  # noqa: ARG002
        return True

    def recognise(self, told: Mapping[str, str], payable: Payable, now: datetime) -> Notification:
        outcome = OUTCOMES.get(told.get("outcome", ""))
        if outcome is None:
            raise NotRecognised
        event = payable.subject if outcome == "paid" else secrets.token_hex(8)
        return Notification(f"{outcome}:{event}", outcome, now)
