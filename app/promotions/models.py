"""Tables of the engine: what a promotion promises, the codes that start it, every use of it."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, TextClause, func, select, text
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.kit.db import Base, Json, cents, pk
from app.promotions.rules import Standing, status_of

LIVE = text("released_at IS NULL")
SINGLE = text("batch_id IS NULL")
BY_PERSON, BY_SYSTEM = "person", "system"
MOST_CODES = 100_000


def _unique_where(condition: TextClause, name: str, *columns: str) -> Index:
    return Index(name, *columns, unique=True, postgresql_where=condition, sqlite_where=condition)


class Promotion(Base):
    """The terms that all kinds share. `used_count` always equals the live uses; only `service` changes it.

    `version` rises with every change of terms, never with a use. `deactivated_by` tells what the system switched off,
    and may switch on again, from what a person did.
    """

    __tablename__ = "promotions"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="end_after_start"),
        CheckConstraint("used_count >= 0", name="used_not_negative"),
        CheckConstraint("usage_limit >= 1", name="usage_limit_positive"),
        CheckConstraint("per_user_limit >= 1", name="per_user_limit_positive"),
        CheckConstraint("min_amount_cents >= 0", name="min_amount_not_negative"),
        CheckConstraint(f"deactivated_by IN ('{BY_PERSON}', '{BY_SYSTEM}')", name="known_deactivator"),
        CheckConstraint("NOT is_active OR deactivated_by IS NULL", name="only_inactive_was_deactivated"),
        CheckConstraint("auto_deactivated_at IS NULL OR NOT is_active", name="auto_deactivated_is_inactive"),
        Index("ix_promotions_kind_order", "kind", "display_order", "id"),
        Index("ix_promotions_ends_at", "ends_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[pk]
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    active_hours: Mapped[dict[str, Any] | None] = mapped_column(Json)
    usage_limit: Mapped[int | None]
    per_user_limit: Mapped[int | None]
    used_count: Mapped[int] = mapped_column(default=0)
    auto_deactivate_on_max_uses: Mapped[bool] = mapped_column(default=True)
    auto_deactivated_at: Mapped[datetime | None]
    deactivated_by: Mapped[str | None] = mapped_column(String(8))
    min_amount_cents: Mapped[cents] = mapped_column(default=0)
    requires_account: Mapped[bool] = mapped_column(default=False)
    release_on_refund: Mapped[bool] = mapped_column(default=True)
    is_public: Mapped[bool] = mapped_column(default=False)
    display_order: Mapped[int] = mapped_column(default=0)
    image: Mapped[str | None] = mapped_column(String(255))
    terms_and_conditions: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    if TYPE_CHECKING:
        codes_made: Mapped[int | None]

    single_code: Mapped["PromotionCode | None"] = relationship(
        primaryjoin="and_(PromotionCode.promotion_id == Promotion.id, PromotionCode.batch_id.is_(None))",
        lazy="raise",
        viewonly=True,
    )

    @property
    def is_used_up(self) -> bool:
        return self.usage_limit is not None and self.used_count >= self.usage_limit

    def has_ended(self, now: datetime) -> bool:
        return self.ends_at is not None and now >= self.ends_at

    def reopen(self, now: datetime) -> bool:
        """Undo what the system switched off, where its reason is gone; whether that opened the promotion.

        What is archived stays as it is.
        """
        if self.archived_at is not None:
            return False
        if not self.is_used_up:
            self.auto_deactivated_at = None
        if self.deactivated_by != BY_SYSTEM or self.auto_deactivated_at is not None or self.has_ended(now):
            return False
        self.is_active, self.deactivated_by = True, None
        return True

    def status(self, now: datetime) -> str:
        """Derived, never typed in: `archived`, `expired`, `inactive`, `exhausted`, `scheduled` or `active`."""
        return status_of(
            Standing(
                is_archived=self.archived_at is not None,
                is_auto_deactivated=self.auto_deactivated_at is not None,
                is_active=self.is_active,
                is_used_up=self.is_used_up,
                starts_at=self.starts_at,
                ends_at=self.ends_at,
            ),
            now,
        )


class PromotionBatch(Base):
    """An order for so many single-use codes: `prefix` and `length` random letters each. `made` counts those there are.

    The codes are made in the background, some at a time; `made` rises in the transaction that inserts them.
    """

    __tablename__ = "promotion_batches"
    __table_args__ = (
        CheckConstraint(f"wanted BETWEEN 1 AND {MOST_CODES}", name="wanted_in_range"),
        CheckConstraint("made BETWEEN 0 AND wanted", name="made_within_wanted"),
        CheckConstraint("length >= 8", name="length_is_unguessable"),
        CheckConstraint("(finished_at IS NOT NULL) = (made = wanted)", name="finished_when_made"),
        Index("ix_promotion_batches_promotion_id", "promotion_id"),
    )

    id: Mapped[pk]
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    prefix: Mapped[str] = mapped_column(String(16), default="")
    length: Mapped[int]
    wanted: Mapped[int]
    made: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


# how many codes there are in a promotion's batches; None where it has none
Promotion.codes_made = column_property(
    select(func.sum(PromotionBatch.made))
    .where(PromotionBatch.promotion_id == Promotion.id)
    .correlate_except(PromotionBatch)
    .scalar_subquery(),
    deferred=True,
)


class PromotionCode(Base):
    """What a person types to start a promotion, which has none, one, or a batch of them with limits of their own."""

    __tablename__ = "promotion_codes"
    __table_args__ = (
        CheckConstraint("code = upper(code)", name="code_in_capitals"),
        CheckConstraint("length(code) BETWEEN 3 AND 32", name="code_length"),
        CheckConstraint("used_count >= 0", name="used_not_negative"),
        CheckConstraint("usage_limit >= 1", name="usage_limit_positive"),
        Index("ix_promotion_codes_promotion_id", "promotion_id"),
        _unique_where(SINGLE, "uq_promotion_codes_single", "promotion_id"),
    )

    id: Mapped[pk]
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("promotion_batches.id", ondelete="RESTRICT"))
    usage_limit: Mapped[int | None]
    used_count: Mapped[int] = mapped_column(default=0)
    auto_deactivated_at: Mapped[datetime | None]


class PromotionUse(Base):
    """One use of a promotion by one person, for one purpose. Never deleted; giving it back sets `released_at`.

    `slot` counts the person's live uses from 1; `ordinal` and `code_ordinal` are the counts of the promotion and of
    the code with this use. The limits that held then stand beside them: the row itself proves that none was passed.
    """

    __tablename__ = "promotion_uses"
    __table_args__ = (
        CheckConstraint("value_cents >= 0", name="value_not_negative"),
        CheckConstraint("slot BETWEEN 1 AND coalesce(per_user_limit, slot)", name="within_per_user_limit"),
        CheckConstraint("ordinal BETWEEN 1 AND coalesce(usage_limit, ordinal)", name="within_usage_limit"),
        CheckConstraint(
            "code_ordinal BETWEEN 1 AND coalesce(code_usage_limit, code_ordinal)", name="within_code_usage_limit"
        ),
        CheckConstraint("(code_id IS NULL) = (code_ordinal IS NULL)", name="code_is_counted"),
        _unique_where(LIVE, "uq_promotion_uses_slot", "promotion_id", "person", "slot"),
        _unique_where(LIVE, "uq_promotion_uses_purpose", "purpose", "promotion_id"),
        Index("ix_promotion_uses_code_id", "code_id"),
        Index("ix_promotion_uses_person", "person"),
    )

    id: Mapped[pk]
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"))
    code_id: Mapped[int | None] = mapped_column(ForeignKey("promotion_codes.id", ondelete="RESTRICT"))
    person: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(64))
    value_cents: Mapped[cents]
    slot: Mapped[int]
    ordinal: Mapped[int]
    code_ordinal: Mapped[int | None]
    usage_limit: Mapped[int | None]
    code_usage_limit: Mapped[int | None]
    per_user_limit: Mapped[int | None]
    taken_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class ArchivedPromotion(Base):
    """A promotion as it was when it was archived: all its fields, its codes by number, and what it came to."""

    __tablename__ = "promotions_archive"

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="RESTRICT"), primary_key=True)
    archived_at: Mapped[datetime] = mapped_column(index=True)
    snapshot: Mapped[dict[str, Any]] = mapped_column(Json)


class RefusedCount(Base):
    """How often a promotion was refused for one reason on one day of the installation's calendar."""

    __tablename__ = "promotion_refusals"
    __table_args__ = (CheckConstraint("attempts >= 1", name="attempts_positive"),)

    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    attempts: Mapped[int]


class RefusedAttempt(Base):
    """One refused attempt with its verdicts; the last ones of each promotion are kept.

    `spent` is what was in the cart: cents by the slug of a category, None where only an amount was given.
    """

    __tablename__ = "promotion_attempts"
    __table_args__ = (Index("ix_promotion_attempts_promotion_id", "promotion_id", "id"),)

    id: Mapped[pk]
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    code: Mapped[str | None] = mapped_column(String(32))
    person: Mapped[str | None] = mapped_column(String(64))
    amount_cents: Mapped[cents]
    spent: Mapped[dict[str, int] | None] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(String(32))
    verdicts: Mapped[list[dict[str, Any]]] = mapped_column(Json)
