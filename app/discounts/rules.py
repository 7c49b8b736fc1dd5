"""What a discount takes off, and from which lines: pure arithmetic in cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.kit.money import percentage_of, spread
from app.promotions.rules import Benefit, Context, Item, Terms, Verdict

FIRST_ORDER = "first_order_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountTerms(Terms):
    """`discount_value` is hundredths of a percent (20 % is 2000) or cents."""

    discount_type: Literal["percentage", "fixed"]
    discount_value: int
    max_discount_cents: int | None = None
    first_order_only: bool = False

    @property
    def id(self) -> int:
        return self.promotion_id


@dataclass(frozen=True, slots=True)
class Reduction:
    """What comes off: of which amount, how much, and each line's share of it."""

    eligible_cents: int
    discount_cents: int
    shares: tuple[int, ...]


def first_order(terms: DiscountTerms, context: Context) -> Verdict:
    """A code for the first order is for those who have none paid yet."""
    has_ordered = bool(context.facts.get("has_paid_order"))
    if not terms.first_order_only:
        return Verdict("not_eligible", holds=True)
    return Verdict("not_eligible", not has_ordered, {"which": FIRST_ORDER})


OWN_RULES = (first_order,)


def reduce_lines(terms: DiscountTerms, items: Sequence[Item]) -> Reduction:
    """Take the discount off the lines in scope, spread in proportion to their totals; none goes below zero."""
    weights = _in_scope(terms, items)
    eligible = sum(weights)
    discount = discount_on(terms, eligible)
    return Reduction(eligible, discount, tuple(spread(discount, weights)))


def benefit_of(terms: DiscountTerms, items: Sequence[Item], amount_cents: int) -> Benefit:
    """What comes off these items, or off the amount where there are none."""
    eligible = sum(_in_scope(terms, items)) if items else amount_cents
    return Benefit(discount_cents=discount_on(terms, eligible))


def discount_on(terms: DiscountTerms, eligible_cents: int) -> int:
    """Percentage: half-up to the cent, at most `max_discount_cents`. Fixed: at most the eligible amount."""
    if terms.discount_type == "fixed":
        return min(terms.discount_value, eligible_cents)
    discount = percentage_of(eligible_cents, terms.discount_value)
    return discount if terms.max_discount_cents is None else min(discount, terms.max_discount_cents)


def _in_scope(terms: DiscountTerms, items: Sequence[Item]) -> list[int]:
    """Each item's total where it is in scope, else nothing."""
    return [item.total_cents if terms.covers(item.category) else 0 for item in items]
