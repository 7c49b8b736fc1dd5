"""Sending a deposit back, with everything that came of it. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import Actor
from app.bonuses import claims
from app.bonuses import service as bonuses
from app.bonuses.models import CANCELLED, MemberPromotion
from app.deposits.depositing import ENTITY, payable
from app.deposits.errors import NotRefundable
from app.deposits.finding import get
from app.deposits.models import CONFIRMED, REFUNDED, Deposit
from app.kit.db import db
from app.kit.money import as_number
from app.messages import notices
from app.messages.notices import Told
from app.payments import service as payments
from app.wallet import ledger
from app.wallet import service as wallets

TAKEN_BACK = "deposit_refunded"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a refund would do: the depositor's cash now, bonuses that would end, and who would owe how much."""

    cash_cents: int
    cancelled: Sequence[tuple[MemberPromotion, User]]
    owed: Sequence[tuple[User, int]]


def outlook(deposit: Deposit) -> Outlook:
    """To be shown before `refund`. Reads only."""
    depositor = accounts.get(deposit.user_id)
    cancelled = [each for each in claims.came_from(deposit.subject) if each[0].status != CANCELLED]
    back = [(depositor, deposit.amount_cents), *((user, claim.released_cents) for claim, user in cancelled)]
    cash = {user.id: wallets.balances(user.id).cash_cents for user, _cents in back}
    owed: dict[int, int] = {}
    left = dict(cash)
    for user, cents in back:
        taken = min(cents, left[user.id])
        left[user.id] -= taken
        owed[user.id] = owed.get(user.id, 0) + cents - taken
    people = {user.id: user for user, _cents in back}
    return Outlook(cash[depositor.id], cancelled, [(people[each], cents) for each, cents in owed.items() if cents])


def refund(deposit_id: int, note: str, *, actor: Actor, now: datetime) -> Deposit:
    """Send it back to where it came from: its cash is taken back, its bonus cancelled. Doing it again is fine.

    What is no longer there is a debt. The provider is asked after the commit. Raises NotFound, NotRefundable.
    """
    deposit = get(deposit_id)
    also = [] if actor.user_id is None else [actor.user_id]
    accounts.hold(deposit.user_id, *bonuses.users_of(deposit.subject), *also)
    if not _leave_confirmed(deposit_id, note.strip(), actor, now):
        deposit = get(deposit_id)
        if deposit.status == REFUNDED:
            return deposit
        raise NotRefundable
    deposit = get(deposit_id)
    ledger.hold(deposit.user_id, *bonuses.users_of(deposit.subject))
    back, reference = deposit.amount_cents, deposit.subject
    taken = ledger.take_back(deposit.user_id, back, reason=TAKEN_BACK, reference=reference, now=now)
    cancelled = bonuses.undo(deposit.subject, deposit.user_id, actor=actor, now=now)
    payments.send_back(
        f"deposit_refund:{deposit.id}",
        payable(deposit),
        provider=deposit.provider,
        reference=deposit.provider_reference or "",
        amount_cents=deposit.amount_cents,
        now=now,
    )
    told = {"status": REFUNDED, "note": deposit.note, "bonuses_cancelled": len(cancelled)}
    debt = {"debt": as_number(deposit.amount_cents - taken)} if taken < deposit.amount_cents else {}
    audit.record(actor, "deposit.refunded", ENTITY, deposit.id, {"status": CONFIRMED}, told | debt)
    _tell(deposit, [each for each in cancelled if each.user_id == deposit.user_id], now)
    return deposit


def _tell(deposit: Deposit, cancelled: Sequence[MemberPromotion], now: datetime) -> None:
    """In the application, with what of the depositor's was cancelled by it."""
    brought = [{"title": each.title, "cents": each.bonus_cents} for each in cancelled]
    facts = {"cents": deposit.amount_cents, "note": deposit.note, "brought": brought}
    notices.tell(Told(deposit.user_id, "deposit_refunded", f"deposit_refunded:{deposit.id}", facts), now)


def _leave_confirmed(deposit_id: int, note: str, actor: Actor, now: datetime) -> bool:
    confirmed = update(Deposit).where(Deposit.id == deposit_id, Deposit.status == CONFIRMED)
    gone = confirmed.values(status=REFUNDED, refunded_at=now, note=note, decided_by_id=actor.user_id)
    left = gone.returning(Deposit.id)
    return db.session.scalar(left, execution_options={"synchronize_session": False}) is not None
