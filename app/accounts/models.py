"""People, and what opens doors for them: reset links, refresh tokens, API keys."""

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.persons import Person
from app.kit.db import Base, Json, pk


class User(UserMixin, Base):
    """Somebody with an account. Never deleted: `anonymised_at` says that the name was taken away.

    Sessions and tokens carry `session_epoch`; raising it ends them all.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('admin', 'coach', 'client')", name="role_known"),
        CheckConstraint("coach_id IS NULL OR role = 'client'", name="only_clients_have_coaches"),
        CheckConstraint("coach_id <> id AND referred_by_id <> id", name="not_of_oneself"),
    )

    id: Mapped[pk]
    username: Mapped[str] = mapped_column(String(32))
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200))
    display_name: Mapped[str] = mapped_column(String(80), default="")
    role: Mapped[str] = mapped_column(String(10))
    coach_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    referral_code: Mapped[str] = mapped_column(String(16), unique=True)
    referred_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    timezone: Mapped[str] = mapped_column(String(64))
    timezone_changed_at: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(String(5), default="en")
    is_active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    anonymised_at: Mapped[datetime | None]

    coach: Mapped["User | None"] = relationship(foreign_keys="User.coach_id", remote_side="User.id")

    @property
    def name(self) -> str:
        """What others see."""
        return self.display_name or self.username

    @property
    def person(self) -> Person:
        return Person(self.username, self.id)

    def get_id(self) -> str:
        """What session and remember-cookie carry: worth nothing once the epoch has moved on."""
        return f"{self.id}.{self.session_epoch}"


Index("uq_users_username", func.lower(User.username), unique=True)
Index("uq_users_email", func.lower(User.email), unique=True)


class PasswordReset(Base):
    """A link that lets somebody set a new password, once and not for long. Kept hashed."""

    __tablename__ = "password_resets"

    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RefreshToken(Base):
    """Gets new access tokens, once each; the next one is of the same family. Kept hashed."""

    __tablename__ = "refresh_tokens"

    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    family: Mapped[str] = mapped_column(String(32), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiKey(Base):
    """A program's key, kept hashed; `start` is its readable beginning, to tell keys apart."""

    __tablename__ = "api_keys"

    id: Mapped[pk]
    name: Mapped[str] = mapped_column(String(80))
    start: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
