"""What points buy, how many of it there are, and who has asked for it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.kit.db import Base, pk

PENDING, FULFILLED, REJECTED = STATUSES = ("pending", "fulfilled", "rejected")
SET, TAKEN, RETURNED = "set", "taken", "returned"
_OPEN = text("status = 'pending'")


class Reward(Base):
    """Something that points buy. Without a coach it is everybody's ("System"); without a `stock` it never runs out."""

    __tablename__ = "rewards"
    __table_args__ = (
        CheckConstraint("points_cost > 0", name="cost_positive"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        Index("ix_rewards_coach_id", "coach_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    coach_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(1000), default="")
    points_cost: Mapped[int]
    stock: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    image: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def is_global(self) -> bool:
        return self.coach_id is None

    @property
    def is_sold_out(self) -> bool:
        return self.stock == 0


class RewardRedemption(Base):
    """Somebody asked for a reward and paid its cost of that moment. Fulfilled or rejected once, by `handled_by`.

    `idempotency_key` names the button that was pressed: pressed twice, it is one redemption.
    """

    __tablename__ = "reward_redemptions"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        CheckConstraint("status IN ('pending', 'fulfilled', 'rejected')", name="status_known"),
        CheckConstraint("points_spent > 0", name="points_positive"),
        CheckConstraint("(status = 'pending') = (handled_at IS NULL)", name="handled_has_a_time"),
        Index("ix_reward_redemptions_reward_id", "reward_id"),
        Index("ix_reward_redemptions_created_at", "created_at"),
        Index("ix_reward_redemptions_pending", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    reward_id: Mapped[int] = mapped_column(ForeignKey("rewards.id", ondelete="RESTRICT"))
    idempotency_key: Mapped[str] = mapped_column(String(64))
    points_spent: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    coach_notes: Mapped[str] = mapped_column(String(1000), default="")
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    handled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    reward: Mapped[Reward] = relationship(lazy="raise")
    user: Mapped[User] = relationship(lazy="raise", foreign_keys=[user_id])
    handled_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[handled_by_id])

    @property
    def is_pending(self) -> bool:
        return self.status == PENDING


class StockEntry(Base):
    """A movement of a reward's stock, written once and never changed: triggers refuse it. Goes only with its reward.

    The changes add up to the stock (to 0 where there is no limit). Each redemption has its piece `taken` and, when it
    was rejected, `returned`; of an unlimited reward these change nothing.
    """

    __tablename__ = "stock_entries"
    __table_args__ = (
        UniqueConstraint("redemption_id", "kind"),
        CheckConstraint("kind IN ('set', 'taken', 'returned')", name="kind_known"),
        CheckConstraint("(kind = 'set') = (redemption_id IS NULL)", name="set_by_nobodys_redemption"),
        CheckConstraint(
            "kind = 'set' OR (kind = 'taken' AND change IN (0, -1)) OR (kind = 'returned' AND change IN (0, 1))",
            name="one_piece",
        ),
        Index("ix_stock_entries_reward_id", "reward_id"),
    )
    id: Mapped[pk]
    reward_id: Mapped[int] = mapped_column(ForeignKey("rewards.id", ondelete="RESTRICT"))
    redemption_id: Mapped[int | None] = mapped_column(ForeignKey("reward_redemptions.id", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(String(16))
    change: Mapped[int]
    created_at: Mapped[datetime]
