"""Static files may be kept for ever, because their address says what is in them."""

import gzip
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def address(app: Flask, name: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=name)


def test_a_file_asked_for_by_its_hash_may_be_kept_for_ever(app: Flask, client: FlaskClient) -> None:
    answer = client.get(address(app, "app.css"))
    assert answer.status_code == 200
    assert answer.cache_control.immutable
    assert answer.cache_control.max_age == 31_536_000


def test_a_file_asked_for_by_an_old_hash_may_not(client: FlaskClient) -> None:
    assert not client.get("/static/app.css?v=000000000000").cache_control.immutable


def test_fonts_are_kept_for_ever_by_the_version_in_their_name(app: Flask, client: FlaskClient) -> None:
    font = address(app, "fonts/inter-4.1-latin.woff2")
    assert "?" not in font
    assert font.removeprefix("/static/") in Path("static/app.css").read_text()
    assert client.get(font).cache_control.immutable


def test_texts_travel_compressed(app: Flask, client: FlaskClient) -> None:
    plain, packed = (
        client.get(address(app, "app.css"), headers={"Accept-Encoding": each}) for each in ("identity", "gzip")
    )
    assert packed.content_encoding == "gzip"
    assert gzip.decompress(packed.data) == plain.data == Path("static/app.css").read_bytes()
    assert len(packed.data) < len(plain.data) / 3
