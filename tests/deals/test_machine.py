"""Several people and several deals, in any order: a model written by hand knows what is spent, claimed and left."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import select, update

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.cart import service as carts
from app.deals import books
from app.deals import service as deals
from app.deals.errors import DealRefused, GrantRevoked
from app.deals.models import DELIVERED, REVOKED, Grant, PromotionClaim
from app.deals.service import Shopper
from app.errors import DomainError
from app.kit.db import db, unit_of_work
from app.orders import books as order_books
from app.orders import linking
from app.orders import service as orders
from app.promotions import archiving
from app.promotions import books as promotion_books
from app.promotions.models import Promotion
from tests import make
from tests.make_kit import NOW

EARLIER = NOW - timedelta(hours=1)
_numbers = count(1)
LIMITS = st.none() | st.integers(1, 4)
THRESHOLDS = st.sampled_from([700, 1000, 1500])
PIECES = st.sampled_from([1, 7, 10, 15, 40])
TYPES = st.sampled_from(["single", "recurrent"])


@dataclass
class Spent:
    """What an invoice counts for on one deal."""

    owner: str
    visit: str | None
    cents: int


@dataclass
class Given:
    """A grant, as it should be."""

    owner: str
    visit: str | None
    needs: int
    status: str = "pending"
    is_flagged: bool = False

    @property
    def is_live(self) -> bool:
        return self.status != "revoked"


@dataclass
class Running:
    """A deal as it should be."""

    id: int
    bonus_type: str
    threshold: int
    usage_limit: int | None
    per_user_limit: int | None
    auto_claim: bool
    is_off: bool = False
    has_ended: bool = False
    lowest: int = 0
    spent: dict[int, Spent] = field(default_factory=dict)
    given: dict[int, Given] = field(default_factory=dict)

    def spent_by(self, owner: str) -> int:
        return sum(each.cents for each in self.spent.values() if each.owner == owner)

    def live_of(self, owner: str) -> list[Given]:
        return [each for each in self.given.values() if each.is_live and each.owner == owner]

    def why_not(self, who: Shopper, *, as_of_payment: bool = False) -> str | None:
        """The reason for which a claim is refused."""
        owner = who.person.key
        spent, live = self.spent_by(owner), len(self.live_of(owner))
        is_recurrent = self.bonus_type == "recurrent"
        most = self.per_user_limit if is_recurrent else 1
        used = sum(each.is_live for each in self.given.values())
        open_to_name = spent - live * self.threshold * is_recurrent
        if not who.person.has_account:
            mine = sum(each.cents for each in self.spent.values() if each.owner == owner and each.visit == who.visit)
            mine_live = sum(each.visit == who.visit for each in self.live_of(owner))
            open_to_name = min(open_to_name, mine - mine_live * self.threshold * is_recurrent)
        reasons = {
            "expired": self.has_ended and not as_of_payment,
            "usage_limit_reached": self.usage_limit is not None and used >= self.usage_limit,
            "inactive": self.is_off,
            "user_limit_reached": most is not None and live >= most,
            "min_amount_not_met": open_to_name < self.threshold,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)

    def give(self, grant: Grant, who: Shopper) -> None:
        owner, visit = who.person.key, None if who.person.has_account else who.visit
        nth = len(self.live_of(owner)) + 1
        needs = self.threshold * (nth if self.bonus_type == "recurrent" else 1)
        assert grant.needs_cents == needs
        self.given[grant.id] = Given(owner, visit, needs)

    def take_back(self, owner: str, now_is: dict[int, Grant]) -> None:
        """As many as are no longer carried went: those that waited first, and those handed out were flagged."""
        carried = {number: each for number, each in self.given.items() if each.owner == owner and each.is_live}
        carried = {number: each for number, each in carried.items() if not each.is_flagged}
        spent = self.spent_by(owner)
        too_many = sum(each.needs > spent for each in carried.values())
        waiting = sum(each.status == "pending" for each in carried.values())
        gone = [number for number in carried if now_is[number].status == REVOKED]
        flagged = [number for number in carried if now_is[number].flagged_at is not None]
        assert (len(gone), len(flagged)) == (min(too_many, waiting), max(0, too_many - waiting))
        kept = sorted(each.needs for each in carried.values())[: len(carried) - too_many]
        staying = set(carried) - {*gone, *flagged}
        assert sorted(now_is[number].needs_cents for number in staying) == kept
        for number, each in carried.items():
            each.status, each.is_flagged = now_is[number].status, number in flagged
            each.needs = now_is[number].needs_cents


class Store(RuleBasedStateMachine):
    """Two accounts, and one name in two sessions."""

    @initialize(data=st.data())
    def open_store(self, data: Any) -> None:
        number = next(_numbers)
        self.product = make.product(price_cents=100)
        self.users = [make.user() for _each in range(2)]
        self.visits = [f"machine-{number}-{each}" for each in range(2)]
        name = Person(f"Cleo-{number}")
        self.shoppers = [*(Shopper(each.person) for each in self.users), *(Shopper(name, v) for v in self.visits)]
        self.invoices: dict[int, tuple[str, int, str | None]] = {}
        self.deals = [self.new_deal(data) for _each in range(data.draw(st.integers(1, 3)))]

    def new_deal(self, data: Any) -> Running:
        draw = data.draw
        made = Running(0, draw(TYPES), draw(THRESHOLDS), draw(LIMITS), draw(LIMITS), draw(st.booleans()))
        terms = {"bonus_type": made.bonus_type, "min_amount": made.threshold / 100, "auto_claim": made.auto_claim}
        limits = {"usage_limit": made.usage_limit, "per_user_limit": made.per_user_limit}
        made.id = make.deal(**terms, **limits, auto_deactivate_on_max_uses=draw(st.booleans())).id
        made.lowest = made.threshold
        return made

    @rule(data=st.data(), pieces=PIECES, is_late=st.booleans())
    def pay(self, data: Any, pieces: int, *, is_late: bool) -> None:
        who: Shopper = data.draw(st.sampled_from(self.shoppers))
        with unit_of_work():
            cart = carts.of(who.person, who.visit or "", NOW)
            carts.add(cart, self.product.id, pieces, NOW)
            given: dict[str, Any] = {"key": f"machine-key-{next(_numbers):012d}", "expected_total_cents": pieces * 100}
            invoice = orders.check_out(cart, person=who.person, visit=who.visit, now=NOW, **given)
        self.count(invoice.id, invoice.number, who, pieces * 100, is_late=is_late)

    @rule(data=st.data(), units=PIECES)
    def donate(self, data: Any, units: int) -> None:
        who: Shopper = data.draw(st.sampled_from(self.shoppers))
        key = f"machine-key-{next(_numbers):012d}"
        with unit_of_work():
            invoice = orders.donate(units * 100, "", person=who.person, visit=who.visit, key=key, now=NOW)
        self.count(invoice.id, invoice.number, who, units * 100, is_late=False)

    def count(self, invoice_id: int, number: str, who: Shopper, cents: int, *, is_late: bool) -> None:
        told = make.told(orders.get(invoice_id), happened_at=EARLIER if is_late else NOW)
        for _twice in range(2):
            with unit_of_work():
                orders.mark_paid(invoice_id, "test", told, NOW)
        visit = None if who.person.has_account else who.visit
        self.invoices[invoice_id] = (number, cents, visit)
        for deal in self.deals:
            if deal.has_ended and not is_late:
                continue
            deal.spent[invoice_id] = Spent(who.person.key, visit, cents)
            if deal.auto_claim:
                self.claimed_by_itself(deal, who)

    def claimed_by_itself(self, deal: Running, who: Shopper) -> None:
        for grant in self.rows(deal):
            if grant.id not in deal.given:
                assert grant.is_automatic
                assert deal.why_not(who, as_of_payment=True) is None
                deal.give(grant, who)
        assert deal.why_not(who, as_of_payment=True) is not None, "it should have gone on"

    @rule(data=st.data(), nth=st.none() | st.integers(1, 3))
    def claim(self, data: Any, nth: int | None) -> None:
        pairs = [(deal, who) for deal in self.deals for who in self.shoppers]
        deal, who = data.draw(st.sampled_from(self.open_to(pairs)) | st.sampled_from(pairs))
        told = None
        mine = [each for each in deal.live_of(who.person.key) if who.person.has_account or each.visit == who.visit]
        try:
            with unit_of_work():
                grant = deals.claim(deal.id, who, now=NOW, nth=nth)
        except DealRefused as refusal:
            told, grant = refusal.code, None
        if told is None and grant is None:
            assert nth is not None
            assert nth <= len(mine)
            return
        assert told == deal.why_not(who)
        if grant is not None:
            deal.give(grant, who)

    def open_to(self, pairs: list[tuple[Running, Shopper]]) -> list[tuple[Running, Shopper]]:
        """Who can claim what; chance alone would find few of them."""
        return [(deal, who) for deal, who in pairs if deal.why_not(who) is None] or pairs

    @precondition(lambda self: any(deal.given for deal in self.deals))
    @rule(data=st.data())
    def deliver(self, data: Any) -> None:
        deal = data.draw(st.sampled_from([each for each in self.deals if each.given]))
        waiting = [number for number, each in deal.given.items() if each.status == "pending"]
        number = data.draw(st.sampled_from(waiting or sorted(deal.given)) | st.sampled_from(sorted(deal.given)))
        try:
            with unit_of_work():
                deals.deliver(number, NOW)
        except GrantRevoked:
            assert deal.given[number].status == REVOKED
        else:
            assert deal.given[number].is_live
            deal.given[number].status = DELIVERED

    @precondition(lambda self: self.invoices)
    @rule(data=st.data(), is_whole=st.booleans())
    def refund(self, data: Any, *, is_whole: bool) -> None:
        invoice_id = data.draw(st.sampled_from(sorted(self.invoices)))
        number, left, visit = self.invoices[invoice_id]
        [line] = orders.by_number(number).lines
        pieces = line.quantity - line.refunded_quantity
        part = pieces if is_whole else data.draw(st.integers(1, pieces))
        with unit_of_work():
            key = f"machine-refund-{next(_numbers)}"
            orders.refund(number, {line.id: part}, key=key, actor=SYSTEM, now=NOW)
        back = left * part // pieces
        self.invoices[invoice_id] = (number, left - back, visit)
        if part == pieces:
            del self.invoices[invoice_id]
        for deal in self.deals:
            if invoice_id in deal.spent:
                deal.spent[invoice_id].cents -= back
                deal.take_back(deal.spent[invoice_id].owner, {each.id: each for each in self.rows(deal)})

    @rule(data=st.data(), threshold=THRESHOLDS, bonus_type=TYPES)
    def change_terms(self, data: Any, threshold: int, bonus_type: str) -> None:
        deal = data.draw(st.sampled_from(self.deals))
        self.change(deal, min_amount=threshold / 100, bonus_type=bonus_type)
        deal.threshold, deal.bonus_type, deal.lowest = threshold, bonus_type, min(threshold, deal.lowest)

    @rule(data=st.data(), usage_limit=LIMITS, per_user_limit=LIMITS)
    def move_limits(self, data: Any, usage_limit: int | None, per_user_limit: int | None) -> None:
        deal = data.draw(st.sampled_from(self.deals))
        self.change(deal, usage_limit=usage_limit, per_user_limit=per_user_limit)
        deal.usage_limit, deal.per_user_limit = usage_limit, per_user_limit

    @rule(data=st.data(), wanted=st.booleans())
    def switch(self, data: Any, *, wanted: bool) -> None:
        deal = data.draw(st.sampled_from(self.deals))
        try:
            self.change(deal, is_active=wanted)
        except DomainError:
            assert wanted
        else:
            deal.is_off = not wanted

    @rule(data=st.data())
    def expire_or_prolong(self, data: Any) -> None:
        deal = data.draw(st.sampled_from(self.deals))
        if deal.has_ended:
            self.change(deal, ends_at=NOW + timedelta(days=1))
        else:
            with unit_of_work():
                archiving.expire(deal.id, actor=SYSTEM, now=NOW)
        deal.has_ended = not deal.has_ended

    @precondition(lambda self: any(visit for _number, _left, visit in self.invoices.values()))
    @rule(data=st.data())
    def link(self, data: Any) -> None:
        of_sessions = [each for each, (_number, _left, visit) in self.invoices.items() if visit]
        number, _left, visit = self.invoices[data.draw(st.sampled_from(of_sessions))]
        user: User = data.draw(st.sampled_from(self.users))
        with unit_of_work():
            linking.link(number, user.username, actor=SYSTEM, now=NOW)
        name = self.shoppers[-1].person.key
        self.invoices = {
            each: (number, left, None if of == visit else of) for each, (number, left, of) in self.invoices.items()
        }
        for deal in self.deals:
            has_claimed = bool(deal.live_of(name))
            hidden = [each for each in deal.spent.values() if each.owner == name and each.visit == visit]
            for each in hidden:
                each.owner, each.visit = name if has_claimed else user.person.key, None
            for grant in deal.given.values() if hidden else ():
                grant.visit = None if grant.owner == name and grant.visit == visit else grant.visit

    def change(self, deal: Running, **fields: Any) -> None:
        with unit_of_work():
            deals.change(deal.id, fields, actor=SYSTEM, now=NOW)

    def rows(self, deal: Running) -> Iterator[Grant]:
        """The grants as they are kept."""
        query = select(Grant).join(Grant.claim).where(PromotionClaim.promotion_id == deal.id).order_by(Grant.id)
        yield from db.session.scalars(query.execution_options(populate_existing=True)).all()

    def teardown(self) -> None:
        if not hasattr(self, "deals"):
            return
        db.session.rollback()
        for deal in self.deals:
            self.compare(deal)
        assert [*books.faults(), *promotion_books.faults(), *order_books.faults()] == []
        with unit_of_work():  # later examples have nothing to do with these
            ours = Promotion.id.in_([deal.id for deal in self.deals])
            shut = {"is_active": False, "deactivated_by": "person", "auto_deactivated_at": None, "archived_at": NOW}
            db.session.execute(update(Promotion).where(ours).values(**shut))

    def compare(self, deal: Running) -> None:
        claims = db.session.scalars(select(PromotionClaim).where(PromotionClaim.promotion_id == deal.id)).all()
        for claim in claims:
            live = deal.live_of(claim.person)
            assert (claim.spent_cents, claim.claim_count) == (deal.spent_by(claim.person), len(live))
            resting = sum(not each.is_flagged for each in live)
            assert resting <= claim.spent_cents // deal.lowest
        assert {each.owner for each in deal.spent.values() if each.cents} <= {claim.person for claim in claims}
        kept = {each.id: (each.status, each.flagged_at is not None, each.needs_cents) for each in self.rows(deal)}
        assert kept == {number: (each.status, each.is_flagged, each.needs) for number, each in deal.given.items()}


@pytest.mark.usefixtures("app")
def test_the_books_and_a_model_agree_whatever_happens() -> None:
    quick = settings(max_examples=14, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Store, settings=quick)
