"""Levels to climb, and weeks of activity of the clients, logged and settled as in life."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import select

from app.accounts.models import User
from app.activity import rules
from app.activity import service as activity
from app.activity.rules import Meal
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import service as loyalty
from app.loyalty import settlement
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
DISHES = {
    Meal.BREAKFAST: (
        "Oats with berries",
        "Yoghurt, nuts and honey",
        "Two eggs on rye bread",
        "Banana porridge",
        "Muesli and an apple",
        "",
    ),
    Meal.LUNCH: (
        "Lentil soup",
        "Salad with salmon",
        "Wrap with chickpeas",
        "Chicken sandwich",
        "Quinoa bowl",
        "",
    ),
    Meal.DINNER: (
        "Pasta with pesto",
        "Rice, tofu and greens",
        "Baked fish with potatoes",
        "Vegetable curry",
        "Chilli with beans",
        "",
    ),
}


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
RECENTLY = 10  # days in which it held without a gap
DAYS = 7
A_MOMENT = timedelta(seconds=2)


def load(now: datetime) -> None:
    """Make the levels, and let the demo's clients have lived, week by week. Opens its own units of work."""
    with unit_of_work():
        for number, (name, xp, icon) in enumerate(LEVELS, 1):
            db.session.add(Level(name=name, level_number=number, xp_required=xp, icon=icon))
    clients = list(db.session.scalars(select(User).where(User.role == "client").order_by(User.id)))
    lives = [Life(client, HABITS[place % len(HABITS)]) for place, client in enumerate(clients)]
    longest = max(habit.weeks for habit in HABITS) * DAYS
    for first in range(longest, 0, -DAYS):
        with unit_of_work():
            for back in range(first, first - DAYS, -1):
                for life in lives:
                    life.live(back, now)
                settle_waiting()
    with unit_of_work():
        for client in clients:
            loyalty.mark_celebrated(client.id, len(LEVELS))


def settle_waiting() -> None:
    """What waits for a worker is worked off as if it were right after it came: honours are dated when they were met."""
    ours = (OutboxEvent.topic == activity.TOPIC, OutboxEvent.settled_at.is_(None))
    waiting = list(db.session.scalars(select(OutboxEvent).where(*ours).order_by(OutboxEvent.id)))
    if not waiting:
        return
    then = max(event.created_at for event in waiting) + A_MOMENT
    settlement.settle(waiting, then)
    for event in waiting:
        event.settled_at = then


class Life:
    """What a client does, day by day, at the time when it is done."""

    def __init__(self, client: User, habit: Habit) -> None:
        self.client, self.habit = client, habit
        self.chance = Random(client.username)  # noqa: S311  (invented lives)
        self.weight = self.chance.randint(58_000, 92_000)

    def live(self, back: int, now: datetime) -> None:
        """The day that lies so many days back by the client's clock, if they were here by then."""
        if back > self.habit.weeks * DAYS:
            return
        today = rules.date_in(self.client.timezone, now)
        midnight = datetime.combine(today - timedelta(days=back), time())
        day = rules.from_wall_clock(midnight, self.client.timezone)
        self.weight += self.chance.randint(-300, 240)
        self._work_out(day)
        self._eat(day)
        self._check_in(day, is_steady=self.habit.weeks > MONTH and back < RECENTLY)

    def _work_out(self, day: datetime) -> None:
        chance = self.chance
        if chance.random() < self.habit.workouts / DAYS:
            title, minutes = chance.choice(WORKOUTS)
            at = day + timedelta(hours=chance.choice((6, 7, 12, 18)), minutes=chance.randrange(0, 60, 5))
            minutes += chance.randrange(-10, 15, 5)
            activity.log_workout(
                self.client,
                performed_at=at,
                title=title,
                duration_minutes=minutes,
                notes=chance.choice(WORKOUT_NOTES),
                now=at + timedelta(minutes=minutes + 5),
            )

    def _eat(self, day: datetime) -> None:
        chance = self.chance
        for meal, hour in MEALS:
            if chance.random() < self.habit.logs_meals / 2:
                at = day + timedelta(hours=hour, minutes=chance.randrange(0, 60, 5))
                activity.log_meal(self.client, eaten_at=at, meal=meal, notes=chance.choice(DISHES[meal]), now=at)

    def _check_in(self, day: datetime, *, is_steady: bool) -> None:
        chance = self.chance
        if chance.random() < self.habit.checks_in or is_steady:
            at = day + timedelta(hours=21, minutes=chance.randrange(60))
            activity.log_checkin(
                self.client,
                on=rules.date_in(self.client.timezone, at),
                mood=chance.choice((3, 4, 4, 5)),
                weight_grams=self.weight // 100 * 100,
                sleep_minutes=chance.randrange(360, 510, 30),
                now=at,
            )
