"""The books of wallets: whether balances are what their ledger adds up to, entry by entry. Repairs nothing."""

from collections.abc import Iterator

from sqlalchemy import String, case, cast, func, literal, or_, select, tuple_

from app.kit.books import Fault
from app.kit.db import db
from app.wallet.adjusting import ADJUSTED, PAID_OFF
from app.wallet.models import BALANCES, CASH, COLLECTED, Wallet, WalletAdjustment, WalletDebt, WalletEntry

BOOK = 3


def faults() -> list[Fault]:
    """Every row that contradicts book 3 where it is about money."""
    entries = [*_wrong_balances(), *_without_wallet(), *_broken_chains(), *_loose_money()]
    return [*entries, *_wrong_adjustments(), *_wrong_debts()]


def _wrong_balances() -> Iterator[Fault]:
    """Every balance is the sum of its entries."""
    for balance in BALANCES:
        shown = Wallet.cash_cents if balance == "cash" else Wallet.bonus_cents
        summed = (
            select(func.coalesce(func.sum(WalletEntry.amount_cents), 0))
            .where(WalletEntry.user_id == Wallet.user_id, WalletEntry.balance == balance)
            .correlate(Wallet)
            .scalar_subquery()
        )
        wrong = select(Wallet.user_id, shown.label("shown"), summed.label("summed")).where(shown != summed)
        for row in db.session.execute(wrong.order_by(Wallet.user_id)):
            told = f"has {row.shown} in {balance}, its entries add up to {row.summed}"
            yield Fault(BOOK, "wallets", row.user_id, told)


def _without_wallet() -> Iterator[Fault]:
    """Whoever has entries has a wallet."""
    loose = select(WalletEntry.user_id, func.sum(WalletEntry.amount_cents).label("summed"))
    loose = loose.outerjoin(Wallet, Wallet.user_id == WalletEntry.user_id).where(Wallet.user_id.is_(None))
    for row in db.session.execute(loose.group_by(WalletEntry.user_id).order_by(WalletEntry.user_id)):
        yield Fault(BOOK, "wallets", row.user_id, f"isn't there, its entries add up to {int(row.summed)}")


def _broken_chains() -> Iterator[Fault]:
    """What each entry says that there was afterwards is what all entries up to it add up to."""
    running = func.sum(WalletEntry.amount_cents).over(
        partition_by=(WalletEntry.user_id, WalletEntry.balance), order_by=WalletEntry.id
    )
    entries = select(WalletEntry.id, WalletEntry.balance_after_cents.label("told"), running.label("running")).subquery()
    wrong = select(entries).where(entries.c.told != entries.c.running).order_by(entries.c.id)
    for row in db.session.execute(wrong):
        yield Fault(BOOK, "wallet_entries", row.id, f"says {row.told} were left, but it was {int(row.running)}")


def _wrong_adjustments() -> Iterator[Fault]:
    """What was adjusted by hand was moved, once."""
    mine = (
        WalletEntry.user_id == WalletAdjustment.user_id,
        WalletEntry.balance == CASH,
        WalletEntry.reason == ADJUSTED,
        WalletEntry.reference == literal("adjustment:") + cast(WalletAdjustment.id, String),
    )
    moved = select(func.coalesce(func.sum(WalletEntry.amount_cents), 0)).where(*mine).correlate(WalletAdjustment)
    wrong = select(WalletAdjustment.id).where(WalletAdjustment.amount_cents != moved.scalar_subquery())
    for row_id in db.session.scalars(wrong.order_by(WalletAdjustment.id)):
        yield Fault(BOOK, "wallet_adjustments", row_id, "isn't what was moved for it")


def _wrong_debts() -> Iterator[Fault]:
    """A debt that was collected was taken from the wallet, and no other was."""
    mine = (
        WalletEntry.user_id == WalletDebt.user_id,
        WalletEntry.balance == CASH,
        WalletEntry.reason == PAID_OFF,
        WalletEntry.reference == literal("debt:") + cast(WalletDebt.id, String),
    )
    taken = select(func.coalesce(-func.sum(WalletEntry.amount_cents), 0)).where(*mine).correlate(WalletDebt)
    due = case((WalletDebt.settled_how == COLLECTED, WalletDebt.amount_cents), else_=0)
    wrong = select(WalletDebt.id).where(taken.scalar_subquery() != due)
    for row_id in db.session.scalars(wrong.order_by(WalletDebt.id)):
        yield Fault(BOOK, "wallet_debts", row_id, "wasn't collected as it says")


def _loose_money() -> Iterator[Fault]:
    """No entry speaks of an adjustment or a debt of this client that isn't there."""
    about = tuple_(WalletEntry.user_id, WalletEntry.reference)
    for model, reason, name in ((WalletAdjustment, ADJUSTED, "adjustment"), (WalletDebt, PAID_OFF, "debt")):
        there = select(model.user_id, literal(f"{name}:") + cast(model.id, String))
        is_loose = or_(WalletEntry.balance != CASH, about.not_in(there))
        loose = select(WalletEntry.id, WalletEntry.reference).where(WalletEntry.reason == reason, is_loose)
        for entry_id, reference in db.session.execute(loose.order_by(WalletEntry.id)):
            yield Fault(BOOK, "wallet_entries", entry_id, f"is for {reference}, which isn't theirs")
