"""Programmes, achievements, rewards and their redemptions, notices; pictures and versions of levels and event types."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PENDING = sa.text("status = 'pending'")
UNDER_WAY = sa.text("status = 'active'")
UNSEEN = sa.text("seen_at IS NULL")
TABLES = (
    "notices",
    "stock_entries",
    "reward_redemptions",
    "rewards",
    "user_achievements",
    "achievements",
    "external_logs",
    "client_programs",
    "programs",
)


def upgrade() -> None:
    _create_programmes()
    _create_achievements()
    _create_rewards()
    _create_redemptions()
    _create_notices()
    _guard_stock_entries()
    op.add_column("levels", sa.Column("image", sa.String(length=64), nullable=True))
    for table in ("levels", "xp_event_types"):
        op.add_column(table, sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_xp_transactions_user_id_occurred_on", "xp_transactions", ["user_id", "occurred_on"])


def downgrade() -> None:
    """Refuses where something was bought or earned: the ledger would speak of what isn't there any more."""
    for table in ("reward_redemptions", "user_achievements", "client_programs"):
        if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table}")):  # noqa: S608
            raise RuntimeError(f"{table} holds rows that would be lost; take a backup back instead")
    op.drop_index("ix_xp_transactions_user_id_occurred_on", "xp_transactions")
    for table in ("levels", "xp_event_types"):
        op.drop_column(table, "version")
    op.drop_column("levels", "image")
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change_of_stock_entries()")


def _guard_stock_entries() -> None:
    """What redemptions took and returned stays as it was written; what was set goes only with its reward."""
    redeemed = "WHEN (OLD.redemption_id IS NOT NULL)"
    if op.get_bind().dialect.name == "sqlite":
        for verb, when in (("UPDATE", ""), ("DELETE", redeemed)):
            op.execute(
                f"CREATE TRIGGER stock_entries_no_{verb.lower()} BEFORE {verb} ON stock_entries FOR EACH ROW {when} "
                f"BEGIN SELECT RAISE(ABORT, 'stock_entries is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change_of_stock_entries() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'stock_entries is append-only'; END $$"
    )
    for verb, when in (("UPDATE", ""), ("DELETE", redeemed)):
        op.execute(
            f"CREATE TRIGGER stock_entries_no_{verb.lower()} BEFORE {verb} ON stock_entries "
            f"FOR EACH ROW {when} EXECUTE FUNCTION refuse_change_of_stock_entries()"
        )


