"""An admin's whole day with a code, from making it to archiving it, with JavaScript and without."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.accounts.models import User
from app.discounts import service as discounts
from app.kit.db import db
from app.promotions import editing
from app.promotions.models import ArchivedPromotion
from tests import make
from tests.browsing import has_script

SignIn = Callable[[Page, User], None]


@pytest.fixture(params=["page", "page_without_javascript"])
def screen(request: pytest.FixtureRequest) -> Page:
    """The same day with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    return page


def card(page: Page, title: str) -> Locator:
    return page.locator(".promo", has=page.get_by_role("heading", name=title, exact=True))


def choose(page: Page, title: str, what: str) -> None:
    """An entry of the menu of a promotion in the list."""
    card(page, title).locator(f'summary[aria-label="More for {title}"]').click()
    card(page, title).get_by_role("link", name=what, exact=True).click()


def confirm(page: Page, title: str, what: str) -> None:
    card(page, title).locator(f'summary[aria-label="More for {title}"]').click()
    card(page, title).locator("summary", has_text=what).click()
    card(page, title).get_by_role("button", name=what, exact=True).click()


def make_it(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/promotions")
    page.locator(".promo-new > summary").click()
    page.get_by_role("link", name="New discount code").click()
    form = page.locator("#promotion-form")
    form.get_by_label("Title", exact=True).fill("Lantern week")
    form.get_by_label("Code", exact=True).press_sequentially("la")
    if has_script(page):  # told while one types, and what was typed stays
        expect(form.get_by_text("Please use 3 to 32 characters.")).to_be_visible()
    form.get_by_label("Code", exact=True).press_sequentially("ntern")
    expect(form.get_by_label("Code", exact=True)).to_have_value("lantern")
    form.get_by_label("Value", exact=True).fill("120")
    page.wait_for_load_state("networkidle")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("alert")).to_contain_text("A percentage can't be more than 100.")
    expect(form.get_by_label("Title", exact=True)).to_have_value("Lantern week")
    form.get_by_label("Value", exact=True).fill("25")
    form.get_by_label("Uses in all").fill("2")
    form.get_by_label("Show it in the store's public list").check()
    page.wait_for_load_state("networkidle")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Lantern week was created.")).to_be_visible()


def share_it(page: Page, shopper: Page, url: str) -> None:
    """The link that the sheet shows leads a shopper to a button that applies the code."""
    choose(page, "Lantern week", "Share")
    expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()
    link = page.get_by_label("Link", exact=True).input_value()
    assert link.endswith("/store?code=LANTERN")
    shopper.goto(f"{url}/store?code=LANTERN")
    expect(shopper.locator(".code-card", has_text="Lantern week")).to_be_visible()
    shopper.get_by_role("button", name="Apply LANTERN").first.click()
    expect(shopper.get_by_label("Summary")).to_contain_text("LANTERN")


def look_at_it(page: Page, url: str) -> None:
    make.use("LANTERN")
    page.goto(f"{url}/admin/promotions?kind=discount&type=percentage&status=active")
    expect(card(page, "Lantern week")).to_contain_text("1 of 2")
    choose(page, "Lantern week", "Statistics")
    expect(page.locator(".stat-tile", has_text="Saved by shoppers")).to_contain_text("$5.00")
    page.goto(f"{url}/admin/promotions")
    choose(page, "Lantern week", "People")
    expect(page.get_by_role("row", name="without an account")).to_contain_text("$5.00")


def test_a_code_from_creation_to_the_archive(
    app: Flask, screen: Page, new_context: Callable[[], BrowserContext], live_server: str, sign_in: SignIn
) -> None:
    make.product(name="Lantern")
    sign_in(screen, make.user(role="admin", username="root"))
    make_it(screen, live_server)
    share_it(screen, new_context().new_page(), live_server)
    look_at_it(screen, live_server)
    screen.goto(f"{live_server}/admin/promotions")
    choose(screen, "Lantern week", "Duplicate")
    screen.locator("#promotion-form").get_by_label("Code", exact=True).fill("LANTERN2")
    screen.wait_for_load_state("networkidle")
    screen.get_by_role("button", name="Create").click()
    expect(screen.get_by_text("Copy of Lantern week was created.")).to_be_visible()
    confirm(screen, "Lantern week", "Expire now")
    expect(screen.get_by_text("Lantern week has ended. A later end opens it again.")).to_be_visible()
    expect(card(screen, "Lantern week")).to_contain_text("Expired")
    confirm(screen, "Lantern week", "Archive")
    expect(screen.get_by_text("Lantern week was archived.")).to_be_visible()
    expect(card(screen, "Lantern week")).to_have_count(0)
    screen.goto(f"{live_server}/admin/promotions?status=archived")
    expect(card(screen, "Lantern week")).to_be_visible()
    with app.app_context():
        db.session.rollback()
        archived = next(each for each in discounts.listing(status="archived", now=make.NOW).items)
        kept = db.session.get(ArchivedPromotion, archived.id)
        assert kept is not None
        assert (kept.snapshot["code"], kept.snapshot["uses"], kept.snapshot["value_cents"]) == ("LANTERN", 1, 500)
        did = [entry.action.partition(".")[2] for entry in reversed(editing.history(archived.id))]
        assert did == ["created", "expired", "archived"]
