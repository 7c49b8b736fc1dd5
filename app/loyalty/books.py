"""The books of XP, points and stock: whether totals are what ledgers add up to, and events decided. Repairs nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Integer,
    ScalarSelect,
    String,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from app.activity.models import LOGS, Log
from app.activity.service import TOPIC
from app.kit.books import Fault
from app.kit.db import db, given
from app.kit.outbox import OutboxEvent
from app.loyalty import ladder, refunds
from app.loyalty.achievement_models import UserAchievement
from app.loyalty.models import Level, XpRefusal, XpSummary, XpTransaction
from app.loyalty.reward_models import REJECTED, RETURNED, TAKEN, Reward, RewardRedemption, StockEntry

BALANCES, STOCK, EVENTS = 3, 4, 6
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """A total that isn't the sum of its ledger."""

    user_id: int
    what: str
    shown: int
    summed: int


def differences() -> list[Difference]:
    """Every total that isn't the sum of its ledger; nothing when the books are right. One statement."""
    names = ("user_id", "total_xp", "summed_xp", "points", "summed_points")
    shown = (XpSummary.user_id, XpSummary.total_xp, literal(0), XpSummary.available_points, literal(0))
    summed = (
        XpTransaction.user_id,
        literal(0),
        func.sum(XpTransaction.xp),
        literal(0),
        func.sum(XpTransaction.points),
    )
    both = union_all(
        select(*(column.label(name) for column, name in zip(shown, names, strict=True))),
        select(*(column.label(name) for column, name in zip(summed, names, strict=True))).group_by(
            XpTransaction.user_id
        ),
    ).subquery()
    user_id, *figures = both.c
    rows = db.session.execute(
        select(user_id, *(func.sum(each) for each in figures)).group_by(user_id).order_by(user_id)
    )
    found: list[Difference] = []
    for user, total_xp, summed_xp, points, summed_points in rows:
        if total_xp != summed_xp:
            found.append(Difference(user, "total_xp", int(total_xp), int(summed_xp)))
        if points != summed_points:
            found.append(Difference(user, "available_points", int(points), int(summed_points)))
    return found


def faults() -> list[Fault]:
    """Every row that contradicts books 3, 4 and 6."""
    return [
        *_wrong_totals(),
        *_wrong_levels(),
        *_congratulated_ahead(),
        *_overtaken(),
        *_unpaid_redemptions(),
        *_paid_for_nothing("redemption", RewardRedemption, RewardRedemption.id),
        *_unpaid_achievements(),
        *_paid_for_nothing("achievement", UserAchievement, UserAchievement.achievement_id),
        *_wrong_stock(),
        *_wrong_pieces(),
        *_undecided_events(),
        *_unheard_of_logs(),
    ]


def _wrong_totals() -> Iterator[Fault]:
    """Every balance is the sum of its ledger."""
    for each in differences():
        told = f"{each.what} is {each.shown}, its ledger adds up to {each.summed}"
        yield Fault(BALANCES, "user_xp_summaries", each.user_id, told)


def _wrong_levels() -> Iterator[Fault]:
    """Everybody stands on the highest level that their XP reach, unless they are still to be put there."""
    reached, stands_on = aliased(Level), aliased(Level)
    highest = select(func.max(reached.level_number)).where(reached.xp_required <= XpSummary.total_xp)
    should = func.coalesce(highest.correlate(XpSummary).scalar_subquery(), 0)
    stands = func.coalesce(stands_on.level_number, 0)
    is_under_way = select(OutboxEvent.id).where(OutboxEvent.topic == ladder.TOPIC, OutboxEvent.settled_at.is_(None))
    wrong = (
        select(XpSummary.user_id, stands.label("stands"), should.label("should"))
        .outerjoin(stands_on, stands_on.id == XpSummary.current_level_id)
        .where(stands != should, ~is_under_way.exists())
    )
    for row in db.session.execute(wrong.order_by(XpSummary.user_id)):
        told = f"stands on level {row.stands or 'none'} instead of {row.should or 'none'}"
        yield Fault(BALANCES, "user_xp_summaries", row.user_id, told)


