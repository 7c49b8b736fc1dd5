"""Loyalty's back door: what runs without anybody asking for it."""

from app.accounts import service as accounts
from app.activity import service as activity
from app.kit import outbox
from app.loyalty import service, settlement

BATCH = 500


def register() -> None:
    """Award for what activity notes, and open a summary with every new client."""
    outbox.register(activity.TOPIC, queue="loyalty", settle=settlement.settle, limit=BATCH)
    accounts.on_created(service.open_summary)
    accounts.on_anonymised(activity.blank)
