"""The components, as a visitor's browser shows them: readable in both themes, on a phone, with and without scripts."""

import gzip
import re
from urllib.parse import urljoin

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from tests.browsing import Theme, faults_of, look

PHONE: ViewportSize = {"width": 360, "height": 760}
WIDTHS = (360, 768, 1280)
BUDGET = 150 * 1024


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(page: Page, guide: str, theme: Theme, width: int) -> None:
    look(page, width, theme)
    page.goto(guide)
    assert faults_of(page) == []


@pytest.mark.parametrize("status", [404, 500])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_error_pages(plain_page: Page, guide: str, theme: Theme, status: int) -> None:
    look(plain_page, 360, theme)
    plain_page.goto(f"{guide}/errors/{status}")
    assert faults_of(plain_page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_at_the_side(page: Page, guide: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(guide)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_finger_must_hit_on_a_phone_is_large_enough(page: Page, guide: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(guide)
    small = page.evaluate(
        """[...document.querySelectorAll("main :is(.btn, .input, .select, .iconbtn, .stepper button, .tabs-bar a)")]
        .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 43.5)
        .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert small == []


def test_a_toast_tells_of_a_success_and_can_be_dismissed(page: Page, guide: str) -> None:
    page.goto(guide)
    page.get_by_role("button", name="Success", exact=True).click()
    toast = page.locator("#toasts").get_by_text("The promotion was saved.")
    expect(toast).to_be_visible()
    page.locator("#toasts").get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    assert page.url == guide


def test_without_javascript_the_toast_stands_on_the_next_page(page_without_javascript: Page, guide: str) -> None:
    page = page_without_javascript
    page.goto(guide)
    page.get_by_role("button", name="Success", exact=True).click()
    expect(page.locator("#toasts").get_by_text("The promotion was saved.")).to_be_visible()


def test_the_modal_opens_and_closes_by_keyboard(page: Page, guide: str) -> None:
    page.goto(guide)
    opener = page.get_by_role("button", name="Open the modal")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Share this code")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_confirm_step_asks_before_it_sends(page: Page, guide: str) -> None:
    page.goto(guide)
    page.locator("summary", has_text="Delete promotion").click()
    dialog = page.get_by_role("dialog", name="Delete promotion")
    expect(dialog).to_contain_text("Its uses stay in the books.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.locator("summary", has_text="Delete promotion").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("#toasts")).to_contain_text("Confirmed.")


def test_without_javascript_the_confirm_step_asks_too(page_without_javascript: Page, guide: str) -> None:
    page = page_without_javascript
    page.goto(guide)
    question = page.get_by_text("Delete “Autumn favourites”? Its uses stay in the books.")
    expect(question).to_be_hidden()
    page.locator("summary", has_text="Delete promotion").click()
    expect(question).to_be_visible()
    page.locator("#asking").get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Confirmed.")


def test_without_javascript_the_drawer_opens_on_a_phone(page_without_javascript: Page, guide: str) -> None:
    page = page_without_javascript
    page.set_viewport_size(PHONE)
    page.goto(guide)
    drawer = page.locator(".drawer-panel")
    expect(drawer).to_be_hidden()
    page.locator("summary[aria-label=Menu]").click()
    expect(drawer).to_be_visible()


def test_the_chosen_theme_is_worn_at_once_on_the_next_page(page: Page, guide: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(guide)
    page.locator("summary[aria-label=Theme]").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "laureldark")
    page.reload(wait_until="commit")
    expect(page.locator("html")).to_have_attribute("data-theme", "laureldark")
    page.locator("summary[aria-label=Theme]").click()
    page.get_by_role("button", name="Like the system").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))


def test_a_countdown_goes_by_the_servers_clock(page: Page, guide: str) -> None:
    page.add_init_script("Date.now = () => 0")
    page.goto(guide)
    expect(page.locator("#countdowns time").first).to_have_text(re.compile(r"^42m 1\ds$"))


def test_the_level_bar_moves_without_a_reload(page: Page, guide: str) -> None:
    page.goto(guide)
    page.evaluate("window.here = document.querySelector('#sample-level-bar')")
    page.get_by_role("button", name="Earn 120 XP").click()
    expect(page.locator("#sample-level")).to_contain_text("1360 XP")
    assert page.evaluate("window.here === document.querySelector('#sample-level-bar') && window.here.value") == 160


def test_a_list_narrows_while_one_types(page: Page, guide: str) -> None:
    page.goto(guide)
    field = page.locator("#sample-rows").get_by_role("searchbox")
    field.press_sequentially("welcome")
    expect(page.locator("#sample-rows tbody tr").first).to_contain_text("Welcome gift")
    expect(page).to_have_url(re.compile("q=welcome"))
    expect(field).to_be_focused()
    expect(field).to_have_value("welcome")
    page.locator("#sample-rows").get_by_role("link", name="2", exact=True).click()
    expect(page.locator("#sample-rows .pager")).to_contain_text(re.compile("7.9 of 9"))
    expect(page).to_have_url(re.compile("q=welcome&page=2"))


def test_without_javascript_the_list_is_searched_and_turned(page_without_javascript: Page, guide: str) -> None:
    page = page_without_javascript
    page.goto(guide)
    page.locator("#sample-rows").get_by_role("searchbox").fill("welcome")
    page.locator("#sample-rows").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#sample-rows .pager")).to_contain_text(re.compile("7.9 of 9"))


@pytest.mark.parametrize("browser_page", ["page", "page_without_javascript"])
def test_a_form_says_what_is_wrong_beside_the_field(
    request: pytest.FixtureRequest, guide: str, browser_page: str
) -> None:
    page: Page = request.getfixturevalue(browser_page)
    page.goto(guide)
    page.get_by_label("E-mail").fill("ada")
    page.get_by_role("button", name="Check it").click()
    title, email = page.get_by_role("textbox", name="Title"), page.get_by_role("textbox", name="E-mail")
    expect(page.get_by_role("alert").first).to_contain_text("Please check 3 fields")
    expect(title).to_have_attribute("aria-invalid", "true")
    expect(title).to_have_accessible_description(re.compile("Give it a title."))
    expect(email).to_have_value("ada")
    expect(email).to_have_accessible_description("Type an address such as ada@example.org.")


def test_quantity_buttons_stay_within_the_limits(page: Page, guide: str) -> None:
    page.goto(guide)
    stepper = page.locator("#smalls .stepper")
    for _press in range(3):
        stepper.get_by_role("button", name="One less").click()
    expect(stepper.get_by_role("spinbutton")).to_have_value("1")


def test_nothing_moves_while_the_page_loads(page: Page, guide: str) -> None:
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "each => { window.shift += each.value })).observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto(guide, wait_until="networkidle")
    assert page.evaluate("window.shift") < 0.01


def test_a_whole_page_weighs_little(guide_app: Flask) -> None:
    client = guide_app.test_client()
    html = client.get("/styleguide/errors/404").text
    files = re.findall(r'(?:<script[^>]* src|<link rel="(?:stylesheet|preload|icon)"[^>]* href)="([^"]+)"', html)
    assert any("app.css" in each for each in files)
    weight = len(gzip.compress(html.encode()))
    for each in {*files, "/static/icons.svg"}:
        weight += len(client.get(urljoin("/", each), headers={"Accept-Encoding": "gzip"}, buffered=True).data)
    assert weight < BUDGET


def test_what_went_wrong_is_brought_into_view(page: Page, guide: str) -> None:
    page.goto(guide)
    page.get_by_role("button", name="Check it").click()
    expect(page.locator("#sample-form .error-summary")).to_be_focused()
