"""Worked examples: what somebody logs, when, and which of it earns.

Workouts by the clock on the client's wall, `Mon 20:00, Tue 08:00` or `03-30 03:00`, under a type with a cooldown or
limit; `+` earns, `c` is within the cooldown, `l` beyond the daily limit. Each example is worked off as it happens, and
late in batches of two: the same comes of it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import WorkoutLog
from app.audit.service import SYSTEM
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import books, redeeming
from app.loyalty import service as loyalty
from app.loyalty.models import XpRefusal, XpSummary, XpTransaction
from app.loyalty.settlement import settle
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
DAYS = {name: number for number, name in enumerate(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon2"])}
SIGNS = {None: "+", "cooldown": "c", "daily_limit": "l", "inactive": "-", "deleted": "d"}
Way = Callable[[list[Callable[[], object]], pytest.MonkeyPatch], None]

EARNING: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # a cooldown of hours is counted to the minute
    "an hour early": ({"cooldown_hours": 6}, "UTC", "Mon 08:00, Mon 13:00", "+c"),
    "a minute early": ({"cooldown_hours": 6}, "UTC", "Mon 08:00, Mon 13:59", "+c"),
    "just over": ({"cooldown_hours": 6}, "UTC", "Mon 08:00, Mon 14:00", "++"),
    "over midnight": ({"cooldown_hours": 6}, "UTC", "Mon 23:00, Tue 04:00, Tue 05:00", "+c+"),
    "what earned nothing starts none": ({"cooldown_hours": 6}, "UTC", "Mon 08:00, Mon 13:00, Mon 14:00", "+c+"),
    "told in the evening": ({"cooldown_hours": 6}, "UTC", "Mon 18:00, Mon 11:00, Mon 13:00", "++c"),
    "a day and an hour": ({"cooldown_hours": 25}, "UTC", "Mon 08:00, Tue 08:59, Tue 09:00", "+c+"),
    # one of whole days in the client's dates
    "evening and morning": ({"cooldown_hours": 24}, "UTC", "Mon 20:00, Tue 08:00", "++"),
    "a minute after midnight": ({"cooldown_hours": 24}, "UTC", "Mon 23:59, Tue 00:00", "++"),
    "morning and evening": ({"cooldown_hours": 24}, "UTC", "Mon 00:00, Mon 23:59", "+c"),
    "two dates": ({"cooldown_hours": 48}, "UTC", "Mon 23:59, Tue 23:59, Wed 00:00", "+c+"),
    "a week": ({"cooldown_hours": 168}, "UTC", "Mon 20:00, Sun 23:00, Mon2 06:00", "+c+"),
    "the later one first": ({"cooldown_hours": 24}, "UTC", "Tue 08:00, Mon 20:00, Mon 08:00", "++c"),
    "one date there, two in UTC": ({"cooldown_hours": 24}, "Asia/Bangkok", "Tue 01:00, Tue 23:00", "+c"),
    "two dates there, one in UTC": ({"cooldown_hours": 24}, "Asia/Bangkok", "Mon 23:00, Tue 01:00", "++"),
    "far east": ({"cooldown_hours": 24}, "Pacific/Kiritimati", "Mon 23:00, Tue 00:30, Tue 23:59", "++c"),
    "far west": ({"cooldown_hours": 24}, "America/Los_Angeles", "Mon 15:59, Mon 16:01, Tue 00:01", "+c+"),
    # limits count the client's dates
    "one a day": ({"daily_limit": 1}, "UTC", "Mon 00:00, Mon 23:59, Tue 00:00", "+l+"),
    "three a day": ({"daily_limit": 3}, "UTC", "Mon 08:00, Mon 09:00, Mon 10:00, Mon 11:00, Tue 00:00", "+++l+"),
    "a day there": ({"daily_limit": 1}, "Asia/Bangkok", "Mon 06:59, Mon 07:01, Mon 23:59", "+ll"),
    "whichever date was told first": ({"daily_limit": 1}, "UTC", "Tue 09:00, Mon 09:00, Tue 10:00", "++l"),
    # on the days on which clocks change, dates stay dates, and hours are those that passed
    "a date of 23 hours": ({"cooldown_hours": 24}, "Europe/Berlin", "03-29 23:59, 03-30 00:00, 03-30 23:59", "++c"),
    "after 23 hours another": ({"cooldown_hours": 24}, "Europe/Berlin", "03-30 00:30, 03-31 00:00", "++"),
    "a date of 25 hours": (
        {"cooldown_hours": 24},
        "America/Los_Angeles",
        "11-02 00:00, 11-02 23:59, 11-03 00:00",
        "+c+",
    ),
    "hours over a skipped one": (
        {"cooldown_hours": 6},
        "Europe/Berlin",
        "03-30 00:30, 03-30 07:29, 03-30 07:30",
        "+c+",
    ),
    "hours over a repeated one": (
        {"cooldown_hours": 6},
        "America/Los_Angeles",
        "11-02 00:30, 11-02 05:29, 11-02 05:30",
        "+c+",
    ),
    "half an hour": ({"cooldown_hours": 3}, "Australia/Lord_Howe", "04-06 01:00, 04-06 03:29, 04-06 03:30", "+c+"),
    "a limit on a date of 23 hours": (
        {"daily_limit": 1},
        "Europe/Berlin",
        "03-30 00:00, 03-30 23:59, 03-31 00:00",
        "+l+",
    ),
    "and on one of 25": ({"daily_limit": 1}, "America/Los_Angeles", "11-02 00:00, 11-02 23:59, 11-03 00:00", "+l+"),
    # both
    "cooldown first": (
        {"cooldown_hours": 2, "daily_limit": 2},
        "UTC",
        "Mon 08:00, Mon 09:00, Mon 10:00, Mon 12:00",
        "+c+l",
    ),
    "none": ({}, "UTC", "Mon 08:00, Mon 08:01, Mon 08:02", "+++"),
    "off": ({"is_active": False}, "UTC", "Mon 08:00", "-"),
}


def live(steps: list[Callable[[], object]], _monkeypatch: pytest.MonkeyPatch) -> None:
    for step in steps:
        step()
        make.settled()


def late_in_pairs(steps: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(outbox.TOPICS, "xp", replace(outbox.TOPICS["xp"], limit=2))
    for step in steps:
        step()
    make.settled()


WAYS = pytest.mark.parametrize("way", [live, late_in_pairs])


def instant(told: str, zone: str) -> datetime:
    day, clock = told.split()
    hours, minutes = clock.split(":")
    midnight = datetime.fromisoformat(f"2025-{day}") if "-" in day else MONDAY + timedelta(days=DAYS[day])
    on_the_wall = midnight + timedelta(hours=int(hours), minutes=int(minutes))
    return on_the_wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def came_of(client: User, sources: list[str]) -> str:
    """A sign for each."""
    db.session.rollback()
    outcomes = loyalty.outcomes(client.id, sources)
    return "".join(SIGNS[outcomes[source].reason] for source in sources)


@WAYS
@pytest.mark.parametrize("name", EARNING)
def test_which_of_several_workouts_earn(name: str, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    terms, zone, told, expected = EARNING[name]
    make.event_type(**terms)
    client, logged = make.user(timezone=zone), list[WorkoutLog]()
    moments = [instant(each, zone) for each in told.split(", ")]
    latest = max(moments)  # what came earlier is told then, too

    def step(at: datetime) -> Callable[[], object]:
        return lambda: logged.append(make.workout(client, at=at, now=max(at, min(latest, at + timedelta(hours=30)))))

    way([step(at) for at in moments], monkeypatch)
    sources = [each.source for each in logged]
    assert came_of(client, sources) == expected
    earned = expected.count("+")
    summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
    assert (summary.total_xp, summary.available_points) == (20 * earned, 20 * earned)
    assert len(db.session.scalars(select(XpRefusal)).all()) == len(expected) - earned
    assert books.faults() == []


def remove(client: User, log: WorkoutLog) -> None:
    with unit_of_work():
        activity.remove(client, "workout", log.id, now=NOW)


# `log` a workout of 20 points, `delete` it, log it `again`, `spend` 15 of the points, `other`: a second workout
DELETING: dict[str, tuple[str, int, list[int]]] = {
    "logged": ("log", 20, [20]),
    "deleted": ("log delete", 20, [20, -20]),
    "again": ("log delete again", 20, [20, -20]),
    "again and again": ("log delete again delete again delete", 20, [20, -20]),
    "what is spent isn't owed": ("log spend delete", 20, [20, -15, -5]),
    "nor later": ("log spend delete other", 40, [20, -15, -5, 20]),
    "as far as others reach": ("log other spend delete", 40, [20, 20, -15, -20]),
    "nothing is left": ("log other spend spend delete", 40, [20, 20, -15, -15, -10]),
}


@pytest.mark.parametrize("name", DELETING)
def test_what_deleting_takes_back(name: str) -> None:
    story, xp, points = DELETING[name]
    client, reward = make.user(), make.reward(points_cost=15)
    log: Any = None
    for word in story.split():
        if word in {"log", "again"}:
            log = make.workout(client)
        elif word == "other":
            make.workout(client, at=NOW - timedelta(hours=1))
        elif word == "delete":
            remove(client, log)
        else:
            make.redemption(client, reward)
        make.settled()
    rows = db.session.scalars(select(XpTransaction).order_by(XpTransaction.id)).all()
    assert [row.points for row in rows] == points
    assert sum(row.xp for row in rows) == xp
    summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
    assert (summary.total_xp, summary.available_points) == (xp, sum(points))
    assert books.faults() == []


@pytest.mark.parametrize(("story", "points"), [("log delete", [20, -20]), ("log delete again delete", [20, -20])])
def test_deleted_before_the_worker_came_it_is_the_same(story: str, points: list[int]) -> None:
    client = make.user()
    log: Any = None
    for word in story.split():
        if word == "delete":
            remove(client, log)
        else:
            log = make.workout(client)
    make.settled()
    assert [row.points for row in db.session.scalars(select(XpTransaction).order_by(XpTransaction.id))] == points


def test_the_points_of_a_rejected_redemption_pay_what_was_not_taken_back() -> None:
    admin, client, reward = make.user(role="admin"), make.user(), make.reward(points_cost=15)
    log = make.workout(client)
    make.settled()
    redemption = make.redemption(client, reward)
    remove(client, log)
    make.settled()
    with unit_of_work():
        redeeming.reject(redemption.id, admin, notes="Gone", actor=SYSTEM, now=NOW)
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).available_points == 0
    assert books.faults() == []


def test_a_batch_delivered_in_another_order_pays_the_same_sum() -> None:
    client = make.user()
    for hours in range(6):
        make.workout(client, at=NOW - timedelta(hours=hours), now=NOW)
    events = list(db.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc())))
    for batch in (events[2:], events[:4], events):
        with unit_of_work():
            settle(batch, NOW)
    summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
    assert (summary.total_xp, summary.available_points) == (120, 120)
    assert books.faults() == []
