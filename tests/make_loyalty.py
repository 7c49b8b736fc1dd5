"""What clients do, and what it earns."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import WorkoutLog
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.loyalty.models import EventType, Level
from tests.make_accounts import user
from tests.make_kit import NOW


def workout(client: User, *, at: datetime = NOW, now: datetime | None = None, **overrides: Any) -> WorkoutLog:
    """A workout that was logged as soon as it was done, and isn't awarded yet."""
    with unit_of_work():
        return activity.log_workout(client, performed_at=at, now=now or at, **overrides)


def levels(*required: int) -> list[Level]:
    """Levels 1, 2, … at these amounts of XP."""
    steps = enumerate(required, 1)
    ladder = [Level(name=f"Level {number}", level_number=number, xp_required=xp) for number, xp in steps]
    with unit_of_work():
        db.session.add_all(ladder)
    return ladder


def event_type(key: str = "workout_logged", **changes: Any) -> EventType:
    """A seeded type of event, changed."""
    with unit_of_work():
        found = db.session.scalars(select(EventType).where(EventType.key == key)).one()
        for name, value in changes.items():
            setattr(found, name, value)
    return found


def rich_client(points: int = 100, **overrides: Any) -> User:
    """A client with that many XP and points, from workouts."""
    client = user(**overrides)
    event_type(xp_amount=points, points_amount=points)
    workout(client)
    settled()
    return client


def settled() -> int:
    """Do the worker's work now. How many events it settled."""
    return outbox.drain(activity.TOPIC)
