"""What was claimed, for the desk and for the client: lists, and what stands behind each claim. Reads only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, String, and_, cast, func, literal, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from app.accounts.models import User
from app.bonuses.models import (
    ACTIVE,
    COMPLETED,
    Bonus,
    CashbackCredit,
    CashbackPeriod,
    MemberPromotion,
    Referral,
    TurnoverEvent,
    TurnoverShare,
    promotion_stats,
)
from app.bonuses.releasing import still_counts
from app.errors import NotFound, not_shown
from app.kit.db import db
from app.kit.text import like
from app.promotions.models import Promotion

SAME_PERIOD = and_(
    CashbackPeriod.promotion_id == CashbackCredit.promotion_id,
    CashbackPeriod.starts_at == CashbackCredit.starts_at,
)


@dataclass(frozen=True, slots=True)
class Stats:
    """What was claimed by one bonus, or by all: claims by state, and amounts in cents."""

    promotion_id: int = 0
    promotion_name: str = ""
    promotion_code: str | None = None
    total_claims: int = 0
    active_claims: int = 0
    completed_claims: int = 0
    cancelled_claims: int = 0
    total_deposit_cents: int = 0
    total_bonus_cents: int = 0
    total_turnover_cents: int = 0


def stats(promotion_ids: Sequence[int] | None = None) -> Sequence[Stats]:
    """By the database's own view: of these bonuses, or of every one there is; by their numbers."""
    query = select(*promotion_stats.c).order_by(promotion_stats.c.promotion_id)
    if promotion_ids is not None:
        query = query.where(promotion_stats.c.promotion_id.in_(promotion_ids))
    return [_stats(each) for each in db.session.execute(query)]


def stats_of(promotion_id: int) -> Stats:
    """Of one bonus. Raises NotFound."""
    found = stats([promotion_id])
    if not found:
        raise NotFound
    return found[0]


def overall(of_type: str = "") -> Stats:
    """Of all bonuses together, or of those of a type."""
    query = select(*(func.coalesce(func.sum(each), 0) for each in list(promotion_stats.c)[3:]))
    if of_type:
        ids = select(Bonus.promotion_id).where(Bonus.type == of_type)
        query = query.where(promotion_stats.c.promotion_id.in_(ids))
    return Stats(0, "", None, *map(int, db.session.execute(query).one()))


def claims(*, promotion_id: int | None = None, search: str = "", status: str = "") -> Select[MemberPromotion, User]:
    """Claims with whose they are, newest first; `search` looks in names and mail."""
    query = select(MemberPromotion, User).join(User, User.id == MemberPromotion.user_id)
    if promotion_id is not None:
        query = query.where(MemberPromotion.promotion_id == promotion_id)
    if status:
        query = query.where(MemberPromotion.status == status)
    if search.strip():
        wanted = like(search.strip())
        names = (User.username, User.email, User.display_name)
        query = query.where(or_(*(column.ilike(wanted, escape="\\") for column in names)))
    return query.order_by(MemberPromotion.id.desc())


def of_user(user_id: int, *, status: str = "") -> Select[MemberPromotion]:
    """A member's claims, newest first."""
    query = select(MemberPromotion).where(MemberPromotion.user_id == user_id)
    if status:
        query = query.where(MemberPromotion.status == status)
    return query.order_by(MemberPromotion.id.desc())


def active_of(user_id: int, now: datetime) -> Sequence[MemberPromotion]:
    """A member's active claims with their promotions, the oldest first: that is how turnover goes to them.

    What has lapsed by the clock isn't among them, though the schedule may not have come to it.
    """
    query = of_user(user_id, status=ACTIVE).join(MemberPromotion.promotion).where(still_counts(now)).order_by(None)
    query = query.options(contains_eager(MemberPromotion.promotion))
    return db.session.scalars(query.order_by(MemberPromotion.id)).all()


def past_of(user_id: int) -> Select[MemberPromotion]:
    """What of a member's claims is over, the latest claimed first."""
    return of_user(user_id).where(MemberPromotion.status != ACTIVE)


def refunded_since(user_ids: Collection[int]) -> Mapping[int, Sequence[MemberPromotion]]:
    """Released claims whose turnover was refunded afterwards, by member, the latest first; in one statement.

    What a refunded deposit has taken back since is none of them: it stands among the debts already.
    """
    query = select(MemberPromotion).where(MemberPromotion.user_id.in_(user_ids))
    query = query.where(MemberPromotion.status == COMPLETED, MemberPromotion.refunded_turnover_cents > 0)
    query = query.order_by(MemberPromotion.id.desc())
    found: dict[int, list[MemberPromotion]] = {}
    for each in db.session.scalars(query) if user_ids else ():
        found.setdefault(each.user_id, []).append(each)
    return found


def titles(promotion_ids: Collection[int]) -> Mapping[int, str]:
    """What bonuses are called now, by number; none where there are no numbers."""
    query = select(Promotion.id, Promotion.title).where(Promotion.id.in_(promotion_ids))
    return {each.id: each.title for each in db.session.execute(query)} if promotion_ids else {}


