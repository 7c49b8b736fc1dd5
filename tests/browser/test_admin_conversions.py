"""An admin makes an offer, records that a client has completed it, and takes that back, with JavaScript and without."""

from collections.abc import Callable

import pytest
from flask_login import UserMixin
from playwright.sync_api import Page, expect

from app.kit.db import db
from app.wallet import service as wallets
from tests import make
from tests.browsing import faults_of, look

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

SignIn = Callable[[Page, UserMixin], None]
NARROW, WIDE = 360, 1280


def make_an_offer(desk: Page, live_server: str) -> None:
    """An id that is taken is told at its field, and what was typed is kept."""
    desk.goto(f"{live_server}/admin/offers?category=Surveys")
    desk.get_by_role("link", name="New offer").first.click()
    desk.get_by_label("Name", exact=True).fill("Sleep study")
    desk.get_by_label("External id").fill("taken")
    desk.get_by_label("Category").last.fill("Surveys")
    desk.get_by_label("Usual payout").fill("20")
    desk.get_by_role("button", name="Create").click()
    expect(desk.locator("#external_id-error")).to_contain_text("Another offer has this id already.")
    expect(desk.get_by_label("Name", exact=True)).to_have_value("Sleep study")
    desk.get_by_label("External id").fill("sleep")
    desk.get_by_role("button", name="Create").click()
    expect(desk.locator("#toasts")).to_contain_text("Sleep study was created.")
    expect(desk).to_have_url(f"{live_server}/admin/offers?category=Surveys")


def record_it(desk: Page, live_server: str) -> None:
    desk.goto(f"{live_server}/admin/conversions/new?client=ada")
    desk.get_by_label("Offer").select_option(label="Sleep study, usually $20.00")
    desk.get_by_role("button", name="Record").click()
    expect(desk.locator("#toasts")).to_contain_text("ada earned $2.00 with TEN.")


def take_it_back(desk: Page) -> None:
    desk.locator("summary", has_text="Reverse").click()
    expect(desk.get_by_text("$2.00 goes back from ada")).to_be_visible()
    desk.get_by_role("button", name="Yes, reverse it").click()
    expect(desk.locator("#toasts")).to_contain_text("$2.00 came back from ada.")
    desk.get_by_role("link", name="The wallet of ada").click()
    expect(desk.get_by_role("row", name="Bonus taken back: Sleep study")).to_contain_text("$0.00")


@pytest.mark.parametrize("kind", ["page", "page_without_javascript"])
def test_an_offer_is_made_completed_and_taken_back(
    request: pytest.FixtureRequest, live_server: str, sign_in: SignIn, kind: str
) -> None:
    desk: Page = request.getfixturevalue(kind)
    look(desk, NARROW if kind == "page" else WIDE, "light")
    ada = make.user(username="ada")
    make.offer(external_id="taken", category="Surveys")
    make.applied(ada, make.offer_code(code="TEN"))
    sign_in(desk, make.user(role="admin"))
    make_an_offer(desk, live_server)
    record_it(desk, live_server)
    db.session.rollback()
    assert wallets.balances(ada.id).cash_cents == 200
    take_it_back(desk)


def test_the_list_of_offers_is_searched_edited_and_switched_in_place(
    page: Page, live_server: str, sign_in: SignIn
) -> None:
    look(page, WIDE, "light")
    survey = make.offer(name="Survey", payout=20)
    make.offer(name="Game")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/offers")
    page.get_by_role("searchbox").press_sequentially("surv")
    expect(page.get_by_role("row", name="Game")).to_have_count(0)
    page.get_by_role("link", name="Edit Survey").click()
    sheet = page.get_by_role("dialog", name="Survey")
    expect(sheet.get_by_label("Usual payout")).to_have_value("20.00")
    sheet.get_by_label("Usual payout").fill("25")
    sheet.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Survey was saved.")
    expect(page.locator(f"#offer-{survey.id}")).to_contain_text("$25.00")
    expect(page.get_by_role("searchbox")).to_have_value("surv")
    page.get_by_role("button", name="Switch off Survey").click()
    expect(page.locator(f"#offer-{survey.id}")).to_contain_text("Inactive")
    page.locator("summary[aria-label='Delete Survey']").click()
    page.get_by_role("dialog", name="Delete Survey").get_by_role("button", name="Delete").click()
    expect(page.locator("#toasts")).to_contain_text("Survey was deleted.")


def test_the_field_for_the_payout_shows_what_the_offer_usually_pays(
    page: Page, live_server: str, sign_in: SignIn
) -> None:
    first, second = make.offer(payout=12.5), make.offer(payout=3)
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/conversions/new?offer={first.id}")
    payout = page.get_by_label("Payout")
    expect(payout).to_have_attribute("placeholder", "12.50")
    page.get_by_label("Offer").select_option(str(second.id))
    expect(payout).to_have_attribute("placeholder", "3.00")


@pytest.mark.parametrize(("width", "theme"), [(NARROW, "dark"), (WIDE, "light")])
def test_pages_of_conversions_and_wallets_are_accessible(
    page: Page, live_server: str, sign_in: SignIn, width: int, theme: str
) -> None:
    look(page, width, "dark" if theme == "dark" else "light")
    ada, offer = make.user(), make.offer(name="A survey of many words that needs more than a line on a phone")
    make.applied(ada, make.offer_code(code="A-CODE-THAT-IS-AS-LONG-AS-CAN-BE"))
    kept = make.converted(ada, offer, conversion_id="x" * 128)
    make.reversed_again(make.converted(ada, offer))
    sign_in(page, make.user(role="admin"))
    paths = ("offers", f"offers/{offer.id}", "conversions", "conversions/new", f"conversions/{kept.id}")
    faults: list[str] = []
    for path in (*paths, "wallet", f"wallet/{ada.id}"):
        page.goto(f"{live_server}/admin/{path}")
        faults += [f"{path}: {fault}" for fault in faults_of(page)]
    assert not faults, "\n".join(faults)
