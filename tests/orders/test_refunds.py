"""Giving money back: rows, statuses, uses, and what the provider is asked."""

from datetime import timedelta
from itertools import count

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.discounts import service as discounts
from app.errors import DomainError
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.orders import books
from app.orders import service as orders
from app.orders.models import Invoice, Refund, RefundLine
from app.payments.models import PaymentReturn
from app.payments.returns import TOPIC
from app.promotions.models import PromotionUse
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")
LATER = NOW + timedelta(days=1)
_codes = count(1)


def refund(invoice: Invoice, wanted: dict[int, int] | None = None, key: str = "") -> Invoice:
    key = key or f"refund-{db.session.scalar(select(func.count()).select_from(Refund))}"
    with unit_of_work():
        return orders.refund(invoice.number, wanted, reason="broken", key=key, actor=SYSTEM, now=LATER)


def line_ids(invoice: Invoice) -> list[int]:
    return [line.id for line in orders.by_number(invoice.number).lines]


def returned() -> list[tuple[str, int, str]]:
    rows = db.session.scalars(select(PaymentReturn).order_by(PaymentReturn.id)).all()
    return [(each.provider, each.amount_cents, each.state) for each in rows]


def live_uses() -> int:
    return db.session.scalar(select(func.count()).where(PromotionUse.released_at.is_(None))) or 0


def test_part_of_an_order_goes_back_and_later_the_rest() -> None:
    made = make.discount(code="TEN", discount_value=10, usage_limit=5)
    invoice = make.paid_invoice(code="TEN", quantity=3, price_cents=1000, also=[(make.product(price_cents=500), 2)])
    first, second = line_ids(invoice)
    invoice = refund(invoice, {first: 1})
    assert (invoice.status, invoice.refunded_cents, invoice.refunded_discount_cents) == ("partly_refunded", 900, 100)
    assert (invoice.closed_at, live_uses()) == (None, 1)
    invoice = refund(invoice, {first: 2, second: 0})
    invoice = refund(invoice)
    assert (invoice.status, invoice.refunded_cents, invoice.refunded_discount_cents) == ("refunded", 3600, 400)
    assert (invoice.closed_at, live_uses(), discounts.get(made.id).promotion.used_count) == (LATER, 0, 0)
    lines = db.session.execute(select(RefundLine.invoice_line_id, RefundLine.quantity, RefundLine.amount_cents)).all()
    assert [tuple(each) for each in lines] == [(first, 1, 900), (first, 2, 1800), (second, 2, 900)]
    assert books.faults() == []


def test_the_provider_is_asked_for_each_after_the_commit() -> None:
    invoice = make.paid_invoice(quantity=2)
    refund(invoice, {line_ids(invoice)[0]: 1})
    refund(invoice)
    assert returned() == [("test", 2000, "waiting"), ("test", 2000, "waiting")]
    outbox.drain(TOPIC)
    outbox.drain(TOPIC)
    assert returned() == [("test", 2000, "done"), ("test", 2000, "done")]
    told = select(func.count()).where(AuditEntry.action == "payment_return.sent")
    assert db.session.scalar(told) == 2


def test_what_was_paid_by_hand_is_given_back_by_hand() -> None:
    invoice = make.invoice()
    with unit_of_work():
        orders.confirm_payment(invoice.number, actor=SYSTEM, now=NOW)
    refund(invoice)
    assert returned() == [("manual", 2000, "by_hand")]
    [(found, money)] = orders.awaiting_return()
    assert (found.number, money.amount_cents) == (invoice.number, 2000)


def test_the_same_refund_twice_is_one() -> None:
    invoice = make.paid_invoice(quantity=2)
    [line] = line_ids(invoice)
    for _each in range(2):
        assert refund(invoice, {line: 1}, key="the same").refunded_cents == 2000
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 1
    other = make.paid_invoice()
    with pytest.raises(DomainError) as refusal:
        refund(other, key="the same")
    assert refusal.value.code == "invalid_key"


def test_what_is_refunded_already_stays_as_it_is() -> None:
    invoice = make.paid_invoice()
    refund(invoice)
    assert refund(invoice).status == "refunded"
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({0: 3}, "too_much_to_refund"),
        ({0: -1}, "too_much_to_refund"),
        ({0: 0}, "nothing_to_refund"),
        ({}, "nothing_to_refund"),
        ({987_654: 1}, "unknown_line"),
    ],
)
def test_pieces_that_are_not_there_do_not_go_back(wanted: dict[int, int], code: str) -> None:
    invoice = make.paid_invoice(quantity=2)
    [line] = line_ids(invoice)
    with pytest.raises(DomainError) as refusal:
        refund(invoice, {line if each == 0 else each: pieces for each, pieces in wanted.items()})
    assert refusal.value.code == code
    assert (orders.get(invoice.id).status, returned()) == ("paid", [])


@pytest.mark.parametrize("status", ["pending", "void"])
def test_only_what_was_paid_is_refunded(status: str) -> None:
    invoice = make.invoice()
    if status == "void":
        with unit_of_work():
            orders.void(invoice.id, actor=SYSTEM, now=NOW)
    with pytest.raises(DomainError) as refusal:
        refund(invoice)
    assert refusal.value.code == "not_refundable"


def test_a_promotion_may_keep_its_use() -> None:
    make.discount(code="KEEP", release_on_refund=False)
    refund(make.paid_invoice(code="KEEP"))
    assert live_uses() == 1


def test_an_order_that_cost_nothing_can_be_taken_back_and_no_money_moves() -> None:
    make.discount(code="GIFT", discount_value=100)
    invoice = make.invoice(code="GIFT")
    assert invoice.status == "paid"
    assert refund(invoice).status == "refunded"
    assert (returned(), live_uses()) == ([], 0)


def test_a_code_that_its_last_use_had_closed_opens_again() -> None:
    made = make.discount(code="LAST", usage_limit=1)
    invoice = make.paid_invoice(code="LAST")
    db.session.expire_all()
    assert not discounts.get(made.id).promotion.is_active
    refund(invoice)
    db.session.expire_all()
    assert discounts.get(made.id).promotion.is_active


def test_a_refund_is_written_down_with_its_reason() -> None:
    refund(make.paid_invoice())
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "invoice.refunded")).one()
    assert entry.after == {"status": "refunded", "refunded_cents": 2000, "reason": "broken"}


@settings(max_examples=6, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_order_gives_back_what_was_paid_for_it_piece_by_piece(app: Flask, data: st.DataObject) -> None:  # noqa: ARG001
    quantities = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    prices = data.draw(st.lists(st.integers(0, 9999), min_size=len(quantities), max_size=len(quantities)))
    make.discount(code=(code := f"ANY{next(_codes)}"), discount_value=data.draw(st.integers(1, 100)))
    also = [(make.product(price_cents=price), pieces) for price, pieces in zip(prices[1:], quantities[1:], strict=True)]
    invoice = make.paid_invoice(
        code=code if sum(prices) else None, quantity=quantities[0], price_cents=prices[0], also=also
    )
    left = dict(zip(line_ids(invoice), quantities, strict=True))
    while any(left.values()):
        line = data.draw(st.sampled_from([each for each, pieces in left.items() if pieces]))
        pieces = data.draw(st.integers(1, left[line]))
        invoice = refund(invoice, {line: pieces})
        left[line] -= pieces
    assert (invoice.status, invoice.refunded_cents) == ("refunded", invoice.total_cents)
    assert invoice.refunded_discount_cents == invoice.discount_cents
    assert books.faults() == []
