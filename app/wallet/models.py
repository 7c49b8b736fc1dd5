"""Tables of wallets: the balances, the ledger that they add up to, and what could not be taken back."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, cents, pk

CASH, BONUS = BALANCES = ("cash", "bonus")


class Wallet(Base):
    """What a client has with us: `cash` is theirs to spend, `bonus` waits for its turnover. There from the first entry.

    Its row is the lock under which money is moved.
    """

    __tablename__ = "wallets"
    __table_args__ = (
        CheckConstraint("cash_cents >= 0", name="cash_not_negative"),
        CheckConstraint("bonus_cents >= 0", name="bonus_not_negative"),
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True)
    cash_cents: Mapped[cents] = mapped_column(default=0)
    bonus_cents: Mapped[cents] = mapped_column(default=0)


class WalletEntry(Base):
    """A movement of money, written once and never changed: triggers refuse it.

    `reference` names the thing that it is for; the unique key lets nothing be paid, or taken, twice.
    """

    __tablename__ = "wallet_entries"
    __table_args__ = (
        UniqueConstraint("user_id", "balance", "reason", "reference", name="uq_wallet_entries_reference"),
        CheckConstraint(f"balance IN {BALANCES}", name="known_balance"),
        CheckConstraint("amount_cents <> 0", name="moves_something"),
        CheckConstraint("balance_after_cents >= 0", name="balance_not_negative"),
        Index("ix_wallet_entries_user_id", "user_id", "id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("wallets.user_id", ondelete="RESTRICT"))
    balance: Mapped[str] = mapped_column(String(8))
    amount_cents: Mapped[cents]
    reason: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(64))
    balance_after_cents: Mapped[cents]
    created_at: Mapped[datetime]


class WalletDebt(Base):
    """What had to be taken back and was no longer there: admins are shown it, nothing collects it by itself."""

    __tablename__ = "wallet_debts"
    __table_args__ = (
        UniqueConstraint("user_id", "reason", "reference", name="uq_wallet_debts_reference"),
        CheckConstraint("amount_cents > 0", name="amount_positive"),
    )
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount_cents: Mapped[cents]
    reason: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
