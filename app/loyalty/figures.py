"""How the loyalty programme does, for those who run it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from app.accounts.models import User
from app.kit.db import db
from app.loyalty.achievement_models import UserAchievement
from app.loyalty.models import XpSummary, XpTransaction
from app.loyalty.reward_models import PENDING, REJECTED, RewardRedemption


@dataclass(frozen=True, slots=True)
class Figures:
    """What was awarded and redeemed.

    In the period: `awarded` XP, their `earners`, `achievements`, and `redemptions` that weren't rejected, and what they
    cost. Of all times: XP, active people who have any, achievements, and what is pending.
    `left_to_admins` is what has waited too long, and has no coach to look at it.
    """

    awarded: int
    earners: int
    awarded_ever: int
    people: int
    achievements: int
    achievements_ever: int
    redemptions: int
    points_spent: int
    pending: int
    pending_since: datetime | None
    left_to_admins: int


def figures(since: datetime, *, patience_until: datetime) -> Figures:
    """By when things happened; `left_to_admins` are those asked for before `patience_until`. One statement."""
    parts = [_ledger(since), _totals(), _achievements(since), _redemptions(since, patience_until)]
    together, *others = parts
    joined = select(*(column for part in parts for column in part.c)).select_from(together)
    for part in others:
        joined = joined.join(part, true())
    return Figures(*db.session.execute(joined).one())


def _ledger(since: datetime) -> Subquery:
    earned = func.coalesce(func.sum(XpTransaction.xp), 0), func.count(XpTransaction.user_id.distinct())
    return select(*earned).where(XpTransaction.occurred_at >= since, XpTransaction.xp > 0).subquery()


def _totals() -> Subquery:
    figures = func.coalesce(func.sum(XpSummary.total_xp), 0), func.count().filter(User.is_active)
    totals = select(*figures).select_from(XpSummary).join(User, User.id == XpSummary.user_id)
    return totals.where(XpSummary.total_xp > 0).subquery()


def _achievements(since: datetime) -> Subquery:
    return select(
        func.count().filter(UserAchievement.earned_at >= since).label("lately"), func.count().label("ever")
    ).subquery()


def _redemptions(since: datetime, patience_until: datetime) -> Subquery:
    asked = RewardRedemption
    client, coach = aliased(User), aliased(User)
    counts = and_(asked.created_at >= since, asked.status != REJECTED)
    pending = asked.status == PENDING
    has_no_coach = or_(coach.id.is_(None), ~coach.is_active)
    told = (
        func.count().filter(counts).label("asked"),
        func.coalesce(func.sum(asked.points_spent).filter(counts), 0).label("spent"),
        func.count().filter(pending).label("pending"),
        func.min(asked.created_at).filter(pending).label("pending_since"),
        func.count().filter(pending, has_no_coach, asked.created_at < patience_until).label("left_to_admins"),
    )
    of_coaches = select(*told).select_from(asked).join(client, client.id == asked.user_id)
    return of_coaches.outerjoin(coach, coach.id == client.coach_id).where(or_(pending, counts)).subquery()
