from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from app.accounts.models import User
from app.activity import service as activity
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import books
from app.loyalty import service as loyalty
from app.loyalty.models import XpRefusal, XpSummary, XpTransaction
from app.loyalty.rules import Reason
from app.loyalty.settlement import settle
from tests import make
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def totals(client: User) -> tuple[int, int]:
    summary = db.session.get(XpSummary, client.id, populate_existing=True)
    assert summary is not None
    return summary.total_xp, summary.available_points


def ledger(client: User) -> list[XpTransaction]:
    return list(
        db.session.scalars(select(XpTransaction).where(XpTransaction.user_id == client.id).order_by(XpTransaction.id))
    )


def deliver_again() -> None:
    with unit_of_work():
        db.session.execute(update(OutboxEvent).values(settled_at=None))
    make.settled()


def remove(client: User, workout: Any) -> None:
    with unit_of_work():
        activity.remove(client, "workout", workout.id, now=NOW)


def test_a_new_client_begins_with_nothing() -> None:
    assert totals(make.user()) == (0, 0)
    coach = make.user(role="coach")
    assert db.session.get(XpSummary, coach.id) is None


def test_a_workout_earns_xp_and_points_and_says_for_what() -> None:
    client = make.user(timezone="Asia/Bangkok")
    workout = make.workout(client, at=NOW - timedelta(hours=18))
    assert make.settled() == 1
    assert totals(client) == (20, 20)
    [entry] = ledger(client)
    assert (entry.kind, entry.xp, entry.points, entry.source_key) == ("event", 20, 20, workout.source)
    assert entry.details == {"workout_log_id": workout.id}
    assert (entry.occurred_at, entry.occurred_on) == (workout.performed_at, workout.performed_on)


def test_an_event_that_is_delivered_again_earns_nothing_more() -> None:
    client = make.user()
    make.workout(client)
    make.settled()
    deliver_again()
    assert totals(client) == (20, 20)
    assert len(ledger(client)) == 1


def test_an_event_that_stands_twice_in_a_batch_earns_once() -> None:
    client = make.user()
    make.workout(client)
    [event] = db.session.scalars(select(OutboxEvent))
    with unit_of_work():
        settle([event, event], clock.now())
    assert totals(client) == (20, 20)


def test_a_level_is_reached_with_the_award() -> None:
    make.levels(10, 30, 100)
    client = make.user()
    make.workout(client)
    make.settled()
    assert loyalty.summary_of(client.id).level is not None
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).level.level_number == 1  # type: ignore[union-attr]
    make.workout(client, at=NOW - timedelta(hours=1))
    make.settled()
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).level.level_number == 2  # type: ignore[union-attr]


def test_below_the_first_level_there_is_none() -> None:
    make.levels(1000)
    client = make.user()
    make.workout(client)
    make.settled()
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).level is None


def test_a_checkin_earns_once_a_date() -> None:
    client = make.user()
    with unit_of_work():
        activity.log_checkin(client, on=NOW.date(), now=NOW)
        activity.log_checkin(client, on=NOW.date() - timedelta(days=1), now=NOW)
    make.settled()
    assert totals(client) == (20, 20)


def test_what_is_beyond_the_daily_limit_is_noted_as_such() -> None:
    make.event_type(daily_limit=2)
    client = make.user()
    workouts = [make.workout(client, at=NOW - timedelta(minutes=each)) for each in (30, 20, 10)]
    make.settled()
    assert totals(client) == (40, 40)
    outcomes = loyalty.outcomes(client.id, [each.source for each in workouts])
    assert [(outcomes[each.source].xp, outcomes[each.source].reason) for each in workouts] == [
        (20, None),
        (20, None),
        (0, Reason.DAILY_LIMIT),
    ]


def test_a_limit_counts_what_earlier_batches_paid() -> None:
    make.event_type(daily_limit=1)
    client = make.user()
    for minutes in (30, 20):
        make.workout(client, at=NOW - timedelta(minutes=minutes))
        make.settled()
    assert totals(client) == (20, 20)
    [refusal] = db.session.scalars(select(XpRefusal))
    assert (refusal.user_id, refusal.reason) == (client.id, "daily_limit")


