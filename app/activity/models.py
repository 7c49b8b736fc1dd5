"""What clients did. Each row keeps the date and the zone in which it was logged; its natural key makes it unique.

All have `at`, the instant that they count for, and `on`, the client's date then, under names of their own.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, synonym

from app.activity import rules
from app.kit.db import Base, pk


class Log(Base):
    """What all logs have in common. Ids are never used twice, since ledger rows name them."""

    __abstract__ = True

    kind: ClassVar[str]
    event_key: ClassVar[str]

    if TYPE_CHECKING:
        at: Mapped[datetime]
        on: Mapped[date]

    id: Mapped[pk]
    timezone: Mapped[str] = mapped_column(String(64))
    notes: Mapped[str] = mapped_column(String(rules.NOTES_LENGTH), default="")
    created_at: Mapped[datetime]

    @declared_attr
    def client_id(cls) -> Mapped[int]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))

    @property
    def source(self) -> str:
        """The thing that was done, told apart from all others of its client; the same again has the same name."""
        raise NotImplementedError


class WorkoutLog(Log):
    """A workout."""

    __tablename__ = "workout_logs"
    __table_args__ = (
        UniqueConstraint("client_id", "performed_at"),
        CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration_within_a_day"),
        {"sqlite_autoincrement": True},
    )
    kind = "workout"
    event_key = "workout_logged"

    performed_at: Mapped[datetime]
    performed_on: Mapped[date]
    title: Mapped[str] = mapped_column(String(rules.TITLE_LENGTH), default="")
    duration_minutes: Mapped[int | None]
    at: Mapped[datetime] = synonym("performed_at")
    on: Mapped[date] = synonym("performed_on")

    @property
    def source(self) -> str:
        return rules.workout_source(self.performed_at)


class DailyLog(Log):
    """The check-in of one date."""

    __tablename__ = "daily_logs"
    __table_args__ = (
        UniqueConstraint("client_id", "checked_on"),
        CheckConstraint("mood BETWEEN 1 AND 5", name="mood_from_1_to_5"),
        CheckConstraint("weight_grams BETWEEN 1000 AND 999900", name="weight_plausible"),
        CheckConstraint("sleep_minutes BETWEEN 0 AND 1440", name="sleep_within_a_day"),
        Index("ix_daily_logs_client_id_checked_at", "client_id", "checked_at"),
        {"sqlite_autoincrement": True},
    )
    kind = "checkin"
    event_key = "daily_checkin"

    checked_at: Mapped[datetime]
    checked_on: Mapped[date]
    mood: Mapped[int | None]
    weight_grams: Mapped[int | None]
    sleep_minutes: Mapped[int | None]
    at: Mapped[datetime] = synonym("checked_at")
    on: Mapped[date] = synonym("checked_on")

    @property
    def source(self) -> str:
        return rules.checkin_source(self.checked_on)


class MealLog(Log):
    """A meal: breakfast, lunch, dinner or a snack."""

    __tablename__ = "meal_logs"
    __table_args__ = (
        UniqueConstraint("client_id", "eaten_at", "meal"),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner', 'snack')", name="meal_known"),
        {"sqlite_autoincrement": True},
    )
    kind = "meal"
    event_key = "meal_logged"

    eaten_at: Mapped[datetime]
    eaten_on: Mapped[date]
    meal: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = synonym("eaten_at")
    on: Mapped[date] = synonym("eaten_on")

    @property
    def source(self) -> str:
        return rules.meal_source(self.eaten_at, self.meal)


LOGS: dict[str, type[Log]] = {model.kind: model for model in (WorkoutLog, DailyLog, MealLog)}


class ExternalLog(Base):
    """Which log a program's own id stands for, so that what it sends again is kept once. Outlives the log."""

    __tablename__ = "external_logs"
    __table_args__ = (UniqueConstraint("client_id", "kind", "external_id"),)
    id: Mapped[pk]
    client_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(rules.EXTERNAL_ID_LENGTH))
    log_id: Mapped[int]
    created_at: Mapped[datetime]
