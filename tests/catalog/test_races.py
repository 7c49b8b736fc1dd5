"""Several admins at one product: nothing is overwritten in silence, by form or by file."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Select, select

from app.audit.service import SYSTEM
from app.catalog import importing, sheet
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


def importers() -> list[Callable[[], str]]:
    """Admins who import files about the same product, each with another column."""
    make.product(sku="A", name="Old", price_cents=100)

    def importer(data: bytes) -> Callable[[], str]:
        def bring() -> str:
            with unit_of_work():
                importing.carry_out(sheet.read(data), actor=SYSTEM, now=NOW)
            return "imported"

        return bring

    return [importer(b"sku,name\nA,New\n"), importer(b"sku,price\nA,2\n")]


def kept() -> tuple[str, int]:
    db.session.expire_all()
    product = db.session.scalars(select(Product)).one()
    return product.name, product.price_cents


def test_two_files_at_once_leave_each_other_what_they_say_nothing_about(app: Flask) -> None:
    assert race(app, importers(), hold=after_statement("^SELECT products")) == ["imported"] * 2
    assert (kept(), versions()) == (("New", 200), [3])


def test_without_the_lock_one_file_undoes_the_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    look = importing._look  # noqa: SLF001
    monkeypatch.setattr(importing, "_look", lambda read, **_how: look(read, lock=False))
    hold = before_statement("^UPDATE products", letting_go=True)
    assert unguarded_race(app, importers(), hold=hold) == ["imported"] * 2
    assert kept() != ("New", 200)


def test_of_two_files_with_the_same_new_product_one_is_told_to_try_again(app: Flask) -> None:
    make.category("design")

    def bring() -> str:
        with unit_of_work():
            importing.carry_out(sheet.read(b"sku,name,category,price\nA,New,design,1\n"), actor=SYSTEM, now=NOW)
        return "imported"

    outcomes = race(app, [bring] * 2, hold=before_statement("^INSERT INTO products"))
    is_sqlite = db.engine.dialect.name == "sqlite"  # there the second one waits at its start, and finds nothing to do
    assert sorted(map(str, outcomes)) == (["imported"] * 2 if is_sqlite else ["conflict", "imported"])
    assert versions() == [1]
