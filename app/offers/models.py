"""Tables of offers: what can be completed, the codes that give a bonus for it, and what was completed and earned."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, Json, cents, pk
from app.promotions.models import Promotion, PromotionCode

KIND = "offer"
TYPES = ("percentage", "fixed")
APPLIED, REMOVED = ("applied", "removed")
ON_ACCOUNT = text("status = 'applied'")
LIVE = text("reversed_at IS NULL")
LONGEST_ID = 128
PURPOSE = "conversion:"


class Offer(Base):
    """Something that clients complete elsewhere; other programs know it by `external_id`.

    `payout_cents` is what it usually pays; what a conversion says counts. One that isn't active is shown to nobody.
    """

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint("payout_cents >= 0", name="payout_not_negative"),
        Index("ix_offers_category", "category"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[pk]
    external_id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[str] = mapped_column(String(64), default="")
    payout_cents: Mapped[cents] = mapped_column(default=0)
    url: Mapped[str] = mapped_column(String(500), default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OfferCode(Base):
    """What a code gives for each completed offer in its scope; without any scope, for all.

    `bonus_value` is hundredths of a percent of the payout (20 % is 2000) or cents.
    """

    __tablename__ = "offer_codes"
    __table_args__ = (
        CheckConstraint(f"bonus_type IN {TYPES}", name="known_type"),
        CheckConstraint("bonus_value > 0", name="value_positive"),
        CheckConstraint("bonus_type <> 'percentage' OR bonus_value <= 100000", name="percentage_at_most_1000"),
        CheckConstraint("max_bonus_cents >= 0", name="max_bonus_not_negative"),
    )
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    bonus_type: Mapped[str] = mapped_column(String(16))
    bonus_value: Mapped[cents]
    max_bonus_cents: Mapped[cents | None]

    promotion: Mapped[Promotion] = relationship(lazy="joined", innerjoin=True)
    scope: Mapped[list["OfferScope"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="OfferScope.offer_id"
    )

    @property
    def id(self) -> int:
        return self.promotion_id

    @property
    def applicable_offers(self) -> list[int]:
        """The ids of the offers that it is for; none: all."""
        return [each.offer_id for each in self.scope]

    @applicable_offers.setter
    def applicable_offers(self, offer_ids: Sequence[int]) -> None:
        kept = {each.offer_id: each for each in self.scope}
        self.scope = [kept.get(each) or OfferScope(offer_id=each) for each in sorted(set(offer_ids))]


class OfferScope(Base):
    """An offer that a code is for: while it is, the offer isn't deleted, or the code would be for all."""

    __tablename__ = "offer_code_scopes"
    __table_args__ = (Index("ix_offer_code_scopes_offer_id", "offer_id"),)
    promotion_id: Mapped[int] = mapped_column(
        ForeignKey("offer_codes.promotion_id", ondelete="RESTRICT"), primary_key=True
    )
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id", ondelete="RESTRICT"), primary_key=True)


class UserPromoCode(Base):
    """A code on a client's account, until they remove it; then it stays as `removed`, and they may apply it again."""

    __tablename__ = "user_promo_codes"
    __table_args__ = (
        CheckConstraint(f"status IN {(APPLIED, REMOVED)}", name="known_status"),
        CheckConstraint("(removed_at IS NOT NULL) = (status = 'removed')", name="removed_has_time"),
        Index(
            "uq_user_promo_codes_on_account",
            "user_id",
            "promotion_id",
            unique=True,
            postgresql_where=ON_ACCOUNT,
            sqlite_where=ON_ACCOUNT,
        ),
        Index("ix_user_promo_codes_promotion_id", "promotion_id", "applied_at", "id"),
        Index("ix_user_promo_codes_code_id", "code_id"),
    )
    id: Mapped[pk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    code_id: Mapped[int] = mapped_column(ForeignKey("promotion_codes.id", ondelete="RESTRICT"))
    status: Mapped[str] = mapped_column(String(16), default=APPLIED)
    applied_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    code: Mapped[PromotionCode] = relationship(lazy="raise")


class Conversion(Base):
    """A client has completed an offer: told once by its `conversion_id`, never deleted, reversed at most once.

    `bonus_cents` and `code` are what was answered then. `passed_over` names the codes on the account that gave nothing,
    and why; of those that would have, but less, also how much. The use of a promotion that it took has the purpose
    `conversion:<id>`, as has the wallet's entry.
    """

    __tablename__ = "conversions"
    __table_args__ = (
        CheckConstraint("payout_cents >= 0", name="payout_not_negative"),
        CheckConstraint("bonus_cents >= 0", name="bonus_not_negative"),
        CheckConstraint("(code IS NOT NULL) = (bonus_cents > 0)", name="bonus_has_code"),
        Index("ix_conversions_received_at", "received_at", "id"),
        Index("ix_conversions_user_id", "user_id", "received_at", "id"),
        Index("ix_conversions_offer_id", "offer_id", "received_at", "id"),
    )
    id: Mapped[pk]
    conversion_id: Mapped[str] = mapped_column(String(LONGEST_ID), unique=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id", ondelete="RESTRICT"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    payout_cents: Mapped[cents]
    completed_at: Mapped[datetime]
    received_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    bonus_cents: Mapped[cents] = mapped_column(default=0)
    code: Mapped[str | None] = mapped_column(String(32))
    passed_over: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    reversed_at: Mapped[datetime | None]

    offer: Mapped[Offer] = relationship(lazy="raise")

    @property
    def state(self) -> str:
        """`bonus`, `no_bonus` or, whatever it had earned, `reversed`."""
        if self.reversed_at is not None:
            return "reversed"
        return "bonus" if self.bonus_cents else "no_bonus"

    @property
    def purpose(self) -> str:
        """Under which its use and its money are kept."""
        return f"{PURPOSE}{self.id}"


class OfferApplication(Base):
    """A code on an account that gave its bonus for a completed offer: which, when, how much; reversed with it."""

    __tablename__ = "offer_applications"
    __table_args__ = (
        CheckConstraint("bonus_cents > 0", name="bonus_positive"),
        Index(
            "ix_offer_applications_live",
            "promotion_id",
            "offer_id",
            "user_id",
            "bonus_cents",
            "reversed_at",  # always nothing here, but without it SQLite would look at each row for that
            postgresql_where=LIVE,
            sqlite_where=LIVE,
        ),
        Index("ix_offer_applications_promotion_id", "promotion_id", "applied_at", "id"),
        Index("ix_offer_applications_user_id", "user_id", "applied_at", "id"),
        Index("ix_offer_applications_user_promo_code_id", "user_promo_code_id"),
        Index("ix_offer_applications_offer_id", "offer_id"),
    )
    id: Mapped[pk]
    user_promo_code_id: Mapped[int] = mapped_column(ForeignKey("user_promo_codes.id", ondelete="RESTRICT"))
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id", ondelete="RESTRICT"))
    offer_name: Mapped[str] = mapped_column(String(128))
    applied_at: Mapped[datetime]
    bonus_cents: Mapped[cents]
    conversion_id: Mapped[int] = mapped_column(ForeignKey("conversions.id", ondelete="RESTRICT"), unique=True)
    reversed_at: Mapped[datetime | None]
