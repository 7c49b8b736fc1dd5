"""The deals of the demo: two that run, one to come, one that is over."""

from datetime import datetime, timedelta
from typing import Any

from app.audit.service import SYSTEM
from app.deals import service as deals
from app.kit.db import unit_of_work

DAY = timedelta(days=1)


def load(now: datetime) -> None:
    """Each is made as an admin would make it, before the orders that count for it."""
    for order, fields in enumerate(_deals(now.replace(minute=0, second=0, microsecond=0))):
        with unit_of_work():
            deals.create({"display_order": order, **fields}, SYSTEM, now - 150 * DAY)


def _deals(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "title": "Gold rush",
            "description": "<p>Gold for every order, as often as you like.</p>",
            "reward_items": [{"item_id": "gold", "amount": 500}],
            "min_amount": 150,
            "bonus_type": "recurrent",
            "per_user_limit": 10,
            "starts_at": now - 6 * DAY,
            "ends_at": now + 12 * DAY,
            "banner": "Gold rush: 500 gold for every 150 you spend. {left} to go!",
        },
        {
            "title": "Mystery weekend",
            "description": "<p>Nobody knows what is in the box until it is opened in the game.</p>",
            "reward_items": [{"item_id": "mystery-box", "amount": 1}, {"item_id": "gold", "amount": 250}],
            "min_amount": 900,
            "usage_limit": 15,
            "starts_at": now - 3 * DAY,
            "ends_at": now + timedelta(days=2, hours=5),
        },
        {
            "title": "New year's treasure",
            "description": "<p>A double box for those who begin the year with us.</p>",
            "reward_items": [{"item_id": "mystery-box", "amount": 2}],
            "min_amount": 250,
            "starts_at": now + 20 * DAY,
            "ends_at": now + 34 * DAY,
        },
        {
            "title": "Harvest month",
            "reward_items": [{"item_id": "gold", "amount": 200}],
            "min_amount": 400,
            "bonus_type": "recurrent",
            "auto_claim": True,
            "starts_at": now - 45 * DAY,
            "ends_at": now - 15 * DAY,
        },
    ]
