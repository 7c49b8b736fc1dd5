"""The last use of a code, raced for: through the shop's own pages, and by the services in processes of their own."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit.db import db, unit_of_work
from app.orders.models import Invoice
from app.promotions import editing
from app.promotions import service as promotions
from app.promotions.books import faults
from app.promotions.models import PromotionUse
from tests import make
from tests.processes import environment_of, web
from tests.races import guards
from tests.races.contestants import QUOTED, Books, givers, people, takers
from tests.racing import after_statement, race, unguarded_race
from tests.visiting import Visitor

SHOPPERS = 32
FEW = 6  # enough to go wrong
HIDDEN = re.compile(r'name="(idempotency_key|expected_total)" value="([^"]+)"')
TAKING_AND_GIVING = after_statement(r"^SELECT (promotion_codes\.id AS code_id|promotion_uses)")


def ready_shopper(url: str, name: str, product_id: int) -> tuple[Visitor, dict[str, str]]:
    """Somebody with the code applied, looking at the total: what the order button would send."""
    shopper = Visitor(url)
    shopper.get("/store/shopper")
    assert shopper.post("/store/shopper", data={"username": name}).status_code == 303
    assert shopper.post("/store/cart/lines", data={"product_id": product_id, "quantity": 1}).status_code == 303
    assert shopper.post("/store/cart/code", data={"code": "LAST"}).status_code == 303
    return shopper, dict(HIDDEN.findall(shopper.get("/store/cart").text))


def raced_through_the_shop(app: Flask, folder: Path, shop: str, count: int) -> list[requests.Response]:
    """The answers that so many shoppers get who press the button at the same moment, in two web processes."""
    product_id = make.product(price_cents=2000).id
    env = environment_of(app)
    start = Barrier(count)

    def order(shopper: Visitor, button: dict[str, str]) -> requests.Response:
        start.wait(60)
        return shopper.post("/store/checkout", data=button)

    with web(env, folder, workers=2, wsgi=shop) as running, ThreadPoolExecutor(count) as pool:
        names = [f"shopper{number}" for number in range(count)]
        ready = list(pool.map(lambda name: ready_shopper(running.url, name, product_id), names))
        assert {button["expected_total"] for _shopper, button in ready} == {"18.00"}
        return list(pool.map(lambda each: order(*each), ready))


def test_of_32_shoppers_in_two_web_processes_exactly_one_has_the_last_use(app: Flask, tmp_path: Path) -> None:
    made = make.discount(code="LAST", usage_limit=1)
    answers = raced_through_the_shop(app, tmp_path, "tests.races.held_shop:app", SHOPPERS)
    assert Counter(answer.status_code for answer in answers) == {303: 1, 409: SHOPPERS - 1}
    for answer in answers:
        if answer.status_code == 409:  # back at the cart, with the reason and the price without the code
            assert "The total has changed since you opened this page." in answer.text
            assert "This code has been used up." in answer.text
            assert dict(HIDDEN.findall(answer.text))["expected_total"] == "20.00"
    books = Books(made)
    assert (books.used_count, len(books.live), books.is_active) == (1, 1, False)
    invoices = db.session.scalars(select(Invoice)).all()
    assert [(invoice.code, invoice.discount_cents, invoice.total_cents) for invoice in invoices] == [
        ("LAST", 200, 1800)
    ]
    assert books.live[0].purpose == f"invoice:{invoices[0].id}"


def test_without_the_guard_the_last_use_goes_to_several(app: Flask, tmp_path: Path) -> None:
    made = make.discount(code="LAST", usage_limit=1)
    answers = raced_through_the_shop(app, tmp_path, "tests.races.unguarded_shop:app", FEW)
    assert Counter(answer.status_code for answer in answers)[303] > 1
    assert len(Books(made).live) > 1


def test_a_limit_of_three_is_taken_three_times_by_eight(app: Flask) -> None:
    made = make.discount(code="THREE", usage_limit=3)
    outcomes = race(app, takers("THREE", people(8)), hold=QUOTED)
    assert Counter(outcomes) == {"taken": 3, "usage_limit_reached": 5}
    books = Books(made)
    assert (books.used_count, len(books.live), books.is_active) == (3, 3, False)
    assert sorted(use.ordinal for use in books.live) == [1, 2, 3]
    assert faults() == []


def test_without_the_guard_a_limit_of_three_is_passed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions, "_count_up", guards.count_up_without_limit)
    made = make.discount(code="THREE", usage_limit=3)
    assert unguarded_race(app, takers("THREE", people(8)), hold=QUOTED) == ["taken"] * 8
    assert len(Books(made).live) == 8


def test_one_person_in_many_windows_stays_within_the_limit_per_person(app: Flask) -> None:
    made = make.discount(code="TWICE", per_user_limit=2)
    outcomes = race(app, takers("TWICE", [Person("Ada")] * 6), hold=QUOTED)
    assert Counter(outcomes) == {"taken": 2, "user_limit_reached": 4}
    books = Books(made)
    assert (books.used_count, books.slots) == (2, [("name:ada", 1), ("name:ada", 2)])
    assert faults() == []


def test_without_the_guard_one_person_has_more_than_the_limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions, "_fill_next_slot", guards.fill_slot_without_limit)
    made = make.discount(code="TWICE", per_user_limit=2)
    assert unguarded_race(app, takers("TWICE", [Person("Ada")] * 6), hold=QUOTED) == ["taken"] * 6
    assert len(Books(made).slots) == 6


def test_a_use_given_back_in_four_windows_comes_back_once(app: Flask) -> None:
    made = make.discount(code="FIVE", usage_limit=5)
    taken = [make.use("FIVE") for _ in range(5)]
    assert race(app, givers(taken[0], 4), hold=after_statement("^SELECT promotion_uses")) == ["given back"] * 4
    books = Books(made)
    assert (books.used_count, len(books.live), books.is_active) == (4, 4, True)


def trusting_givers(invoice_id: int, count: int) -> list[Callable[[], str]]:
    """Each looks first whether there is a use to give back, and trusts that afterwards."""
    purpose = f"invoice:{invoice_id}"

    def give_back() -> str:
        held = db.session.scalars(select(PromotionUse.promotion_id).where(PromotionUse.purpose == purpose)).all()
        db.session.rollback()
        with unit_of_work():
            for promotion_id in held:
                guards.give_back_without_looking(promotion_id, purpose, make.NOW)
        return "given back"

    return [give_back] * count


def test_without_the_guard_it_comes_back_too_often(app: Flask) -> None:
    made = make.discount(code="FIVE", usage_limit=5)
    taken = [make.use("FIVE") for _ in range(5)]
    unguarded_race(app, trusting_givers(taken[0], 4), hold=after_statement("^SELECT promotion_uses"))
    assert Books(made).used_count != len(Books(made).live)
    assert faults()


@pytest.mark.parametrize("limit", [1, 3])
def test_giving_back_against_taking_leaves_the_books_right(app: Flask, limit: int) -> None:
    made = make.discount(code="SOME", usage_limit=limit)
    held = [make.use("SOME", person=Person("Ada")) for _each in range(max(1, limit - 1))]
    crowd = takers("SOME", people(3)) + givers(held[0], 3)
    outcomes = Counter(race(app, crowd, hold=TAKING_AND_GIVING))
    books = Books(made)
    assert outcomes["given back"] == 3
    assert outcomes["taken"] + outcomes["usage_limit_reached"] == 3
    assert books.used_count == len(books.live) == len(held) - 1 + outcomes["taken"] <= limit
    assert books.is_active is (books.used_count < limit)
    assert faults() == []


def test_without_the_guards_giving_back_against_taking_spoils_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make.discount(code="SOME", usage_limit=3)
    held = [make.use("SOME", person=Person("Ada")) for _each in range(2)]
    monkeypatch.setattr(promotions, "_count_up", guards.count_up_without_limit)
    crowd = takers("SOME", people(3)) + trusting_givers(held[0], 2)
    outcomes = unguarded_race(app, crowd, hold=TAKING_AND_GIVING)
    assert Counter(outcomes) == {"taken": 3, "given back": 2}
    books = Books(made)
    assert (books.used_count, len(books.live)) == (3, 4)
    assert faults()


def editors(discount: Discount, count: int) -> list[Callable[[], str]]:
    """Admins who all opened the form at version 1 and now save."""

    def editor(number: int) -> Callable[[], str]:
        def save() -> str:
            with unit_of_work():
                fields = {"title": f"By editor {number}"}
                discounts.update(discount.id, fields, version=1, actor=make.SYSTEM, now=make.NOW)
            return "saved"

        return save

    return [editor(number) for number in range(count)]


def test_of_four_who_save_the_same_form_one_does_and_the_others_are_told(app: Flask) -> None:
    made = make.discount()
    outcomes = race(app, editors(made, 4), hold=after_statement(r"^SELECT promotions\.id"))
    assert Counter(outcomes) == {"saved": 1, "conflict": 3}
    assert discounts.get(made.id).promotion.version == 2


def test_without_the_guard_they_overwrite_each_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    real = editing.lock_for_change
    monkeypatch.setattr(editing, "lock_for_change", lambda discount_id, kind, _version: real(discount_id, kind, None))
    made = make.discount()
    assert unguarded_race(app, editors(made, 4)) == ["saved"] * 4
