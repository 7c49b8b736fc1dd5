"""Tables of the cart."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.models import Product
from app.kit.db import Base, cents, pk

MOST_PIECES = 999


class Cart(Base):
    """What an account, or an anonymous session known by its visit key, is about to order."""

    __tablename__ = "carts"
    __table_args__ = (CheckConstraint("(user_id IS NULL) <> (visit IS NULL)", name="one_owner"),)

    id: Mapped[pk]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    visit: Mapped[str | None] = mapped_column(String(64), unique=True)
    applied_code_id: Mapped[int | None] = mapped_column(
        ForeignKey("promotion_codes.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)

    lines: Mapped[list["CartLine"]] = relationship(
        order_by="CartLine.id", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )


class CartLine(Base):
    """A product and how many of it. Its price is the catalogue's, read whenever it is needed.

    `seen_price_cents` is what the shopper saw when they last chose it: it only tells them of a change.
    """

    __tablename__ = "cart_lines"
    __table_args__ = (
        UniqueConstraint("cart_id", "product_id", name="uq_cart_lines_product"),
        CheckConstraint(f"quantity BETWEEN 1 AND {MOST_PIECES}", name="quantity_in_range"),
        Index("ix_cart_lines_product_id", "product_id"),
    )

    id: Mapped[pk]
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    quantity: Mapped[int]
    seen_price_cents: Mapped[cents]

    product: Mapped[Product] = relationship(lazy="raise")

    def note_price(self) -> None:
        """The shopper sees the price of now."""
        self.seen_price_cents = self.product.price_cents

    @property
    def has_new_price(self) -> bool:
        return self.seen_price_cents != self.product.price_cents

    @property
    def total_cents(self) -> int:
        return self.product.price_cents * self.quantity
