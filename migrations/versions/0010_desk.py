"""Batches of codes, the archive, and what was refused."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SINGLE = sa.text("batch_id IS NULL")
BATCH = "fk_promotion_codes_batch_id"


def upgrade() -> None:
    op.create_table(
        "promotion_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("wanted BETWEEN 1 AND 100000", name=op.f("ck_promotion_batches_wanted_in_range")),
        sa.CheckConstraint("made BETWEEN 0 AND wanted", name=op.f("ck_promotion_batches_made_within_wanted")),
        sa.CheckConstraint("length >= 8", name=op.f("ck_promotion_batches_length_is_unguessable")),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL) = (made = wanted)", name=op.f("ck_promotion_batches_finished_when_made")
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_batches_promotion_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_promotion_batches_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_batches")),
    )
    op.create_index("ix_promotion_batches_promotion_id", "promotion_batches", ["promotion_id"])
    with op.batch_alter_table("promotion_codes", copy_from=_codes()) as codes:
        codes.create_foreign_key(BATCH, "promotion_batches", ["batch_id"], ["id"], ondelete="RESTRICT")
    op.create_table(
        "promotions_archive",
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=False),
        sa.Column("snapshot", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotions_archive_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("promotion_id", name=op.f("pk_promotions_archive")),
    )
    op.create_index("ix_promotions_archive_archived_at", "promotions_archive", ["archived_at"])
    op.create_table(
        "promotion_refusals",
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint("attempts >= 1", name=op.f("ck_promotion_refusals_attempts_positive")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_refusals_promotion_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("promotion_id", "day", "reason", name=op.f("pk_promotion_refusals")),
    )
    op.create_table(
        "promotion_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("person", sa.String(length=64), nullable=True),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("spent", Json, nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("verdicts", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_attempts_promotion_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_attempts")),
    )
    op.create_index("ix_promotion_attempts_promotion_id", "promotion_attempts", ["promotion_id", "id"])


def _codes(*constraints: sa.Constraint) -> sa.Table:
    """The table as it stands, since SQLite's own memory of it leaves out the CHECKs."""
    return sa.Table(
        "promotion_codes",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.Column("auto_deactivated_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_promotion_codes_code_in_capitals")),
        sa.CheckConstraint("length(code) BETWEEN 3 AND 32", name=op.f("ck_promotion_codes_code_length")),
        sa.CheckConstraint("usage_limit >= 1", name=op.f("ck_promotion_codes_usage_limit_positive")),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_promotion_codes_used_not_negative")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_codes_promotion_id"), ondelete="RESTRICT"
        ),
        *constraints,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_promotion_codes_code")),
        sa.Index("ix_promotion_codes_promotion_id", "promotion_id"),
        sa.Index(
            "uq_promotion_codes_single", "promotion_id", unique=True, postgresql_where=SINGLE, sqlite_where=SINGLE
        ),
    )


def downgrade() -> None:
    """Refuses where there are batches: their codes would be several single ones of one promotion."""
    batches = op.get_bind().scalar(sa.text("SELECT count(*) FROM promotion_batches"))
    if batches:
        raise RuntimeError(f"{batches} batches of codes would lose what holds them together; take a backup back instead")
    op.drop_table("promotion_attempts")
    op.drop_table("promotion_refusals")
    op.drop_table("promotions_archive")
    of_batch = sa.ForeignKeyConstraint(["batch_id"], ["promotion_batches.id"], name=BATCH, ondelete="RESTRICT")
    with op.batch_alter_table("promotion_codes", copy_from=_codes(of_batch)) as codes:
        codes.drop_constraint(BATCH, type_="foreignkey")
    op.drop_table("promotion_batches")