def _create_programmes() -> None:
    op.create_table(
        "programs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coach_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=2000), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["coach_id"], ["users.id"], name=op.f("fk_programs_coach_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_programs_coach_id", "programs", ["coach_id"])
    op.create_table(
        "client_programs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("assigned_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(status = 'active') = (ended_at IS NULL)", name=op.f("ck_client_programs_ended_has_a_time")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'completed', 'cancelled')", name=op.f("ck_client_programs_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["users.id"], name=op.f("fk_client_programs_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["programs.id"], name=op.f("fk_client_programs_program_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_programs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_client_programs_program_id", "client_programs", ["program_id"])
    op.create_index(
        "uq_client_programs_under_way",
        "client_programs",
        ["client_id", "program_id"],
        unique=True,
        postgresql_where=UNDER_WAY,
        sqlite_where=UNDER_WAY,
    )
    op.create_table(
        "external_logs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["users.id"], name=op.f("fk_external_logs_client_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_logs")),
        sa.UniqueConstraint(
            "client_id", "kind", "external_id", name=op.f("uq_external_logs_client_id_kind_external_id")
        ),
    )


def _create_achievements() -> None:
    op.create_table(
        "achievements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coach_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("condition_type", sa.String(length=16), nullable=True),
        sa.Column("condition_value", sa.Integer(), nullable=True),
        sa.Column("xp_reward", sa.Integer(), nullable=False),
        sa.Column("points_reward", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("icon", sa.String(length=40), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(type = 'automatic') = (condition_type IS NOT NULL)", name=op.f("ck_achievements_automatic_has_condition")
        ),
        sa.CheckConstraint(
            "(type = 'automatic') = (condition_value IS NOT NULL)", name=op.f("ck_achievements_automatic_has_value")
        ),
        sa.CheckConstraint(
            "condition_type IN ('workout_count', 'streak_days', 'xp_total', 'checkin_count')",
            name=op.f("ck_achievements_condition_known"),
        ),
        sa.CheckConstraint("type IN ('automatic', 'manual')", name=op.f("ck_achievements_type_known")),
        sa.CheckConstraint("condition_value > 0", name=op.f("ck_achievements_value_positive")),
        sa.CheckConstraint("points_reward >= 0", name=op.f("ck_achievements_points_not_negative")),
        sa.CheckConstraint("xp_reward >= 0", name=op.f("ck_achievements_xp_not_negative")),
        sa.ForeignKeyConstraint(["coach_id"], ["users.id"], name=op.f("fk_achievements_coach_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_achievements")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_achievements_coach_id", "achievements", ["coach_id"])
    op.create_table(
        "user_achievements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("achievement_id", sa.Integer(), nullable=False),
        sa.Column("awarded_by_id", sa.Integer(), nullable=True),
        sa.Column("earned_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["achievement_id"],
            ["achievements.id"],
            name=op.f("fk_user_achievements_achievement_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["awarded_by_id"], ["users.id"], name=op.f("fk_user_achievements_awarded_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_achievements_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_achievements")),
        sa.UniqueConstraint("user_id", "achievement_id", name=op.f("uq_user_achievements_user_id_achievement_id")),
    )
    op.create_index("ix_user_achievements_achievement_id", "user_achievements", ["achievement_id"])


def _create_rewards() -> None:
    op.create_table(
        "rewards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coach_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=1000), nullable=False),
        sa.Column("points_cost", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("points_cost > 0", name=op.f("ck_rewards_cost_positive")),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_rewards_stock_not_negative")),
        sa.ForeignKeyConstraint(["coach_id"], ["users.id"], name=op.f("fk_rewards_coach_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rewards")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rewards_coach_id", "rewards", ["coach_id"])


def _create_redemptions() -> None:
    op.create_table(
        "reward_redemptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.Column("points_spent", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("coach_notes", sa.String(length=1000), nullable=False),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending') = (handled_at IS NULL)", name=op.f("ck_reward_redemptions_handled_has_a_time")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'fulfilled', 'rejected')", name=op.f("ck_reward_redemptions_status_known")
        ),
        sa.CheckConstraint("points_spent > 0", name=op.f("ck_reward_redemptions_points_positive")),
        sa.ForeignKeyConstraint(
            ["handled_by_id"], ["users.id"], name=op.f("fk_reward_redemptions_handled_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["reward_id"], ["rewards.id"], name=op.f("fk_reward_redemptions_reward_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_reward_redemptions_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_redemptions")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_reward_redemptions_user_id_idempotency_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reward_redemptions_created_at", "reward_redemptions", ["created_at"])
    op.create_index(
        "ix_reward_redemptions_pending", "reward_redemptions", ["id"], postgresql_where=PENDING, sqlite_where=PENDING
    )
    op.create_index("ix_reward_redemptions_reward_id", "reward_redemptions", ["reward_id"])
    op.create_table(
        "stock_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("redemption_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'set') = (redemption_id IS NULL)", name=op.f("ck_stock_entries_set_by_nobodys_redemption")
        ),
        sa.CheckConstraint(
            "kind = 'set' OR (kind = 'taken' AND change IN (0, -1)) OR (kind = 'returned' AND change IN (0, 1))",
            name=op.f("ck_stock_entries_one_piece"),
        ),
        sa.CheckConstraint("kind IN ('set', 'taken', 'returned')", name=op.f("ck_stock_entries_kind_known")),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["reward_redemptions.id"],
            name=op.f("fk_stock_entries_redemption_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["reward_id"], ["rewards.id"], name=op.f("fk_stock_entries_reward_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_entries")),
        sa.UniqueConstraint("redemption_id", "kind", name=op.f("uq_stock_entries_redemption_id_kind")),
    )
    op.create_index("ix_stock_entries_reward_id", "stock_entries", ["reward_id"])


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("context", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    op.create_index("ix_notices_unseen", "notices", ["user_id", "id"], postgresql_where=UNSEEN, sqlite_where=UNSEEN)
