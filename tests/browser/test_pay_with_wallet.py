"""A client pays with their wallet in a real browser, with JavaScript and without: in the cart, and an order's page."""

import re
from collections.abc import Callable

import pytest
from flask_login import UserMixin
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.kit.db import db
from app.orders.models import Invoice
from tests import make
from tests.bonuses.reading import balances, faults
from tests.browsing import faults_of, has_script, look

SignIn = Callable[[Page, UserMixin], None]


@pytest.fixture(params=["page", "page_without_javascript"])
def screen(request: pytest.FixtureRequest) -> Page:
    """The same is done with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    return page


def invoices() -> list[tuple[str, str, int]]:
    db.session.rollback()
    found = db.session.scalars(select(Invoice).order_by(Invoice.id).execution_options(populate_existing=True))
    return [(each.status, each.provider, each.total_cents) for each in found]


def put_in_cart(screen: Page, live_server: str, product: str) -> None:
    screen.goto(f"{live_server}/store")
    screen.get_by_role("button", name=f"Add {product} to the cart").click()
    expect(screen.get_by_text(f"{product} is in your cart.")).to_be_visible()
    screen.goto(f"{live_server}/store/cart")


def test_a_client_orders_from_the_wallet_and_pays_what_waits(screen: Page, live_server: str, sign_in: SignIn) -> None:
    mia = make.user(username="mia")
    make.deposit(mia, 10_000)
    make.product(name="Logo", price_cents=4000)
    sign_in(screen, mia)
    put_in_cart(screen, live_server, "Logo")
    expect(screen.get_by_role("radio", name="Test provider")).to_be_checked()
    screen.get_by_role("radio", name="Wallet").check()
    screen.get_by_role("button", name="Order and pay $40.00").click()
    expect(screen.get_by_text("Thank you! Your order is complete.")).to_be_visible()
    expect(screen.locator("article")).to_contain_text("Wallet")
    assert (invoices(), balances(mia)) == ([("paid", "wallet", 4000)], (6000, 0))

    put_in_cart(screen, live_server, "Logo")
    screen.get_by_role("button", name="Order and pay $40.00").click()
    screen.get_by_role("link", name="Pay later").click()
    expect(screen.get_by_text("Your wallet holds $60.00.")).to_be_visible()
    screen.get_by_role("button", name="Pay from the wallet").click()
    expect(screen.get_by_text("Thank you! Your order is complete.")).to_be_visible()
    assert (invoices()[1], balances(mia)) == (("paid", "wallet", 4000), (2000, 0))

    put_in_cart(screen, live_server, "Logo")
    expect(screen.get_by_role("radio", name="Wallet")).to_be_disabled()
    expect(screen.get_by_text("There is $20.00 too little in your wallet for this order.")).to_be_visible()
    screen.get_by_role("button", name="Order and pay $40.00").click()
    screen.get_by_role("link", name="Pay later").click()
    expect(screen.get_by_text("Your wallet holds $20.00: $20.00 too little for this order.")).to_be_visible()
    expect(screen.get_by_role("button", name="Pay from the wallet")).to_have_count(0)
    assert (invoices()[2], balances(mia), faults()) == (("pending", "test", 4000), (2000, 0), [])


def test_the_choice_stays_while_the_cart_changes_in_place(page: Page, live_server: str, sign_in: SignIn) -> None:
    mia = make.user()
    make.deposit(mia, 10_000)
    make.product(name="Hosting", price_cents=3000)
    sign_in(page, mia)
    put_in_cart(page, live_server, "Hosting")
    wallet, provider = page.get_by_role("radio", name="Wallet"), page.get_by_role("radio", name="Test provider")
    wallet.check()
    page.get_by_role("button", name="One more").click()
    expect(page.get_by_role("button", name="Order and pay $60.00")).to_be_visible()
    expect(wallet).to_be_checked()
    for width in (360, 1280):
        look(page, width, "dark" if width == 360 else "light")
        assert faults_of(page) == []

    make.withdrawal(mia, 5000)  # in another tab
    page.get_by_role("button", name="Order and pay $60.00").click()
    expect(page.get_by_role("alert")).to_contain_text("There is $10.00 too little in the wallet. Nothing was ordered.")
    expect(wallet).to_be_disabled()
    expect(provider).to_be_checked()
    assert (invoices(), balances(mia), faults_of(page)) == ([], (5000, 0), [])
    page.get_by_role("button", name="One less").click()
    expect(page.get_by_role("button", name="Order and pay $30.00")).to_be_visible()
    expect(wallet).to_be_enabled()
    wallet.check()
    page.get_by_role("button", name="Order and pay $30.00").click()
    expect(page).to_have_url(re.compile("/store/invoices/"))
    assert (invoices(), balances(mia)) == ([("paid", "wallet", 3000)], (2000, 0))


def test_a_deposit_is_declined_and_then_paid(screen: Page, live_server: str, sign_in: SignIn) -> None:
    mia = make.user()
    deposit = make.asked_deposit(mia, 5000)
    sign_in(screen, mia)
    screen.goto(f"{live_server}/store/payments/test/{deposit.reference}")
    expect(screen.get_by_role("heading", name="$50.00")).to_be_visible()
    screen.get_by_role("button", name="Decline").click()
    expect(screen.get_by_text("was declined. Nothing was charged.")).to_be_visible()
    if has_script(screen):
        assert faults_of(screen) == []
    screen.get_by_role("button", name="Pay", exact=True).click()
    expect(screen).to_have_url(re.compile("/client/wallet"))
    expect(screen.get_by_text("Thank you! Your deposit is in your wallet.")).to_be_visible()
    assert (balances(mia), faults()) == ((5000, 0), [])
