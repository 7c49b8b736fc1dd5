"""Giving the points of a rejected redemption back. Callers own the transaction.

What was deleted while they were spent could not be taken back in full, since at most the balance is: so it is now, as
far as these points go. Nobody keeps points by spending them until their log is gone.
"""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity.rules import date_in
from app.kit.db import db
from app.loyalty import ledger, rules
from app.loyalty.models import XpTransaction
from app.loyalty.reward_models import RewardRedemption
from app.loyalty.rules import Moment, Short

REST = "rest:"


def source_of(redemption: RewardRedemption) -> str:
    """What the ledger calls it."""
    return f"redemption:{redemption.id}"


def give_back(redemption: RewardRedemption, now: datetime) -> int:
    """The points, by a row that reverses the one that took them; then what deletions since then have left undone.

    How many of them those took. Holds the client's summary, under which deletions are settled.
    """
    user = accounts.get(redemption.user_id)
    ledger.lock_balances([user.id])
    mine = (XpTransaction.user_id == user.id, XpTransaction.source_key == source_of(redemption))
    spent_id = db.session.scalars(select(XpTransaction.id).where(*mine)).one()
    moment, details = Moment(now, date_in(user.timezone, now)), {"redemption_id": redemption.id}
    refund = ledger.row(
        user.id,
        f"undo:{source_of(redemption)}",
        moment,
        kind="reversal",
        reverses_id=spent_id,
        points=redemption.points_spent,
        details=details,
    )
    rests = rules.rests(redemption.points_spent, _left_undone(user, spent_id))
    taken = [
        ledger.row(
            user.id,
            f"{REST}{source_of(redemption)}:{reversal_id}",
            moment,
            kind="adjustment",
            points=-points,
            details={**details, "reversal_id": reversal_id},
        )
        for reversal_id, points in rests
    ]
    ledger.add_up(ledger.enter([refund, *taken]))
    return sum(points for _reversal_id, points in rests)


def _left_undone(user: User, spent_id: int) -> list[Short]:
    """By which reversals since then fewer points were taken than had been paid, and how many are missing still.

    Ids tell what came first: a user's rows are written under the lock on their summary.
    """
    paid, reversal = aliased(XpTransaction), aliased(XpTransaction)
    missing = paid.points + reversal.points
    found = (
        select(reversal.id, missing)
        .join(paid, paid.id == reversal.reverses_id)
        .where(reversal.user_id == user.id, reversal.id > spent_id, paid.kind == "event", missing > 0)
        .order_by(reversal.id)
    )
    shorts = [(row[0], row[1]) for row in db.session.execute(found)]
    taken = _taken_since(user) if shorts else {}
    return [(reversal_id, points - taken.get(reversal_id, 0)) for reversal_id, points in shorts]


def taken_of(user_id: int) -> dict[int, int]:
    """How many of the points that came back went for what had been deleted, by redemption. One statement."""
    return _rests(user_id, by="redemption_id")


def _taken_since(user: User) -> dict[int, int]:
    """What earlier refunds have given for each reversal."""
    return _rests(user.id, by="reversal_id")


def _rests(user_id: int, *, by: str) -> dict[int, int]:
    rests = select(XpTransaction.details, XpTransaction.points).where(
        XpTransaction.user_id == user_id,
        XpTransaction.kind == "adjustment",
        XpTransaction.source_key.startswith(REST, autoescape=True),
    )
    taken: dict[int, int] = defaultdict(int)
    for details, points in db.session.execute(rests):
        taken[details[by]] -= points
    return taken
