"""The codes of the demo: running, scheduled, over, used up, switched off, and for certain hours."""

from datetime import datetime, timedelta
from typing import Any

from app.audit.service import SYSTEM
from app.discounts import service as discounts
from app.kit import outbox
from app.kit.db import unit_of_work
from app.promotions import batches

DAY = timedelta(days=1)
LUNCH = {"enabled": True, "start_time": "11:30", "end_time": "14:00", "weekdays": [1, 2, 3, 4, 5]}


def load(now: datetime) -> None:
    """Each is made as an admin would make it; the orders of the demo use them, so that one is soon used up."""
    for order, fields in enumerate(_codes(now.replace(minute=0, second=0, microsecond=0))):
        with unit_of_work():
            discounts.create({"display_order": order, **fields}, SYSTEM, now - 150 * DAY)
    outbox.drain(batches.TOPIC)  # there may be no worker yet


def _codes(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "title": "Welcome",
            "description": "<p>Ten percent off your first order with us.</p>",
            "code": "WELCOME10",
            "discount_type": "percentage",
            "discount_value": 10,
            "first_order_only": True,
            "is_public": True,
        },
        {
            "title": "Design month",
            "description": "<p>Everything from the design shelf, up to 150 off.</p>",
            "code": "DESIGN20",
            "discount_type": "percentage",
            "discount_value": 20,
            "max_discount": 150,
            "applicable_categories": ["design"],
            "usage_limit": 200,
            "per_user_limit": 3,
            "ends_at": now + 21 * DAY,
            "is_public": True,
        },
        {
            "title": "Five off fifty",
            "code": "FIVER",
            "discount_type": "fixed",
            "discount_value": 5,
            "min_amount": 50,
        },
        {
            "title": "Lunch break",
            "code": "LUNCH15",
            "discount_type": "percentage",
            "discount_value": 15,
            "active_hours": LUNCH,
        },
        {
            "title": "Members' thank-you",
            "code": "MEMBERS25",
            "discount_type": "fixed",
            "discount_value": 25,
            "min_amount": 100,
            "requires_account": True,
            "per_user_limit": 1,
        },
        {
            "title": "New year",
            "code": "NEWYEAR",
            "discount_type": "percentage",
            "discount_value": 30,
            "starts_at": now + 10 * DAY,
            "ends_at": now + 20 * DAY,
        },
        {
            "title": "First come",
            "code": "FIRSTCOME",
            "discount_type": "fixed",
            "discount_value": 40,
            "usage_limit": 1,
        },
        {
            "title": "Spring sale",
            "code": "SPRING15",
            "discount_type": "percentage",
            "discount_value": 15,
            "starts_at": now - 60 * DAY,
            "ends_at": now - 7 * DAY,
        },
        {
            "title": "Newsletter trial",
            "code": "LETTER5",
            "discount_type": "percentage",
            "discount_value": 5,
            "is_active": False,
        },
        {
            "title": "Flyer in the box",
            "description": "<p>A thank-you in every parcel: one code, one order.</p>",
            "code_prefix": "FLYER-",
            "code_length": 8,
            "code_count": 250,
            "discount_type": "percentage",
            "discount_value": 15,
        },
    ]
