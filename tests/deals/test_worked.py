"""Worked examples: what happens on one deal, a few words a step, and what its rows say in the end.

`pay 30` is a purchase; `pay 30 by Ben`, `late pay 30` (in time, but told after the end), `pay 30 at the end`. `claim`;
`claim: reason` is refused for it. `deliver 1` hands out the first grant. `refund 2` gives back the second payment,
`refund 2: 1 part` one of its ten parts. `set` changes the deal. The end is told as what is spent, Ada's grants in their
order (`p`ending, `d`elivered, `f`lagged, `r`evoked), how many are open, the progress, and the status of the deal.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals import books, people
from app.deals import service as deals
from app.deals.errors import DealRefused
from app.deals.models import Deal, Grant, PromotionClaim
from app.deals.service import Shopper
from app.kit.db import db, unit_of_work
from app.orders import books as order_books
from app.orders import service as orders
from app.orders.models import Invoice
from app.promotions import archiving, jobs
from app.promotions import books as books_of_uses
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")
ENDS_AT = NOW + timedelta(days=1)
VISIT = "session-of-"
LETTERS = {"pending": "p", "delivered": "d", "revoked": "r"}
_numbers = count(1)

EXAMPLES: dict[str, tuple[dict[str, Any], str, str]] = {
    # single: once, however much
    "nothing": ({}, "claim: min_amount_not_met", "0 - 0 open 0.0 active"),
    "a cent below": ({}, "pay 49.99; claim: min_amount_not_met", "49.99 - 0 open 0.9998 active"),
    "exactly": ({}, "pay 50; claim; claim: user_limit_reached", "50 p 0 open 1.0 active"),
    "a cent above": ({}, "pay 50.01", "50.01 - 1 open 1.0 active"),
    "several times": ({}, "pay 170; claim; claim: user_limit_reached", "170 p 0 open 1.0 active"),
    "in parts": ({}, "pay 20; pay 20; claim: min_amount_not_met; pay 10; claim", "50 p 0 open 1.0 active"),
    "a limit that says more": (
        {"per_user_limit": 3},
        "pay 170; claim; claim: user_limit_reached",
        "170 p 0 open 1.0 active",
    ),
    # recurrent: the next multiple
    "every: a cent below": (
        {"every": 50},
        "pay 99.99; claim; claim: min_amount_not_met",
        "99.99 p 0 open 0.9998 active",
    ),
    "every: exactly": ({"every": 50}, "pay 100; claim; claim; claim: min_amount_not_met", "100 pp 0 open 0.0 active"),
    "every: above": ({"every": 50}, "pay 100.01; claim", "100.01 p 1 open 1.0 active"),
    "every: at most twice": (
        {"every": 10, "per_user_limit": 2},
        "pay 99; claim; claim; claim: user_limit_reached",
        "99 pp 0 open 1.0 active",
    ),
    "every: two are left": (
        {"every": 10, "usage_limit": 2},
        "pay 99; claim; claim; claim: usage_limit_reached",
        "99 pp 0 open 1.0 expired",
    ),
    "every: one is left": (
        {"every": 10, "usage_limit": 2},
        "pay 10 by Ben; claim by Ben; pay 99",
        "99 - 1 open 1.0 active",
    ),
    # refunds
    "refunded before a claim": ({}, "pay 50; refund 1; claim: min_amount_not_met", "0 - 0 open 0.0 active"),
    "a part too much": ({}, "pay 50; claim; refund 1: 1 part", "45 r 0 open 0.9 active"),
    "a part that doesn't matter": ({}, "pay 60; claim; refund 1: 1 part", "54 p 0 open 1.0 active"),
    "claimed again": ({}, "pay 50; claim; refund 1; pay 50; claim", "50 rp 0 open 1.0 active"),
    "handed out": (
        {},
        "pay 50; claim; deliver 1; refund 1; pay 50; claim: user_limit_reached",
        "50 f 0 open 1.0 active",
    ),
    "the latest goes first": (
        {"every": 10},
        "pay 30; claim; claim; claim; refund 1: 1 part",
        "27 ppr 0 open 0.7 active",
    ),
    "who waits goes first": (
        {"every": 10},
        "pay 10; pay 10; claim; claim; deliver 2; refund 1",
        "10 rd 0 open 0.0 active",
    ),
    "some of both": (
        {"every": 10},
        "pay 30; claim; claim; claim; deliver 1; deliver 3; refund 1",
        "0 frf 0 open 0.0 active",
    ),
    "flagged ones hold their place": (
        {"every": 10},
        "pay 10; claim; deliver 1; refund 1; pay 10; claim: min_amount_not_met; pay 10; claim",
        "20 fp 0 open 0.0 active",
    ),
    "flagged once": (
        {"every": 10},
        "pay 20; claim; claim; deliver 1; deliver 2; refund 1: 1 part; refund 1",
        "0 ff 0 open 0.0 active",
    ),
    "the last one comes back": (
        {"usage_limit": 1},
        "pay 50; claim; refund 1; pay 50 by Ben; claim by Ben",
        "0 r 0 open 1.0 expired",
    ),
    # terms that change
    "a higher threshold": ({}, "pay 50; claim; set min_amount 80; refund 1: 1 part", "45 r 0 open 0.5625 active"),
    "a higher one keeps its promise": (
        {},
        "pay 60; claim; set min_amount 80; refund 1: 1 part",
        "54 p 0 open 1.0 active",
    ),
    "a lower threshold": ({"every": 50}, "pay 50; claim; set min_amount 10; claim", "50 pp 3 open 1.0 active"),
    "from every to once": (
        {"every": 10},
        "pay 30; claim; claim; set bonus_type single; claim: user_limit_reached",
        "30 pp 0 open 1.0 active",
    ),
    "from once to every": (
        {},
        "pay 100; claim; set bonus_type recurrent; claim; claim: min_amount_not_met",
        "100 pp 0 open 0.0 active",
    ),
    # limits that move
    "below what is used": (
        {"every": 10, "usage_limit": 5},
        "pay 50; claim; claim; set usage_limit 1; claim: usage_limit_reached",
        "50 pp 0 open 1.0 exhausted",
    ),
    "below what one has": (
        {"every": 10},
        "pay 50; claim; claim; set per_user_limit 1; claim: user_limit_reached",
        "50 pp 0 open 1.0 active",
    ),
    "a higher limit opens again": (
        {"every": 10, "usage_limit": 1},
        "pay 50; claim; claim: usage_limit_reached; set usage_limit 2; claim",
        "50 pp 0 open 1.0 expired",
    ),
    "no limit opens again": (
        {"every": 10, "usage_limit": 1},
        "pay 50; claim; set usage_limit None; claim",
        "50 pp 3 open 1.0 active",
    ),
    "used up, and left on": (
        {"usage_limit": 1, "auto_deactivate_on_max_uses": False},
        "pay 50; claim",
        "50 p 0 open 1.0 exhausted",
    ),
    # switches, ends and late words
    "off and on": (
        {},
        "set is_active False; pay 50; claim: inactive; set is_active True; claim",
        "50 p 0 open 1.0 active",
    ),
    "off for good": ({"usage_limit": 1}, "pay 50; claim; set is_active False; refund 1", "0 r 0 open 0.0 inactive"),
    "ended now": ({}, "pay 50; expire; claim: expired; pay 10", "50 - 1 open 1.0 expired"),
    "ended, and given a later end": ({}, "pay 50; expire; prolong; claim; pay 10", "60 p 0 open 1.0 active"),
    "at the end": ({}, "pay 50 at the end", "0 - 0 open 0.0 active"),
    "told late": ({}, "close; late pay 50", "50 - 1 open 1.0 expired"),
    "told late, claimed by itself": ({"auto_claim": True}, "close; late pay 50", "50 p 0 open 1.0 expired"),
    "told late, nothing left": (
        {"auto_claim": True, "usage_limit": 1},
        "pay 50 by Ben; close; late pay 50",
        "50 - 0 open 1.0 expired",
    ),
    "by itself, then refunded": (
        {"every": 10, "auto_claim": True},
        "pay 25; refund 1: 6 parts; pay 10",
        "20 prp 0 open 0.0 active",
    ),
    # what counts
    "a gift counts": ({}, "donate 50; claim", "50 p 0 open 1.0 active"),
    "what costs nothing": ({}, "pay 0; claim: min_amount_not_met", "0 - 0 open 0.0 active"),
    "what was really paid": (
        {},
        "pay 55 with TEN; claim: min_amount_not_met; refund 1: 1 part",
        "44.55 - 0 open 0.891 active",
    ),
    "told twice": ({}, "pay 25; again 1; again 1", "25 - 0 open 0.5 active"),
    "told in the wrong order": (
        {},
        "order 30; order 25; decline 2; tell 2; decline 2; tell 1; tell 2",
        "55 - 1 open 1.0 active",
    ),
    "money for what was cancelled": ({}, "order 50; void 1; tell 1", "0 - 0 open 0.0 active"),
}


@dataclass
class Example:
    """Somebody who does what the steps say, on one deal."""

    deal: Deal
    invoices: list[Invoice] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    now: datetime = NOW

    def run(self, step: str) -> None:
        for pattern, do in STEPS.items():
            if (said := re.fullmatch(pattern, step)) is not None:
                do(self, *said.groups())
                db.session.expire_all()
                return
        raise AssertionError(f"what is {step!r}?")

    def order(self, amount: str, who: str | None = None, code: str | None = None) -> Invoice:
        """Ten pieces where that comes out even, so that parts can go back."""
        cents = round(float(amount) * 100)
        pieces = 1 if cents % 10 else 10
        name = who or "Ada"
        details: dict[str, Any] = {"price_cents": cents // pieces, "quantity": pieces, "code": code}
        self.invoices.append(made := make.invoice(person=Person(name), visit=f"{VISIT}{name}", **details))
        return made

    def pay(self, amount: str, *, paid_at: datetime = NOW, now: datetime = NOW, **of: Any) -> None:
        made = self.order(amount, **of)
        if made.status == "pending":
            self.tell(len(self.invoices), paid_at=paid_at, now=now)

    def tell(self, number: str | int, *, paid_at: datetime = NOW, now: datetime = NOW, outcome: str = "paid") -> None:
        invoice = self.invoices[int(number) - 1]
        told = make.told(invoice, f"{outcome}-{invoice.id}", happened_at=paid_at, outcome=outcome)
        with unit_of_work():
            orders.take_in("test", told, now)

    def donate(self, amount: str) -> None:
        key, ada = f"gift-number-{next(_numbers):08d}", Person("Ada")
        with unit_of_work():
            made = orders.donate(int(amount) * 100, "", person=ada, visit=f"{VISIT}Ada", key=key, now=NOW)
        self.invoices.append(made)
        self.tell(len(self.invoices))

    def void(self, number: str) -> None:
        with unit_of_work():
            orders.void(self.invoices[int(number) - 1].id, actor=SYSTEM, now=NOW)

    def claim(self, who: str | None, reason: str | None) -> None:
        name, told = who or "Ada", None
        try:
            with unit_of_work():
                grant = deals.claim(self.deal.id, Shopper(Person(name), f"{VISIT}{name}"), now=NOW)
        except DealRefused as refusal:
            grant, told = None, str(refusal.code)
        assert told == reason
        if grant is not None:
            self.grants.append(grant)

    def deliver(self, number: str) -> None:
        make.deliver(self.grants[int(number) - 1])

    def refund(self, number: str, pieces: str | None) -> None:
        invoice = orders.by_number(self.invoices[int(number) - 1].number)
        wanted = {invoice.lines[0].id: int(pieces)} if pieces else None
        with unit_of_work():
            orders.refund(invoice.number, wanted, key=f"refund-{next(_numbers)}", actor=SYSTEM, now=NOW)

    def set(self, name: str, value: str) -> None:
        words: dict[str, Any] = {"None": None, "True": True, "False": False}
        given = words[value] if value in words else int(value) if value.isdecimal() else value
        with unit_of_work():
            deals.change(self.deal.id, {name: given}, actor=SYSTEM, now=NOW)

    def expire(self) -> None:
        with unit_of_work():
            archiving.expire(self.deal.id, actor=SYSTEM, now=NOW)

    def prolong(self) -> None:
        with unit_of_work():
            deals.change(self.deal.id, {"ends_at": ENDS_AT}, actor=SYSTEM, now=NOW)

    def close(self) -> None:
        """The end comes, and the upkeep with it."""
        self.now = ENDS_AT
        jobs.close_ended(self.now)

    def told(self) -> str:
        db.session.rollback()
        found = next((each for each in people.everybody(self.deal.id) if each.username == "Ada"), None)
        ours = select(Grant).join(Grant.claim).where(PromotionClaim.person == "name:ada").order_by(Grant.id)
        letters = [
            "f" if each.flagged_at else LETTERS[each.status]
            for each in db.session.scalars(ours.execution_options(populate_existing=True))
        ]
        spent, is_open, part = 0, 0, 0.0
        if found is not None:
            standing = found.standing
            spent, is_open, part = standing.spent_cents, standing.claimable, standing.progress
        status = deals.get(self.deal.id).promotion.status(self.now)
        return f"{spent / 100:g} {''.join(letters) or '-'} {is_open} open {part} {status}"


AMOUNT = r"([\d.]+)"
LATE: dict[str, Any] = {"paid_at": ENDS_AT - timedelta(microseconds=1), "now": ENDS_AT + timedelta(days=2)}
STEPS: dict[str, Callable[..., object]] = {
    rf"pay {AMOUNT}(?: by (\w+))?": lambda it, amount, who: it.pay(amount, who=who),
    rf"pay {AMOUNT} with (\w+)": lambda it, amount, code: it.pay(amount, code=code),
    rf"pay {AMOUNT} at the end": lambda it, amount: it.pay(amount, paid_at=ENDS_AT, now=ENDS_AT),
    rf"late pay {AMOUNT}": lambda it, amount: it.pay(amount, **LATE),
    rf"order {AMOUNT}": Example.order,
    r"(?:tell|again) (\d)": Example.tell,
    r"decline (\d)": lambda it, number: it.tell(number, outcome="declined"),
    r"void (\d)": Example.void,
    r"donate (\d+)": Example.donate,
    r"claim(?: by (\w+))?(?:: (\w+))?": Example.claim,
    r"deliver (\d)": Example.deliver,
    r"refund (\d)(?:: (\d) parts?)?": Example.refund,
    r"set (\w+) (\w+)": Example.set,
    r"expire": Example.expire,
    r"prolong": Example.prolong,
    r"close": Example.close,
}


@pytest.mark.parametrize(("fields", "steps", "told"), EXAMPLES.values(), ids=EXAMPLES)
def test_a_worked_example(fields: dict[str, Any], steps: str, told: str) -> None:
    terms = dict(fields)
    if "every" in terms:
        terms |= {"bonus_type": "recurrent", "min_amount": terms.pop("every")}
    make.discount(code="TEN", discount_value=10)
    example = Example(make.deal(ends_at=ENDS_AT, **terms))
    for step in steps.split("; "):
        example.run(step)
    assert example.told() == told
    assert [*books.faults(), *books_of_uses.faults(), *order_books.faults()] == []
