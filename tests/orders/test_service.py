"""The life of an invoice, as other rooms and providers cause it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.accounts import desk
from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.cart import service as carts
from app.discounts.models import PaidOrder
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.errors import OrderTooLarge
from app.orders.models import Invoice
from app.payments import service as payments
from app.payments.models import PaymentEvent, PaymentReturn
from app.payments.returns import TOPIC
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")
LATER = NOW + timedelta(hours=3)


def paid(invoice: Invoice, event_id: str = "evt-1", provider: str = "test") -> Invoice:
    with unit_of_work():
        return orders.mark_paid(invoice.id, provider, make.told(invoice, event_id), LATER)


def events() -> list[tuple[str, bool]]:
    rows = db.session.scalars(select(PaymentEvent).order_by(PaymentEvent.id))
    return [(each.event_id, each.is_stray) for each in rows]


def returns() -> list[tuple[int, str]]:
    rows = db.session.scalars(select(PaymentReturn).order_by(PaymentReturn.id)).all()
    return [(each.amount_cents, each.state) for each in rows]


def test_an_invoice_is_paid_at_the_providers_time_and_counts_as_the_persons_first_order() -> None:
    invoice = paid(make.invoice(person=Person("Ada")))
    assert (invoice.status, invoice.paid_at, invoice.provider_reference) == ("paid", NOW, "evt-1")
    assert db.session.scalars(select(PaidOrder.person)).all() == ["name:ada"]


def test_a_notification_that_comes_twice_counts_once() -> None:
    invoice = make.invoice()
    paid(invoice)
    paid(invoice)
    assert events() == [("evt-1", False)]
    assert returns() == []
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "invoice.paid")) == 1


def test_the_same_payment_told_as_another_event_counts_once() -> None:
    invoice = make.invoice()
    for event_id in ("evt-1", "evt-2"):
        with unit_of_work():
            orders.mark_paid(invoice.id, "test", make.told(invoice, event_id, reference="pay-1"), LATER)
    assert events() == [("evt-1", False), ("evt-2", False)]
    assert returns() == []


def test_money_that_comes_a_second_time_is_given_back() -> None:
    invoice = make.invoice()
    paid(invoice)
    assert paid(invoice, "evt-2").provider_reference == "evt-1"
    assert events() == [("evt-1", False), ("evt-2", True)]
    outbox.drain(TOPIC)
    assert returns() == [(2000, "done")]


def test_stray_money_that_is_told_by_two_events_goes_back_once() -> None:
    invoice = make.invoice()
    with unit_of_work():
        orders.void(invoice.id, actor=SYSTEM, now=NOW)
    for event_id in ("evt-1", "evt-2"):
        with unit_of_work():
            orders.mark_paid(invoice.id, "test", make.told(invoice, event_id, reference="pay-1"), LATER)
    outbox.drain(TOPIC)
    assert returns() == [(2000, "done")]


def test_money_of_another_amount_pays_nothing_and_goes_back() -> None:
    invoice = make.invoice()
    with unit_of_work():
        orders.mark_paid(invoice.id, "test", make.told(invoice, amount_cents=1999), LATER)
    assert orders.get(invoice.id).status == "pending"
    outbox.drain(TOPIC)
    assert returns() == [(1999, "done")]


def test_stray_money_of_a_manual_payment_waits_for_an_admin() -> None:
    invoice = make.invoice()
    with unit_of_work():
        orders.void(invoice.id, actor=SYSTEM, now=NOW)
    assert paid(invoice, provider="manual").status == "void"
    [(found, money)] = orders.awaiting_return()
    assert (found.id, money.state) == (invoice.id, "by_hand")
    for _ in range(2):
        with unit_of_work():
            payments.note_given_back(money.id, actor=SYSTEM, now=LATER)
    assert orders.awaiting_return() == []
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "payment_return.given_back")) == 1


def test_cancelling_twice_gives_back_once() -> None:
    make.discount(code="SAVE", usage_limit=5)
    invoice = make.invoice(code="SAVE")
    for _ in range(2):
        with unit_of_work():
            assert orders.void(invoice.id, actor=SYSTEM, now=LATER).closed_at == LATER
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "invoice.voided")) == 1


def test_an_order_beyond_every_amount_is_refused() -> None:
    product = make.product(price_cents=9_999_999_999)
    with unit_of_work():
        carts.add(carts.of(None, "visit", NOW), product.id, 2, NOW)
    with pytest.raises(OrderTooLarge), unit_of_work():
        orders.check_out(
            carts.lock(None, "visit"),
            person=Person("ada"),
            visit="visit",
            key="k" * 24,
            expected_total_cents=2 * 9_999_999_999,
            now=NOW,
        )


def test_the_books_stay_when_a_person_is_anonymised() -> None:
    user = make.user(username="mira")
    invoice = make.paid_invoice(person=user.person)
    with unit_of_work():
        desk.anonymise(user.id, actor=SYSTEM, now=NOW)
    db.session.expire_all()
    assert invoice.shopper == f"user-{user.id}"
    assert (invoice.person_key, invoice.total_cents) == (f"user:{user.id}", 2000)
