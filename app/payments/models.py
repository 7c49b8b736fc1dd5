"""What providers told us, the pages where they wait for money, and what has to go back. Each thing once."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, cents, pk

OUTCOMES = ("paid", "declined", "return_failed")
STATES = ("waiting", "by_hand", "failed", "done")
UNSETTLED = text("settled_at IS NULL")


class PaymentEvent(Base):
    """One notification of a provider. It may arrive late, twice or out of order; the unique pair lets it count once.

    `subject` is what was paid for, such as `invoice:12`. `is_stray` marks money that nobody owed: it goes back.
    """

    __tablename__ = "payment_events"
    __table_args__ = (
        UniqueConstraint("provider", "event_id", name="uq_payment_events_event"),
        CheckConstraint(f"outcome IN {OUTCOMES}", name="known_outcome"),
        Index("ix_payment_events_subject", "subject"),
    )

    id: Mapped[pk]
    provider: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(String(128))
    subject: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    amount_cents: Mapped[cents]
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    is_stray: Mapped[bool] = mapped_column(default=False)


class PaymentSession(Base):
    """The page at a provider where a subject is paid, and until when it waits there."""

    __tablename__ = "payment_sessions"
    __table_args__ = (Index("ix_payment_sessions_subject", "subject"),)

    id: Mapped[pk]
    provider: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(128))
    url: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class PaymentReturn(Base):
    """Money that has to go back to where it came from: written down first, sent after the commit.

    `key` says why and lets it go once (`refund:7`, `stray:stripe:pi_1`); `reference` is what the provider calls the
    payment. It is `waiting` for the provider, `by_hand` where people have to do it, `failed` where it was refused,
    `done`. `attempt` rises when somebody tries a failed one again.
    """

    __tablename__ = "payment_returns"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint(f"state IN {STATES}", name="known_state"),
        CheckConstraint("(settled_at IS NOT NULL) = (state = 'done')", name="done_has_time"),
        Index("ix_payment_returns_subject", "subject"),
        Index("ix_payment_returns_unsettled", "id", postgresql_where=UNSETTLED, sqlite_where=UNSETTLED),
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    subject: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(16))
    reference: Mapped[str | None] = mapped_column(String(128))
    amount_cents: Mapped[cents]
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=1)
    provider_reference: Mapped[str | None] = mapped_column(String(128))
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
