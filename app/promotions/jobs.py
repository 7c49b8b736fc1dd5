"""The back door of the promotions: what time does to them, and what takes longer than a request."""

from collections.abc import Sequence
from datetime import datetime

from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.outbox import OutboxEvent
from app.kit.ticker import every
from app.promotions import batches, service


@every("promotions.close_ended", seconds=300)
def close_ended(now: datetime) -> None:
    """Switch off what has ended, each in a transaction of its own. What is over is refused long before this runs."""
    for promotion_id in service.ended(now):
        with unit_of_work():
            service.close_ended(promotion_id, now)


def make_codes(events: Sequence[OutboxEvent], now: datetime) -> None:  # noqa: ARG001 each transaction has its own
    """Make what was ordered, some codes a transaction, until nothing is missing. Goes on where another has stopped."""
    for event in events:
        while _make_some(event.payload["batch_id"]):
            pass


def _make_some(batch_id: int) -> int:
    with unit_of_work():
        return batches.make_some(batch_id, clock.now())
