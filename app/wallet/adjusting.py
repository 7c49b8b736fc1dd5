"""What admins do to wallets by hand, each with a reason: adjustments of cash, and settling debts.

Callers own the transaction.
"""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.service import Actor
from app.errors import NotFound, ValidationFailed
from app.kit.db import db, insert
from app.kit.money import MOST_CENTS, as_number
from app.kit.text import is_blank
from app.wallet import ledger
from app.wallet.errors import AdjustmentMade, DebtSettled, NothingToMove, TooMuch
from app.wallet.models import COLLECTED, FORGIVEN, WalletAdjustment, WalletDebt

ENTITY = "wallet"
ADJUSTED, PAID_OFF = "adjustment", "debt_collected"
WHY_NEEDED = _l("Please say why, so that everybody can follow it later.")


def adjust(  # noqa: PLR0913
    user_id: int, cents: int, why: str, *, key: str, actor: Actor, now: datetime
) -> WalletAdjustment:
    """Put so much into a client's cash, or take it where it is below 0; the same `key` once.

    Raises NotFound, ValidationFailed without a reason, NotEnough, NothingToMove, TooMuch, AdjustmentMade.
    """
    why = _reason(why)
    if not cents:
        raise NothingToMove(field="amount")
    if abs(cents) > MOST_CENTS:
        raise TooMuch(field="amount")
    user = accounts.hold(user_id, *_also(actor)).get(user_id)
    if user is None or user.role != "client":
        raise NotFound
    ledger.hold(user_id)
    made = _keep(user_id, cents, why, key, actor, now)
    if made is None:
        return _made_before(user_id, cents, why, key)
    reference = f"adjustment:{made.id}"
    if cents > 0:
        ledger.credit(user_id, cents, reason=ADJUSTED, reference=reference, now=now)
    else:
        ledger.debit(user_id, -cents, reason=ADJUSTED, reference=reference, now=now)
    audit.record(actor, "wallet.adjusted", ENTITY, user_id, after={"amount": _signed(cents), "why": why})
    return made


def collect(debt_id: int, *, actor: Actor, now: datetime) -> WalletDebt:
    """Take a debt from the wallet that owes it, now that there is enough. Raises NotFound, DebtSettled, NotEnough."""
    debt = _lock(debt_id)
    ledger.hold(debt.user_id)
    ledger.debit(debt.user_id, debt.amount_cents, reason=PAID_OFF, reference=f"debt:{debt.id}", now=now)
    return _settle(debt, COLLECTED, None, actor, now)


def forgive(debt_id: int, why: str, *, actor: Actor, now: datetime) -> WalletDebt:
    """Let a debt go. Raises NotFound, DebtSettled, and ValidationFailed without a reason."""
    why = _reason(why)
    return _settle(_lock(debt_id), FORGIVEN, why, actor, now)


def _reason(why: str) -> str:
    if is_blank(why):
        raise ValidationFailed({"why": [WHY_NEEDED]})
    return why.strip()


def _also(actor: Actor) -> list[int]:
    return [] if actor.user_id is None else [actor.user_id]


def _keep(user_id: int, cents: int, why: str, key: str, actor: Actor, now: datetime) -> WalletAdjustment | None:  # noqa: PLR0913, PLR0917
    kept = insert(WalletAdjustment).values(
        key=key, user_id=user_id, amount_cents=cents, why=why, made_by_id=actor.user_id, created_at=now
    )
    return db.session.scalar(kept.on_conflict_do_nothing(index_elements=["key"]).returning(WalletAdjustment))


def _made_before(user_id: int, cents: int, why: str, key: str) -> WalletAdjustment:
    earlier = db.session.scalars(select(WalletAdjustment).where(WalletAdjustment.key == key)).one()
    if (earlier.user_id, earlier.amount_cents, earlier.why) != (user_id, cents, why):
        raise AdjustmentMade
    return earlier


def _lock(debt_id: int) -> WalletDebt:
    debt = db.session.get(WalletDebt, debt_id, with_for_update=True, populate_existing=True)
    if debt is None:
        raise NotFound
    if debt.settled_at is not None:
        raise DebtSettled
    return debt


def _settle(debt: WalletDebt, how: str, why: str | None, actor: Actor, now: datetime) -> WalletDebt:
    debt.settled_at, debt.settled_how, debt.settled_why, debt.settled_by_id = now, how, why, actor.user_id
    told = {"debt": debt.id, "amount": as_number(debt.amount_cents), "how": how, "why": why}
    audit.record(actor, "wallet.debt_settled", ENTITY, debt.user_id, after=told)
    db.session.flush()
    return debt


def _signed(cents: int) -> float | int:
    return as_number(cents) if cents > 0 else -as_number(-cents)
