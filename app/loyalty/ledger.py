"""The ledger of XP and points, and the totals that it adds up to. Callers own the transaction.

Rows are only ever added, and the totals change with them. Whoever first reads and then pays holds the summaries.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Integer, Select, SQLColumnExpression, literal, select, update

from app.kit.db import among, db, given, insert, insert_new
from app.loyalty.models import Level, XpSummary, XpTransaction
from app.loyalty.rules import Moment

Paid = tuple[int, int, int]


def lock_balances(user_ids: Collection[int]) -> dict[int, int]:
    """Lock the users' summaries, in the order of their ids, and read their points. Whoever has none gets one."""
    locked = (
        select(XpSummary.user_id, XpSummary.available_points)
        .where(among(XpSummary.user_id, user_ids))
        .order_by(XpSummary.user_id)
        .with_for_update()
    )
    balances = _points(locked)
    if len(balances) < len(user_ids):
        open_summaries(set(user_ids) - balances.keys())
        balances = _points(locked)
    return balances


def _points(query: Select[int, int]) -> dict[int, int]:
    return {row.user_id: row.available_points for row in db.session.execute(query)}


def open_summaries(user_ids: Iterable[int]) -> None:
    """Begin with nothing, on the level that takes nothing, where there is one. Whoever has a summary keeps it."""
    level_id = db.session.scalar(level_at(literal(0)))
    nothing = {"total_xp": 0, "available_points": 0, "current_level_id": level_id, "celebrated_xp": 0}
    db.session.execute(
        insert(XpSummary).on_conflict_do_nothing(), [{"user_id": each, **nothing} for each in sorted(user_ids)]
    )


def row(user_id: int, source_key: str, moment: Moment, **values: Any) -> dict[str, Any]:
    """A row of the ledger to `enter`; `values` say its kind, what it gives, and for what."""
    nothing: dict[str, Any] = {"event_type_id": None, "reverses_id": None, "xp": 0, "points": 0, "details": {}}
    happened = {"occurred_at": moment.at, "occurred_on": moment.on}
    return {**nothing, "created_at": moment.at, **values, "user_id": user_id, "source_key": source_key, **happened}


def enter(rows: Iterable[dict[str, Any]]) -> list[Paid]:
    """Write ledger rows; what was written, as (user, XP, points). A thing that has its row already is passed over."""
    entries = list(rows)
    told = (XpTransaction.user_id, XpTransaction.xp, XpTransaction.points)
    written = insert_new(XpTransaction, entries, ("user_id", "source_key"), *told)
    return [(user_id, xp, points) for user_id, xp, points in written]


def add_up(paid: Iterable[Paid]) -> None:
    """Add what was written to the totals, and put everybody on the level that they have reached. One statement."""
    sums: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for user_id, xp, points in paid:
        sums[user_id] = (sums[user_id][0] + xp, sums[user_id][1] + points)
    if not sums:
        return
    rows = [{"user_id": user_id, "xp": xp, "points": points} for user_id, (xp, points) in sorted(sums.items())]
    gain = given("gain", rows, user_id=Integer, xp=Integer, points=Integer)
    total = XpSummary.total_xp + gain.c.xp
    db.session.execute(
        update(XpSummary)
        .where(XpSummary.user_id == gain.c.user_id)
        .values(
            total_xp=total,
            available_points=XpSummary.available_points + gain.c.points,
            current_level_id=level_at(total).correlate(XpSummary, gain).scalar_subquery(),
        )
        .execution_options(synchronize_session=False)
    )


def level_at(total_xp: SQLColumnExpression[int]) -> Select[int]:
    """The highest level that so many XP reach, held as a reference would hold it: it isn't deleted meanwhile.

    Of one that is being deleted in this moment the end is awaited, and then it isn't reached.
    """
    reached = select(Level.id).where(Level.xp_required <= total_xp).order_by(Level.xp_required.desc()).limit(1)
    return reached.with_for_update(read=True, key_share=True)
