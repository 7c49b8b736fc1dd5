"""Money that clients want paid out: held, then approved, refused or given up. Callers own the transaction.

Locks, always in this order: users (shared), the withdrawal, the wallet.
"""

from datetime import datetime

from sqlalchemy import select, update

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import Actor
from app.bonuses import service as bonuses
from app.deposits.depositing import KEY
from app.deposits.errors import (
    AmountNeeded,
    AskedMeanwhile,
    BonusesActive,
    DebtOpen,
    DebtUncovered,
    KeyNotUsable,
    NotDecidable,
    WhereToNeeded,
)
from app.deposits.finding import get_withdrawal
from app.deposits.models import APPROVED, ASKED, DENIED, WITHDRAWN, Withdrawal
from app.errors import not_shown
from app.kit.db import db, insert
from app.kit.money import MOST_CENTS, as_number
from app.messages import notices
from app.messages.notices import Told
from app.wallet import ledger
from app.wallet import service as wallets
from app.wallet.errors import NotEnough

ENTITY = "withdrawal"
HELD, GIVEN_BACK = "withdrawal", "withdrawal_returned"


def request(user: User, amount_cents: int, pay_to: str, *, key: str, now: datetime) -> Withdrawal:
    """A client wants so much paid out: it is held at once. The same `key` gives the same withdrawal.

    Raises AmountNeeded, WhereToNeeded, KeyNotUsable, AskedMeanwhile, BonusesActive, DebtOpen and NotEnough, and then
    nothing is held.
    """
    if not KEY.fullmatch(key):
        raise KeyNotUsable
    _refuse_unless_complete(amount_cents, pay_to)
    accounts.hold(user.id)
    ledger.hold(user.id)
    earlier = db.session.scalar(select(Withdrawal).where(Withdrawal.key == key))
    if earlier is not None:
        return _same(earlier, user, amount_cents, pay_to.strip())
    _refuse_unless_free(user, amount_cents, now)
    made = _keep(user, amount_cents, pay_to.strip(), key, now)
    try:
        ledger.debit(user.id, amount_cents, reason=HELD, reference=made.subject, now=now)
    except NotEnough as short:
        raise NotEnough(short.facts["missing_cents"], field="amount") from None
    return made


def check(user: User, amount_cents: int, pay_to: str, now: datetime) -> None:
    """Whether it could be asked for as things stand, before anybody is asked to confirm it.

    Raises AmountNeeded, WhereToNeeded, BonusesActive, DebtOpen and NotEnough. Nothing is held by that.
    """
    _refuse_unless_complete(amount_cents, pay_to)
    _refuse_unless_free(user, amount_cents, now)
    missing = amount_cents - wallets.balances(user.id).cash_cents
    if missing > 0:
        raise NotEnough(missing, field="amount")


def cancel(user_id: int, withdrawal_id: int, now: datetime) -> Withdrawal:
    """A client gives it up, and has the money back; doing it again is fine. Raises NotFound, NotDecidable."""
    own = select(Withdrawal.id).where(Withdrawal.id == withdrawal_id, Withdrawal.user_id == user_id)
    if db.session.scalar(own) is None:
        raise not_shown(select(Withdrawal.id).where(Withdrawal.id == withdrawal_id))
    return _decide(withdrawal_id, WITHDRAWN, "", None, now)


def approve(withdrawal_id: int, note: str, *, actor: Actor, now: datetime) -> Withdrawal:
    """An admin has paid it out. Doing it again is fine. Raises NotFound, NotDecidable, DebtUncovered."""
    return _decide(withdrawal_id, APPROVED, note.strip(), actor, now)


def refuse(withdrawal_id: int, note: str, *, actor: Actor, now: datetime) -> Withdrawal:
    """An admin won't pay it out: the money comes back. Doing it again is fine. Raises NotFound, NotDecidable."""
    return _decide(withdrawal_id, DENIED, note.strip(), actor, now)


