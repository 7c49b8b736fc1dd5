"""What a deal would have given: past payments replayed by its rules, one by one. Pure: it changes nothing.

As if it had run all the time and everybody had claimed at once what they had earned: spend adds up from zero, and so do
the limits.
"""

from collections import Counter
from collections.abc import Iterable

from app.deals.rules import DealTerms, claimable, toward_next
from app.promotions.backtest import Outcome, Past, context_of, failing, reason_of, rules_of


def replay(terms: DealTerms, past: Iterable[Past]) -> Outcome:
    """Let each payment of the past count, which come in the order in which they were made.

    One that passes the threshold, or passes it several times, qualifies, and takes a use for each set of rewards. Where
    none is given, the reason is that of the first rule that a claim would have failed by at that moment.
    """
    outcome, judged = Outcome(reward_items=terms.reward_items), rules_of(terms, ())
    spent, used = Counter[str](), 0
    for payment in past:
        day, live = outcome.by_day[payment.paid_on], outcome.uses.get(payment.person, 0)
        day.orders += 1
        day.amount_cents += payment.amount_cents
        spent[payment.person] += payment.amount_cents
        toward = toward_next(terms, spent[payment.person], live)
        failed = failing(terms, judged, context_of(payment, used, live, toward))
        if failed:
            outcome.refusals[reason_of(failed)] += 1
            continue
        left = None if terms.usage_limit is None else terms.usage_limit - used
        sets = claimable(terms, spent[payment.person], live, left)
        used += sets
        outcome.uses[payment.person] = live + sets
        day.qualified += 1
        day.sets += sets
    return outcome
