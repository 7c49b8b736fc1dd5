"""Two clients and five bonuses, in any order: a model written by hand knows what everybody has, owes and misses."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from app.audit.service import SYSTEM
from app.bonuses import editing, jobs
from app.bonuses import service as bonuses
from app.bonuses.errors import BonusRefused, NotActive
from app.bonuses.models import MemberPromotion
from app.cart import service as carts
from app.deposits.models import Deposit as KeptDeposit
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice, InvoiceLine
from app.promotions.models import Promotion
from app.wallet import service as wallets
from app.wallet.errors import NotEnough
from tests import make
from tests.bonuses.model import WHO, Claim
from tests.bonuses.reading import faults
from tests.bonuses.till import AMOUNTS, PEOPLE, PRICES, Till, new_key


class Desk(Till):
    """Purchases besides, and all that may become of them."""

    @rule(who=PEOPLE)
    def claim_credit(self, who: int) -> None:
        terms = self.books.bonuses[3]
        why_not = terms.why_not(who, 0, False, self.now)
        try:
            with unit_of_work():
                bonuses.claim_free_credit(self.clients[who], make.bonus_code(terms.own), now=self.now)
        except BonusRefused as refused:
            assert refused.code == why_not  # noqa: PT017
        else:
            assert why_not is None
            self.books.grant(Claim(who, terms, terms.bonus(0), 0, None, has_use=True))

    @rule(who=PEOPLE, games=st.integers(0, 3), music=st.integers(0, 3), from_wallet=st.booleans())
    def buy(self, who: int, games: int, music: int, from_wallet: bool) -> None:
        pieces = {name: many for name, many in (("games", games), ("music", music)) if many}
        if not pieces:
            return
        total = sum(PRICES[name] * many for name, many in pieces.items())
        invoice = self.ordered(who, pieces, total)
        missing = total - self.books.cash[who]
        try:
            with unit_of_work():
                if from_wallet:
                    invoice = orders.pay_from_wallet(invoice.id, self.now)
                else:
                    invoice = orders.mark_paid(invoice.id, invoice.provider, make.told(invoice), self.now)
        except NotEnough as short:
            assert short.facts["missing_cents"] == missing > 0  # noqa: PT017
            with unit_of_work():
                orders.void(invoice.id, actor=SYSTEM, now=self.now)
            return
        if from_wallet:
            self.books.cash[who] -= total
        lines = db.session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by("position"))
        left = {}
        counts = bool(self.books.active(who))
        for line in lines.all():
            left[line.id] = line.quantity
            if counts:
                self.books.count(f"line:{line.id}", who, line.paid_cents, line.category or "", self.now)
        self.invoices.append((who, invoice, left))

    def ordered(self, who: int, pieces: dict[str, int], total: int) -> Invoice:
        person, visit = self.clients[who].person, f"visit-{who}"
        with unit_of_work():
            cart = carts.of(person, visit, self.now)
            for name, many in pieces.items():
                carts.add(cart, self.products[name].id, many, self.now)
            return orders.check_out(
                cart, person=person, visit=visit, key=new_key(), expected_total_cents=total, now=self.now
            )

    @precondition(lambda self: any(sum(left.values()) for _who, _invoice, left in self.invoices))
    @rule(draw=st.data())
    def give_back(self, draw: Any) -> None:
        """Some pieces of an order, told twice."""
        waiting = [each for each in self.invoices if sum(each[2].values())]
        who, invoice, left = draw.draw(st.sampled_from(waiting))
        wanted = {line: draw.draw(st.integers(0, many)) for line, many in left.items()}
        if not any(wanted.values()):
            wanted = dict(left)
        self.return_pieces(who, invoice, left, wanted)

    @rule(who=PEOPLE, cents=AMOUNTS)
    def deposit_buy_and_return_piece_by_piece(self, who: int, cents: int) -> None:
        self.told(who, cents, self.books.bonuses[who])
        self.buy(who, 3, 0, from_wallet=False)
        _who, invoice, left = self.invoices[-1]
        for _piece in range(3):
            self.return_pieces(who, invoice, left, dict.fromkeys(left, 1))

    def return_pieces(self, who: int, invoice: Invoice, left: dict[int, int], wanted: dict[int, int]) -> None:
        key = new_key()
        for _twice in range(2):
            with unit_of_work():
                orders.refund(invoice.number, wanted, key=key, actor=SYSTEM, now=self.now)
        prices = {line: self.price_of(line) for line in wanted}
        for line, many in wanted.items():
            left[line] -= many
            self.books.go_back(f"line:{line}", prices[line] * many)
            if invoice.provider == "wallet":
                self.books.cash[who] += prices[line] * many

    def price_of(self, line: int) -> int:
        return db.session.get_one(InvoiceLine, line).unit_price_cents

    @rule(who=PEOPLE, cents=st.sampled_from([1, 400, 2500]), name=st.sampled_from(["games", "music", None]))
    def play(self, who: int, cents: int, name: str | None) -> None:
        key, category = new_key(), self.categories[name].slug if name else ""
        assert make.played(self.clients[who], cents, category.upper() or None, event_id=key, now=self.now)
        assert not make.played(self.clients[1 - who], 999, event_id=key, now=self.now)
        self.books.count(f"event:{key}", who, cents, category, self.now)

    @precondition(lambda self: self.books.claims)
    @rule(draw=st.data(), is_own=st.booleans())
    def cancel(self, draw: Any, is_own: bool) -> None:
        place = draw.draw(st.integers(0, len(self.books.claims) - 1))
        claim = self.books.claims[place]
        number = self.kept_claims()[place].id
        was = claim.status
        try:
            with unit_of_work():
                if is_own:
                    bonuses.cancel_own(self.clients[claim.who].id, number, self.now)
                else:
                    bonuses.cancel(number, actor=SYSTEM, now=self.now)
        except NotActive:
            assert was == "completed"
        else:
            assert was != "completed"
            self.books.lapse(claim)

    @rule(cents=AMOUNTS, games=st.integers(1, 3), music=st.integers(1, 3))
    def everybody_deposits_and_buys(self, cents: int, games: int, music: int) -> None:
        for who in WHO:
            self.told(who, cents, self.books.bonuses[who])
            self.buy(who, games, music, from_wallet=False)
            self.buy(who, music, games, from_wallet=True)

    @rule(days=st.sampled_from([1, 15, 15]))
    def days_pass(self, days: int) -> None:
        self.now += timedelta(days=days)
        jobs.lapse_overdue(self.now)
        self.books.lapse_overdue(self.now)

    @invariant()
    def everybody_has_what_the_model_says(self) -> None:
        if not hasattr(self, "now"):
            return
        db.session.rollback()
        for who in WHO:
            kept = wallets.balances(self.clients[who].id)
            assert (kept.cash_cents, kept.bonus_cents) == (self.books.cash[who], self.books.locked(who))
            assert min(kept.cash_cents, kept.bonus_cents) >= 0
        self.now += timedelta(seconds=1)

    def teardown(self) -> None:
        if not hasattr(self, "now"):
            return
        db.session.rollback()
        claims = self.kept_claims()
        for kept, claim in zip(claims, self.books.claims, strict=True):
            self.compare_claim(kept, claim)
        for key, deposit in self.books.deposits.items():
            found = db.session.get_one(KeptDeposit, self.numbers[key], populate_existing=True)
            assert (found.status, found.no_bonus) == (deposit.status, deposit.no_bonus)
            place = next((place for place, each in enumerate(self.books.claims) if each is deposit.claim), None)
            assert found.member_promotion_id == (None if place is None else claims[place].id)
        for who in WHO:
            owed = [each.amount_cents for each in wallets.debts(self.clients[who].id)]
            assert sorted(owed) == sorted(self.books.debts[who])
        for terms in self.books.bonuses:
            promotion = db.session.get_one(Promotion, terms.own.id, populate_existing=True)
            assert promotion.used_count == len(terms.used_by)
        assert faults() == []
        for terms in self.books.bonuses:  # so that they don't come to the clients of the next run
            with unit_of_work():
                editing.update(terms.own.id, {"is_active": False}, actor=SYSTEM, now=self.now)

    def kept_claims(self) -> Sequence[MemberPromotion]:
        mine = MemberPromotion.user_id.in_([each.id for each in self.clients])
        return db.session.scalars(select(MemberPromotion).where(mine).order_by(MemberPromotion.id)).all()

    def compare_claim(self, kept: MemberPromotion, claim: Claim) -> None:
        whose = (self.clients[claim.who].id, claim.terms.own.id, claim.deposit, claim.bonus, claim.required)
        assert (
            kept.user_id,
            kept.promotion_id,
            kept.deposit_cents,
            kept.bonus_cents,
            kept.required_turnover_cents,
        ) == whose
        turnover = (kept.current_turnover_cents, kept.refunded_turnover_cents)
        assert turnover == (claim.current, claim.gone_later)
        became = (kept.status, kept.completed_at is not None, kept.released_cents, kept.lapsed_cents)
        assert became == (claim.status, claim.is_completed, claim.released, claim.lapsed)


EXAMPLES = {"sqlite": 14, "postgresql": 3}


@pytest.mark.usefixtures("app")
def test_the_books_and_a_model_agree_whatever_happens() -> None:
    many = EXAMPLES[db.engine.dialect.name]
    quick = settings(max_examples=many, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Desk, settings=quick)
