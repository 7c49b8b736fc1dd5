"""Deals that claim by themselves: with the payment, as of its time, and later where something was in the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.config import settings
from app.deals import books
from app.deals import service as deals
from app.deals.models import Deal, Grant, PromotionClaim
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.orders import service as orders
from app.orders.models import Invoice
from app.promotions import archiving, jobs
from app.promotions import books as books_of_uses
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app", "frozen")
ADA, VISIT = Person("Ada"), "session-of-ada"
DAY = timedelta(days=1)
NO_GRANTS = {
    "sqlite": ["CREATE TRIGGER no_grants BEFORE INSERT ON grants BEGIN SELECT RAISE(ABORT, 'no grants today'); END"],
    "postgresql": [
        """CREATE FUNCTION no_grants() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no grants today'; END $$""",
        "CREATE TRIGGER no_grants BEFORE INSERT ON grants FOR EACH ROW EXECUTE FUNCTION no_grants()",
    ],
}
GRANTS_AGAIN = {
    "sqlite": ["DROP TRIGGER no_grants"],
    "postgresql": ["DROP TRIGGER no_grants ON grants", "DROP FUNCTION no_grants()"],
}


def execute(statements: dict[str, list[str]]) -> None:
    db.session.rollback()
    with db.engine.begin() as connection:
        for each in statements[connection.dialect.name]:
            connection.execute(text(each))


@contextmanager
def nothing_can_be_granted() -> Iterator[None]:
    """The database itself refuses every grant."""
    execute(NO_GRANTS)
    try:
        yield
    finally:
        execute(GRANTS_AGAIN)


def granted() -> list[bool]:
    """Whether each live grant was made automatically."""
    db.session.rollback()
    return list(db.session.scalars(select(Grant.is_automatic).where(Grant.status != "revoked").order_by(Grant.id)))


def waiting() -> int:
    ours = OutboxEvent.topic == deals.TOPIC
    return db.session.scalar(select(func.count()).where(ours, OutboxEvent.settled_at.is_(None))) or 0


def spent(deal: Deal) -> int:
    claims = select(PromotionClaim.spent_cents).where(PromotionClaim.promotion_id == deal.id)
    return db.session.scalar(claims.execution_options(populate_existing=True)) or 0


def balanced() -> bool:
    return not [*books.faults(), *books_of_uses.faults()]


def pay_late(cents: int, *, paid_at: object, now: object) -> Invoice:
    """Paid at one moment, told at another."""
    invoice = make.invoice(person=ADA, visit=VISIT, price_cents=cents)
    with unit_of_work():
        return orders.mark_paid(invoice.id, "test", make.told(invoice, happened_at=paid_at), now)  # type: ignore[arg-type]


def test_the_threshold_is_passed_by_several_payments() -> None:
    make.deal(auto_claim=True)
    make.spend(ADA, 4999, visit=VISIT)
    assert granted() == []
    make.spend(ADA, 1, visit=VISIT)
    assert granted() == [True]
    make.spend(ADA, 9000, visit=VISIT)
    assert (granted(), waiting(), balanced()) == ([True], 0, True)


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "not closed yet"])
def test_a_late_notification_claims_as_of_its_payment(*, is_closed: bool) -> None:
    deal = make.deal(auto_claim=True, ends_at=NOW + DAY)
    if is_closed:
        jobs.close_ended(NOW + DAY)
    pay_late(5000, paid_at=NOW + DAY - timedelta(microseconds=1), now=NOW + 3 * DAY)
    assert (spent(deal), granted(), balanced()) == (5000, [True], True)
    pay_late(5000, paid_at=NOW + DAY, now=NOW + 3 * DAY)
    assert (spent(deal), granted()) == (5000, [True])


def test_where_the_limit_was_reached_meanwhile_the_payment_stands() -> None:
    deal = make.deal(auto_claim=True, usage_limit=1)
    make.spend(Person("Ben"), 5000)
    invoice = make.spend(ADA, 5000, visit=VISIT)
    assert (orders.get(invoice.id).status, granted(), waiting(), balanced()) == ("paid", [True], 0, True)
    people = select(PromotionClaim.person, PromotionClaim.spent_cents, PromotionClaim.claim_count)
    rows = db.session.execute(people.order_by(PromotionClaim.person)).all()
    assert [tuple(each) for each in rows] == [("name:ada", 5000, 0), ("name:ben", 5000, 1)]
    assert deal.auto_claim


