"""Workers that have the same events in hand, with the lock on the summaries and without it."""

import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.kit import clock
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import settlement
from app.loyalty.rules import Happening
from tests.racing import after_call

WINDOW = after_call(settlement, "_learn")
LEARNT = after_call(sys.modules[__name__], "learn_early")


def settle_again(events: list[OutboxEvent]) -> Callable[[], str]:
    """A worker that has these events in hand, whoever else has."""

    def work() -> str:
        with unit_of_work():
            settlement.settle(events, clock.now())
        return "settled"

    return work


def learn_early(events: list[OutboxEvent]) -> Any:
    """What is known before, read in a transaction of its own."""
    known = settlement._learn([Happening.read(event.payload) for event in events])  # noqa: SLF001
    db.session.rollback()
    return known


def settle_unguarded(events: list[OutboxEvent]) -> Callable[[], str]:
    """The same without the lock: what is known was read earlier, when nothing held anybody else back."""

    def work() -> str:
        known = learn_early(events)
        settlement._learn = lambda happenings: known  # noqa: ARG005, SLF001
        return settle_again(events)()

    return work


def waiting() -> list[OutboxEvent]:
    return list(db.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)))
