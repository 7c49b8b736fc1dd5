"""Races for achievements, levels, programmes, and what devices send: once each, or in order."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import programs
from app.activity.models import WorkoutLog
from app.activity.program_models import ClientProgram
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.loyalty import achievements, awarding, ladder, ledger
from app.loyalty.achievement_models import Achievement
from app.loyalty.keeping import ADMINS
from app.loyalty.models import Level, XpSummary, XpTransaction
from tests import make
from tests.make import NOW
from tests.races import awarders, redeemers, workers
from tests.races.awarders import awarder, ender, evaluator, held, leveller, logger_of, mover, unleveller
from tests.races.redeemers import doing, faults, once_told, signal, telling
from tests.racing import (
    after_call,
    before_statement,
    both,
    race,
    unguarded_race,
    until_somebody_waits,
    without_unique,
)

KEY = ("user_achievements", "uq_user_achievements_user_id_achievement_id")
HANDING_OVER = before_statement("^INSERT INTO user_achievements", letting_go=True)
HELD = before_statement("^INSERT INTO user_achievements")
MOVED = after_call(awarders, "move")


def new_achievement() -> tuple[User, Achievement, list[OutboxEvent]]:
    """A client who has earned it already, and the event that has everybody evaluated."""
    client = make.user()
    make.workout(client)
    make.settled()
    made = make.achievement("workout_count", 1, xp_reward=30)
    events = db.session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "achievements")).all()
    return client, made, list(events)


def paid() -> list[int]:
    """The XP of every achievement in the ledger."""
    return list(db.session.scalars(select(XpTransaction.xp).where(XpTransaction.kind == "achievement")))


def test_an_achievement_that_two_workers_evaluate_is_earned_once(app: Flask) -> None:
    client, made, events = new_achievement()
    race(app, [evaluator(events)] * 2, hold=HELD)
    assert (held(), paid()) == ([(client.id, made.id)], [30])
    assert faults() == []


def test_without_the_lock_its_key_keeps_it_to_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "lock_balances", redeemers.read_balances_unlocked)
    client, made, events = new_achievement()
    unguarded_race(app, [evaluator(events)] * 2, hold=HANDING_OVER)
    assert (held(), paid()) == ([(client.id, made.id)], [30])


def test_without_lock_and_key_it_is_earned_twice_and_still_paid_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "lock_balances", redeemers.read_balances_unlocked)
    monkeypatch.setattr(awarding, "insert_new", awarders.insert_unkeyed)
    with without_unique(*KEY):
        client, made, events = new_achievement()
        unguarded_race(app, [evaluator(events)] * 2, hold=HANDING_OVER)
        assert (held(), paid()) == ([(client.id, made.id)] * 2, [30])


def test_two_workers_that_settle_different_events_of_a_client_award_once(app: Flask) -> None:
    made = make.achievement("workout_count", 1, xp_reward=30)
    client = make.user()
    for hours in range(2):
        make.workout(client, at=NOW - timedelta(hours=hours), now=NOW)
    events = [each for each in workers.waiting() if each.topic == "xp"]
    assert race(app, [workers.settle_again([each]) for each in events], hold=workers.WINDOW) == ["settled"] * 2
    assert (held(), paid()) == ([(client.id, made.id)], [30])
    assert faults() == []


def to_award() -> tuple[User, User, Achievement]:
    coach = make.user(role="coach")
    return coach, make.user(coach_id=coach.id), make.achievement(coach=coach, xp_reward=30)


def test_what_a_coach_awards_four_times_at_once_is_awarded_once(app: Flask) -> None:
    coach, client, made = to_award()
    outcomes = race(app, [awarder(coach, client, made)] * 4, hold=HELD)
    assert sorted(outcomes) == ["already_earned"] * 3 + ["awarded"]
    assert (held(), paid()) == ([(client.id, made.id)], [30])
    assert faults() == []


def test_without_lock_and_key_it_is_awarded_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "lock_balances", redeemers.read_balances_unlocked)
    monkeypatch.setattr(awarding, "insert_new", awarders.insert_unkeyed)
    with without_unique(*KEY):
        outcomes = unguarded_race(app, [awarder(*to_award())] * 2, hold=HANDING_OVER)
        assert outcomes == ["awarded"] * 2


def test_a_client_is_awarded_before_they_move_or_not_at_all(app: Flask) -> None:
    coach, client, made = to_award()
    outcomes = race(app, [awarder(coach, client, made), mover(client, make.user(role="coach"))], hold=both(HELD, MOVED))
    assert tuple(outcomes) in {("awarded", "moved with 1"), ("not_found", "moved with 0")}
    assert faults() == []


def test_unless_they_are_held_a_coach_awards_somebody_elses_client(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = signal()
    monkeypatch.setattr(accounts, "hold", telling(looked, awarders.read_users))
    coach, client, made = to_award()
    moving = once_told(looked, mover(client, make.user(role="coach")))
    outcomes = unguarded_race(app, [awarder(coach, client, made), moving], hold=both(HANDING_OVER, MOVED))
    assert outcomes == ["awarded", "moved with 0"]


def deleting(made: Achievement) -> redeemers.Contestant:
    achievement_id = made.id
    return doing(lambda: achievements.delete(achievement_id, ADMINS, actor=make.SYSTEM, now=NOW), "deleted")


def test_an_achievement_that_is_deleted_meanwhile_is_earned_and_kept_or_gone(app: Flask) -> None:
    client, made, events = new_achievement()
    assert race(app, [evaluator(events), deleting(made)], hold=both(HELD, after_call(achievements, "delete"))) == [
        "evaluated",
        "deleted",
    ]
    db.session.rollback()
    left = db.session.get(Achievement, made.id, populate_existing=True)
    assert held() == ([(client.id, made.id)] if left else [])
    assert faults() == []


def test_unless_it_is_held_the_evaluation_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = signal()
    monkeypatch.setattr(awarding, "_stay", telling(looked, awarders.read_achievements))
    _client, made, events = new_achievement()
    contestants = [evaluator(events), once_told(looked, deleting(made))]
    window = both(HANDING_OVER, after_call(achievements, "delete"))
    assert unguarded_race(app, contestants, hold=window) == ["the table refuses it", "deleted"]


def followed() -> tuple[User, ClientProgram]:
    coach = make.user(role="coach")
    return coach, make.followed(make.user(coach_id=coach.id), coach)


def announced() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(OutboxEvent)) or 0


@pytest.mark.parametrize("other", ["completed", "cancelled"])
def test_a_programme_ends_once(app: Flask, other: str) -> None:
    coach, program = followed()
    outcomes = race(
        app, [ender(coach, program, status) for status in ("completed", other) * 2],
        hold=before_statement("^UPDATE client_programs"),
    )  # fmt: skip
    [done] = [each for each in outcomes if each != "already_ended"]
    assert db.session.get_one(ClientProgram, program.id, populate_existing=True).status == done
    assert announced() == (done == "completed")
    make.settled()
    assert sum(db.session.scalars(select(XpTransaction.xp))) == (100 if done == "completed" else 0)


def test_unless_they_look_whether_it_still_runs_it_ends_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "end", awarders.end_unseen)
    coach, program = followed()
    window = before_statement("^UPDATE client_programs", letting_go=True)
    contestants = [ender(coach, program, status) for status in ("completed", "cancelled")]
    assert unguarded_race(app, contestants, hold=window) == ["completed", "cancelled"]


def workouts() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(WorkoutLog.id)))


def test_what_a_device_sends_eight_times_at_once_is_one_log_told_eight_times(app: Flask) -> None:
    client = make.user()
    window = before_statement("^INSERT INTO external_logs")
    outcomes = race(app, [logger_of(client, "run-1", NOW)] * 8, hold=window)
    assert outcomes == workouts() * 8
    assert announced() == 1


def test_without_the_key_of_its_id_it_is_logged_again_and_again(app: Flask) -> None:
    with without_unique("external_logs", "uq_external_logs_client_id_kind_external_id"):
        client = make.user()
        twins = [logger_of(client, "run-1", NOW - timedelta(minutes=each)) for each in range(3)]
        unguarded_race(app, twins, hold=before_statement("^INSERT INTO external_logs", letting_go=True))
        assert len(workouts()) == 3


def required() -> list[int]:
    """What the levels need, by their numbers."""
    db.session.rollback()
    return list(db.session.scalars(select(Level.xp_required).order_by(Level.level_number)))


def test_levels_that_two_admins_make_at_once_still_climb(app: Flask) -> None:
    make.levels(10, 100)
    window = after_call(ladder, "_check_place")
    outcomes = race(app, [leveller(3, 300), leveller(4, 200)], hold=window)
    assert sorted(outcomes) == ["levels_out_of_order", "made"]
    assert required() == sorted(required())


def test_unless_they_take_turns_the_levels_fall(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "take_turns", lambda _name: None)
    make.levels(10, 100)
    window = before_statement("^INSERT INTO levels", letting_go=True)
    assert unguarded_race(app, [leveller(3, 300), leveller(4, 200)], hold=window) == ["made"] * 2
    assert required() == [10, 100, 300, 200]


def reaching() -> tuple[User, Level, list[OutboxEvent]]:
    """A client who is about to reach a level."""
    _first, second = make.levels(10, 20)
    client = make.user()
    make.workout(client)
    return client, second, workers.waiting()


def level_of(client: User) -> int | None:
    db.session.rollback()
    level = db.session.get_one(XpSummary, client.id, populate_existing=True).level
    return level.level_number if level else None


def test_a_level_that_is_deleted_meanwhile_is_not_reached(app: Flask) -> None:
    client, second, events = reaching()
    outcomes = race(app, [workers.settle_again(events), unleveller(second.id)], hold=workers.WINDOW)
    assert outcomes == ["settled", "deleted"]
    assert level_of(client) == 1
    assert faults() == []


def raced_for_a_level_that_is_gone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> tuple[User, list[str]]:
    """A worker comes to it while its deletion isn't committed yet."""
    gone = signal()
    monkeypatch.setattr(ladder, "delete", telling(gone, ladder.delete))
    client, second, events = reaching()
    settle = redeemers.refused_by_the_table(workers.settle_again(events))
    contestants = [once_told(gone, settle), unleveller(second.id)]
    return client, race(app, contestants, hold=until_somebody_waits(ladder, "delete"))


def test_a_level_that_is_being_deleted_fails_nobody_who_would_have_reached_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, outcomes = raced_for_a_level_that_is_gone(app, monkeypatch)
    assert outcomes == ["settled", "deleted"]
    assert level_of(client) == 1
    assert faults() == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_unless_it_is_held_the_batch_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "level_at", awarders.level_at_unlocked)
    assert raced_for_a_level_that_is_gone(app, monkeypatch)[1] == ["the table refuses it", "deleted"]
