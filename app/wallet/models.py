"""Tables of wallets: balances, the ledger that they add up to, adjustments, and what could not be taken back."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, cents, pk

CASH, BONUS = BALANCES = ("cash", "bonus")
COLLECTED, FORGIVEN = SETTLEMENTS = ("collected", "forgiven")
OPEN = text("settled_at IS NULL")
LONGEST_REASON = 200


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

    `reference` names the thing that it is for; the unique key lets nothing be paid, or taken, twice. What a claimed
    bonus moves also names the claim.
    """

    __tablename__ = "wallet_entries"
    __table_args__ = (
        UniqueConstraint("user_id", "balance", "reason", "reference", name="uq_wallet_entries_reference"),
        CheckConstraint(f"balance IN {BALANCES}", name="known_balance"),
        CheckConstraint("amount_cents <> 0", name="moves_something"),
        CheckConstraint("balance_after_cents >= 0", name="balance_not_negative"),
        CheckConstraint("balance <> 'bonus' OR member_promotion_id IS NOT NULL", name="bonus_has_claim"),
        Index("ix_wallet_entries_user_id", "user_id", "id"),
        Index("ix_wallet_entries_member_promotion_id", "member_promotion_id"),
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
    member_promotion_id: Mapped[int | None] = mapped_column(ForeignKey("member_promotions.id", ondelete="RESTRICT"))


class WalletDebt(Base):
    """What had to be taken back and was no longer there: admins are shown it, nothing collects it by itself.

    An admin settles it: `collected` from the wallet once there is enough in it again, or `forgiven`, with a reason.
    """

    __tablename__ = "wallet_debts"
    __table_args__ = (
        UniqueConstraint("user_id", "reason", "reference", name="uq_wallet_debts_reference"),
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        Index("ix_wallet_debts_open", "id", postgresql_where=OPEN, sqlite_where=OPEN),
    )
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount_cents: Mapped[cents]
    reason: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_how: Mapped[str | None] = mapped_column(String(16))
    settled_why: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))


class WalletAdjustment(Base):
    """What an admin has put into somebody's cash, or taken from it, and why. The same `key` counts once."""

    __tablename__ = "wallet_adjustments"
    __table_args__ = (
        CheckConstraint("amount_cents <> 0", name="moves_something"),
        Index("ix_wallet_adjustments_user_id", "user_id", "id"),
    )
    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount_cents: Mapped[cents]
    why: Mapped[str] = mapped_column(String(LONGEST_REASON))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]
