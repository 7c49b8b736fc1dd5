"""Cashback, worked out by hand: which period a purchase is in, what of it comes back, and once.

Everything runs as it does at work: paid orders and refunds, then the ticker's job.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.bonuses import cashback
from app.bonuses.cashback import LATE_NEWS
from app.bonuses.models import CashbackCredit, CashbackPeriod
from app.kit.db import db, unit_of_work
from app.orders import jobs, paying
from app.orders import service as orders
from tests import make
from tests.bonuses.cashing import bought, credited, refunded, tick
from tests.bonuses.reading import balances, faults
from tests.make import NOW
from tests.racing import after_call, race

DAY = timedelta(days=1)
NOTHING = "nothing_spent"
Spend = tuple[str, int]
Row = tuple[str, int, int]


@pytest.fixture
def zone(request: pytest.FixtureRequest, app: Flask, monkeypatch: pytest.MonkeyPatch) -> ZoneInfo:
    """The installation's zone, UTC unless a test says otherwise."""
    name = getattr(request, "param", "UTC")
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], timezone=name))
    return ZoneInfo(name)


def at(local: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)


def by_period(user: User, zone: ZoneInfo) -> list[Row]:
    """The same with the local time at which each period began."""
    starts = db.session.scalars(
        select(CashbackCredit.starts_at).where(CashbackCredit.user_id == user.id).order_by(CashbackCredit.starts_at)
    )
    local = [f"{each.astimezone(zone):%Y-%m-%dT%H:%M}" for each in starts]
    return [(start, spent, int(came)) for start, (spent, came) in zip(local, credited(user), strict=True)]


WORKED: list[tuple[str, str, str, str, list[Spend], list[Row]]] = [
    (  # days end at midnight there, also the one of 23 hours
        *("Europe/Riga", "day", "2026-03-28T00:00", "2026-03-31T00:00"),
        [
            ("2026-03-28T23:59:59.999999", 1000),
            ("2026-03-29T00:00:00", 2000),
            ("2026-03-29T23:59:59", 4000),
            ("2026-03-30T00:00:00", 8000),
        ],
        [("2026-03-28T00:00", 1000, 100), ("2026-03-29T00:00", 6000, 600), ("2026-03-30T00:00", 8000, 800)],
    ),
    (  # and the one of 25, whose hour after three comes twice
        *("Europe/Riga", "day", "2026-10-25T00:00", "2026-10-27T00:00"),
        [("2026-10-25T03:30:00", 1000), ("2026-10-25T23:59:59", 2000), ("2026-10-26T00:00:00", 4000)],
        [("2026-10-25T00:00", 3000, 300), ("2026-10-26T00:00", 4000, 400)],
    ),
    (  # weeks begin on Monday; the first is cut by the start, the last by the end, which is exclusive
        *("America/New_York", "week", "2026-03-05T12:00", "2026-03-18T06:00"),
        [
            ("2026-03-05T11:59:59", 9999),
            ("2026-03-05T12:00:00", 1000),
            ("2026-03-08T23:59:59", 2000),
            ("2026-03-09T00:00:00", 4000),
            ("2026-03-16T00:00:00", 8000),
            ("2026-03-18T05:59:59", 1600),
            ("2026-03-18T06:00:00", 9999),
        ],
        [("2026-03-05T12:00", 3000, 300), ("2026-03-09T00:00", 4000, 400), ("2026-03-16T00:00", 9600, 960)],
    ),
    (  # months, over a new year
        *("Asia/Bangkok", "month", "2025-12-20T00:00", "2026-02-10T00:00"),
        [
            ("2025-12-31T23:59:59", 1000),
            ("2026-01-01T00:00:00", 2000),
            ("2026-01-31T23:59:59", 4000),
            ("2026-02-01T00:00:00", 8000),
            ("2026-02-10T00:00:00", 9999),
        ],
        [("2025-12-20T00:00", 1000, 100), ("2026-01-01T00:00", 6000, 600), ("2026-02-01T00:00", 8000, 800)],
    ),
]


