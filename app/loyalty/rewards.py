"""Keeping rewards and their stock: the coaches their own, admins everybody's. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy import delete as delete_from

from app.audit.service import Actor
from app.kit.db import db
from app.loyalty import keeping
from app.loyalty.keeping import Keeper
from app.loyalty.reward_models import REJECTED, SET, Reward, RewardRedemption, StockEntry

MOST_STOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class RewardDetails:
    """All that its keeper decides about a reward. Without a stock it never runs out."""

    name: str
    points_cost: int
    description: str = ""
    stock: int | None = None
    is_active: bool = True
    image: str | None = None


def listed(keeper: Keeper, *, search: str = "", status: str = "") -> Select[Reward]:
    """What a keeper sees: their own, and everybody's. `status` is `active`, `inactive`, `sold_out` or empty."""
    query = select(Reward).where(keeping.shown_to(Reward, keeper.coach_id))
    if search:
        query = query.where(keeping.mentions(Reward, search))
    if status == "sold_out":
        query = query.where(Reward.stock == 0)
    elif status:
        query = query.where(Reward.is_active == (status == "active"))
    own_first = Reward.coach_id.is_(None)
    return query.order_by(own_first, Reward.is_active.desc(), Reward.points_cost, Reward.id)


def offered(coach_id: int | None) -> Select[Reward]:
    """What clients of this coach can redeem, the cheapest first."""
    seen = select(Reward).where(keeping.shown_to(Reward, coach_id), Reward.is_active)
    return seen.order_by(Reward.points_cost, Reward.id)


def goal(coach_id: int | None, points: int) -> Reward | None:
    """The dearest that these points buy a client of this coach, else the nearest; nothing that has run out.

    One statement.
    """
    in_stock = or_(Reward.stock.is_(None), Reward.stock > 0)
    nearest = (Reward.points_cost > points, func.abs(Reward.points_cost - points), Reward.id)
    return db.session.scalar(offered(coach_id).where(in_stock).order_by(None).order_by(*nearest).limit(1))


def one(reward_id: int, keeper: Keeper) -> Reward:
    """One that the keeper may change. Raises NotFound."""
    return keeping.one(Reward, reward_id, keeper)


def create(details: RewardDetails, keeper: Keeper, *, actor: Actor, now: datetime) -> Reward:
    """A new reward, with the first entry of its stock."""
    made = Reward(**asdict(details), coach_id=keeper.coach_id, version=1, created_at=now, updated_at=now)
    db.session.add(made)
    db.session.flush()
    _note_stock(made, details.stock or 0, now)
    keeping.note(actor, "created", made, after=asdict(details))
    return made


def change(  # noqa: PLR0913
    reward_id: int,
    details: RewardDetails,
    keeper: Keeper,
    *,
    seen_stock: int | None = None,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Reward:
    """Raises NotFound, Stale.

    Who saw a stock of 5 (`seen_stock`) and makes it 8 adds three pieces, whatever was redeemed meanwhile; what was left
    as it was seen stays as it is. Taking away ends at 0, adding at MOST_STOCK.
    """
    changed = keeping.hold(Reward, reward_id, keeper, version=version)
    before = changed.stock
    if details.stock is not None and before is not None and seen_stock is not None:
        stock = min(max(0, before + details.stock - seen_stock), MOST_STOCK)
        details = RewardDetails(**{**asdict(details), "stock": stock})
    if keeping.rewrite(changed, details, actor):
        changed.updated_at = now
        _note_stock(changed, (details.stock or 0) - (before or 0), now)
    return changed


def set_active(reward_id: int, keeper: Keeper, *, is_active: bool, actor: Actor, now: datetime) -> Reward:
    """Raises NotFound."""
    changed = keeping.hold(Reward, reward_id, keeper)
    details = keeping.state(changed, RewardDetails) | {"is_active": is_active}
    if keeping.rewrite(changed, RewardDetails(**details), actor):
        changed.updated_at = now
    return changed


def delete(reward_id: int, keeper: Keeper, *, actor: Actor, now: datetime) -> bool:
    """Delete it, or, where somebody has redeemed it, deactivate it. Whether it is gone. Raises NotFound."""
    gone = keeping.hold(Reward, reward_id, keeper, to_delete=True)
    its_stock = delete_from(StockEntry).where(StockEntry.reward_id == gone.id, StockEntry.redemption_id.is_(None))
    is_gone = keeping.remove(gone, keeping.state(gone, RewardDetails), actor, its_stock)
    if not is_gone:
        set_active(reward_id, keeper, is_active=False, actor=actor, now=now)
    return is_gone


def redeemed(reward_ids: Sequence[int]) -> dict[int, int]:
    """How often each of these was redeemed and not rejected. One statement."""
    counted = select(RewardRedemption.reward_id, func.count()).group_by(RewardRedemption.reward_id)
    live = (RewardRedemption.reward_id.in_(reward_ids), RewardRedemption.status != REJECTED)
    return {reward_id: count for reward_id, count in db.session.execute(counted.where(*live))}  # noqa: C416


def _note_stock(reward: Reward, difference: int, now: datetime) -> None:
    if difference:
        db.session.add(StockEntry(reward_id=reward.id, kind=SET, change=difference, created_at=now))
