"""Worked examples: achievements that feed each other. In whatever order they were made, the same ones are earned.

`workouts 2: 30` is earned by two workouts and gives 30 XP; each workout gives 20, each check-in 10.
"""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.activity import service as activity
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.loyalty import achievements, awarding, books
from app.loyalty import service as loyalty
from app.loyalty.achievement_models import Achievement, UserAchievement
from app.loyalty.achievements import AchievementDetails
from app.loyalty.keeping import ADMINS
from app.loyalty.models import XpSummary, XpTransaction
from app.messages import notices
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
CONDITIONS = {"workouts": "workout_count", "streak": "streak_days", "xp": "xp_total", "checkins": "checkin_count"}

# achievements; workouts and check-ins; which are earned; XP in the end; levels at 50, 100, 200
EXAMPLES = {
    "none": (["workouts 3: 30"], (2, 0), [], 40, None),
    "one": (["workouts 2: 30"], (2, 0), [0], 70, 1),
    "one feeds the next": (["workouts 1: 30", "xp 50: 0"], (1, 0), [0, 1], 50, 1),
    "a point short": (["workouts 1: 29", "xp 50: 100"], (1, 0), [0], 49, None),
    "three in a row": (["workouts 1: 30", "xp 50: 50", "xp 100: 100"], (1, 0), [0, 1, 2], 200, 3),
    "all but the last": (["workouts 1: 30", "xp 50: 50", "xp 101: 500"], (1, 0), [0, 1], 100, 2),
    "two of the same": (["xp 20: 5", "xp 20: 5"], (1, 0), [0, 1], 30, None),
    "of different kinds": (["workouts 1: 10", "checkins 2: 10", "streak 2: 10"], (1, 2), [0, 1, 2], 70, 1),
    "itself doesn't feed itself": (["xp 30: 10"], (1, 0), [], 20, None),
    "without XP": (["workouts 1: 0", "xp 21: 0"], (1, 0), [0], 20, None),
}


def made(told: str) -> Achievement:
    what, value, xp = told.replace(":", "").split()
    return make.achievement(CONDITIONS[what], int(value), xp_reward=int(xp), points_reward=1)


def held(client: User) -> list[int]:
    pairs = select(UserAchievement.achievement_id).where(UserAchievement.user_id == client.id)
    return sorted(db.session.scalars(pairs))


def does(client: User, workouts: int, checkins: int) -> None:
    for number in range(workouts):
        make.workout(client, at=NOW - timedelta(hours=number), now=NOW)
    make.checkins(client, checkins)


@pytest.mark.parametrize("name", EXAMPLES)
def test_which_achievements_are_earned(name: str) -> None:
    told, done, expected, xp, level = EXAMPLES[name]
    make.levels(50, 100, 200)
    for order in permutations(range(len(told))):
        client = make.user()
        by_place = {place: made(told[place]).id for place in order}
        does(client, *done)
        make.settled()
        assert held(client) == sorted(by_place[place] for place in expected)
        summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
        assert (summary.total_xp, summary.level.level_number if summary.level else None) == (xp, level)
        assert len(notices.unseen(client.id)) == len(expected)
        for achievement_id in by_place.values():
            with unit_of_work():
                achievements.set_active(achievement_id, ADMINS, is_active=False, actor=SYSTEM, now=NOW)
    assert books.faults() == []


def test_what_comes_later_finds_what_was_done_before_and_feeds_what_was_there() -> None:
    there = made("xp 60: 7")
    client = make.user()
    does(client, 2, 0)
    make.settled()
    assert held(client) == []
    new = made("workouts 2: 20")
    make.evaluated()
    assert held(client) == [there.id, new.id]
    assert [row.xp for row in db.session.scalars(select(XpTransaction).order_by(XpTransaction.id))] == [20, 20, 20, 7]


def test_awarding_by_hand_feeds_automatic_ones() -> None:
    coach = make.user(role="coach")
    client, given, fed = make.user(coach_id=coach.id), make.achievement(xp_reward=50), made("xp 50: 5")
    with unit_of_work():
        awarding.award(coach, client.id, given.id, actor=SYSTEM, now=NOW)
    assert held(client) == [given.id, fed.id]
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).total_xp == 55


def changed(achievement: Achievement, **values: object) -> None:
    kept = {name: getattr(achievement, name) for name in AchievementDetails.__dataclass_fields__}
    with unit_of_work():
        achievements.change(achievement.id, AchievementDetails(**kept | values), ADMINS, actor=SYSTEM, now=NOW)


def test_what_becomes_easier_is_earned_and_what_becomes_harder_stays_so() -> None:
    easier, harder = made("workouts 5: 30"), made("workouts 1: 30")
    client = make.user()
    does(client, 2, 0)
    make.settled()
    assert held(client) == [harder.id]
    changed(easier, condition_value=2)
    changed(harder, condition_value=9)
    make.evaluated()
    assert held(client) == [easier.id, harder.id]
    changed(easier, xp_reward=500)
    make.evaluated()
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).total_xp == 40 + 30 + 30
    assert books.faults() == []


def test_a_deleted_log_counts_no_longer_for_what_is_still_open_and_takes_nothing_that_is_earned() -> None:
    first, second = made("workouts 1: 0"), made("workouts 2: 0")
    client = make.user()
    workout = make.workout(client)
    make.settled()
    with unit_of_work():
        activity.remove(client, "workout", workout.id, now=NOW)
    make.workout(client, at=NOW - timedelta(hours=1), now=NOW)
    make.settled()
    assert held(client) == [first.id]
    make.workout(client, at=NOW - timedelta(hours=2), now=NOW)
    make.settled()
    assert held(client) == [first.id, second.id]


def test_what_somebody_earned_with_another_coach_stays_theirs_and_what_is_open_there_is_not_earned() -> None:
    old, new = make.user(role="coach"), make.user(role="coach")
    earned, still_open = (make.achievement("workout_count", value, coach=old) for value in (1, 2))
    with_new = make.achievement("workout_count", 2, coach=new)
    client = make.user(coach_id=old.id)
    does(client, 1, 0)
    make.settled()
    with unit_of_work():
        db.session.get_one(User, client.id).coach_id = new.id
    make.workout(client, at=NOW - timedelta(hours=5), now=NOW)
    make.settled()
    assert held(client) == sorted([earned.id, with_new.id])
    assert still_open.id not in held(client)


def test_what_earned_nothing_is_told_and_still_counts() -> None:
    make.event_type(daily_limit=1)
    two, client = made("workouts 2: 0"), make.user()
    does(client, 2, 0)
    make.settled()
    assert held(client) == [two.id]
    sources = [f"workout:{(NOW - timedelta(hours=number)).isoformat()}" for number in range(2)]
    outcomes = loyalty.outcomes(client.id, sources)
    assert [(outcomes[each].xp, outcomes[each].reason) for each in sources] == [(20, None), (0, "daily_limit")]
