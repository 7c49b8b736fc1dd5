"""What ./run asks for before it opens: a database up to date, and the demo on a first start."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import demo
from app.accounts.models import User
from app.activity.models import DailyLog, MealLog, WorkoutLog
from app.catalog.models import Category, Product
from app.config import settings
from app.kit import outbox
from app.kit.db import db
from app.loyalty import books, conditions
from app.loyalty import service as loyalty
from app.loyalty.achievement_models import Achievement
from app.loyalty.conditions import Condition, Goal, Measures
from app.loyalty.models import XpTransaction
from app.loyalty.reward_models import Reward, RewardRedemption
from app.media import service as media
from app.messages.models import Mail
from app.offers.models import Conversion
from app.orders.models import Invoice
from app.payments import returns


def people() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(User)) or 0


def test_a_first_start_gets_the_demo_and_the_next_leaves_everything_alone(app: Flask) -> None:
    run = app.test_cli_runner()
    assert run.invoke(args=["prepare"]).exit_code == 0
    loaded = people()
    assert run.invoke(args=["prepare"]).exit_code == 0
    assert people() == loaded
    refused = run.invoke(args=["demo", "load"])
    assert refused.exit_code == 1
    assert "only for an empty database" in refused.output
    _is_a_believable_business()


def _is_a_believable_business() -> None:
    clients = db.session.scalars(select(User).where(User.role == "client")).all()
    assert len(clients) > 3
    assert set(demo.SIGN_INS) <= set(db.session.scalars(select(User.username)))
    active = select(func.count()).select_from(Product).where(Product.is_active)
    assert (db.session.scalar(active) or 0) >= 12
    assert {"design", "development", "hosting", "coaching"} <= set(db.session.scalars(select(Category.slug)))
    client = db.session.scalars(select(User).where(User.username == "client")).one()
    coach = db.session.scalars(select(User).where(User.username == "coach")).one()
    assert client.coach_id == coach.id
    assert loyalty.summary_of(client.id).total_xp > 0
    for kept in (Reward, Achievement):
        assert set(db.session.scalars(select(kept.coach_id))) == {None, coach.id}
    assert set(db.session.scalars(select(RewardRedemption.status))) == {"pending", "fulfilled", "rejected"}
    assert all(image and media.has(image) for image in db.session.scalars(select(Reward.image)))
    assert _earned_by_a_beginner() == []
    assert books.faults() == []
    _everybody_came_before_what_they_did(clients)
    _every_dish_fits_its_meal()
    _nothing_of_weeks_ago_still_waits()


def _everybody_came_before_what_they_did(clients: Sequence[User]) -> None:
    for when, whose in (
        (WorkoutLog.performed_at, WorkoutLog.client_id),
        (DailyLog.checked_at, DailyLog.client_id),
        (MealLog.eaten_at, MealLog.client_id),
        (XpTransaction.created_at, XpTransaction.user_id),
        (Invoice.created_at, Invoice.user_id),
        (Conversion.completed_at, Conversion.user_id),
    ):
        for client in clients:
            first = db.session.scalar(select(func.min(when)).where(whose == client.id))
            assert first is None or client.created_at < first, (client.username, str(when))


def _every_dish_fits_its_meal() -> None:
    eaten = {
        meal: set(db.session.scalars(select(MealLog.notes).where(MealLog.meal == meal, MealLog.notes != "")))
        for meal in ("breakfast", "lunch", "dinner")
    }
    assert all(eaten.values())
    assert sum(map(len, eaten.values())) == len(set.union(*eaten.values())), "nobody dines on oats"


def _nothing_of_weeks_ago_still_waits() -> None:
    assert set(db.session.scalars(select(Mail.state))) == {"sent"}
    waiting = {each.topic for each in outbox.backlog() if each.waiting}
    assert waiting <= {returns.TOPIC}, "the money of two refunds goes back by the next worker"


def _earned_by_a_beginner() -> list[Goal]:
    """What a first workout, a first meal and two check-ins would earn."""
    automatic = db.session.scalars(select(Achievement).where(Achievement.condition_type.is_not(None)))
    goals = [
        Goal(
            each.id, Condition(each.condition_type or ""), each.condition_value or 0, each.xp_reward, each.points_reward
        )
        for each in automatic
    ]
    assert goals
    return conditions.earned(goals, (), Measures(workout_count=1, checkin_count=2, streak_days=2, xp_total=45))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_production_begins_empty(app: Flask) -> None:
    usual = settings(app)
    app.extensions["settings"] = replace(usual, environment="production")
    try:
        assert app.test_cli_runner().invoke(args=["prepare"]).exit_code == 0
    finally:
        app.extensions["settings"] = usual
    assert people() == 0
