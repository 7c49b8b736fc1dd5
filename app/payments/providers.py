"""What we ask of whoever brings the money: start a payment, recognise what they tell us of it, send money back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

PAID, DECLINED, RETURN_FAILED = "paid", "declined", "return_failed"


@dataclass(frozen=True, slots=True)
class Payable:
    """Something to pay. `subject` is our name for it (`invoice:12`), `reference` is what the payer reads.

    `title` is what a provider's page calls it, `Order 2026-000012` unless told otherwise.
    """

    subject: str
    reference: str
    amount_cents: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """Where the payer comes back to, once paid or without having paid. Anybody can type these addresses."""

    paid: str = ""
    unpaid: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """Where it is paid. A page that waits for a while has a name at the provider and an end."""

    url: str
    reference: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What came in: the fields of a form about something to pay, or the signed body of a notification."""

    fields: Mapping[str, str] = field(default_factory=dict)
    payable: Payable | None = None
    body: bytes = b""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """What a provider told us. The same `event_id` is the same thing told again.

    `outcome` is `paid`, `declined` or `return_failed`; `reference` is the provider's name of the payment, or our key
    of the money that could not be sent back, and then `reason` says why. Money that is foreign, of another currency
    than ours, pays nothing. `ended` names a page that nobody can pay on any more, though its time isn't over.
    """

    event_id: str
    outcome: str
    happened_at: datetime
    subject: str
    amount_cents: int
    reference: str
    reason: str = ""
    is_foreign: bool = False
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount to send back to where a payment came from. The same `key` is the same money."""

    key: str
    subject: str
    reference: str
    amount_cents: int


class NotRecognised(Exception):
    """The provider would not say that."""


class ReturnRefused(Exception):
    """The provider will never send it back this way; the text says why."""


class Provider(Protocol):
    """A way to pay. What comes back `by_hand` is sent by people, and they are told.

    One that is `outside` is asked over the network, and its pages wait there for a while.
    """

    name: str
    by_hand: bool
    outside: bool

    def start(self, payable: Payable, *, back: Back, pay_by: datetime, now: datetime) -> Started | None:
        """Where it is paid, from where the payer comes `back`; None where the invoice itself says how.

        Raises PaymentUnavailable.
        """

    def recognise(self, told: Told, now: datetime) -> Notification | None:
        """Understand a notification; None where it doesn't concern us. Raises NotRecognised."""

    def give_back(self, money: Money) -> str:
        """Send it back, once however often it is asked; the provider's name of it.

        Raises ReturnRefused; whatever else it raises may go well when it is tried again.
        """
