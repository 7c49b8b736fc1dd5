"""Past orders as the rules of promotions see them: which count, and what was known when they were placed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit.db import db, unit_of_work
from app.orders import replaying
from app.orders import service as orders
from app.orders.accounting import Period
from app.orders.models import Invoice
from app.promotions import kinds
from app.promotions.backtest import Outcome, Past, Tally
from tests import crowd, make
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("app")

ZONE = ZoneInfo("UTC")
MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
EVER = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


def at(day: int, clock: str = "10:00", month: int = 3) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02d}-{day:02d}T{clock}:00+00:00")


def replayed(discount: Discount, period: Period = MARCH) -> Outcome:
    kind = kinds.named("discount")
    with_refunded, with_lines = not discount.promotion.release_on_refund, bool(discount.applicable_categories)
    past = replaying.past(period, ZONE, with_refunded=with_refunded, with_lines=with_lines)
    return kind.replay(kind.terms_of(discount.id), past)


def seen(period: Period = EVER, zone: ZoneInfo = ZONE) -> list[Past]:
    return list(replaying.past(period, zone, with_refunded=False, with_lines=True))


def a_march() -> None:
    """Orders around the terms of the test below, and everything that is no order of March that stayed paid."""
    design, other = make.category("design"), make.product(category=make.category("other"), price_cents=1000)
    make.discount(code="TEN")
    bought: Callable[..., Invoice] = lambda who, day, cents, **more: make.paid_invoice(  # noqa: E731
        person=Person(who), price_cents=cents, **{"category": design, "now": at(day), **more}
    )
    bought("early", 28, 3000, now=at(28, month=2))
    bought("gil", 1, 3000, now=at(28, "23:00", month=2), paid_at=at(1, "00:30"))  # 3.00 on 1 March
    bought("ada", 2, 2000, quantity=2, also=[(other, 1)])  # 4.00 of 50.00
    bought("Ada", 3, 3000)
    bought("bo", 3, 4000, category=make.category("more"))
    bought("cy", 4, 2499)
    whole, part = bought("di", 5, 3000), bought("ed", 5, 2000, quantity=2)  # 3.00 unless it is left out; 4.00
    bought("hal", 7, 3000, code="TEN")  # 3.00, whatever came off then
    bought("fay", 31, 3000, paid_at=at(1, "00:00", month=4))
    make.invoice(person=Person("unpaid"), price_cents=3000, category=design)
    void = make.invoice(person=Person("void"), price_cents=3000, category=design)
    with unit_of_work():
        orders.void(void.id, actor=SYSTEM, now=at(6))
        orders.refund(whole.number, None, key="whole", actor=SYSTEM, now=at(20))
        line = orders.by_number(part.number).lines[0].id
        orders.refund(part.number, {line: 1}, key="part", actor=SYSTEM, now=at(20))
        gift = orders.donate(5000, "", person=Person("giver"), visit="v", key="k" * 20, now=at(6))
        orders.mark_paid(gift.id, "test", make.told(gift, happened_at=at(6)), at(6))


def test_a_month_worked_by_hand() -> None:
    a_march()
    terms = {"applicable_categories": ["design"], "min_amount": 25, "per_user_limit": 1, "starts_at": at(1, month=9)}
    outcome = replayed(make.discount(**terms))
    assert outcome.total == Tally(orders=7, amount_cents=24_499, qualified=4, cost_cents=1400)
    assert outcome.uses == {"name:gil": 1, "name:ada": 1, "name:ed": 1, "name:hal": 1}
    assert outcome.refusals == {"user_limit_reached": 1, "category_mismatch": 1, "min_amount_not_met": 1}
    assert outcome.by_day[date(2026, 3, 1)] == Tally(1, 3000, 1, 300)
    assert outcome.by_day[date(2026, 3, 3)] == Tally(2, 7000, 0, 0)
    kept = replayed(make.discount(**terms, release_on_refund=False))
    assert (kept.total.orders, kept.total.cost_cents) == (8, 1700)
    anything = replayed(make.discount(discount_value=100))
    assert anything.total == Tally(orders=7, amount_cents=24_499, qualified=7, cost_cents=24_499)


def test_whether_somebody_had_ordered_before_is_what_the_checkout_was_told() -> None:
    ada, told = Person("ada"), []

    def order(minute: int, *, paid: int | None = None) -> Invoice:
        now = make.NOW + timedelta(minutes=minute)
        told.append(discounts.has_paid_order(ada))
        db.session.rollback()
        if paid is None:
            return make.invoice(person=ada, now=now)
        return make.paid_invoice(person=ada, now=now, paid_at=make.NOW + timedelta(minutes=paid))

    def pay(invoice: Invoice, minute: int) -> None:
        paid_at = make.NOW + timedelta(minutes=minute)
        with unit_of_work():
            orders.mark_paid(invoice.id, "test", make.told(invoice, happened_at=paid_at), paid_at)

    first, second = order(0), order(1)
    pay(second, 2)
    third = order(2, paid=2)
    pay(first, 3)
    order(4, paid=5)
    with unit_of_work():
        orders.refund(second.number, None, key="second", actor=SYSTEM, now=make.NOW + timedelta(minutes=6))
    order(7, paid=7)
    assert told == [False, False, True, True, True]
    found = seen()
    assert [each.facts["has_paid_order"] for each in found] == [False, True, True, True]  # the second was refunded
    assert [each.placed_at for each in found][:2] == [first.created_at, third.created_at]
    assert seen(Period(make.NOW + timedelta(minutes=4), EVER.until))[0].facts == {"has_paid_order": True}


def test_days_are_those_of_the_zone_and_accounts_are_told_from_names() -> None:
    user = make.user()
    make.paid_invoice(person=user.person, now=at(1, "23:30"))
    make.paid_invoice(person=Person("ada"), now=at(1, "23:00"))
    make.paid_invoice(person=Person("ada"), now=at(1, "21:00"))
    told = [(each.person, each.has_account, each.paid_on.day) for each in seen(zone=ZoneInfo("Europe/Riga"))]
    assert told == [("name:ada", False, 1), ("name:ada", False, 2), (user.person.key, True, 2)]


def test_many_orders_are_read_in_one_statement_as_their_rows_are() -> None:
    crowd.orders(6_000, accounts=50)
    few = Period(MARCH.since - timedelta(days=7), MARCH.since)
    counts = {}
    for period in (few, EVER):
        with count_statements() as sent:
            found = seen(period)
        counts[len(found)] = len(sent)
    assert list(counts) == [57, 5_700]
    assert set(counts.values()) == {1}, sent
    plain = [
        (*each[:5], sorted((item.category, item.total_cents) for item in each.items), each.facts) for each in found
    ]
    assert plain == by_rows()


def by_rows() -> list[tuple[Any, ...]]:
    """The same from whole rows, and from what each person had paid before."""
    whole = select(Invoice).options(selectinload(Invoice.lines)).order_by(Invoice.created_at, Invoice.id)
    known, made = set[str](), list[tuple[Any, ...]]()
    for row in db.session.scalars(whole):
        assert row.paid_at == row.created_at
        about = (row.created_at, row.paid_at.date(), row.person_key, row.user_id is not None, row.subtotal_cents)
        if row.status == "paid":
            lines = sorted((line.category, line.total_cents) for line in row.lines)
            made.append((*about, lines, {"has_paid_order": row.person_key in known}))
        known.add(row.person_key)
    return made


def test_a_period_with_too_many_orders_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MOST_ORDERS", 2)
    for day in (1, 2, 3):
        assert not replaying.are_too_many(MARCH, with_refunded=False)
        make.paid_invoice(now=at(day))
    assert replaying.are_too_many(MARCH, with_refunded=False)
    assert not replaying.are_too_many(Period(at(2), MARCH.until), with_refunded=False)
