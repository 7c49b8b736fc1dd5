"""Promotions, codes, uses, discounts; their hours and who switched them off come with 0004_hours."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discount_paid_orders",
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_discount_paid_orders")),
    )
    op.create_table(
        "promotions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("per_user_limit", sa.Integer(), nullable=True),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.Column("min_amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("requires_account", sa.Boolean(), nullable=False),
        sa.Column("release_on_refund", sa.Boolean(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("display_order", sa.Integer(), nullable=False),
        sa.Column("image", sa.String(length=255), nullable=True),
        sa.Column("terms_and_conditions", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("updated_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_promotions_end_after_start")),
        sa.CheckConstraint("min_amount_cents >= 0", name=op.f("ck_promotions_min_amount_not_negative")),
        sa.CheckConstraint("per_user_limit >= 1", name=op.f("ck_promotions_per_user_limit_positive")),
        sa.CheckConstraint("usage_limit >= 1", name=op.f("ck_promotions_usage_limit_positive")),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_promotions_used_not_negative")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_promotions_created_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["users.id"], name=op.f("fk_promotions_updated_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_promotions_ends_at", "promotions", ["ends_at"], unique=False)
    op.create_index("ix_promotions_kind_order", "promotions", ["kind", "display_order", "id"], unique=False)
    op.create_table(
        "discounts",
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("discount_type", sa.String(length=16), nullable=False),
        sa.Column("discount_value", sa.BigInteger(), nullable=False),
        sa.Column("max_discount_cents", sa.BigInteger(), nullable=True),
        sa.Column("applicable_categories", Json, nullable=False),
        sa.Column("excluded_categories", Json, nullable=False),
        sa.Column("first_order_only", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "discount_type <> 'percentage' OR discount_value <= 10000", name=op.f("ck_discounts_percentage_at_most_100")
        ),
        sa.CheckConstraint("discount_type IN ('percentage', 'fixed')", name=op.f("ck_discounts_known_type")),
        sa.CheckConstraint("discount_value > 0", name=op.f("ck_discounts_value_positive")),
        sa.CheckConstraint("max_discount_cents >= 0", name=op.f("ck_discounts_max_discount_not_negative")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_discounts_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("promotion_id", name=op.f("pk_discounts")),
    )
    op.create_table(
        "promotion_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_promotion_codes_code_in_capitals")),
        sa.CheckConstraint("length(code) BETWEEN 3 AND 32", name=op.f("ck_promotion_codes_code_length")),
        sa.CheckConstraint("usage_limit >= 1", name=op.f("ck_promotion_codes_usage_limit_positive")),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_promotion_codes_used_not_negative")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_codes_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_promotion_codes_code")),
    )
    op.create_index("ix_promotion_codes_promotion_id", "promotion_codes", ["promotion_id"], unique=False)
    op.create_index(
        "uq_promotion_codes_single",
        "promotion_codes",
        ["promotion_id"],
        unique=True,
        postgresql_where=sa.text("batch_id IS NULL"),
        sqlite_where=sa.text("batch_id IS NULL"),
    )
    op.create_table(
        "promotion_uses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=True),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("code_ordinal", sa.Integer(), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("code_usage_limit", sa.Integer(), nullable=True),
        sa.Column("per_user_limit", sa.Integer(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(code_id IS NULL) = (code_ordinal IS NULL)", name=op.f("ck_promotion_uses_code_is_counted")
        ),
        sa.CheckConstraint(
            "code_ordinal BETWEEN 1 AND coalesce(code_usage_limit, code_ordinal)",
            name=op.f("ck_promotion_uses_within_code_usage_limit"),
        ),
        sa.CheckConstraint(
            "ordinal BETWEEN 1 AND coalesce(usage_limit, ordinal)", name=op.f("ck_promotion_uses_within_usage_limit")
        ),
        sa.CheckConstraint(
            "slot BETWEEN 1 AND coalesce(per_user_limit, slot)", name=op.f("ck_promotion_uses_within_per_user_limit")
        ),
        sa.CheckConstraint("value_cents >= 0", name=op.f("ck_promotion_uses_value_not_negative")),
        sa.ForeignKeyConstraint(
            ["code_id"], ["promotion_codes.id"], name=op.f("fk_promotion_uses_code_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_uses_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_uses")),
    )
    op.create_index("ix_promotion_uses_code_id", "promotion_uses", ["code_id"], unique=False)
    op.create_index("ix_promotion_uses_person", "promotion_uses", ["person"], unique=False)
    op.create_index(
        "uq_promotion_uses_purpose",
        "promotion_uses",
        ["purpose", "promotion_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
        sqlite_where=sa.text("released_at IS NULL"),
    )
    op.create_index(
        "uq_promotion_uses_slot",
        "promotion_uses",
        ["promotion_id", "person", "slot"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
        sqlite_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("promotion_uses")
    op.drop_table("promotion_codes")
    op.drop_table("discounts")
    op.drop_table("promotions")
    op.drop_table("discount_paid_orders")
