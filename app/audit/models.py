"""The audit log: append-only by triggers on both databases."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, Json, pk


class AuditValue(Base):
    """A personal value that an entry refers to, so that it can be blanked while the entry stays as it is."""

    __tablename__ = "audit_values"

    id: Mapped[pk]
    subject_id: Mapped[int] = mapped_column(index=True)
    value: Mapped[str | None] = mapped_column(String(500))


class AuditEntry(Base):
    """Who changed what, when. Personal values in `before` and `after` are `{"ref": id of an AuditValue}`."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_entity", "entity", "entity_id", "id"),
        Index("ix_audit_entries_actor", "actor_id", "id"),
        Index("ix_audit_entries_action", "action", "id"),
        Index("ix_audit_entries_at", "at"),
    )

    id: Mapped[pk]
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    actor_label: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    entity: Mapped[str] = mapped_column(String(40))
    entity_id: Mapped[str] = mapped_column(String(40))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    address_id: Mapped[int | None] = mapped_column(ForeignKey("audit_values.id", ondelete="RESTRICT"))
    address: Mapped[AuditValue | None] = relationship()
    request_id: Mapped[str] = mapped_column(String(64))
