"""Logging what was done. Callers own the transaction; what it earns is an event in that same transaction.

Who awards for it registers for the topic `xp`; who goes by what is there now, for `achievements` too.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update

from app.accounts.models import User
from app.activity import rules, timeline
from app.activity.errors import AlreadyCheckedIn, AlreadyLogged, DateBeforeMove
from app.activity.models import LOGS, DailyLog, ExternalLog, Log, MealLog, WorkoutLog
from app.errors import not_shown
from app.kit import outbox
from app.kit.db import db, insert

TOPIC = "xp"
COUNTING = "achievements"
NOWHERE = "UTC"


def log_workout(  # noqa: PLR0913  (what a workout has)
    user: User,
    *,
    performed_at: datetime,
    title: str = "",
    duration_minutes: int | None = None,
    notes: str = "",
    now: datetime,
) -> WorkoutLog:
    """Raises InTheFuture, TooLongAgo, AlreadyLogged."""
    rules.check_moment(performed_at, zone=user.timezone, now=now, field="performed_at")
    workout = WorkoutLog(
        performed_at=performed_at,
        performed_on=rules.date_in(user.timezone, performed_at),
        title=title,
        duration_minutes=duration_minutes,
        notes=notes,
    )
    _keep(workout, user, field="performed_at", now=now)
    return workout


def log_checkin(  # noqa: PLR0913  (what a check-in has)
    user: User,
    *,
    on: date,
    mood: int | None = None,
    weight_grams: int | None = None,
    sleep_minutes: int | None = None,
    notes: str = "",
    now: datetime,
) -> DailyLog:
    """Raises InTheFuture, TooLongAgo, AlreadyCheckedIn, DateBeforeMove."""
    rules.check_date(on, zone=user.timezone, now=now, field="date")
    _check_move(user, on)
    checkin = DailyLog(
        checked_at=rules.moment_of_checkin(on, zone=user.timezone, now=now),
        checked_on=on,
        mood=mood,
        weight_grams=weight_grams,
        sleep_minutes=sleep_minutes,
        notes=notes,
    )
    _keep(checkin, user, field="date", now=now)
    return checkin


def log_meal(user: User, *, eaten_at: datetime, meal: rules.Meal, notes: str = "", now: datetime) -> MealLog:
    """Raises InTheFuture, TooLongAgo, AlreadyLogged."""
    rules.check_moment(eaten_at, zone=user.timezone, now=now, field="eaten_at")
    eaten_on = rules.date_in(user.timezone, eaten_at)
    eaten = MealLog(eaten_at=eaten_at, eaten_on=eaten_on, meal=str(meal), notes=notes)
    _keep(eaten, user, field="eaten_at", now=now)
    return eaten


def remove(user: User, kind: str, log_id: int, *, now: datetime) -> Log:
    """Delete one of the user's own logs; an event takes its points back. Raises NotFound."""
    model = LOGS[kind]
    log = db.session.scalar(select(model).where(model.id == log_id, model.client_id == user.id).with_for_update())
    if log is None:
        raise not_shown(select(model.id).where(model.id == log_id))
    db.session.delete(log)
    facts = {"takes_back": log.source}
    announce(user, _undoing(log.source), facts, at=now, on=rules.date_in(user.timezone, now), now=now)
    return log


def deletion_key(user_id: int, source: str) -> str:
    """How the outbox knows the deletion of this thing of the user, from the moment on in which it is deleted."""
    return _event_key(user_id, _undoing(source))


def blank(user: User) -> None:
    """Take what the user wrote, how they were and where out of their logs; what was done, and when, stays.

    The ids of other programs go altogether: they may be names, and nobody can send them again for somebody without one.
    """
    for model in LOGS.values():
        db.session.execute(update(model).where(model.client_id == user.id).values(notes="", timezone=NOWHERE))
    db.session.execute(update(WorkoutLog).where(WorkoutLog.client_id == user.id).values(title=""))
    how_they_were = {"mood": None, "weight_grams": None, "sleep_minutes": None}
    db.session.execute(update(DailyLog).where(DailyLog.client_id == user.id).values(how_they_were))
    db.session.execute(delete(ExternalLog).where(ExternalLog.client_id == user.id))


def _check_move(user: User, on: date) -> None:
    """After a change of zone the next check-in can't be for an earlier date than the last one made before it.

    The last on the calendar: a day that was back-dated after it doesn't open a way around.
    """
    last = timeline.moved_after(user)
    if last is not None and on < last:
        raise DateBeforeMove(field="date")


def _keep(log: Log, user: User, *, field: str, now: datetime) -> None:
    """Insert the log, and the event that says so. Its natural key is the guard, also against a double click."""
    log.client_id, log.timezone, log.created_at = user.id, user.timezone, now
    model = type(log)
    values = {name: getattr(log, name) for name in model.__mapper__.column_attrs.keys() if name != "id"}  # noqa: SIM118
    log_id = db.session.scalar(insert(model).values(values).on_conflict_do_nothing().returning(model.id))
    if log_id is None:
        raise (AlreadyCheckedIn if isinstance(log, DailyLog) else AlreadyLogged)(field=field)
    log.id = log_id
    if not announce(user, log.source, _facts(log, user, now), at=log.at, on=log.on, now=now):
        key = f"{COUNTING}:again:{log.kind}:{log.id}"  # it earns nothing, but is one more that is there
        outbox.put(COUNTING, key=key, payload={"client_id": user.id}, now=now)


def _facts(log: Log, user: User, now: datetime) -> dict[str, Any]:
    """What its event says. A check-in says how long the streak is with it, whatever becomes of the logs later."""
    facts: dict[str, Any] = {
        "event_key": log.event_key,
        "source": log.source,
        "metadata": {f"{log.__tablename__.removesuffix('s')}_id": log.id},
    }
    if isinstance(log, DailyLog):
        facts["streak_days"] = timeline.streak(user.id, today=rules.date_in(user.timezone, now)).days
    return facts


def announce(user: User, name: str, facts: dict[str, Any], *, at: datetime, on: date, now: datetime) -> bool:  # noqa: PLR0913
    """Note the event. False for a thing that was announced before: it earns nothing a second time."""
    payload = {
        "user_id": user.id,
        "occurred_at": at.isoformat(),
        "local_date": on.isoformat(),
        "logged_at": now.isoformat(),
        "logged_on": rules.date_in(user.timezone, now).isoformat(),
        **facts,
    }
    return outbox.put(TOPIC, key=_event_key(user.id, name), stream=f"user:{user.id}", payload=payload, now=now)


def _event_key(user_id: int, name: str) -> str:
    return f"{TOPIC}:{user_id}:{name}"


def _undoing(source: str) -> str:
    return f"undo:{source}"
