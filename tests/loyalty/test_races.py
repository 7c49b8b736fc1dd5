"""Two workers at once: real processes, the dangerous window held open, and what happens when a guard is missing.

The guards: the lock on the user's summary, under which is read what was earned before; and the unique key of a thing.
"""

import os
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.kit import outbox
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.loyalty import books, settlement
from app.loyalty.models import XpSummary, XpTransaction
from app.loyalty.rules import Happening
from tests import make
from tests.make import NOW
from tests.races.workers import LEARNT, WINDOW, settle_again, settle_unguarded, waiting
from tests.racing import race, unguarded_race


def totals(client: User) -> tuple[int, int]:
    """The client's XP by their summary, and how many ledger rows they have."""
    db.session.rollback()
    rows = select(func.count()).select_from(XpTransaction).where(XpTransaction.user_id == client.id)
    return db.session.get_one(XpSummary, client.id, populate_existing=True).total_xp, db.session.scalar(rows) or 0


def test_an_event_that_two_workers_have_is_paid_once(app: Flask) -> None:
    client = make.user()
    make.workout(client)
    assert race(app, [settle_again(waiting())] * 2, hold=WINDOW) == ["settled"] * 2
    assert totals(client) == (20, 1)


def test_without_the_lock_the_key_of_the_thing_still_keeps_it_to_one(app: Flask) -> None:
    client = make.user()
    make.workout(client)
    unguarded_race(app, [settle_unguarded(waiting())] * 2, hold=LEARNT)
    assert totals(client) == (20, 1)


def test_without_lock_and_key_it_goes_wrong(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    real = settlement._row  # noqa: SLF001

    def unkeyed(happening: Happening, source_key: str, *rest: Any, **values: Any) -> dict[str, Any]:
        return real(happening, f"{source_key}#{os.getpid()}", *rest, **values)

    monkeypatch.setattr(settlement, "_row", unkeyed)
    client = make.user()
    make.workout(client)
    unguarded_race(app, [settle_unguarded(waiting())] * 2, hold=LEARNT)
    assert totals(client) == (40, 2)


def two_workouts(**terms: Any) -> tuple[User, list[list[OutboxEvent]]]:
    """An hour apart, under these terms."""
    make.event_type(**terms)
    client = make.user()
    make.workout(client)
    make.workout(client, at=NOW - timedelta(hours=1), now=NOW)
    return client, [[event] for event in waiting()]


LIMITED = pytest.mark.parametrize("terms", [{"cooldown_hours": 6}, {"cooldown_hours": 24}, {"daily_limit": 1}])


@LIMITED
def test_a_cooldown_or_limit_is_passed_by_one_of_two(app: Flask, terms: dict[str, Any]) -> None:
    client, batches = two_workouts(**terms)
    race(app, [settle_again(batch) for batch in batches], hold=WINDOW)
    assert totals(client) == (20, 1)


@LIMITED
def test_without_the_lock_both_pass_it(app: Flask, terms: dict[str, Any]) -> None:
    client, batches = two_workouts(**terms)
    unguarded_race(app, [settle_unguarded(batch) for batch in batches], hold=LEARNT)
    assert totals(client) == (40, 2)


def two_that_reach_a_streak() -> tuple[User, list[list[OutboxEvent]]]:
    """The check-ins of the seventh day and of the eighth, after six that are paid."""
    client = make.user()
    make.checkins(client, 6, until=NOW - timedelta(days=2))
    make.settled()
    make.checkins(client, 2)
    return client, [[event] for event in waiting() if event.settled_at is None]


def test_a_streak_is_paid_once_though_two_workers_find_it_reached(app: Flask) -> None:
    client, batches = two_that_reach_a_streak()
    race(app, [settle_again(batch) for batch in batches], hold=WINDOW)
    assert totals(client) == (8 * 10 + 50, 9)
    assert books.differences() == []


def test_without_the_lock_the_streak_is_paid_twice(app: Flask) -> None:
    client, batches = two_that_reach_a_streak()
    unguarded_race(app, [settle_unguarded(batch) for batch in batches], hold=LEARNT)
    assert totals(client) == (8 * 10 + 2 * 50, 10)


def test_many_workers_on_one_backlog_pay_everything_once(app: Flask) -> None:
    clients = [make.user() for _ in range(3)]
    for client in clients:
        for minutes in range(20):
            make.workout(client, at=NOW - timedelta(minutes=minutes), now=NOW)
    settled = race(app, [lambda: str(outbox.drain("xp"))] * 4)
    assert sum(int(count) for count in settled) == 60
    assert [totals(client) for client in clients] == [(400, 20)] * 3
    assert books.differences() == []
