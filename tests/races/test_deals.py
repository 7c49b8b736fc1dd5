"""Claims of deals, raced for: by many for the last one, by one in many windows, against refunds and deliveries."""

from collections import Counter
from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, func, select, text

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals import books, claiming, spending
from app.deals import service as deals
from app.deals.models import Deal, DealSpend, Grant, PromotionClaim
from app.deals.service import Shopper
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from app.promotions import service as promotions
from app.promotions.models import Promotion, PromotionUse
from tests import make
from tests.make_kit import NOW
from tests.races import guards
from tests.races.claimants import COUNTING_CLAIMS, LOOKED, Contestant, claimer, faults, grants, live, rich
from tests.racing import after_call, after_statement, before_statement, patient, race, unguarded_race

SHOPPERS = 64
FEW = 4  # enough to go wrong
VISIT = "session-of-ada"


@pytest.fixture
def ada(app: Flask) -> Person:  # noqa: ARG001
    return make.user(username="ada").person


def refunder(invoice: Invoice) -> Contestant:
    number = invoice.number

    def refund() -> str:
        with unit_of_work():
            orders.refund(number, None, key=f"refund-{number}", actor=SYSTEM, now=NOW)
        return "refunded"

    return refund


def deliverer(grant: Grant) -> Contestant:
    grant_id = grant.id

    def deliver() -> str:
        with unit_of_work():
            deals.deliver(grant_id, NOW)
        return "delivered"

    return deliver


def used(deal: Deal) -> tuple[int, bool]:
    found = db.session.get_one(Promotion, deal.id, populate_existing=True)
    return found.used_count, found.is_active


def test_of_64_shoppers_three_have_the_last_three(app: Flask) -> None:
    deal = make.deal(usage_limit=3)
    crowd = [claimer(deal, each) for each in rich(deal.id, SHOPPERS)]
    outcomes = race(app, crowd, hold=LOOKED)
    assert Counter(outcomes) == {"claimed": 3, "usage_limit_reached": SHOPPERS - 3}
    assert (live(), used(deal), faults()) == (3, (3, False), [])
    assert db.session.scalar(select(func.sum(PromotionClaim.claim_count))) == 3


def test_without_the_guard_all_of_them_have_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions, "_count_up", guards.count_up_without_limit)
    deal = make.deal(usage_limit=1)
    crowd = [claimer(deal, each) for each in rich(deal.id, FEW)]
    assert unguarded_race(app, crowd, hold=COUNTING_CLAIMS) == ["claimed"] * FEW
    assert live() == FEW


def test_one_shopper_in_20_windows_has_exactly_what_was_earned(app: Flask, ada: Person) -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    make.spend(ada, 3999)
    outcomes = race(app, [claimer(deal, Shopper(ada))] * 20, hold=LOOKED)
    assert Counter(outcomes) == {"claimed": 3, "min_amount_not_met": 17}
    assert (live(), used(deal), faults()) == (3, (3, True), [])


def test_one_shopper_in_many_windows_has_a_single_deal_once(app: Flask, ada: Person) -> None:
    deal = make.deal(min_amount=10)
    make.spend(ada, 3999)
    outcomes = race(app, [claimer(deal, Shopper(ada))] * 8, hold=LOOKED)
    assert Counter(outcomes) == {"claimed": 1, "user_limit_reached": 7}
    assert (live(), faults()) == (1, [])


@pytest.mark.parametrize("bonus_type", ["single", "recurrent"])
def test_without_the_condition_the_same_spend_is_claimed_again_and_again(
    app: Flask, ada: Person, monkeypatch: pytest.MonkeyPatch, bonus_type: str
) -> None:
    monkeypatch.setattr(claiming, "_count_up", guards.count_claim_unseen)
    deal = make.deal(bonus_type=bonus_type, min_amount=10)
    make.spend(ada, 1000)
    assert unguarded_race(app, [claimer(deal, Shopper(ada))] * FEW, hold=COUNTING_CLAIMS) == ["claimed"] * FEW
    assert live() == FEW
    assert faults() or bonus_type == "single"


def test_a_double_click_claims_once_however_much_was_earned(app: Flask, ada: Person) -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    make.spend(ada, 9000)
    outcomes = race(app, [claimer(deal, Shopper(ada), nth=1)] * 8, hold=LOOKED)
    assert Counter(outcomes) == {"claimed": 1, "there already": 7}
    assert (live(), used(deal), faults()) == (1, (1, True), [])


