"""What a promotion would have done: its rules replayed over past orders, one by one. Pure: it changes nothing.

What a kind counts otherwise (payments that add up) it replays itself, with the same rules and to the same outcome.

As if it had been open all the time: its dates, its switch and what is used of it today don't count, and limits count
from zero. Everything else is judged as in the shop, by the same rules in the same order.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from app.promotions import rules
from app.promotions.rules import Benefit, Context, Item, Rule, Terms, Verdict

T = TypeVar("T", bound=Terms)
NOTHING_OFF = "nothing_off"
OF_TODAY = (rules.exists, rules.before_end, rules.switched_on, rules.after_start)
CAN_FAIL: Mapping[Rule, Callable[[Terms], bool]] = {
    rules.within_usage_limit: lambda terms: terms.usage_limit is not None,
    rules.within_hours: lambda terms: terms.active_hours is not None,
    rules.by_account: lambda terms: terms.requires_account,
    rules.within_user_limit: lambda terms: terms.per_user_limit is not None,
    rules.with_items: lambda terms: terms.is_limited_to_categories,
    rules.in_categories: lambda terms: terms.is_limited_to_categories,
    rules.enough_spent: lambda terms: terms.min_amount_cents > 0,
}


class Past(NamedTuple):
    """An order as it was placed: when, by whom, of what, before any discount; a tuple, since there are very many.

    For kinds that go by what is paid, a payment: when it came, and what of it was not given back.

    `paid_on` is the day that it counts for. Without `items` only the amount is looked at. `facts` are for a kind's own
    rules, as they stood at that moment.
    """

    placed_at: datetime
    paid_on: date
    person: str
    has_account: bool
    amount_cents: int
    items: Sequence[Item] = ()
    facts: Mapping[str, Any] = {}


@dataclass(slots=True)
class Tally:
    """Some orders or payments: how many, worth what, how many of them qualified, and what that would have cost.

    Where things are given instead of money, the cost is how many `sets` of them.
    """

    orders: int = 0
    amount_cents: int = 0
    qualified: int = 0
    cost_cents: int = 0
    sets: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def average_cents(self) -> int:
        """What an order that qualified would have cost, rounded down."""
        return self.cost_cents // self.qualified if self.qualified else 0

    @property
    def cents_a_set(self) -> int:
        """What was paid for each set that would have been given, rounded down."""
        return self.amount_cents // self.sets if self.sets else 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What it comes to, by the day of payment; how often each person would have used it; why the others didn't qualify.

    `refusals` counts the first rule that failed, by its reason; where a kind's own rule failed, by which one.
    `reward_items` are what a set has in it, None where money is given.
    """

    by_day: dict[date, Tally] = field(default_factory=lambda: defaultdict(Tally))
    uses: dict[str, int] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    reward_items: Sequence[Mapping[str, Any]] | None = None

    @property
    def total(self) -> Tally:
        return sum(self.by_day.values(), Tally())

    @property
    def people(self) -> int:
        return len(self.uses)

    def best_days(self, limit: int) -> Sequence[tuple[date, Tally]]:
        """The days that would have cost most, the dearest first."""
        days = [(day, each) for day, each in self.by_day.items() if each.qualified]
        return sorted(days, key=lambda pair: (-pair[1].cost_cents, -pair[1].sets, pair[0]))[:limit]


def replay(
    terms: T,
    past: Iterable[Past],
    *,
    benefit: Callable[[T, Sequence[Item], int], Benefit],
    own_rules: Sequence[Rule] = (),
) -> Outcome:
    """Judge each order of the past, which come in the order in which they were placed.

    One that qualifies takes a use, which counts for all that follow. As in the shop, none is taken for nothing.
    """
    outcome, judged, used = Outcome(), rules_of(terms, own_rules), 0
    for order in past:
        day = outcome.by_day[order.paid_on]
        day.orders += 1
        day.amount_cents += order.amount_cents
        own_uses = outcome.uses.get(order.person, 0)
        failed = failing(terms, judged, context_of(order, used, own_uses, order.amount_cents))
        cost = 0 if failed else benefit(terms, order.items, order.amount_cents).value_cents
        if not cost:
            outcome.refusals[reason_of(failed)] += 1
            continue
        used += 1
        outcome.uses[order.person] = own_uses + 1
        day.qualified += 1
        day.cost_cents += cost
    return outcome


def rules_of(terms: Terms, own_rules: Sequence[Rule]) -> Sequence[Rule]:
    """The rules that are replayed, without those that hold for every order by these terms."""
    replayed = [rule for rule in rules.SHARED if rule not in OF_TODAY and CAN_FAIL[rule](terms)]
    return [QUICK.get(rule, rule) for rule in (*replayed, *own_rules)]


def failing(terms: Terms, judged: Sequence[Rule], context: Context) -> Verdict | None:
    """The first of these rules that fails."""
    for rule in judged:
        verdict = rule(terms, context)
        if not verdict.holds:
            return verdict
    return None


def context_of(order: Past, used: int, own_uses: int, amount_cents: int) -> Context:
    """What the rules look at, after so many uses in all and by this person; the minimum is held against the amount."""
    return Context(
        now=order.placed_at,
        used_count=used,
        has_account=order.has_account,
        person_uses=own_uses,
        amount_cents=amount_cents,
        categories=[item.category for item in order.items] or None,
        facts=order.facts,
    )


def _within_hours(terms: Terms, context: Context) -> Verdict:
    """As in the shop, but without looking for the next opening, which costs a hundred times as much."""
    hours = terms.active_hours
    return Verdict("outside_active_hours", hours is None or hours.contains(context.now))


def reason_of(failed: Verdict | None) -> str:
    """Under which it is counted; None is that nothing would have come off."""
    if failed is None:
        return NOTHING_OFF
    return str(failed.facts.get("which", failed.rule))


QUICK: Mapping[Rule, Rule] = {rules.within_hours: _within_hours}