@pytest.mark.parametrize(
    ("zone", "kind", "start", "end", "spends", "expected"),
    WORKED,
    indirect=["zone"],
    ids=["spring", "autumn", "weeks", "months"],
)
def test_a_purchase_is_in_the_period_of_the_calendar_there(
    zone: ZoneInfo, kind: str, start: str, end: str, spends: list[Spend], expected: list[Row]
) -> None:
    mia = make.user()
    make.cashback(cashback_period=kind, starts_at=at(start, zone), ends_at=at(end, zone))
    for local, cents in spends:
        bought(mia, cents, at(local, zone))
    assert tick(at(end, zone) + LATE_NEWS)
    assert by_period(mia, zone) == expected
    assert balances(mia) == (sum(came for _start, _spent, came in expected), 0)
    assert faults() == []


@pytest.mark.parametrize("zone", ["Europe/Riga"], indirect=True)
def test_a_day_is_settled_when_it_is_over_and_what_was_paid_in_it_has_been_told(zone: ZoneInfo) -> None:
    mia = make.user()
    make.cashback(starts_at=at("2026-03-29T00:00", zone), ends_at=at("2026-04-05T00:00", zone))
    bought(mia, 5000, at("2026-03-29T12:00", zone))
    midnight = at("2026-03-30T00:00", zone)
    assert midnight - at("2026-03-29T00:00", zone) == timedelta(hours=23)
    told_at = midnight + timedelta(seconds=20)
    tick(midnight)
    last = make.invoice(person=mia.person, price_cents=700, now=midnight - timedelta(minutes=1))
    with unit_of_work():
        orders.mark_paid(last.id, "test", make.told(last, happened_at=midnight - timedelta(seconds=1)), told_at)
    tick(midnight + LATE_NEWS - timedelta(seconds=1))
    assert credited(mia) == []
    tick(midnight + LATE_NEWS)
    assert credited(mia) == [(5700, 570)]


@pytest.mark.parametrize(
    ("value", "spent", "came"),
    [
        (10, 4, "nothing_to_give"),
        (10, 5, 1),
        (10, 14, 1),
        (10, 15, 2),
        (12.5, 12, 2),
        (0.01, 4999, "nothing_to_give"),
        (0.01, 5000, 1),
        (33.33, 1000, 333),
        (250, 1001, 2503),
    ],
)
@pytest.mark.usefixtures("zone")
def test_it_is_rounded_half_up_to_the_cent(value: float, spent: int, came: int | str) -> None:
    mia = make.user()
    make.cashback(bonus_value=value)
    bought(mia, spent, NOW)
    tick(NOW + DAY)
    assert credited(mia) == [(spent, came)]


@pytest.mark.parametrize(
    ("terms", "spent", "came"),
    [
        ({"min_amount": 50}, 4999, "min_amount_not_met"),
        ({"min_amount": 50}, 5000, 500),
        ({"max_bonus": 3}, 2999, 300),
        ({"max_bonus": 3}, 99_999, 300),
        ({"bonus_type": "fixed", "bonus_value": 5}, 1, 500),
        ({"usage_limit": 1}, 1000, 100),
        ({"active_hours": {"enabled": True, "start_time": "01:00", "end_time": "02:00"}}, 1000, 100),
    ],
)
@pytest.mark.usefixtures("zone")
def test_its_terms_hold(terms: dict[str, object], spent: int, came: int | str) -> None:
    mia = make.user()
    make.cashback(**terms)
    bought(mia, spent, NOW)
    tick(NOW + DAY)
    assert credited(mia) == [(spent, came)]
    assert faults() == []


@pytest.mark.usefixtures("zone")
def test_refunds_in_the_period_count_against_it() -> None:
    mia = make.user()
    make.cashback()
    kept = make.paid_invoice(person=mia.person, price_cents=1000, quantity=5, now=NOW)
    refunded(kept, NOW + timedelta(hours=1), pieces=2)
    refunded(bought(mia, 700, NOW), NOW + timedelta(hours=2))
    tick(NOW + DAY)
    assert credited(mia) == [(3000, 300)]


