"""Tables of member bonuses: their own terms, what members claimed by them, turnover, cashback by period, referrals."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, column, table, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, Json, cents, pk
from app.promotions.models import Promotion

KIND = "bonus"
DEPOSIT, CASHBACK, FREE_CREDIT, REFERRAL = TYPES = ("deposit", "cashback", "freecredit", "referral")
BONUS_TYPES = ("percentage", "fixed")
PERIODS = ("day", "week", "month")
ACTIVE, COMPLETED, CANCELLED = STATUSES = ("active", "completed", "cancelled")
CAUSES = ("client", "admin", "lapsed", "deposit_refunded")
WITHIN_REQUIRED = "current_turnover_cents BETWEEN 0 AND required_turnover_cents"
IS_ACTIVE = text("status = 'active'")
REWARDED = text("reason IS NULL")

# the database view that adds up what was claimed by each bonus; see migration 0015
promotion_stats = table(
    "promotion_stats",
    *(column(name) for name in ("promotion_id", "promotion_name", "promotion_code")),
    *(column(f"{name}_claims", Integer) for name in ("total", "active", "completed", "cancelled")),
    *(column(f"total_{name}_cents", Integer) for name in ("deposit", "bonus", "turnover")),
)


class Bonus(Base):
    """A kind of promotion: bonus money for members, with a turnover to reach before it is theirs.

    `bonus_value` is hundredths of a percent of the base, or cents; `turnover_hundredths` how many times deposit and
    bonus must be turned over, in hundredths. No `applicable_games`: every category counts. One that isn't `is_listed`
    is claimed by whoever knows its code.
    """

    __tablename__ = "bonuses"
    __table_args__ = (
        CheckConstraint(f"type IN {TYPES}", name="known_type"),
        CheckConstraint(f"bonus_type IN {BONUS_TYPES}", name="known_bonus_type"),
        CheckConstraint(f"cashback_period IN {PERIODS}", name="known_period"),
        CheckConstraint("(cashback_period IS NOT NULL) = (type = 'cashback')", name="cashback_has_period"),
        CheckConstraint("bonus_value > 0", name="value_positive"),
        CheckConstraint("bonus_type <> 'percentage' OR bonus_value <= 100000", name="percentage_at_most_1000"),
        CheckConstraint("max_bonus_cents >= 0", name="max_bonus_not_negative"),
        CheckConstraint("max_withdraw_cents >= 0", name="max_withdraw_not_negative"),
        CheckConstraint("friend_bonus_cents >= 0", name="friend_bonus_not_negative"),
        CheckConstraint("turnover_hundredths BETWEEN 0 AND 10000", name="turnover_in_range"),
    )

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    type: Mapped[str] = mapped_column(String(16))
    bonus_type: Mapped[str] = mapped_column(String(16))
    bonus_value: Mapped[cents]
    max_bonus_cents: Mapped[cents | None]
    turnover_hundredths: Mapped[int] = mapped_column(default=0)
    max_withdraw_cents: Mapped[cents | None]
    applicable_games: Mapped[list[str]] = mapped_column(Json, default=list)
    first_deposit_only: Mapped[bool] = mapped_column(default=False)
    cashback_period: Mapped[str | None] = mapped_column(String(8))
    friend_bonus_cents: Mapped[cents | None]
    auto_apply: Mapped[bool] = mapped_column(default=False)
    is_listed: Mapped[bool] = mapped_column(default=True)
    image_url: Mapped[str | None] = mapped_column(String(500))

    promotion: Mapped[Promotion] = relationship(lazy="raise")

    @property
    def id(self) -> int:
        return self.promotion_id


class MemberPromotion(Base):
    """A bonus that somebody has claimed, by the terms as they were, and how far its turnover has come.

    `source` says what it was claimed with, once (`deposit:7`, `cashback:3:…`); `cause` names the deposit that a
    referral's bonuses came from too. Of the bonus, `released_cents` went to cash and `lapsed_cents` were lost; the
    rest is open. `refunded_turnover_cents` is turnover that went back only after the bonus had been released.
    """

    __tablename__ = "member_promotions"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="known_status"),
        CheckConstraint(f"cancelled_because IN {CAUSES}", name="known_cause"),
        CheckConstraint("bonus_cents > 0", name="bonus_positive"),
        CheckConstraint("deposit_cents >= 0", name="deposit_not_negative"),
        CheckConstraint(
            "current_turnover_cents BETWEEN 0 AND required_turnover_cents", name="turnover_within_required"
        ),
        CheckConstraint("released_cents >= 0 AND lapsed_cents >= 0", name="parts_not_negative"),
        CheckConstraint("released_cents + lapsed_cents <= bonus_cents", name="no_more_than_granted"),
        CheckConstraint("status = 'active' OR released_cents + lapsed_cents = bonus_cents", name="nothing_open_at_end"),
        CheckConstraint("status <> 'active' OR released_cents + lapsed_cents = 0", name="all_open_while_active"),
        CheckConstraint("(cancelled_at IS NOT NULL) = (status = 'cancelled')", name="cancelled_has_time"),
        CheckConstraint("(cancelled_because IS NOT NULL) = (status = 'cancelled')", name="cancelled_has_cause"),
        CheckConstraint("status <> 'completed' OR completed_at IS NOT NULL", name="completed_has_time"),
        Index(
            "ix_member_promotions_active",
            *("user_id", "id"),
            postgresql_where=IS_ACTIVE,
            sqlite_where=IS_ACTIVE,
        ),
        Index("ix_member_promotions_user_id", "user_id", "id"),
        Index("ix_member_promotions_promotion_id", "promotion_id", "status", "id"),
        Index("ix_member_promotions_cause", "cause"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[pk]
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    code: Mapped[str] = mapped_column(String(32))
    terms: Mapped[dict[str, Any]] = mapped_column(Json)
    source: Mapped[str] = mapped_column(String(80), unique=True)
    cause: Mapped[str | None] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    deposit_cents: Mapped[cents] = mapped_column(default=0)
    bonus_cents: Mapped[cents]
    required_turnover_cents: Mapped[cents]
    current_turnover_cents: Mapped[cents] = mapped_column(default=0)
    refunded_turnover_cents: Mapped[cents] = mapped_column(default=0)
    released_cents: Mapped[cents] = mapped_column(default=0)
    lapsed_cents: Mapped[cents] = mapped_column(default=0)
    claimed_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_because: Mapped[str | None] = mapped_column(String(32))
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))

    promotion: Mapped[Promotion] = relationship(lazy="raise")

    @property
    def purpose(self) -> str:
        """What its use is taken for, and its entries in the wallet refer to."""
        return f"member_promotion:{self.id}"

    @property
    def is_of_own_deposit(self) -> bool:
        """Whether it came with a deposit of the client's own, which tells of it."""
        return self.cause is not None and self.source == self.cause

    @property
    def missing_cents(self) -> int:
        """How much turnover is still required."""
        return self.required_turnover_cents - self.current_turnover_cents

    @property
    def title(self) -> str:
        return str(self.terms["title"])

    @property
    def type(self) -> str:
        return str(self.terms["type"])


