"""How the loyalty programme does, for those who run it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.kit.db import db
from app.loyalty.models import XpSummary, XpTransaction


@dataclass(frozen=True, slots=True)
class Figures:
    """XP awarded in a period and ever, people who earned in it, and all who have any XP."""

    awarded: int
    awarded_ever: int
    earners: int
    people: int


def figures(since: datetime) -> Figures:
    """By when things happened. Two statements."""
    recent = db.session.execute(
        select(func.coalesce(func.sum(XpTransaction.xp), 0), func.count(XpTransaction.user_id.distinct())).where(
            XpTransaction.occurred_at >= since, XpTransaction.xp > 0
        )
    ).one()
    ever = db.session.execute(
        select(func.coalesce(func.sum(XpSummary.total_xp), 0), func.count()).where(XpSummary.total_xp > 0)
    ).one()
    return Figures(awarded=int(recent[0]), awarded_ever=int(ever[0]), earners=int(recent[1]), people=int(ever[1]))
