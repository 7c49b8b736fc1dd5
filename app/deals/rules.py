"""How far somebody has come on a deal, and which grants their spend still carries: pure arithmetic in cents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.promotions.rules import Benefit, Context, Item, Terms, Verdict

STEPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DealTerms(Terms):
    """The threshold is `min_amount_cents`. A `single` deal is claimed once by each person, whatever its limit."""

    bonus_type: Literal["single", "recurrent"]
    reward_items: tuple[dict[str, Any], ...] = ()
    banner: str | None = None
    auto_claim: bool = False

    @property
    def id(self) -> int:
        return self.promotion_id

    @property
    def is_recurrent(self) -> bool:
        return self.bonus_type == "recurrent"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was spent on a deal, less refunds, and how many claims are live."""

    spent_cents: int = 0
    live: int = 0


def needed_for(terms: DealTerms, nth: int) -> int:
    """The spend in all that a person's nth claim rests on."""
    return terms.min_amount_cents * (nth if terms.is_recurrent else 1)


def toward_next(terms: DealTerms, spent_cents: int, live: int) -> int:
    """What of the spend counts toward the next claim of somebody with so many live ones."""
    used = terms.min_amount_cents * live if terms.is_recurrent else 0
    return max(0, spent_cents - used)


def missing_for_next(terms: DealTerms, tally: Tally) -> int:
    """What is still to be spent for the next claim; more than the threshold where a refund left earlier ones bare."""
    return max(0, needed_for(terms, tally.live + 1) - tally.spent_cents)


def next_claim(terms: DealTerms, tally: Tally, also_cents: int = 0) -> tuple[DealTerms, int]:
    """What the rules compare for the next claim: terms with what it takes in all, and what is spent, with `also`."""
    return replace(terms, min_amount_cents=needed_for(terms, tally.live + 1)), tally.spent_cents + also_cents


def earned(terms: DealTerms, spent_cents: int) -> int:
    """How many claims this spend is good for, within the limit per person."""
    reached = spent_cents // terms.min_amount_cents
    most = terms.per_user_limit if terms.is_recurrent else 1
    return reached if most is None else min(reached, most)


def claimable(terms: DealTerms, spent_cents: int, live: int, left: int | None) -> int:
    """How many claims are open to somebody with so many live ones; `left` is how many the deal has for all."""
    open_to_them = max(0, earned(terms, spent_cents) - live)
    return open_to_them if left is None else min(open_to_them, left)


def has_all(terms: DealTerms, live: int) -> bool:
    """Whether somebody with so many live claims has all that one person can have."""
    most = terms.per_user_limit if terms.is_recurrent else 1
    return most is not None and live >= most


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody has come: `toward_cents` are reached for the next claim, `missing_cents` aren't.

    `progress` is from 0 to 1: 1 while something is claimable or nothing more can be earned (`is_done`), else the part
    reached, cut to a ten-thousandth and never rounded up.
    """

    spent_cents: int
    live: int
    claimable: int
    toward_cents: int
    missing_cents: int
    progress: float
    is_done: bool


def stand(terms: DealTerms, mine: Tally, all_of_name: Tally, left: int | None) -> Standing:
    """How far somebody has come who sees `mine`, while limits count `all_of_name`; with an account both are the same.

    That others of the name have had it all is told only where it matters: to whoever could claim otherwise.

    `left` is how many claims the deal has for everybody, None without a limit.
    """
    open_now = min(claimable(terms, each.spent_cents, each.live, left) for each in (mine, all_of_name))
    toward = min(toward_next(terms, each.spent_cents, each.live) for each in (mine, all_of_name))
    missing = max(missing_for_next(terms, each) for each in (mine, all_of_name))
    would_have = claimable(terms, mine.spent_cents, mine.live, left)
    has_had = has_all(terms, all_of_name.live) and (mine.live or would_have)
    is_done = not open_now and (bool(has_had) or left == 0)
    part = 1.0 if open_now or is_done else part_of(terms, toward)
    return Standing(mine.spent_cents, mine.live, open_now, toward, missing, part, is_done)


def part_of(terms: DealTerms, toward_cents: int) -> float:
    """So much of the threshold, from 0 to 1, cut to a ten-thousandth."""
    return min(toward_cents * STEPS // terms.min_amount_cents, STEPS) / STEPS


def for_everybody(_terms: DealTerms, _context: Context) -> Verdict:
    """A deal has no rule of its own."""
    return Verdict("not_eligible", holds=True)


OWN_RULES = (for_everybody,)


def benefit_of(terms: DealTerms, _items: Sequence[Item], _amount_cents: int) -> Benefit:
    """What one claim gives."""
    return Benefit(reward_items=terms.reward_items)


@dataclass(frozen=True, slots=True)
class Held:
    """A live grant: the spend that it rests on, and whether it was handed out, and flagged since."""

    id: int
    needs_cents: int
    is_pending: bool
    is_flagged: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of somebody's live grants: which are revoked, which flagged, and which rest on another's spend."""

    revoked: tuple[int, ...] = ()
    flagged: tuple[int, ...] = ()
    moved: tuple[tuple[int, int], ...] = ()


def settle(held: Sequence[Held], spent_cents: int) -> Settlement:
    """What a spend that was refunded down to `spent_cents` leaves of these live grants.

    As many as it no longer carries go, those that nobody has handed out yet first, the latest before the earlier; where
    these are too few, as many that were handed out stay and are flagged. One that stays in place of a revoked one takes
    over what that rested on.
    """
    carried = [each for each in held if not each.is_flagged]
    excess = sum(each.needs_cents > spent_cents for each in carried)
    dearest_first = sorted(carried, key=lambda each: (each.needs_cents, each.id), reverse=True)
    revoked = [each for each in dearest_first if each.is_pending][:excess]
    staying = [each for each in dearest_first if each not in revoked]
    short = excess - len(revoked)
    flagged, kept = staying[:short], staying[short:]
    spends = sorted((each.needs_cents for each in carried), reverse=True)[excess:]
    moved = [(each.id, needs) for each, needs in zip(kept, spends, strict=True) if each.needs_cents != needs]
    return Settlement(tuple(each.id for each in revoked), tuple(each.id for each in flagged), tuple(moved))
