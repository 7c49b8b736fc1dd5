"""What coaches have their clients do: programmes, and who follows which."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.kit.db import Base, pk

ACTIVE, COMPLETED, CANCELLED = STATUSES = ("active", "completed", "cancelled")
_UNDER_WAY = text("status = 'active'")


class Program(Base):
    """A coach's programme. One that isn't active is offered to nobody new; who follows it goes on."""

    __tablename__ = "programs"
    __table_args__ = (Index("ix_programs_coach_id", "coach_id"), {"sqlite_autoincrement": True})
    id: Mapped[pk]
    coach_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(2000), default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ClientProgram(Base):
    """A client follows a programme, at most once at a time; completed or cancelled once."""

    __tablename__ = "client_programs"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'completed', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'active') = (ended_at IS NULL)", name="ended_has_a_time"),
        Index(
            "uq_client_programs_under_way",
            "client_id",
            "program_id",
            unique=True,
            postgresql_where=_UNDER_WAY,
            sqlite_where=_UNDER_WAY,
        ),
        Index("ix_client_programs_program_id", "program_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id", ondelete="RESTRICT"))
    client_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    assigned_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    program: Mapped[Program] = relationship(lazy="raise")
    client: Mapped[User] = relationship(lazy="raise")
