"""What becomes of orders and gifts, in a real browser, with JavaScript and without: as shopper and as admin."""

import re
from collections.abc import Callable

import pytest
from flask_login import UserMixin
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.kit.db import db, unit_of_work
from app.orders import books
from app.orders import service as orders
from app.orders.models import Invoice
from app.promotions.models import Promotion
from tests import make
from tests.browsing import faults_of, has_script

SignIn = Callable[[Page, UserMixin], None]
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(params=["page", "page_without_javascript"])
def screen(request: pytest.FixtureRequest) -> Page:
    """The same is done with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    return page


def invoices() -> list[tuple[str, str, int, int]]:
    db.session.rollback()
    db.session.expire_all()
    found = db.session.scalars(select(Invoice).order_by(Invoice.id))
    return [(each.kind, each.status, each.total_cents, each.refunded_cents) for each in found]


def test_a_visitor_gives_declines_pays_and_gives_again(screen: Page, live_server: str) -> None:
    screen.goto(f"{live_server}/store")
    screen.get_by_role("navigation", name="Main").get_by_role("link", name="Donate").click()
    screen.get_by_label("Your name").fill("Ada")
    screen.get_by_label("Message").fill("Keep going!")
    screen.get_by_role("textbox", name="Amount").fill("0.50")
    screen.get_by_role("button", name="Donate").click()
    expect(screen.locator("#amount-error, .error-summary").first).to_contain_text("between $1.00 and $10,000.00")
    expect(screen.get_by_label("Message")).to_have_value("Keep going!")
    screen.get_by_role("textbox", name="Amount").fill("12.50")
    screen.get_by_role("button", name="Donate").click()
    screen.get_by_role("button", name="Decline").click()
    expect(screen.get_by_text("was declined. Nothing was charged.")).to_be_visible()
    screen.get_by_role("button", name="Pay", exact=True).click()
    expect(screen.get_by_text("Thank you for your gift!")).to_be_visible()
    expect(screen.locator("article")).to_contain_text("Keep going!")
    assert invoices() == [("donation", "paid", 1250, 0)]

    screen.goto(f"{live_server}/store/donate")
    expect(screen.get_by_text("Giving as Ada")).to_be_visible()
    screen.get_by_role("link", name="$25.00").click()
    expect(screen.get_by_role("textbox", name="Amount")).to_have_value("25.00")
    screen.get_by_role("button", name="Donate").click()
    screen.get_by_role("link", name="Pay later").click()
    screen.get_by_text("Cancel the donation").first.click()
    screen.get_by_role("button", name="Yes, cancel it").click()
    expect(screen.get_by_text("This was cancelled, and there is nothing to pay.")).to_be_visible()
    assert invoices() == [("donation", "paid", 1250, 0), ("donation", "void", 2500, 0)]


def test_a_price_that_changed_meanwhile_is_shown_before_anything_is_charged(screen: Page, live_server: str) -> None:
    logo = make.product(name="Logo design", price_cents=10_000)
    screen.goto(f"{live_server}/store")
    screen.get_by_label("Who is shopping?").fill("Ada")
    screen.get_by_role("button", name="Go on").click()
    expect(screen.get_by_text("Shopping as Ada")).to_be_visible()
    screen.get_by_role("button", name="Add Logo design to the cart").click()
    expect(screen.get_by_text("Logo design is in your cart.")).to_be_visible()
    screen.goto(f"{live_server}/store/cart")
    with unit_of_work():
        db.session.merge(logo).price_cents = 12_000
    screen.get_by_role("button", name="Order and pay $100.00").click()
    expect(screen.get_by_role("alert")).to_contain_text("The total has changed")
    expect(screen.get_by_text("It was $100.00 when you chose it.")).to_be_visible()
    assert invoices() == []
    screen.get_by_role("button", name="Order and pay $120.00").click()
    expect(screen.get_by_role("button", name="Decline")).to_be_visible()
    assert invoices() == [("order", "pending", 12_000, 0)]
    screen.get_by_role("link", name="Pay later").click()
    screen.get_by_text("Cancel the order").first.click()
    screen.get_by_role("button", name="Yes, cancel it").click()
    expect(screen.get_by_text("The order is cancelled.")).to_be_visible()
    assert invoices() == [("order", "void", 12_000, 0)]


def test_nobody_orders_another_quantity_than_the_one_on_the_screen(page: Page, live_server: str) -> None:
    make.product(name="Hosting", price_cents=1_900)
    page.goto(f"{live_server}/store")
    page.get_by_label("Who is shopping?").fill("Ada")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Shopping as Ada")).to_be_visible()
    page.get_by_role("button", name="Add Hosting to the cart").click()
    expect(page.get_by_text("Hosting is in your cart.")).to_be_visible()
    page.goto(f"{live_server}/store/cart")
    quantity = page.get_by_label("Quantity of Hosting")
    quantity.fill("5")
    page.get_by_role("button", name="Order and pay").click()
    expect(page.get_by_text("Your cart takes the new quantity first.")).to_be_visible()
    expect(page.get_by_role("button", name="Order and pay $95.00")).to_be_visible()
    quantity.fill("1000")
    page.get_by_role("button", name="Order and pay").click()
    expect(page.get_by_text("Please enter a whole number from 1 to 999.")).to_be_visible()
    page.get_by_role("button", name="Order and pay").click()
    expect(quantity).to_be_focused()
    assert invoices() == []
    quantity.fill("2")
    quantity.press("Enter")
    page.get_by_role("button", name="Order and pay $38.00").click()
    expect(page.get_by_text("2 \u00d7 Hosting")).to_be_visible()
    assert invoices() == [("order", "pending", 3_800, 0)]


@pytest.fixture(params=["page", "page_without_javascript"])
def desk(request: pytest.FixtureRequest, sign_in: SignIn) -> Page:
    """A signed-in admin, with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, make.user(role="admin"))
    return page


