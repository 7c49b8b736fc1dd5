"""Asking for a deposit, and paying it: from the request to the provider.

Callers own the transaction, but for `start_payment`, which talks to the provider outside of any.
"""

import re
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import Actor
from app.config import settings
from app.deposits.errors import AmountNeeded, AskedMeanwhile, KeyNotUsable, NotPayable, NotRefusable, TooManyOpen
from app.deposits.finding import get, get_own
from app.deposits.models import MOST_OPEN, REFUSED, REQUESTED, Deposit
from app.kit.db import db, violated
from app.kit.money import MOST_CENTS
from app.messages import notices
from app.messages.notices import Told
from app.payments import service as payments
from app.payments.providers import Back, Payable

ENTITY = "deposit"
KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
TIME_TO_PAY = timedelta(hours=24)


def request(user: User, amount_cents: int, promotion_id: int | None, *, key: str, now: datetime) -> Deposit:
    """A client asks to deposit so much, with a bonus or without. The same `key` gives the same deposit.

    Raises AmountNeeded, KeyNotUsable, TooManyOpen, AskedMeanwhile.
    """
    if not KEY.fullmatch(key):
        raise KeyNotUsable
    user = accounts.hold(user.id)[user.id]
    earlier = db.session.scalar(select(Deposit).where(Deposit.key == key))
    if earlier is not None:
        return _same(earlier, user, amount_cents, promotion_id)
    if not 0 < amount_cents <= MOST_CENTS:
        raise AmountNeeded(field="amount")
    made = Deposit(
        key=key,
        user_id=user.id,
        amount_cents=amount_cents,
        promotion_id=promotion_id,
        open_slot=_free_slot(user.id),
        provider=settings().payments,
        created_at=now,
    )
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError as error:
        if violated(error, "uq_deposits_open_slot"):
            raise TooManyOpen from None
        if violated(error, "uq_deposits_key"):
            raise AskedMeanwhile from None
        raise
    return made


def start_payment(deposit: Deposit, *, back: Back, now: datetime) -> str | None:
    """The address where it is paid, from where the client comes `back`; None where the page itself says how.

    Raises NotPayable, PaymentUnavailable.
    """
    if deposit.status != REQUESTED:
        raise NotPayable
    pay_by = deposit.created_at + TIME_TO_PAY
    return payments.start(deposit.provider, payable(deposit), back=back, pay_by=max(pay_by, now), now=now)


def payable(deposit: Deposit) -> Payable:
    """What a provider is asked to collect for a deposit."""
    title = _("Deposit %(number)s", number=deposit.reference)
    return Payable(deposit.subject, deposit.reference, deposit.amount_cents, title)


def cancel(user_id: int, deposit_id: int, now: datetime) -> Deposit:
    """A client doesn't want to pay it after all; doing it again is fine. Raises NotFound, NotRefusable."""
    deposit = get_own(user_id, deposit_id)
    if deposit.status == REFUSED:
        return deposit
    return _close(deposit_id, "", None, now)


def refuse(deposit_id: int, note: str, *, actor: Actor, now: datetime) -> Deposit:
    """An admin won't take it; the client is told why. Doing it again is fine. Raises NotFound, NotRefusable."""
    deposit = get(deposit_id)
    accounts.hold(deposit.user_id, *([] if actor.user_id is None else [actor.user_id]))
    if deposit.status == REFUSED:
        return deposit
    deposit = _close(deposit_id, note.strip(), actor.user_id, now)
    told = {"status": REFUSED, "note": deposit.note}
    audit.record(actor, "deposit.refused", ENTITY, deposit.id, {"status": REQUESTED}, told)
    facts = {"cents": deposit.amount_cents, "note": deposit.note}
    notices.tell(Told(deposit.user_id, "deposit_refused", f"deposit_refused:{deposit.id}", facts), now)
    return deposit


def leave_requested(deposit_id: int, **values: object) -> bool:
    """Confirming and refusing meet here: one of them finds it waiting, the other doesn't."""
    waiting = update(Deposit).where(Deposit.id == deposit_id, Deposit.status == REQUESTED)
    left = waiting.values(open_slot=None, **values).returning(Deposit.id)
    return db.session.scalar(left, execution_options={"synchronize_session": False}) is not None


def _close(deposit_id: int, note: str, by: int | None, now: datetime) -> Deposit:
    if not leave_requested(deposit_id, status=REFUSED, note=note, decided_by_id=by, closed_at=now):
        raise NotRefusable
    return get(deposit_id)


def _same(earlier: Deposit, user: User, amount_cents: int, promotion_id: int | None) -> Deposit:
    """What this key has asked for already. It is no way to somebody else's."""
    if earlier.user_id != user.id:
        raise KeyNotUsable
    if (earlier.amount_cents, earlier.promotion_id) != (amount_cents, promotion_id):
        raise AskedMeanwhile
    return earlier


def _free_slot(user_id: int) -> int:
    taken = db.session.scalars(select(Deposit.open_slot).where(Deposit.user_id == user_id, Deposit.open_slot > 0)).all()
    free = set(range(1, MOST_OPEN + 1)) - set(taken)
    if not free:
        raise TooManyOpen
    return min(free)
