"""Tables of the books: invoices keep what held on their day, whatever is edited later."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, cents, pk

UNPAID_AT_ONCE = 3
KINDS = ("order", "donation")
STATUSES = ("pending", "paid", "partly_refunded", "refunded", "void")


class Invoice(Base):
    """An order and what became of it. Numbers run without gap through each year.

    `person_key` is who it counts for (`user:5`, `name:ada`); `user_id` or `visit` is who may see it. `unpaid_slot`
    counts a person's unpaid orders from 1: its unique index, not a query, keeps them few.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="known_kind"),
        CheckConstraint(f"status IN {STATUSES}", name="known_status"),
        CheckConstraint("discount_cents BETWEEN 0 AND subtotal_cents", name="discount_within_subtotal"),
        CheckConstraint("total_cents = subtotal_cents - discount_cents", name="total_adds_up"),
        CheckConstraint("refunded_cents BETWEEN 0 AND total_cents", name="refunded_within_total"),
        CheckConstraint("refunded_discount_cents BETWEEN 0 AND discount_cents", name="refunded_discount_within"),
        CheckConstraint(f"unpaid_slot BETWEEN 1 AND {UNPAID_AT_ONCE}", name="unpaid_slot_in_range"),
        CheckConstraint("unpaid_slot IS NULL OR status = 'pending'", name="only_unpaid_holds_slot"),
        CheckConstraint(
            "(paid_at IS NOT NULL) = (status IN ('paid', 'partly_refunded', 'refunded'))", name="paid_has_time"
        ),
        Index("uq_invoices_unpaid_slot", "person_key", "unpaid_slot", unique=True),
        Index("ix_invoices_visit", "visit"),
        Index("ix_invoices_user_id", "user_id"),
        Index("ix_invoices_code_id", "code_id"),
        Index("ix_invoices_paid_at", "paid_at"),
        Index(
            "ix_invoices_unpaid",
            "pay_by",
            postgresql_where=text("status = 'pending'"),
            sqlite_where=text("status = 'pending'"),
        ),
    )

    id: Mapped[pk]
    number: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[str] = mapped_column(String(16), default="order")
    status: Mapped[str] = mapped_column(String(16), default="pending")
    checkout_key: Mapped[str] = mapped_column(String(64), unique=True)
    shopper: Mapped[str] = mapped_column(String(64))
    person_key: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    visit: Mapped[str | None] = mapped_column(String(64))
    unpaid_slot: Mapped[int | None]
    subtotal_cents: Mapped[cents]
    discount_cents: Mapped[cents] = mapped_column(default=0)
    total_cents: Mapped[cents]
    refunded_cents: Mapped[cents] = mapped_column(default=0)
    refunded_discount_cents: Mapped[cents] = mapped_column(default=0)
    code: Mapped[str | None] = mapped_column(String(32))
    code_id: Mapped[int | None] = mapped_column(ForeignKey("promotion_codes.id", ondelete="RESTRICT"))
    message: Mapped[str | None] = mapped_column(String(500))
    provider: Mapped[str] = mapped_column(String(16))
    provider_reference: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime]
    pay_by: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    lines: Mapped[list["InvoiceLine"]] = relationship(order_by="InvoiceLine.position", lazy="raise")


class InvoiceLine(Base):
    """What was sold, by the words and prices of that day, with its share of the discount."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        CheckConstraint("quantity BETWEEN 1 AND 999", name="quantity_in_range"),
        CheckConstraint("unit_price_cents >= 0", name="price_not_negative"),
        CheckConstraint("total_cents = unit_price_cents * quantity", name="total_adds_up"),
        CheckConstraint("discount_cents BETWEEN 0 AND total_cents", name="discount_within_total"),
        CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="refunded_quantity_within"),
        CheckConstraint("refunded_cents BETWEEN 0 AND total_cents - discount_cents", name="refunded_within_paid"),
        Index("uq_invoice_lines_position", "invoice_id", "position", unique=True),
        Index("ix_invoice_lines_product_id", "product_id"),
    )

    id: Mapped[pk]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id", ondelete="RESTRICT"))
    position: Mapped[int]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(128))
    sku: Mapped[str | None] = mapped_column(String(40))
    category: Mapped[str | None] = mapped_column(String(64))
    unit_price_cents: Mapped[cents]
    quantity: Mapped[int]
    total_cents: Mapped[cents]
    discount_cents: Mapped[cents] = mapped_column(default=0)
    refunded_quantity: Mapped[int] = mapped_column(default=0)
    refunded_cents: Mapped[cents] = mapped_column(default=0)

    @property
    def paid_cents(self) -> int:
        """What was paid for the whole line."""
        return self.total_cents - self.discount_cents


class Refund(Base):
    """Money given back for pieces of a paid invoice. The row comes first, the provider is asked after it.

    `key` is unique, so that a form sent twice refunds once; `discount_cents` is the part of the discount that went
    back into the books with those pieces.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
        CheckConstraint("discount_cents >= 0", name="discount_not_negative"),
        Index("ix_refunds_invoice_id", "invoice_id"),
    )

    id: Mapped[pk]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id", ondelete="RESTRICT"))
    key: Mapped[str] = mapped_column(String(80), unique=True)
    amount_cents: Mapped[cents]
    discount_cents: Mapped[cents]
    reason: Mapped[str] = mapped_column(String(200), default="")
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]

    lines: Mapped[list["RefundLine"]] = relationship(order_by="RefundLine.id", lazy="raise")


class RefundLine(Base):
    """So many pieces of a line, with exactly their part of what was paid for it."""

    __tablename__ = "refund_lines"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
        CheckConstraint("discount_cents >= 0", name="discount_not_negative"),
        UniqueConstraint("refund_id", "invoice_line_id", name="uq_refund_lines_line"),
        Index("ix_refund_lines_invoice_line_id", "invoice_line_id"),
    )

    id: Mapped[pk]
    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id", ondelete="RESTRICT"))
    invoice_line_id: Mapped[int] = mapped_column(ForeignKey("invoice_lines.id", ondelete="RESTRICT"))
    quantity: Mapped[int]
    amount_cents: Mapped[cents]
    discount_cents: Mapped[cents]


class InvoiceCounter(Base):
    """The last number given out in a year of the installation's zone. Counted up late, once per invoice."""

    __tablename__ = "invoice_counters"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
