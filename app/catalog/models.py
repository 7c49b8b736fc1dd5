"""Tables of the catalogue."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, cents, pk


class Category(Base):
    """A shelf of the store. Codes and programs know it by its slug, which therefore never changes."""

    __tablename__ = "categories"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 SQLAlchemy's; an id that was audited never comes again

    id: Mapped[pk]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class Product(Base):
    """Something for sale. Once it was sold it can be deactivated, but never deleted."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_cents >= 0", name="price_not_negative"),
        Index("ix_products_shelf", "category_id", "position"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[pk]
    sku: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    slug: Mapped[str] = mapped_column(String(140), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id", ondelete="RESTRICT"))
    price_cents: Mapped[cents]
    image: Mapped[str | None] = mapped_column(String(64))
    is_active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    category: Mapped[Category] = relationship(lazy="raise")

    @property
    def is_for_sale(self) -> bool:
        return self.is_active and self.category.is_active


class RewardItem(Base):
    """Something that a game can hand out; `item_id` is the game's own name for it, and never changes."""

    __tablename__ = "reward_items"

    id: Mapped[pk]
    item_id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    image: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
