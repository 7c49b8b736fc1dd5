"""The backtest page: what it says, its file, its faults, and that it changes nothing."""

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.persons import Person
from app.deals.models import Deal
from app.discounts.models import Discount
from app.kit.db import Base, db
from app.orders import replaying
from app.promotions import kinds
from tests import crowd, make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[..., None]
MARCH = "from=2026-03-01&to=2026-03-31"


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> FlaskClient:
    sign_in(client, make.user(role="admin"))
    return client


def a_week(since: datetime = make.NOW) -> Discount:
    """Ten off for members of a club of two: ada twice in a day, bo a day later, cy with too little."""
    for who, days, cents in (("ada", 0, 5000), ("ada", 0, 9000), ("bo", 1, 4000), ("cy", 2, 1999)):
        make.paid_invoice(person=Person(who), price_cents=cents, now=since + timedelta(days=days))
    return make.discount(title="Spring", min_amount=20, per_user_limit=1, usage_limit=9, is_active=False)


def figures(page: str) -> list[str]:
    return [part.partition("<")[0].strip() for part in page.split('stat-tile-value">')[1:]]


def everything() -> dict[str, list[tuple[object, ...]]]:
    db.session.rollback()
    tables = Base.metadata.sorted_tables
    return {table.name: sorted(map(tuple, db.session.execute(select(table))), key=repr) for table in tables}


def test_the_page_says_what_it_would_have_cost_and_changes_nothing(admin: FlaskClient) -> None:
    made = a_week()
    before = everything()
    page = admin.get(f"/admin/promotions/{made.id}/backtest?{MARCH}").text
    assert figures(page) == ["2", "2", "$9.00", "$4.50", "4.5%"]
    assert "2 of 4 orders would have had it, for $9.00." in page
    assert page.count('<g class="chart-bar') == 31
    reasons = page.partition('id="backtest-reasons"')[2].partition("</table>")[0]
    assert "The person had used it as often as allowed" in reasons
    assert "Below the minimum amount" in reasons
    assert reasons.count("25%") == 2
    best = page.partition('id="backtest-top"')[2].partition("</table>")[0]
    assert best.index("Mar 2, 2026") < best.index("Mar 3, 2026")
    assert "1 of 2" in best
    assert everything() == before
    assert f'href="/admin/promotions/{made.id}/backtest" aria-current="page"' in page


