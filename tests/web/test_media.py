"""Pictures over HTTP: kept by everybody, taken for nothing but pictures."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import settings
from tests import make
from tests.counting import count_statements

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def test_a_picture_may_be_kept_for_ever_and_is_nothing_but_a_picture(client: FlaskClient) -> None:
    answer = client.get(f"/media/{make.stored_picture()}-card.webp")
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.data[:4] == b"RIFF"
    assert answer.content_length == len(answer.data)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_costs_no_statement_and_carries_no_cookie(client: FlaskClient) -> None:
    make.product()
    with client.session_transaction() as session:
        session.update(visit="a visit", cart_user="ada")
        session.permanent = True
    path = f"/media/{make.stored_picture()}-thumb.webp"
    with count_statements() as sent:
        answer = client.get(path)
    assert sent == []
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" in client.get("/store").headers


def test_what_the_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    path = f"/media/{make.stored_picture()}-card.webp"
    answer = client.get(path, headers={"If-None-Match": client.get(path).headers["ETag"]})
    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize(
    "name",
    [
        "0" * 32 + "-60x40-card.webp",
        "0" * 32 + "-card.webp",
        "0" * 32,
        "{}-huge.webp",
        "{}-card.png",
        "{}-card.webp%0a",
        "..%2f..%2flaurel.db",
        "%2e%2e/laurel.db",
        "../laurel.db",
        "%00",
        "readme.txt",
        "",
    ],
)
def test_nothing_else_is_handed_out(app: Flask, client: FlaskClient, name: str) -> None:
    picture = make.stored_picture()
    folder = Path(settings(app).media_url.removeprefix("file:"))
    (folder / "readme.txt").write_text("not a picture")
    assert client.get("/media/" + name.replace("{}", picture)).status_code in {400, 404}
