"""Deals: what they give, what was spent on them, who claimed what, and what was handed out."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PENDING = sa.text("status = 'pending'")


def upgrade() -> None:
    op.create_table(
        "deals",
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("bonus_type", sa.String(length=16), nullable=False),
        sa.Column("reward_items", Json, nullable=False),
        sa.Column("banner", sa.String(length=160), nullable=True),
        sa.Column("auto_claim", sa.Boolean(), nullable=False),
        sa.CheckConstraint("bonus_type IN ('single', 'recurrent')", name=op.f("ck_deals_known_type")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_deals_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("promotion_id", name=op.f("pk_deals")),
    )
    op.create_table(
        "promotion_claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("shopper", sa.String(length=64), nullable=False),
        sa.Column("claim_count", sa.Integer(), nullable=False),
        sa.Column("total_spent_during_promo", sa.BigInteger(), nullable=False),
        sa.Column("last_claimed_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_ingame", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("claim_count >= 0", name=op.f("ck_promotion_claims_claims_not_negative")),
        sa.CheckConstraint("total_spent_during_promo >= 0", name=op.f("ck_promotion_claims_spent_not_negative")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_claims_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_claims")),
        sa.UniqueConstraint("promotion_id", "person", name=op.f("uq_promotion_claims_person")),
    )
    op.create_index("ix_promotion_claims_person", "promotion_claims", ["person"])
    op.create_table(
        "deal_spends",
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.String(length=64), nullable=True),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("refunded_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_deal_spends_amount_positive")),
        sa.CheckConstraint(
            "refunded_cents BETWEEN 0 AND amount_cents", name=op.f("ck_deal_spends_refunded_within_amount")
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_deal_spends_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("promotion_id", "invoice_id", name=op.f("pk_deal_spends")),
    )
    op.create_index("ix_deal_spends_invoice_id", "deal_spends", ["invoice_id"])
    op.create_index("ix_deal_spends_person", "deal_spends", ["person", "promotion_id"])
    _create_grants()


def _create_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("bonus_type", sa.String(length=16), nullable=False),
        sa.Column("min_amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("needs_cents", sa.BigInteger(), nullable=False),
        sa.Column("visit", sa.String(length=64), nullable=True),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("flagged_at", UtcDateTime(), nullable=True),
        sa.Column("refunded_invoice_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'delivered', 'revoked')", name=op.f("ck_grants_known_status")),
        sa.CheckConstraint("bonus_type IN ('single', 'recurrent')", name=op.f("ck_grants_known_type")),
        sa.CheckConstraint("needs_cents > 0", name=op.f("ck_grants_needs_positive")),
        sa.CheckConstraint(
            "(delivered_at IS NOT NULL) = (status = 'delivered')", name=op.f("ck_grants_delivered_has_time")
        ),
        sa.CheckConstraint("(revoked_at IS NOT NULL) = (status = 'revoked')", name=op.f("ck_grants_revoked_has_time")),
        sa.CheckConstraint(
            "flagged_at IS NULL OR status = 'delivered'", name=op.f("ck_grants_only_delivered_is_flagged")
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["promotion_claims.id"], name=op.f("fk_grants_claim_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index("ix_grants_claim_id", "grants", ["claim_id"])
    op.create_index("ix_grants_refunded_invoice_id", "grants", ["refunded_invoice_id"])
    op.create_index("ix_grants_pending", "grants", ["id"], postgresql_where=PENDING, sqlite_where=PENDING)


def downgrade() -> None:
    """Refuses where something was spent on a deal: what was promised for it would be forgotten.

    One that nobody has spent on goes as a whole, since the shape before knows no such kind.
    """
    spends = op.get_bind().scalar(sa.text("SELECT count(*) FROM deal_spends"))
    if spends:
        raise RuntimeError(f"{spends} payments count for deals that would be lost; take a backup back instead")
    for table in ("promotions_archive", "promotion_refusals", "promotion_attempts"):
        op.execute(f"DELETE FROM {table} WHERE promotion_id IN (SELECT id FROM promotions WHERE kind = 'deal')")
    for table in ("grants", "deal_spends", "promotion_claims", "deals"):
        op.drop_table(table)
    op.execute("DELETE FROM promotions WHERE kind = 'deal'")
