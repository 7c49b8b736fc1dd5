"""Orders at the same moment: double clicks, one name in many sessions, paying against cancelling."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.cart import service as carts
from app.kit import db as kit_db
from app.kit.db import db, unit_of_work
from app.orders import books, invoicing, linking, paying
from app.orders import service as orders
from app.orders.models import Invoice, InvoiceCounter, InvoiceLine
from app.payments.models import PaymentEvent
from app.promotions.models import Promotion, PromotionUse
from tests import make
from tests.make_kit import NOW
from tests.racing import after_statement, before_statement, race, unguarded_race, without_unique

ADA = Person("Ada")
KEY = "the-key-of-one-page-0001"
Contestant = Callable[[], str]


def fill_cart(visit: str, code: str | None = None, person: Person = ADA) -> None:
    product = make.product(price_cents=1000)
    with unit_of_work():
        cart = carts.of(None, visit, NOW)
        carts.add(cart, product.id, 2, NOW)
        if code:
            carts.apply_code(cart, code, person=person, now=NOW)


def checkout(visit: str, key: str, total: int, person: Person = ADA) -> Contestant:
    def order() -> str:
        with unit_of_work():
            cart = carts.lock(None, visit)
            invoice = orders.check_out(cart, person=person, visit=visit, key=key, expected_total_cents=total, now=NOW)
        return invoice.number

    return order


def count(of: type[Invoice | InvoiceLine | PromotionUse]) -> int:
    return db.session.scalar(select(func.count()).select_from(of)) or 0


@pytest.fixture
def _unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard taken away: carts are read without a lock, and SQLite begins its transactions late."""

    class Never:
        def get(self) -> bool:
            return False

        def set(self, _value: object) -> None: ...

        def reset(self, _token: object) -> None: ...

    monkeypatch.setattr(carts, "_locking", lambda owned: carts._carts().where(owned))  # noqa: SLF001
    monkeypatch.setattr(kit_db, "_writing", Never())


def test_one_page_sent_32_times_at_once_is_one_order(app: Flask) -> None:
    make.discount(code="SAVE20", discount_value=20, usage_limit=5)
    fill_cart("visit", "SAVE20")
    window = after_statement(r"^SELECT carts.*WHERE carts.visit")
    outcomes = race(app, [checkout("visit", KEY, 1600)] * 32, hold=window, seconds=0.05)
    assert set(outcomes) == {"2026-000001"}
    assert (count(Invoice), count(InvoiceLine), count(PromotionUse)) == (1, 1, 1)
    assert db.session.scalars(select(Promotion.used_count)).one() == 1


@pytest.mark.usefixtures("_unlocked")
def test_without_the_lock_the_same_race_goes_wrong(app: Flask) -> None:
    fill_cart("visit")
    window = before_statement("^DELETE FROM carts", letting_go=True)  # none of them has found an earlier order
    try:
        outcomes = unguarded_race(app, [checkout("visit", KEY, 2000)] * 4, hold=window)
    except AssertionError:
        return
    assert outcomes != ["2026-000001"] * 4


def test_a_person_never_has_more_than_three_unpaid_orders_whatever_the_sessions(app: Flask) -> None:
    for number in range(8):
        fill_cart(f"visit-{number}")
    contestants = [checkout(f"visit-{number}", f"key-of-page-number-{number}", 2000) for number in range(8)]
    outcomes = race(app, contestants, hold=after_statement(r"^SELECT invoices.*unpaid_slot IS NOT NULL"), seconds=0.1)
    placed = [each for each in outcomes if each.startswith("2026-")]
    assert 1 <= len(placed) <= 3
    assert set(outcomes) - set(placed) <= {"twin_order", "too_many_unpaid"}
    assert count(Invoice) == len(placed)
    numbers = db.session.scalars(select(Invoice.number).order_by(Invoice.id)).all()
    assert numbers == [f"2026-{number:06d}" for number in range(1, len(placed) + 1)]


def test_without_the_slots_a_person_has_as_many_as_they_have_sessions(app: Flask) -> None:
    for number in range(4):
        fill_cart(f"visit-{number}")
    contestants = [checkout(f"visit-{number}", f"key-of-page-number-{number}", 2000) for number in range(4)]
    with without_unique("invoices", "uq_invoices_unpaid_slot"):
        unguarded_race(app, contestants, hold=before_statement("^DELETE FROM carts", letting_go=True))
        assert count(Invoice) == 4


def test_numbers_have_no_gap_and_no_twin_when_64_order_at_once_and_some_are_refused(app: Flask) -> None:
    """A quarter comes from pages that are out of date; a quarter fights for five uses, after taking a number."""
    make.discount(code="FIVE", discount_value=50, usage_limit=5)
    contestants = []
    for number in range(64):
        person = Person(f"shopper-{number}")
        fill_cart(f"visit-{number}", "FIVE" if number % 4 == 1 else None, person=person)
        total = (1, 1000, 2000, 2000)[number % 4]
        contestants.append(checkout(f"visit-{number}", f"key-of-page-number-{number}", total, person))
    outcomes = race(app, contestants, hold=after_statement(r"^INSERT INTO invoice_counters"), seconds=0.01)
    refused = Counter(each for each in outcomes if not each.startswith("2026-"))
    assert refused.total() == 16 + 11
    assert refused.keys() <= {"total_changed", "usage_limit_reached"}
    numbers = sorted(each for each in outcomes if each.startswith("2026-"))
    assert numbers == [f"2026-{number:06d}" for number in range(1, 38)]
    assert sorted(db.session.scalars(select(Invoice.number))) == numbers
    assert books.faults() == []


