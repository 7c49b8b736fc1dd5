"""A double click on the log: the thing itself is the key."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import WorkoutLog
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from tests import make
from tests.make import NOW
from tests.racing import before_statement, race, unguarded_race, without_unique

INSERT = "^INSERT INTO workout_logs"


def logging(client: User) -> Callable[[], str]:
    def log() -> str:
        with unit_of_work():
            activity.log_workout(client, performed_at=NOW, title="Run", now=NOW)
        return "logged"

    return log


def counts() -> tuple[int, int]:
    """How many workouts, and how many events that earn."""
    workouts = select(func.count()).select_from(WorkoutLog)
    events = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.topic == activity.TOPIC)
    return db.session.scalar(workouts) or 0, db.session.scalar(events) or 0


def test_a_workout_sent_four_times_at_once_is_logged_once(app: Flask) -> None:
    outcomes = race(app, [logging(make.user())] * 4, hold=before_statement(INSERT))
    assert sorted(outcomes) == ["already_logged"] * 3 + ["logged"]
    assert counts() == (1, 1)


def test_without_the_key_it_is_logged_again_and_still_earns_once(app: Flask) -> None:
    with without_unique("workout_logs", "uq_workout_logs_client_id_performed_at"):
        assert (
            unguarded_race(app, [logging(make.user())] * 2, hold=before_statement(INSERT, letting_go=True))
            == ["logged"] * 2
        )
        assert counts() == (2, 1)
