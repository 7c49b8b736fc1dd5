"""Refunds, donations, what providers send back, and the price that a shopper saw."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.kit.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UNSETTLED = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.add_column("invoices", sa.Column("message", sa.String(length=500), nullable=True))
    _add("invoices", "refunded_discount_cents", "refunded_discount_within", "BETWEEN 0 AND discount_cents")
    _add("invoice_lines", "refunded_quantity", "refunded_quantity_within", "BETWEEN 0 AND quantity")
    _add("invoice_lines", "refunded_cents", "refunded_within_paid", "BETWEEN 0 AND total_cents - discount_cents")
    op.add_column(
        "cart_lines", sa.Column("seen_price_cents", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute("UPDATE cart_lines SET seen_price_cents = (SELECT price_cents FROM products WHERE id = product_id)")
    _refunds()
    _sessions()
    _returns()


def _add(table: str, column: str, check: str, condition: str) -> None:
    """A column of whole numbers, from 0, with its CHECK: the same statement on both databases, without a rebuild."""
    kind = "INTEGER" if column.endswith("quantity") else "BIGINT"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {kind} DEFAULT 0 NOT NULL "
        f"CONSTRAINT ck_{table}_{check} CHECK ({column} {condition})"
    )


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("discount_cents", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("amount_cents >= 0", name=op.f("ck_refunds_amount_not_negative")),
        sa.CheckConstraint("discount_cents >= 0", name=op.f("ck_refunds_discount_not_negative")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_refunds_invoice_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_refunds_made_by"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("key", name=op.f("uq_refunds_key")),
    )
    op.create_index("ix_refunds_invoice_id", "refunds", ["invoice_id"])
    op.create_table(
        "refund_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("refund_id", sa.Integer(), nullable=False),
        sa.Column("invoice_line_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("discount_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_refund_lines_quantity_positive")),
        sa.CheckConstraint("amount_cents >= 0", name=op.f("ck_refund_lines_amount_not_negative")),
        sa.CheckConstraint("discount_cents >= 0", name=op.f("ck_refund_lines_discount_not_negative")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_refund_lines_refund_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_line_id"],
            ["invoice_lines.id"],
            name=op.f("fk_refund_lines_invoice_line_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_lines")),
        sa.UniqueConstraint("refund_id", "invoice_line_id", name="uq_refund_lines_line"),
    )
    op.create_index("ix_refund_lines_invoice_line_id", "refund_lines", ["invoice_line_id"])


def _sessions() -> None:
    op.create_table(
        "payment_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_sessions")),
    )
    op.create_index("ix_payment_sessions_subject", "payment_sessions", ["subject"])


def _returns() -> None:
    """What was kept as stray money becomes money to return: done, or waiting for somebody's hands."""
    op.create_table(
        "payment_returns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider_reference", sa.String(length=128), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payment_returns_amount_positive")),
        sa.CheckConstraint(
            "state IN ('waiting', 'by_hand', 'failed', 'done')", name=op.f("ck_payment_returns_known_state")
        ),
        sa.CheckConstraint(
            "(settled_at IS NOT NULL) = (state = 'done')", name=op.f("ck_payment_returns_done_has_time")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_returns")),
        sa.UniqueConstraint("key", name=op.f("uq_payment_returns_key")),
    )
    op.create_index("ix_payment_returns_subject", "payment_returns", ["subject"])
    op.create_index(
        "ix_payment_returns_unsettled",
        "payment_returns",
        ["id"],
        postgresql_where=UNSETTLED,
        sqlite_where=UNSETTLED,
    )
    op.execute(
        "INSERT INTO payment_returns "
        "(key, subject, provider, reference, amount_cents, state, attempt, created_at, settled_at) "
        "SELECT 'stray:' || id, subject, provider, event_id, amount_cents, "
        "CASE WHEN given_back_at IS NULL THEN 'by_hand' ELSE 'done' END, 1, received_at, given_back_at "
        "FROM payment_events WHERE is_stray AND amount_cents > 0"
    )
    with op.batch_alter_table("payment_events", copy_from=_events(with_return=True)) as events:
        events.drop_index("ix_payment_events_stray")
        events.drop_constraint(op.f("ck_payment_events_only_stray_goes_back"), type_="check")
        events.drop_constraint(op.f("ck_payment_events_known_outcome"), type_="check")
        events.drop_column("given_back_at")
        events.create_check_constraint(
            op.f("ck_payment_events_known_outcome"), "outcome IN ('paid', 'declined', 'return_failed')"
        )


def _events(*, with_return: bool) -> sa.Table:
    """The table as it stands before (or after), since SQLite's own memory of it leaves out the CHECKs."""
    checks = ["outcome IN ('paid', 'declined', 'return_failed')"]
    more: Sequence[sa.schema.SchemaItem] = ()
    if with_return:
        checks = ["outcome IN ('paid', 'declined')"]
        stray = sa.text("is_stray AND given_back_at IS NULL")
        more = (
            sa.Column("given_back_at", UtcDateTime(), nullable=True),
            sa.CheckConstraint(
                "given_back_at IS NULL OR is_stray", name=op.f("ck_payment_events_only_stray_goes_back")
            ),
            sa.Index("ix_payment_events_stray", "subject", postgresql_where=stray, sqlite_where=stray),
        )
    return sa.Table(
        "payment_events",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("is_stray", sa.Boolean(), nullable=False),
        *more,
        *(sa.CheckConstraint(check, name=op.f("ck_payment_events_known_outcome")) for check in checks),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_events")),
        sa.UniqueConstraint("provider", "event_id", name="uq_payment_events_event"),
        sa.Index("ix_payment_events_subject", "subject"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM payment_events WHERE outcome = 'return_failed'")
    with op.batch_alter_table("payment_events", copy_from=_events(with_return=False)) as events:
        events.drop_constraint(op.f("ck_payment_events_known_outcome"), type_="check")
        events.add_column(sa.Column("given_back_at", UtcDateTime(), nullable=True))
        events.create_check_constraint(op.f("ck_payment_events_known_outcome"), "outcome IN ('paid', 'declined')")
        events.create_check_constraint(
            op.f("ck_payment_events_only_stray_goes_back"), "given_back_at IS NULL OR is_stray"
        )
    op.execute(
        "UPDATE payment_events SET given_back_at = (SELECT settled_at FROM payment_returns "
        "WHERE payment_returns.key = 'stray:' || payment_events.id) WHERE is_stray"
    )
    stray = sa.text("is_stray AND given_back_at IS NULL")
    op.create_index(
        "ix_payment_events_stray", "payment_events", ["subject"], postgresql_where=stray, sqlite_where=stray
    )
    op.drop_table("payment_returns")
    op.drop_table("payment_sessions")
    op.drop_table("refund_lines")
    op.drop_table("refunds")
    op.drop_column("cart_lines", "seen_price_cents")
    op.drop_column("invoice_lines", "refunded_cents")
    op.drop_column("invoice_lines", "refunded_quantity")
    op.drop_column("invoices", "refunded_discount_cents")
    op.drop_column("invoices", "message")
