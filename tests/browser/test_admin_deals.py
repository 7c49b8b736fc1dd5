"""An admin makes, changes, ends and deletes a deal, and hands out what it gave, in a real browser."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import select

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals import service as deals
from app.deals.models import Deal, Grant
from app.kit import clock
from app.kit.db import db, unit_of_work
from tests import make
from tests.browsing import Theme, faults_of, look

SignIn = Callable[[Page, User], None]
ADA = Person("Ada")
SET = "(field, value) => { field.value = value; field.dispatchEvent(new Event('change', { bubbles: true })); }"


@pytest.fixture(autouse=True)
def _catalogue(app: Flask) -> None:  # noqa: ARG001
    make.reward_item(item_id="gold", name="Gold coins")
    make.reward_item(item_id="sword")


def kept() -> dict[str, Any]:
    db.session.rollback()
    db.session.expire_all()
    (found,) = deals.listing(now=make.NOW).items
    return deals.fields_of(found)


def items() -> list[tuple[str, int]]:
    return [(each["item_id"], each["amount"]) for each in kept()["reward_items"]]


def rows(page: Page | Locator) -> Locator:
    return page.locator("[data-rows-here] [data-row]")


def fill_row(page: Page | Locator, place: int, item: str, amount: str) -> None:
    row = rows(page).nth(place)
    row.get_by_label("Reward item").select_option(label=item)
    row.get_by_label("How many").fill(amount)


def a_deal(**fields: Any) -> Deal:
    """A deal that runs by the clock of the browser, on which Ada has claimed all she can."""
    now = clock.now()
    deal = make.deal(starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=2), **fields)
    make.spend(ADA, 5000, visit="a", now=now)
    make.claim(deal, ADA, visit="a", now=now)
    return deal


def test_a_deal_is_made_in_a_dialog_with_rows_that_come_and_go(page: Page, live_server: str, sign_in: SignIn) -> None:
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?kind=deal")
    page.get_by_role("link", name="New deal").click()
    dialog = page.get_by_role("dialog", name="New deal")
    expect(dialog.get_by_label("Title", exact=True)).to_be_focused()
    dialog.get_by_label("Title", exact=True).fill("Gold rush")
    dialog.get_by_label("Spend at least").fill("50")
    expect(dialog.get_by_label("Claims per person")).to_be_hidden()
    dialog.get_by_label("Each time the amount is reached again").check()
    dialog.get_by_label("Claims per person").fill("3")
    expect(rows(dialog)).to_have_count(1)
    fill_row(dialog, 0, "Gold coins", "100")
    with page.expect_response(re.compile("/promotions/check")):  # the answer draws the rows anew, under a click as well
        rows(dialog).nth(0).get_by_label("How many").blur()
    for place in (1, 2):
        dialog.get_by_role("button", name="Add an item").click()
        expect(rows(dialog).nth(place).get_by_label("Reward item")).to_be_focused()
    fill_row(dialog, 1, "Gold coins", "5")
    rows(dialog).nth(2).get_by_label("How many").focus()
    expect(dialog.get_by_text("The same reward item is there twice.").first).to_be_visible()
    expect(rows(dialog)).to_have_count(3)
    fill_row(dialog, 2, "Sword", "1")
    rows(dialog).nth(1).get_by_role("button", name="Remove this item").click()
    expect(rows(dialog)).to_have_count(2)
    expect(dialog.get_by_text("The same reward item is there twice.")).to_have_count(0)
    dialog.get_by_label("Claims in all").fill("200")
    dialog.get_by_label("Starts on").fill("2026-03-31")
    dialog.get_by_role("button", name="A month").click()
    expect(dialog.get_by_label("Ends on")).to_have_value("2026-04-29")
    page.wait_for_load_state("networkidle")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Gold rush")).to_be_visible()
    expect(page.get_by_label("Kind", exact=True)).to_have_value("deal")
    expect(page.get_by_role("link", name="Gold rush", exact=True)).to_be_focused()
    assert items() == [("gold", 100), ("sword", 1)]
    assert (kept()["usage_limit"], kept()["per_user_limit"]) == (200, 3)
    assert f"{kept()['ends_at']:%Y-%m-%d %H:%M}" == "2026-04-30 00:00"


@pytest.mark.parametrize(
    ("start", "choice", "window"),
    [
        (("2026-03-04", "18:30"), "24 hours", ("2026-03-04", "18:30", "2026-03-05", "18:30")),
        (("2026-03-04", ""), "24 hours", ("2026-03-04", "", "2026-03-04", "")),
        (("2026-03-04", "18:30"), "A weekend", ("2026-03-07", "", "2026-03-08", "")),
        (("2026-03-08", "10:00"), "A weekend", ("2026-03-08", "10:00", "2026-03-08", "")),
        (("2026-03-04", ""), "A week", ("2026-03-04", "", "2026-03-10", "")),
        (("2026-01-31", "09:00"), "A month", ("2026-01-31", "09:00", "2026-02-28", "09:00")),
    ],
)
def test_usual_lengths_are_filled_in_from_the_start(
    page: Page, live_server: str, sign_in: SignIn, start: tuple[str, str], choice: str, window: tuple[str, ...]
) -> None:
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/new?kind=deal")
    page.get_by_label("Starts on").fill(start[0])
    page.get_by_label("Start time").fill(start[1])
    page.get_by_role("button", name=choice, exact=True).click()
    fields = [page.get_by_label(label) for label in ("Starts on", "Start time", "Ends on", "End time")]
    assert tuple(field.input_value() for field in fields) == window
    page.wait_for_load_state("networkidle")


class Held:
    """Checks of one field, whose answers wait until they are let through; those of other fields don't."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name, self.waiting = page, name, list[Route]()
        page.route("**/promotions/check*", self._take)

    def _take(self, route: Route) -> None:
        if route.request.headers["hx-trigger-name"] == self.name:
            self.waiting.append(route)
        else:
            route.continue_()

    def let_through(self) -> None:
        """Ask the server what was asked last; back when the page has its answer."""
        while not self.waiting:
            self.page.wait_for_event("request")
        with self.page.expect_event("requestfinished", lambda each: each == self.waiting[-1].request):
            self.waiting[-1].continue_()
        self.page.evaluate("() => new Promise(requestAnimationFrame)")


