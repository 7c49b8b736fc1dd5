"""Pictures are taken whole, and go when nothing shows them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.catalog.models import Product
from app.config import settings
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.media import service as media
from app.media import storage
from app.media.errors import InvalidImage, StorageFull
from app.media.jobs import sweep
from app.media.rules import SIZES
from tests import make

TWO_DAYS = 2 * 86_400


@pytest.fixture(autouse=True)
def folder(app: Flask) -> Iterator[Path]:
    folder = Path(settings(app).media_url.removeprefix("file:"))
    _empty(folder)
    yield folder
    _empty(folder)


def _empty(folder: Path) -> None:
    for each in folder.glob("*"):
        each.unlink()


def age(folder: Path) -> None:
    long_ago = clock.now().timestamp() - TWO_DAYS
    for each in folder.iterdir():
        os.utime(each, (long_ago, long_ago))


def pictures_in(folder: Path) -> set[str]:
    return {each.name.rpartition("-")[0] or each.name for each in folder.iterdir()}


def test_a_picture_is_there_in_all_its_sizes(folder: Path) -> None:
    picture = make.stored_picture()
    assert media.has(picture)
    assert {each.name for each in folder.iterdir()} == {f"{picture}-{size}.webp" for size in SIZES}


@pytest.mark.parametrize("name", ["", "0" * 32, f"{'0' * 32}-60x40", "../../etc/passwd", "0" * 31 + "\n"])
def test_what_is_not_there_is_not(name: str) -> None:
    assert not media.has(name)


def test_what_is_refused_leaves_nothing(folder: Path) -> None:
    with pytest.raises(InvalidImage):
        media.take(b"hello")
    assert list(folder.glob("*")) == []


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put = storage.Folder.put

    def put_but_the_last(self: storage.Folder, name: str, data: bytes) -> None:
        if "thumb" in name:
            raise StorageFull
        put(self, name, data)

    monkeypatch.setattr(storage.Folder, "put", put_but_the_last)
    with pytest.raises(StorageFull):
        make.stored_picture()
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_from_s3_pictures_go_through_us(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    in_s3 = replace(settings(app), media_url="s3://pictures/shop")
    monkeypatch.setitem(app.extensions, "settings", in_s3)
    picture = make.stored_picture()
    answer = client.get(f"/media/{picture}-card.webp")
    assert (answer.status_code, answer.data[:4], answer.content_length) == (200, b"RIFF", len(answer.data))
    assert client.get(f"/media/{'0' * 32}-60x40-card.webp").status_code == 404
    make.product(image=picture)
    make.stored_picture()
    assert media.sweep(clock.now() + timedelta(days=2)) == 1
    assert media.has(picture)


def test_pictures_are_not_drawn_inside_a_transaction() -> None:
    with pytest.raises(RuntimeError), unit_of_work():
        media.take(make.image_file())


def test_the_sweep_takes_what_is_old_and_shown_nowhere(folder: Path) -> None:
    shown, forgotten = make.stored_picture(), make.stored_picture()
    make.product(image=shown)
    (folder / f"{forgotten}-large.webp.0a1b{storage.UNFINISHED}").touch()
    (folder / "readme.txt").touch()
    age(folder)
    fresh = make.stored_picture()
    sweep(clock.now())
    assert pictures_in(folder) == {shown, fresh, "readme.txt"}
    sweep(clock.now())
    assert db.session.scalars(select(Product.image)).all() == [shown]


def test_the_sweep_asks_for_few_pictures_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "AT_ONCE", 2)
    kept = [make.stored_picture() for _ in range(3)]
    for picture in kept:
        make.product(image=picture)
    make.stored_picture()
    age(folder)
    assert media.sweep(clock.now()) == 1
    assert pictures_in(folder) == set(kept)
