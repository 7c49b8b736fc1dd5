"""Level-ups are celebrated by XP instead of by number; ids of levels and types of event are never given twice.

Numbers change hands when levels are deleted and made anew; the XP up to which somebody was congratulated don't.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ENTITIES = {"levels": "level", "xp_event_types": "xp_event_type"}  # as the audit log calls them


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in (_levels(), _event_types()):
            _number_for_ever(table)
    op.execute("ALTER TABLE user_xp_summaries RENAME COLUMN celebrated_level TO celebrated_xp")
    op.execute(
        "UPDATE user_xp_summaries SET celebrated_xp = coalesce((SELECT max(CASE WHEN levels.xp_required < total_xp "
        "THEN levels.xp_required ELSE total_xp END) FROM levels WHERE levels.level_number <= celebrated_xp), 0)"
    )
    op.execute(  # who was new before levels that take nothing were given at once
        "UPDATE user_xp_summaries SET current_level_id = (SELECT id FROM levels WHERE xp_required <= total_xp "
        "ORDER BY xp_required DESC LIMIT 1) WHERE current_level_id IS NULL"
    )


def downgrade() -> None:
    """To the highest level that those XP reach. SQLite goes on numbering as it does."""
    op.execute(
        "UPDATE user_xp_summaries SET celebrated_xp = coalesce((SELECT max(levels.level_number) FROM levels "
        "WHERE levels.xp_required <= celebrated_xp), 0)"
    )
    op.execute("ALTER TABLE user_xp_summaries RENAME COLUMN celebrated_xp TO celebrated_level")


def _number_for_ever(table: sa.Table) -> None:
    """Rebuild it so that no id comes again, not even one that the audit log alone remembers."""
    last_id = max(_last_ids(table.name))
    with op.batch_alter_table(table.name, copy_from=table, recreate="always"):
        pass
    op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{table.name}'")
    op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{table.name}', {last_id})")


def _last_ids(table: str) -> list[int]:
    audited = f"SELECT max(CAST(entity_id AS INTEGER)) FROM audit_entries WHERE entity = '{ENTITIES[table]}'"
    numbered = f"SELECT max(seq) FROM sqlite_sequence WHERE name = '{table}'"
    queries = (f"SELECT max(id) FROM {table}", audited, numbered)
    return [op.get_bind().scalar(sa.text(query)) or 0 for query in queries]


def _levels() -> sa.Table:
    """The tables as they stand, since SQLite's own memory of them leaves out the CHECKs."""
    return sa.Table(
        "levels",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("level_number", sa.Integer(), nullable=False),
        sa.Column("xp_required", sa.Integer(), nullable=False),
        sa.Column("icon", sa.String(length=40), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.CheckConstraint("level_number > 0", name=op.f("ck_levels_number_positive")),
        sa.CheckConstraint("xp_required >= 0", name=op.f("ck_levels_xp_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_levels")),
        sa.UniqueConstraint("level_number", name=op.f("uq_levels_level_number")),
        sa.UniqueConstraint("xp_required", name=op.f("uq_levels_xp_required")),
        sqlite_autoincrement=True,
    )


def _event_types() -> sa.Table:
    return sa.Table(
        "xp_event_types",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("xp_amount", sa.Integer(), nullable=False),
        sa.Column("points_amount", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("cooldown_hours", sa.Integer(), nullable=True),
        sa.Column("daily_limit", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.CheckConstraint("cooldown_hours > 0", name=op.f("ck_xp_event_types_cooldown_positive")),
        sa.CheckConstraint("daily_limit > 0", name=op.f("ck_xp_event_types_daily_limit_positive")),
        sa.CheckConstraint("points_amount >= 0", name=op.f("ck_xp_event_types_points_not_negative")),
        sa.CheckConstraint("xp_amount >= 0", name=op.f("ck_xp_event_types_xp_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xp_event_types")),
        sa.UniqueConstraint("key", name=op.f("uq_xp_event_types_key")),
        sqlite_autoincrement=True,
    )
