"""The back door of the promotions: what time does to them, and what takes longer than a request."""

from collections.abc import Sequence
from datetime import datetime

from app.kit import clock
from app.kit.db import is_overload, unit_of_work
from app.kit.outbox import OutboxEvent
from app.kit.ticker import every
from app.promotions import active, archiving, attempts, batches, service


@every("promotions.close_ended", seconds=300)
def close_ended(now: datetime) -> None:
    """Switch off what has ended, each in a transaction of its own. What is over is refused long before this runs."""
    for promotion_id in service.ended(now):
        with unit_of_work():
            service.close_ended(promotion_id, now)


@every("promotions.clear_cache", seconds=3600)
def clear_cache(_now: datetime) -> None:
    """Let every process read the active promotions anew, should a change ever have gone unnoticed."""
    active.clear()
    service.editions.clear()


@every("promotions.archive", seconds=3600)
def archive_old(now: datetime) -> None:
    """Archive what ended long ago, each in a transaction of its own."""
    for promotion_id in archiving.long_over(now):
        with unit_of_work():
            archiving.archive_if_long_over(promotion_id, now)


@every("promotions.write_attempts", seconds=5)
def write_attempts(_now: datetime) -> None:
    """Write down the refused attempts that have come in, some hundreds in each transaction.

    Those that the database has no time for now are tried again; what it won't take at all is dropped.
    """
    while taken := attempts.take(attempts.BATCH):
        try:
            with unit_of_work():
                attempts.write(taken)
        except Exception as error:
            if is_overload(error):
                attempts.put_back(taken)
            raise


def make_codes(events: Sequence[OutboxEvent], now: datetime) -> None:  # noqa: ARG001 each transaction has its own
    """Make what was ordered, some codes a transaction, until nothing is missing. Goes on where another has stopped."""
    for event in events:
        while _make_some(event.payload["batch_id"]):
            pass


def _make_some(batch_id: int) -> int:
    with unit_of_work():
        return batches.make_some(batch_id, clock.now())
