"""Moving money: the balance and the entry that says why, in one go. Callers own the transaction.

The wallet's row is locked from the first movement until the transaction ends. It is taken after the row of the thing
that the movement is for, and before the promotion's.
"""

from datetime import datetime

from sqlalchemy import select, update

from app.kit.db import db, insert
from app.wallet.models import CASH, Wallet, WalletDebt, WalletEntry


def credit(user_id: int, cents: int, *, reason: str, reference: str, now: datetime) -> int:
    """Add so much to somebody's cash, and return what they have then. The first movement opens the wallet.

    The same reason and reference again is an IntegrityError: nothing is paid twice.
    """
    opened = insert(Wallet).values(user_id=user_id, cash_cents=cents, bonus_cents=0)
    paid = opened.on_conflict_do_update(
        index_elements=["user_id"], set_={"cash_cents": Wallet.cash_cents + opened.excluded.cash_cents}
    )
    balance: int = db.session.scalars(
        paid.returning(Wallet.cash_cents), execution_options={"synchronize_session": False}
    ).one()
    _enter(
        WalletEntry(
            user_id=user_id,
            amount_cents=cents,
            balance_after_cents=balance,
            reason=reason,
            reference=reference,
            created_at=now,
        )
    )
    return balance


def take_back(user_id: int, cents: int, *, reason: str, reference: str, now: datetime) -> int:
    """Take so much back from somebody's cash, as far as it is there, and return how much was.

    What is no longer there is written down as a debt.
    """
    held = select(Wallet.cash_cents).where(Wallet.user_id == user_id).with_for_update()
    taken = min(cents, db.session.scalar(held) or 0)
    if taken:
        balance: int = db.session.scalars(
            update(Wallet)
            .where(Wallet.user_id == user_id)
            .values(cash_cents=Wallet.cash_cents - taken)
            .returning(Wallet.cash_cents)
            .execution_options(synchronize_session=False)
        ).one()
        _enter(
            WalletEntry(
                user_id=user_id,
                amount_cents=-taken,
                balance_after_cents=balance,
                reason=reason,
                reference=reference,
                created_at=now,
            )
        )
    if cents > taken:
        debt = {"user_id": user_id, "amount_cents": cents - taken, "reason": reason, "reference": reference}
        db.session.add(WalletDebt(**debt, created_at=now))
        db.session.flush()
    return taken


def _enter(entry: WalletEntry) -> None:
    entry.balance = CASH
    db.session.add(entry)
    db.session.flush()
