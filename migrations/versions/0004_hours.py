"""Hours, auto-deactivation, and who switched a promotion off, for codes that were there before.

Revision 0004 had these columns itself once. A database that stands where it stood then has them already, and keeps
what is in them.
"""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0004_hours"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW = ("active_hours", "auto_deactivate_on_max_uses", "auto_deactivated_at", "deactivated_by")
CHECKS = {
    "ck_promotions_auto_deactivated_is_inactive": "auto_deactivated_at IS NULL OR NOT is_active",
    "ck_promotions_known_deactivator": "deactivated_by IN ('person', 'system')",
    "ck_promotions_only_inactive_was_deactivated": "NOT is_active OR deactivated_by IS NULL",
}


def upgrade() -> None:
    """A code from before is always open, will close itself with its last use, and is off only where a person said so.

    One that is used up already stays switched on: it is exhausted, and a use that comes back makes it good again.
    """
    if not _has("promotion_codes", "auto_deactivated_at"):
        op.add_column("promotion_codes", sa.Column("auto_deactivated_at", UtcDateTime(), nullable=True))
    if _has("promotions", "deactivated_by"):
        return
    op.add_column("promotions", sa.Column("active_hours", Json, nullable=True))
    op.add_column(
        "promotions",
        sa.Column("auto_deactivate_on_max_uses", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    _add("auto_deactivated_at", UtcDateTime(), "ck_promotions_auto_deactivated_is_inactive")
    _add(
        "deactivated_by",
        sa.String(length=8),
        "ck_promotions_known_deactivator",
        "ck_promotions_only_inactive_was_deactivated",
    )
    op.execute("UPDATE promotions SET deactivated_by = 'person' WHERE NOT is_active")


def _has(table: str, column: str) -> bool:
    return column in {each["name"] for each in sa.inspect(op.get_bind()).get_columns(table)}


def _add(column: str, kind: sa.types.TypeEngine, *checks: str) -> None:
    """A column with its CHECKs: the same statement on both databases, without a rebuild."""
    written = kind.compile(dialect=op.get_bind().dialect)
    constraints = " ".join(f"CONSTRAINT {name} CHECK ({CHECKS[name]})" for name in checks)
    op.execute(f"ALTER TABLE promotions ADD COLUMN {column} {written} {constraints}")


def downgrade() -> None:
    """What the system had closed is open again: the end and the counters alone refuse it in the older shape."""
    op.execute(
        "UPDATE promotions SET is_active = true, deactivated_by = NULL, auto_deactivated_at = NULL "
        "WHERE deactivated_by = 'system' AND archived_at IS NULL"
    )
    last_id = _last_id()
    with op.batch_alter_table("promotions", copy_from=_promotions()) as promotions:
        for name in CHECKS:
            promotions.drop_constraint(op.f(name), type_="check")
        for column in NEW:
            promotions.drop_column(column)
    _let_ids_start_after(last_id)
    op.drop_column("promotion_codes", "auto_deactivated_at")


def _last_id() -> int | None:
    """The highest id that SQLite ever gave a promotion; a rebuild would forget those of deleted ones."""
    if op.get_bind().dialect.name != "sqlite":
        return None
    return op.get_bind().scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'promotions'"))


def _let_ids_start_after(last_id: int | None) -> None:
    if last_id is None:
        return
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'promotions'")
    op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('promotions', {last_id})")


def _promotions() -> sa.Table:
    """The table as it stands, since SQLite's own memory of it leaves out the CHECKs."""
    return sa.Table(
        "promotions",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("active_hours", Json, nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("per_user_limit", sa.Integer(), nullable=True),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.Column("auto_deactivate_on_max_uses", sa.Boolean(), nullable=False),
        sa.Column("auto_deactivated_at", UtcDateTime(), nullable=True),
        sa.Column("deactivated_by", sa.String(length=8), nullable=True),
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
        *(sa.CheckConstraint(condition, name=op.f(name)) for name, condition in CHECKS.items()),
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
        sa.Index("ix_promotions_ends_at", "ends_at"),
        sa.Index("ix_promotions_kind_order", "kind", "display_order", "id"),
        sqlite_autoincrement=True,
    )