def _congratulated_ahead() -> Iterator[Fault]:
    """Nobody was congratulated on more XP than they have: what they reach next would be no news to them."""
    ahead = select(XpSummary.user_id, XpSummary.total_xp, XpSummary.celebrated_xp)
    ahead = ahead.where(XpSummary.celebrated_xp > XpSummary.total_xp)
    for row in db.session.execute(ahead.order_by(XpSummary.user_id)):
        told = f"was congratulated on {row.celebrated_xp} XP, and has {row.total_xp}"
        yield Fault(BALANCES, "user_xp_summaries", row.user_id, told)


def _overtaken() -> Iterator[Fault]:
    """Of nothing more was taken back than it had paid, at once and when points came back later."""
    paid, reversal, rest = aliased(XpTransaction), aliased(XpTransaction), aliased(XpTransaction)
    of = rest.details["reversal_id"].as_integer()
    later = (
        select(rest.user_id, of.label("reversal_id"), func.sum(rest.points).label("points"))
        .where(rest.kind == "adjustment", rest.source_key.startswith(refunds.REST, autoescape=True))
        .group_by(rest.user_id, of)
        .subquery()
    )
    left = paid.points + reversal.points + func.coalesce(later.c.points, 0)
    wrong = (
        select(reversal.id, left.label("left"))
        .join(paid, paid.id == reversal.reverses_id)
        .outerjoin(later, (later.c.reversal_id == reversal.id) & (later.c.user_id == reversal.user_id))
        .where(paid.kind == "event", left < 0)
    )
    for row in db.session.execute(wrong.order_by(reversal.id)):
        yield Fault(BALANCES, "xp_transactions", row.id, f"took back {-int(row.left)} points more than were paid")


def _unpaid_redemptions() -> Iterator[Fault]:
    """Each redemption took its points, and gave them back where it was rejected."""
    source = literal("redemption:") + cast(RewardRedemption.id, String)
    mine = or_(XpTransaction.source_key == source, XpTransaction.source_key == literal("undo:") + source)
    summed = _sum(XpTransaction.points, XpTransaction.user_id == RewardRedemption.user_id, mine, of=RewardRedemption)
    owed = case((RewardRedemption.status == REJECTED, 0), else_=-RewardRedemption.points_spent)
    wrong = select(RewardRedemption.id, owed.label("owed"), summed.label("summed")).where(summed != owed)
    for row in db.session.execute(wrong.order_by(RewardRedemption.id)):
        told = f"moved {row.summed} points instead of {row.owed}"
        yield Fault(BALANCES, "reward_redemptions", row.id, told)


def _unpaid_achievements() -> Iterator[Fault]:
    """Each achievement that somebody has earned is a row of their ledger."""
    source = literal("achievement:") + cast(UserAchievement.achievement_id, String)
    paid = select(XpTransaction.id).where(
        XpTransaction.user_id == UserAchievement.user_id, XpTransaction.source_key == source
    )
    missing = select(UserAchievement.id).where(~paid.exists())
    for row_id in db.session.scalars(missing.order_by(UserAchievement.id)):
        yield Fault(BALANCES, "user_achievements", row_id, "has no row in the ledger")


def _paid_for_nothing(kind: str, model: Any, number: Any) -> Iterator[Fault]:
    """What the ledger says was redeemed or earned is there."""
    source = literal(f"{kind}:") + cast(number, String)
    there = select(model.id).where(model.user_id == XpTransaction.user_id, source == XpTransaction.source_key)
    gone = select(XpTransaction.id, XpTransaction.source_key).where(XpTransaction.kind == kind, ~there.exists())
    for row in db.session.execute(gone.order_by(XpTransaction.id)):
        told = f"is for {row.source_key}, which is not in {model.__tablename__}"
        yield Fault(BALANCES, "xp_transactions", row.id, told)


