"""An admin makes, changes, switches and removes a code, in a real browser with JavaScript and without."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.discounts import service as discounts
from app.kit.db import db
from tests import make
from tests.browsing import Theme, faults_of, look

SignIn = Callable[[Page, User], None]
NIGHTS = {"enabled": True, "start_time": "22:00", "end_time": "02:00", "timezone": "Asia/Tokyo", "weekdays": [3]}


def kept(code: str) -> discounts.Quote:
    db.session.rollback()
    return discounts.quote(code, items=[discounts.Item(10_000, 1)], person=None, now=make.NOW)


def fill(page: Page) -> None:
    form = page.locator("#promotion-form")
    form.get_by_label("Title", exact=True).fill("Design week")
    form.get_by_label("Code", exact=True).fill("design20")
    form.get_by_label("Value", exact=True).fill("20")
    form.get_by_label("At most", exact=False).fill("15")


def test_a_code_is_made_in_a_dialog_that_checks_what_is_typed(
    app: Flask, page: Page, live_server: str, sign_in: SignIn
) -> None:
    make.discount(code="TAKEN")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions")
    page.locator(".promo-new > summary").click()
    page.get_by_role("link", name="New discount code").click()
    dialog = page.get_by_role("dialog", name="New discount code")
    fill(page)
    dialog.get_by_label("Code", exact=True).fill("taken")
    dialog.get_by_label("Value", exact=True).focus()
    expect(dialog.get_by_text("Another promotion has this code.")).to_be_visible()
    expect(dialog.get_by_label("Title", exact=True)).to_have_value("Design week")
    dialog.get_by_label("Code", exact=True).fill("design20")
    expect(dialog.get_by_label("Opens")).to_be_hidden()
    dialog.get_by_label("Only at certain hours").check()
    expect(dialog.get_by_label("Opens")).to_be_visible()
    dialog.get_by_label("Only at certain hours").uncheck()
    page.wait_for_load_state("networkidle")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Design week was created.")).to_be_visible()
    expect(page.get_by_role("heading", name="Design week")).to_be_visible()
    with app.app_context():
        assert kept("DESIGN20").discount_cents == 1500


def test_a_code_is_made_switched_changed_and_deleted_without_javascript(
    page_without_javascript: Page, live_server: str, sign_in: SignIn
) -> None:
    page = page_without_javascript
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions")
    page.locator(".promo-new > summary").click()
    page.get_by_role("link", name="New discount code").click()
    fill(page)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Design week was created.")).to_be_visible()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Design week is switched off.")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Title", exact=True).fill("Design month")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Design month was saved.")).to_be_visible()
    page.locator("summary[aria-label^=Delete]").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Design month was deleted.")).to_be_visible()
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_saving_what_is_shown_changes_nothing(page: Page, live_server: str, sign_in: SignIn) -> None:
    made = make.discount(
        code="TEN",
        min_amount=12.5,
        max_discount=3,
        starts_at=make.NOW,
        ends_at=make.NOW.replace(month=12, hour=0),
        active_hours=NIGHTS,
        applicable_categories=["unheard-of"],
        description="<p>Hello</p>",
    )
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/{made.id}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Ten off was saved.")).to_be_visible()
    before = discounts.fields_of(made)
    db.session.rollback()
    assert discounts.fields_of(discounts.get(made.id)) == before
    assert discounts.get(made.id).promotion.version == 1


def test_switching_and_deleting_happen_in_the_list(page: Page, live_server: str, sign_in: SignIn) -> None:
    make.discount(title="Spring", code="SPRING")
    make.discount(title="Autumn", code="AUTUMN")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions")
    page.get_by_placeholder("Search by title or code").press_sequentially("spri")
    expect(page.locator(".promo")).to_have_count(1)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Spring is switched off.")).to_be_visible()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    expect(page.locator(".stat-tile", has_text="Active now")).to_contain_text("1")  # of two
    page.locator("summary[aria-label^=Delete]").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Spring was deleted.")).to_be_visible()
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_dialogs_show_their_notices_keep_what_was_typed_and_lead_back(
    page: Page, live_server: str, sign_in: SignIn
) -> None:
    make.discount(title="Spring", code="SPRING")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions")
    page.evaluate("navigator.share = undefined")
    menu = page.locator('summary[aria-label="More for Spring"]')
    menu.click()
    page.get_by_role("link", name="Share").click()
    page.get_by_role("dialog").get_by_role("button", name="Share").click()
    notice = page.get_by_role("dialog").locator("[data-toast]", has_text="The link is copied.")
    notice.get_by_role("button", name="Dismiss").click()  # it lies above the dialog, not behind it
    expect(notice).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(menu).to_be_focused()
    new = page.locator(".promo-new > summary")
    new.click()
    page.get_by_role("link", name="New discount code").click()
    title = page.get_by_role("dialog").get_by_label("Title", exact=True)
    title.fill("Not saved")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Press Escape once more to throw it away.")).to_be_visible()
    expect(title).to_have_value("Not saved")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(new).to_be_focused()
    menu.click()
    page.locator("summary", has_text="Expire now").click()
    page.get_by_role("dialog").get_by_role("button", name="Expire now").click()
    expect(page.get_by_text("Spring has ended.")).to_be_visible()
    expect(menu).to_be_focused()


def test_what_is_deleted_goes_and_the_others_stay(page: Page, live_server: str, sign_in: SignIn) -> None:
    make.discount(title="Spring", code="SPRING")
    make.discount(title="Autumn", code="AUTUMN")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?status=active")
    page.locator(".promo", has_text="Spring").locator("summary[aria-label='Delete Spring']").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Spring was deleted.")).to_be_visible()
    expect(page.locator(".promo")).to_have_count(1)
    expect(page.get_by_text("Autumn", exact=True)).to_be_visible()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])  # the others: test_pages.py
def test_axe_finds_nothing_and_nothing_sticks_out(
    page: Page, live_server: str, sign_in: SignIn, theme: Theme, width: int
) -> None:
    make.category("design")
    made = make.discount(title="A title that is long enough to need more than a line", code="X" * 32, usage_limit=3)
    make.use("X" * 32)
    sign_in(page, make.user(role="admin"))
    look(page, width, theme)
    for address in ("", "/new", f"/{made.id}"):
        page.goto(f"{live_server}/admin/promotions{address}")
        assert faults_of(page) == []
