"""Tables of deals: what they give, what people have spent on them, and what was given."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, Json, cents, pk
from app.promotions.models import Promotion

KIND = "deal"
TYPES = ("single", "recurrent")
WAITING = text("status = 'pending'")
PENDING, DELIVERED, REVOKED = STATUSES = ("pending", "delivered", "revoked")


class Deal(Base):
    """What spending gives. `reward_items` are `{item_id, name, amount}`; the threshold is the promotion's minimum."""

    __tablename__ = "deals"
    __table_args__ = (CheckConstraint(f"bonus_type IN {TYPES}", name="known_type"),)

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    bonus_type: Mapped[str] = mapped_column(String(16))
    reward_items: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    banner: Mapped[str | None] = mapped_column(String(160))
    auto_claim: Mapped[bool] = mapped_column(default=False)

    promotion: Mapped[Promotion] = relationship(lazy="joined", innerjoin=True)

    @property
    def id(self) -> int:
        return self.promotion_id


class PromotionClaim(Base):
    """How far a person has come on a deal: what they spent, less refunds, and how many claims of theirs are live.

    Its row is what everything about this person and this deal is settled on, one at a time. `shopper` is the name as
    they spell it, which games know them by.
    """

    __tablename__ = "promotion_claims"
    __table_args__ = (
        CheckConstraint("claim_count >= 0", name="claims_not_negative"),
        CheckConstraint("total_spent_during_promo >= 0", name="spent_not_negative"),
        UniqueConstraint("promotion_id", "person", name="uq_promotion_claims_person"),
        Index("ix_promotion_claims_person", "person"),
    )

    id: Mapped[pk]
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    person: Mapped[str] = mapped_column(String(64))
    shopper: Mapped[str] = mapped_column(String(64))
    claim_count: Mapped[int] = mapped_column(default=0)
    spent_cents: Mapped[cents] = mapped_column("total_spent_during_promo", default=0)
    last_claimed_at: Mapped[datetime | None]
    claimed_ingame: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DealSpend(Base):
    """What one paid invoice counts for on one deal, and how much of it went back. `visit` is who may see it."""

    __tablename__ = "deal_spends"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name="refunded_within_amount"),
        Index("ix_deal_spends_invoice_id", "invoice_id"),
        Index("ix_deal_spends_person", "person", "promotion_id"),
    )

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    invoice_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person: Mapped[str] = mapped_column(String(64))
    visit: Mapped[str | None] = mapped_column(String(64))
    amount_cents: Mapped[cents]
    refunded_cents: Mapped[cents] = mapped_column(default=0)
    paid_at: Mapped[datetime]


class Grant(Base):
    """What one claim gives, as it was promised then, and what became of it; never deleted.

    `needs_cents` is the spend that it rests on. Where a refund left less, a grant that had been handed out already is
    `flagged_at` that moment. `refunded_invoice_id` tells which refund revoked or flagged it. The use of the promotion
    that it took has the purpose `grant:<id>`.
    """

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="known_status"),
        CheckConstraint(f"bonus_type IN {TYPES}", name="known_type"),
        CheckConstraint("needs_cents > 0", name="needs_positive"),
        CheckConstraint("(delivered_at IS NOT NULL) = (status = 'delivered')", name="delivered_has_time"),
        CheckConstraint("(revoked_at IS NOT NULL) = (status = 'revoked')", name="revoked_has_time"),
        CheckConstraint("flagged_at IS NULL OR status = 'delivered'", name="only_delivered_is_flagged"),
        Index("ix_grants_claim_id", "claim_id"),
        Index("ix_grants_refunded_invoice_id", "refunded_invoice_id"),
        Index("ix_grants_pending", "id", postgresql_where=WAITING, sqlite_where=WAITING),
    )

    id: Mapped[pk]
    claim_id: Mapped[int] = mapped_column(ForeignKey("promotion_claims.id", ondelete="RESTRICT"))
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    items: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    bonus_type: Mapped[str] = mapped_column(String(16))
    min_amount_cents: Mapped[cents]
    needs_cents: Mapped[cents]
    visit: Mapped[str | None] = mapped_column(String(64))
    is_automatic: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    flagged_at: Mapped[datetime | None]
    refunded_invoice_id: Mapped[int | None]

    claim: Mapped[PromotionClaim] = relationship(lazy="raise")
