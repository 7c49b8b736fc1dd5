"""The mails we owe people, and what became of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Json, pk


class Mail(Base):
    """One mail for one event (`key`).

    `maybe_sent`: we died, or lost the line, between handing it over and hearing that it was taken. `context` is
    emptied once it was sent, since it may hold links that open doors.
    """

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sending', 'sent', 'maybe_sent', 'failed')", name="state_known"),
        Index("ix_mails_state", "state", "id"),
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[int | None] = mapped_column(index=True)
    recipient: Mapped[str] = mapped_column(String(254))
    template: Mapped[str] = mapped_column(String(40))
    context: Mapped[dict[str, Any]] = mapped_column(Json)
    locale: Mapped[str] = mapped_column(String(5))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Notice(Base):
    """Something that a user is told in the application, once (`key`). `kind` names the words, `context` fills them."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_unseen",
            "user_id",
            "id",
            postgresql_where=text("seen_at IS NULL"),
            sqlite_where=text("seen_at IS NULL"),
        ),
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    context: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
