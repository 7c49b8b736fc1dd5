"""Pictures that are kept elsewhere: a page may show them, and nothing else of that place."""

import pytest
from flask import Flask, Response

from app.kit.headers import CONTENT_SECURITY_POLICY, allow_images_of, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://pics.example.com/a.png?b=1#c", "https://pics.example.com"),
        ("http://PICS.example.com:8443/a.png", "http://pics.example.com:8443"),
        ("https://ada:secret@pics.example.com/a.png", "https://pics.example.com"),
        ("https://bücher.example/a.png", "https://xn--bcher-kva.example"),
        ("/media/a.png", None),
        ("javascript:alert(1)", None),
        ("https://*/a.png", None),
        ("https://pics.example.com;script-src *", None),
        ("https://a b.example/", None),
        ("https://pics.example.com:99999/", None),
        ("https://[::1", None),
    ],
)
def test_an_origin_is_what_an_address_says_and_nothing_that_a_header_could_take_for_more(
    url: str, origin: str | None
) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_page_may_show_pictures_of_the_origins_that_it_names_and_the_next_may_not(app: Flask) -> None:
    def policy(*pictures: str) -> str:
        with app.test_request_context("/"):
            for url in pictures:
                allow_images_of([url])
            return app.process_response(Response("There.")).headers["Content-Security-Policy"]

    told = policy(
        "https://b.example/1.png", "nothing of that sort", "https://a.example/2.png", "https://b.example/3.png"
    )
    assert "img-src 'self' data: blob: https://a.example https://b.example; object-src 'none'" in told
    assert told.count("example") == 2
    assert policy() == CONTENT_SECURITY_POLICY
