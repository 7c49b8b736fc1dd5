"""A shopper pays at another site and comes back: what the content security policy allows, a real browser shows."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from tests import make
from tests.browsing import faults_of
from tests.payments.stripe_stand_in import WEBHOOK, StandIn, tell


@pytest.fixture(params=["page", "page_without_javascript"])
def screen(request: pytest.FixtureRequest, live_server: str, stripe: StandIn) -> Page:  # noqa: ARG001
    """Ada with something in her cart, with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    make.product(name="Logo design", price_cents=10_000)
    page.goto(f"{live_server}/store")
    page.get_by_label("Who is shopping?").fill("Ada")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Shopping as Ada")).to_be_visible()
    page.get_by_role("button", name="Add Logo design to the cart").click()
    expect(page.get_by_text("Logo design is in your cart.")).to_be_visible()
    page.goto(f"{live_server}/store/cart")
    return page


def test_an_order_leads_to_stripe_and_comes_back_paid(screen: Page, live_server: str, stripe: StandIn) -> None:
    stripe.webhook_url = f"{live_server}{WEBHOOK}"
    screen.get_by_role("button", name="Order and pay $100.00").click()
    expect(screen).to_have_url(re.compile(f"^{stripe.url}/pay/"))
    screen.get_by_role("link", name="Back").click()
    expect(screen.get_by_text("being confirmed")).to_have_count(0)
    screen.get_by_role("button", name="Pay now").click()
    screen.get_by_role("button", name="Pay 10000").click()
    expect(screen.locator("article")).to_contain_text("Paid")
    assert len(stripe.pages) == 1


def test_back_too_early_the_page_waits_for_the_word_of_stripe(
    app: Flask, request: pytest.FixtureRequest, screen: Page, stripe: StandIn
) -> None:
    screen.get_by_role("button", name="Order and pay $100.00").click()
    screen.get_by_role("button", name="Pay 10000").click()
    expect(screen.get_by_text("your payment is being confirmed")).to_be_visible()
    assert tell(app, stripe.event("checkout.session.completed", stripe.page)).status_code == 200
    if request.node.callspec.params["screen"] == "page_without_javascript":
        screen.get_by_role("link", name="Look again").click()
    expect(screen.locator("article")).to_contain_text("Paid")


@pytest.mark.parametrize("screen", ["page"], indirect=True)
def test_axe_finds_nothing_on_the_way(screen: Page, stripe: StandIn) -> None:
    def stay(route: Route) -> None:
        route.fulfill(status=204)

    screen.route(f"{stripe.url}/**", stay)
    screen.get_by_role("button", name="Order and pay $100.00").click()
    expect(screen.get_by_role("link", name="Go on to pay")).to_be_visible()
    assert faults_of(screen) == []
    screen.goto(stripe.page["success_url"])
    expect(screen.get_by_text("your payment is being confirmed")).to_be_visible()
    assert faults_of(screen) == []
