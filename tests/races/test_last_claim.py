"""The last claim of a deal, raced for through the shop's own pages, in two web processes."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import requests
from flask import Flask
from sqlalchemy import select

from app.deals import books
from app.deals.models import Deal, Grant, PromotionClaim
from app.kit import clock
from app.kit.db import db
from app.orders.models import Invoice
from app.promotions import books as books_of_uses
from app.promotions.models import Promotion
from tests import make
from tests.processes import environment_of, web
from tests.visiting import Visitor

SHOPPERS = 16
FEW = 6  # enough to go wrong
NUMBER = re.compile(r"\d{4}-\d{6}")


def last_one(**terms: bool) -> Deal:
    """One is left, by the clock on the wall: the web processes have no other."""
    now = clock.now()
    window = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=1)}
    return make.deal(usage_limit=1, min_amount=10, **window, **terms)


def ready_shopper(url: str, name: str, *, has_paid: bool) -> tuple[Visitor, str]:
    """Somebody who has given 10.00, paid already or about to pay, and where that is done."""
    shopper = Visitor(url)
    shopper.get("/store/shopper")
    assert shopper.post("/store/shopper", data={"username": name}).status_code == 303
    gift = {"amount": "10.00", "message": "", "idempotency_key": f"the-only-gift-of-{name}"}
    [number] = NUMBER.findall(shopper.post("/store/donate", data=gift).headers["Location"])
    paying = f"/store/payments/test/{number}"
    if has_paid:
        assert shopper.post(paying, data={"outcome": "pay"}).status_code == 303
    return shopper, paying


def raced(app: Flask, folder: Path, shop: str, count: int, deal: Deal | None) -> list[requests.Response]:
    """The answers to so many who press the button at the same moment: to claim this deal, or else to pay."""
    env, start = environment_of(app), Barrier(count)
    claiming = deal and f"/store/deals/{deal.id}/claim"

    def press(shopper: Visitor, paying: str) -> requests.Response:
        start.wait(60)
        data = {"nth": 1} if claiming else {"outcome": "pay"}
        return shopper.post(claiming or paying, data=data)

    with web(env, folder, workers=2, wsgi=shop) as running, ThreadPoolExecutor(count) as pool:
        names = [f"shopper{number}" for number in range(count)]
        ready = list(pool.map(lambda name: ready_shopper(running.url, name, has_paid=bool(claiming)), names))
        return list(pool.map(lambda each: press(*each), ready))


def granted() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(Grant.id).where(Grant.status != "revoked")).all())


def used(deal: Deal) -> int:
    return db.session.get_one(Promotion, deal.id, populate_existing=True).used_count


def test_of_16_shoppers_exactly_one_claims_the_last_one(app: Flask, tmp_path: Path) -> None:
    deal = last_one()
    answers = raced(app, tmp_path, "tests.races.held_shop:app", SHOPPERS, deal)
    assert Counter(answer.status_code for answer in answers) == {303: 1, 422: SHOPPERS - 1}
    assert all("Everything this deal had to give" in each.text for each in answers if each.status_code == 422)
    assert (granted(), used(deal)) == (1, 1)
    assert [*books.faults(), *books_of_uses.faults()] == []


def test_without_the_guard_the_last_one_is_claimed_by_several(app: Flask, tmp_path: Path) -> None:
    answers = raced(app, tmp_path, "tests.races.unguarded_shop:app", FEW, last_one())
    assert Counter(answer.status_code for answer in answers)[303] > 1
    assert granted() > 1


def test_of_16_who_pay_for_what_claims_by_itself_one_has_it_and_all_have_paid(app: Flask, tmp_path: Path) -> None:
    last_one(auto_claim=True)
    answers = raced(app, tmp_path, "tests.races.held_shop:app", SHOPPERS, None)
    assert Counter(answer.status_code for answer in answers) == {303: SHOPPERS}
    assert granted() == 1
    assert db.session.scalars(select(Invoice.status)).all() == ["paid"] * SHOPPERS
    assert db.session.scalars(select(PromotionClaim.spent_cents)).all() == [1000] * SHOPPERS
    assert [*books.faults(), *books_of_uses.faults()] == []
