"""Who may use a promotion, and when: pure functions from terms and a context to verdicts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.promotions.hours import ActiveHours


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was promised. No counter, no switch: those change with every use and are read fresh."""

    promotion_id: int
    kind: str
    title: str
    version: int = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    active_hours: ActiveHours | None = None
    usage_limit: int | None = None
    per_user_limit: int | None = None
    min_amount_cents: int = 0
    requires_account: bool = False
    auto_deactivates: bool = True
    applicable_categories: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()

    @property
    def is_limited_to_categories(self) -> bool:
        return bool(self.applicable_categories or self.excluded_categories)

    def covers(self, category: str | None) -> bool:
        """Whether an item of this category is in scope."""
        return _covers(self.applicable_categories, self.excluded_categories, category)


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a cart: the price of one piece, how many, and the slug of its category."""

    price_cents: int
    quantity: int
    category: str | None = None

    @property
    def total_cents(self) -> int:
        return self.price_cents * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What a promotion gives: money off, bonus money, or things; what a kind doesn't give is None."""

    discount_cents: int | None = None
    bonus_cents: int | None = None
    reward_items: Sequence[dict[str, Any]] | None = None

    @property
    def value_cents(self) -> int:
        """What it costs in money."""
        return (self.discount_cents or 0) + (self.bonus_cents or 0)

    @property
    def is_nothing(self) -> bool:
        """Whether nobody would gain anything by it: a tenth of nothing, or of two cents."""
        return not self.value_cents and not self.reward_items


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who, when, with what. `categories` is None where no items were given; `facts` are for a kind's own rules."""

    now: datetime
    is_active: bool = True
    is_archived: bool = False
    used_count: int = 0
    code_used_count: int = 0
    code_usage_limit: int | None = None
    has_account: bool = False
    person_uses: int = 0
    amount_cents: int = 0
    categories: Sequence[str | None] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rule holds, and the facts behind it: what was compared. `rule` is the reason code of its failing.

    A rule that asks for nothing (no limit, no minimum) has no facts.
    """

    rule: str
    holds: bool
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str | None:
        return None if self.holds else self.rule


Rule = Callable[[Any, Context], Verdict]


def judge(terms: Terms, context: Context, own_rules: Sequence[Rule] = ()) -> tuple[Verdict, ...]:
    """Every rule's verdict, the shared ones first, in the order in which reasons are told."""
    return tuple(rule(terms, context) for rule in (*SHARED, *own_rules))


def first_failure(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The reason to tell."""
    return next((each for each in verdicts if not each.holds), None)


def exists(_terms: Terms, context: Context) -> Verdict:
    return Verdict("not_found", not context.is_archived)


def before_end(terms: Terms, context: Context) -> Verdict:
    return Verdict("expired", terms.ends_at is None or context.now < terms.ends_at, _given(ends_at=terms.ends_at))


def within_usage_limit(terms: Terms, context: Context) -> Verdict:
    """Of the promotion and, in a batch, of the code itself."""
    holds = True
    facts: dict[str, Any] = {}
    if terms.usage_limit is not None:
        holds = context.used_count < terms.usage_limit
        facts |= {"used_count": context.used_count, "usage_limit": terms.usage_limit}
    if context.code_usage_limit is not None:
        holds = holds and context.code_used_count < context.code_usage_limit
        facts |= {"code_used_count": context.code_used_count, "code_usage_limit": context.code_usage_limit}
    return Verdict("usage_limit_reached", holds, facts)


def switched_on(_terms: Terms, context: Context) -> Verdict:
    return Verdict("inactive", context.is_active)


def after_start(terms: Terms, context: Context) -> Verdict:
    holds = terms.starts_at is None or context.now >= terms.starts_at
    return Verdict("not_started", holds, _given(starts_at=terms.starts_at))


def within_hours(terms: Terms, context: Context) -> Verdict:
    """Open from the start minute through the whole end minute, by the clock on the wall there."""
    hours = terms.active_hours
    if hours is None:
        return Verdict("outside_active_hours", holds=True)
    facts = {**hours.described(), "local_time": context.now.astimezone(hours.zone)}
    if hours.contains(context.now):
        return Verdict("outside_active_hours", holds=True, facts=facts)
    return Verdict("outside_active_hours", holds=False, facts={"opens_at": hours.next_opening(context.now), **facts})


def by_account(terms: Terms, context: Context) -> Verdict:
    holds = context.has_account or not terms.requires_account
    return Verdict("account_required", holds, _given(requires_account=terms.requires_account))


def within_user_limit(terms: Terms, context: Context) -> Verdict:
    if terms.per_user_limit is None:
        return Verdict("user_limit_reached", holds=True)
    facts = {"person_uses": context.person_uses, "per_user_limit": terms.per_user_limit}
    return Verdict("user_limit_reached", context.person_uses < terms.per_user_limit, facts)


def with_items(terms: Terms, context: Context) -> Verdict:
    return Verdict("items_required", bool(context.categories) or not terms.is_limited_to_categories, _scope(terms))


def in_categories(terms: Terms, context: Context) -> Verdict:
    """At least one item is in scope. Without items there is nothing to hold against it."""
    holds = not context.categories or any(map(terms.covers, context.categories))
    return Verdict("category_mismatch", holds, _scope(terms))


def enough_spent(terms: Terms, context: Context) -> Verdict:
    """The whole amount, whatever it is spent on; exactly the minimum is enough."""
    if not terms.min_amount_cents:
        return Verdict("min_amount_not_met", holds=True)
    missing = max(0, terms.min_amount_cents - context.amount_cents)
    facts = _given(missing_cents=missing, applicable_categories=list(terms.applicable_categories))
    facts |= {"min_amount_cents": terms.min_amount_cents, "amount_cents": context.amount_cents}
    return Verdict("min_amount_not_met", not missing, facts)


SHARED: tuple[Rule, ...] = (
    exists,
    before_end,
    within_usage_limit,
    switched_on,
    after_start,
    within_hours,
    by_account,
    within_user_limit,
    with_items,
    in_categories,
    enough_spent,
)
UNKNOWN = (Verdict("not_found", holds=False),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a status is derived from."""

    is_archived: bool
    is_auto_deactivated: bool
    is_active: bool
    is_used_up: bool
    starts_at: datetime | None
    ends_at: datetime | None


STATUSES = ("active", "scheduled", "exhausted", "inactive", "expired", "archived")


def status_of(standing: Standing, now: datetime) -> str:
    """The first that holds."""
    claims = (
        ("archived", standing.is_archived),
        ("expired", standing.is_auto_deactivated or (standing.ends_at is not None and now >= standing.ends_at)),
        ("inactive", not standing.is_active),
        ("exhausted", standing.is_used_up),
        ("scheduled", standing.starts_at is not None and now < standing.starts_at),
    )
    return next((status for status, holds in claims if holds), "active")


@lru_cache(maxsize=16384)
def _covers(applicable: tuple[str, ...], excluded: tuple[str, ...], category: str | None) -> bool:
    """Remembered, since it is asked for every line of every cart, and few answers come up."""
    folded = (category or "").casefold()
    if folded in _folded(excluded):
        return False
    return not applicable or folded in _folded(applicable)


@lru_cache(maxsize=4096)
def _folded(slugs: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(str.casefold, slugs))


def _scope(terms: Terms) -> dict[str, Any]:
    return _given(
        applicable_categories=list(terms.applicable_categories),
        excluded_categories=list(terms.excluded_categories),
    )


def _given(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}
