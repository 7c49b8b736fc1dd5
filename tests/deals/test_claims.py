"""Spending, claiming, handing out and refunding, by the rows that are left."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals import books
from app.deals import service as deals
from app.deals.errors import DealRefused, GrantRevoked
from app.deals.models import Deal, Grant, PromotionClaim
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from app.promotions import books as promotion_books
from app.promotions.models import Promotion
from tests import make, shopping
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")
ADA = Person("Ada")
SignIn = Callable[..., None]
DAY = timedelta(days=1)
VISIT = "visit-of-ada"


def claims_of(deal: Deal) -> list[tuple[str, int, int, bool]]:
    db.session.expire_all()
    rows = db.session.scalars(select(PromotionClaim).where(PromotionClaim.promotion_id == deal.id))
    return sorted((each.person, each.spent_cents, each.claim_count, each.claimed_ingame) for each in rows)


def grants() -> list[tuple[str, bool]]:
    db.session.expire_all()
    rows = db.session.scalars(select(Grant).order_by(Grant.id))
    return [(each.status, each.flagged_at is not None) for each in rows]


def refund(invoice: Invoice, wanted: dict[int, int] | None = None) -> None:
    with unit_of_work():
        orders.refund(invoice.number, wanted, key=f"refund-{invoice.number}-{wanted}", actor=SYSTEM, now=NOW)


def gift(cents: int, number: int) -> Invoice:
    """A paid gift of Ada's, which costs less to make than an order."""
    with unit_of_work():
        key = f"gift-of-ada-{number:08d}"
        made = orders.donate(cents, "", person=ADA, visit=VISIT, key=key, now=NOW)
    with unit_of_work():
        return orders.mark_paid(made.id, made.provider, make.told(made), NOW)


def used(deal: Deal) -> int:
    return db.session.get_one(Promotion, deal.id, populate_existing=True).used_count


def balanced() -> bool:
    return not [*books.faults(), *promotion_books.faults()]


def test_whoever_has_spent_enough_claims_once() -> None:
    deal = make.deal()
    make.spend(ADA, 4999, visit=VISIT)
    with pytest.raises(DealRefused) as refused:
        make.claim(deal, ADA, visit=VISIT)
    assert (refused.value.code, refused.value.facts["missing"]) == ("min_amount_not_met", 0.01)
    make.spend(ADA, 1, visit=VISIT)
    grant = make.claim(deal, ADA, visit=VISIT)
    assert (grant.items, grant.needs_cents, grant.status) == (deal.reward_items, 5000, "pending")
    assert claims_of(deal) == [("name:ada", 5000, 1, False)]
    with pytest.raises(DealRefused) as refused:
        make.claim(deal, ADA, visit=VISIT)
    assert refused.value.code == "user_limit_reached"
    assert (used(deal), len(grants()), balanced()) == (1, 1, True)


def test_a_recurrent_deal_needs_the_next_multiple() -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    make.spend(ADA, 2500, visit=VISIT)
    make.claim(deal, ADA, visit=VISIT)
    make.claim(deal, ADA, visit=VISIT)
    with pytest.raises(DealRefused) as refused:
        make.claim(deal, ADA, visit=VISIT)
    assert (refused.value.code, refused.value.facts["missing"]) == ("min_amount_not_met", 5)
    assert (used(deal), balanced()) == (2, True)


def test_what_is_paid_counts_by_its_time_for_every_deal_even_one_that_is_off() -> None:
    counted = make.deal(is_active=False)
    late = make.deal(starts_at=NOW + DAY)
    over = make.deal(starts_at=NOW - 2 * DAY, ends_at=NOW)
    make.spend(ADA, 1000)
    assert [claims_of(each) for each in (counted, late, over)] == [[("name:ada", 1000, 0, False)], [], []]


def test_a_deal_that_claims_by_itself_does_so_with_the_payment() -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10, auto_claim=True, usage_limit=3)
    make.spend(ADA, 2500)
    assert claims_of(deal) == [("name:ada", 2500, 2, False)]
    make.spend(ADA, 2500)
    assert (claims_of(deal), used(deal), balanced()) == ([("name:ada", 5000, 3, False)], 3, True)


def test_a_refund_revokes_what_waits_and_flags_what_was_handed_out() -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    invoice = make.spend(ADA, 3000, visit=VISIT)
    first, second, _third = (make.claim(deal, ADA, visit=VISIT) for _each in range(3))
    make.deliver(second)
    refund(invoice)
    assert grants() == [("revoked", False), ("delivered", True), ("revoked", False)]
    assert (claims_of(deal), used(deal), balanced()) == ([("name:ada", 0, 1, True)], 1, True)
    with pytest.raises(GrantRevoked):
        make.deliver(first)


def test_a_hundred_rounds_of_buying_claiming_and_refunding_gain_one_flagged_set_at_most() -> None:
    deal = make.deal(bonus_type="recurrent", min_amount=10)
    for number in range(100):
        invoice = gift(1000, number)
        with unit_of_work():
            try:
                grant = deals.claim(deal.id, deals.Shopper(ADA, VISIT), now=NOW)
            except DealRefused:
                grant = None
        if grant:
            make.deliver(grant)
        refund(invoice)
    delivered = [each for each in grants() if each[0] == "delivered"]
    assert (delivered, claims_of(deal)) == ([("delivered", True)], [("name:ada", 0, 1, True)])
    assert balanced()


def test_nor_do_they_through_the_pages_of_the_shop(app: Flask, client: FlaskClient, sign_in: SignIn) -> None:
    now, product = clock.now(), make.product(price_cents=1000)
    deal = make.deal(min_amount=10, bonus_type="recurrent", starts_at=now - DAY, ends_at=now + DAY)
    admin = app.test_client()
    sign_in(admin, make.user(role="admin"))
    shopping.call(client, "Ada")
    for _round in range(10):
        shopping.put_in_cart(client, product)
        number = shopping.order(client)
        shopping.pay(client, number)
        with client.session_transaction() as session:
            shopper = deals.Shopper(ADA, session["visit"])
        with suppress(DealRefused), unit_of_work():
            grant = deals.claim(deal.id, shopper, now=now)
            deals.deliver(grant.id if grant else 0, now)
        given_back = admin.post(f"/admin/invoices/{number}/refund", data={"what": "everything", "key": number})
        assert given_back.status_code == 303
    assert (grants(), claims_of(deal)) == ([("delivered", True)], [("name:ada", 0, 1, True)])
    assert balanced()
