"""An admin tries terms on the past, in a real browser with JavaScript and without."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.accounts.persons import Person
from tests import make
from tests.browsing import faults_of, look

SignIn = Callable[[Page, User], None]


@pytest.mark.parametrize("browser_page", ["page", "page_without_javascript"])
def test_terms_are_tried_on_the_days_that_an_admin_chooses(
    request: pytest.FixtureRequest, browser_page: str, live_server: str, sign_in: SignIn
) -> None:
    page: Page = request.getfixturevalue(browser_page)
    made = make.discount(title="Spring", min_amount=20)
    for days, cents in enumerate((5000, 9000, 1000)):
        make.paid_invoice(person=Person("ada"), price_cents=cents, now=make.NOW + timedelta(days=days))
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/{made.id}/backtest?from=2020-01-01&to=2020-01-31")
    expect(page.get_by_text("No paid orders in this period")).to_be_visible()
    page.get_by_label("From").fill("2026-03-01")
    page.get_by_label("to", exact=True).fill("2026-03-31")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("$14.00").first).to_be_visible()
    expect(page.get_by_role("heading", name="Cost by day")).to_be_visible()
    expect(page.get_by_role("row", name="Below the minimum amount")).to_be_visible()
    expect(page).to_have_url(re.compile("from=2026-03-01"))
    page.get_by_label("From").fill("2026-04-01")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("ends before it begins")
    expect(page.get_by_label("From")).to_have_value("2026-04-01")
    if browser_page == "page":
        page.goto(f"{live_server}/admin/promotions/{made.id}/backtest?from=2026-03-01&to=2026-03-31")
        for width in (360, 1280):
            look(page, width, "light")
            assert faults_of(page) == []