def test_a_refusal_stands_though_the_rules_change() -> None:
    make.event_type(is_active=False)
    client = make.user()
    make.workout(client)
    make.settled()
    make.event_type(is_active=True)
    deliver_again()
    assert totals(client) == (0, 0)


def test_deleting_takes_the_points_back_and_keeps_the_xp() -> None:
    client = make.user()
    workout = make.workout(client)
    make.settled()
    remove(client, workout)
    make.settled()
    assert totals(client) == (20, 0)
    [award, reversal] = ledger(client)
    assert (reversal.kind, reversal.xp, reversal.points, reversal.reverses_id) == ("reversal", 0, -20, award.id)
    deliver_again()
    assert totals(client) == (20, 0)


def test_logging_the_same_thing_again_earns_nothing() -> None:
    client = make.user()
    for _ in range(3):
        remove(client, make.workout(client))
        make.settled()
    make.workout(client)
    make.settled()
    assert totals(client) == (20, 0)


def test_logged_and_deleted_before_the_worker_came() -> None:
    client = make.user()
    remove(client, make.workout(client))
    make.workout(client, at=NOW - timedelta(hours=1))
    assert make.settled() == 3
    assert totals(client) == (40, 20)


def test_points_that_are_spent_are_not_taken_back() -> None:
    client = make.user()
    workout = make.workout(client)
    make.settled()
    with unit_of_work():
        db.session.execute(update(XpSummary).values(available_points=5))
    remove(client, workout)
    make.settled()
    assert totals(client) == (20, 0)
    assert ledger(client)[-1].points == -5


def test_a_broken_event_holds_nobody_up() -> None:
    first, second = make.user(), make.user()
    make.workout(first)
    with unit_of_work():
        outbox.put("xp", key="broken", payload={"user_id": 1}, now=NOW)
        outbox.put(
            "xp",
            key="nobody",
            payload={
                "user_id": 999_999,
                "event_key": "workout_logged",
                "source": "x",
                "occurred_at": NOW.isoformat(),
                "local_date": "2026-03-02",
            },
            now=NOW,
        )
    make.workout(second)
    assert make.settled() == 2
    assert totals(first) == totals(second) == (20, 20)
    unsettled = select(OutboxEvent).where(OutboxEvent.settled_at.is_(None)).order_by(OutboxEvent.id)
    failed = db.session.scalars(unsettled.execution_options(populate_existing=True))
    assert [(each.key, each.attempts > 0, each.last_error is None) for each in failed] == [
        ("broken", True, False),
        ("nobody", True, False),
    ]


def test_somebody_without_a_summary_gets_one() -> None:
    client = make.user()
    with unit_of_work():
        db.session.execute(delete(XpSummary))
    make.workout(client)
    make.settled()
    assert totals(client) == (20, 20)


def statements_to_settle(size: int) -> int:
    """With everything in it: awards, refusals, reversals."""
    make.event_type(daily_limit=2)
    for _ in range(size):
        client = make.user()
        workouts = [make.workout(client, at=NOW - timedelta(minutes=each)) for each in range(3)]
        remove(client, workouts[0])
    events = list(db.session.scalars(select(OutboxEvent).where(OutboxEvent.settled_at.is_(None))))
    with count_statements() as sent, unit_of_work():
        settle(events, clock.now())
    with unit_of_work():
        db.session.execute(update(OutboxEvent).values(settled_at=NOW))
    return len(sent)


def test_a_batch_takes_as_many_statements_whatever_its_size() -> None:
    assert statements_to_settle(2) == statements_to_settle(40) == 11


@pytest.mark.parametrize("change", ["UPDATE xp_transactions SET xp = 1000", "DELETE FROM xp_transactions"])
def test_the_database_refuses_to_change_the_ledger(change: str) -> None:
    client = make.rich_client()
    with pytest.raises(DatabaseError, match="append-only"), unit_of_work():
        db.session.execute(text(change))
    assert totals(client) == (100, 100)


def test_a_total_that_is_not_the_sum_of_its_ledger_is_named() -> None:
    client, _other = make.rich_client(), make.rich_client()
    assert books.differences() == []
    with unit_of_work():
        db.session.execute(update(XpSummary).where(XpSummary.user_id == client.id).values(total_xp=7))
    assert books.differences() == [books.Difference(client.id, "total_xp", 7, 100)]