def test_without_the_one_statement_two_orders_want_one_number(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_then_write(_now: object) -> str:
        last = db.session.scalar(select(InvoiceCounter.last)) or 0
        db.session.execute(update(InvoiceCounter).values(last=last + 1))
        return f"2026-{last + 1:06d}"

    monkeypatch.setattr(invoicing, "_next_number", read_then_write)
    contestants = []
    for number in range(2):
        fill_cart(f"visit-{number}", person=Person(f"shopper-{number}"))
        contestants.append(
            checkout(f"visit-{number}", f"key-of-page-number-{number}", 2000, Person(f"shopper-{number}"))
        )
    with pytest.raises(AssertionError, match=r"uq_invoices_number|UNIQUE constraint failed: invoices\.number"):
        unguarded_race(app, contestants, hold=before_statement("^UPDATE invoice_counters", letting_go=True))


def pay(invoice_id: int) -> Contestant:
    def mark_paid() -> str:
        with unit_of_work():
            return orders.mark_paid(invoice_id, "test", make.told(orders.get(invoice_id)), NOW).status

    return mark_paid


def cancel(invoice_id: int) -> Contestant:
    def void() -> str:
        with unit_of_work():
            return orders.void(invoice_id, actor=SYSTEM, now=NOW).status

    return void


def test_of_paying_and_cancelling_at_once_one_happens(app: Flask) -> None:
    make.discount(code="SAVE20", discount_value=20)
    invoice = make.invoice(code="SAVE20")
    contestants = [pay(invoice.id), cancel(invoice.id)] * 4
    outcomes = race(app, contestants, hold=after_statement(r"^SELECT invoices"), seconds=0.1)
    db.session.expire_all()
    status = db.session.get_one(Invoice, invoice.id).status
    released = db.session.scalars(select(PromotionUse.released_at)).one()
    assert (status == "void") == (released is not None)
    assert set(outcomes) == ({"paid", "not_voidable"} if status == "paid" else {"void"})


def test_without_the_condition_both_happen(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make.discount(code="SAVE20", discount_value=20)
    invoice = make.invoice(code="SAVE20")

    def trusting(invoice_id: int, values: dict[str, object]) -> bool:
        if orders.get(invoice_id).status != "pending":
            return False
        neither = {"unpaid_slot": None, "paid_at": None, "closed_at": None}  # else the table itself objects
        db.session.execute(update(Invoice).where(Invoice.id == invoice_id).values(neither | values))
        return True

    monkeypatch.setattr(paying, "_leave_pending", trusting)
    hold = before_statement("^UPDATE invoices", letting_go=True)
    unguarded_race(app, [pay(invoice.id), cancel(invoice.id)], hold=hold)
    db.session.expire_all()
    both = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("invoice."))).all()
    assert sorted(both) == ["invoice.paid", "invoice.voided"]


def test_one_notification_that_comes_four_times_at_once_counts_once(app: Flask) -> None:
    invoice = make.invoice()
    assert race(app, [pay(invoice.id)] * 4, hold=before_statement("^INSERT INTO payment_events")) == ["paid"] * 4
    assert events() == 1


def test_without_its_key_the_same_event_is_kept_twice(app: Flask) -> None:
    invoice = make.invoice()
    with without_unique("payment_events", "uq_payment_events_event"):
        unguarded_race(
            app, [pay(invoice.id)] * 2, hold=before_statement("^INSERT INTO payment_events", letting_go=True)
        )
        assert events() == 2


def events() -> int:
    return db.session.scalar(select(func.count()).select_from(PaymentEvent)) or 0


def linkers(number: str) -> list[Contestant]:
    """Two admins, each linking the order to another account."""

    def linker(username: str) -> Contestant:
        def link() -> str:
            with unit_of_work():
                linking.link(number, username, actor=SYSTEM, now=NOW)
            return "linked"

        return link

    return [linker(make.user().username) for _each in range(2)]


def times_linked() -> int:
    linked = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "invoice.linked")
    return db.session.scalar(linked) or 0


def test_of_two_admins_one_links_an_order(app: Flask) -> None:
    contestants = linkers(make.paid_invoice().number)
    outcomes = race(app, contestants, hold=before_statement("^UPDATE invoices"))
    assert sorted(outcomes) == ["already_linked", "linked"]
    assert times_linked() == 1


def test_without_the_condition_an_order_is_linked_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting(invoice: Invoice, user: User) -> list[int]:
        db.session.execute(update(Invoice).where(Invoice.id == invoice.id).values(user_id=user.id, visit=None))
        return [invoice.id]

    monkeypatch.setattr(linking, "_hand_over", trusting)
    contestants = linkers(make.paid_invoice().number)
    assert (
        unguarded_race(app, contestants, hold=before_statement("^UPDATE invoices", letting_go=True)) == ["linked"] * 2
    )
    assert times_linked() == 2