def test_an_admin_refunds_a_piece_and_then_the_rest_and_the_shopper_sees_it(
    desk: Page, live_server: str, sign_in: SignIn
) -> None:
    make.discount(code="TEN", usage_limit=5)
    shopper = make.user(username="mira")
    invoice = make.paid_invoice(person=shopper.person, code="TEN", name="Logo", quantity=3, price_cents=1000)
    desk.goto(f"{live_server}/admin/invoices?q={invoice.number}")
    desk.get_by_role("link", name=invoice.number).click()
    desk.get_by_role("link", name="Refund").click()
    desk.get_by_label("Pieces of Logo that go back").fill("1")
    if has_script(desk):
        desk.get_by_label("Reason").focus()
        expect(desk.locator("#refund-worth")).to_contain_text("$9.00")
        assert faults_of(desk) == []
    desk.get_by_label("Reason").fill("Came broken")
    desk.get_by_role("button", name="Refund the chosen pieces").click()
    expect(desk.get_by_text(f"$9.00 of {invoice.number} goes back.")).to_be_visible()
    expect(desk.get_by_text("Partly refunded")).to_be_visible()
    assert invoices() == [("order", "partly_refunded", 2700, 900)]

    desk.get_by_role("link", name="Refund").click()
    desk.get_by_role("button", name="Refund all that is left: $18.00").click()
    expect(desk.get_by_text("Refunded", exact=True).first).to_be_visible()
    assert invoices() == [("order", "refunded", 2700, 2700)]
    assert db.session.scalars(select(Promotion.used_count)).one() == 0
    assert books.faults() == []

    sign_in(desk, shopper)
    desk.goto(f"{live_server}/store/invoices/{invoice.number}")
    expect(desk.get_by_text("Came broken")).to_be_visible()
    expect(desk.get_by_text("3 of 3 refunded")).to_be_visible()
    expect(desk.locator(".receipt-totals")).to_contain_text(f"{MINUS}$27.00")


def test_an_admin_voids_an_order_and_finds_it_in_the_books(desk: Page, live_server: str) -> None:
    invoice = make.invoice()
    desk.goto(f"{live_server}/admin/invoices/{invoice.number}")
    desk.get_by_text("Void", exact=True).first.click()
    desk.get_by_role("button", name="Yes, void it").click()
    expect(desk.get_by_text(f"{invoice.number} is void.")).to_be_visible()
    assert [status for _kind, status, *_sums in invoices()] == ["void"]
    desk.goto(f"{live_server}/admin/accounting?from=2026-01-01&to=2026-12-31")
    desk.get_by_role("link", name="Void").click()
    expect(desk.get_by_role("row", name=re.compile(invoice.number))).to_contain_text("Void")


def test_the_books_are_searched_in_place(page: Page, sign_in: SignIn, live_server: str) -> None:
    sign_in(page, make.user(role="admin"))
    first, second = make.paid_invoice(), make.invoice()
    with unit_of_work():
        orders.confirm_payment(second.number, actor=make.SYSTEM, now=make.NOW)
    page.goto(f"{live_server}/admin/accounting?from=2026-01-01&to=2026-12-31")
    expect(page.locator(".stat-tile").first).to_contain_text("$40.00")
    page.get_by_role("searchbox").press_sequentially(second.shopper)
    expect(page.get_by_role("link", name=first.number)).to_have_count(0)
    expect(page.get_by_role("link", name=second.number)).to_be_visible()
    expect(page).to_have_url(re.compile("q=shopper.*from=2026-01-01"))
    expect(page.locator(".stat-tile").first).to_contain_text("$40.00")
    assert faults_of(page) == []
