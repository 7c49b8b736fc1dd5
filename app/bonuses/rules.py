"""What a bonus gives, what it takes to be released, and who may have it: pure functions, in cents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.kit.money import MOST_CENTS, percentage_of
from app.promotions.rules import Benefit, Context, Item, Terms, Verdict

MEMBERS, TYPE, FIRST, REFERRED = "clients_only", "other_type", "first_deposit_only", "referral"
NOTHING = "nothing_to_give"
SAME_MAIL_HOST = {"googlemail.com": "gmail.com"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusTerms(Terms):
    """`bonus_value` is hundredths of a percent of the base (20 % is 2000) or cents; no games: all categories count.

    The base is the deposit, the net spend of a cashback's period, or a referred friend's first deposit.
    """

    type: Literal["deposit", "cashback", "freecredit", "referral"]
    bonus_type: Literal["percentage", "fixed"]
    bonus_value: int
    max_bonus_cents: int | None = None
    turnover_hundredths: int = 0
    max_withdraw_cents: int | None = None
    applicable_games: tuple[str, ...] = ()
    first_deposit_only: bool = False
    cashback_period: Literal["day", "week", "month"] | None = None
    friend_bonus_cents: int | None = None
    auto_apply: bool = False

    @property
    def id(self) -> int:
        return self.promotion_id


def for_clients(_terms: BonusTerms, context: Context) -> Verdict:
    """They are an active client. Where it isn't said, there is nothing to hold against it."""
    return Verdict("not_eligible", context.facts.get("is_client", True), {"which": MEMBERS})


def of_its_type(terms: BonusTerms, context: Context) -> Verdict:
    """It is given for what happens: a deposit, the end of a period, a code, a friend's deposit."""
    holds = context.facts.get("occasion", terms.type) == terms.type
    return Verdict("not_eligible", holds, {"which": TYPE, "type": terms.type})


def on_first_deposit(terms: BonusTerms, context: Context) -> Verdict:
    """No deposit of theirs was ever confirmed before, where a bonus on deposits asks for that."""
    if terms.type != "deposit" or not terms.first_deposit_only:
        return Verdict("not_eligible", holds=True)
    return Verdict("not_eligible", context.facts.get("is_first_deposit", True), {"which": FIRST})


def by_referral(_terms: BonusTerms, context: Context) -> Verdict:
    """A friend who counts: somebody else, whom nobody was rewarded for. Where it isn't said, nothing is against it."""
    against = context.facts.get("referral")
    return Verdict("not_eligible", against is None, {"which": f"{REFERRED}:{against}"} if against else {})


OWN_RULES = (for_clients, of_its_type, on_first_deposit, by_referral)


def measured(terms: BonusTerms, amount_cents: int, _facts: Mapping[str, Any]) -> tuple[BonusTerms, int]:
    """What is held against what: a free credit asks for no amount, a cashback for no hour of the day."""
    if terms.type == "freecredit":
        return terms, max(amount_cents, terms.min_amount_cents)
    return (replace(terms, active_hours=None) if terms.type == "cashback" else terms), amount_cents


def bonus_on(terms: BonusTerms, base_cents: int) -> int:
    """Percentage of the base, half-up to the cent, or fixed; at most `max_bonus_cents`, and the largest amount."""
    fixed = terms.bonus_type == "fixed"
    bonus = terms.bonus_value if fixed else percentage_of(max(0, base_cents), terms.bonus_value)
    return min(bonus, MOST_CENTS if terms.max_bonus_cents is None else terms.max_bonus_cents)


def benefit_of(terms: BonusTerms, _items: Sequence[Item], amount_cents: int) -> Benefit:
    """What it gives on this base."""
    return Benefit(bonus_cents=bonus_on(terms, amount_cents))


def required_turnover(turnover_hundredths: int, deposit_cents: int, bonus_cents: int) -> int:
    """So many times deposit and bonus, half-up to the cent."""
    return percentage_of(deposit_cents + bonus_cents, turnover_hundredths * 100)


def released_of(bonus_cents: int, max_withdraw_cents: int | None) -> int:
    """What of a bonus whose turnover is reached becomes cash; the rest lapses."""
    return bonus_cents if max_withdraw_cents is None else min(bonus_cents, max_withdraw_cents)


def best_first(candidates: Iterable[tuple[BonusTerms, int]]) -> list[tuple[BonusTerms, int]]:
    """Of terms and what they would give, the highest first; of the same, the older promotion. Nothing isn't there."""
    giving = [each for each in candidates if each[1] > 0]
    return sorted(giving, key=lambda each: (-each[1], each[0].promotion_id))


@dataclass(frozen=True, slots=True)
class Running:
    """A claim whose turnover isn't reached: which categories count for it, and how much is missing."""

    id: int
    games: tuple[str, ...]
    missing_cents: int

    def counts(self, category: str | None) -> bool:
        return not self.games or (category or "").casefold() in {game.casefold() for game in self.games}


def allot(amount_cents: int, category: str | None, running: Iterable[Running]) -> list[tuple[int, int]]:
    """To which claims an amount goes, and how much to each: to the first that it counts for, up to what is missing.

    What is left over goes to the next such one. `running` are the oldest first.
    """
    shares = []
    for each in running:
        part = min(amount_cents, each.missing_cents) if each.counts(category) else 0
        if part > 0:
            shares.append((each.id, part))
            amount_cents -= part
    return shares


@dataclass(frozen=True, slots=True)
class Share:
    """What of an event counted for a claim."""

    id: int
    cents: int


def take_from(shares: Sequence[Share], uncounted_cents: int, refunded_cents: int) -> list[tuple[int, int]]:
    """What all refunds together take from which shares, as if the event had been smaller from the beginning.

    First goes what counted for nothing (`uncounted_cents`), then the shares, the last first. Of shares whose claim is
    over, too: whoever takes it back decides what that means.
    """
    rest, taken = max(0, refunded_cents - uncounted_cents), []
    for share in reversed(shares):
        part = min(rest, share.cents)
        if part > 0:
            taken.append((share.id, part))
            rest -= part
    return taken


def cashback_base(spent_cents: int, carried_cents: int) -> tuple[int, int]:
    """On what a period's cashback is reckoned, and what is carried into the next: what refunds took below zero.

    So what was bought, credited and sent back a period later is made good before anything is credited again.
    """
    net = spent_cents + carried_cents
    return max(0, net), min(0, net)


def mailbox_of(email: str) -> str:
    """The mailbox behind an address: without regard to case, to dots, and to what follows a `+`."""
    local, _at, host = email.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{SAME_MAIL_HOST.get(host, host)}"
