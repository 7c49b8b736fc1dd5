"""Cashback: when a period is over, a part of what each client has spent in it. Callers own the transaction.

What was spent is told by whoever keeps the invoices. Periods are settled in their order, each client once in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from app.accounts import service as accounts
from app.bonuses.claiming import BY_ID, LOST, Grant, grant, hold_one, judged, terms_at
from app.bonuses.models import CASHBACK, Bonus, CashbackCredit, CashbackPeriod, MemberPromotion
from app.bonuses.periods import Period, current, ended
from app.bonuses.rules import NOTHING, BonusTerms, bonus_on, cashback_base
from app.bonuses.words import reason_of
from app.config import settings
from app.kit.db import db, insert, row
from app.promotions.models import Promotion
from app.promotions.rules import first_failure
from app.wallet import ledger

MOST_AT_ONCE = 100
LATE_NEWS = timedelta(minutes=5)
NOTHING_SPENT = "nothing_spent"
WINDOWS = (
    select(Bonus.promotion_id, Bonus.cashback_period, Promotion.starts_at, Promotion.ends_at, Promotion.created_at)
    .join(Promotion, Promotion.id == Bonus.promotion_id)
    .where(Bonus.type == CASHBACK)
)


@dataclass(frozen=True, slots=True)
class Due:
    """A period of a cashback that is over and hasn't been settled."""

    promotion_id: int
    period: Period


def due(now: datetime) -> Sequence[Due]:
    """What is to be settled, of each cashback the oldest period first; also what an outage left behind.

    A period is left open for some minutes: what was paid in its last seconds is told, and committed, a little later.
    """
    running = WINDOWS.where(Promotion.archived_at.is_(None), Promotion.starts_at < now)
    waiting: list[Due] = []
    for each in db.session.execute(running.order_by(Bonus.promotion_id)).all():
        waiting += [Due(each.promotion_id, period) for period in _unsettled(each, now - LATE_NEWS)]
    return waiting[:MOST_AT_ONCE]


def credit(due: Due, user_id: int, spent_cents: int, now: datetime) -> MemberPromotion | None:
    """Credit a client by what they spent in the period net of refunds, which may be below zero. Once, and no more.

    It is decided as of the period's last instant. None where nothing comes of it; the reason is kept.
    """
    user = accounts.hold(user_id).get(user_id)
    ledger.hold(user_id)
    if user is None or not hold_one(due.promotion_id) or _find(due, user_id) is not None:
        return None
    carried = _carried(due, user_id)
    base, _carries_on = cashback_base(spent_cents, carried)
    found = row(BY_ID, {"promotion_id": due.promotion_id, "person": user.person.key})
    if found is None:
        return None
    is_client = user.role == "client" and user.is_active
    claim, reason = _claim(found, due, user_id, base, {"occasion": CASHBACK, "is_client": is_client}, now)
    db.session.add(
        CashbackCredit(
            promotion_id=due.promotion_id,
            starts_at=due.period.starts_at,
            user_id=user_id,
            spent_cents=spent_cents,
            carried_cents=carried,
            reason=reason,
            member_promotion_id=claim.id if claim else None,
            created_at=now,
        )
    )
    db.session.flush()
    return claim


def carried_into(promotion_id: int, period: Period, user_id: int) -> int:
    """What refunds took below zero in a client's earlier periods, and this one makes good first: 0 or less."""
    return _carried(Due(promotion_id, period), user_id)


def settle(due: Due, now: datetime) -> None:
    """Everybody's spend in this period was looked at."""
    settled = insert(CashbackPeriod).values(
        promotion_id=due.promotion_id,
        starts_at=due.period.starts_at,
        ends_at=due.period.ends_at,
        settled_at=now,
    )
    db.session.execute(settled.on_conflict_do_nothing())


def has_unsettled(promotion_id: int, now: datetime) -> bool:
    """Whether something is still to come of this promotion's periods."""
    mine = db.session.execute(WINDOWS.where(Bonus.promotion_id == promotion_id)).one_or_none()
    return mine is not None and bool(_unsettled(mine, now))


def running(promotion_id: int, terms: BonusTerms, now: datetime) -> Period | None:
    """The period of a cashback that runs now, from where the last one was settled; None outside of its window."""
    assert terms.cashback_period, "it is a cashback"
    assert terms.starts_at, "bonuses have a start"
    assert terms.ends_at, "and an end"
    since = max(terms.starts_at, _settled_until(promotion_id) or terms.starts_at)
    return current(terms.cashback_period, since, terms.ends_at, zone=ZoneInfo(settings().timezone), now=now)


def _settled_until(promotion_id: int) -> datetime | None:
    settled = select(CashbackPeriod.ends_at).where(CashbackPeriod.promotion_id == promotion_id)
    return db.session.scalar(settled.order_by(CashbackPeriod.ends_at.desc()).limit(1))


def _unsettled(cashback: Row[*tuple[Any, ...]], now: datetime) -> Sequence[Period]:
    """Periods that are over and come after the last that was settled; one that was cut by an earlier end goes on.

    What was over before the cashback was made, isn't given afterwards.
    """
    since = max(cashback.starts_at, _settled_until(cashback.promotion_id) or cashback.starts_at)
    zone = ZoneInfo(settings().timezone)
    over = ended(cashback.cashback_period, since, cashback.ends_at, zone=zone, now=now)
    return [each for each in over if each.ends_at > cashback.created_at]


def _claim(  # noqa: PLR0913, PLR0917
    found: Row[Any], due: Due, user_id: int, base: int, facts: dict[str, Any], now: datetime
) -> tuple[MemberPromotion | None, str | None]:
    """A claim, or the reason of why not."""
    if not base:
        return None, NOTHING_SPENT
    failed = first_failure(judged(found, due.period.last_instant, base, facts))
    if failed is not None:
        return None, reason_of(failed)
    terms = terms_at(found)
    bonus = bonus_on(terms, base)
    if not bonus:
        return None, NOTHING
    wanted = Grant(user_id, bonus, f"cashback:{due.promotion_id}:{int(due.period.starts_at.timestamp())}:{user_id}")
    try:
        return grant(found, terms, wanted, now=now, as_of=due.period.last_instant), None
    except LOST as lost:
        return None, lost.code


def _find(due: Due, user_id: int) -> CashbackCredit | None:
    return db.session.get(CashbackCredit, (due.promotion_id, due.period.starts_at, user_id), populate_existing=True)


def _carried(due: Due, user_id: int) -> int:
    """What refunds took below zero in the client's last period with any spend."""
    earlier = select(CashbackCredit.spent_cents, CashbackCredit.carried_cents).where(
        CashbackCredit.user_id == user_id,
        CashbackCredit.promotion_id == due.promotion_id,
        CashbackCredit.starts_at < due.period.starts_at,
    )
    last = db.session.execute(earlier.order_by(CashbackCredit.starts_at.desc()).limit(1)).one_or_none()
    return cashback_base(last.spent_cents, last.carried_cents)[1] if last else 0
