from datetime import date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from app.accounts.models import User
from app.activity import external, timeline
from app.activity import service as activity
from app.activity.errors import AlreadyLogged, DateBeforeMove, InTheFuture, TooLongAgo
from app.activity.models import DailyLog, ExternalLog, MealLog, WorkoutLog
from app.activity.rules import Meal
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
TODAY = NOW.date()


def count(model: type[WorkoutLog | DailyLog | MealLog | OutboxEvent]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def checkin(client: User, on: date, now: datetime = NOW) -> DailyLog:
    with unit_of_work():
        return activity.log_checkin(client, on=on, now=now)


def meal(client: User) -> MealLog:
    return activity.log_meal(client, eaten_at=NOW, meal=Meal.LUNCH, now=NOW)


def move(client: User, zone: str) -> None:
    with unit_of_work():
        client.timezone = zone


def test_a_log_and_its_event_are_one_transaction() -> None:
    client = make.user(timezone="Asia/Bangkok")
    with unit_of_work():
        workout = activity.log_workout(client, performed_at=NOW, title="Run", duration_minutes=30, now=NOW)
    [event] = db.session.scalars(select(OutboxEvent))
    assert (event.topic, event.stream, event.settled_at) == ("xp", f"user:{client.id}", None)
    assert event.payload == {
        "user_id": client.id,
        "event_key": "workout_logged",
        "source": "workout:2026-03-02T12:00:00+00:00",
        "occurred_at": "2026-03-02T12:00:00+00:00",
        "local_date": "2026-03-02",
        "logged_at": "2026-03-02T12:00:00+00:00",
        "logged_on": "2026-03-02",
        "metadata": {"workout_log_id": workout.id},
    }


def test_neither_log_nor_event_survive_a_failure() -> None:
    client = make.user()
    with pytest.raises(ZeroDivisionError), unit_of_work():
        activity.log_workout(client, performed_at=NOW, now=NOW)
        raise ZeroDivisionError
    assert (count(WorkoutLog), count(OutboxEvent)) == (0, 0)


def test_a_log_keeps_its_own_date_and_zone() -> None:
    client = make.user(timezone="Asia/Bangkok")
    with unit_of_work():
        activity.log_meal(client, eaten_at=NOW - timedelta(hours=18), meal=Meal.DINNER, now=NOW)
    [meal] = db.session.scalars(select(MealLog))
    assert (meal.timezone, meal.eaten_on) == ("Asia/Bangkok", date(2026, 3, 2))
    assert meal.eaten_at == NOW - timedelta(hours=18)


def test_the_same_workout_twice_is_refused() -> None:
    client = make.user()
    make.workout(client)
    with pytest.raises(AlreadyLogged) as refusal:
        make.workout(client)
    assert refusal.value.field == "performed_at"
    assert (count(WorkoutLog), count(OutboxEvent)) == (1, 1)


def test_two_clients_may_train_at_the_same_time() -> None:
    make.workout(make.user())
    make.workout(make.user())
    assert count(WorkoutLog) == 2


def test_two_meals_at_once_are_told_apart_by_their_name() -> None:
    client = make.user()
    with unit_of_work():
        activity.log_meal(client, eaten_at=NOW, meal=Meal.LUNCH, now=NOW)
        activity.log_meal(client, eaten_at=NOW, meal=Meal.SNACK, now=NOW)
        with pytest.raises(AlreadyLogged):
            activity.log_meal(client, eaten_at=NOW, meal=Meal.LUNCH, now=NOW)
    assert count(MealLog) == 2


def test_a_date_takes_one_checkin() -> None:
    client = make.user()
    checkin(client, TODAY)
    with pytest.raises(AlreadyLogged):
        checkin(client, TODAY, now=NOW + timedelta(hours=5))
    assert count(DailyLog) == 1


@pytest.mark.parametrize(("days", "error"), [(1, InTheFuture), (-3, TooLongAgo)])
def test_a_checkin_is_of_today_or_the_two_days_before(days: int, error: type[Exception]) -> None:
    client = make.user()
    with pytest.raises(error):
        checkin(client, TODAY + timedelta(days=days))
    checkin(client, TODAY - timedelta(days=2))
    assert count(DailyLog) == 1


def test_a_date_counts_once_whatever_the_zone() -> None:
    client = make.user(timezone="UTC")
    checkin(client, TODAY)
    move(client, "Pacific/Kiritimati")
    with pytest.raises(AlreadyLogged):
        checkin(client, TODAY)


def test_after_a_move_the_next_checkin_is_not_for_an_earlier_date() -> None:
    client = make.user(timezone="Pacific/Kiritimati")
    checkin(client, TODAY + timedelta(days=1))
    move(client, "UTC")
    with pytest.raises(DateBeforeMove):
        checkin(client, TODAY)
    checkin(client, TODAY + timedelta(days=2), now=NOW + timedelta(days=2))
    assert count(DailyLog) == 2


def test_deleting_a_log_notes_that_its_points_are_to_be_taken_back() -> None:
    client = make.user()
    workout = make.workout(client)
    with unit_of_work():
        activity.remove(client, "workout", workout.id, now=NOW)
    assert count(WorkoutLog) == 0
    [_, undo] = db.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))
    assert undo.payload["takes_back"] == workout.source


