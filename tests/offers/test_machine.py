"""Several clients and several codes, in any order: a model written by hand knows what is earned, used and left."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.offers import editing, holdings
from app.offers import service as offers
from app.offers.errors import CodeRefused
from app.offers.models import APPLIED, Conversion, Offer, OfferApplication, UserPromoCode
from app.offers.service import Completed
from app.promotions import archiving, jobs
from app.promotions.errors import CannotOpen
from app.wallet import ledger
from app.wallet import service as wallets
from tests import make
from tests.make_kit import NOW
from tests.offers.reading import faults, promotion_of

_numbers = count(1)
LIMITS = st.sampled_from([None, None, None, 1, 2, 4])
PAYOUTS = st.sampled_from([4, 5, 1995, 2000, 2005])  # of which a tenth is nothing, little, and as much as 2.00


@dataclass
class Code:
    """A code as it should be."""

    own: Any
    percent: int | None
    cents: int
    cap: int | None
    scope: set[int]
    usage_limit: int | None
    per_user_limit: int | None
    least: int = 0
    closes_itself: bool = True
    is_off: bool = False
    has_ended: bool = False
    is_closed: bool = False
    used_by: list[int] = field(default_factory=list)

    def bonus(self, payout: int) -> int:
        part = self.cents if self.percent is None else (payout * self.percent + 50) // 100
        return part if self.cap is None else min(part, self.cap)

    def why_not(self, who: int) -> str | None:
        """The reason for which it can't be applied."""
        reasons = {
            "expired": self.has_ended,
            "usage_limit_reached": self.usage_limit is not None and len(self.used_by) >= self.usage_limit,
            "inactive": self.is_off,
            "user_limit_reached": self.per_user_limit is not None and self.used_by.count(who) >= self.per_user_limit,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)

    def left(self, who: int) -> int | None:
        limits = ((self.usage_limit, len(self.used_by)), (self.per_user_limit, self.used_by.count(who)))
        left = [max(0, limit - used) for limit, used in limits if limit is not None]
        return min(left) if left else None


@dataclass
class Done:
    """A conversion as it should be: who, of what, by which code, and how much."""

    who: int
    offer: int
    payout: int
    code: int | None
    bonus: int
    is_reversed: bool = False


