"""What the dashboard reads of a client's logs is the newest few and the latest days, however much there is."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, func, insert, select, text

from app.accounts.models import User
from app.activity import rules, timeline
from app.activity.models import DailyLog, Log, MealLog, WorkoutLog
from app.kit.db import db, unit_of_work
from app.loyalty import foresight
from app.loyalty.models import XpTransaction
from app.loyalty.rules import Moment, Terms
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
TODAY = NOW.date()
MANY = 4000
LIMITED = {str(number): Terms(number, str(number), 20, 20, True, 24, 2) for number in range(1, 7)}  # as if each were


def log_in_bulk(user_id: int, many: int) -> None:
    """A workout and a meal every twelve hours, a check-in a day but every fortieth, and the ledger's rows."""
    moments = [NOW - timedelta(hours=12 * back) for back in range(many)]
    days = [TODAY - timedelta(days=back) for back in range(many // 2) if back % 40 != 39]
    same = {"client_id": user_id, "timezone": "UTC", "notes": "", "created_at": NOW}
    workouts = [{**same, "performed_at": at, "performed_on": at.date(), "title": ""} for at in moments]
    meals = [{**same, "eaten_at": at, "eaten_on": at.date(), "meal": "lunch"} for at in moments]
    checkins = [{**same, "checked_at": NOW - (TODAY - day), "checked_on": day} for day in days]
    xp = {"user_id": user_id, "kind": "event", "event_type_id": make.event_type().id, "xp": 20, "points": 20}
    ledger = [
        {
            **xp,
            "source_key": f"workout:{at}",
            "occurred_at": at,
            "occurred_on": at.date(),
            "created_at": at,
            "details": {},
        }
        for at in moments
    ]
    with unit_of_work():
        for model, rows in ((WorkoutLog, workouts), (MealLog, meals), (DailyLog, checkins), (XpTransaction, ledger)):
            db.session.execute(insert(model), rows)
    db.session.execute(text("ANALYZE"))
    db.session.rollback()


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


READINGS: dict[str, Callable[[int], Any]] = {
    "newest": lambda user_id: timeline.newest(user_id, 6),
    "streak": lambda user_id: timeline.streak(user_id, today=TODAY),
    "rhythm": lambda user_id: timeline.rhythm(
        User(id=user_id, timezone="UTC"), since=TODAY - timedelta(days=6), today=TODAY
    ),
    "outlook": lambda user_id: foresight.outlook(
        user_id, Moment(NOW, TODAY), LIMITED, since=TODAY - timedelta(days=27), with_waiting=False
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_it_goes_along_an_index_and_reads_no_more_than_it_shows(app: Flask, name: str) -> None:
    user_id = make.user().id
    log_in_bulk(user_id, MANY)
    with statements() as sent:
        READINGS[name](user_id)
    [(statement, parameters)] = [each for each in sent if each[0].startswith(("SELECT", "WITH"))]
    is_sqlite = app.extensions["settings"].database_url.startswith("sqlite")
    how = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN (ANALYZE, FORMAT JSON)"
    with db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"{how} {statement}", parameters).all()
    if is_sqlite:
        steps = [step[3] for step in plan]
        tables = ("workout_logs", "daily_logs", "meal_logs", "xp_transactions")
        assert [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in tables))] == []
        assert any(step.startswith("SEARCH") and " INDEX " in step for step in steps)
    else:
        assert rows_read(plan[0][0][0]["Plan"]) < 200


def rows_read(node: dict[str, Any]) -> float:
    """How many rows a plan took out of tables, kept or thrown away."""
    mine = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    is_scan = "Relation Name" in node
    return (mine if is_scan else 0) + sum(map(rows_read, node.get("Plans", [])))


@pytest.mark.parametrize("seed", range(4))
def test_the_streak_in_sql_is_the_streak_of_the_rules(seed: int) -> None:
    chance, client = random.Random(seed), make.user()
    backs = [back for back in range(30) if back == seed or chance.random() < 0.85]
    days = [TODAY - timedelta(days=back) for back in backs]
    rows = [
        {
            "client_id": client.id,
            "timezone": "UTC",
            "notes": "",
            "created_at": NOW,
            "checked_at": NOW,
            "checked_on": day,
        }
        for day in days
    ]
    with unit_of_work():
        db.session.execute(insert(DailyLog), rows)
    for back in range(4):
        today = TODAY - timedelta(days=back)
        expected = rules.streak([day for day in days if day <= today], today=today)
        assert timeline.streak(client.id, today=today) == expected
        assert timeline.rhythm(client, since=today, today=today).streak == expected


def test_without_any_checkin_there_is_no_streak() -> None:
    assert timeline.streak(make.user().id, today=TODAY) == rules.Streak(0, has_today=False)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_the_tally_counts_by_the_clients_dates(zone: str) -> None:
    client = make.user(timezone=zone)
    log = make.workout(client)
    other: date = log.performed_on
    tally = timeline.rhythm(client, since=other, today=other).tally
    assert tally == {("workout", other): 1}
    assert timeline.rhythm(client, since=other + timedelta(days=1), today=other + timedelta(days=1)).tally == {}


def test_pages_follow_one_another_without_a_gap() -> None:
    client = make.user()
    log_in_bulk(client.id, 20)
    whole = timeline.newest(client.id, 100)
    pages = [timeline.recent(client.id, number=number, size=7) for number in range(1, 9)]
    assert [entry for each in pages for entry in each.items][: len(whole)] == whole
    assert (
        {each.total for each in pages} == {len(whole)} == {counted(WorkoutLog) + counted(MealLog) + counted(DailyLog)}
    )
    assert whole == sorted(whole, key=lambda each: (-each.at.timestamp(), each.kind, -each.id))


def counted(model: type[Log]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0
