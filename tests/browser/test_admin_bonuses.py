"""An admin makes member bonuses, gives one, and takes one away, in a real browser."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from app.accounts.models import User
from app.bonuses import editing
from app.bonuses.models import Bonus
from app.kit import clock
from app.kit.db import db
from tests import make
from tests.browsing import Theme, faults_of, look

SignIn = Callable[[Page, User], None]
pytestmark = pytest.mark.usefixtures("app")
PICTURE = Path(__file__).parents[2] / "static" / "favicon.svg"
PAGES = ["page", "page_without_javascript"]


def kept() -> dict[str, Any]:
    db.session.rollback()
    db.session.expire_all()
    (found,) = editing.listing(now=clock.now()).items
    return editing.fields_of(found)


def running(**fields: Any) -> dict[str, Any]:
    """In force by the clock of the browser."""
    now = clock.now()
    return {"starts_at": now - timedelta(days=3), "ends_at": now + timedelta(days=30), **fields}


def claimed(username: str, bonus: Bonus, cents: int = 10_000) -> User:
    user = make.user(username=username)
    make.deposit(user, cents, bonus, clock.now())
    return user


def test_a_bonus_is_made_in_a_dialog_that_shows_what_its_type_has(
    page: Page, live_server: str, sign_in: SignIn
) -> None:
    make.category(slug="games", name="Games")
    make.discount(code="TAKEN")
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?kind=bonus")
    page.get_by_role("link", name="New member bonus").click()
    dialog = page.get_by_role("dialog", name="New member bonus")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("Welcome")
    code = dialog.get_by_label("Code", exact=True)
    code.fill("taken")
    expect(dialog.get_by_text("Another promotion has this code.")).to_be_visible()
    code.fill("welcome100")
    expect(dialog.get_by_text("Another promotion has this code.")).to_have_count(0)
    each = dialog.get_by_label("Claims per member")
    dialog.get_by_role("radio", name="Free credit").check()
    expect(dialog.get_by_text("What it gives")).to_be_hidden()
    expect(dialog.get_by_label("Only for a first deposit")).to_be_hidden()
    expect(each).to_have_value("1")
    dialog.get_by_role("radio", name="Cashback").check()
    expect(dialog.get_by_role("radio", name="Each week")).to_be_visible()
    expect(dialog.get_by_label("Only at certain hours")).to_be_hidden()
    expect(each).to_have_value("")
    dialog.get_by_role("radio", name="Deposit bonus").check()
    expect(each).to_have_value("1")
    expect(dialog.get_by_role("radio", name="Each week")).to_be_hidden()
    value = dialog.get_by_label("Value", exact=True)
    value.fill("2000")
    expect(dialog.get_by_text("A percentage can't be more than 1000.")).to_be_visible()
    dialog.get_by_role("radio", name="Free credit").check()
    expect(dialog.get_by_text("A percentage can't be more than 1000.")).to_have_count(0)
    dialog.get_by_role("radio", name="Deposit bonus").check()
    value.fill("100")
    dialog.locator("#max_bonus").fill("50")
    dialog.locator("#turnover_requirement").fill("3")
    dialog.get_by_label("Games").check()
    dialog.get_by_role("button", name="A month").click()
    dialog.get_by_label("Only for a first deposit").check()
    page.wait_for_load_state("networkidle")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("link", name="Welcome", exact=True)).to_be_focused()
    given = kept()
    assert (given["code"], given["bonus_value"], given["max_bonus"]) == ("WELCOME100", 100, 50)
    assert (given["turnover_requirement"], given["applicable_games"]) == (3, ["games"])
    assert (given["first_deposit_only"], given["per_user_limit"]) == (True, 1)


def test_a_bonus_is_made_changed_and_ended_without_javascript(
    page_without_javascript: Page, live_server: str, sign_in: SignIn
) -> None:
    page = page_without_javascript
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?group=members")
    page.locator(".promo-new > summary").click()
    page.get_by_role("link", name="New member bonus").click()
    page.get_by_label("Name", exact=True).fill("Bring a friend")
    page.get_by_label("Code", exact=True).fill("friends")
    page.get_by_role("radio", name="Referral").check()
    page.get_by_label("Value", exact=True).fill("10")
    page.get_by_label("Bonus for the friend").fill("5")
    page.get_by_label("Starts on").fill(f"{clock.now():%Y-%m-%d}")
    page.get_by_label("Ends on").fill("2099-12-31")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Bring a friend was created.")).to_be_visible()
    assert (kept()["type"], kept()["friend_bonus"]) == ("referral", 5)
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Code", exact=True)).not_to_be_editable()
    page.get_by_label("Bonus for the friend").fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Bring a friend was saved.")).to_be_visible()
    assert kept()["friend_bonus"] == 7
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Bring a friend is switched off.")).to_be_visible()


@pytest.mark.parametrize("browser_page", PAGES)
def test_what_was_promised_stays_and_keeps_the_bonus(
    request: pytest.FixtureRequest, browser_page: str, live_server: str, sign_in: SignIn
) -> None:
    page: Page = request.getfixturevalue(browser_page)
    claimed("ada", make.bonus(**running(title="Welcome", turnover_requirement=3)))
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?kind=bonus")
    page.get_by_role("link", name="Edit").click()
    for name in ("bonus_value", "max_bonus", "turnover_requirement", "max_withdraw"):
        expect(page.locator(f"#{name}")).not_to_be_editable()
    page.get_by_label("Name", exact=True).fill("Hello")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Hello", exact=True)).to_be_visible()
    assert (kept()["title"], kept()["turnover_requirement"]) == ("Hello", 3)
    expect(page.locator("summary[aria-label='Archive Hello']")).to_have_count(0)
    page.get_by_role("link", name="Archive Hello: Wait until 1 claim is over").click()
    expect(page.get_by_role("row", name="ada")).to_contain_text("$0.00 of $600.00")


@pytest.mark.parametrize("browser_page", PAGES)
def test_a_free_credit_is_given_and_a_claim_is_cancelled(
    request: pytest.FixtureRequest, browser_page: str, live_server: str, sign_in: SignIn
) -> None:
    page: Page = request.getfixturevalue(browser_page)
    make.user(username="ada")
    make.free_credit(**running(title="On us", turnover_requirement=2))
    sign_in(page, make.user(role="admin", username="root"))
    page.goto(f"{live_server}/admin/promotions?kind=bonus")
    page.locator("summary[aria-label='More for On us']").click()
    page.get_by_role("link", name="Claims").last.click()
    page.get_by_role("textbox", name="Client").fill("nobody")
    page.get_by_role("button", name="Give $10.00").click()
    expect(page.get_by_text("There is no active client of this username.")).to_be_visible()
    page.get_by_role("textbox", name="Client").fill("ada")
    page.get_by_role("button", name="Give $10.00").click()
    expect(page.get_by_text("ada has got $10.00.")).to_be_visible()
    row = page.get_by_role("row", name="ada")
    expect(row).to_contain_text("Given by root")
    expect(row).to_contain_text("$0.00 of $20.00")
    row.locator("summary").click()
    page.get_by_role("button", name="Cancel the bonus").click()
    expect(page.get_by_text("On us was cancelled, and the bonus lapsed.")).to_be_visible()
    expect(row).to_contain_text("taken away by an admin")
    with page.expect_download() as started:
        page.get_by_role("link", name="Export CSV").click()
    (line,) = csv.DictReader(Path(started.value.path()).read_text("utf-8-sig").splitlines())
    assert (line["username"], line["status"], line["lapsed"]) == ("ada", "cancelled", "10.00")


def test_a_picture_from_elsewhere_is_shown_by_the_browser(page: Page, live_server: str, sign_in: SignIn) -> None:
    def draw(route: Route) -> None:
        route.fulfill(path=PICTURE, content_type="image/svg+xml")

    page.route("https://pics.example.com/**", draw)
    make.bonus(**running(title="Welcome", image_url="https://pics.example.com/a.svg"))
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions?kind=bonus")
    picture = page.locator("img[src='https://pics.example.com/a.svg']")
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    page.get_by_role("searchbox").fill("welc")
    page.wait_for_url("**q=welc**")
    assert picture.evaluate("image => image.naturalWidth") > 0


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("role", "path"), [("admin", "/admin/promotions?kind=bonus"), ("client", "/client/promotions")]
)
def test_a_picture_from_elsewhere_that_does_not_come_makes_room_for_a_sign(
    app: Flask, page: Page, live_server: str, sign_in: SignIn, role: str, path: str
) -> None:
    assert app.testing
    page.route("https://pics.example.com/**", lambda route: route.fulfill(body="gone", content_type="image/png"))
    make.bonus(**running(title="Welcome", image_url="https://pics.example.com/a.svg"))
    sign_in(page, make.user(role=role))
    page.goto(f"{live_server}{path}")
    expect(page.locator("[data-instead]")).to_be_visible()
    expect(page.locator("img[data-elsewhere]")).to_be_hidden()
    if role == "admin":
        page.get_by_role("searchbox").fill("welc")
        page.wait_for_url("**q=welc**")
        expect(page.locator("[data-instead]")).to_be_visible()
        expect(page.locator("img[data-elsewhere]")).to_be_hidden()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
def test_the_desk_of_bonuses_fits_and_can_be_read_by_everybody(
    app: Flask, page: Page, live_server: str, sign_in: SignIn, width: int, theme: Theme
) -> None:
    assert app.testing
    bonus, credit = (
        make.bonus(**running(title="W" * 60, turnover_requirement=3, usage_limit=500)),
        make.free_credit(**running(turnover_requirement=2)),
    )
    make.given(claimed("a-client-with-a-rather-long-name", bonus, 99_999_900), credit, clock.now())
    back = make.cashback(**running())
    sign_in(page, make.user(role="admin"))
    look(page, width, theme)
    for path in (
        "?kind=bonus",
        "/new?kind=bonus",
        *(f"/{bonus.id}", f"/{bonus.id}/claims", f"/{bonus.id}/statistics", f"/{bonus.id}/explain?amount=100"),
        *(f"/{credit.id}/claims", f"/{back.id}/claims"),
    ):
        page.goto(f"{live_server}/admin/promotions{path}")
        assert faults_of(page) == [], path
    for query in ("", "?kind=bonus", "?group=members"):
        page.goto(f"{live_server}/admin/promotions{query}")
        page.locator(".promo-new > summary").click()
        panel = page.locator(".promo-new > .drop-panel").bounding_box()
        assert panel is not None
        assert panel["x"] >= 0
        assert panel["x"] + panel["width"] <= width
        assert faults_of(page) == [], query
