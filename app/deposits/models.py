"""Tables of deposits and withdrawals: what was asked for, and what became of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, cents, pk

MOST_OPEN = 3
REQUESTED, CONFIRMED, REFUSED, REFUNDED = STATUSES = ("requested", "confirmed", "refused", "refunded")
ASKED, APPROVED, DENIED, WITHDRAWN = WITHDRAWAL_STATUSES = ("requested", "approved", "refused", "cancelled")
HAS_TIME = "(confirmed_at IS NOT NULL) = (status IN ('confirmed', 'refunded'))"
LONGEST_NOTE = 200


class Deposit(Base):
    """Money that a client wants to put into their wallet, or that a program tells has come.

    `key` is the page's or the program's name for it, once. `open_slot` counts a client's unpaid ones from 1: its
    unique index keeps them few. `promotion_id` is the bonus that was chosen, `promotion_code` how it was named;
    `no_bonus` says why it gave none (as `bonuses.words.why_not` tells it). `cash_after_cents` is the balance once it
    was confirmed.
    """

    __tablename__ = "deposits"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="known_status"),
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint(f"open_slot BETWEEN 1 AND {MOST_OPEN}", name="open_slot_in_range"),
        CheckConstraint("open_slot IS NULL OR status = 'requested'", name="only_open_holds_slot"),
        CheckConstraint(
            "(confirmed_at IS NOT NULL) = (status IN ('confirmed', 'refunded'))", name="confirmed_has_time"
        ),
        CheckConstraint("(refunded_at IS NOT NULL) = (status = 'refunded')", name="refunded_has_time"),
        Index("uq_deposits_open_slot", "user_id", "open_slot", unique=True),
        Index("ix_deposits_user_id", "user_id", "id"),
        Index("ix_deposits_status", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(140), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount_cents: Mapped[cents]
    promotion_id: Mapped[int | None] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    promotion_code: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default=REQUESTED)
    open_slot: Mapped[int | None]
    provider: Mapped[str] = mapped_column(String(16))
    provider_reference: Mapped[str | None] = mapped_column(String(128))
    member_promotion_id: Mapped[int | None] = mapped_column(ForeignKey("member_promotions.id", ondelete="RESTRICT"))
    no_bonus: Mapped[str | None] = mapped_column(String(64))
    cash_after_cents: Mapped[cents | None]
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]

    @property
    def reference(self) -> str:
        """What payers read, and what its entry in the wallet refers to."""
        return f"D-{self.id:06d}"

    @property
    def subject(self) -> str:
        """Our name for it: at providers, in the wallet, and as the cause of its bonuses."""
        return f"deposit:{self.id}"


class Withdrawal(Base):
    """Cash that a client wants paid out. It is held from the request on, and comes back when nothing comes of it."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        CheckConstraint(f"status IN {WITHDRAWAL_STATUSES}", name="known_status"),
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint("(decided_at IS NOT NULL) = (status <> 'requested')", name="decided_has_time"),
        Index("ix_withdrawals_user_id", "user_id", "id"),
        Index("ix_withdrawals_status", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount_cents: Mapped[cents]
    pay_to: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    status: Mapped[str] = mapped_column(String(16), default=ASKED)
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]

    @property
    def reference(self) -> str:
        """What people call it."""
        return f"W-{self.id:06d}"

    @property
    def subject(self) -> str:
        """What its entries in the wallet refer to."""
        return f"withdrawal:{self.id}"
