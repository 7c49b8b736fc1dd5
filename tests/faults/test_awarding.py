"""A worker that is killed while it settles, awards and evaluates: another one does all of it, once. Real kills."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.models import User
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.kit.ticker import Tick
from app.loyalty import books
from app.loyalty.achievement_models import UserAchievement
from app.loyalty.models import XpSummary, XpTransaction
from app.messages.models import Notice
from tests import make
from tests.faults.test_queue import HELD_WORKER, PROMISED_SECONDS, is_settled
from tests.processes import environment_of, wait_until, worker

WORKOUTS = 5


def everything(clients: list[User]) -> list[tuple[int, int | None, int, int]]:
    """The XP and the level of each, how many rows their ledger has, and how many achievements they hold."""
    db.session.rollback()
    found = []
    for client in clients:
        summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
        rows = db.session.scalars(select(XpTransaction.id).where(XpTransaction.user_id == client.id)).all()
        held = db.session.scalars(select(UserAchievement.id).where(UserAchievement.user_id == client.id)).all()
        found.append((summary.total_xp, summary.level.level_number if summary.level else None, len(rows), len(held)))
    return found


def killed_at(point: str, app: Flask, folder: Path) -> None:
    held = folder / "held"
    with worker(environment_of(app, HELD=str(held), HOLD_AT=point), folder, script=HELD_WORKER) as first:
        wait_until(held.exists, first)
        first.kill()


@pytest.mark.parametrize("point", ["awarded", "settled"])
def test_a_worker_killed_while_it_settles_a_batch_with_achievements(app: Flask, tmp_path: Path, point: str) -> None:
    make.levels(50, 150)
    make.achievement("workout_count", WORKOUTS, xp_reward=50)
    make.achievement("xp_total", WORKOUTS * 20 + 50, xp_reward=7)
    make.evaluated()
    clients = [make.user() for _each in range(2)]
    for minutes in range(WORKOUTS):
        for client in clients:
            now = clock.now()
            make.workout(client, at=now - timedelta(minutes=minutes), now=now)
    killed_at(point, app, tmp_path)
    done = (WORKOUTS * 20 + 57, 2, WORKOUTS + 2, 2)
    assert everything(clients) == [done if point == "settled" else (0, None, 0, 0)] * 2
    with worker(environment_of(app), tmp_path) as second:
        wait_until(is_settled, second, seconds=PROMISED_SECONDS)
    assert everything(clients) == [done] * 2
    assert sorted(db.session.scalars(select(Notice.user_id))) == sorted([each.id for each in clients] * 2)
    assert books.faults() == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_worker_killed_while_it_evaluates_everybody(app: Flask, tmp_path: Path) -> None:
    clients = [make.user() for _each in range(3)]
    for client in clients:
        make.workout(client)
    make.settled()
    made = make.achievement("workout_count", 1, xp_reward=30)
    killed_at("awarded", app, tmp_path)
    assert everything(clients) == [(20, None, 1, 0)] * 3
    with unit_of_work():  # the minute of its lease has passed, and that of the sweep which it may have been
        db.session.execute(update(OutboxEvent).where(OutboxEvent.settled_at.is_(None)).values(leased_until=clock.now()))
        db.session.execute(update(Tick).values(claimed_until=None))
    with worker(environment_of(app), tmp_path) as second:
        wait_until(is_settled, second, seconds=PROMISED_SECONDS)
    assert everything(clients) == [(50, None, 2, 1)] * 3
    assert set(db.session.scalars(select(UserAchievement.achievement_id))) == {made.id}
    assert not db.session.scalars(select(OutboxEvent.id).where(OutboxEvent.set_aside_at.is_not(None))).all()
    assert books.faults() == []
