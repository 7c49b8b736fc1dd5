"""The back door of the payments: asking providers to send money back."""

from collections.abc import Sequence
from datetime import datetime

from app.kit.db import let_go, unit_of_work
from app.kit.outbox import OutboxEvent
from app.payments import returns, service
from app.payments.providers import Money, ReturnRefused


def send(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """Ask for each. A provider that can't be reached lets the event wait; one that refuses leaves it to people."""
    for event in batch:
        money = returns.get(event.payload["id"])
        if money.state != "waiting" or money.attempt != event.payload["attempt"]:
            continue
        asked = Money(returns.name_of(money), money.subject, money.reference or "", money.amount_cents)
        let_go()
        try:
            reference = service.provider(money.provider).give_back(asked)
        except ReturnRefused as refusal:
            with unit_of_work():
                returns.note_refused(money, str(refusal))
        else:
            with unit_of_work():
                returns.note_sent(money, reference, now)