def _wrong_stock() -> Iterator[Fault]:
    """Stock is the sum of its entries."""
    summed = _sum(StockEntry.change, StockEntry.reward_id == Reward.id, of=Reward)
    stock = func.coalesce(Reward.stock, 0)
    wrong = select(Reward.id, stock.label("stock"), summed.label("summed")).where(stock != summed)
    for row in db.session.execute(wrong.order_by(Reward.id)):
        yield Fault(STOCK, "rewards", row.id, f"has {row.stock} in stock, its entries add up to {row.summed}")


def _wrong_pieces() -> Iterator[Fault]:
    """A piece is taken for each redemption, and returned for each that was rejected."""
    for kind, wanted in ((TAKEN, literal(1)), (RETURNED, case((RewardRedemption.status == REJECTED, 1), else_=0))):
        mine = (StockEntry.redemption_id == RewardRedemption.id, StockEntry.kind == kind)
        held = select(func.count()).where(*mine, StockEntry.reward_id == RewardRedemption.reward_id)
        pieces = held.correlate(RewardRedemption).scalar_subquery()
        wrong = select(RewardRedemption.id, pieces.label("pieces")).where(pieces != wanted)
        for row in db.session.execute(wrong.order_by(RewardRedemption.id)):
            yield Fault(STOCK, "reward_redemptions", row.id, f"has {row.pieces} pieces {kind}")


def _undecided_events() -> Iterator[Fault]:
    """What was settled was decided: paid or refused, and what was deleted taken back or never paid."""
    done, deleted = (OutboxEvent.payload[name].as_string() for name in ("source", "takes_back"))
    thing, entry = func.coalesce(done, deleted), func.coalesce(done, literal("undo:") + deleted)
    whose = OutboxEvent.payload["user_id"].as_integer()
    paid = select(XpTransaction.id).where(XpTransaction.user_id == whose, XpTransaction.source_key == entry)
    refused = select(XpRefusal.id).where(XpRefusal.user_id == whose, XpRefusal.source_key == thing)
    settled = (OutboxEvent.topic == TOPIC, OutboxEvent.settled_at.is_not(None))
    lost = select(OutboxEvent.id, entry.label("entry")).where(*settled, ~paid.exists(), ~refused.exists())
    for row in db.session.execute(lost.order_by(OutboxEvent.id)):
        yield Fault(EVENTS, "outbox_events", row.id, f"is settled, but nothing was decided on {row.entry}")


def _unheard_of_logs() -> Iterator[Fault]:
    """Each log has its event, waiting or settled, or was decided: nobody's workout is forgotten. By a thousand."""
    for model in LOGS.values():
        logs: Sequence[Log] = []
        while logs := db.session.scalars(_after(model, logs[-1].id if logs else 0)).all():
            yield from _unheard_of(logs)


def _after(model: type[Log], log_id: int) -> Any:
    return select(model).where(model.id > log_id).order_by(model.id).limit(AT_ONCE)


def _unheard_of(logs: Sequence[Log]) -> Iterator[Fault]:
    rows = [{"log_id": each.id, "user_id": each.client_id, "source": each.source} for each in logs]
    log = given("log", rows, log_id=Integer, user_id=Integer, source=String)
    key = literal(f"{TOPIC}:") + cast(log.c.user_id, String) + literal(":") + log.c.source
    told = select(OutboxEvent.id).where(OutboxEvent.key == key)
    paid, refused = (
        select(each.id).where(each.user_id == log.c.user_id, each.source_key == log.c.source)
        for each in (XpTransaction, XpRefusal)
    )
    lost = select(log.c.log_id, log.c.source).where(~told.exists(), ~paid.exists(), ~refused.exists())
    for row in db.session.execute(lost.order_by(log.c.log_id)):
        yield Fault(EVENTS, logs[0].__tablename__, row.log_id, f"has no event: nothing will be decided on {row.source}")


def _sum(what: Any, *which: Any, of: Any) -> ScalarSelect[Any]:
    return select(func.coalesce(func.sum(what), 0)).where(*which).correlate(of).scalar_subquery()
