"""The banner on top of the store: one at a time, until it is closed or over."""

from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from time_machine import TimeMachineFixture as Clock

from app.deals import service as deals
from app.kit.db import unit_of_work
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.shopping import hidden, order, put_in_cart

OURS = ("deal", "version", "next")


@pytest.fixture(autouse=True)
def _at_noon(frozen: Clock) -> None:
    frozen.move_to(make.NOW)


def banner(client: FlaskClient, path: str = "/store") -> str:
    """What the banner of this page says, with its tags; nothing where there is none."""
    page = unescape(client.get(path).text)
    assert page.count('id="banner"') <= 1
    return page.split('<aside id="banner"')[1].split("</aside>")[0] if 'id="banner"' in page else ""


def close(client: FlaskClient, path: str = "/store", **headers: str) -> str | None:
    form = banner(client, path)
    answer = client.post("/store/banner/close", data={name: hidden(form, name) for name in OURS}, headers=headers)
    return answer.location


def test_it_stands_on_every_page_of_the_store_and_on_no_other(client: FlaskClient) -> None:
    make.deal(banner="100 gold for you")
    product = make.product()
    put_in_cart(client, product)
    client.post("/store/shopper", data={"username": "ada"})
    number = order(client)
    store = ("", "/deals", "/cart", "/donate", "/invoices", f"/invoices/{number}", "/shopper", "/products/nothing")
    for path in (*store, f"/products/{product.slug}", f"/payments/test/{number}"):
        assert "100 gold for you" in banner(client, f"/store{path}"), path
    assert not banner(client, "/login")


def test_it_says_how_long_in_words_without_a_script(client: FlaskClient) -> None:
    end = make.NOW + timedelta(hours=3, minutes=14)
    make.deal(banner="Only {left} left, {left}!", ends_at=end)
    said = banner(client)
    assert said.count(">3h 14m</time>") == 2
    assert f'data-until="{end.isoformat()}"' in said
    assert "{left}" not in said


def test_what_people_wrote_into_it_can_do_nothing(client: FlaskClient) -> None:
    make.deal(banner="<b>{left}</b> {0} %(x)s {{ 7 * 7 }}")
    page = client.get("/store").text
    assert "&lt;b&gt;<time" in page
    assert "{0} %(x)s {{ 7 * 7 }}" in page


def test_the_first_by_display_order_that_has_one_is_shown_and_the_next_after_its_end(
    client: FlaskClient, frozen: Clock
) -> None:
    make.deal(banner="Second", display_order=2)
    make.deal(display_order=0)
    make.deal(banner="First", display_order=1, ends_at=make.NOW + timedelta(hours=1))
    make.deal(banner="Not yet", display_order=0, starts_at=make.NOW + timedelta(hours=2))
    assert "First" in banner(client)
    frozen.shift(3600)
    assert "Second" in banner(client)
    frozen.shift(3600)
    assert "Not yet" in banner(client)


def test_closed_it_stays_closed_until_it_says_something_else(client: FlaskClient) -> None:
    deal = make.deal(banner="First", display_order=0)
    make.deal(banner="Second", display_order=1)
    assert close(client, "/store/donate?amount=5.00") == "/store/donate?amount=5.00"
    assert not banner(client)
    assert not banner(client, "/store/cart")
    with unit_of_work():
        deals.change(deal.id, {"banner": "Third"}, actor=make.SYSTEM, now=make.NOW)
    assert "Third" in banner(client)


def test_a_look_brings_along_which_banner_shows_now(client: FlaskClient, frozen: Clock) -> None:
    make.deal(banner="First", display_order=0, ends_at=make.NOW + timedelta(hours=1))
    make.deal(banner="Second", display_order=1)
    here = HTMX | {"HX-Current-URL": "http://localhost/store?q=gold"}
    seen = client.get("/store/deals", headers=here)
    assert "First" in seen.text
    assert 'name="next" value="/store?q=gold"' in seen.text
    known = here | {"If-None-Match": seen.headers["ETag"]}
    assert client.get("/store/deals", headers=known).status_code == 304
    frozen.shift(3600)
    later = client.get("/store/deals", headers=known)
    assert later.text.count('id="banner-place" hx-swap-oob="morph"') == 1
    assert "Second" in later.text
    close(client)
    closed = client.get("/store/deals", headers=here | {"If-None-Match": later.headers["ETag"]})
    assert closed.status_code == 200
    assert 'id="banner-place"' in closed.text
    assert 'id="banner"' not in closed.text
    assert client.get("/store").text.count('id="banner-place"') == 1


def test_closed_in_place_nothing_is_left_of_it(client: FlaskClient) -> None:
    make.deal(banner="First")
    form = banner(client)
    answer = client.post("/store/banner/close", data={name: hidden(form, name) for name in OURS}, headers=HTMX)
    assert (answer.status_code, answer.text) == (200, "")
    assert not banner(client)


def test_whoever_else_looks_still_sees_it(client: FlaskClient) -> None:
    make.deal(banner="First")
    close(client)
    assert "First" in banner(client.application.test_client())


@pytest.mark.parametrize(
    "data", [{}, {"deal": "x", "version": "y"}, {"deal": "9" * 30, "version": "1", "next": "https://evil.example/"}]
)
def test_whatever_is_sent_to_close_it_leads_back_into_the_store(client: FlaskClient, data: dict[str, str]) -> None:
    answer = client.post("/store/banner/close", data=data)
    assert (answer.status_code, answer.location) == (303, "/store")
    assert client.get("/store/banner/close").status_code == 405


def test_many_that_were_closed_are_remembered_in_little(client: FlaskClient) -> None:
    for number in range(40):
        client.post("/store/banner/close", data={"deal": number, "version": 1})
    with client.session_transaction() as session:
        assert session["closed_banners"] == [[number, 1] for number in range(30, 40)]


def test_it_costs_the_pages_one_statement_and_the_store_none(client: FlaskClient) -> None:
    def cost(path: str) -> int:
        client.get(path)
        with count_statements() as sent:
            client.get(path)
        return len(sent)

    make.discount(is_public=True)
    before = {path: cost(path) for path in ("/store", "/store/donate")}
    make.deal()
    deal_alone = cost("/store")
    make.deal(banner="First")
    assert cost("/store") == deal_alone <= before["/store"] + 1
    assert cost("/store/donate") <= before["/store/donate"] + 1
