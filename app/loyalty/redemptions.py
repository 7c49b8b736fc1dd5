"""What was redeemed, for reading."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Select, case, func, literal, or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.errors import not_shown
from app.kit.db import UtcDateTime, db
from app.kit.lists import stream
from app.kit.text import like
from app.loyalty.keeping import Keeper
from app.loyalty.redeeming import of
from app.loyalty.reward_models import PENDING, Reward, RewardRedemption

T = TypeVar("T")
Columns = TypeVarTuple("Columns")
AT_ONCE = 500
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)  # databases don't agree on where nothing is sorted


def to_handle(
    keeper: Keeper, *, status: str = "", search: str = "", client_id: int | None = None
) -> Select[RewardRedemption]:
    """What is theirs to handle: first what is pending, the longest waiting first, then the rest, newest first."""
    query = _searched(_with_all_that_is_shown().where(of(keeper)), search)
    if status:
        query = query.where(RewardRedemption.status == status)
    if client_id is not None:
        query = query.where(RewardRedemption.user_id == client_id)
    pending_first = case((RewardRedemption.status == PENDING, 0), else_=1)
    handled_at = func.coalesce(RewardRedemption.handled_at, literal(BEFORE_ALL, UtcDateTime()))
    return query.order_by(pending_first, handled_at.desc(), RewardRedemption.id)


def counts(keeper: Keeper, *, search: str = "") -> dict[str, int]:
    """How many there are in each status. One statement."""
    counted = select(RewardRedemption.status, func.count()).where(of(keeper)).group_by(RewardRedemption.status)
    return {status: count for status, count in db.session.execute(_searched(counted, search))}  # noqa: C416


def each_of(
    keeper: Keeper, shown: Callable[[RewardRedemption], T], *, status: str = "", search: str = ""
) -> Iterator[T]:
    """What is `shown` of all of them, by the time they were asked for; read a few hundred at a time."""
    found = to_handle(keeper, status=status, search=search)
    return stream(found, RewardRedemption.id, shown, size=AT_ONCE)


def of_client(user_id: int) -> Select[RewardRedemption]:
    """The client's own, newest first."""
    mine = _with_all_that_is_shown().where(RewardRedemption.user_id == user_id)
    return mine.order_by(RewardRedemption.id.desc())


def count_of(user_id: int) -> int:
    """How many the client has asked for, whatever became of them. One statement."""
    counted = select(func.count()).select_from(RewardRedemption).where(RewardRedemption.user_id == user_id)
    return db.session.scalar(counted) or 0


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


def _searched(query: Select[*Columns], words: str) -> Select[*Columns]:
    """Only those whose client or reward has these words in its name."""
    if not words.strip():
        return query
    pattern = like(words.strip())
    named = (column.ilike(pattern, escape="\\") for column in (User.username, User.display_name, Reward.name))
    return query.join(RewardRedemption.user).join(RewardRedemption.reward).where(or_(*named))


def _with_all_that_is_shown() -> Select[RewardRedemption]:
    shown = (RewardRedemption.reward, RewardRedemption.user, RewardRedemption.handled_by)
    loaded = (*(joinedload(each) for each in shown), joinedload(RewardRedemption.user, User.coach))
    return select(RewardRedemption).options(*loaded)
