"""Member bonuses with claims, turnover, cashback and referrals; deposits, withdrawals, adjustments; settled debts.

Entries of wallets name the claim that they belong to, and a view adds up what was claimed by each bonus.
"""

import sqlalchemy as sa
from alembic import op

from app.kit.db import Json, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ACTIVE = sa.text("status = 'active'")
REWARDED = sa.text("reason IS NULL")
OPEN = sa.text("settled_at IS NULL")
TABLES = (
    "wallet_adjustments",
    "withdrawals",
    "deposits",
    "referrals",
    "cashback_credits",
    "cashback_periods",
    "turnover_shares",
    "turnover_events",
    "member_promotions",
    "bonuses",
)
# one row for each bonus, also for those that nobody has claimed; grouped by its id alone, so that no claim is sorted
STATS = """
    CREATE VIEW promotion_stats AS
    SELECT promotions.id AS promotion_id, promotions.title AS promotion_name,
           MAX(promotion_codes.code) AS promotion_code,
           COUNT(claims.id) AS total_claims,
           COUNT(CASE WHEN claims.status = 'active' THEN 1 END) AS active_claims,
           COUNT(CASE WHEN claims.status = 'completed' THEN 1 END) AS completed_claims,
           COUNT(CASE WHEN claims.status = 'cancelled' THEN 1 END) AS cancelled_claims,
           COALESCE(SUM(claims.deposit_cents), 0) AS total_deposit_cents,
           COALESCE(SUM(claims.bonus_cents), 0) AS total_bonus_cents,
           COALESCE(SUM(claims.current_turnover_cents), 0) AS total_turnover_cents
    FROM promotions
    JOIN bonuses ON bonuses.promotion_id = promotions.id
    LEFT JOIN promotion_codes ON promotion_codes.promotion_id = promotions.id AND promotion_codes.batch_id IS NULL
    LEFT JOIN member_promotions AS claims ON claims.promotion_id = promotions.id
    GROUP BY promotions.id
"""
# what SQLite can add without copying a ledger, whose triggers would be lost
CLAIM_COLUMN = """
    ALTER TABLE wallet_entries ADD COLUMN member_promotion_id INTEGER
        CONSTRAINT fk_wallet_entries_member_promotion_id REFERENCES member_promotions (id) ON DELETE RESTRICT
        CONSTRAINT ck_wallet_entries_bonus_has_claim CHECK (balance <> 'bonus' OR member_promotion_id IS NOT NULL)
"""
SETTLED_BY = """
    ALTER TABLE wallet_debts ADD COLUMN settled_by_id INTEGER
        CONSTRAINT fk_wallet_debts_settled_by_id REFERENCES users (id) ON DELETE RESTRICT
"""


def upgrade() -> None:
    _create_bonuses()
    _create_turnover()
    _create_cashback_and_referrals()
    _create_deposits()
    _change_wallets()
    op.execute(STATS)


def downgrade() -> None:
    """Refuses where any of it was used: nothing in the older shape could tell of it."""
    for table in TABLES:
        if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table}")):  # noqa: S608
            raise RuntimeError(f"{table} holds rows that would be lost; take a backup back instead")
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM wallet_debts WHERE settled_at IS NOT NULL")):
        raise RuntimeError("wallet_debts holds settled ones; take a backup back instead")
    op.execute("DROP VIEW promotion_stats")
    _change_wallets_back()
    for table in TABLES:
        op.drop_table(table)


