"""Tables of discounts: the benefit of a promotion that takes money off a cart, and who has paid an order before."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, Json, cents
from app.promotions.models import Promotion, PromotionCode


class Discount(Base):
    """What is taken off: `discount_value` is hundredths of a percent (20 % is 2000) or cents. Empty categories: all."""

    __tablename__ = "discounts"
    __table_args__ = (
        CheckConstraint("discount_type IN ('percentage', 'fixed')", name="known_type"),
        CheckConstraint("discount_value > 0", name="value_positive"),
        CheckConstraint("discount_type <> 'percentage' OR discount_value <= 10000", name="percentage_at_most_100"),
        CheckConstraint("max_discount_cents >= 0", name="max_discount_not_negative"),
    )

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    discount_type: Mapped[str] = mapped_column(String(16))
    discount_value: Mapped[cents]
    max_discount_cents: Mapped[cents | None]
    applicable_categories: Mapped[list[str]] = mapped_column(Json, default=list)
    excluded_categories: Mapped[list[str]] = mapped_column(Json, default=list)
    first_order_only: Mapped[bool] = mapped_column(default=False)

    promotion: Mapped[Promotion] = relationship(lazy="joined", innerjoin=True)

    @property
    def id(self) -> int:
        return self.promotion_id


class PaidOrder(Base):
    """A person's first paid order: from then on, codes for the first order are not for them. Never taken back."""

    __tablename__ = "discount_paid_orders"

    person: Mapped[str] = mapped_column(String(64), primary_key=True)
    invoice_id: Mapped[int]
    noted_at: Mapped[datetime]


__all__ = ["Discount", "PaidOrder", "Promotion", "PromotionCode"]
