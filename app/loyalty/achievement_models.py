"""What is honoured, and who has earned it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, pk

AUTOMATIC, MANUAL = "automatic", "manual"


class Achievement(Base):
    """Something to be proud of: awarded by itself when its condition is met, or by hand.

    Without a coach it is everybody's ("System"). `icon` is one of our signs; `image` is shown in its place.
    """

    __tablename__ = "achievements"
    __table_args__ = (
        CheckConstraint("type IN ('automatic', 'manual')", name="type_known"),
        CheckConstraint(
            "condition_type IN ('workout_count', 'streak_days', 'xp_total', 'checkin_count')", name="condition_known"
        ),
        CheckConstraint("(type = 'automatic') = (condition_type IS NOT NULL)", name="automatic_has_condition"),
        CheckConstraint("(type = 'automatic') = (condition_value IS NOT NULL)", name="automatic_has_value"),
        CheckConstraint("condition_value > 0", name="value_positive"),
        CheckConstraint("xp_reward >= 0", name="xp_not_negative"),
        CheckConstraint("points_reward >= 0", name="points_not_negative"),
        Index("ix_achievements_coach_id", "coach_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    coach_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(500), default="")
    type: Mapped[str] = mapped_column(String(16))
    condition_type: Mapped[str | None] = mapped_column(String(16))
    condition_value: Mapped[int | None]
    xp_reward: Mapped[int] = mapped_column(default=0)
    points_reward: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    icon: Mapped[str] = mapped_column(String(40), default="award")
    image: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def is_global(self) -> bool:
        return self.coach_id is None


class UserAchievement(Base):
    """An achievement that somebody has earned, once. `awarded_by_id` is the coach's, or nothing: by itself."""

    __tablename__ = "user_achievements"
    __table_args__ = (
        UniqueConstraint("user_id", "achievement_id"),
        Index("ix_user_achievements_achievement_id", "achievement_id"),
    )
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    achievement_id: Mapped[int] = mapped_column(ForeignKey("achievements.id", ondelete="RESTRICT"))
    awarded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    earned_at: Mapped[datetime]
