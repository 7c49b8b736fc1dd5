"""What other rooms may ask of discounts. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, select

from app.accounts.persons import Person
from app.discounts.editing import KIND, create, fields_of, get, listing, remove, update
from app.discounts.errors import CodeRefused
from app.discounts.models import Discount, PaidOrder
from app.discounts.rules import OWN_RULES, DiscountTerms, Reduction, discount_on, reduce_lines
from app.kit.db import after_commit, db, insert, row
from app.kit.text import normalise_code
from app.promotions import attempts, editing, figures
from app.promotions import service as promotions
from app.promotions.errors import SwitchedOff, UsageLimitReached, UserLimitReached
from app.promotions.fields import is_code
from app.promotions.hours import ActiveHours
from app.promotions.models import PromotionCode
from app.promotions.rules import UNKNOWN, Item, Verdict, first_failure, judge
from app.promotions.service import is_limited

__all__ = [
    "CodeRefused",
    "Item",
    "Quote",
    "create",
    "fields_of",
    "get",
    "give_back",
    "has_paid_order",
    "is_limited",
    "listing",
    "note_paid_order",
    "note_refusal",
    "quote",
    "redeem",
    "remove",
    "terms_now",
    "terms_of",
    "update",
]

HAS_PAID_ORDER = exists(select(PaidOrder.person).where(PaidOrder.person == bindparam("person")))
FOUND = promotions.finding(KIND, HAS_PAID_ORDER.label("has_paid_order"))
FOUND_BY_CODE = FOUND.where(PromotionCode.code == bindparam("code"))
FOUND_BY_ID = FOUND.where(PromotionCode.id == bindparam("code_id"))


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wanted to use a code, when, and for what."""

    items: Sequence[Item]
    subtotal_cents: int
    person: Person | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Quote:
    """What a code would take off these items for this person at this moment, rule by rule; nothing is taken.

    `shares` is each item's part of `discount_cents`. Where `refusal` is given, nothing comes off.
    """

    asked: Asked
    code_id: int | None
    code: str
    promotion: DiscountTerms | None
    verdicts: tuple[Verdict, ...]
    refusal: CodeRefused | None
    eligible_cents: int
    discount_cents: int
    shares: tuple[int, ...]

    @property
    def subtotal_cents(self) -> int:
        return self.asked.subtotal_cents

    @property
    def total_cents(self) -> int:
        return self.subtotal_cents - self.discount_cents


@figures.seconds.labels(KIND).time()
def quote(  # noqa: PLR0913
    code: str | None = None,
    *,
    code_id: int | None = None,
    items: Sequence[Item],
    subtotal_cents: int | None = None,
    person: Person | None,
    now: datetime,
) -> Quote:
    """Judge a code, typed or remembered by its id. Where there are items, `subtotal_cents` is not looked at.

    One statement for what changes with every use, one more when the terms aren't in the cache.
    """
    subtotal = sum(item.total_cents for item in items) if items else subtotal_cents or 0
    asked = Asked(items, subtotal, person, now)
    typed = normalise_code(code or "")
    found = _find(typed, code_id, person)
    if found is None:
        return _refused(asked, None, typed, None, UNKNOWN)
    edition = (KIND, found.promotion_id, found.version, found.updated_at)
    terms = promotions.editions.get(edition, lambda: terms_now(found.promotion_id))
    return _judged(asked, found, terms)


def _judged(asked: Asked, found: Row[Any], terms: DiscountTerms) -> Quote:
    items, person = asked.items, asked.person
    context = promotions.context_of(
        found,
        now=asked.at,
        has_account=person is not None and person.user_id is not None,
        amount_cents=asked.subtotal_cents,
        categories=[item.category for item in items] if items else None,
        facts={"has_paid_order": found.has_paid_order},
    )
    verdicts = judge(terms, context, OWN_RULES)
    if not all(verdict.holds for verdict in verdicts):
        return _refused(asked, found.code_id, found.code, terms, verdicts)
    reduction = _reduction(terms, items, asked.subtotal_cents)
    return Quote(
        asked,
        found.code_id,
        found.code,
        terms,
        verdicts,
        None,
        reduction.eligible_cents,
        reduction.discount_cents,
        reduction.shares,
    )


