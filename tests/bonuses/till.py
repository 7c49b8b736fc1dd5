"""The half of the machine that moves money in and out: deposits, withdrawals, corrections by hand, conversions."""

from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from app.audit.service import SYSTEM
from app.deposits import service as deposits
from app.deposits import withdrawing
from app.deposits.errors import (
    BonusesActive,
    DebtOpen,
    DebtUncovered,
    NotConfirmable,
    NotDecidable,
    NotRefundable,
    NotRefusable,
    TooManyOpen,
)
from app.deposits.service import Received
from app.kit.db import unit_of_work
from app.orders.models import Invoice
from app.wallet import adjusting
from app.wallet import service as wallets
from app.wallet.errors import NotEnough
from tests import make
from tests.bonuses.model import Deposit, Ledger, Terms
from tests.make_kit import NOW

_numbers = count(1)
PEOPLE = st.integers(0, 1)
AMOUNTS = st.sampled_from([1235, 500, 1000, 5000])
LIMITS = st.sampled_from([None, None, None, 2, 4])
TIMES = st.sampled_from([50, 20, 100, 10, 0])
MOSTS = st.sampled_from([None, None, 0, 300])
GAMES = st.sampled_from([(), (), ("games",), ("music",)])
ENDS = st.sampled_from([NOW + timedelta(days=each) for each in (200, 200, 1, 20)])
PERCENTS = st.sampled_from([1000, 3333, 10_000])
PRICES = {"games": 333, "music": 450}


def new_key() -> str:
    return f"key-of-the-machine-{next(_numbers):06d}"


