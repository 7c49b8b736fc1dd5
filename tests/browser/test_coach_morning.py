"""The coach's morning: what waits is handled without leaving the list, and a client is honoured and moved on."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.loyalty import redeeming
from app.loyalty.reward_models import RewardRedemption
from tests import make
from tests.browsing import Theme, faults_of, look
from tests.processes import environment_of, wait_until, worker

SignIn = Callable[[FlaskClient | Page, User], None]
TOO_LOW = "all => all.filter(each => each.offsetHeight && each.offsetHeight < 44).map(each => each.outerHTML)"
WANTED = ("Water bottle", "Yoga mat", "Towel", "Day off", "Massage")
A_MOMENT_MS = 1100


@pytest.fixture
def sam(app: Flask) -> Iterator[User]:
    with app.app_context():
        make.levels(10, 900)
        yield make.user(role="coach", display_name="Sam Coach")


@pytest.fixture
def ada(sam: User) -> User:
    return make.rich_client(500, coach_id=sam.id, display_name="Ada Berg")


@pytest.fixture
def pending(ada: User) -> list[int]:
    """Five that wait, the ids in the order in which they were asked for."""
    return [make.redemption(ada, make.reward(name=name), now=clock.now()).id for name in WANTED]


def row(page: Page, name: str) -> Locator:
    return page.locator(".redemption", has_text=name)


def fulfil(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"Fulfil {name} for Ada Berg")


def go_on_to(page: Page, name: str) -> None:
    """From the row that has come into focus to its button, when a press counts again."""
    expect(row(page, name)).to_be_focused()
    for _stop in ("client", "note", "fulfil"):
        page.keyboard.press("Tab")
    expect(fulfil(page, name)).to_be_focused()
    page.clock.fast_forward(A_MOMENT_MS)


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(db.select(RewardRedemption.status).order_by(RewardRedemption.id)))


def an_admin_is_faster(redemption_id: int) -> None:
    admin = make.user(role="admin", display_name="Robin Hale")
    with unit_of_work():
        redeeming.reject(redemption_id, admin, notes="Fully booked", actor=SYSTEM, now=clock.now())


def test_a_morning_of_redemptions_never_leaves_the_list(
    page: Page, live_server: str, sign_in: SignIn, sam: User, pending: list[int]
) -> None:
    page.clock.install()
    sign_in(page, sam)
    page.goto(f"{live_server}/coach/redemptions?status=pending")
    page.evaluate("window.stillTheSamePage = true")
    fulfil(page, "Water bottle").focus()
    for name, then in pairwise(WANTED[:4]):
        page.keyboard.press("Enter")
        expect(row(page, name).get_by_text("Fulfilled")).to_be_visible()
        go_on_to(page, then)
    expect(page.locator("#count-pending")).to_have_text("2")
    expect(page.locator("#count-fulfilled")).to_have_text("3")
    day_off = row(page, "Day off")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(day_off.get_by_role("alert")).to_contain_text("Please write why")
    expect(day_off.get_by_role("textbox")).to_be_focused()
    page.clock.fast_forward(A_MOMENT_MS)
    page.keyboard.type("We are closed that day")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reject Day off for Ada Berg")).to_be_focused()
    page.keyboard.press("Enter")
    expect(day_off.get_by_text("We are closed that day")).to_be_visible()
    go_on_to(page, "Massage")
    an_admin_is_faster(pending[4])
    massage = row(page, "Massage")
    massage.get_by_role("textbox").fill("Tuesday at ten?")
    fulfil(page, "Massage").focus()
    page.keyboard.press("Enter")
    expect(massage.get_by_role("alert")).to_contain_text("Robin Hale has rejected this already")
    expect(massage.get_by_text("Fully booked")).to_be_visible()
    expect(massage).to_be_focused()
    expect(page.locator("#count-pending")).to_have_text("0")
    expect(page.get_by_text("All done: nobody waits for anything any more.")).to_be_visible()
    page.clock.fast_forward(16_000)
    expect(page.locator(".redemption")).to_have_count(1)
    expect(massage).to_contain_text("Tuesday at ten?")
    assert page.evaluate("window.stillTheSamePage")
    assert states() == ["fulfilled"] * 3 + ["rejected"] * 2


def test_a_key_that_is_held_down_is_one_press(
    page: Page, live_server: str, sign_in: SignIn, sam: User, pending: list[int]
) -> None:
    sign_in(page, sam)
    page.goto(f"{live_server}/coach")
    fulfil(page, "Water bottle").focus()
    page.keyboard.down("Enter")
    expect(row(page, "Yoga mat")).to_be_focused()
    page.keyboard.down("Enter")  # the same press, repeated
    page.keyboard.up("Enter")
    expect(page.locator("#waiting")).to_contain_text(str(len(pending) - 1))
    page.wait_for_load_state("networkidle")
    assert states() == ["fulfilled"] + ["pending"] * 4


def test_a_second_press_right_after_the_first_fulfils_nothing_more(
    page: Page, live_server: str, sign_in: SignIn, sam: User, pending: list[int]
) -> None:
    page.clock.install()
    sign_in(page, sam)
    page.goto(f"{live_server}/coach/redemptions?status=pending")
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    fulfil(page, "Water bottle").focus()
    page.keyboard.press("Enter")
    expect(row(page, "Water bottle").get_by_text("Fulfilled")).to_be_visible()
    page.clock.run_for(100)
    expect(row(page, "Yoga mat")).to_be_focused()
    page.keyboard.press("Enter")
    fulfil(page, "Yoga mat").press("Enter")
    page.wait_for_load_state("networkidle")
    assert states() == ["fulfilled"] + ["pending"] * (len(pending) - 1)
    page.clock.run_for(A_MOMENT_MS)
    fulfil(page, "Yoga mat").press("Enter")
    expect(row(page, "Yoga mat").get_by_text("Fulfilled")).to_be_visible()


def test_the_list_learns_of_what_is_new_and_keeps_what_is_typed(
    page: Page, live_server: str, sign_in: SignIn, sam: User, ada: User, pending: list[int]
) -> None:
    page.clock.install()
    sign_in(page, sam)
    page.goto(f"{live_server}/coach/redemptions?status=pending")
    note = row(page, "Massage").get_by_role("textbox")
    note.fill("Tuesday at ten?")
    row(page, "Towel").get_by_role("textbox").press_sequentially("In bl")
    make.redemption(ada, make.reward(name="Sauna"), now=clock.now())
    page.clock.fast_forward(16_000)
    expect(fulfil(page, "Sauna")).to_be_visible()
    expect(page.locator("#count-pending")).to_have_text(str(len(pending) + 1))
    expect(row(page, "Towel").get_by_role("textbox")).to_be_focused()
    page.keyboard.type("ue")
    expect(row(page, "Towel").get_by_role("textbox")).to_have_value("In blue")
    expect(note).to_have_value("Tuesday at ten?")


def test_what_was_typed_in_other_rows_stays(
    page: Page, live_server: str, sign_in: SignIn, sam: User, pending: list[int]
) -> None:
    sign_in(page, sam)
    page.goto(f"{live_server}/coach/redemptions")
    row(page, "Massage").get_by_role("textbox").fill("Tuesday at ten?")
    fulfil(page, "Towel").click()
    expect(row(page, "Towel").get_by_text("Fulfilled")).to_be_visible()
    expect(row(page, "Massage").get_by_role("textbox")).to_have_value("Tuesday at ten?")
    assert len(pending) == 5


@pytest.mark.usefixtures("ada")
def test_a_client_is_honoured_and_a_programme_completed(
    page: Page, app: Flask, live_server: str, sign_in: SignIn, sam: User, tmp_path: Path
) -> None:
    make.achievement(name="Kind heart", xp_reward=50, coach=sam)
    make.program(sam, name="Better sleep")
    sign_in(page, sam)
    page.goto(f"{live_server}/coach/clients")
    page.get_by_role("link", name="Ada Berg").click()
    page.evaluate("window.stillTheSamePage = true")
    standing = page.locator("#client-standing")
    expect(standing).to_contain_text("500 XP")
    page.locator("summary[aria-label='Award Kind heart']").click()
    page.get_by_role("dialog").get_by_role("button", name="Award").click()
    expect(page.locator(".medal-rows")).to_contain_text("Kind heart")
    expect(page.locator("#client-achievements")).not_to_contain_text("For you to award")
    expect(standing).to_contain_text("550 XP")
    page.get_by_label("Assign a programme").select_option("Better sleep")
    page.get_by_role("button", name="Assign").click()
    page.locator("summary[aria-label='Complete Better sleep']").click()
    page.get_by_role("dialog").get_by_role("button", name="Complete").click()
    expect(page.locator("#client-programs")).to_contain_text("Completed")
    with worker(environment_of(app), tmp_path):
        expect(standing).to_contain_text("650 XP", timeout=30_000)
    assert page.evaluate("window.stillTheSamePage")


def test_the_whole_morning_works_without_javascript(
    page_without_javascript: Page,
    app: Flask,
    live_server: str,
    sign_in: SignIn,
    sam: User,
    ada: User,
    pending: list[int],
    tmp_path: Path,
) -> None:
    page = page_without_javascript
    make.achievement(name="Kind heart", xp_reward=50, coach=sam)
    make.followed(ada, sam, make.program(sam, name="Better sleep"))
    sign_in(page, sam)
    page.goto(f"{live_server}/coach/redemptions?status=pending")
    for name in WANTED[:3]:
        fulfil(page, name).click()
        expect(page.locator("#toasts")).to_contain_text(f"Fulfilled: {name} for Ada Berg.")
        expect(page).to_have_url(re.compile(r"/coach/redemptions\?status=pending(#redemption-\d+)?$"))
    page.get_by_role("button", name="Reject Day off").click()
    expect(page.get_by_role("alert")).to_contain_text("Please write why")
    page.get_by_role("textbox", name="about Day off").fill("We are closed that day")
    page.get_by_role("button", name="Reject Day off").click()
    expect(page).to_have_url(re.compile(r"/coach/redemptions\?status=pending(#redemption-\d+)?$"))
    an_admin_is_faster(pending[4])
    fulfil(page, "Massage").click()
    expect(page.get_by_role("alert")).to_contain_text("Robin Hale has rejected this already")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_text("Nobody waits for anything.")).to_be_visible()
    assert states() == ["fulfilled"] * 3 + ["rejected"] * 2
    page.goto(f"{live_server}/coach/clients/{ada.id}")
    page.locator("summary[aria-label='Award Kind heart']").click()
    page.locator("#client-achievements").get_by_role("button", name="Award").click()
    expect(page.locator("#client-standing")).to_contain_text("550 XP")
    page.locator("summary[aria-label='Complete Better sleep']").click()
    page.locator("#client-programs").get_by_role("button", name="Complete").click()
    expect(page.locator("#client-programs")).to_contain_text("Completed")

    def has_come() -> bool:
        page.reload()
        return page.get_by_text("650 XP").count() > 0

    with worker(environment_of(app), tmp_path) as running:
        wait_until(has_come, running)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing_and_nothing_sticks_out(
    page: Page, live_server: str, sign_in: SignIn, sam: User, ada: User, pending: list[int], theme: Theme, width: int
) -> None:
    long = "A name that is long enough to need more than one line, whatever the width of the window"[:80]
    make.redemption(make.rich_client(coach_id=sam.id, display_name=long[:60]), make.reward(name=long))
    make.achievement(name=long, description=long, coach=sam)
    followed = make.followed(ada, sam, make.program(sam, name=long, description=long))
    make.workout(ada, at=make.NOW.replace(hour=6), title=long[:60], notes=long)
    with unit_of_work():
        redeeming.fulfil(pending[0], sam, notes=long, actor=SYSTEM, now=clock.now())
    sign_in(page, sam)
    look(page, width, theme)
    paths = ("", "/clients", f"/clients/{ada.id}", "/redemptions", "/programs", f"/programs/{followed.program_id}/edit")
    for path in paths:
        page.goto(f"{live_server}/coach{path}")
        assert faults_of(page) == [], path
        if theme == "light":  # a phone: what fingers touch
            assert page.eval_on_selector_all("main :is(.btn, .row-link, .textarea, .select)", TOO_LOW) == [], path
