"""What clients do, and what it earns."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from app.accounts.models import User
from app.activity import programs
from app.activity import service as activity
from app.activity.models import DailyLog, WorkoutLog
from app.activity.program_models import ClientProgram, Program
from app.activity.programs import ProgramDetails
from app.activity.rules import date_in
from app.audit.service import SYSTEM
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.loyalty import achievements, awarding, redeeming, rewards
from app.loyalty.achievement_models import Achievement
from app.loyalty.achievements import AchievementDetails
from app.loyalty.keeping import Keeper
from app.loyalty.models import EventType, Level
from app.loyalty.reward_models import Reward, RewardRedemption
from app.loyalty.rewards import RewardDetails
from tests.make_accounts import user
from tests.make_kit import NOW

_numbers = count(1)


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


def checkin(client: User, *, back: int = 0, now: datetime = NOW, **overrides: Any) -> DailyLog:
    """The client's check-in of today, or of so many days back; it isn't awarded yet."""
    with unit_of_work():
        day = date_in(client.timezone, now) - timedelta(days=back)
        return activity.log_checkin(client, on=day, now=now, **overrides)


def checkins(client: User, days: int, *, until: datetime = NOW) -> None:
    """Check-ins of so many days in a row, each made on its day, the last at `until`; they aren't awarded yet."""
    for back in range(days - 1, -1, -1):
        checkin(client, now=until - timedelta(days=back))


def reward(*, coach: User | None = None, **overrides: Any) -> Reward:
    """A reward for 50 points, unlimited: everybody's, or the coach's."""
    details = RewardDetails(**{"name": f"Reward {next(_numbers)}", "points_cost": 50, **overrides})
    with unit_of_work():
        return rewards.create(details, Keeper(coach.id if coach else None), actor=SYSTEM, now=NOW)


def achievement(
    condition: str | None = None, value: int | None = None, *, coach: User | None = None, **overrides: Any
) -> Achievement:
    """One that is awarded by hand, or, with a condition and a value, by itself. Nobody has been evaluated for it."""
    values = {"name": f"Achievement {next(_numbers)}", "type": "automatic" if condition else "manual", **overrides}
    details = AchievementDetails(condition_type=condition, condition_value=value, **values)
    with unit_of_work():
        return achievements.create(details, Keeper(coach.id if coach else None), actor=SYSTEM, now=NOW)


def redemption(client: User, of: Reward | None = None, *, now: datetime = NOW) -> RewardRedemption:
    """The client redeems it, whatever the points they have say: see `rich_client`."""
    wanted = of or reward()
    with unit_of_work():
        return redeeming.redeem(client, wanted.id, key=f"press-{next(_numbers)}", now=now)


def program(coach: User, **overrides: Any) -> Program:
    """A programme of the coach."""
    with unit_of_work():
        return programs.create(coach, ProgramDetails(**{"name": f"Programme {next(_numbers)}", **overrides}), now=NOW)


def followed(client: User, coach: User, of: Program | None = None) -> ClientProgram:
    """The client follows a programme of their coach."""
    wanted = of or program(coach)
    with unit_of_work():
        return programs.assign(coach, client.id, wanted.id, now=NOW)


def evaluated() -> int:
    """Do the worker's work on new achievements. How many events it settled."""
    return outbox.drain(awarding.TOPIC)
