"""What a completed offer earns by which code, and as of when: pure functions, in cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.kit.money import MOST_CENTS, percentage_of
from app.promotions.rules import Benefit, Context, Item, Terms, Verdict, first_failure

FRESH = timedelta(hours=24)
SKEW = timedelta(minutes=5)
SCOPE, ACCOUNT = "offer_not_in_scope", "not_on_account"
NOT_OF_APPLYING = frozenset({"items_required", "category_mismatch", "min_amount_not_met", "not_eligible"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms(Terms):
    """`bonus_value` is hundredths of a percent of the payout (20 % is 2000) or cents; no offers: it is for all."""

    bonus_type: Literal["percentage", "fixed"]
    bonus_value: int
    max_bonus_cents: int | None = None
    applicable_offers: frozenset[int] = frozenset()

    @property
    def id(self) -> int:
        return self.promotion_id


def on_account(_terms: OfferTerms, context: Context) -> Verdict:
    """It is on the account of a client. Where it isn't said whether it is, there is nothing to hold against it."""
    return Verdict("not_eligible", context.facts.get("is_on_account", True), {"which": ACCOUNT})


def in_scope(terms: OfferTerms, context: Context) -> Verdict:
    """The offer is one of those that the code is for. Where none is given there is nothing to hold against it."""
    if not terms.applicable_offers:
        return Verdict("not_eligible", holds=True)
    offer_id = context.facts.get("offer_id")
    facts = {"which": SCOPE, "applicable_offers": sorted(terms.applicable_offers)}
    return Verdict("not_eligible", offer_id is None or offer_id in terms.applicable_offers, facts)


OWN_RULES = (on_account, in_scope)


def failure_of_applying(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Why a code can't be put on an account: every rule counts but amount and scope, which only a conversion has."""
    return first_failure([each for each in verdicts if each.rule not in NOT_OF_APPLYING])


def bonus_on(terms: OfferTerms, payout_cents: int) -> int:
    """Percentage of the payout, half-up to the cent, or fixed; at most `max_bonus_cents`, and the largest amount."""
    fixed = terms.bonus_type == "fixed"
    bonus = terms.bonus_value if fixed else percentage_of(payout_cents, terms.bonus_value)
    return min(bonus, MOST_CENTS if terms.max_bonus_cents is None else terms.max_bonus_cents)


def benefit_of(terms: OfferTerms, _items: Sequence[Item], amount_cents: int) -> Benefit:
    """What a completed offer with this payout earns."""
    return Benefit(bonus_cents=bonus_on(terms, amount_cents))


def deciding_moment(completed_at: datetime, received_at: datetime) -> datetime:
    """When codes must hold: at completion if that is at most 24 hours ago, else at receipt.

    A clock that is a little ahead of ours counts as ours.
    """
    completed = min(completed_at, received_at)
    return completed if received_at - completed <= FRESH else received_at


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code on the account that holds for a conversion, and what it would give."""

    user_promo_code_id: int
    code_id: int
    code: str
    terms: OfferTerms
    applied_at: datetime
    bonus_cents: int


def best_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The highest bonus first; of the same, what was applied first. What gives nothing isn't among them."""
    giving = [each for each in candidates if each.bonus_cents > 0]
    return sorted(giving, key=lambda each: (-each.bonus_cents, each.applied_at, each.user_promo_code_id))
