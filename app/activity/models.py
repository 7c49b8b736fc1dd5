"""What clients did. Each row keeps the date and the zone in which it was logged; the natural key makes it unique."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.activity import rules
from app.kit.db import Base, pk


class Logged:
    """What all logs have in common. Ids are never used twice, since ledger rows name them."""

    id: Mapped[pk]
    timezone: Mapped[str] = mapped_column(String(64))
    notes: Mapped[str] = mapped_column(String(rules.NOTES_LENGTH), default="")
    created_at: Mapped[datetime]

    @declared_attr
    def client_id(cls) -> Mapped[int]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))


class WorkoutLog(Logged, Base):
    """A workout. `performed_on` is the client's date at that moment."""

    __tablename__ = "workout_logs"
    __table_args__ = (
        UniqueConstraint("client_id", "performed_at"),
        CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration_within_a_day"),
        {"sqlite_autoincrement": True},
    )
    performed_at: Mapped[datetime]
    performed_on: Mapped[date]
    title: Mapped[str] = mapped_column(String(rules.TITLE_LENGTH), default="")
    duration_minutes: Mapped[int | None]

    @property
    def source(self) -> str:
        return rules.workout_source(self.performed_at)


class DailyLog(Logged, Base):
    """The check-in of one date. `checked_at` is the moment that it counts for."""

    __tablename__ = "daily_logs"
    __table_args__ = (
        UniqueConstraint("client_id", "checked_on"),
        CheckConstraint("mood BETWEEN 1 AND 5", name="mood_from_1_to_5"),
        CheckConstraint("weight_grams BETWEEN 1000 AND 999900", name="weight_plausible"),
        CheckConstraint("sleep_minutes BETWEEN 0 AND 1440", name="sleep_within_a_day"),
        Index("ix_daily_logs_client_id_checked_at", "client_id", "checked_at"),
        {"sqlite_autoincrement": True},
    )
    checked_at: Mapped[datetime]
    checked_on: Mapped[date]
    mood: Mapped[int | None]
    weight_grams: Mapped[int | None]
    sleep_minutes: Mapped[int | None]

    @property
    def source(self) -> str:
        return rules.checkin_source(self.checked_on)


class MealLog(Logged, Base):
    """A meal: breakfast, lunch, dinner or a snack."""

    __tablename__ = "meal_logs"
    __table_args__ = (
        UniqueConstraint("client_id", "eaten_at", "meal"),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner', 'snack')", name="meal_known"),
        {"sqlite_autoincrement": True},
    )
    eaten_at: Mapped[datetime]
    eaten_on: Mapped[date]
    meal: Mapped[str] = mapped_column(String(16))

    @property
    def source(self) -> str:
        return rules.meal_source(self.eaten_at, self.meal)
