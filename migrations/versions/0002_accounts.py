"""Accounts, audit log, messages."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REFUSALS = {
    "audit_entries_no_update": ("UPDATE", "audit_entries", ""),
    "audit_entries_no_delete": ("DELETE", "audit_entries", ""),
    "audit_values_no_update": (
        "UPDATE",
        "audit_values",
        "NEW.value IS NOT NULL OR NEW.subject_id <> OLD.subject_id OR NEW.id <> OLD.id",
    ),
    "audit_values_no_delete": ("DELETE", "audit_values", ""),
}


def upgrade() -> None:
    _create_users()
    _create_keys()
    _create_audit()
    _create_mails()
    _refuse_changes_of_the_log()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for trigger, (_event, table, _when) in REFUSALS.items():
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
        op.execute("DROP FUNCTION audit_is_append_only()")
    else:
        for trigger in REFUSALS:
            op.execute(f"DROP TRIGGER {trigger}")
    for table in ("mails", "audit_entries", "audit_values", "api_keys", "refresh_tokens", "password_resets", "users"):
        op.drop_table(table)


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("coach_id", sa.Integer()),
        sa.Column("referral_code", sa.String(16), nullable=False),
        sa.Column("referred_by_id", sa.Integer()),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("timezone_changed_at", UtcDateTime()),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("last_login_at", UtcDateTime()),
        sa.Column("anonymised_at", UtcDateTime()),
        sa.CheckConstraint("role IN ('admin', 'coach', 'client')", name=op.f("ck_users_role_known")),
        sa.CheckConstraint("coach_id IS NULL OR role = 'client'", name=op.f("ck_users_only_clients_have_coaches")),
        sa.CheckConstraint("coach_id <> id AND referred_by_id <> id", name=op.f("ck_users_not_of_oneself")),
        sa.ForeignKeyConstraint(["coach_id"], ["users.id"], name="fk_users_coach_id", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["referred_by_id"], ["users.id"], name="fk_users_referred_by_id", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("referral_code", name="uq_users_referral_code"),
    )
    op.create_index("uq_users_username", "users", [sa.text("lower(username)")], unique=True)
    op.create_index("uq_users_email", "users", [sa.text("lower(email)")], unique=True)
    op.create_index("ix_users_coach_id", "users", ["coach_id"])
    op.create_index("ix_users_referred_by_id", "users", ["referred_by_id"])


def _create_keys() -> None:
    op.create_table(
        "password_resets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_password_resets_user_id", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_password_resets"),
        sa.UniqueConstraint("token_hash", name="uq_password_resets_token_hash"),
    )
    op.create_index("ix_password_resets_user_id", "password_resets", ["user_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_refresh_tokens_user_id", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_refresh_tokens_token_hash"),
    )
    op.create_index("ix_refresh_tokens_user_id", "refresh_tokens", ["user_id"])
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["family"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("start", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_by_id", sa.Integer()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.Column("last_used_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_api_keys_created_by_id", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_values",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name="pk_audit_values"),
    )
    op.create_index("ix_audit_values_subject_id", "audit_values", ["subject_id"])
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer()),
        sa.Column("actor_label", sa.String(80), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("entity", sa.String(40), nullable=False),
        sa.Column("entity_id", sa.String(40), nullable=False),
        sa.Column("before", Json),
        sa.Column("after", Json),
        sa.Column("address_id", sa.Integer()),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"], ["audit_values.id"], name="fk_audit_entries_address_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_entity", "audit_entries", ["entity", "entity_id", "id"])
    op.create_index("ix_audit_entries_actor", "audit_entries", ["actor_id", "id"])
    op.create_index("ix_audit_entries_action", "audit_entries", ["action", "id"])
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])


def _create_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("user_id", sa.Integer()),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("template", sa.String(40), nullable=False),
        sa.Column("context", Json, nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'maybe_sent', 'failed')", name=op.f("ck_mails_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.UniqueConstraint("key", name="uq_mails_key"),
    )
    op.create_index("ix_mails_user_id", "mails", ["user_id"])
    op.create_index("ix_mails_state", "mails", ["state", "id"])


def _refuse_changes_of_the_log() -> None:
    """Entries stay as they are; a personal value can only ever be blanked."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.execute(
            "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
        )
    for trigger, (event, table, when) in REFUSALS.items():
        condition = f"WHEN ({when})" if when else ""
        body = (
            "EXECUTE FUNCTION audit_is_append_only()"
            if is_postgresql
            else "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
        op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW {condition} {body}")
