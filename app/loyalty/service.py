"""What others may ask of loyalty. Callers own the transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, func, literal, null, select, union_all, update

from app.accounts.models import User
from app.activity.service import deletion_key
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.loyalty import ledger
from app.loyalty.models import EventType, Level, XpRefusal, XpSummary, XpTransaction
from app.loyalty.rules import Reason, Rung, Terms


def open_summary(user: User) -> None:
    """Give a new client the summary that their XP will be added to."""
    if user.role == "client":
        ledger.open_summaries([user.id])


def summary_of(user_id: int) -> XpSummary:
    """The user's totals; all zero for somebody who never had any."""
    found = db.session.get(XpSummary, user_id)
    return found or XpSummary(user_id=user_id, total_xp=0, available_points=0, celebrated_xp=0)


def levels() -> list[Rung]:
    """All levels, from the lowest."""
    rungs = select(Level.level_number, Level.name, Level.xp_required, Level.icon, Level.image).order_by(
        Level.xp_required
    )
    return [Rung(*row) for row in db.session.execute(rungs)]


def levels_and_terms() -> tuple[list[Rung], dict[str, Terms]]:
    """All levels, from the lowest, and what each type of event gives, by its key. One statement."""
    columns = (EventType.id, EventType.key, EventType.xp_amount, EventType.points_amount, EventType.is_active)
    terms = select(*columns, EventType.cooldown_hours, EventType.daily_limit, null(), null())
    rungs = select(Level.level_number, Level.name, Level.xp_required, *[null()] * 4, Level.icon, Level.image)
    both: CompoundSelect[Any] = union_all(terms, rungs)
    rows = db.session.execute(both).all()
    levels = [Rung(*row[:3], *row[7:]) for row in rows if row[4] is None]
    return sorted(levels, key=lambda rung: rung.xp_required), {
        row[1]: Terms(*row[:7]) for row in rows if row[4] is not None
    }


def mark_celebrated(user_id: int, level_number: int) -> None:
    """The user has seen that they reached this level. One that they haven't reached will still be celebrated.

    Reached is what their XP reach, as pages show it, also while they are still to be put on that level.
    """
    reached = (Level.level_number <= level_number, Level.xp_required <= summary_of(user_id).total_xp)
    xp = db.session.scalar(select(func.max(Level.xp_required)).where(*reached)) or 0
    db.session.execute(
        update(XpSummary)
        .where(XpSummary.user_id == user_id, XpSummary.celebrated_xp < xp)
        .values(celebrated_xp=xp)
        .execution_options(synchronize_session="evaluate")
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of something: what it earned, or the reason why it earned nothing."""

    xp: int
    points: int
    reason: Reason | None


def outcomes(user_id: int, sources: Collection[str]) -> dict[str, Outcome]:
    """What came of these things of the user. What is missing still waits for its worker.

    What had been deleted earns nothing where it was logged again, even while its deletion waits for a worker.
    """
    undone = {f"undo:{source}": source for source in sources}
    deletions = {deletion_key(user_id, source): source for source in sources}
    found: CompoundSelect[Any] = union_all(
        select(XpTransaction.source_key, XpTransaction.xp, XpTransaction.points, null()).where(
            XpTransaction.user_id == user_id, XpTransaction.source_key.in_([*sources, *undone])
        ),
        select(XpRefusal.source_key, literal(0), literal(0), XpRefusal.reason).where(
            XpRefusal.user_id == user_id, XpRefusal.source_key.in_(sources)
        ),
        select(OutboxEvent.key, literal(0), literal(0), null()).where(OutboxEvent.key.in_(deletions)),
    )
    told = {
        source: Outcome(xp, points, Reason(reason) if reason else None)
        for source, xp, points, reason in db.session.execute(found)
    }
    deleted = {source for name, source in (undone | deletions).items() if name in told}
    return {
        source: Outcome(0, 0, Reason.DELETED) if source in deleted else told[source]
        for source in sources
        if source in deleted or source in told
    }


def holds_points_for(user_id: int, source: str) -> bool:
    """Whether the thing gave points that weren't taken back yet."""
    moved = select(func.sum(XpTransaction.points)).where(
        XpTransaction.user_id == user_id, XpTransaction.source_key.in_([source, f"undo:{source}"])
    )
    return (db.session.scalar(moved) or 0) > 0
