"""Carts by themselves: who owns one, and what time does to it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.accounts.persons import Person
from app.cart import jobs
from app.cart import service as carts
from app.cart.models import Cart, CartLine
from app.catalog.models import Product
from app.kit.db import db, unit_of_work
from tests import make
from tests.make_kit import NOW

pytestmark = pytest.mark.usefixtures("app")


def filled(person: Person | None, visit: str, product: Product, quantity: int = 1) -> None:
    with unit_of_work():
        carts.add(carts.of(person, visit, NOW), product.id, quantity, NOW)


def count(of: type[Cart | CartLine]) -> int:
    return db.session.scalar(select(func.count()).select_from(of)) or 0


def test_a_session_and_an_account_have_one_cart_each() -> None:
    user, product = make.user(), make.product()
    for _ in range(2):
        filled(None, "visit", product)
        filled(user.person, "visit", product)
    assert count(Cart) == 2
    assert [line.quantity for line in carts.find(None, "visit").lines] == [2]


def test_nobody_has_a_cart_without_a_session() -> None:
    filled(None, "visit", make.product())
    assert carts.find(None, None).lines == []
    assert carts.pieces(None, None) == 0


def test_joining_a_cart_adds_up_to_999() -> None:
    user, product = make.user(), make.product()
    filled(user.person, "", product, 600)
    filled(None, "visit", product, 600)
    with unit_of_work():
        carts.adopt(user.id, "visit", NOW)
    assert [line.quantity for line in carts.find(user.person, None).lines] == [999]
    assert count(Cart) == 1


def test_joining_nothing_changes_nothing() -> None:
    user = make.user()
    for visit in (None, "visit"):
        with unit_of_work():
            assert carts.adopt(user.id, visit, NOW) is None
    assert count(Cart) == 0


def test_carts_that_anonymous_sessions_left_are_forgotten_after_a_while() -> None:
    user, product = make.user(), make.product()
    filled(None, "visit", product)
    filled(user.person, "", product)
    jobs.forget_abandoned(NOW + jobs.KEPT)
    assert count(Cart) == 2
    jobs.forget_abandoned(NOW + jobs.KEPT + timedelta(seconds=1))
    assert (count(Cart), count(CartLine)) == (1, 1)
    assert carts.find(user.person, None).lines
