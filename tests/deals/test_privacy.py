"""A name is no key: without an account people see, claim and lose only what their own session has paid for."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts import desk
from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals import books
from app.deals import service as deals
from app.deals.errors import DealRefused
from app.deals.models import Deal, DealSpend, Grant, PromotionClaim
from app.deals.service import Shopper
from app.deals.standings import cards
from app.kit.db import db, unit_of_work
from app.orders import books as order_books
from app.orders import linking
from app.orders import service as orders
from app.orders.models import Invoice
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")
ADA = Person("Ada")
HERS, OTHER = "session-of-ada", "session-of-somebody"
LATER = NOW + timedelta(hours=1)


def seen(deal: Deal, shopper: Shopper) -> tuple[int, int, int]:
    """What the widget shows them: spent, claimed, claimable."""
    db.session.expire_all()
    [card] = [each for each in cards(shopper, 0, NOW) if each.shown.id == deal.id]
    assert card.standing is not None
    return card.standing.spent_cents, card.standing.live, card.standing.claimable


def refused(deal: Deal, shopper: Shopper) -> str:
    with pytest.raises(DealRefused) as refusal, unit_of_work():
        deals.claim(deal.id, shopper, now=NOW)
    return refusal.value.code


def claims_of(deal: Deal) -> list[tuple[str, int, int]]:
    db.session.expire_all()
    query = select(PromotionClaim).where(PromotionClaim.promotion_id == deal.id).order_by(PromotionClaim.person)
    return [(each.person, each.spent_cents, each.claim_count) for each in db.session.scalars(query)]


def link(invoice: Invoice, user: User) -> None:
    with unit_of_work():
        linking.link(invoice.number, user.username, actor=SYSTEM, now=LATER)


def refund(invoice: Invoice) -> None:
    with unit_of_work():
        orders.refund(invoice.number, None, key=f"refund-{invoice.number}", actor=SYSTEM, now=LATER)


def balanced() -> bool:
    return not [*books.faults(), *order_books.faults()]


def test_another_session_under_the_same_name_sees_and_claims_nothing() -> None:
    deal = make.deal(min_amount=10)
    make.spend(ADA, 1000, visit=HERS)
    assert [seen(deal, Shopper(ADA, HERS)), seen(deal, Shopper(ADA, OTHER))] == [(1000, 0, 1), (0, 0, 0)]
    assert refused(deal, Shopper(ADA, OTHER)) == "min_amount_not_met"
    make.claim(deal, ADA, visit=HERS)
    assert [seen(deal, Shopper(ADA, HERS)), seen(deal, Shopper(ADA, OTHER))] == [(1000, 1, 0), (0, 0, 0)]


def test_limits_count_by_name_whatever_the_session() -> None:
    deal = make.deal(min_amount=10)
    for visit in (HERS, OTHER):
        make.spend(ADA, 1000, visit=visit)
    make.claim(deal, ADA, visit=HERS)
    assert seen(deal, Shopper(ADA, OTHER)) == (1000, 0, 0)
    assert refused(deal, Shopper(ADA, OTHER)) == "user_limit_reached"


def test_of_two_sessions_under_one_name_each_claims_what_itself_has_paid_for() -> None:
    deal = make.deal(min_amount=10, bonus_type="recurrent")
    for visit in (HERS, OTHER):
        make.spend(ADA, 1000, visit=visit)
    make.claim(deal, ADA, visit=HERS)
    assert refused(deal, Shopper(ADA, HERS)) == "min_amount_not_met"
    make.claim(deal, ADA, visit=OTHER)
    assert claims_of(deal) == [("name:ada", 2000, 2)]
    assert [each.visit for each in db.session.scalars(select(Grant).order_by(Grant.id))] == [HERS, OTHER]


def test_whoever_opened_an_invoice_by_its_signed_link_claims_on_it_too_but_not_again() -> None:
    deal = make.deal(min_amount=10)
    invoice = make.spend(ADA, 1000, visit=HERS)
    on_the_phone = Shopper(ADA, OTHER, (invoice.id,))
    assert seen(deal, on_the_phone) == (1000, 0, 1)
    with unit_of_work():
        deals.claim(deal.id, on_the_phone, now=NOW)
    assert [seen(deal, on_the_phone), seen(deal, Shopper(ADA, HERS))] == [(1000, 1, 0), (1000, 0, 0)]
    assert refused(deal, Shopper(ADA, HERS)) == "user_limit_reached"


def test_a_signed_link_to_somebody_elses_invoice_is_worth_nothing_under_another_name() -> None:
    deal = make.deal(min_amount=10)
    invoice = make.spend(Person("Ben"), 1000, visit=HERS)
    assert refused(deal, Shopper(ADA, OTHER, (invoice.id,))) == "min_amount_not_met"


def test_an_account_and_a_name_are_never_mixed_even_when_the_name_is_registered() -> None:
    deal = make.deal(min_amount=10)
    make.spend(ADA, 1000, visit=HERS)
    make.claim(deal, ADA, visit=HERS)
    account = make.user(username="Ada").person
    assert seen(deal, Shopper(account)) == (0, 0, 0)
    assert refused(deal, Shopper(account, HERS)) == "min_amount_not_met"
    make.spend(account, 1000)
    make.claim(deal, account)
    assert claims_of(deal) == [("name:ada", 1000, 1), (account.key, 1000, 1)]


def test_a_linked_order_counts_for_the_account_from_then_on_and_a_refund_too() -> None:
    deal = make.deal(min_amount=10)
    invoices = [make.spend(ADA, 600, visit=HERS) for _each in range(2)]
    user = make.user()
    make.spend(user.person, 100)
    link(invoices[0], user)
    assert claims_of(deal) == [("name:ada", 0, 0), (user.person.key, 1300, 0)]
    assert seen(deal, Shopper(ADA, HERS)) == (0, 0, 0)
    make.claim(deal, user.person)
    refund(invoices[1])
    assert claims_of(deal) == [("name:ada", 0, 0), (user.person.key, 700, 0)]
    assert balanced()


def test_what_a_name_has_claimed_stays_with_it_when_its_orders_are_linked_and_nobody_sees_it() -> None:
    deal = make.deal(min_amount=10)
    invoice = make.spend(ADA, 1000, visit=HERS)
    make.claim(deal, ADA, visit=HERS)
    user = make.user()
    link(invoice, user)
    assert claims_of(deal) == [("name:ada", 1000, 1)]
    assert [seen(deal, each) for each in (Shopper(ADA, HERS), Shopper(user.person))] == [(0, 0, 0)] * 2
    refund(invoice)
    assert claims_of(deal) == [("name:ada", 0, 0)]
    assert balanced()


def test_a_linked_order_that_stays_here_and_goes_there_is_refunded_where_each_is() -> None:
    claimed, open_to_all = make.deal(min_amount=10), make.deal(min_amount=100)
    invoice = make.spend(ADA, 1000, visit=HERS)
    make.claim(claimed, ADA, visit=HERS)
    user = make.user()
    make.spend(user.person, 300)
    link(invoice, user)
    assert claims_of(claimed) == [("name:ada", 1000, 1), (user.person.key, 300, 0)]
    assert claims_of(open_to_all) == [("name:ada", 0, 0), (user.person.key, 1300, 0)]
    refund(invoice)
    assert claims_of(claimed) == [("name:ada", 0, 0), (user.person.key, 300, 0)]
    assert claims_of(open_to_all) == [("name:ada", 0, 0), (user.person.key, 300, 0)]
    assert balanced()


def test_a_session_without_a_key_of_its_own_sees_nothing_of_what_was_linked() -> None:
    deal = make.deal(min_amount=10, bonus_type="recurrent")
    invoice = make.spend(ADA, 2000, visit=HERS)
    make.claim(deal, ADA, visit=HERS)
    link(invoice, make.user())
    assert db.session.scalars(select(DealSpend.visit)).all() == [None]
    assert seen(deal, Shopper(ADA)) == (0, 0, 0)
    assert refused(deal, Shopper(ADA)) == "min_amount_not_met"


def test_what_was_claimed_stays_without_the_name_when_a_person_is_forgotten() -> None:
    deal = make.deal(min_amount=10)
    user = make.user(username="Ada")
    make.spend(user.person, 1000)
    grant = make.claim(deal, user.person)
    with unit_of_work():
        desk.anonymise(user.id, actor=SYSTEM, now=LATER)
    make.deliver(grant)
    db.session.expire_all()
    own = db.session.scalars(select(PromotionClaim)).one()
    assert (own.shopper, own.claim_count, own.claimed_ingame) == (f"user-{user.id}", 1, True)
    assert balanced()
