"""A shopper uses a code: the whole job in a real browser, with JavaScript and without."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.kit.db import db
from app.orders.models import Invoice
from app.promotions.models import Promotion
from tests import make
from tests.browsing import Theme, faults_of, look

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(params=["page", "page_without_javascript"])
def screen(request: pytest.FixtureRequest) -> Page:
    """The same job is done with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    return page


def fill_the_store() -> None:
    design = make.category("design")
    make.product(name="Logo design", category=design, price_cents=10_000)
    make.product(name="Small hosting", price_cents=900)
    make.discount(code="DESIGN20", discount_value=20, applicable_categories=["design"], min_amount="150")


def put_in_cart(page: Page, name: str, quantity: int) -> None:
    page.get_by_label(f"Quantity of {name}").fill(str(quantity))
    page.get_by_role("button", name=f"Add {name} to the cart").click()
    expect(page.get_by_text(f"{name} is in your cart.")).to_be_visible()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Promo code").fill(code)
    page.get_by_label("Promo code").press("Enter")


def use_the_code(page: Page, url: str) -> None:
    page.goto(f"{url}/store")
    put_in_cart(page, "Logo design", 1)
    page.goto(f"{url}/store")
    put_in_cart(page, "Small hosting", 1)
    page.goto(f"{url}/store/cart")
    summary = page.get_by_label("Summary")

    type_code(page, "desing20")
    expect(summary.get_by_role("alert")).to_contain_text("We don't know this code.")
    expect(page.get_by_label("Promo code")).to_have_value("desing20")

    type_code(page, "design20")
    expect(summary.get_by_role("alert")).to_contain_text("41.00")

    set_quantity(page, "Logo design", 2)
    expect(summary).to_contain_text("$209.00")
    type_code(page, " design20 ")
    expect(summary).to_contain_text(f"{MINUS}$40.00")
    expect(summary).to_contain_text("$169.00")
    expect(page.get_by_label("Promo code")).to_have_value("")


def set_quantity(page: Page, name: str, quantity: int) -> None:
    field = page.get_by_label(f"Quantity of {name}")
    field.fill(str(quantity))
    field.press("Enter")


def order_and_pay(page: Page) -> None:
    page.get_by_role("button", name="Order and pay $169.00").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("was declined. Nothing was charged.")).to_be_visible()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("Invoice"))).to_be_visible()
    receipt = page.locator("article")
    expect(receipt).to_contain_text("Paid")
    expect(receipt).to_contain_text("DESIGN20")
    expect(receipt).to_contain_text(f"{MINUS}$40.00")
    expect(receipt).to_contain_text("$169.00")


def the_books_are_right(person_key: str) -> None:
    db.session.rollback()
    invoice = db.session.scalars(select(Invoice)).one()
    assert (invoice.person_key, invoice.status, invoice.code) == (person_key, "paid", "DESIGN20")
    assert (invoice.subtotal_cents, invoice.discount_cents, invoice.total_cents) == (20_900, 4_000, 16_900)
    assert db.session.scalars(select(Promotion.used_count)).one() == 1


def test_an_anonymous_shopper_uses_a_code(screen: Page, live_server: str) -> None:
    fill_the_store()
    screen.goto(f"{live_server}/store")
    screen.get_by_label("Who is shopping?").fill("Ada")
    screen.get_by_role("button", name="Go on").click()
    expect(screen.get_by_text("Shopping as Ada")).to_be_visible()
    use_the_code(screen, live_server)
    order_and_pay(screen)
    screen.get_by_label("Breadcrumbs").get_by_role("link", name="Invoices").click()
    expect(screen.get_by_role("row", name=re.compile("DESIGN20"))).to_contain_text("$169.00")
    the_books_are_right("name:ada")


def test_a_client_uses_a_code(screen: Page, live_server: str) -> None:
    fill_the_store()
    user = make.user(username="mira")
    screen.goto(f"{live_server}/login?next=/store")
    screen.get_by_label("Username or e-mail").fill("mira")
    screen.get_by_label("Password", exact=True).fill(make.PASSWORD)
    screen.get_by_role("button", name="Sign in").click()
    screen.wait_for_url(f"{live_server}/store")
    use_the_code(screen, live_server)
    order_and_pay(screen)
    the_books_are_right(f"user:{user.id}")