class Till(RuleBasedStateMachine):
    """What an admin's desk and other programs do; the first client has referred the second."""

    @initialize(draw=st.data())
    def open_desk(self, draw: Any) -> None:
        ada = make.user()
        self.clients = [ada, make.user(referred_by_id=ada.id)]
        self.categories = {name: make.category(f"{name}-{next(_numbers)}") for name in PRICES}
        self.products = {
            name: make.product(category=each, price_cents=PRICES[name]) for name, each in self.categories.items()
        }
        self.books = Ledger(
            [self.new_bonus(draw.draw, type_) for type_ in ("deposit",) * 3 + ("freecredit", "referral")]
        )
        self.chosen = [*self.books.bonuses[:3], None]
        code, self.offer = make.offer_code(), make.offer()
        for client in self.clients:
            make.applied(client, code)
        self.invoices: list[tuple[int, Invoice, dict[int, int]]] = []
        self.withdrawals: dict[int, tuple[int, int, str]] = {}
        self.converted: list[tuple[int, Any]] = []
        self.numbers: dict[str, int] = {}
        self.now = NOW
        for who, wish in draw.draw(st.permutations([(0, 0), (1, 1), (0, 2), (1, 0)])):
            self.told(who, 1000, self.chosen[wish])

    def slugs(self, *names: str) -> tuple[str, ...]:
        return tuple(self.categories[name].slug for name in names)

    def new_bonus(self, draw: Any, type_: str) -> Terms:
        made = Terms(
            type_,
            draw(st.none() | PERCENTS),
            500,
            draw(TIMES),
            draw(ENDS),
            most=draw(MOSTS),
            games=self.slugs(*draw(GAMES)),
        )
        made.usage_limit, made.per_user_limit = draw(LIMITS), draw(LIMITS)
        if type_ == "freecredit":
            made.percent = None
        if type_ == "referral":
            made.friends = draw(st.sampled_from([None, 400]))
        if type_ == "deposit":
            made.least, made.is_for_first = (
                draw(st.sampled_from([0, 0, 1000])),
                draw(st.sampled_from([False, False, True])),
            )
            made.is_auto, made.cap = draw(st.booleans()), draw(st.sampled_from([None, None, None, 0, 900]))
        made.own = make.bonus(
            type=type_,
            bonus_type="fixed" if made.percent is None else "percentage",
            bonus_value=5 if made.percent is None else made.percent / 100,
            turnover_requirement=made.times / 100,
            max_withdraw=None if made.most is None else made.most / 100,
            max_bonus=None if made.cap is None else made.cap / 100,
            friend_bonus=None if made.friends is None else made.friends / 100,
            applicable_games=list(made.games),
            min_amount=made.least / 100,
            usage_limit=made.usage_limit,
            per_user_limit=made.per_user_limit,
            first_deposit_only=made.is_for_first,
            auto_apply=made.is_auto,
            ends_at=made.ends_at,
        )
        return made

    @rule(who=PEOPLE, cents=AMOUNTS, draw=st.data())
    def ask(self, who: int, cents: int, draw: Any) -> None:
        wish, key = draw.draw(st.sampled_from(self.chosen)), new_key()
        waiting = [each for each in self.books.deposits.values() if (each.who, each.status) == (who, "requested")]
        try:
            for _twice in range(2):
                with unit_of_work():
                    wanted = wish.own.id if wish else None
                    made = deposits.request(self.clients[who], cents, wanted, key=key, now=self.now)
        except TooManyOpen:
            assert len(waiting) == 3
        else:
            assert len(waiting) < 3
            self.books.deposits[made.subject] = Deposit(who, cents, wish)
            self.numbers[made.subject] = made.id

    @rule(who=PEOPLE, cents=AMOUNTS, draw=st.data())
    def tell(self, who: int, cents: int, draw: Any) -> None:
        self.told(who, cents, draw.draw(st.sampled_from(self.chosen)))

    def told(self, who: int, cents: int, wish: Terms | None) -> None:
        """Another program has taken it, and says so twice."""
        code = make.bonus_code(wish.own) if wish else None
        told = Received(new_key(), self.clients[who].username, cents, code)
        for is_first in (True, False):
            with unit_of_work():
                made, is_new = deposits.record(told, self.now)
            assert is_new is is_first
        self.books.deposits[made.subject] = Deposit(who, cents, wish)
        self.numbers[made.subject] = made.id
        self.books.confirm(made.subject, self.now)

    def some_deposit(self, draw: Any, *statuses: str) -> str:
        """One of these states, if there is one."""
        keys = sorted(self.books.deposits)
        fitting = [each for each in keys if self.books.deposits[each].status in statuses]
        return str(draw.draw(st.sampled_from(fitting or keys)))

    @precondition(lambda self: self.books.deposits)
    @rule(draw=st.data())
    def confirm(self, draw: Any) -> None:
        key = self.some_deposit(draw, "requested")
        was = self.books.deposits[key].status
        try:
            for _twice in range(2):
                with unit_of_work():
                    deposits.confirm(self.numbers[key], actor=SYSTEM, now=self.now)
        except NotConfirmable:
            assert was in {"refused", "refunded"}
        else:
            assert was in {"requested", "confirmed"}
            if was == "requested":
                self.books.confirm(key, self.now)

    @precondition(lambda self: self.books.deposits)
    @rule(draw=st.data(), is_own=st.booleans())
    def refuse(self, draw: Any, is_own: bool) -> None:
        key = self.some_deposit(draw, "requested", "confirmed")
        deposit, number = self.books.deposits[key], self.numbers[key]
        try:
            with unit_of_work():
                if is_own:
                    deposits.cancel(self.clients[deposit.who].id, number, self.now)
                else:
                    deposits.refuse(number, "No", actor=SYSTEM, now=self.now)
        except NotRefusable:
            assert deposit.status in {"confirmed", "refunded"}
        else:
            assert deposit.status in {"requested", "refused"}
            deposit.status = "refused"

    @precondition(lambda self: self.books.deposits)
    @rule(draw=st.data())
    def send_back(self, draw: Any) -> None:
        key = self.some_deposit(draw, "confirmed")
        was = self.books.deposits[key].status
        try:
            for _twice in range(2):
                with unit_of_work():
                    deposits.refund(self.numbers[key], "Sent back", actor=SYSTEM, now=self.now)
        except NotRefundable:
            assert was in {"requested", "refused"}
        else:
            assert was in {"confirmed", "refunded"}
            if was == "confirmed":
                self.books.refund(key)

    @rule(who=PEOPLE, cents=st.sampled_from([1, 500, 3000]))
    def withdraw(self, who: int, cents: int) -> None:
        key = new_key()
        try:
            for _twice in range(2):
                with unit_of_work():
                    made = withdrawing.request(self.clients[who], cents, "An account", key=key, now=self.now)
        except BonusesActive:
            assert self.books.active(who)
        except DebtOpen as owing:
            assert owing.facts["owed_cents"] == sum(self.books.debts[who]) > self.books.cash[who] - cents  # noqa: PT017
        except NotEnough as short:
            assert short.facts["missing_cents"] == cents - self.books.cash[who] > 0  # noqa: PT017
        else:
            assert not self.books.active(who)
            self.books.cash[who] -= cents
            self.withdrawals[made.id] = who, cents, "requested"

    @precondition(lambda self: self.withdrawals)
    @rule(draw=st.data(), wanted=st.sampled_from(["approved", "refused", "cancelled"]))
    def decide(self, draw: Any, wanted: str) -> None:
        number = draw.draw(st.sampled_from(sorted(self.withdrawals)))
        who, cents, was = self.withdrawals[number]
        try:
            with unit_of_work():
                if wanted == "cancelled":
                    withdrawing.cancel(self.clients[who].id, number, self.now)
                else:
                    verb = withdrawing.approve if wanted == "approved" else withdrawing.refuse
                    verb(number, "", actor=SYSTEM, now=self.now)
        except NotDecidable:
            assert was not in {"requested", wanted}
            return
        except DebtUncovered:
            assert (was, wanted) == ("requested", "approved")
            assert sum(self.books.debts[who]) > self.books.cash[who]
            return
        assert was in {"requested", wanted}
        if was == "requested" and wanted == "approved":
            assert sum(self.books.debts[who]) <= self.books.cash[who]
        if was == "requested" and wanted != "approved":
            self.books.cash[who] += cents
        self.withdrawals[number] = who, cents, wanted

    @rule(who=PEOPLE, cents=st.sampled_from([300, 5000, -1, -700, -2500]))
    def adjust(self, who: int, cents: int) -> None:
        key = new_key()
        try:
            for _twice in range(2):
                with unit_of_work():
                    adjusting.adjust(self.clients[who].id, cents, "A mistake", key=key, actor=SYSTEM, now=self.now)
        except NotEnough as short:
            assert short.facts["missing_cents"] == -cents - self.books.cash[who] > 0  # noqa: PT017
        else:
            self.books.cash[who] += cents

    @precondition(lambda self: any(self.books.debts))
    @rule(draw=st.data(), is_forgiven=st.booleans())
    def settle(self, draw: Any, is_forgiven: bool) -> None:
        who = 0 if self.books.debts[0] else 1
        debt = draw.draw(st.sampled_from(sorted(wallets.debts(self.clients[who].id), key=lambda each: each.id)))
        try:
            with unit_of_work():
                if is_forgiven:
                    adjusting.forgive(debt.id, "Let go", actor=SYSTEM, now=self.now)
                else:
                    adjusting.collect(debt.id, actor=SYSTEM, now=self.now)
        except NotEnough:
            assert self.books.cash[who] < debt.amount_cents
            return
        self.books.debts[who].remove(debt.amount_cents)
        if not is_forgiven:
            self.books.cash[who] -= debt.amount_cents

    @rule(who=PEOPLE)
    def convert(self, who: int) -> None:
        """An offer of 20.00, of which a tenth is theirs."""
        self.converted.append((who, make.converted(self.clients[who], self.offer, now=self.now)))
        self.books.cash[who] += 200

    @precondition(lambda self: self.converted)
    @rule()
    def reverse(self) -> None:
        who, conversion = self.converted.pop()
        for _twice in range(2):
            make.reversed_again(conversion, self.now)
        self.books.take_back(who, 200)
