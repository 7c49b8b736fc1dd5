"""What was redeemed, for reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, case, func, literal, or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.errors import not_shown
from app.kit.db import UtcDateTime, db
from app.kit.text import like
from app.loyalty.keeping import Keeper
from app.loyalty.redeeming import of
from app.loyalty.reward_models import PENDING, Reward, RewardRedemption

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)  # databases don't agree on where nothing is sorted


def to_handle(keeper: Keeper, *, status: str = "", search: str = "") -> Select[RewardRedemption]:
    """What is theirs to handle: first what is pending, the longest waiting first, then the rest, newest first."""
    query = _with_all_that_is_shown().where(of(keeper))
    if status:
        query = query.where(RewardRedemption.status == status)
    if search.strip():
        pattern = like(search.strip())
        named = (column.ilike(pattern, escape="\\") for column in (User.username, User.display_name, Reward.name))
        query = query.join(RewardRedemption.user).join(RewardRedemption.reward).where(or_(*named))
    pending_first = case((RewardRedemption.status == PENDING, 0), else_=1)
    handled_at = func.coalesce(RewardRedemption.handled_at, literal(BEFORE_ALL, UtcDateTime()))
    return query.order_by(pending_first, handled_at.desc(), RewardRedemption.id)


def of_client(user_id: int) -> Select[RewardRedemption]:
    """The client's own, newest first."""
    mine = _with_all_that_is_shown().where(RewardRedemption.user_id == user_id)
    return mine.order_by(RewardRedemption.id.desc())


def latest(user_id: int, *, most: int) -> Sequence[RewardRedemption]:
    """The first of them. One statement."""
    return db.session.scalars(of_client(user_id).limit(most)).all()


def one(redemption_id: int, keeper: Keeper) -> RewardRedemption:
    """As it is now. Raises NotFound."""
    query = _with_all_that_is_shown().where(RewardRedemption.id == redemption_id)
    found = db.session.scalar(query.where(of(keeper)), execution_options={"populate_existing": True})
    if found is None:
        raise not_shown(select(RewardRedemption.id).where(RewardRedemption.id == redemption_id))
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many redemptions are pending, and since when the oldest."""

    count: int
    oldest_at: datetime | None


def waiting(keeper: Keeper) -> Waiting:
    """What is theirs to handle. One statement."""
    pending = select(func.count(), func.min(RewardRedemption.created_at))
    row = db.session.execute(pending.where(RewardRedemption.status == PENDING, of(keeper))).one()
    return Waiting(row[0], row[1])


def pending_of(user_ids: Sequence[int]) -> dict[int, int]:
    """How many of each of these users are pending. One statement."""
    counted = select(RewardRedemption.user_id, func.count()).group_by(RewardRedemption.user_id)
    pending = (RewardRedemption.status == PENDING, RewardRedemption.user_id.in_(user_ids))
    return {user_id: count for user_id, count in db.session.execute(counted.where(*pending))}  # noqa: C416


def _with_all_that_is_shown() -> Select[RewardRedemption]:
    shown = (RewardRedemption.reward, RewardRedemption.user, RewardRedemption.handled_by)
    return select(RewardRedemption).options(*(joinedload(each) for each in shown))
