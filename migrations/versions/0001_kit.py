"""Tables of the kit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.kit.db import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(32), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("stream", sa.String(80), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("leased_until", UtcDateTime()),
        sa.Column("settled_at", UtcDateTime()),
        sa.Column("set_aside_at", UtcDateTime()),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_events"),
        sa.UniqueConstraint("key", name="uq_outbox_events_key"),
    )
    for name, columns, condition in (
        ("waiting", ["topic", "id"], "settled_at IS NULL AND set_aside_at IS NULL"),
        ("leased", ["topic", "stream"], "leased_until IS NOT NULL"),
        ("set_aside", ["set_aside_at"], "set_aside_at IS NOT NULL"),
    ):
        op.create_index(
            f"ix_outbox_events_{name}",
            "outbox_events",
            columns,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "ticks",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("claimed_until", UtcDateTime()),
        sa.PrimaryKeyConstraint("name", name="pk_ticks"),
    )
    op.create_table(
        "limit_counters",
        sa.Column("bucket", sa.String(80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_limit_counters"),
    )


def downgrade() -> None:
    op.drop_table("limit_counters")
    op.drop_table("ticks")
    op.drop_table("outbox_events")
