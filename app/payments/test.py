"""A provider for trying things out: a page with "Pay" and "Decline", and no money."""

import secrets
from datetime import datetime

from app.payments.providers import DECLINED, PAID, Back, Money, Notification, NotRecognised, Payable, Started, Told

OUTCOMES = {"pay": PAID, "decline": DECLINED}


class TestProvider:
    """An order is paid once, however often the button is pressed; it can be declined any number of times."""

    __test__ = False
    name = "test"
    by_hand = False
    outside = False

    def start(self, payable: Payable, *, back: Back, pay_by: datetime, now: datetime) -> Started | None:  # noqa: ARG002
        return Started(f"/store/payments/test/{payable.reference}")

    def recognise(self, told: Told, now: datetime) -> Notification:
        outcome = OUTCOMES.get(told.fields.get("outcome", ""))
        if outcome is None or told.payable is None:
            raise NotRecognised
        event = f"{outcome}:{told.payable.subject if outcome == PAID else secrets.token_hex(8)}"
        return Notification(event, outcome, now, told.payable.subject, told.payable.amount_cents, event)

    def give_back(self, money: Money) -> str:
        return f"returned:{money.key}"
