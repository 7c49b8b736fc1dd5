"""One cart in two windows at the same moment: nothing that was put in is lost, and the cart stays one."""

from contextlib import suppress

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cart import service as carts
from app.cart.models import Cart, CartLine
from app.kit.db import db, unit_of_work
from tests import make
from tests.make_kit import NOW
from tests.racing import after_statement, before_statement, race, unguarded_race, without_unique


def put_in(product_id: int) -> str:
    with unit_of_work():
        carts.add(carts.of(None, "visit", NOW), product_id, 1, NOW)
    return "put in"


@pytest.fixture
def product_id(app: Flask) -> int:  # noqa: ARG001
    return make.product().id


@pytest.fixture
def _filled(product_id: int) -> None:
    put_in(product_id)


def carts_made() -> int:
    return db.session.scalar(select(func.count(Cart.id))) or 0


def pieces() -> int:
    return db.session.scalar(select(func.sum(CartLine.quantity))) or 0


@pytest.mark.usefixtures("_filled")
def test_what_four_windows_put_in_adds_up(app: Flask, product_id: int) -> None:
    hold = after_statement("^SELECT carts.*WHERE carts.visit")
    assert race(app, [lambda: put_in(product_id)] * 4, hold=hold) == ["put in"] * 4
    assert pieces() == 5


@pytest.mark.usefixtures("_filled")
def test_without_the_lock_some_is_lost(app: Flask, product_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carts, "_locking", lambda owned: carts._carts().where(owned))  # noqa: SLF001
    hold = before_statement("^UPDATE cart_lines", letting_go=True)
    unguarded_race(app, [lambda: put_in(product_id)] * 2, hold=hold)
    assert pieces() == 2


def test_the_first_piece_from_four_windows_makes_one_cart(app: Flask, product_id: int) -> None:
    race(app, [lambda: put_in(product_id)] * 4, hold=before_statement("^INSERT INTO carts"))
    assert (pieces(), carts_made()) == (4, 1)


def test_without_its_key_a_session_has_several(app: Flask, product_id: int) -> None:
    hold = before_statement("^(INSERT INTO|SELECT) carts", letting_go=True)
    with without_unique("carts", "uq_carts_visit"):
        with suppress(AssertionError):  # on SQLite both see what they have done, and give up
            unguarded_race(app, [lambda: put_in(product_id)] * 2, hold=hold)
        assert carts_made() == 2
