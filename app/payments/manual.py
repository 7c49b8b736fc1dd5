"""Paid outside of Laurel, by bank transfer for instance; an admin confirms it."""

from datetime import datetime

from app.payments.providers import PAID, Back, Money, Notification, NotRecognised, Payable, ReturnRefused, Started, Told


class ManualProvider:
    name = "manual"
    by_hand = True
    outside = False

    def start(self, payable: Payable, *, back: Back, pay_by: datetime, now: datetime) -> Started | None:  # noqa: ARG002
        return None

    def recognise(self, told: Told, now: datetime) -> Notification:
        """An admin's word is taken once for each thing to pay."""
        if told.fields.get("outcome") != PAID or told.payable is None:
            raise NotRecognised
        event = f"confirmed:{told.payable.subject}"
        return Notification(event, PAID, now, told.payable.subject, told.payable.amount_cents, event)

    def give_back(self, money: Money) -> str:
        raise ReturnRefused(money.key)
