"""Activity, XP ledger, levels."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

EVENT_TYPES = (
    ("workout_logged", "Workout logged", "A workout was logged.", 20, None),
    ("daily_checkin", "Daily check-in", "The check-in of a day was made.", 10, 24),
    ("meal_logged", "Meal logged", "A meal was logged.", 5, None),
    ("program_completed", "Programme completed", "A coach marked a programme as completed.", 100, None),
    ("streak_7_day", "7-day streak", "Checked in on seven days in a row.", 50, 168),
    ("streak_30_day", "30-day streak", "Checked in on thirty days in a row.", 200, 720),
)
TABLES = (
    "xp_transactions",
    "xp_refusals",
    "user_xp_summaries",
    "workout_logs",
    "meal_logs",
    "daily_logs",
    "xp_event_types",
    "levels",
)


def upgrade() -> None:
    _create_tables()
    _make_append_only("xp_transactions")
    _seed_event_types()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change_of_xp_transactions()")


def _make_append_only(table: str) -> None:
    """Let the database itself refuse to change or delete a row. A test lists these triggers after every revision."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_change_of_{table}()"
        )


def _seed_event_types() -> None:
    columns = ("key", "name", "description", "xp_amount", "points_amount", "is_active", "cooldown_hours")
    event_types = sa.table("xp_event_types", *(sa.column(name) for name in columns))
    op.bulk_insert(
        event_types,
        [
            dict(zip(columns, (key, name, description, amount, amount, True, cooldown), strict=True))
            for key, name, description, amount, cooldown in EVENT_TYPES
        ],
    )


def _create_tables() -> None:
    op.create_table(
        "levels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("level_number", sa.Integer(), nullable=False),
        sa.Column("xp_required", sa.Integer(), nullable=False),
        sa.Column("icon", sa.String(length=40), nullable=False),
        sa.CheckConstraint("level_number > 0", name=op.f("ck_levels_number_positive")),
        sa.CheckConstraint("xp_required >= 0", name=op.f("ck_levels_xp_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_levels")),
        sa.UniqueConstraint("level_number", name=op.f("uq_levels_level_number")),
        sa.UniqueConstraint("xp_required", name=op.f("uq_levels_xp_required")),
    )
    op.create_table(
        "xp_event_types",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("xp_amount", sa.Integer(), nullable=False),
        sa.Column("points_amount", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("cooldown_hours", sa.Integer(), nullable=True),
        sa.Column("daily_limit", sa.Integer(), nullable=True),
        sa.CheckConstraint("cooldown_hours > 0", name=op.f("ck_xp_event_types_cooldown_positive")),
        sa.CheckConstraint("daily_limit > 0", name=op.f("ck_xp_event_types_daily_limit_positive")),
        sa.CheckConstraint("points_amount >= 0", name=op.f("ck_xp_event_types_points_not_negative")),
        sa.CheckConstraint("xp_amount >= 0", name=op.f("ck_xp_event_types_xp_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xp_event_types")),
        sa.UniqueConstraint("key", name=op.f("uq_xp_event_types_key")),
    )
    op.create_table(
        "daily_logs",
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("mood", sa.Integer(), nullable=True),
        sa.Column("weight_grams", sa.Integer(), nullable=True),
        sa.Column("sleep_minutes", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("notes", sa.String(length=2000), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("mood BETWEEN 1 AND 5", name=op.f("ck_daily_logs_mood_from_1_to_5")),
        sa.CheckConstraint("sleep_minutes BETWEEN 0 AND 1440", name=op.f("ck_daily_logs_sleep_within_a_day")),
        sa.CheckConstraint("weight_grams BETWEEN 1000 AND 999900", name=op.f("ck_daily_logs_weight_plausible")),
        sa.ForeignKeyConstraint(["client_id"], ["users.id"], name=op.f("fk_daily_logs_client_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_logs")),
        sa.UniqueConstraint("client_id", "checked_on", name=op.f("uq_daily_logs_client_id_checked_on")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_daily_logs_client_id_checked_at", "daily_logs", ["client_id", "checked_at"], unique=False)
    op.create_table(
        "meal_logs",
        sa.Column("eaten_at", UtcDateTime(), nullable=False),
        sa.Column("eaten_on", sa.Date(), nullable=False),
        sa.Column("meal", sa.String(length=16), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("notes", sa.String(length=2000), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner', 'snack')", name=op.f("ck_meal_logs_meal_known")),
        sa.ForeignKeyConstraint(["client_id"], ["users.id"], name=op.f("fk_meal_logs_client_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meal_logs")),
        sa.UniqueConstraint("client_id", "eaten_at", "meal", name=op.f("uq_meal_logs_client_id_eaten_at_meal")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_xp_summaries",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("total_xp", sa.Integer(), nullable=False),
        sa.Column("available_points", sa.Integer(), nullable=False),
        sa.Column("current_level_id", sa.Integer(), nullable=True),
        sa.Column("celebrated_level", sa.Integer(), nullable=False),
        sa.CheckConstraint("available_points >= 0", name=op.f("ck_user_xp_summaries_points_not_negative")),
        sa.CheckConstraint("total_xp >= 0", name=op.f("ck_user_xp_summaries_xp_not_negative")),
        sa.ForeignKeyConstraint(
            ["current_level_id"], ["levels.id"], name=op.f("fk_user_xp_summaries_current_level_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_xp_summaries_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_xp_summaries")),
    )
    op.create_index("ix_user_xp_summaries_current_level_id", "user_xp_summaries", ["current_level_id"], unique=False)
    op.create_table(
        "workout_logs",
        sa.Column("performed_at", UtcDateTime(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("notes", sa.String(length=2000), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name=op.f("ck_workout_logs_duration_within_a_day")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["users.id"], name=op.f("fk_workout_logs_client_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workout_logs")),
        sa.UniqueConstraint("client_id", "performed_at", name=op.f("uq_workout_logs_client_id_performed_at")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "xp_refusals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.String(length=120), nullable=False),
        sa.Column("event_key", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_xp_refusals_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xp_refusals")),
        sa.UniqueConstraint("user_id", "source_key", name=op.f("uq_xp_refusals_user_id_source_key")),
    )
    op.create_table(
        "xp_transactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("event_type_id", sa.Integer(), nullable=True),
        sa.Column("reverses_id", sa.Integer(), nullable=True),
        sa.Column("xp", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.String(length=120), nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'event') = (event_type_id IS NOT NULL)", name=op.f("ck_xp_transactions_event_has_a_type")
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_xp_transactions_reversal_names_a_row")
        ),
        sa.CheckConstraint(
            "kind IN ('event', 'achievement', 'redemption', 'reversal', 'adjustment')",
            name=op.f("ck_xp_transactions_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["event_type_id"], ["xp_event_types.id"], name=op.f("fk_xp_transactions_event_type_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["xp_transactions.id"], name=op.f("fk_xp_transactions_reverses_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_xp_transactions_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xp_transactions")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_xp_transactions_reverses_id")),
        sa.UniqueConstraint("user_id", "source_key", name=op.f("uq_xp_transactions_user_id_source_key")),
    )
    op.create_index(
        "ix_xp_transactions_user_id_event_type_id_occurred_on",
        "xp_transactions",
        ["user_id", "event_type_id", "occurred_on"],
        unique=False,
    )
