"""What providers told us, each thing once."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, cents, pk

TO_GIVE_BACK = text("is_stray AND given_back_at IS NULL")
OUTCOMES = ("paid", "declined")


class PaymentEvent(Base):
    """One notification of a provider. It may arrive late, twice or out of order; the unique pair lets it count once.

    `subject` is what was paid for, such as `invoice:12`. `is_stray` marks money for something that was
    closed already; `given_back_at` is when it went back.
    """

    __tablename__ = "payment_events"
    __table_args__ = (
        UniqueConstraint("provider", "event_id", name="uq_payment_events_event"),
        CheckConstraint(f"outcome IN {OUTCOMES}", name="known_outcome"),
        CheckConstraint("given_back_at IS NULL OR is_stray", name="only_stray_goes_back"),
        Index("ix_payment_events_subject", "subject"),
        Index("ix_payment_events_stray", "subject", postgresql_where=TO_GIVE_BACK, sqlite_where=TO_GIVE_BACK),
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
    given_back_at: Mapped[datetime | None]