class Desk(RuleBasedStateMachine):
    """Two clients, two offers, three codes of which some are on their accounts."""

    @initialize(data=st.data())
    def open_desk(self, data: Any) -> None:
        self.clients: list[User] = [make.user() for _each in range(2)]
        self.offers: list[Offer] = [make.offer() for _each in range(2)]
        self.codes = [self.new_code(data.draw) for _each in range(3)]
        self.held: dict[tuple[int, int], int] = {}  # the order in which codes were applied
        self.done: dict[str, Done] = {}
        self.cash, self.owed = [0, 0], [0, 0]
        self.now = NOW
        pairs = [(who, which) for which in range(3) for who in (0, 1)]
        for who, which in set(pairs) - data.draw(st.sets(st.sampled_from(pairs), max_size=2)):
            self.put_on(who, which)

    def new_code(self, draw: Any) -> Code:
        percent = draw(st.none() | st.sampled_from([10, 11, 50, 1000]))
        cap = draw(st.sampled_from([None, None, None, 0, 150, 200]))
        scope = set(draw(st.sampled_from([(), (), (0,), (1,)])))
        made = Code(None, percent, 200, cap, scope, draw(LIMITS), draw(LIMITS), draw(st.sampled_from([0, 99])))
        made.closes_itself = draw(st.booleans())
        made.own = make.offer_code(
            bonus_type="fixed" if percent is None else "percentage",
            bonus_value=2 if percent is None else percent,
            max_bonus=None if cap is None else cap / 100,
            applicable_offers=[self.offers[each].id for each in scope],
            usage_limit=made.usage_limit,
            per_user_limit=made.per_user_limit,
            min_amount=made.least / 100,
            auto_deactivate_on_max_uses=made.closes_itself,
        )
        return made

    def some(self, data: Any) -> tuple[int, int]:
        """A client and a code."""
        return data.draw(st.integers(0, 1)), data.draw(st.integers(0, len(self.codes) - 1))

    @rule(data=st.data())
    def apply(self, data: Any) -> None:
        self.put_on(*self.some(data))

    def put_on(self, who: int, which: int) -> None:
        code, is_new = self.codes[which], (who, which) not in self.held
        why_not = code.why_not(who) if is_new else None
        self.now += timedelta(seconds=1)
        try:
            applied = make.applied(self.clients[who], code.own, now=self.now)
        except CodeRefused as refusal:
            assert refusal.code == why_not  # noqa: PT017
            return
        assert (why_not, applied.is_new, applied.uses_left) == (None, is_new, code.left(who))
        if is_new:
            self.held[who, which] = next(_numbers)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def remove(self, data: Any) -> None:
        who, which = data.draw(st.sampled_from(sorted(self.held)))
        mine = (UserPromoCode.user_id == self.clients[who].id, UserPromoCode.promotion_id == self.codes[which].own.id)
        held = db.session.scalars(select(UserPromoCode.id).where(*mine, UserPromoCode.status == APPLIED)).one()
        for _twice in range(2):
            with unit_of_work():
                offers.remove(self.clients[who], held, now=self.now)
        del self.held[who, which]

    @rule(payout=PAYOUTS)
    def everybody_completes_everything(self, payout: int) -> None:
        for who in (0, 1):
            self.convert(who, 0, payout)
            self.convert(who, 1, payout)

    @rule(who=st.integers(0, 1), offer=st.integers(0, 1), payout=PAYOUTS)
    def convert(self, who: int, offer: int, payout: int) -> None:
        mine = [(self.codes[which], which, order) for (holder, which), order in self.held.items() if holder == who]
        holding = [
            (-code.bonus(payout), order, which)
            for code, which, order in mine
            if code.why_not(who) is None and payout >= code.least and code.scope <= {offer} and code.bonus(payout)
        ]
        told = f"machine-{next(_numbers)}"
        assert self.told(told, who, offer, payout)[1]
        best = min(holding, default=None)
        self.done[told] = Done(who, offer, payout, best[2] if best else None, -best[0] if best else 0)
        self.cash[who] += self.done[told].bonus
        if best:
            code = self.codes[best[2]]
            code.used_by.append(who)
            code.is_closed |= code.closes_itself and self.is_used_up(code)
        self.compare_conversion(told)

    def is_used_up(self, code: Code) -> bool:
        return code.usage_limit is not None and len(code.used_by) >= code.usage_limit

    def told(self, conversion_id: str, who: int, offer: int, payout: int) -> tuple[Conversion, bool]:
        told = Completed(conversion_id, self.offers[offer].external_id, self.clients[who].username, payout)
        with unit_of_work():
            return offers.record(told, now=self.now)

    @precondition(lambda self: self.done)
    @rule(data=st.data(), payout=PAYOUTS)
    def tell_again(self, data: Any, payout: int) -> None:
        """Perhaps of somebody else, and of another amount: the first word counts."""
        told = data.draw(st.sampled_from(sorted(self.done)))
        assert not self.told(told, data.draw(st.integers(0, 1)), data.draw(st.integers(0, 1)), payout)[1]
        self.compare_conversion(told)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def reverse(self, data: Any) -> None:
        told = data.draw(st.sampled_from(sorted(self.done)))
        done = self.done[told]
        for _twice in range(2):
            with unit_of_work():
                offers.reverse(told, actor=SYSTEM, now=self.now)
        if done.is_reversed:
            return
        done.is_reversed = True
        taken = min(done.bonus, self.cash[done.who])
        self.cash[done.who] -= taken
        self.owed[done.who] += done.bonus - taken
        if done.code is not None:
            code = self.codes[done.code]
            code.used_by.remove(done.who)
            code.is_closed &= self.is_used_up(code)

    @precondition(lambda self: any(self.cash))
    @rule(data=st.data())
    def spend(self, data: Any) -> None:
        who = data.draw(st.integers(0, 1))
        cents = data.draw(st.integers(0, self.cash[who]))
        if cents:
            with unit_of_work():
                ledger.take_back(self.clients[who].id, cents, reason="spent", reference=f"{next(_numbers)}", now=NOW)
            self.cash[who] -= cents

    @rule(data=st.data(), usage_limit=LIMITS, per_user_limit=LIMITS)
    def move_limits(self, data: Any, usage_limit: int | None, per_user_limit: int | None) -> None:
        code = data.draw(st.sampled_from(self.codes))
        self.change(code, usage_limit=usage_limit, per_user_limit=per_user_limit)
        code.usage_limit, code.per_user_limit = usage_limit, per_user_limit
        code.is_closed &= self.is_used_up(code)

    @rule(data=st.data(), wanted=st.sampled_from([True, True, False]))
    def switch(self, data: Any, wanted: bool) -> None:
        code = data.draw(st.sampled_from(self.codes))
        is_on = not (code.is_off or code.is_closed or code.has_ended)
        try:
            self.change(code, is_active=wanted)
        except CannotOpen:
            assert wanted
            assert code.has_ended or (not is_on and self.is_used_up(code))
        else:
            assert not (wanted and code.has_ended)
            code.is_off = not wanted

    @rule(data=st.data())
    def expire_or_prolong(self, data: Any) -> None:
        code = data.draw(st.sampled_from([each for each in self.codes if each.has_ended] or self.codes))
        if code.has_ended:
            self.change(code, ends_at=self.now + timedelta(days=1))
        else:
            with unit_of_work():
                archiving.expire(code.own.id, actor=SYSTEM, now=self.now)
            jobs.close_ended(self.now)
        code.has_ended = not code.has_ended

    def change(self, code: Code, **fields: Any) -> None:
        with unit_of_work():
            editing.update(code.own.id, fields, actor=SYSTEM, now=self.now)

    def compare_conversion(self, told: str) -> None:
        kept, done = offers.find(told), self.done[told]
        assert kept is not None
        code = None if done.code is None else make.code_of(self.codes[done.code].own)
        whose = (self.clients[done.who].id, self.offers[done.offer].id, done.payout)
        assert (kept.user_id, kept.offer_id, kept.payout_cents) == whose
        assert (kept.bonus_cents, kept.code, kept.reversed_at is not None) == (done.bonus, code, done.is_reversed)

    def teardown(self) -> None:
        if not hasattr(self, "now"):
            return
        for told in self.done:
            self.compare_conversion(told)
        for who, client in enumerate(self.clients):
            self.compare_client(who, client)
        for code in self.codes:
            promotion = promotion_of(code.own)
            assert promotion.used_count == len(code.used_by)
            assert promotion.is_active is not (code.is_off or code.is_closed or code.has_ended)
        assert faults() == []

    def compare_client(self, who: int, client: User) -> None:
        assert wallets.balances(client.id).cash_cents == self.cash[who]
        assert sum(each.amount_cents for each in wallets.debts(client.id)) == self.owed[who]
        shown = {held.terms.promotion_id: held for held in holdings.codes_of(client, self.now)}
        mine = {self.codes[which].own.id: self.codes[which] for holder, which in self.held if holder == who}
        assert set(shown) == set(mine)
        for number, held in shown.items():
            code = mine[number]
            assert (held.refusal.rule if held.refusal else None, held.uses_left) == (code.why_not(who), code.left(who))
        live = [each for each in self.done.values() if each.who == who and each.bonus and not each.is_reversed]
        summed = select(func.count(), func.coalesce(func.sum(OfferApplication.bonus_cents), 0))
        query = summed.where(OfferApplication.user_id == client.id, OfferApplication.reversed_at.is_(None))
        assert tuple(db.session.execute(query).one()) == (len(live), sum(each.bonus for each in live))


@pytest.mark.usefixtures("app")
def test_the_books_and_a_model_agree_whatever_happens() -> None:
    quick = settings(max_examples=14, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Desk, settings=quick)
