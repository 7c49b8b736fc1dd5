"""What the demo's clients can earn and buy: achievements, rewards and programmes, everybody's and their coach's."""

from datetime import datetime, timedelta

from sqlalchemy import update

from app.accounts import service as accounts
from app.activity import programs
from app.activity.programs import ProgramDetails
from app.audit.service import SYSTEM
from app.demo import pictures
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import achievements, awarding, rewards
from app.loyalty.achievements import AchievementDetails
from app.loyalty.keeping import ADMINS, Keeper
from app.loyalty.rewards import RewardDetails

# name, what for, condition, how much of it, XP, points, sign; none is met by a first workout, meal or two check-ins
EVERYBODYS = (
    ("Warmed up", "Ten workouts are done. The habit begins.", "workout_count", 10, 30, 20, "dumbbell"),
    ("Half a hundred", "Fifty workouts, one after the other.", "workout_count", 50, 150, 100, "mountain"),
    ("Honest week", "Checked in seven days in a row.", "streak_days", 7, 25, 15, "calendar-check"),
    ("A month of mornings", "Thirty days without missing a check-in.", "streak_days", 30, 120, 80, "flame"),
    ("First thousand", "A thousand XP, earned one log at a time.", "xp_total", 1000, 50, 50, "star"),
    ("Old hand", "Forty check-ins: you know yourself by now.", "checkin_count", 40, 60, 40, "badge-check"),
)
OF_COACH = (
    ("Dana's dozen", "Twelve workouts with Dana's plan.", "workout_count", 12, 20, 20, "target"),
    ("Brave one", "Tried something that felt impossible.", None, None, 40, 30, "heart"),
    ("Team spirit", "Cheered somebody on when it mattered.", None, None, 20, 20, "users"),
)
BY_HAND = ("Community star", "Made this place better for everybody.", None, None, 50, 50, "sparkles")
# name, what it is, points, stock
REWARDS_OF_ALL = (
    ("Laurel water bottle", "Steel, keeps cold for a day.", 180, 24),
    ("10 % off the next order", "A code for the store, sent by mail.", 120, None),
    ("Cotton T-shirt", "Soft, heavy, with the wreath on it. Tell us your size.", 350, 12),
    ("Guest day pass", "Bring a friend for a day.", 250, None),
    ("Signed poster", "The last ones of the anniversary print.", 400, 1),
)
REWARDS_OF_COACH = (
    ("20 minutes of video analysis", "Send a clip of your lift and get it back with notes.", 300, 5),
    ("Coffee with Dana", "An hour, your questions, my treat.", 500, 3),
    ("Personal meal plan", "One week, made for your goals and your fridge.", 450, None),
)
PROGRAMS = (
    ("Couch to 5K", "Eight weeks, three runs a week, from walking to five kilometres."),
    ("Strength basics", "Squat, press, pull: twelve sessions with clean form before any weight."),
    ("Better sleep", "Three weeks of evening routines, tracked by the morning check-in."),
)
EARLIER = timedelta(days=85)


def load(now: datetime) -> None:
    """Before anybody has done anything, so that what they do earns it."""
    then = now - EARLIER
    coach = accounts.find("coach")
    assert coach is not None
    images = pictures.take(title for title, *_ in (*REWARDS_OF_ALL, *REWARDS_OF_COACH))
    with unit_of_work():
        for keeper, honours in ((ADMINS, (*EVERYBODYS, BY_HAND)), (Keeper(coach.id), OF_COACH)):
            for name, text, condition, value, xp, points, sign in honours:
                details = AchievementDetails(
                    name=name,
                    description=text,
                    type="automatic" if condition else "manual",
                    condition_type=condition,
                    condition_value=value,
                    xp_reward=xp,
                    points_reward=points,
                    icon=sign,
                )
                achievements.create(details, keeper, actor=SYSTEM, now=then)
        for keeper, offers in ((ADMINS, REWARDS_OF_ALL), (Keeper(coach.id), REWARDS_OF_COACH)):
            for title, about, cost, stock in offers:
                image = images.get(title)
                offer = RewardDetails(name=title, description=about, points_cost=cost, stock=stock, image=image)
                rewards.create(offer, keeper, actor=SYSTEM, now=then)
        for title, about in PROGRAMS:
            programs.create(coach, ProgramDetails(name=title, description=about), now=then)
        _nobody_has_earned_any(then)


def _nobody_has_earned_any(then: datetime) -> None:
    """New achievements are evaluated for everybody; nobody has done anything by then."""
    evaluations = update(OutboxEvent).where(OutboxEvent.topic == awarding.TOPIC)
    db.session.execute(evaluations.values(settled_at=then))
