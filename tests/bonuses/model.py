"""Wallets and bonuses as they should be, written by hand and cent by cent: what the machine is held against."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

KEPT = timedelta(days=30)
WHO = range(2)


@dataclass
class Terms:
    """A bonus; `percent` in hundredths, `times` the turnover in hundredths."""

    type: str
    percent: int | None
    cents: int
    times: int
    ends_at: datetime
    cap: int | None = None
    most: int | None = None
    games: tuple[str, ...] = ()
    least: int = 0
    usage_limit: int | None = None
    per_user_limit: int | None = None
    is_for_first: bool = False
    is_auto: bool = False
    friends: int | None = None
    own: Any = None
    used_by: list[int] = field(default_factory=list)

    def bonus(self, base: int) -> int:
        given = self.cents if self.percent is None else (base * self.percent + 5000) // 10_000
        return given if self.cap is None else min(given, self.cap)

    def why_not(self, who: int, base: int, is_first: bool, now: datetime) -> str | None:
        """The reason for which it gives nothing."""
        reasons = {
            "expired": now >= self.ends_at,
            "usage_limit_reached": self.usage_limit is not None and len(self.used_by) >= self.usage_limit,
            "user_limit_reached": self.per_user_limit is not None and self.used_by.count(who) >= self.per_user_limit,
            f"min_amount_not_met:{self.least}:{self.least - base}": base < self.least and self.type != "freecredit",
            "not_eligible:first_deposit_only": self.is_for_first and not is_first,
            "nothing_to_give": not self.bonus(base),
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


@dataclass
class Claim:
    """A claimed bonus."""

    who: int
    terms: Terms
    bonus: int
    deposit: int
    cause: str | None
    has_use: bool
    required: int = 0
    current: int = 0
    gone_later: int = 0
    released: int = 0
    lapsed: int = 0
    status: str = "active"
    is_completed: bool = False

    def counts(self, category: str, now: datetime) -> bool:
        is_running = self.status == "active" and self.terms.ends_at > now - KEPT
        return is_running and (not self.terms.games or category in self.terms.games)


@dataclass
class Deposit:
    """A deposit: whose, how much, with which bonus, and what became of it."""

    who: int
    cents: int
    wish: Terms | None
    status: str = "requested"
    claim: Claim | None = None
    no_bonus: str | None = None


@dataclass
class Ledger:
    """All money of two clients, of whom the first has referred the second."""

    bonuses: list[Terms]
    cash: list[int] = field(default_factory=lambda: [0, 0])
    debts: list[list[int]] = field(default_factory=lambda: [[], []])
    claims: list[Claim] = field(default_factory=list)
    deposits: dict[str, Deposit] = field(default_factory=dict)
    owners: dict[str, list[Claim | None]] = field(default_factory=dict)

    def locked(self, who: int) -> int:
        """The bonus balance: what is open of the claims."""
        return sum(each.bonus for each in self.active(who))

    def active(self, who: int) -> list[Claim]:
        return [each for each in self.claims if each.who == who and each.status == "active"]

    def take_back(self, who: int, cents: int) -> None:
        taken = min(cents, self.cash[who])
        self.cash[who] -= taken
        if taken < cents:
            self.debts[who].append(cents - taken)

    def grant(self, claim: Claim) -> Claim:
        self.claims.append(claim)
        claim.required = ((claim.deposit + claim.bonus) * claim.terms.times + 50) // 100
        if claim.has_use:
            claim.terms.used_by.append(claim.who)
        self.release_if_met(claim)
        return claim

    def release_if_met(self, claim: Claim) -> None:
        if claim.current < claim.required:
            return
        most = claim.bonus if claim.terms.most is None else claim.terms.most
        claim.released = min(claim.bonus, most)
        claim.lapsed = claim.bonus - claim.released
        claim.status, claim.is_completed = "completed", True
        self.cash[claim.who] += claim.released

    def lapse(self, claim: Claim) -> None:
        if claim.status == "active":
            claim.lapsed = claim.bonus
        claim.status = "cancelled"

    def lapse_overdue(self, now: datetime) -> None:
        for claim in self.claims:
            if claim.status == "active" and claim.terms.ends_at <= now - KEPT:
                self.lapse(claim)

    def count(self, key: str, who: int, cents: int, category: str, now: datetime) -> None:
        """Each cent goes to the oldest claim that it fits and that still misses one."""
        running = [each for each in self.active(who) if each.counts(category, now)]
        owned: list[Claim | None] = []
        for _cent in range(cents):
            claim = next((each for each in running if each.current < each.required), None)
            owned.append(claim)
            if claim is not None:
                claim.current += 1
        for claim in running:
            self.release_if_met(claim)
        self.owners[key] = owned

    def go_back(self, key: str, cents: int) -> None:
        """The last cents first; of a bonus that is over, none is missing again."""
        for _cent in range(cents if key in self.owners else 0):
            claim = self.owners[key].pop()
            if claim is not None and claim.status == "active":
                claim.current -= 1
            elif claim is not None and claim.status == "completed":
                claim.gone_later += 1

    def confirm(self, key: str, now: datetime) -> None:
        deposit = self.deposits[key]
        earlier = [each for each in self.deposits.values() if each.who == deposit.who]
        is_first = not any(each.status in {"confirmed", "refunded"} for each in earlier)
        deposit.status = "confirmed"
        self.cash[deposit.who] += deposit.cents
        terms = deposit.wish or self.best(deposit, is_first, now)
        if terms is not None:
            deposit.no_bonus = terms.why_not(deposit.who, deposit.cents, is_first, now)
            if deposit.no_bonus is None:
                bonus = terms.bonus(deposit.cents)
                deposit.claim = self.grant(Claim(deposit.who, terms, bonus, deposit.cents, key, has_use=True))
        if is_first and deposit.who == 1:
            self.reward(key, deposit.cents, now)

    def best(self, deposit: Deposit, is_first: bool, now: datetime) -> Terms | None:
        holding = [
            (-each.bonus(deposit.cents), number)
            for number, each in enumerate(self.bonuses)
            if each.is_auto and each.why_not(deposit.who, deposit.cents, is_first, now) is None
        ]
        return self.bonuses[min(holding)[1]] if holding else None

    def reward(self, key: str, cents: int, now: datetime) -> None:
        [terms] = [each for each in self.bonuses if each.type == "referral"]
        if terms.why_not(0, cents, False, now) is not None:
            return
        if terms.friends:
            self.grant(Claim(1, terms, terms.friends, 0, key, has_use=False))
        self.grant(Claim(0, terms, terms.bonus(cents), 0, key, has_use=True))

    def refund(self, key: str) -> None:
        deposit = self.deposits[key]
        deposit.status = "refunded"
        self.take_back(deposit.who, deposit.cents)
        for claim in self.claims:
            if claim.cause == key and claim.status != "cancelled":
                self.lapse(claim)
                if claim.released:
                    self.take_back(claim.who, claim.released)
                if claim.has_use:
                    claim.terms.used_by.remove(claim.who)
