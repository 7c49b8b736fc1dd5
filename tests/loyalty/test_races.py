"""Two workers at once: real processes, the dangerous window held open, and what happens when a guard is missing.

The guards: the lock on the user's summary, under which is read what was earned before; and the unique key of a thing.
"""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import books, settlement
from app.loyalty.models import XpSummary, XpTransaction
from app.loyalty.rules import Happening
from tests import make
from tests.make import NOW
from tests.racing import after_call, race, unguarded_race

WINDOW = after_call(settlement, "_learn")
LEARNT = after_call(sys.modules[__name__], "learn_early")


def settle_again(events: list[OutboxEvent]) -> Callable[[], str]:
    """A worker that has these events in hand, whoever else has."""

    def work() -> str:
        with unit_of_work():
            settlement.settle(events, clock.now())
        return "settled"

    return work


def learn_early(events: list[OutboxEvent]) -> Any:
    """What is known before, read in a transaction of its own."""
    known = settlement._learn([Happening.read(event.payload) for event in events])  # noqa: SLF001
    db.session.rollback()
    return known


def settle_unguarded(events: list[OutboxEvent]) -> Callable[[], str]:
    """The same without the lock: what is known was read earlier, when nothing held anybody else back."""

    def work() -> str:
        known = learn_early(events)
        settlement._learn = lambda happenings: known  # noqa: ARG005, SLF001
        return settle_again(events)()

    return work


def waiting() -> list[OutboxEvent]:
    return list(db.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)))


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


def two_within_a_cooldown() -> tuple[User, list[list[OutboxEvent]]]:
    make.event_type(cooldown_hours=6)
    client = make.user()
    make.workout(client)
    make.workout(client, at=NOW - timedelta(hours=1))
    return client, [[event] for event in waiting()]


def test_a_cooldown_is_passed_by_one_of_two(app: Flask) -> None:
    client, batches = two_within_a_cooldown()
    race(app, [settle_again(batch) for batch in batches], hold=WINDOW)
    assert totals(client) == (20, 1)


def test_without_the_lock_both_pass_the_cooldown(app: Flask) -> None:
    client, batches = two_within_a_cooldown()
    unguarded_race(app, [settle_unguarded(batch) for batch in batches], hold=LEARNT)
    assert totals(client) == (40, 2)


def test_many_workers_on_one_backlog_pay_everything_once(app: Flask) -> None:
    clients = [make.user() for _ in range(3)]
    for client in clients:
        for minutes in range(20):
            make.workout(client, at=NOW - timedelta(minutes=minutes), now=NOW)
    settled = race(app, [lambda: str(outbox.drain("xp"))] * 4)
    assert sum(int(count) for count in settled) == 60
    assert [totals(client) for client in clients] == [(400, 20)] * 3
    assert books.differences() == []
