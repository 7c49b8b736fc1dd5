"""Batches of single-use codes: ordered by an admin, made in the background, some thousands a transaction.

Callers own the transaction. However many workers are at a batch, and wherever one of them died, it ends with exactly
the codes that were ordered.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import String, func, literal, select
from sqlalchemy.engine import CursorResult

from app.audit import service as audit
from app.errors import ValidationFailed
from app.kit import outbox
from app.kit.db import db, given, insert
from app.kit.text import normalise_code
from app.promotions import editing, fields
from app.promotions.errors import HasOneCode, OrderedMeanwhile
from app.promotions.fields import CODE_LENGTH, CODE_LETTERS, Errors, Field, Fields, Wrong
from app.promotions.letters import drawn
from app.promotions.models import MOST_CODES, Promotion, PromotionBatch, PromotionCode
from app.promotions.service import ENTITY

TOPIC = "codes"
AT_ONCE = 10_000
LENGTHS = range(8, 25)
LONGEST_PREFIX = 12
LONGEST_CODE = CODE_LENGTH[-1]


def _prefix(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise Wrong(_l("Please give a text."))
    prefix = normalise_code(value or "")
    if not CODE_LETTERS.issuperset(prefix):
        raise Wrong(_l("Please use only letters A to Z, digits, _ and -."))
    if prefix[:1] in {"-", "_"}:  # a spreadsheet takes what begins with a hyphen for a formula
        raise Wrong(_l("Please begin with a letter or a digit."))
    if len(prefix) > LONGEST_PREFIX:
        raise Wrong(_l("Please use at most %(count)s characters.", count=LONGEST_PREFIX))
    return prefix


def _within(numbers: range) -> Any:
    def read_number(value: Any) -> int:
        number = fields.whole(numbers[0])(value)
        if number not in numbers:
            raise Wrong(_l("This can't be more than %(most)s.", most=f"{numbers[-1]:,}"))
        return number

    return read_number


FIELDS: Fields = {
    "code_prefix": Field("prefix", _prefix),
    "code_length": Field("length", _within(LENGTHS), is_needed=True),
    "code_count": Field("wanted", _within(range(1, MOST_CODES + 1)), is_needed=True),
}


def read(given: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
    """What to order, by column, and what is wrong, by field."""
    values, errors = fields.read(given, FIELDS, is_new=True)
    if len(values.get("prefix", "")) + values.get("length", 0) > LONGEST_CODE:
        told = _l("With the beginning, a code would be longer than %(most)s characters.", most=LONGEST_CODE)
        errors.setdefault("code_length", [told])
    return values, errors


def order(
    promotion_id: int, wished: Mapping[str, Any], actor: audit.Actor, now: datetime, *, known: int | None = None
) -> PromotionBatch:
    """Order codes for a promotion that has none yet, or a batch. Workers begin once this is committed.

    `known` is how many the admin saw ordered before, so that an order sent twice is one. Raises NotFound, Archived,
    HasOneCode, OrderedMeanwhile, or ValidationFailed with all that is wrong.
    """
    promotion = editing.lock_for_change(promotion_id, None, None)
    if editing.single_code(promotion_id) is not None:
        raise HasOneCode
    values, errors = read(wished)
    if errors:
        raise ValidationFailed(errors)
    earlier = _ordered(promotion_id)
    if known not in {None, earlier}:
        raise OrderedMeanwhile
    batch = PromotionBatch(promotion_id=promotion.id, created_by=actor.user_id, created_at=now, **values)
    db.session.add(batch)
    db.session.flush()
    _note_order(batch, earlier, actor)
    outbox.put(TOPIC, key=f"{TOPIC}:{batch.id}", payload={"batch_id": batch.id}, now=now)
    return batch


def latest(promotion_id: int) -> PromotionBatch | None:
    """The last order, after which the next is likely to be modelled."""
    query = select(PromotionBatch).where(PromotionBatch.promotion_id == promotion_id)
    return db.session.scalar(query.order_by(PromotionBatch.id.desc()).limit(1))


def _ordered(promotion_id: int) -> int:
    query = select(func.sum(PromotionBatch.wanted)).where(PromotionBatch.promotion_id == promotion_id)
    return int(db.session.scalar(query) or 0)


def _note_order(batch: PromotionBatch, earlier: int, actor: audit.Actor) -> None:
    before = {"code_count": earlier}
    after = {"code_count": earlier + batch.wanted, "code_prefix": batch.prefix, "code_length": batch.length}
    audit.record(actor, "promotion.codes_ordered", ENTITY, batch.promotion_id, before=before, after=after)


def make_some(batch_id: int, now: datetime, *, most: int = AT_ONCE) -> int:
    """Make the next codes of a batch, at most so many; how many are still to be made.

    The batch stays locked until the transaction ends, so that others wait and then make only what is missing. Nothing
    is left to do of one that was deleted, or whose promotion was archived.
    """
    batch = _lock_unfinished(batch_id)
    if batch is None:
        return 0
    batch.made += _insert(batch, min(most, batch.wanted - batch.made))
    if batch.made == batch.wanted:
        batch.finished_at = now
    db.session.flush()
    return batch.wanted - batch.made


def _lock_unfinished(batch_id: int) -> PromotionBatch | None:
    """The batch as it is now, if something is left to make of it. Its promotion isn't locked: shoppers need it."""
    return db.session.scalar(
        select(PromotionBatch)
        .join(Promotion, Promotion.id == PromotionBatch.promotion_id)
        .where(PromotionBatch.id == batch_id, PromotionBatch.finished_at.is_(None), Promotion.archived_at.is_(None))
        .with_for_update(of=PromotionBatch, key_share=True)
        .execution_options(populate_existing=True)
    )


def _insert(batch: PromotionBatch, count: int) -> int:
    """New codes of the batch; how many there are. One that is taken already is left out, and made up for later.

    In the order of their letters, so that each page of a large index is written once a transaction.
    """
    codes = sorted(batch.prefix + letters for letters in drawn(count, batch.length))
    new = given("new", [{"code": code} for code in codes], code=String)
    rows = select(literal(batch.promotion_id), literal(batch.id), new.c.code, literal(1), literal(0))
    columns = ["promotion_id", "batch_id", "code", "usage_limit", "used_count"]
    inserted = db.session.execute(
        # SQLite would take ON CONFLICT for a join's ON without a WHERE before it
        insert(PromotionCode)
        .from_select(columns, rows.where(literal(value=True)))
        .on_conflict_do_nothing(index_elements=["code"])
        .execution_options(preserve_rowcount=True)
    )
    return cast("CursorResult[Any]", inserted).rowcount
