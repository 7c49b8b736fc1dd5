"""The deals in the store: what is shown to whom, and when."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import TimeMachineFixture as Clock

from app.accounts.models import User
from app.deals import service as deals
from app.kit.db import unit_of_work
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.shopping import apply, enter_store, ids_of, order, pay, put_in_cart, spend

SignIn = Callable[[FlaskClient, User], None]
TIMES = "\N{MULTIPLICATION SIGN}"
MICROSECOND, HOUR = timedelta(microseconds=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_noon(frozen: Clock) -> None:
    frozen.move_to(make.NOW)


def widget(client: FlaskClient, **arguments: str) -> str:
    return unescape(client.get("/store/deals", headers=HTMX, query_string=arguments).text)


def test_everybody_sees_what_a_deal_gives_and_is_asked_for_a_name(client: FlaskClient) -> None:
    items = [{"item_id": "gold", "name": "Gold", "amount": 1200}, {"item_id": "key", "name": "Key", "amount": 1}]
    rich = "<p>For the <strong>autumn</strong>.</p><script>alert(1)</script>"
    make.deal(title="Gold rush", description=rich, reward_items=items, terms_and_conditions="<p>Once a day.</p>")
    for path in ("/store", "/store/deals"):
        page = unescape(client.get(path).text)
        assert page.count('id="deals"') == 1
        gifts = (f"1,200 {TIMES} Gold", f"1 {TIMES} Key")
        for part in ("Deals & Progress", "Gold rush", "For the autumn.", "Spend $50.00", *gifts):
            assert part in page, part
        assert "<p>Once a day.</p>" in page
        assert "alert(1)" not in page
        assert "<progress" not in page
        assert page.count('id="username"') == 1
        assert len(ids_of(page)) == len(set(ids_of(page)))


def test_its_picture_stands_in_its_place(client: FlaskClient) -> None:
    name = make.stored_picture(size=(600, 400))
    with_picture, without = make.deal(image=name, display_order=0), make.deal(display_order=1)
    cards = widget(client).split('<li class="card deal ')
    assert f'id="deal-{with_picture.id}"' in cards[1]
    picture = re.search(r"<img[^>]*>", cards[1])
    assert picture
    for part in (f"{name}-thumb.webp", 'width="256"', 'height="171"', 'loading="lazy"', 'alt=""'):
        assert part in picture[0], picture[0]
    assert f'id="deal-{without.id}"' in cards[2]
    assert "<img" not in cards[2]


@pytest.mark.parametrize(
    ("text", "has_more"),
    [
        ("<p>Gold for <strong>all</strong>.</p>", False),
        ("Gold", False),
        ("", False),
        (f"<p>{'A word ' * 40}</p>", True),
        ('<p>See <a href="https://example.org/">how</a>.</p>', True),
        ("<ul><li>Gold</li><li>Keys</li></ul>", True),
        ("<p>Gold.</p>\n<p>Keys.</p>", True),
    ],
)
def test_whatever_the_few_words_leave_out_can_be_unfolded(client: FlaskClient, text: str, has_more: bool) -> None:
    make.deal(description=text)
    part = widget(client)
    assert ("Read more" in part) is has_more
    assert ("Show less" in part) is has_more
    make.deal(description=text, terms_and_conditions="<p>Once each.</p>")
    assert ("Terms & conditions" in widget(client)) is not has_more
    assert "<p>Once each.</p>" in widget(client)


def test_with_no_deal_nothing_is_left_but_a_place_that_goes_on_looking(client: FlaskClient) -> None:
    page = client.get("/store").text
    place = page.split('<section id="deals"')[1].split("</section>")[0]
    assert place.split(">")[0].endswith(" hidden")
    assert 'data-url="/store/deals?asks=link"' in place
    assert "<h2" not in place
    assert page.count('id="username"') == 1
    assert "No deals right now" in client.get("/store/deals").text


def test_a_deal_that_begins_meanwhile_brings_no_second_form_for_the_name(client: FlaskClient) -> None:
    make.deal()
    assert 'id="username"' not in widget(client, asks="link")
    assert 'href="#username"' in widget(client, asks="link")
    assert 'id="username"' in widget(client)


def test_a_deal_is_there_from_its_start_until_just_before_its_end(client: FlaskClient, frozen: Clock) -> None:
    start, end = make.NOW + HOUR, make.NOW + 2 * HOUR
    make.deal(title="Happy hour", starts_at=start, ends_at=end, banner="Now!")
    moments = (start - MICROSECOND, start, end - MICROSECOND, end)
    for moment, is_there in zip(moments, (False, True, True, False), strict=True):
        frozen.move_to(moment)
        assert ("Happy hour" in widget(client)) is is_there, moment
        assert ('id="banner"' in client.get("/store/donate").text) is is_there, moment


def test_what_is_switched_off_or_archived_is_gone_at_once(client: FlaskClient) -> None:
    off, archived = make.deal(title="Off"), make.deal(title="Archived")
    make.spend(make.user().person, 1000)
    assert "Off" in widget(client)
    with unit_of_work():
        deals.change(off.id, {"is_active": False}, actor=make.SYSTEM, now=make.NOW)
        deals.remove(archived.id, make.SYSTEM, make.NOW)
    assert "class=" not in widget(client).replace('class="deals"', "")


def test_what_was_paid_and_what_was_given_moves_the_bar(client: FlaskClient) -> None:
    make.deal(title="Gold rush")
    enter_store(client, "Ada")
    assert "$0.00 of $50.00" in widget(client)
    spend(client, 2000)
    given = client.get("/store/donate").text.split('name="idempotency_key"')[1].split('value="')[1].split('"')[0]
    answer = client.post("/store/donate", data={"amount": "12", "idempotency_key": given})
    pay(client, answer.location.rsplit("/", 1)[1])
    part = widget(client)
    assert "$32.00 of $50.00" in part
    assert 'value="64" max="100" aria-label="Gold rush: $32.00 of $50.00"' in part
    assert "$18.00 to go" in part
    assert "Claim<" not in part


def test_a_bar_is_not_full_before_it_is_reached(client: FlaskClient) -> None:
    make.deal()
    enter_store(client)
    spend(client, 4999)
    part = widget(client)
    assert 'value="99"' in part
    assert "100%" not in part
    spend(client, 1)
    part = widget(client)
    assert 'value="100"' in part
    assert "Claim" in part


def test_the_open_cart_is_shown_ahead_with_its_discount(client: FlaskClient) -> None:
    make.deal()
    make.discount(code="HALF", discount_value=50)
    enter_store(client)
    spend(client, 1000)
    assert "-ahead" not in widget(client)
    put_in_cart(client, make.product(price_cents=2400))
    apply(client, "HALF")
    part = widget(client)
    assert "Your cart adds $12.00" in part
    assert '-ahead" value="44"' in part
    assert '-bar" value="20"' in part
    client.delete("/store/cart/code")
    put_in_cart(client, make.product(price_cents=5000))
    assert "Your cart adds $74.00: that is enough" in widget(client)


def test_a_recurrent_deal_says_how_often_and_how_many_wait(client: FlaskClient) -> None:
    deal = make.deal(bonus_type="recurrent")
    enter_store(client)
    spend(client, 17_500)
    part = widget(client)
    assert "Every $50.00" in part
    assert "You have reached it. 3 to claim." in part
    assert client.post(f"/store/deals/{deal.id}/claim", data={"nth": 1}).status_code == 303
    part = widget(client)
    assert "Claimed once" in part
    assert "You have reached it. 2 to claim." in part


def test_few_left_are_told_and_what_is_used_up_stays_until_its_end(client: FlaskClient, frozen: Clock) -> None:
    deal = make.deal(title="Last one", usage_limit=1, banner="Hurry!")
    ada = make.user().person
    make.spend(ada, 5000)
    assert "1 left" in widget(client)
    make.claim(deal, ada)
    part = widget(client)
    assert "All claimed" in part
    assert "Everything this deal had to give has been claimed." in part
    assert "Hurry!" not in client.get("/store").text
    frozen.move_to(deal.promotion.ends_at)
    assert "Last one" not in widget(client)


def test_a_deal_for_members_says_so_and_has_no_button_for_others(client: FlaskClient, sign_in: SignIn) -> None:
    deal = make.deal(requires_account=True)
    enter_store(client)
    spend(client, 5000)
    part = widget(client)
    assert "For members" in part
    assert "<progress" not in part
    refused = client.post(f"/store/deals/{deal.id}/claim", headers=HTMX)
    assert refused.status_code == 422
    assert "Sign in to claim this" in refused.text
    user = make.user()
    sign_in(client, user)
    make.spend(user.person, 5000)
    assert f'id="deal-{deal.id}-claim"' in widget(client)


def test_another_session_under_the_same_name_sees_no_progress(app: Flask, client: FlaskClient) -> None:
    make.deal()
    enter_store(client, "Ada")
    number = spend(client, 3000)
    other = app.test_client()
    enter_store(other, "ADA")
    assert "$0.00 of $50.00" in widget(other)
    link = unescape(client.get(f"/store/invoices/{number}").text).split('class="textlink receipt-link" href="')[1]
    assert other.get(link.split('"')[0].removeprefix("http://localhost")).status_code == 200
    assert "$30.00 of $50.00" in widget(other)


def test_a_session_that_has_bought_nothing_sees_nothing_that_was_handed_over(client: FlaskClient) -> None:
    deal = make.deal()
    with client.session_transaction() as session:
        session["cart_user"] = "ada"
    make.spend(make.user(username="ada2").person, 5000)
    assert "$0.00 of $50.00" in widget(client)
    assert client.post(f"/store/deals/{deal.id}/claim").status_code == 422


def test_of_many_deals_the_store_unfolds_those_to_claim_and_the_first(client: FlaskClient) -> None:
    for at in range(8):
        make.deal(title=f"Deal {at}", display_order=at, min_amount=1 if at == 6 else 100)
    enter_store(client)
    spend(client, 100)
    page = client.get("/store").text
    front, rest = page.split('<details class="deals-rest"')
    assert [at for at in range(8) if f">Deal {at}<" in front] == [0, 1, 6]
    assert "5 more deals" in rest
    assert "deals-rest" not in client.get("/store/deals").text


def test_what_is_done_makes_room_for_what_is_open(client: FlaskClient) -> None:
    ada = make.user().person
    make.spend(ada, 100)
    for at in range(6):
        made = make.deal(title=f"Deal {at}", display_order=at, min_amount=1, usage_limit=1 if at < 2 else None)
        make.spend(ada, 100)
        if at < 2:
            make.claim(made, ada)
    front, rest = client.get("/store").text.split('<details class="deals-rest"')
    assert [at for at in range(6) if f">Deal {at}<" in front] == [2, 3, 4]
    assert "All claimed" in rest


def test_all_that_is_to_claim_stands_open(client: FlaskClient) -> None:
    for at in range(7):
        make.deal(title=f"Deal {at}", display_order=at, min_amount=1 if at > 1 else 100)
    enter_store(client)
    spend(client, 100)
    front = client.get("/store").text.split('<details class="deals-rest"')[0]
    assert [at for at in range(7) if f">Deal {at}<" in front] == [2, 3, 4, 5, 6]


def test_the_deal_that_was_just_claimed_stays_in_sight(client: FlaskClient) -> None:
    made = [make.deal(title=f"Deal {at}", display_order=at, min_amount=1) for at in range(8)]
    enter_store(client)
    here = HTMX | {"HX-Current-URL": "http://localhost/store"}
    assert f'id="deal-{made[6].id}"' in client.get("/store").text.split('id="deals-rest"')[1]
    spend(client, 100)
    answer = client.post(f"/store/deals/{made[6].id}/claim", data={"nth": 1}, headers=here)
    assert f'id="deal-{made[6].id}"' in answer.text.split('id="deals-rest"')[0]


def test_the_store_weighs_little_however_many_deals_run(client: FlaskClient) -> None:
    for _each in range(50):
        make.deal(description="<p>Spend a little more, and the game gives you gold for it.</p>" * 3)
    for _each in range(12):
        make.product()
    assert weight_of(client, "/store") < 150 * 1024


def test_the_store_says_how_long_in_the_words_of_the_countdown(client: FlaskClient) -> None:
    ends = {
        timedelta(days=2, hours=3, minutes=14, seconds=59): ("2d 3h 14m", "2วัน 3ชม. 14นาที"),
        timedelta(hours=3, seconds=59): ("3h 0m", "3ชม. 0นาที"),
        timedelta(minutes=42, seconds=7): ("42m 7s", "42นาที 7วิ"),
    }
    for left, words in ends.items():
        make.deal(ends_at=make.NOW + left)
        for language, told in zip(("en", "th"), words, strict=True):
            page = client.get("/store/deals", headers={"Accept-Language": language}).text
            assert f">{told}</time>" in page, (left, language)


def test_a_look_that_finds_nothing_new_is_told_so(client: FlaskClient, frozen: Clock) -> None:
    deal = make.deal()
    enter_store(client)
    page = client.get("/store/deals").text
    tag = unescape(page.split('data-etag="')[1].split('">')[0])
    first = client.get("/store/deals", headers=HTMX)
    assert first.headers["ETag"] == tag
    frozen.shift(60)
    again = client.get("/store/deals", headers=HTMX | {"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"] == "private, no-store"
    assert {"Cookie", "HX-Request"} <= set(again.headers["Vary"].split(", "))
    assert "Set-Cookie" not in again.headers
    for change in (
        lambda: spend(client, 1000),
        lambda: put_in_cart(client, make.product(price_cents=700)),
        lambda: edit(deal.id, title="Another title"),
        make.deal,
        lambda: client.post("/store/shopper/forget"),
    ):
        change()
        looked = client.get("/store/deals", headers=HTMX | {"If-None-Match": tag})
        assert looked.status_code == 200
        tag = looked.headers["ETag"]
    assert client.get("/store/deals", headers={"If-None-Match": tag}).status_code == 200
    assert client.get("/store/deals", headers=HTMX | {"If-None-Match": "nonsense \"' W/"}).status_code == 200


def weight_of(client: FlaskClient, path: str) -> int:
    """The bytes of a page with everything that it loads, compressed."""
    html = client.get(path).text
    files = re.findall(r'(?:<script[^>]* src|<link rel="(?:stylesheet|preload|icon)"[^>]* href)="([^"]+)"', html)
    sizes = [len(client.get(each, headers={"Accept-Encoding": "gzip"}).data) for each in {*files, "/static/icons.svg"}]
    return len(gzip.compress(html.encode())) + sum(sizes)


def edit(deal_id: int, **fields: object) -> None:
    with unit_of_work():
        deals.change(deal_id, fields, actor=make.SYSTEM, now=make.NOW)


@pytest.mark.parametrize("count", [1, 50])
def test_the_store_and_its_looks_cost_few_statements_however_many_deals_run(client: FlaskClient, count: int) -> None:
    for _each in range(count):
        make.deal(banner="Only {left}")
    make.discount(is_public=True)
    make.discount(code="TEN")
    enter_store(client)
    spend(client, 3000)
    for _each in range(3):
        put_in_cart(client, make.product())
    tag = client.get("/store/deals", headers=HTMX).headers["ETag"]
    with count_statements() as sent:
        assert client.get("/store/deals", headers=HTMX | {"If-None-Match": tag}).status_code == 304
    assert len(sent) <= 4, sent
    apply(client, "TEN")
    client.get("/store")
    with count_statements() as sent:
        assert client.get("/store").status_code == 200
    assert len(sent) <= 8, sent


def test_whoever_can_claim_is_told_on_the_cart_and_the_receipt(client: FlaskClient) -> None:
    make.deal(min_amount=10)
    make.deal(min_amount=10, requires_account=True)
    enter_store(client)
    assert "You can claim" not in client.get("/store/cart").text
    put_in_cart(client, make.product(price_cents=1000))
    number = order(client)
    assert "You can claim" not in client.get(f"/store/invoices/{number}").text
    pay(client, number)
    for path in ("/store/cart", f"/store/invoices/{number}"):
        assert "You can claim a reward." in client.get(path).text
