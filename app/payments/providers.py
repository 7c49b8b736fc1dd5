"""What we ask of whoever brings the money: start a payment, and recognise what they tell us of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Payable:
    """Something to pay. `subject` is our name for it (`invoice:12`), `reference` is what the payer reads."""

    subject: str
    reference: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Notification:
    """What a provider told us: `outcome` is `paid` or `declined`. The same `event_id` is the same thing told again."""

    event_id: str
    outcome: str
    happened_at: datetime


class NotRecognised(Exception):
    """The provider would not say that."""


class Provider(Protocol):
    """A way to pay."""

    name: str

    def start(self, payable: Payable) -> str | None:
        """The address where it is paid; None where the invoice itself says how."""

    def give_back(self, payable: Payable) -> bool:
        """Send stray money back to where it came from. False where people have to do it."""

    def recognise(self, told: Mapping[str, str], payable: Payable, now: datetime) -> Notification:
        """Understand a notification. Raises NotRecognised."""