def test_the_same_thing_logged_again_is_not_announced_again() -> None:
    client = make.user()
    workout = make.workout(client)
    with unit_of_work():
        activity.remove(client, "workout", workout.id, now=NOW)
    again = make.workout(client)
    assert again.id != workout.id
    assert list(db.session.scalars(select(OutboxEvent.topic).order_by(OutboxEvent.id))) == ["xp", "xp", "achievements"]


def test_nobody_deletes_what_is_not_theirs() -> None:
    workout, other = make.workout(make.user()), make.user()
    with pytest.raises(NotFound), unit_of_work():
        activity.remove(other, "workout", workout.id, now=NOW)
    assert count(WorkoutLog) == 1


def test_the_timeline_has_all_kinds_newest_first_in_pages() -> None:
    client = make.user()
    make.workout(client, at=NOW - timedelta(hours=3), title="Row", duration_minutes=20)
    make.workout(make.user())
    with unit_of_work():
        activity.log_meal(client, eaten_at=NOW - timedelta(hours=2), meal=Meal.LUNCH, notes="Soup", now=NOW)
        activity.log_checkin(client, on=TODAY, mood=4, weight_grams=70_500, sleep_minutes=450, now=NOW)
    page = timeline.recent(client.id, size=2)
    assert [(each.kind, each.meal, each.mood, each.sleep_minutes) for each in page.items] == [
        ("checkin", "", 4, 450),
        ("meal", "lunch", None, None),
    ]
    assert (page.total, page.pages) == (3, 2)
    [last] = timeline.recent(client.id, number=9, size=2).items
    assert (last.title, last.duration_minutes, last.at) == ("Row", 20, NOW - timedelta(hours=3))
    assert last.source == "workout:2026-03-02T09:00:00+00:00"


def test_a_streak_is_read_from_the_checkins() -> None:
    client = make.user()
    for back in (2, 1):
        checkin(client, TODAY - timedelta(days=back))
    assert timeline.streak(client.id, today=TODAY).days == 2
    assert not timeline.streak(client.id, today=TODAY).has_today


def test_what_a_client_wrote_can_be_blanked() -> None:
    client, other = make.user(timezone="Asia/Bangkok"), make.user()
    make.workout(client, title="Run with Ada", notes="Her knee hurt")
    make.checkin(client, mood=1, weight_grams=71_500, sleep_minutes=180, notes="Sad")
    for each in (client, other):
        with unit_of_work():
            external.once(each, "meal", "ada@home", partial(meal, each), now=NOW)
    with unit_of_work():
        activity.blank(client)
    db.session.expire_all()
    [workout] = db.session.scalars(select(WorkoutLog))
    assert (workout.title, workout.notes, workout.performed_at, workout.timezone) == ("", "", NOW, "UTC")
    [day] = db.session.scalars(select(DailyLog))
    assert (day.mood, day.weight_grams, day.sleep_minutes, day.notes, day.timezone) == (None, None, None, "", "UTC")
    assert list(db.session.scalars(select(ExternalLog.client_id))) == [other.id]
