"""The books of deposits and withdrawals: each moved what it says, once. Repairs nothing."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, or_, select, tuple_

from app.bonuses.books import BONUSES
from app.bonuses.models import CANCELLED, MemberPromotion
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
    """Every row that contradicts book 3 where it is about deposits and withdrawals, or 5 about what came of them."""
    return [*_wrong_deposits(), *_wrong_bonuses(), *_wrong_withdrawals(), *_loose_money()]


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


def _wrong_bonuses() -> Iterator[Fault]:
    """A deposit names the bonus that was claimed with it; once it was refunded, none that came from it goes on."""
    claimed = and_(
        MemberPromotion.source == DEPOSITS,
        MemberPromotion.id == Deposit.member_promotion_id,
        MemberPromotion.user_id == Deposit.user_id,
        MemberPromotion.deposit_cents == Deposit.amount_cents,
        MemberPromotion.cause == DEPOSITS,
    )
    is_claimed = select(MemberPromotion.id).where(claimed).exists()
    goes_on = select(MemberPromotion.id).where(MemberPromotion.cause == DEPOSITS, MemberPromotion.status != CANCELLED)
    checks = (
        (and_(Deposit.member_promotion_id.is_not(None), ~is_claimed), "names a bonus that didn't come with it"),
        (and_(Deposit.status == REFUNDED, goes_on.exists()), "was refunded, but a bonus that came from it goes on"),
    )
    for wrong, what in checks:
        for row_id in db.session.scalars(select(Deposit.id).where(wrong).order_by(Deposit.id)):
            yield Fault(BONUSES, "deposits", row_id, what)
    named = select(Deposit.member_promotion_id, DEPOSITS).where(Deposit.member_promotion_id.is_not(None))
    is_loose = tuple_(MemberPromotion.id, MemberPromotion.source).not_in(named)
    loose = select(MemberPromotion.id).where(MemberPromotion.source.like("deposit:%"), is_loose)
    for row_id in db.session.scalars(loose.order_by(MemberPromotion.id)):
        yield Fault(BONUSES, "member_promotions", row_id, "was claimed with a deposit that doesn't name it")


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
