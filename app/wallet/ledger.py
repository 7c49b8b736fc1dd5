"""Moving money: the balance and the entry that says why, in one go. Callers own the transaction.

The wallet's row is locked from the first movement, or from `hold`, until the transaction ends: whatever a client's
money and bonuses do comes one after the other. It is taken after the row of the thing that the movement is for, and
before the promotion of a bonus.
"""

from datetime import datetime

from sqlalchemy import select, update

from app.kit.db import db, insert
from app.wallet.errors import NotEnough
from app.wallet.models import BONUS, CASH, Wallet, WalletDebt, WalletEntry

COLUMNS = {CASH: Wallet.cash_cents, BONUS: Wallet.bonus_cents}
QUIETLY = {"synchronize_session": False}


def hold(*user_ids: int) -> None:
    """Hold these wallets, in the order of their ids, opening those that weren't open yet."""
    for user_id in sorted(set(user_ids)):
        opened = insert(Wallet).values(user_id=user_id, cash_cents=0, bonus_cents=0)
        db.session.execute(opened.on_conflict_do_nothing(index_elements=["user_id"]), execution_options=QUIETLY)
        db.session.execute(select(Wallet.user_id).where(Wallet.user_id == user_id).with_for_update())


def credit(  # noqa: PLR0913
    user_id: int,
    cents: int,
    *,
    reason: str,
    reference: str,
    now: datetime,
    balance: str = CASH,
    claim_id: int | None = None,
) -> int:
    """Add so much to a balance, and return what is in it then. The first movement opens the wallet.

    The same reason and reference again is an IntegrityError: nothing is paid twice.
    """
    column = COLUMNS[balance]
    opened = insert(Wallet).values(**{"user_id": user_id, "cash_cents": 0, "bonus_cents": 0, column.key: cents})
    paid = opened.on_conflict_do_update(
        index_elements=["user_id"], set_={column.key: column + opened.excluded[column.key]}
    )
    left: int = db.session.scalars(paid.returning(column), execution_options=QUIETLY).one()
    _enter(user_id, balance, cents, left, reason=reason, reference=reference, now=now, claim_id=claim_id)
    return left


def debit(  # noqa: PLR0913
    user_id: int,
    cents: int,
    *,
    reason: str,
    reference: str,
    now: datetime,
    balance: str = CASH,
    claim_id: int | None = None,
) -> int:
    """Take so much from a balance, and return what is left. Raises NotEnough, and then nothing was taken.

    Whether there is enough is part of the statement that takes it.
    """
    column = COLUMNS[balance]
    taken = update(Wallet).where(Wallet.user_id == user_id, column >= cents).values({column: column - cents})
    left = db.session.scalar(taken.returning(column), execution_options=QUIETLY)
    if left is None:
        there = db.session.scalar(select(column).where(Wallet.user_id == user_id)) or 0
        raise NotEnough(cents - there)
    _enter(user_id, balance, -cents, left, reason=reason, reference=reference, now=now, claim_id=claim_id)
    return int(left)


def take_back(  # noqa: PLR0913
    user_id: int, cents: int, *, reason: str, reference: str, now: datetime, claim_id: int | None = None
) -> int:
    """Take so much back from somebody's cash, as far as it is there, and return how much was.

    What is no longer there is written down as a debt.
    """
    held = select(Wallet.cash_cents).where(Wallet.user_id == user_id).with_for_update()
    taken = min(cents, db.session.scalar(held) or 0)
    if taken:
        debit(user_id, taken, reason=reason, reference=reference, now=now, claim_id=claim_id)
    if cents > taken:
        debt = {"user_id": user_id, "amount_cents": cents - taken, "reason": reason, "reference": reference}
        db.session.add(WalletDebt(**debt, created_at=now))
        db.session.flush()
    return taken


def _enter(  # noqa: PLR0913
    user_id: int,
    balance: str,
    cents: int,
    left: int,
    *,
    reason: str,
    reference: str,
    now: datetime,
    claim_id: int | None,
) -> None:
    db.session.add(
        WalletEntry(
            user_id=user_id,
            balance=balance,
            amount_cents=cents,
            reason=reason,
            reference=reference,
            balance_after_cents=left,
            created_at=now,
            member_promotion_id=claim_id,
        )
    )
    db.session.flush()
