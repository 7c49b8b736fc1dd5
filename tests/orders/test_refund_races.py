"""Refunds at the same moment: two admins, double clicks, and money that is sent and noted by hand at once."""

from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.orders import books, refunding
from app.orders import service as orders
from app.orders.models import Invoice, Refund
from app.payments import returns
from app.payments.models import PaymentReturn
from tests import make
from tests.make_kit import NOW
from tests.racing import after_statement, before_statement, race, unguarded_race

Contestant = Callable[[], str]
_numbers = count(1)


def refunder(invoice: Invoice, key: str = "") -> Contestant:
    key, line = key or f"refund-{next(_numbers)}", orders.by_number(invoice.number).lines[0].id

    def refund() -> str:
        with unit_of_work():
            orders.refund(invoice.number, {line: 1}, key=key, actor=SYSTEM, now=NOW)
        return "refunded"

    return refund


def an_order() -> Invoice:
    """Three pieces for 29.00: a piece is worth 9.66 or 9.67, depending on how many went before."""
    make.discount(code="ONE", discount_type="fixed", discount_value=1)
    return make.paid_invoice(code="ONE", quantity=3, price_cents=1000)


def test_of_eight_admins_three_give_back_the_three_pieces(app: Flask) -> None:
    invoice = an_order()
    contestants = [refunder(invoice) for _each in range(8)]
    outcomes = race(app, contestants, hold=after_statement(r"^SELECT invoice_lines.id"), seconds=0.05)
    counted = Counter(outcomes)
    assert counted["refunded"] == 3
    assert counted["not_refundable"] + counted["too_much_to_refund"] == 5
    amounts = db.session.scalars(select(Refund.amount_cents).order_by(Refund.id)).all()
    assert amounts == [966, 967, 967]
    invoice = orders.by_number(invoice.number)
    assert (invoice.status, invoice.refunded_cents) == ("refunded", 2900)
    assert books.faults() == []


def test_without_the_lock_two_admins_give_back_the_same_piece(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = an_order()
    monkeypatch.setattr(refunding, "_lock", orders.by_number)
    hold = before_statement("^INSERT INTO refunds", letting_go=True)
    unguarded_race(app, [refunder(invoice), refunder(invoice)], hold=hold)
    amounts = db.session.scalars(select(Refund.amount_cents)).all()
    assert amounts == [966, 966]
    assert books.faults() != []


def test_a_double_click_refunds_once(app: Flask) -> None:
    invoice = an_order()
    twins = [refunder(invoice, "one page")] * 8
    assert race(app, twins, hold=after_statement(r"^SELECT refunds"), seconds=0.05) == ["refunded"] * 8
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 1
    assert books.faults() == []


def test_of_trying_again_and_noting_by_hand_one_happens(app: Flask) -> None:
    invoice = an_order()
    refunder(invoice)()
    with unit_of_work():
        db.session.execute(update(PaymentReturn).values(state="failed"))
    money = db.session.scalars(select(PaymentReturn.id)).one()

    def try_again() -> str:
        with unit_of_work():
            returns.try_again(money, actor=SYSTEM, now=NOW)
        return "tried"

    def note() -> str:
        with unit_of_work():
            returns.note_given_back(money, actor=SYSTEM, now=NOW)
        return "noted"

    race(app, [try_again, note] * 3, hold=before_statement("^UPDATE payment_returns"), seconds=0.05)
    state, attempt = db.session.execute(select(PaymentReturn.state, PaymentReturn.attempt)).one()
    assert (state, attempt) in {("done", 1), ("waiting", 2)}