class TurnoverEvent(Base):
    """Something that was played or bought and counts once: a line of a paid invoice, or what a program told us.

    `key` is its name, `line:12` or `event:…`; `refunded_cents` is how much of it went back.
    """

    __tablename__ = "turnover_events"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name="refunded_within_amount"),
        Index("ix_turnover_events_user_id", "user_id", "id"),
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(140), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    amount_cents: Mapped[cents]
    refunded_cents: Mapped[cents] = mapped_column(default=0)
    category: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class TurnoverShare(Base):
    """The part of an event that counted for one claim, and how much of that a refund took back."""

    __tablename__ = "turnover_shares"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint("taken_back_cents BETWEEN 0 AND amount_cents", name="taken_back_within_amount"),
        UniqueConstraint("event_id", "member_promotion_id", name="uq_turnover_shares_claim"),
        Index("ix_turnover_shares_member_promotion_id", "member_promotion_id"),
    )

    id: Mapped[pk]
    event_id: Mapped[int] = mapped_column(ForeignKey("turnover_events.id", ondelete="RESTRICT"))
    member_promotion_id: Mapped[int] = mapped_column(ForeignKey("member_promotions.id", ondelete="RESTRICT"))
    amount_cents: Mapped[cents]
    taken_back_cents: Mapped[cents] = mapped_column(default=0)


class CashbackPeriod(Base):
    """A period [starts_at, ends_at) of a cashback, once everybody's spend in it was looked at."""

    __tablename__ = "cashback_periods"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="end_after_start"),)

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]
    settled_at: Mapped[datetime]

    @property
    def last_instant(self) -> datetime:
        """The end is exclusive."""
        return self.ends_at - timedelta(microseconds=1)


class CashbackCredit(Base):
    """What one client has spent in one period, and what came of it: a claim, or the reason code of why nothing.

    `spent_cents` is net of refunds and may be below zero; then it is carried into the next period: `carried_cents`.
    """

    __tablename__ = "cashback_credits"
    __table_args__ = (
        CheckConstraint("carried_cents <= 0", name="carries_only_what_is_missing"),
        CheckConstraint("(member_promotion_id IS NULL) = (reason IS NOT NULL)", name="claim_or_reason"),
        Index("ix_cashback_credits_user_id", "user_id", "promotion_id", "starts_at"),
    )

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True)
    spent_cents: Mapped[cents]
    carried_cents: Mapped[cents]
    reason: Mapped[str | None] = mapped_column(String(48))
    member_promotion_id: Mapped[int | None] = mapped_column(
        ForeignKey("member_promotions.id", ondelete="RESTRICT"), unique=True
    )
    created_at: Mapped[datetime]


class Referral(Base):
    """What came of a friend's first deposit, once for each friend: bonuses, or the reason code of why not.

    `friend_key` is a digest of the friend's e-mail without what is behind `+` and without dots: of the accounts behind
    one mailbox, one is rewarded.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        CheckConstraint("friend_id <> referrer_id", name="not_of_oneself"),
        Index("uq_referrals_friend_key", "friend_key", unique=True, postgresql_where=REWARDED, sqlite_where=REWARDED),
        Index("ix_referrals_referrer_id", "referrer_id"),
    )

    friend_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True)
    referrer_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    friend_key: Mapped[str] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(80))
    promotion_id: Mapped[int | None] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    reason: Mapped[str | None] = mapped_column(String(48))
    created_at: Mapped[datetime]