@pytest.mark.parametrize("terms", [{"is_active": False}, {"requires_account": True}])
def test_what_can_not_be_claimed_is_not(terms: dict[str, bool]) -> None:
    deal = make.deal(auto_claim=True, **terms)
    make.spend(ADA, 5000, visit=VISIT)
    assert (spent(deal), granted(), waiting()) == (5000, [], 0)


def test_more_than_can_be_claimed_at_once_goes_on_in_the_background() -> None:
    deal = make.deal(auto_claim=True, bonus_type="recurrent", min_amount=1)
    make.spend(ADA, 4550, visit=VISIT)
    assert (len(granted()), waiting()) == (20, 1)
    outbox.drain(deals.TOPIC)
    assert (len(granted()), waiting(), spent(deal), balanced()) == (45, 0, 4550, True)


def test_exactly_as_many_as_can_be_claimed_at_once_and_not_one_more() -> None:
    make.deal(auto_claim=True, bonus_type="recurrent", min_amount=1)
    make.spend(ADA, 2000, visit=VISIT)
    outbox.drain(deals.TOPIC)
    assert (len(granted()), waiting(), balanced()) == (20, 0, True)


def test_a_refund_in_between_leaves_no_more_than_was_paid_for() -> None:
    make.deal(auto_claim=True, bonus_type="recurrent", min_amount=1)
    invoice = make.spend(ADA, 4500, visit=VISIT)
    with unit_of_work():
        orders.refund(invoice.number, None, key="all of it", actor=SYSTEM, now=NOW)
    outbox.drain(deals.TOPIC)
    assert (granted(), waiting(), balanced()) == ([], 0, True)


@pytest.mark.parametrize("what", ["archived", "expired", "switched off"])
def test_what_goes_on_in_the_background_ends_with_its_deal(what: str) -> None:
    deal = make.deal(auto_claim=True, bonus_type="recurrent", min_amount=1)
    make.spend(ADA, 4500, visit=VISIT)
    with unit_of_work():
        if what == "archived":
            archiving.archive(deal.id, actor=SYSTEM, now=NOW)
        elif what == "expired":
            archiving.expire(deal.id, actor=SYSTEM, now=NOW)
        else:
            deals.change(deal.id, {"is_active": False}, actor=SYSTEM, now=NOW)
    outbox.drain(deals.TOPIC)
    assert (len(granted()), waiting(), balanced()) == (20, 0, True)


def test_a_claim_that_fails_inside_leaves_the_payment_alone_and_is_made_up_for_later() -> None:
    deal = make.deal(auto_claim=True, bonus_type="recurrent", min_amount=10)
    other = make.deal(min_amount=10)
    with nothing_can_be_granted():
        invoice = make.spend(ADA, 2500, visit=VISIT)
        assert (orders.get(invoice.id).status, spent(deal), spent(other)) == ("paid", 2500, 2500)
        assert (granted(), waiting(), balanced()) == ([], 1, True)
        outbox.drain(deals.TOPIC)
        assert (granted(), waiting()) == ([], 1)
    with unit_of_work():
        db.session.execute(text("UPDATE outbox_events SET due_at = created_at"))
    outbox.drain(deals.TOPIC)
    assert (granted(), waiting(), spent(deal), balanced()) == ([True, True], 0, 2500, True)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # SQLite has no locks of rows
def test_a_promotion_that_is_held_by_somebody_else_does_not_hold_up_the_payment(app: Flask) -> None:
    deal = make.deal(auto_claim=True, min_amount=10)
    invoice = make.invoice(person=ADA, visit=VISIT, price_cents=1000)
    with psycopg.connect(settings(app).database_url.replace("+psycopg", "")) as rival:
        rival.execute("SELECT id FROM promotions WHERE id = %s FOR NO KEY UPDATE", (deal.id,))
        with unit_of_work():
            db.session.execute(text("SET LOCAL lock_timeout = '100ms'"))  # as in real life, only sooner
            orders.mark_paid(invoice.id, "test", make.told(invoice), NOW)
        assert (orders.get(invoice.id).status, spent(deal), granted(), waiting()) == ("paid", 1000, [], 1)
    outbox.drain(deals.TOPIC)
    assert (granted(), waiting(), balanced()) == ([True], 0, True)


def test_what_waits_in_the_background_does_not_know_the_name_of_an_account() -> None:
    make.deal(auto_claim=True, bonus_type="recurrent", min_amount=1)
    person = make.user(username="ada.lovelace").person
    make.spend(person, 4500)
    assert "lovelace" not in str(db.session.scalars(select(OutboxEvent.payload)).all())
    outbox.drain(deals.TOPIC)
    assert (len(granted()), balanced()) == (45, True)
