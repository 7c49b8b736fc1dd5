"""XP and points: what earns, the ledger, the totals that it adds up to, and levels.

What points buy stands in `reward_models`, what is honoured beside them in `achievement_models`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, Json, pk


class EventType(Base):
    """Something that earns XP. Its key is one of the triggers that the code knows."""

    __tablename__ = "xp_event_types"
    __table_args__ = (
        CheckConstraint("xp_amount >= 0", name="xp_not_negative"),
        CheckConstraint("points_amount >= 0", name="points_not_negative"),
        CheckConstraint("cooldown_hours > 0", name="cooldown_positive"),
        CheckConstraint("daily_limit > 0", name="daily_limit_positive"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(500), default="")
    xp_amount: Mapped[int]
    points_amount: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True)
    cooldown_hours: Mapped[int | None]
    daily_limit: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)


class Level(Base):
    """A rung: reached by the XP of a lifetime. Whoever has less than the first has none.

    `icon` is one of our signs; `image`, where there is one, is shown in its place.
    """

    __tablename__ = "levels"
    __table_args__ = (
        CheckConstraint("level_number > 0", name="number_positive"),
        CheckConstraint("xp_required >= 0", name="xp_not_negative"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    name: Mapped[str] = mapped_column(String(60))
    level_number: Mapped[int] = mapped_column(unique=True)
    xp_required: Mapped[int] = mapped_column(unique=True)
    icon: Mapped[str] = mapped_column(String(40), default="medal")
    image: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)


class XpTransaction(Base):
    """A movement of XP and points, written once and never changed: triggers refuse it.

    `source_key` names the thing that it is for; the unique pair lets nothing be paid twice. `occurred_on` is the
    client's date.
    """

    __tablename__ = "xp_transactions"
    __table_args__ = (
        UniqueConstraint("user_id", "source_key"),
        CheckConstraint("kind IN ('event', 'achievement', 'redemption', 'reversal', 'adjustment')", name="kind_known"),
        CheckConstraint("(kind = 'event') = (event_type_id IS NOT NULL)", name="event_has_a_type"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_names_a_row"),
        Index("ix_xp_transactions_user_id_event_type_id_occurred_on", "user_id", "event_type_id", "occurred_on"),
        Index("ix_xp_transactions_user_id_occurred_on", "user_id", "occurred_on"),
    )
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(String(16))
    event_type_id: Mapped[int | None] = mapped_column(ForeignKey("xp_event_types.id", ondelete="RESTRICT"))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("xp_transactions.id", ondelete="RESTRICT"), unique=True)
    xp: Mapped[int]
    points: Mapped[int]
    source_key: Mapped[str] = mapped_column(String(120))
    details: Mapped[dict[str, Any]] = mapped_column("metadata", Json, default=dict)
    occurred_at: Mapped[datetime]
    occurred_on: Mapped[date]
    created_at: Mapped[datetime]


class XpRefusal(Base):
    """Something that happened and earned nothing, and why: its client is told, and it isn't judged again."""

    __tablename__ = "xp_refusals"
    __table_args__ = (UniqueConstraint("user_id", "source_key"),)
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    source_key: Mapped[str] = mapped_column(String(120))
    event_key: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]


class XpSummary(Base):
    """What a user's ledger adds up to. Its row is the lock under which their events are settled.

    `celebrated_xp` are the XP up to which they were congratulated: a level that takes more is news to them.
    """

    __tablename__ = "user_xp_summaries"
    __table_args__ = (
        CheckConstraint("total_xp >= 0", name="xp_not_negative"),
        CheckConstraint("available_points >= 0", name="points_not_negative"),
        Index("ix_user_xp_summaries_current_level_id", "current_level_id"),
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True)
    total_xp: Mapped[int] = mapped_column(default=0)
    available_points: Mapped[int] = mapped_column(default=0)
    current_level_id: Mapped[int | None] = mapped_column(ForeignKey("levels.id", ondelete="RESTRICT"))
    celebrated_xp: Mapped[int] = mapped_column(default=0)

    level: Mapped[Level | None] = relationship(lazy="joined")

    @property
    def figures(self) -> tuple[int, int, int]:
        """What tells changed totals from the same ones."""
        return self.total_xp, self.available_points, self.celebrated_xp
