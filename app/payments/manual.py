"""Paid outside of Laurel, by bank transfer for instance; an admin confirms it."""

from collections.abc import Mapping
from datetime import datetime

from app.payments.providers import Notification, NotRecognised, Payable


class ManualProvider:
    name = "manual"

    def start(self, payable: Payable) -> str | None:  # noqa: ARG002
        return None

    def give_back(self, payable: Payable) -> bool:  # noqa: ARG002
        return False

    def recognise(self, told: Mapping[str, str], payable: Payable, now: datetime) -> Notification:
        if told.get("outcome") != "paid":
            raise NotRecognised
        return Notification(f"confirmed:{payable.subject}", "paid", now)
