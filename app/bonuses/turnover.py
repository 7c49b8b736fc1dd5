"""What is bought and played, and what of it counts for whose bonus. Callers own the transaction.

Each event counts once, for the client's oldest active claims that it fits; a refund takes it back while they are
active. The client's wallet is held meanwhile, so that two purchases come one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Select, select

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.service import Actor
from app.bonuses.errors import UnknownClient
from app.bonuses.models import ACTIVE, COMPLETED, MemberPromotion, TurnoverEvent, TurnoverShare
from app.bonuses.releasing import release_if_met, still_counts
from app.bonuses.rules import Running, Share, allot, take_from
from app.kit.db import db, insert
from app.kit.money import as_number
from app.promotions.models import Promotion
from app.wallet import ledger

log = structlog.get_logger(__name__)
ENTITY = "turnover_event"


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of a paid order: its id, what was paid for it, and its category."""

    line_id: int
    amount_cents: int
    category: str | None


def count_order(user_id: int, lines: Sequence[Bought], now: datetime) -> None:
    """Let a paid order count for what waits for turnover."""
    ledger.hold(user_id)
    for line in lines:
        if line.amount_cents > 0:
            _count(f"line:{line.line_id}", user_id, line.amount_cents, line.category, now)


def awaits_turnover(user_id: int, now: datetime) -> bool:
    """Whether a bonus of theirs is still to be turned over, by the clock; where none is, no order need be told of."""
    return bool(db.session.scalar(select(_running(user_id, now).exists())))


def record(  # noqa: PLR0913, PLR0917
    event_id: str, username: str, amount_cents: int, category: str | None, now: datetime, actor: Actor | None = None
) -> bool:
    """What a program tells was played, once for each `event_id`: the first word counts. Whether it is new.

    What an `actor` tells by hand stands in the audit log; what programs tell comes without one. Raises UnknownClient.
    """
    known = find(event_id)
    if known is not None:
        _again(known, username, amount_cents)
        return False
    user = accounts.hold_named(username, *([actor.user_id] if actor and actor.user_id else []))
    if user is None or user.role != "client" or not user.is_active:
        raise UnknownClient(field="username")
    ledger.hold(user.id)
    is_new = _count(_key(event_id), user.id, amount_cents, category, now)
    event = find(event_id) if actor is not None or not is_new else None
    if not is_new and event is not None:
        _again(event, username, amount_cents)
    if is_new and actor is not None and event is not None:
        told = {"user_id": user.id, "amount": as_number(amount_cents), "category": category}
        audit.record(actor, "turnover.recorded", ENTITY, event.id, after=told)
    return is_new


def find(event_id: str) -> TurnoverEvent | None:
    """What a program has told under this id."""
    found = select(TurnoverEvent).where(TurnoverEvent.key == _key(event_id))
    return db.session.scalar(found, execution_options={"populate_existing": True})


def take_back(refunded: Mapping[int, int]) -> None:
    """So many cents of these lines, by id, were refunded: they no longer count where the claim is still active."""
    keys = {f"line:{line_id}": cents for line_id, cents in refunded.items() if cents > 0}
    found = select(TurnoverEvent.user_id).where(TurnoverEvent.key.in_(keys)).limit(1)
    user_id = db.session.scalar(found) if keys else None
    if user_id is None:
        return
    ledger.hold(user_id)
    events = select(TurnoverEvent).where(TurnoverEvent.key.in_(keys)).order_by(TurnoverEvent.id)
    for event in db.session.scalars(events.execution_options(populate_existing=True)).all():
        _take_back(event, keys[event.key])
    db.session.flush()


def running(user_id: int, now: datetime) -> Sequence[MemberPromotion]:
    """The client's claims that turnover counts for, the oldest first. What has lapsed by the clock isn't among them."""
    query = _running(user_id, now).order_by(MemberPromotion.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _running(user_id: int, now: datetime) -> Select[MemberPromotion]:
    query = select(MemberPromotion).join(Promotion, Promotion.id == MemberPromotion.promotion_id)
    mine = (MemberPromotion.user_id == user_id, MemberPromotion.status == ACTIVE)
    return query.where(*mine, still_counts(now))


def _key(event_id: str) -> str:
    return f"event:{event_id}"


def _again(known: TurnoverEvent, username: str, amount_cents: int) -> None:
    """The first word counts; another one is worth a look."""
    user = accounts.find(username)
    if known.amount_cents != amount_cents or user is None or user.id != known.user_id:
        log.warning("turnover_told_differently", event_id=known.id)


def _count(key: str, user_id: int, amount_cents: int, category: str | None, now: datetime) -> bool:
    kept = insert(TurnoverEvent).values(
        key=key, user_id=user_id, amount_cents=amount_cents, refunded_cents=0, category=category, created_at=now
    )
    event_id = db.session.scalar(kept.on_conflict_do_nothing(index_elements=["key"]).returning(TurnoverEvent.id))
    if event_id is None:
        return False
    claims = {each.id: each for each in running(user_id, now)}
    waiting = [Running(each.id, tuple(each.terms["applicable_games"]), each.missing_cents) for each in claims.values()]
    for claim_id, part in allot(amount_cents, category, waiting):
        db.session.add(
            TurnoverShare(event_id=event_id, member_promotion_id=claim_id, amount_cents=part, taken_back_cents=0)
        )
        claims[claim_id].current_turnover_cents += part
        db.session.flush()
        release_if_met(claims[claim_id], now)
    return True


def _take_back(event: TurnoverEvent, cents: int) -> None:
    """So much more of it went back. In whatever portions, it comes to the same: what went before is left out."""
    shares = db.session.scalars(
        select(TurnoverShare)
        .where(TurnoverShare.event_id == event.id)
        .order_by(TurnoverShare.id)
        .execution_options(populate_existing=True)
    ).all()
    known = {each.id: each for each in shares}
    counted = [Share(each.id, each.amount_cents) for each in shares]
    uncounted = event.amount_cents - sum(each.amount_cents for each in shares)
    cents = min(cents, event.amount_cents - event.refunded_cents)
    gone = dict(take_from(counted, uncounted, event.refunded_cents))
    for share_id, part in take_from(counted, uncounted, event.refunded_cents + cents):
        _reduce(known[share_id], part - gone.get(share_id, 0))
    event.refunded_cents += cents


def _reduce(share: TurnoverShare, part: int) -> None:
    """Of a claim that is over, nothing is taken any more; of one that is released and stays so, people are told."""
    if not part:
        return
    claim = db.session.get_one(MemberPromotion, share.member_promotion_id, populate_existing=True)
    if claim.status == ACTIVE:
        share.taken_back_cents += part
        claim.current_turnover_cents -= part
    elif claim.status == COMPLETED:
        claim.refunded_turnover_cents += part
    db.session.flush()