def test_the_answer_to_a_check_takes_nothing_back_that_was_typed_meanwhile(
    page: Page, live_server: str, sign_in: SignIn
) -> None:
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/new?kind=deal")
    held = Held(page, "starts_on")
    start, end = page.get_by_label("Starts on"), page.get_by_label("Ends on")
    start.evaluate(SET, "2026-03-04")
    end.evaluate(SET, "2026-03-01")
    expect(page.get_by_text("The end must be after the start.")).to_be_visible()
    held.let_through()  # it was asked before there was an end
    expect(end).to_have_value("2026-03-01")
    expect(page.get_by_text("The end must be after the start.")).to_be_visible()
    expect(page.get_by_text("Please fill this in.")).to_have_count(0)


def test_what_has_changed_since_it_was_checked_is_not_told_what_was_wrong_before(
    page: Page, live_server: str, sign_in: SignIn
) -> None:
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/new?kind=deal")
    held = Held(page, "min_amount")
    amount = page.get_by_label("Spend at least")
    amount.evaluate(SET, "-1")
    amount.evaluate("field => field.value = '5'")
    held.let_through()
    expect(amount).to_have_value("5")
    expect(page.get_by_text("This must be more than 0.")).to_have_count(0)


def test_a_form_is_sent_while_a_check_is_under_way_without_a_complaint(
    page: Page, live_server: str, sign_in: SignIn
) -> None:
    deal = a_deal(title="Gold rush")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/{deal.id}")
    Held(page, "banner")
    page.get_by_label("Title", exact=True).fill("Silver rush")
    page.get_by_label("Banner").fill("One")
    page.get_by_label("Banner").blur()
    page.get_by_label("Banner").fill("Two")
    page.get_by_label("Title", exact=True).focus()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Silver rush was saved.")).to_be_visible()
    assert (kept()["title"], kept()["banner"]) == ("Silver rush", "Two")