def test_its_part_and_its_file_hold_the_same(admin: FlaskClient) -> None:
    made = a_week()
    part = admin.get(f"/admin/promotions/{made.id}/backtest?{MARCH}", headers=HTMX).text
    assert "<html" not in part
    assert figures(part)[2] == "$9.00"
    answer = admin.get(f"/admin/promotions/{made.id}/backtest.csv?{MARCH}")
    assert (answer.mimetype, "attachment" in answer.headers["Content-Disposition"]) == ("text/csv", True)
    rows = list(csv.reader(StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows) == 32
    assert rows[:4] == [
        ["day", "orders", "amount", "qualified", "cost"],
        ["2026-03-01", "0", "0.00", "0", "0.00"],
        ["2026-03-02", "2", "140.00", "1", "5.00"],
        ["2026-03-03", "1", "40.00", "1", "4.00"],
    ]


@pytest.mark.usefixtures("frozen")
def test_the_last_ninety_days_are_tried_unless_others_are_asked_for(admin: FlaskClient) -> None:
    made = a_week(make.NOW - timedelta(days=89))
    page = admin.get(f"/admin/promotions/{made.id}/backtest").text
    assert figures(page)[0] == "2"
    assert 'value="2025-12-03"' in page
    assert "No paid orders in this period" in admin.get(f"/admin/promotions/{made.id}/backtest?from=2026-02-01").text


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_period_that_makes_no_sense_is_told_and_kept(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made = a_week()
    monkeypatch.setattr(replaying, "MOST_ORDERS", 3)
    for query, told in (
        ("from=2026-05-01&to=2026-04-01", "ends before it begins"),
        ("from=yesterday&to=2026-04-01", "Please enter days such as"),
        ("from=2020-01-01&to=2026-04-01", "two years at most"),
        (MARCH, "There are more than 3 orders in this period"),
    ):
        answer = admin.get(f"/admin/promotions/{made.id}/backtest?{query}")
        assert (answer.status_code, told in answer.text) == (422, True), query
        assert f'value="{query.partition("=")[2].partition("&")[0]}"' in answer.text
        assert figures(answer.text) == []
        assert admin.get(f"/admin/promotions/{made.id}/backtest.csv?{query}").status_code == 400


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_only_promotions_that_past_orders_tell_of_have_the_page(admin: FlaskClient) -> None:
    made, discount = make.discount(), kinds.named("discount")
    assert admin.get("/admin/promotions/999/backtest").status_code == 404
    kinds.register(replace(discount, replays=""))
    try:
        for address in (f"/admin/promotions/{made.id}/backtest", f"/admin/promotions/{made.id}/backtest.csv"):
            assert admin.get(address).status_code == 404
    finally:
        kinds.register(discount)


def test_it_asks_the_database_no_more_often_for_many_orders(admin: FlaskClient) -> None:
    made = make.discount(applicable_categories=["category-3"], per_user_limit=2)
    address, counts = f"/admin/promotions/{made.id}/backtest?from=2025-03-01&to=2026-03-01", []
    for many in (0, 6_000):
        if many:
            crowd.orders(many)
        with count_statements() as sent:
            page = admin.get(address)
        counts.append(len(sent))
    assert counts[0] == counts[1] == 4, sent
    assert "$" in figures(page.text)[2]


def a_deal() -> Deal:
    """Two sets for bo in one payment, one for ada when she is past it, and a gift that is too little."""
    for who, days, cents in (("ada", 0, 3000), ("bo", 0, 10_001), ("ada", 1, 2000), ("cy", 2, 4999)):
        make.paid_invoice(person=Person(who), price_cents=cents, now=make.NOW + timedelta(days=days))
    items = [{"item_id": "gold", "name": "Gold <coins>", "amount": 1000}, {"item_id": "=gem", "amount": 1}]
    return make.deal(bonus_type="recurrent", reward_items=items, ends_at=make.NOW)


def test_a_deal_says_how_many_reward_sets_it_would_have_given_and_changes_nothing(admin: FlaskClient) -> None:
    made = a_deal()
    before = everything()
    page = admin.get(f"/admin/promotions/{made.id}/backtest?{MARCH}").text
    assert figures(page) == ["2", "2", "3", "$66.66"]
    assert "2 of 4 payments would have earned something: 3 sets." in page
    things = page.partition('id="backtest-things"')[2].partition("</table>")[0]
    assert re.findall(r'row">([^<]*)</th><td class="num">([^<]*)</td><td class="num">([^<]*)', things) == [
        ("Gold &lt;coins&gt;", "1,000", "3,000"),
        ("=gem", "1", "3"),
    ]
    assert page.count('<g class="chart-bar') == 31
    assert "2 sets, 1 of 2 payments" in page
    reasons = page.partition('id="backtest-reasons"')[2].partition("</table>")[0]
    assert "The person had not spent enough yet" in reasons
    best = page.partition('id="backtest-top"')[2].partition("</table>")[0]
    assert best.index("Mar 2, 2026") < best.index("Mar 3, 2026")
    assert "Cost" not in page.partition('id="promotion-backtest"')[2]
    assert everything() == before


def test_the_file_of_a_deal_counts_its_items(admin: FlaskClient) -> None:
    made = a_deal()
    answer = admin.get(f"/admin/promotions/{made.id}/backtest.csv?{MARCH}")
    rows = list(csv.reader(StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0] == ["day", "payments", "amount", "qualified", "sets", "gold", "'=gem"]
    assert rows[2:5] == [
        ["2026-03-02", "2", "130.01", "1", "2", "2000", "2"],
        ["2026-03-03", "1", "20.00", "1", "1", "1000", "1"],
        ["2026-03-04", "1", "49.99", "0", "0", "0", "0"],
    ]


def test_a_deal_that_gives_nothing_or_is_tried_on_nothing_says_so(admin: FlaskClient) -> None:
    made = a_deal()
    address = f"/admin/promotions/{made.id}/backtest"
    assert "No payments in this period" in admin.get(f"{address}?from=2026-01-01&to=2026-01-31").text
    lonely = admin.get(f"{address}?from=2026-03-04&to=2026-03-04").text
    assert figures(lonely) == ["0", "0", "0", "–"]  # noqa: RUF001
    assert "Nothing would have been given" in lonely
    assert "No payment of this period would have earned anything." in lonely


def test_it_asks_no_more_often_for_many_payments(admin: FlaskClient) -> None:
    made, counts = make.deal(bonus_type="recurrent"), []
    address = f"/admin/promotions/{made.id}/backtest?from=2025-03-01&to=2026-03-01"
    for many in (0, 6_000):
        if many:
            crowd.orders(many)
        with count_statements() as sent:
            page = admin.get(address)
        counts.append(len(sent))
    assert counts[0] == counts[1] == 4, sent
    assert figures(page.text)[2] != "0"