def _create_bonuses() -> None:
    op.create_table('bonuses',
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('type', sa.String(length=16), nullable=False),
    sa.Column('bonus_type', sa.String(length=16), nullable=False),
    sa.Column('bonus_value', sa.BigInteger(), nullable=False),
    sa.Column('max_bonus_cents', sa.BigInteger(), nullable=True),
    sa.Column('turnover_hundredths', sa.Integer(), nullable=False),
    sa.Column('max_withdraw_cents', sa.BigInteger(), nullable=True),
    sa.Column('applicable_games', Json, nullable=False),
    sa.Column('first_deposit_only', sa.Boolean(), nullable=False),
    sa.Column('cashback_period', sa.String(length=8), nullable=True),
    sa.Column('friend_bonus_cents', sa.BigInteger(), nullable=True),
    sa.Column('auto_apply', sa.Boolean(), nullable=False),
    sa.Column('is_listed', sa.Boolean(), nullable=False),
    sa.Column('image_url', sa.String(length=500), nullable=True),
    sa.CheckConstraint("(cashback_period IS NOT NULL) = (type = 'cashback')", name=op.f('ck_bonuses_cashback_has_period')),
    sa.CheckConstraint("bonus_type <> 'percentage' OR bonus_value <= 100000", name=op.f('ck_bonuses_percentage_at_most_1000')),
    sa.CheckConstraint("bonus_type IN ('percentage', 'fixed')", name=op.f('ck_bonuses_known_bonus_type')),
    sa.CheckConstraint("cashback_period IN ('day', 'week', 'month')", name=op.f('ck_bonuses_known_period')),
    sa.CheckConstraint("type IN ('deposit', 'cashback', 'freecredit', 'referral')", name=op.f('ck_bonuses_known_type')),
    sa.CheckConstraint('bonus_value > 0', name=op.f('ck_bonuses_value_positive')),
    sa.CheckConstraint('friend_bonus_cents >= 0', name=op.f('ck_bonuses_friend_bonus_not_negative')),
    sa.CheckConstraint('max_bonus_cents >= 0', name=op.f('ck_bonuses_max_bonus_not_negative')),
    sa.CheckConstraint('max_withdraw_cents >= 0', name=op.f('ck_bonuses_max_withdraw_not_negative')),
    sa.CheckConstraint('turnover_hundredths BETWEEN 0 AND 10000', name=op.f('ck_bonuses_turnover_in_range')),
    sa.ForeignKeyConstraint(['promotion_id'], ['promotions.id'], name=op.f('fk_bonuses_promotion_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('promotion_id', name=op.f('pk_bonuses'))
    )
    op.create_table('member_promotions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=32), nullable=False),
    sa.Column('terms', Json, nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('cause', sa.String(length=80), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('deposit_cents', sa.BigInteger(), nullable=False),
    sa.Column('bonus_cents', sa.BigInteger(), nullable=False),
    sa.Column('required_turnover_cents', sa.BigInteger(), nullable=False),
    sa.Column('current_turnover_cents', sa.BigInteger(), nullable=False),
    sa.Column('refunded_turnover_cents', sa.BigInteger(), nullable=False),
    sa.Column('released_cents', sa.BigInteger(), nullable=False),
    sa.Column('lapsed_cents', sa.BigInteger(), nullable=False),
    sa.Column('claimed_at', UtcDateTime(), nullable=False),
    sa.Column('completed_at', UtcDateTime(), nullable=True),
    sa.Column('cancelled_at', UtcDateTime(), nullable=True),
    sa.Column('cancelled_because', sa.String(length=32), nullable=True),
    sa.Column('given_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("(cancelled_at IS NOT NULL) = (status = 'cancelled')", name=op.f('ck_member_promotions_cancelled_has_time')),
    sa.CheckConstraint("(cancelled_because IS NOT NULL) = (status = 'cancelled')", name=op.f('ck_member_promotions_cancelled_has_cause')),
    sa.CheckConstraint("cancelled_because IN ('client', 'admin', 'lapsed', 'deposit_refunded')", name=op.f('ck_member_promotions_known_cause')),
    sa.CheckConstraint("status <> 'active' OR released_cents + lapsed_cents = 0", name=op.f('ck_member_promotions_all_open_while_active')),
    sa.CheckConstraint("status <> 'completed' OR completed_at IS NOT NULL", name=op.f('ck_member_promotions_completed_has_time')),
    sa.CheckConstraint("status = 'active' OR released_cents + lapsed_cents = bonus_cents", name=op.f('ck_member_promotions_nothing_open_at_end')),
    sa.CheckConstraint("status IN ('active', 'completed', 'cancelled')", name=op.f('ck_member_promotions_known_status')),
    sa.CheckConstraint('bonus_cents > 0', name=op.f('ck_member_promotions_bonus_positive')),
    sa.CheckConstraint('current_turnover_cents BETWEEN 0 AND required_turnover_cents', name=op.f('ck_member_promotions_turnover_within_required')),
    sa.CheckConstraint('deposit_cents >= 0', name=op.f('ck_member_promotions_deposit_not_negative')),
    sa.CheckConstraint('released_cents + lapsed_cents <= bonus_cents', name=op.f('ck_member_promotions_no_more_than_granted')),
    sa.CheckConstraint('released_cents >= 0 AND lapsed_cents >= 0', name=op.f('ck_member_promotions_parts_not_negative')),
    sa.ForeignKeyConstraint(['given_by_id'], ['users.id'], name=op.f('fk_member_promotions_given_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['promotion_id'], ['promotions.id'], name=op.f('fk_member_promotions_promotion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_member_promotions_user_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_member_promotions')),
    sa.UniqueConstraint('source', name=op.f('uq_member_promotions_source')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_member_promotions_active', 'member_promotions', ['user_id', 'id'], postgresql_where=ACTIVE, sqlite_where=ACTIVE)
    op.create_index('ix_member_promotions_cause', 'member_promotions', ['cause'])
    op.create_index('ix_member_promotions_promotion_id', 'member_promotions', ['promotion_id', 'status', 'id'])
    op.create_index('ix_member_promotions_user_id', 'member_promotions', ['user_id', 'id'])


def _create_turnover() -> None:
    op.create_table('turnover_events',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=140), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('refunded_cents', sa.BigInteger(), nullable=False),
    sa.Column('category', sa.String(length=64), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint('amount_cents > 0', name=op.f('ck_turnover_events_amount_positive')),
    sa.CheckConstraint('refunded_cents BETWEEN 0 AND amount_cents', name=op.f('ck_turnover_events_refunded_within_amount')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_turnover_events_user_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_turnover_events')),
    sa.UniqueConstraint('key', name=op.f('uq_turnover_events_key'))
    )
    op.create_index('ix_turnover_events_user_id', 'turnover_events', ['user_id', 'id'])
    op.create_table('turnover_shares',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('member_promotion_id', sa.Integer(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('taken_back_cents', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('amount_cents > 0', name=op.f('ck_turnover_shares_amount_positive')),
    sa.CheckConstraint('taken_back_cents BETWEEN 0 AND amount_cents', name=op.f('ck_turnover_shares_taken_back_within_amount')),
    sa.ForeignKeyConstraint(['event_id'], ['turnover_events.id'], name=op.f('fk_turnover_shares_event_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['member_promotion_id'], ['member_promotions.id'], name=op.f('fk_turnover_shares_member_promotion_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_turnover_shares')),
    sa.UniqueConstraint('event_id', 'member_promotion_id', name='uq_turnover_shares_claim')
    )
    op.create_index('ix_turnover_shares_member_promotion_id', 'turnover_shares', ['member_promotion_id'])


def _create_cashback_and_referrals() -> None:
    op.create_table('cashback_periods',
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', UtcDateTime(), nullable=False),
    sa.Column('ends_at', UtcDateTime(), nullable=False),
    sa.Column('settled_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_cashback_periods_end_after_start')),
    sa.ForeignKeyConstraint(['promotion_id'], ['promotions.id'], name=op.f('fk_cashback_periods_promotion_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('promotion_id', 'starts_at', name=op.f('pk_cashback_periods'))
    )
    op.create_table('cashback_credits',
    sa.Column('promotion_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', UtcDateTime(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('spent_cents', sa.BigInteger(), nullable=False),
    sa.Column('carried_cents', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(length=48), nullable=True),
    sa.Column('member_promotion_id', sa.Integer(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint('(member_promotion_id IS NULL) = (reason IS NOT NULL)', name=op.f('ck_cashback_credits_claim_or_reason')),
    sa.CheckConstraint('carried_cents <= 0', name=op.f('ck_cashback_credits_carries_only_what_is_missing')),
    sa.ForeignKeyConstraint(['member_promotion_id'], ['member_promotions.id'], name=op.f('fk_cashback_credits_member_promotion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['promotion_id'], ['promotions.id'], name=op.f('fk_cashback_credits_promotion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_cashback_credits_user_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('promotion_id', 'starts_at', 'user_id', name=op.f('pk_cashback_credits')),
    sa.UniqueConstraint('member_promotion_id', name=op.f('uq_cashback_credits_member_promotion_id'))
    )
    op.create_index('ix_cashback_credits_user_id', 'cashback_credits', ['user_id', 'promotion_id', 'starts_at'])
    op.create_table('referrals',
    sa.Column('friend_id', sa.Integer(), nullable=False),
    sa.Column('referrer_id', sa.Integer(), nullable=False),
    sa.Column('friend_key', sa.String(length=64), nullable=False),
    sa.Column('cause', sa.String(length=80), nullable=False),
    sa.Column('promotion_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=48), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint('friend_id <> referrer_id', name=op.f('ck_referrals_not_of_oneself')),
    sa.ForeignKeyConstraint(['friend_id'], ['users.id'], name=op.f('fk_referrals_friend_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['promotion_id'], ['promotions.id'], name=op.f('fk_referrals_promotion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['referrer_id'], ['users.id'], name=op.f('fk_referrals_referrer_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('friend_id', name=op.f('pk_referrals'))
    )
    op.create_index('ix_referrals_referrer_id', 'referrals', ['referrer_id'])
    op.create_index('uq_referrals_friend_key', 'referrals', ['friend_key'], unique=True, postgresql_where=REWARDED, sqlite_where=REWARDED)


def _create_deposits() -> None:
    op.create_table('deposits',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=140), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('promotion_id', sa.Integer(), nullable=True),
    sa.Column('promotion_code', sa.String(length=64), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('open_slot', sa.Integer(), nullable=True),
    sa.Column('provider', sa.String(length=16), nullable=False),
    sa.Column('provider_reference', sa.String(length=128), nullable=True),
    sa.Column('member_promotion_id', sa.Integer(), nullable=True),
    sa.Column('no_bonus', sa.String(length=64), nullable=True),
    sa.Column('cash_after_cents', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('confirmed_at', UtcDateTime(), nullable=True),
    sa.Column('closed_at', UtcDateTime(), nullable=True),
    sa.Column('refunded_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("(confirmed_at IS NOT NULL) = (status IN ('confirmed', 'refunded'))", name=op.f('ck_deposits_confirmed_has_time')),
    sa.CheckConstraint("(refunded_at IS NOT NULL) = (status = 'refunded')", name=op.f('ck_deposits_refunded_has_time')),
    sa.CheckConstraint("open_slot IS NULL OR status = 'requested'", name=op.f('ck_deposits_only_open_holds_slot')),
    sa.CheckConstraint("status IN ('requested', 'confirmed', 'refused', 'refunded')", name=op.f('ck_deposits_known_status')),
    sa.CheckConstraint('amount_cents > 0', name=op.f('ck_deposits_amount_positive')),
    sa.CheckConstraint('open_slot BETWEEN 1 AND 3', name=op.f('ck_deposits_open_slot_in_range')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_deposits_decided_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['member_promotion_id'], ['member_promotions.id'], name=op.f('fk_deposits_member_promotion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['promotion_id'], ['promotions.id'], name=op.f('fk_deposits_promotion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_deposits_user_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposits')),
    sa.UniqueConstraint('key', name=op.f('uq_deposits_key')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_deposits_status', 'deposits', ['status', 'id'])
    op.create_index('ix_deposits_user_id', 'deposits', ['user_id', 'id'])
    op.create_index('uq_deposits_open_slot', 'deposits', ['user_id', 'open_slot'], unique=True)
    op.create_table('withdrawals',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('pay_to', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("(decided_at IS NOT NULL) = (status <> 'requested')", name=op.f('ck_withdrawals_decided_has_time')),
    sa.CheckConstraint("status IN ('requested', 'approved', 'refused', 'cancelled')", name=op.f('ck_withdrawals_known_status')),
    sa.CheckConstraint('amount_cents > 0', name=op.f('ck_withdrawals_amount_positive')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_withdrawals_decided_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_withdrawals_user_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_withdrawals')),
    sa.UniqueConstraint('key', name=op.f('uq_withdrawals_key')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_withdrawals_status', 'withdrawals', ['status', 'id'])
    op.create_index('ix_withdrawals_user_id', 'withdrawals', ['user_id', 'id'])


def _change_wallets() -> None:
    op.create_table('wallet_adjustments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('why', sa.String(length=200), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint('amount_cents <> 0', name=op.f('ck_wallet_adjustments_moves_something')),
    sa.ForeignKeyConstraint(['made_by_id'], ['users.id'], name=op.f('fk_wallet_adjustments_made_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_wallet_adjustments_user_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wallet_adjustments')),
    sa.UniqueConstraint('key', name=op.f('uq_wallet_adjustments_key'))
    )
    op.create_index('ix_wallet_adjustments_user_id', 'wallet_adjustments', ['user_id', 'id'])
    op.add_column("wallet_debts", sa.Column("settled_at", UtcDateTime(), nullable=True))
    op.add_column("wallet_debts", sa.Column("settled_how", sa.String(length=16), nullable=True))
    op.add_column("wallet_debts", sa.Column("settled_why", sa.String(length=200), nullable=True))
    op.execute(SETTLED_BY)
    op.create_index("ix_wallet_debts_open", "wallet_debts", ["id"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.execute(CLAIM_COLUMN)
    op.create_index("ix_wallet_entries_member_promotion_id", "wallet_entries", ["member_promotion_id"])


def _change_wallets_back() -> None:
    """Each column goes with what refers from it, and no table is copied."""
    op.drop_index("ix_wallet_debts_open", "wallet_debts")
    op.drop_index("ix_wallet_entries_member_promotion_id", "wallet_entries")
    for column in ("settled_by_id", "settled_why", "settled_how", "settled_at"):
        op.execute(f"ALTER TABLE wallet_debts DROP COLUMN {column}")
    op.execute("ALTER TABLE wallet_entries DROP COLUMN member_promotion_id")
