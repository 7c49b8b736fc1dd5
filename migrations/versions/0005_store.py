"""Carts, invoices, payments."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import UtcDateTime

revision = "0005"
down_revision = "0004_hours"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("visit", sa.String(length=64), nullable=True),
        sa.Column("applied_code_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (visit IS NULL)", name=op.f("ck_carts_one_owner")),
        sa.ForeignKeyConstraint(
            ["applied_code_id"], ["promotion_codes.id"], name=op.f("fk_carts_applied_code_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_carts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
        sa.UniqueConstraint("user_id", name=op.f("uq_carts_user_id")),
        sa.UniqueConstraint("visit", name=op.f("uq_carts_visit")),
    )
    op.create_index(op.f("ix_carts_applied_code_id"), "carts", ["applied_code_id"], unique=False)
    op.create_index(op.f("ix_carts_updated_at"), "carts", ["updated_at"], unique=False)
    op.create_table(
        "cart_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 999", name=op.f("ck_cart_lines_quantity_in_range")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_cart_lines_cart_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_cart_lines_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_lines")),
        sa.UniqueConstraint("cart_id", "product_id", name="uq_cart_lines_product"),
    )
    op.create_index("ix_cart_lines_product_id", "cart_lines", ["product_id"], unique=False)
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("checkout_key", sa.String(length=64), nullable=False),
        sa.Column("shopper", sa.String(length=64), nullable=False),
        sa.Column("person_key", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("visit", sa.String(length=64), nullable=True),
        sa.Column("unpaid_slot", sa.Integer(), nullable=True),
        sa.Column("subtotal_cents", sa.BigInteger(), nullable=False),
        sa.Column("discount_cents", sa.BigInteger(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("refunded_cents", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("code_id", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_reference", sa.String(length=128), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("pay_by", UtcDateTime(), nullable=False),
        sa.Column("paid_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(paid_at IS NOT NULL) = (status IN ('paid', 'partly_refunded', 'refunded'))",
            name=op.f("ck_invoices_paid_has_time"),
        ),
        sa.CheckConstraint("kind IN ('order', 'donation')", name=op.f("ck_invoices_known_kind")),
        sa.CheckConstraint(
            "status IN ('pending', 'paid', 'partly_refunded', 'refunded', 'void')",
            name=op.f("ck_invoices_known_status"),
        ),
        sa.CheckConstraint(
            "unpaid_slot IS NULL OR status = 'pending'", name=op.f("ck_invoices_only_unpaid_holds_slot")
        ),
        sa.CheckConstraint(
            "discount_cents BETWEEN 0 AND subtotal_cents", name=op.f("ck_invoices_discount_within_subtotal")
        ),
        sa.CheckConstraint("refunded_cents BETWEEN 0 AND total_cents", name=op.f("ck_invoices_refunded_within_total")),
        sa.CheckConstraint("total_cents = subtotal_cents - discount_cents", name=op.f("ck_invoices_total_adds_up")),
        sa.CheckConstraint("unpaid_slot BETWEEN 1 AND 3", name=op.f("ck_invoices_unpaid_slot_in_range")),
        sa.ForeignKeyConstraint(
            ["code_id"], ["promotion_codes.id"], name=op.f("fk_invoices_code_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_invoices_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("checkout_key", name=op.f("uq_invoices_checkout_key")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
    )
    op.create_index("ix_invoices_code_id", "invoices", ["code_id"], unique=False)
    op.create_index("ix_invoices_paid_at", "invoices", ["paid_at"], unique=False)
    op.create_index(
        "ix_invoices_unpaid",
        "invoices",
        ["pay_by"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_invoices_user_id", "invoices", ["user_id"], unique=False)
    op.create_index("ix_invoices_visit", "invoices", ["visit"], unique=False)
    op.create_index("uq_invoices_unpaid_slot", "invoices", ["person_key", "unpaid_slot"], unique=True)
    op.create_table(
        "invoice_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=True),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("unit_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("discount_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "discount_cents BETWEEN 0 AND total_cents", name=op.f("ck_invoice_lines_discount_within_total")
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 999", name=op.f("ck_invoice_lines_quantity_in_range")),
        sa.CheckConstraint("total_cents = unit_price_cents * quantity", name=op.f("ck_invoice_lines_total_adds_up")),
        sa.CheckConstraint("unit_price_cents >= 0", name=op.f("ck_invoice_lines_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_lines_invoice_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_invoice_lines_product_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines")),
    )
    op.create_index("ix_invoice_lines_product_id", "invoice_lines", ["product_id"], unique=False)
    op.create_index("uq_invoice_lines_position", "invoice_lines", ["invoice_id", "position"], unique=True)
    op.create_table(
        "invoice_counters",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_invoice_counters")),
    )
    op.create_table(
        "payment_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("is_stray", sa.Boolean(), nullable=False),
        sa.Column("given_back_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("outcome IN ('paid', 'declined')", name=op.f("ck_payment_events_known_outcome")),
        sa.CheckConstraint("given_back_at IS NULL OR is_stray", name=op.f("ck_payment_events_only_stray_goes_back")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_events")),
        sa.UniqueConstraint("provider", "event_id", name="uq_payment_events_event"),
    )
    op.create_index(
        "ix_payment_events_stray",
        "payment_events",
        ["subject"],
        unique=False,
        postgresql_where=sa.text("is_stray AND given_back_at IS NULL"),
        sqlite_where=sa.text("is_stray AND given_back_at IS NULL"),
    )
    op.create_index("ix_payment_events_subject", "payment_events", ["subject"], unique=False)


def downgrade() -> None:
    op.drop_table("payment_events")
    op.drop_table("invoice_counters")
    op.drop_table("invoice_lines")
    op.drop_table("invoices")
    op.drop_table("cart_lines")
    op.drop_table("carts")
