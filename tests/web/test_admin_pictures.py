"""The picture of a product, from the form of the desk to the pages of the store. No JavaScript here."""

import re
import sqlite3
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.catalog import service as catalog
from app.catalog.models import Product
from app.kit.db import db
from app.media import pictures, storage
from app.media import service as media
from app.media.errors import StorageFull
from app.web import pictures as fields
from tests import make
from tests.shopping import put_in_cart

CARRIED = re.compile(r'name="image" type="hidden" value="([0-9a-fx-]*)"')


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin"))
    return client


def form(**fields: Any) -> dict[str, Any]:
    values = {"name": "Logo design", "sku": "des-1", "slug": "", "price": "480.50", "position": "0", "is_active": "y"}
    return {**values, "category_id": make.category().id, **fields}


def chosen(data: bytes | None = None) -> tuple[BytesIO, str]:
    return BytesIO(make.image_file() if data is None else data), "logo.png"


def of_product(product: Product, **fields: Any) -> dict[str, Any]:
    same = {"name": product.name, "sku": product.sku, "slug": product.slug, "category_id": product.category_id}
    return form(**same, version=product.version, image=product.image or "", **fields)


def test_a_picture_is_on_every_page_that_shows_the_product(admin: FlaskClient) -> None:
    assert admin.post("/admin/products/new", data=form(picture=chosen())).status_code == 303
    product = db.session.scalars(select(Product)).one()
    assert media.has(product.image or "")
    put_in_cart(admin, product)
    for path, size in {
        "/store": "card",
        f"/store/products/{product.slug}": "large",
        "/store/cart": "thumb",
        "/admin/products": "thumb",
        f"/admin/products/{product.id}": "card",
    }.items():
        image = re.search(rf"<img[^>]+/media/{product.image}-{size}\.webp[^>]+>", admin.get(path).text)
        assert image is not None, path
        for told in ("width=", "height=", "alt=", 'loading="lazy"', 'decoding="async"'):
            assert told in image[0], path
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "product.created")).one()
    assert (entry.after or {})["image"] == product.image


def test_a_product_without_a_picture_keeps_its_drawing(admin: FlaskClient) -> None:
    product = make.product()
    page = admin.get(f"/store/products/{product.slug}").text
    assert "art-hue-" in page
    assert "/media/" not in page


def test_a_form_that_is_refused_keeps_the_picture(admin: FlaskClient) -> None:
    answer = admin.post("/admin/products/new", data=form(price="much", picture=chosen()))
    assert answer.status_code == 422
    carried = CARRIED.findall(answer.text)[0]
    assert f"/media/{carried}-card.webp" in answer.text
    assert admin.post("/admin/products/new", data=form(image=carried)).status_code == 303
    assert db.session.scalars(select(Product.image)).one() == carried


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello", "PNG, JPEG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG, JPEG or WebP"),
        (make.image_file()[:60], "damaged or cut off"),
        (make.image_file() + b"<script>", "more than a picture"),
        (make.png_of(30_000, 30_000), "at most 5 MB and 40 megapixels"),
    ],
)
def test_a_bad_picture_is_told_beside_its_field_and_the_rest_is_kept(
    admin: FlaskClient, data: bytes, sentence: str
) -> None:
    answer = admin.post("/admin/products/new", data=form(picture=chosen(data), price="12.34"))
    assert answer.status_code == 422
    assert sentence in answer.text.partition('id="picture-error"')[2].partition("</p>")[0]
    assert 'value="Logo design"' in answer.text
    assert 'value="12.34"' in answer.text
    assert db.session.scalar(select(func.count()).select_from(Product)) == 0


def test_all_faults_are_told_at_once_also_what_is_taken(admin: FlaskClient) -> None:
    make.product(sku="DES-1", slug="logo-design")
    answer = admin.post("/admin/products/new", data=form(price="much", position="-1", picture=chosen(b"hello")))
    assert answer.status_code == 422
    for field in ("sku", "slug", "price", "position", "picture"):
        assert f'id="{field}-error"' in answer.text, field
    assert "Please check 5 fields" in answer.text


def test_a_product_may_keep_its_own_sku_and_address(admin: FlaskClient) -> None:
    product = make.product()
    assert admin.post(f"/admin/products/{product.id}", data=of_product(product)).status_code == 303


def test_a_new_picture_takes_the_place_of_the_old_which_stays_in_storage(admin: FlaskClient) -> None:
    old = make.stored_picture()
    product = make.product(image=old)
    changed = of_product(product, picture=chosen(), no_picture="y")
    assert admin.post(f"/admin/products/{product.id}", data=changed).status_code == 303
    assert product.image not in {None, old}
    assert media.has(old)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "product.changed")).one()
    assert (entry.before or {})["image"] == old


def test_a_picture_stays_or_goes_as_the_form_says(admin: FlaskClient) -> None:
    product = make.product(image=make.stored_picture())
    assert "Remove the picture" in admin.get(f"/admin/products/{product.id}").text
    admin.post(f"/admin/products/{product.id}", data=of_product(product))
    assert product.image is not None
    admin.post(f"/admin/products/{product.id}", data=of_product(product, no_picture="y"))
    assert product.image is None


def test_a_program_that_says_nothing_of_the_picture_changes_nothing_about_it(admin: FlaskClient) -> None:
    product = make.product(image=make.stored_picture())
    told = {name: value for name, value in of_product(product).items() if name != "image"}
    assert admin.post(f"/admin/products/{product.id}", data=told).status_code == 303
    assert product.image is not None


@pytest.mark.parametrize("name", ["0" * 32 + "-60x40", "../../etc/passwd", "<b>", "x" * 300, "a\x00b"])
def test_a_carried_picture_that_is_not_there_is_told(admin: FlaskClient, name: str) -> None:
    answer = admin.post("/admin/products/new", data=form(image=name))
    assert answer.status_code == 422
    assert "choose it once more" in answer.text
    assert name not in answer.text
    assert db.session.scalar(select(func.count()).select_from(Product)) == 0


def test_a_request_that_is_done_again_reads_the_file_again(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    create, lost = catalog.create_product, sqlite3.OperationalError()
    lost.sqlstate = "40P01"  # type: ignore[attr-defined]
    refusals = [OperationalError("INSERT", {}, lost)]

    def lose_once(*args: Any, **kwargs: Any) -> Product:
        if refusals:
            raise refusals.pop()
        return create(*args, **kwargs)

    monkeypatch.setattr(catalog, "create_product", lose_once)
    assert admin.post("/admin/products/new", data=form(picture=chosen())).status_code == 303
    assert media.has(db.session.scalars(select(Product.image)).one() or "")


def test_a_full_disk_is_told_beside_the_field(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_put: object) -> None:
        raise StorageFull

    monkeypatch.setattr(storage.Folder, "put", refuse)
    answer = admin.post("/admin/products/new", data=form(picture=chosen()))
    assert answer.status_code == 507
    assert "no room left for pictures" in answer.text
    assert 'value="Logo design"' in answer.text


def test_a_file_that_is_a_byte_too_large_is_told_beside_the_field(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (fields, pictures):
        monkeypatch.setattr(module, "MOST_BYTES", len(make.image_file()))
    assert admin.post("/admin/products/new", data=form(picture=chosen(make.image_file() + b"x"))).status_code == 422
    assert admin.post("/admin/products/new", data=form(picture=chosen())).status_code == 303


def test_far_too_much_is_refused_in_words(app: Flask, admin: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10_000
    answer = admin.post("/admin/products/new", data=form(picture=chosen(bytes(20_000))))
    assert answer.status_code == 413
    assert "too large" in answer.text
