"""Awarding achievements: by themselves when their condition is met, and by hand. Callers own the transaction.

Whoever evaluates holds the users' summaries, so that what the totals say stays true; that an achievement is earned once
is for the unique pair of user and achievement to keep.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import service as activity
from app.activity import timeline
from app.activity.models import DailyLog, WorkoutLog
from app.activity.rules import date_in
from app.audit import service as audit
from app.audit.service import Actor
from app.errors import not_shown
from app.kit import outbox
from app.kit.db import among, db, insert_new
from app.kit.outbox import OutboxEvent
from app.loyalty import conditions, ledger, streaks
from app.loyalty.achievement_models import AUTOMATIC, MANUAL, Achievement, UserAchievement
from app.loyalty.conditions import Condition, Goal, Measures
from app.loyalty.errors import AlreadyEarned, NotAwardable
from app.loyalty.models import XpSummary
from app.loyalty.rules import Moment
from app.messages import notices
from app.messages.notices import Told

TOPIC = activity.COUNTING
AT_ONCE = 500
Earned = tuple[int, int]  # a user, and an achievement


@dataclass(frozen=True, slots=True)
class _Person:
    """A client, as far as achievements are concerned."""

    id: int
    coach_id: int | None
    timezone: str


def evaluate(user_ids: Collection[int], now: datetime, *, streak_days: Mapping[int, int] | None = None) -> None:
    """Give these users, whose summaries are held, every automatic achievement that they meet and don't have.

    Whoever was shut out earns nothing meanwhile; when they are let in again, they are evaluated (`reconsider_client`).
    `streak_days` are streaks that they had when they checked in: what is worked off late counts as if it hadn't been.
    A fixed number of statements: two, while there is nothing that they could still earn.
    """
    people = _people(user_ids)
    goals = _goals_of(people)
    if not any(goals.values()):
        return
    held = _held(user_ids)
    still_open = {
        user_id: [goal for goal in theirs if goal.id not in held[user_id]] for user_id, theirs in goals.items()
    }
    measures = _measure(people, still_open, now, streak_days or {})
    newly = {user_id: conditions.earned(still_open[user_id], (), found) for user_id, found in measures.items()}
    pairs = [(user_id, goal.id) for user_id, found in sorted(newly.items()) for goal in found]
    _hand_over(pairs, people, now)


def award(coach: User, client_id: int, achievement_id: int, *, actor: Actor, now: datetime) -> Achievement:
    """A coach awards one of theirs, or a global one, to one of their clients by hand.

    Raises NotFound (for what isn't theirs), NotAwardable, AlreadyEarned.
    """
    client = accounts.hold_client(coach, client_id)
    achievement = _awardable(coach, achievement_id)
    ledger.lock_balances([client.id])
    person = _Person(client.id, client.coach_id, client.timezone)
    if not _hand_over([(client.id, achievement.id)], {client.id: person}, now, awarded_by_id=coach.id):
        raise AlreadyEarned
    audit.record(actor, "award", "achievement", achievement.id, after={"client_id": client.id})
    evaluate([client.id], now)
    return achievement


def reconsider(achievement: Achievement, now: datetime) -> None:
    """Let a new or changed achievement be evaluated, in the background, for everybody whom it concerns."""
    if achievement.is_active and achievement.type == AUTOMATIC:
        _put(achievement.id, f"{achievement.id}:{achievement.version}:{uuid.uuid4().hex[:8]}", after=0, now=now)


def reconsider_client(client: User, now: datetime) -> None:
    """Let a client be evaluated in the background.

    With another coach, or let in again, other achievements are theirs to earn.
    """
    name = f"client:{client.id}:{client.coach_id}:{uuid.uuid4().hex[:8]}"
    outbox.put(TOPIC, key=f"{TOPIC}:{name}", payload={"client_id": client.id}, now=now)


def evaluate_everybody(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """Evaluate the next few hundred clients whom an achievement concerns; the rest is a further event."""
    for event in batch:
        if "client_id" in event.payload:
            ledger.lock_balances([event.payload["client_id"]])
            evaluate([event.payload["client_id"]], now)
            continue
        achievement = db.session.get(Achievement, event.payload["achievement_id"], populate_existing=True)
        if achievement is None or not achievement.is_active:
            continue
        concerned = select(User.id).where(_can_earn(), User.id > event.payload["after"])
        if achievement.coach_id is not None:
            concerned = concerned.where(User.coach_id == achievement.coach_id)
        user_ids = list(db.session.scalars(concerned.order_by(User.id).limit(AT_ONCE)))
        if not user_ids:
            continue
        ledger.lock_balances(user_ids)
        evaluate(user_ids, now)
        _put(achievement.id, event.payload["name"], after=user_ids[-1], now=now)


def _put(achievement_id: int, name: str, *, after: int, now: datetime) -> None:
    payload = {"achievement_id": achievement_id, "name": name, "after": after}
    outbox.put(TOPIC, key=f"{TOPIC}:{name}:{after}", stream=f"achievement:{achievement_id}", payload=payload, now=now)


def _people(user_ids: Collection[int]) -> dict[int, _Person]:
    found = select(User.id, User.coach_id, User.timezone).where(among(User.id, user_ids), _can_earn())
    return {row.id: _Person(*row) for row in db.session.execute(found)}


def _can_earn() -> ColumnElement[bool]:
    """Clients who may sign in."""
    return (User.role == "client") & User.is_active


def _goals_of(people: Mapping[int, _Person]) -> dict[int, list[Goal]]:
    """The automatic achievements that each of them could earn: everybody's, and their coach's."""
    coaches = {person.coach_id for person in people.values() if person.coach_id is not None}
    columns = (
        Achievement.coach_id,
        Achievement.id,
        Achievement.condition_type,
        Achievement.condition_value,
        Achievement.xp_reward,
        Achievement.points_reward,
    )
    theirs = or_(Achievement.coach_id.is_(None), Achievement.coach_id.in_(coaches))
    of_coach: dict[int | None, list[Goal]] = defaultdict(list)
    found = select(*columns).where(Achievement.is_active, Achievement.type == AUTOMATIC, theirs)
    for coach_id, goal_id, condition, value, xp, points in db.session.execute(found):
        assert condition is not None and value is not None  # noqa: PT018  (CHECKs)
        of_coach[coach_id].append(Goal(goal_id, Condition(condition), value, xp, points))
    everybodys = of_coach[None]
    return {
        person.id: everybodys + (of_coach[person.coach_id] if person.coach_id is not None else [])
        for person in people.values()
    }


def _held(user_ids: Collection[int]) -> dict[int, set[int]]:
    held: dict[int, set[int]] = defaultdict(set)
    pairs = select(UserAchievement.user_id, UserAchievement.achievement_id)
    for user_id, achievement_id in db.session.execute(pairs.where(among(UserAchievement.user_id, user_ids))):
        held[user_id].add(achievement_id)
    return held


def measures_of(user: User, now: datetime) -> Measures:
    """What the client has done so far. Four statements."""
    everything = [Goal(0, condition, 1, 0, 0) for condition in Condition]
    return _measure({user.id: _Person(user.id, user.coach_id, user.timezone)}, {user.id: everything}, now, {})[user.id]


def _measure(
    people: Mapping[int, _Person], goals: Mapping[int, Iterable[Goal]], now: datetime, streak_days: Mapping[int, int]
) -> dict[int, Measures]:
    """What they have done, as far as their open goals ask for it. At most four statements."""
    wanted: dict[Condition, list[int]] = defaultdict(list)
    for user_id, theirs in goals.items():
        for condition in {goal.condition for goal in theirs}:
            wanted[condition].append(user_id)
    workouts = timeline.counts(WorkoutLog, wanted[Condition.WORKOUT_COUNT]) if wanted[Condition.WORKOUT_COUNT] else {}
    checkins = timeline.counts(DailyLog, wanted[Condition.CHECKIN_COUNT]) if wanted[Condition.CHECKIN_COUNT] else {}
    runs = timeline.runs(wanted[Condition.STREAK_DAYS]) if wanted[Condition.STREAK_DAYS] else {}
    totals = _totals(wanted[Condition.XP_TOTAL])
    return {
        user_id: Measures(
            workout_count=workouts.get(user_id, 0),
            streak_days=max(
                streaks.length(runs.get(user_id, ()), today=date_in(people[user_id].timezone, now)),
                streak_days.get(user_id, 0),
            ),
            xp_total=totals.get(user_id, 0),
            checkin_count=checkins.get(user_id, 0),
        )
        for user_id, theirs in goals.items()
        if theirs
    }


def _totals(user_ids: Collection[int]) -> dict[int, int]:
    if not user_ids:
        return {}
    totals = select(XpSummary.user_id, XpSummary.total_xp).where(among(XpSummary.user_id, user_ids))
    return {row.user_id: row.total_xp for row in db.session.execute(totals)}


def _hand_over(
    pairs: Sequence[Earned], people: Mapping[int, _Person], now: datetime, *, awarded_by_id: int | None = None
) -> Sequence[Earned]:
    """Write down who has earned what, with its ledger rows and notices. The pairs that weren't there yet.

    What is deleted in this moment isn't earned; what isn't, stays until the end of the transaction.
    """
    given = _stay({achievement_id for _, achievement_id in pairs}) if pairs else {}
    rows = [
        {"user_id": user_id, "achievement_id": achievement_id, "awarded_by_id": awarded_by_id, "earned_at": now}
        for user_id, achievement_id in pairs
        if achievement_id in given
    ]
    if not rows:
        return []
    pair = (UserAchievement.user_id, UserAchievement.achievement_id)
    new = [(row[0], row[1]) for row in insert_new(UserAchievement, rows, ("user_id", "achievement_id"), *pair)]
    ledger.add_up(ledger.enter(_row(people[user_id], given[achievement_id], now) for user_id, achievement_id in new))
    notices.tell_all([_notice(user_id, given[achievement_id]) for user_id, achievement_id in new], now)
    return new


def _stay(achievement_ids: Collection[int]) -> dict[int, Achievement]:
    """Those of them that are still there, and stay until the transaction ends."""
    found = select(Achievement).where(Achievement.id.in_(achievement_ids)).order_by(Achievement.id)
    held = found.with_for_update(read=True, key_share=True)
    return {each.id: each for each in db.session.scalars(held, execution_options={"populate_existing": True})}


def _row(person: _Person, achievement: Achievement, now: datetime) -> dict[str, object]:
    return ledger.row(
        person.id,
        f"achievement:{achievement.id}",
        Moment(now, date_in(person.timezone, now)),
        kind="achievement",
        xp=achievement.xp_reward,
        points=achievement.points_reward,
        details={"achievement_id": achievement.id},
    )


def _notice(user_id: int, achievement: Achievement) -> Told:
    facts = {
        "achievement_id": achievement.id,
        "name": achievement.name,
        "xp": achievement.xp_reward,
        "points": achievement.points_reward,
        "icon": achievement.icon,
        "image": achievement.image,
    }
    return Told(user_id, "achievement_earned", f"achievement:{user_id}:{achievement.id}", facts)


def _awardable(coach: User, achievement_id: int) -> Achievement:
    """Held for sharing, so that it isn't deleted meanwhile. Raises NotFound, NotAwardable."""
    theirs = or_(Achievement.coach_id.is_(None), Achievement.coach_id == coach.id)
    found = select(Achievement).where(Achievement.id == achievement_id, theirs)
    achievement = db.session.scalar(found.with_for_update(read=True), execution_options={"populate_existing": True})
    if achievement is None:
        raise not_shown(select(Achievement.id).where(Achievement.id == achievement_id))
    if achievement.type != MANUAL or not achievement.is_active:
        raise NotAwardable
    return achievement