def forget(user: User) -> None:
    """Where money was sent goes with a person's name."""
    db.session.execute(update(Withdrawal).where(Withdrawal.user_id == user.id).values(pay_to=""))


def _refuse_unless_complete(amount_cents: int, pay_to: str) -> None:
    if not 0 < amount_cents <= MOST_CENTS:
        raise AmountNeeded(field="amount")
    if not pay_to.strip():
        raise WhereToNeeded(field="pay_to")


def _refuse_unless_free(user: User, amount_cents: int, now: datetime) -> None:
    """No bonus may wait for its turnover, and what is owed stays."""
    if bonuses.awaits_turnover(user.id, now):
        raise BonusesActive(field="amount")
    owed = sum(each.amount_cents for each in wallets.debts(user.id))
    if owed and wallets.balances(user.id).cash_cents - owed < amount_cents:
        raise DebtOpen(owed, field="amount")


def _refuse_unless_covered(user_id: int) -> None:
    """What came to be owed since it was held is there in cash: else nothing would be left to collect it from.

    Under the wallet, so that a deposit that is just being sent back has become a debt, or comes afterwards.
    """
    ledger.hold(user_id)
    owed_cents, cash_cents = wallets.owing({user_id}).get(user_id, (0, 0))
    if owed_cents > cash_cents:
        raise DebtUncovered(owed_cents)


def _same(earlier: Withdrawal, user: User, amount_cents: int, pay_to: str) -> Withdrawal:
    """What this key has asked for already; money that was to go elsewhere isn't the same."""
    if earlier.user_id != user.id:
        raise KeyNotUsable
    if (earlier.amount_cents, earlier.pay_to) != (amount_cents, pay_to):
        raise AskedMeanwhile
    return earlier


def _keep(user: User, amount_cents: int, pay_to: str, key: str, now: datetime) -> Withdrawal:
    kept = insert(Withdrawal).values(
        key=key, user_id=user.id, amount_cents=amount_cents, pay_to=pay_to, status=ASKED, note="", created_at=now
    )
    made: Withdrawal | None = db.session.scalar(
        kept.on_conflict_do_nothing(index_elements=["key"]).returning(Withdrawal)
    )
    if made is None:
        raise KeyNotUsable
    return made


def _decide(withdrawal_id: int, status: str, note: str, actor: Actor | None, now: datetime) -> Withdrawal:
    """Whoever decides first has decided."""
    asked = get_withdrawal(withdrawal_id)
    by = actor.user_id if actor else None
    accounts.hold(asked.user_id, *([] if by is None else [by]))
    decided = update(Withdrawal).where(Withdrawal.id == withdrawal_id, Withdrawal.status == ASKED)
    decided = decided.values(status=status, note=note, decided_by_id=by, decided_at=now)
    is_mine = db.session.scalar(decided.returning(Withdrawal.id), execution_options={"synchronize_session": False})
    withdrawal = get_withdrawal(withdrawal_id)
    if is_mine is None:
        if withdrawal.status == status:
            return withdrawal
        raise NotDecidable
    if status == APPROVED:
        _refuse_unless_covered(withdrawal.user_id)
    else:
        back, reference = withdrawal.amount_cents, withdrawal.subject
        ledger.credit(withdrawal.user_id, back, reason=GIVEN_BACK, reference=reference, now=now)
    if actor is not None:
        _note(withdrawal, actor, now)
    return withdrawal


def _note(withdrawal: Withdrawal, actor: Actor, now: datetime) -> None:
    after = {"status": withdrawal.status, "amount": as_number(withdrawal.amount_cents), "note": withdrawal.note}
    audit.record(actor, f"withdrawal.{withdrawal.status}", ENTITY, withdrawal.id, {"status": ASKED}, after)
    kind = f"withdrawal_{withdrawal.status}"
    facts = {"cents": withdrawal.amount_cents, "note": withdrawal.note}
    notices.tell(Told(withdrawal.user_id, kind, f"{kind}:{withdrawal.id}", facts), now)
