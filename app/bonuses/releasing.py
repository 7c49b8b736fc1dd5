"""How a claim ends: released to cash when its turnover is reached, or lapsed. Callers own the transaction.

The client's wallet is held by whoever calls, so that a claim ends once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.bonuses import figures
from app.bonuses.errors import NotActive
from app.bonuses.models import ACTIVE, CANCELLED, COMPLETED, MemberPromotion
from app.bonuses.rules import released_of
from app.errors import NotFound, not_shown
from app.kit.db import after_commit, db
from app.kit.money import as_number
from app.messages import notices
from app.messages.notices import Told
from app.promotions import service as promotions
from app.promotions.models import Promotion
from app.wallet import ledger
from app.wallet.models import BONUS, CASH

ENTITY = "member_promotion"
RELEASED, LAPSED, TAKEN_BACK = "bonus_released", "bonus_lapsed", "bonus_taken_back"
KEPT_AFTER_END = timedelta(days=30)


def release_if_met(claim: MemberPromotion, now: datetime) -> bool:
    """Where nothing is missing any more, move what may be had to cash, and let the rest lapse; whether it was so."""
    if claim.status != ACTIVE or claim.missing_cents > 0:
        return False
    released = released_of(claim.bonus_cents, claim.terms["max_withdraw_cents"])
    claim.status, claim.completed_at = COMPLETED, now
    claim.released_cents, claim.lapsed_cents = released, claim.bonus_cents - released
    db.session.flush()
    if released:
        _move(ledger.debit, claim, released, RELEASED, now, balance=BONUS)
        _move(ledger.credit, claim, released, RELEASED, now, balance=CASH)
    _lapse(claim, now)
    if claim.required_turnover_cents or not claim.is_of_own_deposit:  # else the deposit tells of it
        _tell(claim, "bonus_completed", now)
    after_commit(figures.claims.labels(claim.type, "completed").inc)
    return True


def cancel_own(user_id: int, claim_id: int, now: datetime) -> MemberPromotion:
    """A client gives their bonus up. Raises NotFound, NotActive."""
    ledger.hold(user_id)
    claim = _get(claim_id)
    if claim is None or claim.user_id != user_id:
        raise not_shown(select(MemberPromotion.id).where(MemberPromotion.id == claim_id))
    if claim.status == CANCELLED:
        return claim
    if claim.status != ACTIVE:
        raise NotActive
    _cancel(claim, "client", now)
    return claim


def cancel(claim_id: int, *, actor: Actor, now: datetime) -> MemberPromotion:
    """An admin takes a bonus away; doing it again is fine. Raises NotFound, NotActive."""
    claim = _hold(claim_id)
    if claim.status == CANCELLED:
        return claim
    if claim.status != ACTIVE:
        raise NotActive
    _cancel(claim, "admin", now)
    _audit(claim, actor)
    _tell(claim, "bonus_cancelled", now)
    return claim


def still_counts(now: datetime) -> ColumnElement[bool]:
    """Of an active claim, its promotion joined: not yet 30 days have passed since the end."""
    return Promotion.ends_at > now - KEPT_AFTER_END


def overdue(now: datetime, *, limit: int = 500) -> Sequence[int]:
    """Ids of active claims whose promotion ended more than 30 days ago."""
    query = select(MemberPromotion.id).join(Promotion, Promotion.id == MemberPromotion.promotion_id)
    over = query.where(MemberPromotion.status == ACTIVE, Promotion.ends_at <= now - KEPT_AFTER_END)
    return db.session.scalars(over.order_by(MemberPromotion.id).limit(limit)).all()


def lapse(claim_id: int, now: datetime) -> bool:
    """Let it lapse, unless it is over, or its promotion was given a later end, meanwhile; whether it did."""
    claim = _hold(claim_id)
    ends_at = db.session.scalar(select(Promotion.ends_at).where(Promotion.id == claim.promotion_id))
    if claim.status != ACTIVE or ends_at is None or ends_at > now - KEPT_AFTER_END:
        return False
    _cancel(claim, "lapsed", now)
    _audit(claim, SYSTEM)
    _tell(claim, "bonus_lapsed", now)
    return True


def users_of(cause: str) -> Sequence[int]:
    """Whose bonuses came from this deposit, the depositor's own and those of a referral."""
    return db.session.scalars(select(MemberPromotion.user_id).where(MemberPromotion.cause == cause).distinct()).all()


def undo(cause: str, depositor_id: int, *, actor: Actor, now: datetime) -> Sequence[MemberPromotion]:
    """A deposit went back: cancel the bonuses that came from it, and give their uses back; which.

    What of one was released already is taken back from cash, and what is no longer there becomes a debt. The wallets
    are held. The depositor is told of theirs with the refund, others here.
    """
    came = select(MemberPromotion).where(MemberPromotion.cause == cause, MemberPromotion.status != CANCELLED)
    claims = db.session.scalars(came.order_by(MemberPromotion.id).execution_options(populate_existing=True)).all()
    for claim in claims:
        released = claim.released_cents
        _cancel(claim, "deposit_refunded", now)
        if released:
            _move(ledger.take_back, claim, released, TAKEN_BACK, now)
        _audit(claim, actor)
        if claim.user_id != depositor_id:
            _tell(claim, "bonus_cancelled", now)
    for claim in claims:
        promotions.give_back(claim.purpose, now, is_refund=True)
    return claims


def _cancel(claim: MemberPromotion, why: str, now: datetime) -> None:
    """What is open lapses."""
    is_open = claim.status == ACTIVE
    claim.status, claim.cancelled_at, claim.cancelled_because = CANCELLED, now, why
    if is_open:
        claim.lapsed_cents = claim.bonus_cents
    db.session.flush()
    if is_open:
        _lapse(claim, now)
    after_commit(figures.claims.labels(claim.type, why).inc)


def _lapse(claim: MemberPromotion, now: datetime) -> None:
    if claim.lapsed_cents:
        _move(ledger.debit, claim, claim.lapsed_cents, LAPSED, now, balance=BONUS)


def _move(how: Callable[..., int], claim: MemberPromotion, cents: int, reason: str, now: datetime, **more: str) -> None:
    how(claim.user_id, cents, reason=reason, reference=claim.purpose, now=now, claim_id=claim.id, **more)


def _hold(claim_id: int) -> MemberPromotion:
    """The claim as it is, its client's wallet held. Raises NotFound."""
    user_id = db.session.scalar(select(MemberPromotion.user_id).where(MemberPromotion.id == claim_id))
    if user_id is None:
        raise NotFound
    ledger.hold(user_id)
    claim = _get(claim_id)
    assert claim is not None, "claims are never deleted"
    return claim


def _get(claim_id: int) -> MemberPromotion | None:
    return db.session.get(MemberPromotion, claim_id, populate_existing=True)


def _audit(claim: MemberPromotion, actor: Actor) -> None:
    told = {"status": claim.status, "why": claim.cancelled_because, "bonus": as_number(claim.bonus_cents)}
    audit.record(actor, "bonus.cancelled", ENTITY, claim.id, {"status": ACTIVE}, {**told, "user_id": claim.user_id})


def _tell(claim: MemberPromotion, kind: str, now: datetime) -> None:
    """In the application: the client sees it wherever they are."""
    facts = {"title": claim.title, "cents": claim.bonus_cents, "released_cents": claim.released_cents}
    why = {"why": claim.cancelled_because} if claim.cancelled_because else {}
    notices.tell(Told(claim.user_id, kind, f"{kind}:{claim.id}", {**facts, **why}), now)
