"""Redeeming rewards, and handling what was redeemed. Callers own the transaction; mail goes after it.

Locks, always in this order: the users (shared, so that clients keep their coach), the redemption, the client's summary,
the reward. Points and stock are taken by conditional updates, the hot row last; one press of a button is one
redemption by its unique key.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity.rules import date_in
from app.audit import service as audit
from app.audit.service import Actor
from app.config import settings
from app.errors import NotFound, not_shown
from app.kit.db import db, insert
from app.kit.text import is_blank, is_writable
from app.loyalty import keeping, ledger, refunds
from app.loyalty.errors import (
    AlreadyHandled,
    ButtonReused,
    ButtonUnknown,
    CostChanged,
    NotEnoughPoints,
    OutOfStock,
    ReasonNeeded,
    RewardInactive,
)
from app.loyalty.keeping import Keeper
from app.loyalty.models import XpSummary
from app.loyalty.reward_models import (
    FULFILLED,
    PENDING,
    REJECTED,
    RETURNED,
    TAKEN,
    Reward,
    RewardRedemption,
    StockEntry,
)
from app.loyalty.rules import Moment
from app.messages import notices
from app.messages.notices import Told

LONGEST_KEY = 64
FRESH = {"populate_existing": True}


def redeem(user: User, reward_id: int, *, key: str, seen_cost: int | None = None, now: datetime) -> RewardRedemption:
    """Spend points on one piece of a reward. The same `key` again is the same redemption, told again.

    Raises NotFound, RewardInactive, OutOfStock, NotEnoughPoints, ButtonReused, ButtonUnknown (no key), and CostChanged
    where the client saw another cost.
    """
    if not (key.strip() and len(key) <= LONGEST_KEY and is_writable(key)):
        raise ButtonUnknown
    known = _pressed(user, key)
    if known is not None:
        return _same(known, reward_id)
    user = accounts.hold(user.id)[user.id]
    reward = _offered(user, reward_id)
    if seen_cost is not None and seen_cost != reward.points_cost:
        raise CostChanged(reward.points_cost)
    redemption = _press(user, reward, key, now)
    if redemption is None:
        return _same(_pressed(user, key), reward_id)
    _spend(user, redemption, now)
    _take_piece(reward, redemption, now)
    _ask_coach(user, reward, redemption, now)
    return redemption


def fulfil(redemption_id: int, handler: User, *, notes: str = "", actor: Actor, now: datetime) -> RewardRedemption:
    """The client has it, says their coach, or an admin. Raises NotFound (for what isn't theirs), AlreadyHandled."""
    redemption = _handle(redemption_id, handler, (FULFILLED, notes), actor, now)
    _tell_client(redemption, now)
    return redemption


def reject(redemption_id: int, handler: User, *, notes: str, actor: Actor, now: datetime) -> RewardRedemption:
    """Points and piece go back, and the client reads why. Raises NotFound, ReasonNeeded, AlreadyHandled.

    What the client has deleted since takes its points then, as it would have if they had been there (`refunds`).
    """
    if is_blank(notes):
        raise ReasonNeeded(field="coach_notes")
    redemption = _handle(redemption_id, handler, (REJECTED, notes), actor, now)
    taken = refunds.give_back(redemption, now)
    _return_piece(redemption, now)
    _tell_client(redemption, now, taken=taken)
    return redemption


def forget(user: User) -> None:
    """What was written to this user about what they redeemed goes with their name."""
    db.session.execute(update(RewardRedemption).where(RewardRedemption.user_id == user.id).values(coach_notes=""))


def _pressed(user: User, key: str) -> RewardRedemption | None:
    mine = select(RewardRedemption).where(RewardRedemption.user_id == user.id, RewardRedemption.idempotency_key == key)
    return db.session.scalar(mine, execution_options=FRESH)


def _same(known: RewardRedemption | None, reward_id: int) -> RewardRedemption:
    if known is None or known.reward_id != reward_id:
        raise ButtonReused
    return known


def _offered(user: User, reward_id: int) -> Reward:
    """Held as whatever refers to it holds it: it can be changed meanwhile, but not deleted."""
    seen = select(Reward).where(Reward.id == reward_id, keeping.shown_to(Reward, user.coach_id))
    held = seen.with_for_update(read=True, key_share=True)
    reward = db.session.scalar(held, execution_options=FRESH)
    if reward is None:
        raise not_shown(select(Reward.id).where(Reward.id == reward_id))
    if not reward.is_active:
        raise RewardInactive
    if reward.is_sold_out:
        raise OutOfStock
    return reward


def _press(user: User, reward: Reward, key: str, now: datetime) -> RewardRedemption | None:
    """None when its twin was faster; the unique key makes it wait for that one to end."""
    pressed = insert(RewardRedemption).values(
        user_id=user.id,
        reward_id=reward.id,
        idempotency_key=key,
        points_spent=reward.points_cost,
        status=PENDING,
        coach_notes="",
        created_at=now,
    )
    once = pressed.on_conflict_do_nothing(index_elements=["user_id", "idempotency_key"])
    return db.session.scalar(once.returning(RewardRedemption))


def _spend(user: User, redemption: RewardRedemption, now: datetime) -> None:
    """Raises NotEnoughPoints."""
    cost = redemption.points_spent
    spent = db.session.scalar(
        update(XpSummary)
        .where(XpSummary.user_id == user.id, XpSummary.available_points >= cost)
        .values(available_points=XpSummary.available_points - cost)
        .returning(XpSummary.user_id)
        .execution_options(synchronize_session=False)
    )
    if spent is None:
        points = db.session.scalar(select(XpSummary.available_points).where(XpSummary.user_id == user.id)) or 0
        raise NotEnoughPoints(max(1, cost - points))  # others may have come in the meantime
    details = {"redemption_id": redemption.id}
    moment = Moment(now, date_in(user.timezone, now))
    ledger.enter(
        [ledger.row(user.id, refunds.source_of(redemption), moment, kind="redemption", points=-cost, details=details)]
    )


def _take_piece(reward: Reward, redemption: RewardRedemption, now: datetime) -> None:
    """Raises RewardInactive, OutOfStock, CostChanged: it may have been changed since it was read."""
    left = db.session.execute(
        update(Reward)
        .where(
            Reward.id == reward.id,
            Reward.is_active,
            Reward.points_cost == redemption.points_spent,
            or_(Reward.stock.is_(None), Reward.stock > 0),
        )
        .values(stock=Reward.stock - 1)
        .returning(Reward.stock)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if left is None:
        db.session.refresh(reward)
        if reward.is_active and not reward.is_sold_out:
            raise CostChanged(reward.points_cost)
        raise OutOfStock if reward.is_active else RewardInactive
    _note_piece(redemption, TAKEN, 0 if left.stock is None else -1, now)


def _note_piece(redemption: RewardRedemption, kind: str, change: int, now: datetime) -> None:
    entry = {"reward_id": redemption.reward_id, "redemption_id": redemption.id, "kind": kind, "change": change}
    db.session.add(StockEntry(**entry, created_at=now))


def _ask_coach(user: User, reward: Reward, redemption: RewardRedemption, now: datetime) -> None:
    """Owe the coach a mail, or the admins where the client has no active coach."""
    coach = accounts.by_id(user.coach_id) if user.coach_id is not None else None
    has_coach = coach is not None and coach.is_active
    for each in [coach] if coach is not None and has_coach else accounts.active_admins():
        facts = {
            "client": user.name,
            "reward": reward.name,
            "points": redemption.points_spent,
            "link": f"{settings().base_url}/{each.role}/redemptions",
        }
        accounts.write_to(each, "redemption_asked", facts, key=f"redemption:{redemption.id}:{each.id}", now=now)


def _handle(
    redemption_id: int, handler: User, decision: tuple[str, str], actor: Actor, now: datetime
) -> RewardRedemption:
    """Decide on it, once: whoever comes second finds it handled. Raises NotFound, AlreadyHandled."""
    keeper, (status, notes) = keeping.keeper(handler), decision
    client_id = db.session.scalar(select(RewardRedemption.user_id).where(RewardRedemption.id == redemption_id))
    accounts.hold(handler.id, *([] if client_id is None else [client_id]))
    values = {"status": status, "coach_notes": notes.strip(), "handled_by_id": handler.id, "handled_at": now}
    handled = db.session.scalar(
        update(RewardRedemption)
        .where(RewardRedemption.id == redemption_id, RewardRedemption.status == PENDING, of(keeper))
        .values(**values)
        .returning(RewardRedemption)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if handled is None:
        _refuse_to_handle(redemption_id, keeper)
        raise NotFound
    audit.record(actor, f"redemption.{status}", "redemption", redemption_id, {"status": PENDING}, {"status": status})
    return handled


def _refuse_to_handle(redemption_id: int, keeper: Keeper) -> None:
    found = select(RewardRedemption).where(RewardRedemption.id == redemption_id)
    theirs = db.session.scalar(found.where(of(keeper)), execution_options=FRESH)
    if theirs is None:
        raise not_shown(found)
    handler = accounts.by_id(theirs.handled_by_id) if theirs.handled_by_id is not None else None
    raise AlreadyHandled(theirs.status, handler.name if handler else "")


def of(keeper: Keeper) -> ColumnElement[bool]:
    """Whose redemptions are theirs to handle: a coach's those of their clients, the admins' all."""
    if keeper.coach_id is None:
        return RewardRedemption.id.is_not(None)
    return RewardRedemption.user_id.in_(select(User.id).where(User.coach_id == keeper.coach_id))


def _return_piece(redemption: RewardRedemption, now: datetime) -> None:
    """What was taken of a stock goes back, unless there is no stock any more."""
    taken = select(-StockEntry.change).where(StockEntry.redemption_id == redemption.id, StockEntry.kind == TAKEN)
    pieces = db.session.scalar(taken) or 0
    has_stock = db.session.scalar(
        update(Reward)
        .where(Reward.id == redemption.reward_id, Reward.stock.is_not(None))
        .values(stock=Reward.stock + pieces)
        .returning(Reward.id)
        .execution_options(synchronize_session=False)
    )
    _note_piece(redemption, RETURNED, pieces if has_stock is not None else 0, now)


def _tell_client(redemption: RewardRedemption, now: datetime, *, taken: int = 0) -> None:
    """Here and by mail; also how many of the points that came back were taken for what had been deleted."""
    user, reward = accounts.get(redemption.user_id), db.session.get_one(Reward, redemption.reward_id)
    facts = {
        "reward": reward.name,
        "points": redemption.points_spent,
        "taken": taken,
        "notes": redemption.coach_notes,
        "link": f"{settings().base_url}/client/redemptions",
    }
    kind, key = f"redemption_{redemption.status}", f"redemption:{redemption.id}:{redemption.status}"
    if user.anonymised_at is None:
        notices.tell(Told(user.id, kind, key, facts), now)
    if user.is_active:
        accounts.write_to(user, kind, facts, key=key, now=now)
