"""Two admins at one product: the second is told, and nothing is overwritten in silence."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Select, select

from app.audit.service import SYSTEM
from app.catalog import service as catalog
from app.catalog.models import Product
from app.catalog.service import ProductDetails
from app.kit.db import db, unit_of_work
from tests import make
from tests.make_kit import NOW
from tests.racing import after_statement, before_statement, race, unguarded_race


def editors(count: int) -> list[Callable[[], str]]:
    """Admins who all opened the form at the first version and now save."""
    product = make.product()
    details = ProductDetails(**{name: getattr(product, name) for name in ProductDetails.__dataclass_fields__})

    def editor(number: int) -> Callable[[], str]:
        def save() -> str:
            with unit_of_work():
                named = replace(details, name=f"By editor {number}")
                catalog.change_product(product.id, named, version=1, actor=SYSTEM, now=NOW)
            return "saved"

        return save

    return [editor(number) for number in range(count)]


def versions() -> list[int]:
    db.session.expire_all()
    return list(db.session.scalars(select(Product.version)))


def test_of_four_who_save_the_same_product_one_does(app: Flask) -> None:
    outcomes = race(app, editors(4), hold=after_statement("^SELECT products"))
    assert sorted(outcomes) == ["conflict"] * 3 + ["saved"]
    assert versions() == [2]


def test_without_the_lock_the_second_overwrites_the_first(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unlocked(Select[tuple[Product]]):
        inherit_cache = False

        def with_for_update(self, **_how: object) -> "Unlocked":
            return self

    monkeypatch.setattr(catalog, "_products", lambda: Unlocked(Product))
    assert unguarded_race(app, editors(2), hold=before_statement("^UPDATE products", letting_go=True)) == ["saved"] * 2
    assert versions() == [2]