def redeem(quote: Quote, *, person: Person, invoice_id: int, now: datetime) -> int:
    """Take the use that was quoted, for this invoice, and return its id. Call it last in the transaction.

    Raises CodeRefused, also when a rival was faster; then the caller's transaction must not be committed.
    """
    if quote.refusal is not None:
        raise quote.refusal
    assert quote.promotion is not None, "a quote without a refusal has terms"
    after_commit(figures.uses.labels(KIND).inc)
    try:
        return promotions.take_use(
            quote.promotion.promotion_id,
            quote.code_id,
            person=person.key,
            purpose=_purpose(invoice_id),
            value_cents=quote.discount_cents,
            now=now,
        )
    except (UsageLimitReached, UserLimitReached, SwitchedOff) as refusal:
        lost = Verdict(refusal.code, holds=False)
        told = tuple(lost if verdict.rule == lost.rule else verdict for verdict in quote.verdicts)
        refused = CodeRefused(lost)
        note_refusal(replace(quote, verdicts=told, refusal=refused))
        raise refused from refusal


def note_refusal(quote: Quote) -> None:
    """Somebody tried this code in earnest and was refused: admins will see it. Sends no statement, and never fails.

    A code that nobody knows belongs to no promotion, so nothing is noted of it.
    """
    if quote.refusal is None or quote.promotion is None:
        return
    asked = quote.asked
    attempts.note(
        quote.promotion.promotion_id,
        code=quote.code,
        person=asked.person,
        items=asked.items,
        amount_cents=asked.subtotal_cents,
        verdicts=quote.verdicts,
        at=asked.at,
    )


def give_back(invoice_id: int, now: datetime, *, is_refund: bool = False) -> None:
    """Give back the use that this invoice holds, if it does; after a refund only where the promotion says so."""
    promotions.give_back(_purpose(invoice_id), now, is_refund=is_refund)


def note_paid_order(person_key: str, invoice_id: int, now: datetime) -> None:
    """Remember that this person has paid an order: codes for the first order are no longer for them."""
    db.session.execute(
        insert(PaidOrder)
        .values(person=person_key, invoice_id=invoice_id, noted_at=now)
        .on_conflict_do_nothing(index_elements=["person"])
    )


def _find(typed: str, code_id: int | None, person: Person | None) -> Row[Any] | None:
    """The code with what is never cached about it. What can't be a code isn't looked for."""
    whose = {"person": person.key if person else ""}
    if code_id is not None:
        return row(FOUND_BY_ID, {"code_id": code_id, **whose})
    return row(FOUND_BY_CODE, {"code": typed, **whose}) if is_code(typed) else None


def _purpose(invoice_id: int) -> str:
    return f"invoice:{invoice_id}"


def _refused(
    asked: Asked, code_id: int | None, code: str, terms: DiscountTerms | None, verdicts: tuple[Verdict, ...]
) -> Quote:
    failed = first_failure(verdicts)
    assert failed is not None
    figures.refusals.labels(KIND, failed.reason).inc()
    return Quote(asked, code_id, code, terms, verdicts, CodeRefused(failed), 0, 0, (0,) * len(asked.items))


def _reduction(terms: DiscountTerms, items: Sequence[Item], subtotal_cents: int) -> Reduction:
    if items:
        return reduce_lines(terms, items)
    return Reduction(subtotal_cents, discount_on(terms, subtotal_cents), ())


def has_paid_order(person: Person) -> bool:
    """Whether codes for the first order are no longer for this person."""
    return db.session.get(PaidOrder, person.key) is not None


def terms_now(promotion_id: int) -> DiscountTerms:
    """The terms as they are kept now."""
    discount = db.session.scalars(
        select(Discount).where(Discount.promotion_id == promotion_id).execution_options(populate_existing=True)
    ).one()
    return terms_of(discount)


def terms_of(discount: Discount) -> DiscountTerms:
    """The terms as the rules see them."""
    hours = discount.promotion.active_hours
    return DiscountTerms(
        **editing.shared_terms(discount.promotion),
        active_hours=ActiveHours.parse(hours) if hours and hours.get("enabled") else None,
        applicable_categories=tuple(discount.applicable_categories),
        excluded_categories=tuple(discount.excluded_categories),
        discount_type=discount.discount_type,  # type: ignore[arg-type]  # held by ck_discounts_known_type
        discount_value=discount.discount_value,
        max_discount_cents=discount.max_discount_cents,
        first_order_only=discount.first_order_only,
    )
