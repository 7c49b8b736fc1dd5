"""The shelves."""

from html import unescape

import pytest
from flask.testing import FlaskClient
from time_machine import TimeMachineFixture as Clock

from app.kit.db import unit_of_work
from tests import make
from tests.client import HTMX
from tests.counting import count_statements


def test_every_card_has_its_own_form_with_product_and_quantity(client: FlaskClient) -> None:
    product = make.product(name="Logo design", price_cents=48_000)
    page = client.get("/store").text
    assert f'<input type="hidden" name="product_id" value="{product.id}">' in page
    assert 'name="quantity"' in page
    assert "Logo design" in page
    assert "$480.00" in page


def test_a_category_shows_its_own_products_and_no_others(client: FlaskClient) -> None:
    design, hosting = make.category("design"), make.category("hosting")
    make.product(name="Logo", category=design)
    make.product(name="Server", category=hosting)
    page = client.get("/store?category=design").text
    assert "Logo" in page
    assert "Server" not in page


def test_what_is_not_for_sale_is_not_on_the_shelf(client: FlaskClient) -> None:
    make.product(name="Retired", is_active=False)
    make.product(name="Hidden", category=make.category(is_active=False))
    page = client.get("/store").text
    assert "Retired" not in page
    assert "Hidden" not in page


@pytest.mark.parametrize("words", ["LOGO", "des-1", "ogo d"])
def test_the_search_finds_name_and_sku_without_regard_to_case(client: FlaskClient, words: str) -> None:
    make.product(name="Logo design", sku="DES-1")
    make.product(name="Server", sku="HOST-1")
    part = client.get(f"/store?q={words}", headers=HTMX).text
    assert "Logo design" in part
    assert "Server" not in part
    assert "<html" not in part


def test_signs_of_the_search_are_taken_literally(client: FlaskClient) -> None:
    make.product(name="100% wool")
    make.product(name="1000 pages")
    page = client.get("/store", query_string={"q": "100%"}).text
    assert "100% wool" in page
    assert "1000 pages" not in page


def test_the_shelf_is_sorted_as_asked(client: FlaskClient) -> None:
    for name, price_cents in (("Middle", 200), ("Cheap", 100), ("Dear", 300)):
        make.product(name=name, price_cents=price_cents)
    page = client.get("/store?sort=-price").text
    assert page.index("Dear") < page.index("Middle") < page.index("Cheap")
    page = client.get("/store?sort=name").text
    assert page.index("Cheap") < page.index("Dear") < page.index("Middle")
    assert client.get("/store?sort=nonsense&page=nonsense").status_code == 200


def test_a_long_shelf_has_pages(client: FlaskClient) -> None:
    shelf = make.category()
    for number in range(13):
        make.product(name=f"Thing {number:02d}", category=shelf, position=number)
    assert "Thing 12" not in client.get("/store").text
    assert "Thing 12" in client.get("/store?page=2").text
    assert "Thing 12" in client.get("/store?page=99").text


def test_nothing_found_says_what_to_do(client: FlaskClient) -> None:
    assert "Nothing found" in client.get("/store?q=unicorn").text


def test_the_store_costs_few_statements_however_much_is_in_it(client: FlaskClient) -> None:
    for _ in range(3):
        shelf = make.category()
        for _ in range(5):
            make.product(category=shelf)
    client.post("/store/cart/lines", data={"product_id": make.product().id})
    with count_statements() as sent:
        client.get("/store?code=SAVE20")
    assert len(sent) <= 8, sent


def test_a_shared_code_is_shown_with_a_button_and_nothing_is_applied_by_looking(client: FlaskClient) -> None:
    make.discount(code="SAVE20", discount_value=20)
    page = client.get("/store?code= save20 ").text
    assert 'name="code" value="SAVE20"' in page
    assert "Apply SAVE20" in page
    assert "SAVE20" not in client.get("/store/cart").text


def test_a_shared_code_can_hold_no_markup(client: FlaskClient) -> None:
    page = client.get("/store", query_string={"code": "<script>alert(1)</script>"}).text
    assert "<SCRIPT>" not in page


def test_a_product_has_its_page(client: FlaskClient) -> None:
    product = make.product(name="Logo", description="<p>Good.</p><script>alert(1)</script>")
    page = client.get(f"/store/products/{product.slug}").text
    assert "<p>Good.</p>" in page
    assert "alert(1)" not in page
    assert client.get("/store/products/nothing-here").status_code == 404


def test_a_product_that_is_not_for_sale_says_so_and_has_no_form(client: FlaskClient) -> None:
    product = make.product(is_active=False)
    page = client.get(f"/store/products/{product.slug}").text
    assert "This product is not for sale right now." in page
    assert 'name="product_id"' not in page


def test_prices_follow_the_catalogue(client: FlaskClient) -> None:
    product = make.product(price_cents=1000)
    client.post("/store/cart/lines", data={"product_id": product.id, "quantity": 2})
    with unit_of_work():
        product.price_cents = 1500
    assert "$30.00" in client.get("/store/cart").text


def test_public_codes_that_run_stand_above_the_shelf_with_a_button_each(client: FlaskClient, frozen: Clock) -> None:
    frozen.move_to(make.NOW)
    noon = {"enabled": True, "start_time": "17:00", "end_time": "18:00", "timezone": "UTC", "weekdays": []}
    make.discount(
        title="For all", code="FORALL", is_public=True, usage_limit=9, terms_and_conditions="<p>Once a day</p>"
    )
    make.discount(title="Evenings", code="EVENING", is_public=True, active_hours=noon)
    make.discount(title="For some", code="SECRET")
    page = unescape(client.get("/store").text)
    assert page.count('class="code-card"') == 2
    assert "9 left" in page
    assert "<p>Once a day</p>" in page
    assert "Opens today at 17:00 (UTC)." in page
    assert "SECRET" not in page
    assert client.post("/store/cart/code", data={"code": "FORALL"}).location == "/store/cart"
    assert "FORALL" in client.get("/store/cart").text
    assert "code-card" not in client.get("/store?q=x", headers=HTMX).text


def test_public_codes_cost_one_statement_however_many_they_are(client: FlaskClient) -> None:
    def cost() -> int:
        client.get("/store")
        with count_statements() as sent:
            client.get("/store")
        return len(sent)

    without = cost()
    for _ in range(8):
        make.discount(is_public=True)
    assert cost() == without + 1 <= 8


def test_a_link_with_what_cannot_be_a_code_offers_nothing(client: FlaskClient) -> None:
    page = client.get("/store", query_string={"code": "CALL 555 TO CLAIM"}).text
    assert "You were sent the code" not in page
    assert "You were sent the code" in client.get("/store", query_string={"code": " save20 "}).text