def test_without_the_number_a_double_click_claims_twice(app: Flask, ada: Person) -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    make.spend(ada, 9000)
    assert race(app, [claimer(deal, Shopper(ada))] * 2, hold=LOOKED) == ["claimed"] * 2


def two_sessions_of_one_name() -> tuple[Deal, Shopper]:
    """Each has paid for one claim."""
    name = Person("Cleo")
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    for visit in (VISIT, "another session"):
        make.spend(name, 1000, visit=visit)
    return deal, Shopper(name, VISIT)


def test_a_session_in_many_windows_does_not_claim_what_another_of_its_name_has_paid_for(app: Flask) -> None:
    deal, shopper = two_sessions_of_one_name()
    outcomes = race(app, [claimer(deal, shopper)] * FEW, hold=LOOKED)
    assert Counter(outcomes) == {"claimed": 1, "min_amount_not_met": FEW - 1}
    make.claim(deal, shopper.person, visit="another session")
    assert (live(), faults()) == (2, [])


def test_without_the_second_look_it_claims_what_the_other_has_paid_for(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_carries_by_itself", guards.trust_the_session)
    deal, shopper = two_sessions_of_one_name()
    outcomes = unguarded_race(app, [claimer(deal, shopper)] * 2, hold=COUNTING_CLAIMS)
    assert outcomes == ["claimed"] * 2


CLAIMING_AND_REFUNDING = after_statement(
    r"^(SELECT promotion_claims\.promotion_id, promotion_claims\.total_spent|UPDATE deal_spends)"
)


def test_a_claim_against_a_refund_leaves_nothing_that_is_not_paid_for(app: Flask, ada: Person) -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    invoices = [make.spend(ada, 1000) for _each in range(2)]
    crowd = [*[claimer(deal, Shopper(ada))] * 3, refunder(invoices[0])]
    outcomes = Counter(race(app, crowd, hold=CLAIMING_AND_REFUNDING))
    assert outcomes["refunded"] == 1
    assert set(outcomes) <= {"refunded", "claimed", "min_amount_not_met"}
    assert [status for status, _flag in grants()].count("pending") == 1
    assert (used(deal)[0], faults()) == (1, [])


def pause() -> None:
    db.session.scalar(text("SELECT 'a pause'"))


def test_without_the_lock_a_refund_overlooks_a_claim(app: Flask, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_then_pause(*conditions: ColumnElement[bool]) -> Sequence[PromotionClaim]:
        found = guards.read_claims_unlocked(*conditions)
        pause()
        return found

    monkeypatch.setattr(spending, "lock_claims", read_then_pause)
    deal = make.deal(min_amount=10)
    invoice = make.spend(ada, 1000)
    claim = claimer(deal, Shopper(ada))

    def claim_between_two_pauses() -> str:
        pause()
        db.session.rollback()
        told = str(claim())
        pause()
        return told

    pausing = before_statement(r"^(SELECT 'a pause'|UPDATE promotion_claims SET total_spent)", letting_go=True)
    outcomes = unguarded_race(app, [claim_between_two_pauses, refunder(invoice)], hold=pausing)
    assert outcomes == ["claimed", "refunded"]
    assert faults()


def test_a_delivery_against_a_refund_is_one_or_the_other(app: Flask, ada: Person) -> None:
    deal = make.deal(min_amount=10)
    invoice = make.spend(ada, 1000)
    grant = make.claim(deal, ada)
    crowd = [*[deliverer(grant)] * 3, refunder(invoice)]
    hold = after_statement(r"^(SELECT grants\.claim_id|UPDATE deal_spends)")
    outcomes = race(app, crowd, hold=hold)
    assert outcomes[3] == "refunded"
    assert len(set(outcomes[:3])) == 1
    assert grants() == [("delivered", True) if outcomes[0] == "delivered" else ("revoked", False)]
    assert (used(deal)[0], faults()) == (live(), [])


def test_without_the_lock_something_is_handed_out_that_was_taken_back(
    app: Flask, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_lock", guards.read_claim_unlocked)
    monkeypatch.setattr(spending, "lock_claims", guards.read_claims_unlocked)
    deal = make.deal(min_amount=10)
    invoice = make.spend(ada, 1000)
    grant = make.claim(deal, ada)
    hold = before_statement(r"^UPDATE grants", letting_go=True)
    # both write: the table can't hold both at once, or PostgreSQL sees first that each waits for what the other holds
    with pytest.raises(AssertionError, match=r"ck_grants_|deadlock detected"):
        unguarded_race(app, [deliverer(grant), refunder(invoice)], hold=hold)


def payer(invoice: Invoice, event: str = "") -> Contestant:
    invoice_id, told = invoice.id, make.told(invoice, event)

    def pay() -> str:
        with unit_of_work():
            orders.mark_paid(invoice_id, "test", told, NOW)
        return "paid"

    return pay


def remover(deal: Deal) -> Contestant:
    deal_id = deal.id

    def remove() -> bool:
        with unit_of_work():
            return deals.remove(deal_id, SYSTEM, NOW)

    return remove


REMOVING_AND_PAYING = before_statement(r"^(INSERT INTO deal_spends|DELETE FROM deals)")


def test_a_deal_that_is_deleted_while_somebody_pays_is_archived_or_gone(app: Flask, ada: Person) -> None:
    deal, invoice = make.deal(), make.invoice(person=ada)
    is_gone, paid = race(app, [remover(deal), payer(invoice)], hold=REMOVING_AND_PAYING)
    assert (paid, orders.get(invoice.id).status) == ("paid", "paid")
    left = db.session.get(Promotion, deal.id, populate_existing=True)
    counted = db.session.scalars(select(DealSpend.amount_cents)).all()
    assert (left is None, counted) == (is_gone, [] if is_gone else [2000])
    assert left is None or left.archived_at is not None
    assert faults() == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # SQLite has one writer anyway
def test_without_the_lock_a_payment_stumbles_over_it(app: Flask, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "_running_at", guards.running_unlocked)
    deal, invoice = make.deal(), make.invoice(person=ada)
    with pytest.raises(AssertionError, match=r"fk_(deal_spends|deals)"):
        unguarded_race(app, [remover(deal), patient(payer(invoice))], hold=REMOVING_AND_PAYING)


def test_a_payment_that_is_told_8_times_at_once_counts_once(app: Flask, ada: Person) -> None:
    deal, invoice = make.deal(), make.invoice(person=ada)
    crowd = [payer(invoice, f"event-{number % 2}") for number in range(8)]
    assert race(app, crowd, hold=after_statement(r"^SELECT invoices"), seconds=0.1) == ["paid"] * 8
    assert db.session.scalars(select(PromotionClaim.spent_cents)).all() == [2000]
    assert (faults(), deal.id) == ([], db.session.scalars(select(DealSpend.promotion_id)).one())


def counting(invoice_id: int) -> Contestant:
    def count() -> str:
        with unit_of_work():
            deals.count_spend(invoice_id, Person("Cleo"), amount_cents=2000, visit=VISIT, paid_at=NOW, now=NOW)
        return "counted"

    return count


COUNTING = before_statement("^INSERT INTO (deal_spends|promotion_claims)")


def test_the_same_invoice_counts_once_even_where_two_try_to_count_it(app: Flask) -> None:
    make.deal()
    assert race(app, [counting(1)] * 4, hold=COUNTING) == ["counted"] * 4
    assert db.session.scalars(select(PromotionClaim.spent_cents)).all() == [2000]
    assert books.faults() == []


def test_without_the_key_it_counts_again_and_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "_write_down", guards.write_down_again)
    make.deal()
    race(app, [counting(1)] * 4)
    assert db.session.scalars(select(PromotionClaim.spent_cents)).all() == [8000]
    assert books.faults()


def test_payments_of_one_person_over_many_deals_at_once_all_count(app: Flask, ada: Person) -> None:
    made = [make.deal(min_amount=10, bonus_type="recurrent", auto_claim=True) for _each in range(6)]
    invoices = [make.invoice(person=ada, price_cents=1000) for _each in range(3)]
    crowd = [payer(each) for each in invoices]
    assert race(app, crowd, hold=after_call(spending, "_write_down"), seconds=0.2) == ["paid"] * 3
    rows = db.session.execute(select(PromotionClaim.spent_cents, PromotionClaim.claim_count)).all()
    assert [tuple(each) for each in rows] == [(3000, 3)] * len(made)
    uses = select(func.count()).where(PromotionUse.released_at.is_(None))
    assert (db.session.scalar(uses), faults()) == (3 * len(made), [])