def get(claim_id: int) -> MemberPromotion:
    """Raises NotFound."""
    found = db.session.get(MemberPromotion, claim_id, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def get_own(user_id: int, claim_id: int) -> MemberPromotion:
    """A member's own claim, with its promotion. Raises NotFound."""
    query = select(MemberPromotion).where(MemberPromotion.id == claim_id, MemberPromotion.user_id == user_id)
    found = db.session.scalar(query.options(joinedload(MemberPromotion.promotion)))
    if found is None:
        raise not_shown(select(MemberPromotion.id).where(MemberPromotion.id == claim_id))
    return found


def came_from(cause: str) -> Sequence[tuple[MemberPromotion, User]]:
    """What a deposit has brought, to whom: the depositor's bonus and those of a referral."""
    query = select(MemberPromotion, User).join(User, User.id == MemberPromotion.user_id)
    found = db.session.execute(query.where(MemberPromotion.cause == cause).order_by(MemberPromotion.id))
    return [(claim, user) for claim, user in found]


def by_ids(ids: Sequence[int]) -> Mapping[int, MemberPromotion]:
    """Claims by number, in one statement; none where there are no ids."""
    found = db.session.scalars(select(MemberPromotion).where(MemberPromotion.id.in_(ids))) if ids else ()
    return {each.id: each for each in found}


def turnover_of(claim_id: int) -> Select[TurnoverEvent, int, int]:
    """What has counted for a claim, newest first: the event, how much of it counted, and what went back of that."""
    query = select(TurnoverEvent, TurnoverShare.amount_cents, TurnoverShare.taken_back_cents)
    query = query.join(TurnoverShare, TurnoverShare.event_id == TurnoverEvent.id)
    return query.where(TurnoverShare.member_promotion_id == claim_id).order_by(TurnoverShare.id.desc())


def counted(line_ids: Sequence[int]) -> Sequence[tuple[MemberPromotion, int]] | None:
    """What of an order's lines counts for which claims, less what went back; None where no claim was active then."""
    events = select(TurnoverEvent.id).where(TurnoverEvent.key.in_([f"line:{line_id}" for line_id in line_ids]))
    told = db.session.scalars(events).all() if line_ids else ()
    if not told:
        return None
    part = func.sum(TurnoverShare.amount_cents - TurnoverShare.taken_back_cents)
    of_claims = select(TurnoverShare.member_promotion_id, part).where(TurnoverShare.event_id.in_(told))
    parts = {
        number: int(cents)
        for number, cents in db.session.execute(of_claims.group_by(TurnoverShare.member_promotion_id))
    }
    return [(claim, parts[claim.id]) for claim in sorted(by_ids([*parts]).values(), key=lambda each: each.id)]


def referrals(promotion_id: int) -> Select[Referral, User]:
    """Whom this bonus has rewarded for a friend: the referral and the friend, newest first."""
    query = select(Referral, User).join(User, User.id == Referral.friend_id)
    return query.where(Referral.promotion_id == promotion_id).order_by(Referral.created_at.desc())


def referral_of(friend_id: int) -> Referral | None:
    """What came of somebody's first deposit for who referred them."""
    return db.session.get(Referral, friend_id)


def brought(referrer_id: int) -> Select[str, datetime | None, int | None]:
    """Whom somebody has brought: their username, when they first deposited, and what that has earned.

    The latest deposit first; who hasn't deposited yet comes last.
    """
    theirs = MemberPromotion.source == literal("referral:") + cast(Referral.friend_id, String)
    query = select(User.username, Referral.created_at, MemberPromotion.bonus_cents).outerjoin(
        Referral, and_(Referral.friend_id == User.id, Referral.referrer_id == referrer_id)
    )
    latest = (Referral.created_at.is_(None), Referral.created_at.desc(), User.id.desc())
    return query.outerjoin(MemberPromotion, theirs).where(User.referred_by_id == referrer_id).order_by(*latest)


def friends_of(referrer_id: int) -> int:
    """How many accounts were made with somebody's referral code."""
    return db.session.scalar(select(func.count()).where(User.referred_by_id == referrer_id)) or 0


def referrals_of(friend_ids: Sequence[int]) -> Mapping[int, Referral]:
    """By friend, in one statement; none where there are no ids."""
    found = db.session.scalars(select(Referral).where(Referral.friend_id.in_(friend_ids))) if friend_ids else ()
    return {each.friend_id: each for each in found}


def credits_of(claim_ids: Sequence[int]) -> Mapping[int, tuple[CashbackCredit, CashbackPeriod | None]]:
    """By claim, what was spent for it, and the period if everybody's was looked at; in one statement."""
    if not claim_ids:
        return {}
    query = select(CashbackCredit, CashbackPeriod).outerjoin(CashbackPeriod, SAME_PERIOD)
    found = db.session.execute(query.where(CashbackCredit.member_promotion_id.in_(claim_ids))).all()
    return {claim_id: (credit, period) for credit, period in found if (claim_id := credit.member_promotion_id)}


def periods(promotion_id: int) -> Select[CashbackPeriod, int, int, int]:
    """Settled periods of a cashback, newest first: how many clients had spent, how many got some of it, how much."""
    sums = (
        func.count(CashbackCredit.user_id),
        func.count(CashbackCredit.member_promotion_id),
        func.coalesce(func.sum(MemberPromotion.bonus_cents), 0),
    )
    query = select(CashbackPeriod, *sums).outerjoin(CashbackCredit, SAME_PERIOD)
    query = query.outerjoin(MemberPromotion, MemberPromotion.id == CashbackCredit.member_promotion_id)
    query = query.where(CashbackPeriod.promotion_id == promotion_id)
    by_period = query.group_by(CashbackPeriod.promotion_id, CashbackPeriod.starts_at)
    return by_period.order_by(CashbackPeriod.starts_at.desc())


def _stats(found: Row[*tuple[Any, ...]]) -> Stats:
    number, name, code, *sums = found
    return Stats(number, name, code, *map(int, sums))
