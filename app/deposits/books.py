"""The books of deposits and withdrawals: each moved what it says, once. Repairs nothing."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, func, literal, or_, select

from app.deposits.confirming import CREDITED
from app.deposits.models import APPROVED, ASKED, CONFIRMED, REFUNDED, Deposit, Withdrawal
from app.deposits.refunding import TAKEN_BACK
from app.deposits.withdrawing import GIVEN_BACK, HELD
from app.kit.books import Fault
from app.kit.db import db
from app.wallet.models import CASH, WalletDebt, WalletEntry

BOOK = 3
DEPOSITS = literal("deposit:") + cast(Deposit.id, String)
WITHDRAWALS = literal("withdrawal:") + cast(Withdrawal.id, String)


def faults() -> list[Fault]:
    """Every row that contradicts book 3 where it is about deposits and withdrawals."""
    return [*_wrong_deposits(), *_wrong_withdrawals(), *_loose_money()]


def _wrong_deposits() -> Iterator[Fault]:
    """What was confirmed was credited; what was refunded was taken back, or is owed."""
    owed = select(func.coalesce(func.sum(WalletDebt.amount_cents), 0)).where(
        WalletDebt.user_id == Deposit.user_id, WalletDebt.reference == DEPOSITS, WalletDebt.reason == TAKEN_BACK
    )
    came = case((Deposit.status.in_([CONFIRMED, REFUNDED]), Deposit.amount_cents), else_=0)
    went = case((Deposit.status == REFUNDED, Deposit.amount_cents), else_=0)
    credited = _moved(Deposit, DEPOSITS, CREDITED)
    taken = -_moved(Deposit, DEPOSITS, TAKEN_BACK) + owed.correlate(Deposit).scalar_subquery()
    query = select(Deposit.id, Deposit.status, credited.label("credited"), taken.label("taken"))
    for row in db.session.execute(query.where(or_(came != credited, went != taken)).order_by(Deposit.id)):
        told = f"is {row.status}, but {int(row.credited)} were credited and {int(row.taken)} taken back or owed"
        yield Fault(BOOK, "deposits", row.id, told)


def _wrong_withdrawals() -> Iterator[Fault]:
    """What is asked for or approved is held; what was refused or given up came back."""
    held, back = -_moved(Withdrawal, WITHDRAWALS, HELD), _moved(Withdrawal, WITHDRAWALS, GIVEN_BACK)
    returned = case((Withdrawal.status.in_([ASKED, APPROVED]), 0), else_=Withdrawal.amount_cents)
    query = select(Withdrawal.id, Withdrawal.status, held.label("held"), back.label("back"))
    wrong = query.where(or_(held != Withdrawal.amount_cents, back != returned)).order_by(Withdrawal.id)
    for row in db.session.execute(wrong):
        told = f"is {row.status}, but {int(row.held)} were held and {int(row.back)} came back"
        yield Fault(BOOK, "withdrawals", row.id, told)


def _loose_money() -> Iterator[Fault]:
    """No entry speaks of a deposit or a withdrawal that isn't there."""
    loose = or_(
        WalletEntry.reason.in_([CREDITED, TAKEN_BACK]) & WalletEntry.reference.not_in(select(DEPOSITS)),
        WalletEntry.reason.in_([HELD, GIVEN_BACK]) & WalletEntry.reference.not_in(select(WITHDRAWALS)),
    )
    for entry_id in db.session.scalars(select(WalletEntry.id).where(loose).order_by(WalletEntry.id)):
        yield Fault(BOOK, "wallet_entries", entry_id, "is for a deposit or a withdrawal that isn't there")


def _moved(model: Any, reference: ColumnElement[str], reason: str) -> ColumnElement[int]:
    mine = (
        WalletEntry.user_id == model.user_id,
        WalletEntry.reference == reference,
        WalletEntry.balance == CASH,
        WalletEntry.reason == reason,
    )
    return select(func.coalesce(func.sum(WalletEntry.amount_cents), 0)).where(*mine).correlate(model).scalar_subquery()
