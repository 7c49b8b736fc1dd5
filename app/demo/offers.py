"""Offers of the demo's partners, codes for them, and some weeks in which clients completed some."""

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any

from app.accounts.models import User
from app.accounts.service import find
from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.messages import notices
from app.offers import catalogue, editing
from app.offers import service as offers
from app.offers.errors import CodeRefused
from app.offers.models import Offer
from app.offers.service import Completed

DAY = timedelta(days=1)
DAYS = 42
OFFERS = (  # id, name, category, payout, what is to be done, whether it is shown
    ("habit-survey", "Habits survey", "Surveys", 4, "Twelve questions about how you train. Takes five minutes.", True),
    ("sleep-study", "Sleep study", "Surveys", 18, "Wear a tracker for a week and fill in the diary.", True),
    ("run-club", "Join the run club", "Sign-ups", 12.5, "Create an account and come to your first run.", True),
    ("meal-box", "First meal box", "Trials", 25, "Order your first box and keep it for a week.", True),
    ("yoga-month", "A month of yoga", "Trials", 30, "Start the trial and finish four classes.", True),
    ("ergonomic-chair", "Ergonomic chair", "Purchases", 45, "Buy the chair and keep it for thirty days.", True),
    (
        "spring-challenge",
        "Spring challenge",
        "Sign-ups",
        10,
        "Over for this year; the next one comes.",
        False,
    ),
)
PICKS = ("client", "mali", "jonas", "amara", "sofia")


def load(now: datetime) -> None:
    """Made by admins, applied and completed by clients, one of it taken back. Opens its own units of work."""
    began = now - DAYS * DAY
    made = [_offer(row, began) for row in OFFERS]
    for order, fields in enumerate(_codes(began, now)):
        with unit_of_work():
            editing.create({"display_order": order, **fields}, SYSTEM, began)
    clients = [user for user in map(find, PICKS) if user is not None]
    for place, user in enumerate(clients):
        _apply(user, ("BONUS10", "PARTNER5"), began + (place + 1) * DAY)
        _apply(user, ("EVENING25",), now - 12 * DAY)
    _live(clients, [each for each in made if each.is_active], began, now)
    _mark_read(clients, now)


def _offer(row: tuple[Any, ...], began: datetime) -> Offer:
    external_id, name, category, payout, description, is_active = row
    given = {
        "external_id": external_id,
        "name": name,
        "category": category,
        "payout": payout,
        "description": description,
        "url": f"https://partners.example/{external_id}",
        "is_active": is_active,
    }
    with unit_of_work():
        return catalogue.create(given, SYSTEM, began)


def _codes(began: datetime, now: datetime) -> list[dict[str, Any]]:
    evening = {"enabled": True, "start_time": "18:00", "end_time": "23:59", "timezone": "Europe/Berlin", "weekdays": []}
    return [
        {
            "title": "Ten on top",
            "code": "BONUS10",
            "description": "<p>Ten per cent of what an offer pays, on top, for as long as you are with us.</p>",
            "bonus_type": "percentage",
            "bonus_value": 10,
            "max_bonus": 5,
        },
        {
            "title": "Evenings pay more",
            "code": "EVENING25",
            "description": "<p>A quarter on top for what you complete in the evening.</p>",
            "bonus_type": "percentage",
            "bonus_value": 25,
            "max_bonus": 10,
            "active_hours": evening,
            "usage_limit": 150,
            "per_user_limit": 15,
            "ends_at": now.replace(minute=0, second=0, microsecond=0) + 20 * DAY,
            "terms_and_conditions": "<p>What counts is when the offer was completed.</p>",
        },
        {
            "title": "Five for a study",
            "code": "PARTNER5",
            "bonus_type": "fixed",
            "bonus_value": 5,
            "applicable_offers": ["sleep-study", "yoga-month"],
            "per_user_limit": 3,
        },
        {
            "title": "The first fifty",
            "code": "FIRST50",
            "bonus_type": "fixed",
            "bonus_value": 2,
            "usage_limit": 50,
            "starts_at": began,
            "ends_at": now - 9 * DAY,
        },
    ]


def _apply(user: User, codes: tuple[str, ...], at: datetime) -> None:
    """As far as the code lets itself be applied at that hour; else in the evening of that day."""
    evening = at.replace(hour=19, minute=30)
    for code in codes:
        for moment in (at, evening):
            with suppress(CodeRefused), unit_of_work():
                offers.apply(user, code, now=moment)
                break


def _live(clients: list[User], made: list[Offer], began: datetime, now: datetime) -> None:
    """A few offers a day, at all hours, told a few minutes after they were completed."""
    chance, number = Random("offers"), 1000  # noqa: S311  (invented lives)
    for day in range(2, DAYS):
        for user in clients:
            if chance.random() > 0.4:  # noqa: PLR2004
                continue
            offer, number = chance.choice(made), number + chance.randint(1, 9)
            at = (began + day * DAY).replace(hour=chance.randint(7, 22), minute=chance.randint(0, 59), second=0)
            if at + DAY > now:
                continue
            told = Completed(f"partner-{number}", offer.external_id, user.username, offer.payout_cents, at)
            with unit_of_work():
                kept, _is_new = offers.record(told, now=at + timedelta(minutes=chance.randint(1, 20)))
            if number % 31 == 0:
                with unit_of_work():
                    offers.reverse(kept.conversion_id, actor=SYSTEM, now=at + DAY)


def _mark_read(clients: list[User], now: datetime) -> None:
    """They have seen what they were told of it in these weeks."""
    for user in clients:
        unseen = notices.unseen(user.id)
        if unseen:
            with unit_of_work():
                notices.mark_seen(user.id, [each.id for each in unseen], now=now)
