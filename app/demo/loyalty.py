"""Levels to climb, and weeks of activity of the clients, logged and settled as in life."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import select

from app.accounts.models import User
from app.activity import rules
from app.activity import service as activity
from app.activity.rules import Meal
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.loyalty import service as loyalty
from app.loyalty.models import Level

LEVELS = (
    ("First Steps", 50, "sprout"),
    ("Finding Rhythm", 200, "leaf"),
    ("Steady Mover", 450, "activity"),
    ("Strong Habit", 900, "dumbbell"),
    ("On Fire", 1500, "flame"),
    ("Trailblazer", 2500, "mountain"),
    ("Champion", 4000, "trophy"),
    ("Laureate", 6000, "crown"),
)
WORKOUTS = (
    ("Morning run", 35),
    ("Strength: upper body", 50),
    ("Strength: legs", 55),
    ("Yoga", 40),
    ("Bike ride", 70),
    ("Swim", 45),
    ("Intervals", 30),
    ("Long walk", 60),
)
WORKOUT_NOTES = ("Felt strong today.", "Slow, but done.", "New personal best on the last set!", "", "", "")
MEALS = ((Meal.BREAKFAST, 8), (Meal.LUNCH, 13), (Meal.DINNER, 19))
MEAL_NOTES = (
    "Oats with berries",
    "Lentil soup",
    "Rice, tofu and greens",
    "Salad with salmon",
    "Pasta with pesto",
    "",
)


@dataclass(frozen=True, slots=True)
class Habit:
    """How somebody lives: for how many weeks, how many workouts in each, and how often they check in and log meals."""

    weeks: int
    workouts: int
    checks_in: float
    logs_meals: float


HABITS = (
    Habit(weeks=6, workouts=4, checks_in=0.95, logs_meals=0.6),
    Habit(weeks=9, workouts=5, checks_in=0.9, logs_meals=0.4),
    Habit(weeks=4, workouts=2, checks_in=0.6, logs_meals=0.8),
    Habit(weeks=2, workouts=3, checks_in=0.5, logs_meals=0.2),
    Habit(weeks=7, workouts=3, checks_in=0.7, logs_meals=0),
)
MONTH = 4  # weeks after which a habit holds


def load(now: datetime) -> None:
    """Make the levels, and let the demo's clients have lived. Opens its own units of work."""
    with unit_of_work():
        for number, (name, xp, icon) in enumerate(LEVELS, 1):
            db.session.add(Level(name=name, level_number=number, xp_required=xp, icon=icon))
    clients = list(db.session.scalars(select(User).where(User.role == "client").order_by(User.id)))
    for place, client in enumerate(clients):
        with unit_of_work():
            _live(client, HABITS[place % len(HABITS)], now)
    outbox.drain(activity.TOPIC)
    with unit_of_work():
        for client in clients:
            loyalty.mark_celebrated(client.id, len(LEVELS))


def _live(client: User, habit: Habit, now: datetime) -> None:
    """Log what the client did on each day until yesterday, at the time when it was done."""
    chance = Random(client.username)  # noqa: S311  (invented lives)
    weight = chance.randint(58_000, 92_000)
    for day in _days(habit, now, client.timezone):
        weight += chance.randint(-300, 240)
        if chance.random() < habit.workouts / 7:
            title, minutes = chance.choice(WORKOUTS)
            at = day + timedelta(hours=chance.choice((6, 7, 12, 18)), minutes=chance.randrange(0, 60, 5))
            minutes += chance.randrange(-10, 15, 5)
            activity.log_workout(
                client,
                performed_at=at,
                title=title,
                duration_minutes=minutes,
                notes=chance.choice(WORKOUT_NOTES),
                now=at + timedelta(minutes=minutes + 5),
            )
        for meal, hour in MEALS:
            if chance.random() < habit.logs_meals / 2:
                at = day + timedelta(hours=hour, minutes=chance.randrange(0, 60, 5))
                activity.log_meal(client, eaten_at=at, meal=meal, notes=chance.choice(MEAL_NOTES), now=at)
        if chance.random() < habit.checks_in or (habit.weeks > MONTH and day > now - timedelta(days=9)):
            at = day + timedelta(hours=21, minutes=chance.randrange(60))
            activity.log_checkin(
                client,
                on=rules.date_in(client.timezone, at),
                mood=chance.choice((3, 4, 4, 5)),
                weight_grams=weight // 100 * 100,
                sleep_minutes=chance.randrange(360, 510, 30),
                now=at,
            )


def _days(habit: Habit, now: datetime, zone: str) -> Iterator[datetime]:
    """The midnights, by the client's clock, at which the days of those weeks began; not today's."""
    today = rules.date_in(zone, now)
    for back in range(habit.weeks * 7, 0, -1):
        yield rules.from_wall_clock(datetime.combine(today - timedelta(days=back), time()), zone)