def test_the_cart_changes_in_place(page: Page, live_server: str) -> None:
    fill_the_store()
    page.goto(f"{live_server}/store")
    put_in_cart(page, "Logo design", 2)
    expect(page.get_by_role("button", name="Add Logo design to the cart")).to_be_focused()
    expect(page.get_by_role("link", name="Cart, 2 pieces")).to_be_visible()
    page.get_by_role("link", name="Cart, 2 pieces").click()
    page.wait_for_url(f"{live_server}/store/cart")
    page.evaluate("window.isTheSamePage = true")
    summary = page.get_by_label("Summary")
    type_code(page, "DESIGN20")
    expect(summary).to_contain_text(f"{MINUS}$40.00")
    page.get_by_role("button", name="One less").click()
    expect(summary).to_contain_text("DESIGN20 doesn't count right now.")
    expect(summary).to_contain_text("50.00")
    expect(page.get_by_role("link", name="Cart, 1 piece")).to_be_visible()
    page.get_by_role("button", name="One more").click()
    expect(summary).to_contain_text(f"{MINUS}$40.00")
    expect(page.get_by_role("button", name="One more")).to_be_focused()
    page.get_by_role("button", name="Remove code DESIGN20").click()
    expect(summary).not_to_contain_text("Discount")
    page.get_by_role("button", name="Remove Logo design").click()
    expect(page.get_by_text("Your cart is empty")).to_be_visible()
    assert page.evaluate("window.isTheSamePage") is True


def test_a_shared_link_offers_its_code(screen: Page, live_server: str) -> None:
    fill_the_store()
    screen.goto(f"{live_server}/store")
    put_in_cart(screen, "Logo design", 2)
    screen.goto(f"{live_server}/store?code=design20")
    screen.get_by_role("button", name="Apply DESIGN20").click()
    screen.wait_for_url(f"{live_server}/store/cart")
    expect(screen.get_by_label("Summary")).to_contain_text(f"{MINUS}$40.00")


def test_a_name_of_an_account_is_refused_where_it_was_typed(page: Page, live_server: str) -> None:
    fill_the_store()
    make.user(username="mira")
    page.goto(f"{live_server}/store")
    page.get_by_label("Who is shopping?").fill("Mira")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("That name belongs to an account.")).to_be_visible()
    expect(page.get_by_role("heading", name="Store")).to_be_visible()


def test_the_search_works_as_one_types(page: Page, live_server: str) -> None:
    fill_the_store()
    page.goto(f"{live_server}/store")
    page.get_by_role("searchbox").press_sequentially("hosting")
    expect(page.get_by_role("link", name="Logo design")).to_have_count(0)
    expect(page.get_by_role("link", name="Small hosting")).to_be_visible()
    expect(page).to_have_url(re.compile("q=hosting$"))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])  # the others: test_pages.py
def test_axe_finds_nothing_and_nothing_sticks_out(page: Page, live_server: str, theme: Theme, width: int) -> None:
    fill_the_store()
    look(page, width, theme)
    page.goto(f"{live_server}/store?code=DESIGN20")
    assert faults_of(page) == []
    page.get_by_label("Who is shopping?").fill("Ada")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Shopping as Ada")).to_be_visible()
    put_in_cart(page, "Logo design", 2)
    page.get_by_role("link", name="Logo design").click()
    expect(page.get_by_role("heading", name="Logo design")).to_be_visible()
    assert faults_of(page) == []
    page.goto(f"{live_server}/store/cart")
    assert faults_of(page) == []
    type_code(page, "nope")
    expect(page.locator("#code-error")).to_be_visible()
    assert faults_of(page) == []
    type_code(page, "design20")
    expect(page.get_by_label("Summary")).to_contain_text("Discount")
    assert faults_of(page) == []
    set_quantity(page, "Logo design", 1)
    expect(page.locator("#code-reason")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Order and pay $100.00").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("was declined.")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("link", name="Pay later, and see the invoice").click()
    expect(page.get_by_role("button", name="Pay now")).to_be_visible()
    assert faults_of(page) == []
    page.goto(f"{live_server}/store/invoices")
    assert faults_of(page) == []
