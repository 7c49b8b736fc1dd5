"""Refused attempts: noted for nothing, carried over Redis, counted and kept by the ticker."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import func, select

from app.accounts.persons import Person
from app.config import settings
from app.discounts import service as discounts
from app.discounts.service import Item
from app.kit.broker import Broker
from app.kit.db import db, unit_of_work
from app.promotions import attempts, jobs
from app.promotions.models import RefusedAttempt, RefusedCount
from tests import make, shopping
from tests.counting import count_statements

NOBODY = "redis://127.0.0.1:1/0"
DESK = Item(4_200, 2, "design")


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as connection:
        yield connection


def refuse(code: str, *, person: Person | None = None, at: datetime = make.NOW, times: int = 1) -> None:
    """Try a code in vain, as a door does."""
    quote = discounts.quote(code, items=[DESK], person=person, now=at)
    for _time in range(times):
        discounts.note_refusal(quote)


def kept() -> list[RefusedAttempt]:
    return list(db.session.scalars(select(RefusedAttempt).order_by(RefusedAttempt.id)))


def counted() -> dict[tuple[str, str], int]:
    return {(each.day.isoformat(), each.reason): each.attempts for each in db.session.scalars(select(RefusedCount))}


def test_a_code_refused_in_the_cart_reaches_the_desk_without_a_statement(client: FlaskClient, redis: Redis) -> None:
    make.discount(code="FIFTY", min_amount=50)
    shopping.call(client, "Ada")
    design = make.category("design")
    shopping.put_in_cart(client, make.product(price_cents=1_500, category=design), 2)
    shopping.put_in_cart(client, make.product(price_cents=700), 1)
    client.get("/store")  # what runs is in the cache now
    with count_statements() as refused:
        assert client.post("/store/cart/code", data={"code": "fifty"}).status_code == 422
    with count_statements() as unknown:
        assert client.post("/store/cart/code", data={"code": "nope"}).status_code == 422
    client.get("/store/cart")
    assert len(refused) <= len(unknown) + 1, "the terms of a known code, and nothing for the desk"
    assert not any("promotion_attempts" in each or "promotion_refusals" in each for each in refused)
    assert redis.llen(attempts.LIST) == 1, "an unknown code belongs to no promotion, and looking at the cart tries none"
    jobs.write_attempts(make.NOW)
    jobs.write_attempts(make.NOW)
    (attempt,) = kept()
    assert (attempt.code, attempt.person, attempt.reason) == ("FIFTY", "name:ada", "min_amount_not_met")
    assert (attempt.amount_cents, sum((attempt.spent or {}).values())) == (3_700, 3_700)
    assert (attempt.spent or {})["design"] == 3_000
    failed = [each for each in attempt.verdicts if not each["holds"]]
    assert failed == [
        {
            "rule": "min_amount_not_met",
            "holds": False,
            "reason": "min_amount_not_met",
            "facts": {"minAmount": 50, "amount": 37, "missing": 13},
        }
    ]
    today = datetime.now(UTC).date().isoformat()
    assert counted() == {(today, "min_amount_not_met"): 1}


def test_the_api_and_the_checkout_note_what_they_refuse(client: FlaskClient) -> None:
    made = make.discount(code="TEN")
    shopping.call(client, "Ada")
    shopping.put_in_cart(client, make.product())
    shopping.apply(client, "TEN")
    form = shopping.checkout_form(client)
    with unit_of_work():
        discounts.update(made.id, {"is_active": False}, actor=make.SYSTEM, now=make.NOW)
    assert client.post("/store/checkout", data=form).status_code == 409
    assert client.post("/api/promotions/validate", json={"code": "ten", "subtotal": 5}).status_code == 422
    jobs.write_attempts(make.NOW)
    assert [(each.reason, each.person, each.amount_cents, each.spent is None) for each in kept()] == [
        ("inactive", "name:ada", 2_000, False),
        ("inactive", None, 500, True),
    ]


@pytest.mark.usefixtures("app")
def test_who_loses_the_last_use_to_a_rival_is_noted_too() -> None:
    make.discount(code="ONE", usage_limit=1, auto_deactivate_on_max_uses=False)
    quote = discounts.quote("ONE", items=[DESK], person=Person("late"), now=make.NOW)
    make.use("ONE")
    with pytest.raises(discounts.CodeRefused), unit_of_work():
        discounts.redeem(quote, person=Person("late"), invoice_id=7, now=make.NOW)
    jobs.write_attempts(make.NOW)
    assert [(each.reason, each.person) for each in kept()] == [("usage_limit_reached", "name:late")]


def test_without_redis_they_wait_in_the_process_and_a_ticker_there_writes_them(app: Flask, client: FlaskClient) -> None:
    make.discount(code="OFF", is_active=False)
    line: Broker = app.extensions["broker"]
    there = line.redis
    line.redis = Broker(NOBODY).redis
    try:
        for _time in range(2):
            assert client.post("/api/promotions/validate", json={"code": "OFF", "subtotal": 5}).status_code == 422
        jobs.write_attempts(make.NOW)
        assert len(kept()) == 2
        assert client.post("/api/promotions/validate", json={"code": "OFF", "subtotal": 5}).status_code == 422
    finally:
        line.redis = there
    assert there.llen(attempts.LIST) == 0
    assert line.is_there()
    client.get("/healthz")
    assert there.llen(attempts.LIST) == 1, "the next request after Redis is back sends them on"


def test_counts_add_up_by_the_day_of_the_installation(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(settings(), timezone="Asia/Tokyo"))
    made = make.discount(code="OFF", is_active=False)
    late = make.NOW.replace(hour=15)
    for at in (make.NOW, late):
        refuse("OFF", at=at, times=2)
        jobs.write_attempts(make.NOW)
    refuse("OFF", at=late)
    jobs.write_attempts(make.NOW)
    assert counted() == {("2026-03-02", "inactive"): 2, ("2026-03-03", "inactive"): 3}
    assert attempts.counts(made.id, since=date(2026, 3, 3)) == {"inactive": 3}
    assert attempts.first_day(late, 2) == date(2026, 3, 2)


@pytest.mark.usefixtures("app")
def test_the_last_ones_of_each_promotion_are_kept_and_those_of_deleted_ones_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempts, "KEPT", 3)
    monkeypatch.setattr(attempts, "BATCH", 4)
    make.discount(code="OTHER", is_active=False)
    gone = make.discount(code="GONE", is_active=False)
    make.discount(code="MANY", is_active=False)
    for code, times in (("OTHER", 1), ("GONE", 2)):
        refuse(code, times=times)
    for minute in range(7):
        refuse("MANY", at=make.NOW + timedelta(minutes=minute))
    with unit_of_work():
        discounts.remove(gone.id, make.SYSTEM, make.NOW)
    jobs.write_attempts(make.NOW)
    assert [(each.code, each.at.minute) for each in kept()] == [("OTHER", 0), ("MANY", 4), ("MANY", 5), ("MANY", 6)]
    assert db.session.scalar(select(func.sum(RefusedCount.attempts))) == 8


@pytest.mark.usefixtures("app")
def test_what_waits_is_bounded_taken_once_and_may_be_put_back(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_ON_THE_WAY", 5)
    make.discount(code="OFF", is_active=False)
    refuse("OFF", times=attempts.MOST_HERE + 10)
    assert len(attempts._waiting) == attempts.MOST_HERE  # noqa: SLF001
    attempts.hand_over()
    assert redis.llen(attempts.LIST) == 5
    first, second = attempts.take(3), attempts.take(3)
    assert (len(first), len(second), attempts.take(3)) == (3, 2, [])
    attempts.put_back([*first, *second])
    redis.rpush(attempts.LIST, "{}", "no JSON", json.dumps({"promotion_id": 1}))
    jobs.write_attempts(make.NOW)
    assert len(kept()) == 5, "what isn't ours is dropped, and nothing else"


@pytest.mark.usefixtures("app")
def test_odd_names_and_sums_are_kept_as_far_as_they_fit() -> None:
    make.discount(code="OFF", is_active=False)
    largest: Any = [Item(9_999_999_999, 999, None)] * 500
    quote = discounts.quote("OFF", items=largest, person=Person("ﷺ" * 64), now=make.NOW)
    discounts.note_refusal(quote)
    jobs.write_attempts(make.NOW)
    (attempt,) = kept()
    assert (attempt.amount_cents, len(attempt.person or "")) == (9_999_999_999 * 999 * 500, 64)
