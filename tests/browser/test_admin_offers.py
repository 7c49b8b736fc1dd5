"""An admin makes an offer code, and reads what it has come to, in a real browser."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.kit import clock
from app.kit.db import db
from app.offers import editing
from app.offers.models import OfferCode
from app.web.admin.offers_field import AT_ONCE
from tests import make
from tests.browsing import Theme, faults_of, look

SignIn = Callable[[Page, User], None]
pytestmark = pytest.mark.usefixtures("app")


def kept() -> dict[str, Any]:
    db.session.rollback()
    db.session.expire_all()
    (found,) = editing.listing(now=make.NOW).items
    return editing.fields_of(found)


def many_offers() -> None:
    for number in range(AT_ONCE + 2):
        make.offer(name=f"Survey {number:02}", external_id=f"survey-{number:02}")


def earned(code: OfferCode, **names: str) -> None:
    """Ada has completed two offers by the clock of the browser, Ben one."""
    now = clock.now()
    survey = make.offer(name=names.get("survey", "Survey"), payout=20)
    quiz = make.offer(name=names.get("quiz", "Quiz"), payout=50)
    for who, offers in (("ada", (survey, quiz)), ("ben", (survey,))):
        user = make.user(username=who)
        make.applied(user, code, now - timedelta(days=2))
        for offer in offers:
            make.converted(user, offer, conversion_id=f"{who}-{offer.name}", now=now)


def test_a_code_is_made_in_a_dialog_that_finds_offers(page: Page, live_server: str, sign_in: SignIn) -> None:
    many_offers()
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?kind=offer")
    page.get_by_role("link", name="New offer code").click()
    dialog = page.get_by_role("dialog", name="New offer code")
    expect(dialog.get_by_label("Title", exact=True)).to_be_focused()
    dialog.get_by_label("Title", exact=True).fill("Spring bonus")
    dialog.get_by_label("Code", exact=True).fill("spring20")
    value = dialog.get_by_label("Value", exact=True)
    value.fill("2000")
    expect(dialog.get_by_text("A percentage can't be more than 1000.")).to_be_visible()
    dialog.get_by_label("A fixed amount").check()
    expect(dialog.get_by_text("A percentage can't be more than 1000.")).to_have_count(0)
    expect(dialog.get_by_label("At most")).to_be_visible()
    expect(dialog.get_by_text("USD")).to_be_visible()
    dialog.get_by_label("A part of its payout").check()
    value.fill("20")
    dialog.get_by_label("At most").fill("4")
    dialog.get_by_label("Least payout").fill("5")
    dialog.get_by_label("Survey 03").check()
    search = dialog.get_by_label("Search offers")
    search.fill("survey-21")
    expect(dialog.locator(".offer-boxes").get_by_role("checkbox")).to_have_count(2)
    search.press("Enter")
    expect(search).to_be_focused()
    expect(dialog.get_by_label("Survey 03")).to_be_checked()
    dialog.get_by_label("Survey 21").check()
    dialog.get_by_label("Only at certain hours").check()
    dialog.get_by_label("Opens", exact=True).fill("17:00")
    page.wait_for_load_state("networkidle")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("link", name="Spring bonus", exact=True)).to_be_focused()
    given = kept()
    assert (given["code"], given["bonus_value"], given["max_bonus"], given["min_amount"]) == ("SPRING20", 20, 4, 5)
    assert len(given["applicable_offers"]) == 2
    assert given["active_hours"]["start_time"] == "17:00"


def test_a_code_is_made_and_changed_without_javascript(
    page_without_javascript: Page, live_server: str, sign_in: SignIn
) -> None:
    page = page_without_javascript
    many_offers()
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions")
    page.locator(".promo-new > summary").click()
    page.get_by_role("link", name="New offer code").click()
    page.get_by_label("Title", exact=True).fill("Spring bonus")
    page.get_by_label("Code", exact=True).fill("spring20")
    page.get_by_label("Value", exact=True).fill("20")
    page.get_by_label("Survey 03").check()
    page.get_by_label("Search offers").fill("survey-21")
    page.get_by_label("Search offers").press("Enter")
    expect(page.locator(".offer-boxes").get_by_role("checkbox")).to_have_count(2)
    page.get_by_label("Survey 21").check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Spring bonus was created.")).to_be_visible()
    assert len(kept()["applicable_offers"]) == 2
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Survey 03").uncheck()
    page.get_by_label("A fixed amount").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Spring bonus was saved.")).to_be_visible()
    assert (kept()["bonus_type"], len(kept()["applicable_offers"])) == ("fixed", 1)


@pytest.mark.parametrize("browser_page", ["page", "page_without_javascript"])
def test_what_a_code_has_come_to_is_read_searched_and_downloaded(
    request: pytest.FixtureRequest, browser_page: str, live_server: str, sign_in: SignIn
) -> None:
    page: Page = request.getfixturevalue(browser_page)
    earned(make.offer_code(title="Spring bonus", bonus_value=10))
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?kind=offer")
    page.locator("summary[aria-label='More for Spring bonus']").click()
    page.get_by_role("link", name="Offers").last.click()
    expect(page.locator(".stat-tile", has_text="Bonus earned")).to_contain_text("$9.00")
    expect(page.get_by_role("row", name="Survey")).to_contain_text("$4.00")
    page.get_by_role("link", name="Survey").click()
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("combobox", name="Offer")).to_have_value(page.url.rpartition("=")[2])
    page.get_by_role("searchbox").fill("ada-")
    if browser_page == "page_without_javascript":
        page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("combobox", name="Offer").select_option(label="All offers")
    if browser_page == "page_without_javascript":
        page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("row", name="ada-Quiz")).to_contain_text("$5.00")
    with page.expect_download() as started:
        page.get_by_role("link", name="Export CSV").click()
    lines = list(csv.DictReader(Path(started.value.path()).read_text("utf-8-sig").splitlines()))
    assert [(each["username"], each["offer"], each["bonus"]) for each in lines] == [
        ("ada", "Survey", "2.00"),
        ("ada", "Quiz", "5.00"),
    ]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing_and_nothing_sticks_out(
    app: Flask,  # noqa: ARG001
    page: Page,
    live_server: str,
    sign_in: SignIn,
    theme: Theme,
    width: int,
) -> None:
    many_offers()
    code = make.offer_code(title="A title that is long enough to need more than one line", usage_limit=9)
    earned(code, survey="A-name-without-any-space-in-it-" * 4, quiz="A name that is long enough for two lines " * 3)
    sign_in(page, make.user(role="admin"))
    look(page, width, theme)
    tabs = (
        "",
        "/statistics",
        "/offers",
        "/applications",
        "/accounts",
        "/people",
        "/explain?person=ada&offer=survey-01",
        "/share",
    )
    for address in ("", "/new?kind=offer", *(f"/{code.id}{tab}" for tab in tabs)):
        page.goto(f"{live_server}/admin/promotions{address}")
        assert faults_of(page) == [], address