@pytest.mark.usefixtures("zone")
def test_what_goes_back_later_is_made_good_before_anything_comes_back_again() -> None:
    mia = make.user()
    make.cashback()
    first = bought(mia, 10_000, NOW)
    refunded(first, NOW + DAY)
    bought(mia, 4000, NOW + 3 * DAY)  # a day without anything lies between
    bought(mia, 7000, NOW + 4 * DAY)
    bought(mia, 500, NOW + 5 * DAY)
    for day in range(1, 7):
        tick(NOW + day * DAY)
    assert credited(mia) == [(10_000, 1000), (-10_000, NOTHING), (4000, NOTHING), (7000, 100), (500, 50)]
    assert balances(mia) == (1150, 0)
    assert faults() == []


@pytest.mark.usefixtures("zone")
def test_buying_and_sending_back_a_hundred_times_gains_nothing() -> None:
    mia = make.user()
    make.cashback(ends_at=NOW + 130 * DAY)
    for day in range(20):
        refunded(bought(mia, 10_000, NOW + day * DAY), NOW + (day + 1) * DAY)
        tick(NOW + (day + 1) * DAY)
    assert balances(mia) == (1000, 0)  # the first day's, which every later purchase makes good


@pytest.mark.usefixtures("zone")
def test_only_what_clients_pay_for_orders_counts() -> None:
    mia, coach, gone = make.user(), make.user(role="coach"), make.user()
    make.cashback()
    make.deposit(mia, 3000)
    unpaid = make.invoice(person=mia.person, price_cents=3000, now=NOW)
    with unit_of_work():
        paying.pay_from_wallet(unpaid.id, NOW)
    with unit_of_work():
        gift = orders.donate(9000, "", person=mia.person, visit=None, key="a-key-of-the-gift-page", now=NOW)
        orders.mark_paid(gift.id, "test", make.told(gift), NOW)
    make.invoice(person=mia.person, price_cents=800, now=NOW)
    make.paid_invoice(price_cents=700, now=NOW)
    for user in (coach, gone):
        bought(user, 1000, NOW)
    with unit_of_work():
        db.session.merge(gone).is_active = False
    tick(NOW + DAY)
    assert credited(mia) == [(3000, 300)]
    assert credited(coach) == credited(gone) == [(1000, "not_eligible:clients_only")]
    assert db.session.scalar(select(func.count()).select_from(CashbackCredit)) == 3
    assert faults() == []


def test_two_tickers_at_once_credit_once(app: Flask) -> None:
    mia, eve = make.user(), make.user()
    make.cashback()
    for user in (mia, eve):
        bought(user, 1000, NOW)
    ran = race(app, [lambda: tick(NOW + DAY)] * 2, hold=after_call(cashback, "due"), seconds=0.2)
    assert sorted(map(str, ran)) == ["False", "True"]
    assert (credited(mia), credited(eve)) == ([(1000, 100)], [(1000, 100)])


def test_two_that_both_believe_to_be_alone_credit_once(app: Flask) -> None:
    """A ticker that was thought dead goes on beside the one that took over."""
    mia, eve = make.user(), make.user()
    make.cashback()
    for user in (mia, eve):
        bought(user, 1000, NOW)
    race(app, [lambda: jobs.credit_cashback(NOW + DAY)] * 2, hold=after_call(cashback, "due"))
    assert (balances(mia), balances(eve)) == ((100, 0), (100, 0))
    periods = db.session.scalar(select(func.count()).where(CashbackPeriod.starts_at >= NOW - DAY))
    assert (credited(mia), periods) == ([(1000, 100)], 1)
    assert faults() == []


def test_without_looking_whether_it_was_done_the_second_would_credit_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the race above: only the keys of the tables stand in its way."""
    bought(make.user(), 1000, NOW)
    make.cashback()
    monkeypatch.setattr(cashback, "_find", lambda _due, _user_id: None)
    with pytest.raises(AssertionError, match="IntegrityError"):
        race(app, [lambda: jobs.credit_cashback(NOW + DAY)] * 2, hold=after_call(cashback, "due"))
