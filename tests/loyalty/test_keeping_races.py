"""Two keepers at once, one at a form and one at a list's switch: the lock on the row lets neither undo the other."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.loyalty import achievements, keeping, rewards
from app.loyalty.keeping import ADMINS
from tests import make
from tests.make import NOW
from tests.racing import after_call, race, unguarded_race

WINDOW = after_call(keeping, "state")
REAL = keeping.state
HOW: dict[str, Any] = {"actor": SYSTEM, "now": NOW}


def rename(room: Any, item_id: int, details: Any) -> Callable[[], str]:
    """Save a form with another name."""

    def work() -> str:
        with unit_of_work():
            room.change(item_id, details, ADMINS, **HOW)
        return "renamed"

    return work


def switch_off(room: Any, item_id: int) -> Callable[[], str]:
    def work() -> str:
        with unit_of_work():
            room.set_active(item_id, ADMINS, is_active=False, **HOW)
        return "switched"

    return work


def switch_off_unguarded(room: Any, item_id: int, details: Any) -> Callable[[], str]:
    """The same, with what was read before the row was held."""

    def work() -> str:
        read = keeping.state(room.one(item_id, ADMINS), details)
        keeping.state = REAL  # it has stood in the window
        db.session.rollback()
        with unit_of_work():
            room.change(item_id, details(**(read | {"is_active": False})), ADMINS, **HOW)
        return "switched"

    return work


def kept(name: str) -> tuple[Any, Any, Any, Any]:
    """An item of this room, with what makes another name of it."""
    if name == "rewards":
        return rewards, make.reward(name="Old"), rewards.RewardDetails, {"name": "New", "points_cost": 50}
    return (
        achievements,
        make.achievement(name="Old"),
        achievements.AchievementDetails,
        {"name": "New", "type": "manual"},
    )


@pytest.mark.parametrize("name", ["rewards", "achievements"])
def test_a_form_and_a_switch_at_once_are_both_kept(app: Flask, name: str) -> None:
    room, item, details, new = kept(name)
    outcomes = race(app, [rename(room, item.id, details(**new)), switch_off(room, item.id)], hold=WINDOW)
    assert outcomes == ["renamed", "switched"]
    found = room.one(item.id, ADMINS)
    assert (found.name, found.version) == ("New", 3)


@pytest.mark.parametrize("name", ["rewards", "achievements"])
def test_without_the_lock_the_switch_undoes_the_form(app: Flask, name: str) -> None:
    room, item, details, new = kept(name)
    contestants = [rename(room, item.id, details(**new)), switch_off_unguarded(room, item.id, details)]
    assert unguarded_race(app, contestants, hold=WINDOW) == ["renamed", "switched"]
    assert room.one(item.id, ADMINS).name == "Old"