def test_a_deal_is_made_changed_ended_and_deleted_without_javascript(
    page_without_javascript: Page, live_server: str, sign_in: SignIn
) -> None:
    page = page_without_javascript
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions")
    page.locator(".promo-new > summary").click()
    page.get_by_role("link", name="New deal").click()
    expect(page.get_by_role("button", name="A week")).to_be_hidden()
    page.get_by_label("Title", exact=True).fill("Gold rush")
    page.get_by_label("Spend at least").fill("50")
    fill_row(page, 0, "Gold coins", "100")
    fill_row(page, 2, "Sword", "0")
    page.get_by_label("Starts on").fill("2026-03-01")
    page.get_by_label("Ends on").fill("2030-03-01")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Of each reward item there is at least 1.").first).to_be_visible()
    expect(rows(page)).to_have_count(4)  # two that were typed, two to fill in
    rows(page).nth(1).get_by_label("How many").fill("1")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Gold rush was created.")).to_be_visible()
    assert items() == [("gold", 100), ("sword", 1)]
    page.get_by_role("link", name="Edit").click()
    rows(page).nth(1).get_by_label("Reward item").select_option("")
    rows(page).nth(1).get_by_label("How many").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Gold rush was saved.")).to_be_visible()
    assert items() == [("gold", 100)]
    page.locator("summary[aria-label='More for Gold rush']").click()
    page.locator("summary", has_text="Expire now").click()
    page.get_by_role("button", name="Expire now").click()
    expect(page.get_by_text("Gold rush has ended.")).to_be_visible()
    page.locator("summary[aria-label='Delete Gold rush']").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Gold rush was deleted.")).to_be_visible()


def test_the_second_of_two_editors_keeps_what_they_typed(page: Page, live_server: str, sign_in: SignIn) -> None:
    deal = a_deal(title="Gold rush")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/{deal.id}")
    expect(page.get_by_text("1 claim was made already.")).to_be_visible()
    with unit_of_work():
        deals.change(deal.id, {"banner": "Hurry"}, actor=SYSTEM, now=make.NOW)
    page.get_by_role("button", name="Add an item").click()
    fill_row(page, 1, "Sword", "2")
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("changed this while you were editing: Banner")).to_be_visible()
    expect(page.get_by_label("Banner")).to_have_value("Hurry")
    expect(rows(page).nth(1).get_by_label("How many")).to_have_value("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Gold rush was saved.")).to_be_visible()
    assert items() == [("gold", 100), ("sword", 2)]


def test_whoever_hands_out_one_after_the_other_stays_in_the_list(page: Page, live_server: str, sign_in: SignIn) -> None:
    deal = a_deal(title="Gold rush")
    make.spend(Person("Bob"), 5000, visit="b", now=clock.now())
    make.claim(deal, Person("Bob"), visit="b", now=clock.now())
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/{deal.id}/grants?state=pending")
    for name, then in (("Bob", page.locator("summary[aria-label$='to Ada']")), ("Ada", page.get_by_role("searchbox"))):
        page.locator(f"summary[aria-label='Mark as handed out to {name}']").click()
        page.get_by_role("button", name="They have it").click()
        expect(page.get_by_text(f"Noted: {name} has it.")).to_be_visible()
        expect(then).to_be_focused()


@pytest.mark.parametrize("browser_page", ["page", "page_without_javascript"])
def test_progress_and_grants_are_looked_at_and_one_is_marked_as_handed_out(
    request: pytest.FixtureRequest, browser_page: str, live_server: str, sign_in: SignIn
) -> None:
    page: Page = request.getfixturevalue(browser_page)
    deal = a_deal(title="Gold rush")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?kind=deal")
    page.locator("summary[aria-label='More for Gold rush']").click()
    page.get_by_role("link", name="Progress").click()
    expect(page.get_by_role("row", name="Ada")).to_contain_text("Waits for it")
    page.get_by_role("link", name="Grants").click()
    page.get_by_role("link", name="Waiting 1").click()
    expect(page).to_have_url(re.compile("state=pending"))
    page.locator("summary", has_text="Mark as handed out").click()
    page.get_by_role("button", name="They have it").click()
    expect(page.get_by_text("Noted: Ada has it.")).to_be_visible()
    expect(page.get_by_text("No grant fits")).to_be_visible()
    db.session.rollback()
    assert [each.status for each in db.session.scalars(select(Grant))] == ["delivered"]
    page.goto(f"{live_server}/admin/promotions/{deal.id}/progress")
    expect(page.get_by_role("row", name="Ada")).to_contain_text("Has it")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing_and_nothing_sticks_out(
    page: Page, live_server: str, sign_in: SignIn, theme: Theme, width: int
) -> None:
    long = [{"item_id": "x" * 64, "name": "A name that is long enough to need more than one line", "amount": 10**6}]
    deal = a_deal(title="A title that is long enough to need more than one line", reward_items=long)
    sign_in(page, make.user(role="admin"))
    look(page, width, theme)
    for address in ("", "/new?kind=deal", *(f"/{deal.id}{tab}" for tab in ("", "/progress", "/grants", "/explain"))):
        page.goto(f"{live_server}/admin/promotions{address}")
        assert faults_of(page) == [], address
