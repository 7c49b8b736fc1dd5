"""The list of what each code on an account has earned, also of codes that were applied before there was one.

And conversions are listed by when they were received.
"""

import sqlalchemy as sa
from alembic import op

from app.kit.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

LIVE = sa.text("reversed_at IS NULL")

# The use that a conversion took names it; it was on the account as what was applied last before it was taken.
FILL = """
    INSERT INTO offer_applications (user_promo_code_id, promotion_id, user_id, offer_id, offer_name, applied_at,
                                    bonus_cents, conversion_id, reversed_at)
    SELECT COALESCE(
               (SELECT MAX(held.id) FROM user_promo_codes AS held
                WHERE held.user_id = conversions.user_id AND held.promotion_id = uses.promotion_id
                  AND held.applied_at <= uses.taken_at),
               (SELECT MIN(held.id) FROM user_promo_codes AS held
                WHERE held.user_id = conversions.user_id AND held.promotion_id = uses.promotion_id)
           ),
           uses.promotion_id, conversions.user_id, conversions.offer_id, offers.name, uses.taken_at,
           conversions.bonus_cents, conversions.id, conversions.reversed_at
    FROM conversions
    JOIN promotion_uses AS uses ON uses.purpose = 'conversion:' || CAST(conversions.id AS VARCHAR(20))
    JOIN offers ON offers.id = conversions.offer_id
    WHERE conversions.bonus_cents > 0
    ORDER BY conversions.id
"""


def upgrade() -> None:
    op.create_table(
        "offer_applications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_promo_code_id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("offer_name", sa.String(length=128), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("bonus_cents", sa.BigInteger(), nullable=False),
        sa.Column("conversion_id", sa.Integer(), nullable=False),
        sa.Column("reversed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("bonus_cents > 0", name=op.f("ck_offer_applications_bonus_positive")),
        sa.ForeignKeyConstraint(
            ["conversion_id"], ["conversions.id"], name=op.f("fk_offer_applications_conversion_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_offer_applications_offer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_offer_applications_promotion_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_offer_applications_user_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_promo_code_id"],
            ["user_promo_codes.id"],
            name=op.f("fk_offer_applications_user_promo_code_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_applications")),
        sa.UniqueConstraint("conversion_id", name=op.f("uq_offer_applications_conversion_id")),
    )
    op.create_index(
        "ix_offer_applications_live",
        "offer_applications",
        ["promotion_id", "offer_id", "user_id", "bonus_cents", "reversed_at"],
        postgresql_where=LIVE,
        sqlite_where=LIVE,
    )
    op.create_index("ix_offer_applications_offer_id", "offer_applications", ["offer_id"])
    op.create_index("ix_offer_applications_promotion_id", "offer_applications", ["promotion_id", "applied_at", "id"])
    op.create_index("ix_offer_applications_user_id", "offer_applications", ["user_id", "applied_at", "id"])
    op.create_index("ix_offer_applications_user_promo_code_id", "offer_applications", ["user_promo_code_id"])
    op.drop_index("ix_user_promo_codes_promotion_id", "user_promo_codes")
    op.create_index("ix_user_promo_codes_promotion_id", "user_promo_codes", ["promotion_id", "applied_at", "id"])
    op.execute(FILL)
    _check_that_all_are_listed()
    op.create_index("ix_conversions_received_at", "conversions", ["received_at", "id"])
    for column in ("user_id", "offer_id"):
        op.drop_index(f"ix_conversions_{column}", "conversions")
        op.create_index(f"ix_conversions_{column}", "conversions", [column, "received_at", "id"])


def _check_that_all_are_listed() -> None:
    """Better no newer version than one that has lost what somebody earned."""
    bind = op.get_bind()
    earned = bind.execute(
        sa.text("SELECT count(*), coalesce(sum(bonus_cents), 0) FROM conversions WHERE code IS NOT NULL")
    )
    listed = bind.execute(sa.text("SELECT count(*), coalesce(sum(bonus_cents), 0) FROM offer_applications"))
    if tuple(earned.one()) != tuple(listed.one()):
        raise RuntimeError("some conversions have no use to tell by which code they earned; nothing was changed")


def downgrade() -> None:
    """What the list says is told by the uses too; going up again makes it anew."""
    for column in ("user_id", "offer_id"):
        op.drop_index(f"ix_conversions_{column}", "conversions")
        op.create_index(f"ix_conversions_{column}", "conversions", [column, "id"])
    op.drop_index("ix_conversions_received_at", "conversions")
    op.drop_table("offer_applications")
    op.drop_index("ix_user_promo_codes_promotion_id", "user_promo_codes")
    op.create_index("ix_user_promo_codes_promotion_id", "user_promo_codes", ["promotion_id"])
