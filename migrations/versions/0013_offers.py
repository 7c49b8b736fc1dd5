"""Wallets with their ledger; offers, codes for them, codes on accounts, conversions."""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ON_ACCOUNT = sa.text("status = 'applied'")
TABLES = (
    "wallet_debts",
    "wallet_entries",
    "wallets",
    "conversions",
    "user_promo_codes",
    "offer_code_scopes",
    "offer_codes",
    "offers",
)


def upgrade() -> None:
    _create_wallets()
    _make_append_only()
    _create_offers()
    _create_conversions()


def downgrade() -> None:
    """Refuses where money was moved or a code for offers was made: nothing in the older shape could tell of it."""
    for table in ("wallet_entries", "wallet_debts", "conversions", "user_promo_codes", "offer_codes"):
        if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table}")):  # noqa: S608
            raise RuntimeError(f"{table} holds rows that would be lost; take a backup back instead")
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change_of_wallet_entries()")


def _create_wallets() -> None:
    op.create_table(
        "wallets",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("cash_cents", sa.BigInteger(), nullable=False),
        sa.Column("bonus_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("bonus_cents >= 0", name=op.f("ck_wallets_bonus_not_negative")),
        sa.CheckConstraint("cash_cents >= 0", name=op.f("ck_wallets_cash_not_negative")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_wallets_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_wallets")),
    )
    op.create_table(
        "wallet_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("balance", sa.String(length=8), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("balance_after_cents", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("balance IN ('cash', 'bonus')", name=op.f("ck_wallet_entries_known_balance")),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_wallet_entries_moves_something")),
        sa.CheckConstraint("balance_after_cents >= 0", name=op.f("ck_wallet_entries_balance_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["wallets.user_id"], name=op.f("fk_wallet_entries_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_entries")),
        sa.UniqueConstraint("user_id", "balance", "reason", "reference", name="uq_wallet_entries_reference"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_wallet_entries_user_id", "wallet_entries", ["user_id", "id"])
    op.create_table(
        "wallet_debts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_wallet_debts_amount_positive")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_wallet_debts_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_debts")),
        sa.UniqueConstraint("user_id", "reason", "reference", name="uq_wallet_debts_reference"),
    )


def _make_append_only() -> None:
    """Let the database itself refuse to change or delete a row of the ledger."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER wallet_entries_no_{verb.lower()} BEFORE {verb} ON wallet_entries "
                "BEGIN SELECT RAISE(ABORT, 'wallet_entries is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change_of_wallet_entries() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'wallet_entries is append-only'; END $$"
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER wallet_entries_no_{verb.lower()} BEFORE {verb} ON wallet_entries "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_wallet_entries()"
        )


def _create_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("payout_cents", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("payout_cents >= 0", name=op.f("ck_offers_payout_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("external_id", name=op.f("uq_offers_external_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_offers_category", "offers", ["category"])
    op.create_table(
        "offer_codes",
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("bonus_type", sa.String(length=16), nullable=False),
        sa.Column("bonus_value", sa.BigInteger(), nullable=False),
        sa.Column("max_bonus_cents", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "bonus_type <> 'percentage' OR bonus_value <= 100000", name=op.f("ck_offer_codes_percentage_at_most_1000")
        ),
        sa.CheckConstraint("bonus_type IN ('percentage', 'fixed')", name=op.f("ck_offer_codes_known_type")),
        sa.CheckConstraint("bonus_value > 0", name=op.f("ck_offer_codes_value_positive")),
        sa.CheckConstraint("max_bonus_cents >= 0", name=op.f("ck_offer_codes_max_bonus_not_negative")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_offer_codes_promotion_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("promotion_id", name=op.f("pk_offer_codes")),
    )
    op.create_table(
        "offer_code_scopes",
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_offer_code_scopes_offer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"],
            ["offer_codes.promotion_id"],
            name=op.f("fk_offer_code_scopes_promotion_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("promotion_id", "offer_id", name=op.f("pk_offer_code_scopes")),
    )
    op.create_index("ix_offer_code_scopes_offer_id", "offer_code_scopes", ["offer_id"])


def _create_conversions() -> None:
    op.create_table(
        "user_promo_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("promotion_id", sa.Integer(), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(removed_at IS NOT NULL) = (status = 'removed')", name=op.f("ck_user_promo_codes_removed_has_time")
        ),
        sa.CheckConstraint("status IN ('applied', 'removed')", name=op.f("ck_user_promo_codes_known_status")),
        sa.ForeignKeyConstraint(
            ["code_id"], ["promotion_codes.id"], name=op.f("fk_user_promo_codes_code_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_user_promo_codes_promotion_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_promo_codes_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_promo_codes")),
    )
    op.create_index("ix_user_promo_codes_code_id", "user_promo_codes", ["code_id"])
    op.create_index("ix_user_promo_codes_promotion_id", "user_promo_codes", ["promotion_id"])
    op.create_index(
        "uq_user_promo_codes_on_account",
        "user_promo_codes",
        ["user_id", "promotion_id"],
        unique=True,
        postgresql_where=ON_ACCOUNT,
        sqlite_where=ON_ACCOUNT,
    )
    op.create_table(
        "conversions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversion_id", sa.String(length=128), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("payout_cents", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("bonus_cents", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("passed_over", Json, nullable=False),
        sa.Column("reversed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(code IS NOT NULL) = (bonus_cents > 0)", name=op.f("ck_conversions_bonus_has_code")),
        sa.CheckConstraint("bonus_cents >= 0", name=op.f("ck_conversions_bonus_not_negative")),
        sa.CheckConstraint("payout_cents >= 0", name=op.f("ck_conversions_payout_not_negative")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_conversions_offer_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["users.id"], name=op.f("fk_conversions_recorded_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_conversions_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversions")),
        sa.UniqueConstraint("conversion_id", name=op.f("uq_conversions_conversion_id")),
    )
    op.create_index("ix_conversions_offer_id", "conversions", ["offer_id", "id"])
    op.create_index("ix_conversions_user_id", "conversions", ["user_id", "id"])
