"""What the rooms themselves refuse a coach, whatever door asks: each verb, on what is another coach's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.models import User
from app.activity import programs
from app.activity import service as activity
from app.activity.programs import ProgramDetails
from app.audit.service import SYSTEM
from app.errors import NotFound, NotTheirs
from app.kit.db import Base, db, unit_of_work
from app.loyalty import achievements, awarding, redeeming, redemptions, rewards
from app.loyalty.achievements import AchievementDetails
from app.loyalty.keeping import Keeper
from app.loyalty.rewards import RewardDetails
from tests import make
from tests.make import NOW

BY: dict[str, Any] = {"actor": SYSTEM, "now": NOW}
REWARD = RewardDetails(name="Taken over", points_cost=1)
MEDAL = AchievementDetails(name="Taken over", type="manual")


@dataclass(frozen=True)
class Things:
    """A coach, and one of each that is theirs; some are everybody's."""

    coach: User
    client: User
    achievement: int
    reward: int
    redemption: int
    program: int
    followed: int
    workout: int

    @property
    def keeper(self) -> Keeper:
        return Keeper(self.coach.id)


def some_things() -> Things:
    coach = make.user(role="coach")
    client = make.rich_client(500, coach_id=coach.id)
    reward = make.reward(coach=coach)
    return Things(
        coach,
        client,
        make.achievement(coach=coach).id,
        reward.id,
        make.redemption(client, reward).id,
        make.program(coach).id,
        make.followed(client, coach).id,
        make.workout(client, at=NOW.replace(hour=7), now=NOW).id,
    )


Verb = Callable[[Things, Things], object]
VERBS: dict[str, Verb] = {
    "award to another's client": lambda me, you: awarding.award(me.coach, you.client.id, me.achievement, **BY),
    "award another's medal": lambda me, you: awarding.award(me.coach, me.client.id, you.achievement, **BY),
    "award another's to another's": lambda me, you: awarding.award(me.coach, you.client.id, you.achievement, **BY),
    "award to oneself": lambda me, _you: awarding.award(me.coach, me.coach.id, me.achievement, **BY),
    "see an achievement": lambda me, you: achievements.one(you.achievement, me.keeper),
    "change an achievement": lambda me, you: achievements.change(you.achievement, MEDAL, me.keeper, **BY),
    "switch an achievement off": lambda me, you: achievements.set_active(
        you.achievement, me.keeper, is_active=False, **BY
    ),
    "delete an achievement": lambda me, you: achievements.delete(you.achievement, me.keeper, **BY),
    "see a reward": lambda me, you: rewards.one(you.reward, me.keeper),
    "change a reward": lambda me, you: rewards.change(you.reward, REWARD, me.keeper, **BY),
    "switch a reward off": lambda me, you: rewards.set_active(you.reward, me.keeper, is_active=False, **BY),
    "delete a reward": lambda me, you: rewards.delete(you.reward, me.keeper, **BY),
    "see a redemption": lambda me, you: redemptions.one(you.redemption, me.keeper),
    "fulfil a redemption": lambda me, you: redeeming.fulfil(you.redemption, me.coach, **BY),
    "reject a redemption": lambda me, you: redeeming.reject(you.redemption, me.coach, notes="No", **BY),
    "see a programme": lambda me, you: programs.one(me.coach, you.program),
    "change a programme": lambda me, you: programs.change(me.coach, you.program, ProgramDetails("Mine"), now=NOW),
    "delete a programme": lambda me, you: programs.delete(me.coach, you.program, now=NOW),
    "assign another's programme": lambda me, you: programs.assign(me.coach, me.client.id, you.program, now=NOW),
    "assign to another's client": lambda me, you: programs.assign(me.coach, you.client.id, me.program, now=NOW),
    "complete for another's client": lambda me, you: programs.end(me.coach, you.followed, "completed", now=NOW),
    "cancel for another's client": lambda me, you: programs.end(me.coach, you.followed, "cancelled", now=NOW),
    "delete another client's log": lambda me, you: activity.remove(me.client, "workout", you.workout, now=NOW),
    "redeem another coach's reward": lambda me, you: redeeming.redeem(me.client, you.reward, key="k", now=NOW),
}
OF_EVERYBODYS = {
    name for name in VERBS if name.split()[0] in {"change", "switch", "delete"} and "programme" not in name
}


def dump() -> dict[str, list[tuple[Any, ...]]]:
    db.session.rollback()
    return {
        each.name: sorted(map(tuple, db.session.execute(select(each))), key=repr)
        for each in Base.metadata.sorted_tables
    }


def refused(verb: Verb, me: Things, you: Things) -> type[NotFound]:
    """How; and nothing at all was written."""
    before = dump()
    with pytest.raises(NotFound) as told, unit_of_work():
        verb(me, you)
    assert dump() == before
    return told.type


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", VERBS)
def test_what_is_anothers_is_not_there(name: str) -> None:
    me, you = some_things(), some_things()
    how = refused(VERBS[name], me, you)
    assert how is (NotFound if name == "award to oneself" else NotTheirs)


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", sorted(OF_EVERYBODYS - {"delete another client's log"}))
def test_what_is_everybodys_is_not_a_coachs_to_change(name: str) -> None:
    me = some_things()
    alls = Things(**{**vars(me), "achievement": make.achievement().id, "reward": make.reward().id})
    assert refused(VERBS[name], me, alls) is NotTheirs


OF_WHO_MOVED = [name for name in VERBS if "client" in name and "log" not in name] + [
    name for name in VERBS if name.endswith("a redemption")
]


@pytest.mark.parametrize("name", OF_WHO_MOVED)
def test_who_has_moved_is_out_of_reach_at_once(app: Flask, name: str) -> None:  # noqa: ARG001
    me = some_things()
    moved, new = some_things(), make.user(role="coach")
    with unit_of_work():
        for coach_id in (me.coach.id, new.id):
            db.session.execute(update(User).where(User.id == moved.client.id).values(coach_id=coach_id))
    assert refused(VERBS[name], me, moved) is NotTheirs
