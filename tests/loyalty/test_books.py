"""The books of loyalty name every row that contradicts them, and so do the commands that prove them."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import Log, WorkoutLog
from app.activity.rules import Meal
from app.audit.service import SYSTEM
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import books, ladder, redeeming
from app.loyalty.ladder import LevelDetails
from app.loyalty.models import XpSummary
from tests import make
from tests.make import NOW
from tests.tampering import tamper

pytestmark = pytest.mark.usefixtures("app")
Named = list[tuple[int, str, int, str]]


def a_full_life() -> User:
    """520 XP and 405 points. Entries: 1 workout, 2 check-in and 3 its deletion, 4 to 7 redemptions, 8 a medal.

    Redemption 1 waits, 2 is fulfilled, 3 was rejected; reward 1 has one piece left of three, reward 2 never runs out.
    Another workout earned nothing.
    """
    client, admin = make.rich_client(500), make.user(role="admin")
    checkin = make.checkin(client)
    make.settled()
    with unit_of_work():
        activity.remove(client, "checkin", checkin.id, now=NOW)
    make.settled()
    reward, _unlimited = make.reward(stock=3), make.reward()
    _waits, good, bad = (make.redemption(client, reward) for _each in range(3))
    with unit_of_work():
        redeeming.fulfil(good.id, admin, actor=SYSTEM, now=NOW)
        redeeming.reject(bad.id, admin, notes="None left", actor=SYSTEM, now=NOW)
    make.achievement("workout_count", 1, xp_reward=10, points_reward=5)
    make.evaluated()
    make.event_type(is_active=False)
    make.workout(client, at=NOW.replace(hour=7), now=NOW)
    make.settled()
    return client


def told() -> Named:
    db.session.rollback()
    return [(each.book, each.table, each.row_id, each.what) for each in books.faults()]


def event_of(name: str) -> int:
    """The id of the event of this thing."""
    found = select(OutboxEvent.id).where(OutboxEvent.key == f"xp:1:{name}")
    return db.session.scalars(found).one()


def test_the_books_of_a_full_life_are_right(app: Flask) -> None:
    a_full_life()
    entries = "SELECT source_key, xp, points FROM xp_transactions ORDER BY id"
    assert [tuple(row) for row in db.session.execute(text(entries))] == [
        ("workout:2026-03-02T12:00:00+00:00", 500, 500),
        ("checkin:2026-03-02", 10, 10),
        ("undo:checkin:2026-03-02", 0, -10),
        ("redemption:1", 0, -50),
        ("redemption:2", 0, -50),
        ("redemption:3", 0, -50),
        ("undo:redemption:3", 0, 50),
        ("achievement:1", 10, 5),
    ]
    assert told() == []
    for command in (["loyalty", "reconcile"], ["check-invariants"]):
        assert app.test_cli_runner().invoke(args=command).exit_code == 0


SUMMARY, REDEMPTION, REWARD, ROWS = "user_xp_summaries", "reward_redemptions", "rewards", "xp_transactions"
LEDGER = "UPDATE xp_transactions SET"


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        (
            "UPDATE user_xp_summaries SET total_xp = 519",
            [(3, SUMMARY, 1, "total_xp is 519, its ledger adds up to 520")],
        ),
        (
            "UPDATE user_xp_summaries SET available_points = 0",
            [(3, SUMMARY, 1, "available_points is 0, its ledger adds up to 405")],
        ),
        (
            "DELETE FROM user_xp_summaries",
            [
                (3, SUMMARY, 1, "total_xp is 0, its ledger adds up to 520"),
                (3, SUMMARY, 1, "available_points is 0, its ledger adds up to 405"),
            ],
        ),
        (
            "UPDATE user_xp_summaries SET celebrated_xp = 521",
            [(3, SUMMARY, 1, "was congratulated on 521 XP, and has 520")],
        ),
        (f"{LEDGER} xp = 501 WHERE id = 1", [(3, SUMMARY, 1, "total_xp is 520, its ledger adds up to 521")]),
        (
            f"{LEDGER} points = 499 WHERE id = 1",
            [(3, SUMMARY, 1, "available_points is 405, its ledger adds up to 404")],
        ),
        (
            "UPDATE reward_redemptions SET points_spent = 49 WHERE id = 1",
            [(3, REDEMPTION, 1, "moved -50 points instead of -49")],
        ),
        (
            f"{LEDGER} source_key = 'redemption:99' WHERE id = 5",
            [
                (3, REDEMPTION, 2, "moved 0 points instead of -50"),
                (3, ROWS, 5, "is for redemption:99, which is not in reward_redemptions"),
            ],
        ),
        (
            "UPDATE reward_redemptions SET status = 'fulfilled' WHERE id = 3",
            [
                (3, REDEMPTION, 3, "moved 0 points instead of -50"),
                (4, REDEMPTION, 3, "has 1 pieces returned"),
            ],
        ),
        (
            "UPDATE reward_redemptions SET status = 'rejected', handled_at = created_at WHERE id = 1",
            [
                (3, REDEMPTION, 1, "moved -50 points instead of 0"),
                (4, REDEMPTION, 1, "has 0 pieces returned"),
            ],
        ),
        (
            "DELETE FROM xp_transactions WHERE id = 8",
            [
                (3, SUMMARY, 1, "total_xp is 520, its ledger adds up to 510"),
                (3, SUMMARY, 1, "available_points is 405, its ledger adds up to 400"),
                (3, "user_achievements", 1, "has no row in the ledger"),
            ],
        ),
        (
            f"{LEDGER} source_key = 'achievement:9' WHERE id = 8",
            [
                (3, "user_achievements", 1, "has no row in the ledger"),
                (3, ROWS, 8, "is for achievement:9, which is not in user_achievements"),
            ],
        ),
        (
            "DELETE FROM user_achievements",
            [(3, ROWS, 8, "is for achievement:1, which is not in user_achievements")],
        ),
        (
            "UPDATE user_achievements SET user_id = 2",
            [
                (3, "user_achievements", 1, "has no row in the ledger"),
                (3, ROWS, 8, "is for achievement:1, which is not in user_achievements"),
            ],
        ),
        (
            "DELETE FROM reward_redemptions WHERE id = 2",
            [(3, ROWS, 5, "is for redemption:2, which is not in reward_redemptions")],
        ),
        (
            "UPDATE rewards SET stock = 5 WHERE id = 1",
            [(4, REWARD, 1, "has 5 in stock, its entries add up to 1")],
        ),
        (
            "UPDATE rewards SET stock = NULL WHERE id = 1",
            [(4, REWARD, 1, "has 0 in stock, its entries add up to 1")],
        ),
        (
            "UPDATE stock_entries SET change = 4 WHERE kind = 'set'",
            [(4, REWARD, 1, "has 1 in stock, its entries add up to 2")],
        ),
        (
            "DELETE FROM stock_entries WHERE redemption_id = 1",
            [
                (4, REWARD, 1, "has 1 in stock, its entries add up to 2"),
                (4, REDEMPTION, 1, "has 0 pieces taken"),
            ],
        ),
        (
            "UPDATE stock_entries SET reward_id = 2 WHERE redemption_id = 2",
            [
                (4, REWARD, 1, "has 1 in stock, its entries add up to 2"),
                (4, REWARD, 2, "has 0 in stock, its entries add up to -1"),
                (4, REDEMPTION, 2, "has 0 pieces taken"),
            ],
        ),
    ],
)
def test_what_does_not_agree_is_named(app: Flask, statement: str, faults: Named) -> None:
    a_full_life()
    tamper(statement)
    assert told() == faults
    answer = app.test_cli_runner().invoke(args=["check-invariants"])
    assert answer.exit_code == 1
    for book, table, row_id, what in faults:
        assert f"book {book}: {table} {row_id} {what}\n" in answer.output


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("DELETE FROM xp_refusals", "workout:2026-03-02T07:00:00+00:00"),
        (f"{LEDGER} source_key = 'else' WHERE id = 1", "workout:2026-03-02T12:00:00+00:00"),
        (f"{LEDGER} source_key = 'else' WHERE id = 2", "checkin:2026-03-02"),
        (f"{LEDGER} source_key = 'else' WHERE id = 3", "undo:checkin:2026-03-02"),
    ],
)
def test_an_event_that_was_settled_without_a_decision_is_named(app: Flask, statement: str, entry: str) -> None:
    a_full_life()
    tamper(statement)
    assert told() == [(6, "outbox_events", event_of(entry), f"is settled, but nothing was decided on {entry}")]
    assert app.test_cli_runner().invoke(args=["loyalty", "reconcile"]).exit_code == 1


@pytest.mark.parametrize("is_set_aside", [True, False])
def test_an_event_that_waits_or_was_set_aside_needs_no_decision_yet(is_set_aside: bool) -> None:
    make.workout(make.user())
    if is_set_aside:
        with unit_of_work():
            db.session.execute(update(OutboxEvent).values(set_aside_at=NOW))
    assert told() == []


def test_what_was_deleted_before_it_was_paid_is_decided_too() -> None:
    client = make.user()
    workout = make.workout(client)
    with unit_of_work():
        activity.remove(client, "workout", workout.id, now=NOW)
        db.session.execute(
            update(OutboxEvent)
            .where(OutboxEvent.key.not_like("%undo%"))
            .values(due_at=NOW.replace(year=2100), stream="another")
        )
    assert outbox.drain(activity.TOPIC) == 1
    assert told() == []


LEVELS = (0, 100, 500, 9000)


@pytest.mark.parametrize(
    ("level", "told_as"), [("NULL", "none"), ("1", "1"), ("2", "2"), ("4", "4")], ids=["none", "first", "second", "top"]
)
def test_whoever_stands_on_a_level_that_is_not_theirs_is_named(app: Flask, level: str, told_as: str) -> None:
    make.levels(*LEVELS)
    client = a_full_life()
    outbox.drain("levels")
    assert told() == []
    tamper(f"UPDATE user_xp_summaries SET current_level_id = {level} WHERE user_id = {client.id}")  # noqa: S608
    assert told() == [(3, SUMMARY, client.id, f"stands on level {told_as} instead of 3")]
    assert app.test_cli_runner().invoke(args=["loyalty", "reconcile"]).exit_code == 1


def test_while_everybody_is_still_being_put_on_their_level_nobody_stands_wrong() -> None:
    client_id = make.rich_client(500).id
    with unit_of_work():
        ladder.create(LevelDetails("First", 1, 100), actor=SYSTEM, now=NOW)
    assert db.session.get_one(XpSummary, client_id, populate_existing=True).level is None
    assert told() == []
    outbox.drain(ladder.TOPIC)
    assert told() == []
    tamper("UPDATE user_xp_summaries SET current_level_id = NULL")
    assert told() == [(3, SUMMARY, client_id, "stands on level none instead of 1")]


@pytest.mark.parametrize("is_settled", [True, False])
def test_a_log_whose_event_is_gone_is_named_unless_it_was_decided(
    monkeypatch: pytest.MonkeyPatch, is_settled: bool
) -> None:
    monkeypatch.setattr(books, "AT_ONCE", 2)
    client = make.user()
    logs = [make.workout(client, at=NOW - timedelta(minutes=each), now=NOW) for each in range(5)]
    if is_settled:
        make.settled()
    assert told() == []
    tamper(f"DELETE FROM outbox_events WHERE key = 'xp:1:{logs[3].source}'")  # noqa: S608
    lost = (6, "workout_logs", logs[3].id, f"has no event: nothing will be decided on {logs[3].source}")
    assert told() == ([] if is_settled else [lost])


@pytest.mark.parametrize("kind", ["checkin", "meal"])
def test_check_ins_and_meals_are_looked_after_too(kind: str) -> None:
    client = make.user()
    if kind == "meal":
        with unit_of_work():
            log: Log = activity.log_meal(client, eaten_at=NOW, meal=Meal.LUNCH, now=NOW)
    else:
        log = make.checkin(client)
    tamper("DELETE FROM outbox_events")
    assert told() == [(6, log.__tablename__, log.id, f"has no event: nothing will be decided on {log.source}")]


def test_more_taken_back_than_was_paid_is_named() -> None:
    client, admin = make.rich_client(50), make.user(role="admin")
    redemption, log_id = make.redemption(client), db.session.scalars(select(WorkoutLog.id)).one()
    with unit_of_work():
        activity.remove(client, "workout", log_id, now=NOW)
    make.settled()
    with unit_of_work():
        redeeming.reject(redemption.id, admin, notes="No", actor=SYSTEM, now=NOW)
    assert told() == []
    tamper("UPDATE xp_transactions SET points = -51 WHERE kind = 'adjustment'")
    assert told()[1:] == [(3, ROWS, 3, "took back 1 points more than were paid")]
