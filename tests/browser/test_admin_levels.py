"""An admin sets up levels: an empty ladder, a mistake in the order, and a real worker that puts everybody on theirs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from flask_login import UserMixin
from playwright.sync_api import FilePayload, Page, expect

from app.kit.db import db
from app.loyalty.models import XpSummary
from tests import make
from tests.browsing import Theme, faults_of, has_script, look
from tests.make_media import image_file
from tests.processes import Running, environment_of, wait_until, worker

SignIn = Callable[[Page, UserMixin], None]
StartWorker = Callable[[], AbstractContextManager[Running]]
NARROW, WIDE = 360, 1280


@pytest.fixture
def start_worker(app: Flask, tmp_path: Path) -> StartWorker:
    return lambda: worker(environment_of(app), tmp_path)


def fill_in(desk: Page, name: str, xp: int, sign: str) -> None:
    desk.get_by_label("Name").fill(name)
    desk.get_by_label("XP needed").fill(str(xp))
    desk.get_by_title(sign).click()


def add(desk: Page, name: str, xp: int, sign: str) -> None:
    desk.get_by_role("link", name="New level").first.click()
    fill_in(desk, name, xp, sign)
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#toasts")).to_contain_text(f"{name} was created.")


def look_until_it_is_done(desk: Page, running: Running) -> None:
    """The page follows by itself; without JavaScript it is looked at again."""

    def is_done() -> bool:
        if not has_script(desk):
            desk.reload()
        return desk.get_by_text("everybody is being put on theirs").count() == 0

    wait_until(is_done, running)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_an_admin_sets_up_levels(
    page: Page, live_server: str, sign_in: SignIn, start_worker: StartWorker, width: int
) -> None:
    look(page, width, "light")
    sign_in(page, make.user(role="admin"))
    set_up_levels(page, live_server, start_worker)


def test_an_admin_sets_up_levels_without_javascript(
    page_without_javascript: Page, live_server: str, sign_in: SignIn, start_worker: StartWorker
) -> None:
    look(page_without_javascript, NARROW, "light")
    sign_in(page_without_javascript, make.user(role="admin"))
    set_up_levels(page_without_javascript, live_server, start_worker)


def add_after_a_mistake(desk: Page) -> None:
    """A level with a picture, which is first put below the one before it."""
    desk.get_by_role("link", name="New level").click()
    expect(desk.get_by_label("Number")).to_have_value("3")
    expect(desk.get_by_label("XP needed")).to_have_value("600")
    expect(desk.locator("#ladder-so-far")).to_contain_text("On fire")
    fill_in(desk, "Summit", 250, "Mountain")
    picture: FilePayload = {"name": "peak.png", "mimeType": "image/png", "buffer": image_file()}
    desk.locator("#picture").set_input_files(picture)
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#xp_required-error")).to_contain_text("please enter at least 301")
    expect(desk.get_by_label("Name")).to_have_value("Summit")
    expect(desk.get_by_role("radio", name="Mountain")).to_be_checked()
    expect(desk.locator("[data-preview] img")).to_be_visible()
    desk.get_by_label("XP needed").fill("1,000")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#toasts")).to_contain_text("Summit was created.")
    expect(desk.locator(".ladder-step", has_text="Summit").locator("img")).to_be_visible()
    expect(desk.get_by_text("everybody is being put on theirs")).to_be_visible()
    expect(desk.get_by_role("link", name="Look again")).to_be_visible(visible=not has_script(desk))


def set_up_levels(desk: Page, live_server: str, start_worker: StartWorker) -> None:
    """From an empty ladder to three levels, of which one is moved and one is deleted again."""
    mia = make.rich_client(450)
    desk.goto(f"{live_server}/admin/levels")
    expect(desk.get_by_role("heading", name="No levels yet")).to_be_visible()
    add(desk, "First steps", 100, "Sprout")
    add(desk, "On fire", 300, "Flame")

    add_after_a_mistake(desk)

    with start_worker() as running:
        look_until_it_is_done(desk, running)
        expect(desk.locator(".ladder-step", has_text="On fire")).to_contain_text("1 client")
        desk.get_by_role("link", name="Edit Summit").click()
        desk.get_by_label("XP needed").fill("400")
        desk.get_by_role("button", name="Save").click()
        expect(desk.locator("#toasts")).to_contain_text("Summit was saved. 1 client rises.")
        look_until_it_is_done(desk, running)
        expect(desk.locator(".ladder-step", has_text="Summit")).to_contain_text("1 client")
    level = db.session.get_one(XpSummary, mia.id, populate_existing=True).level
    assert level is not None
    assert (level.name, level.xp_required) == ("Summit", 400)

    desk.locator(".ladder-step", has_text="Summit").locator("summary").click()
    expect(desk.get_by_text("1 client moves down to On fire and keeps all XP.")).to_be_visible()
    desk.locator(".confirm[open] form, dialog[open] form").get_by_role("button", name="Delete").first.click()
    expect(desk.locator("#toasts")).to_contain_text("Summit was deleted. 1 client moves down, and keeps all XP.")
    expect(desk.locator(".ladder-step", has_text="On fire")).to_contain_text("1 client")


@pytest.mark.parametrize("kind", ["page", "page_without_javascript"])
def test_an_admin_switches_a_type_off_and_on(
    request: pytest.FixtureRequest, live_server: str, sign_in: SignIn, kind: str
) -> None:
    desk: Page = request.getfixturevalue(kind)
    sign_in(desk, make.user(role="admin"))
    desk.goto(f"{live_server}/admin/xp-event-types")
    row = desk.get_by_role("row", name="Meal logged")
    row.locator("summary", has_text="Switch off").click()
    expect(row.get_by_role("dialog")).to_contain_text("Nobody earns anything for it")
    row.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(desk.locator("#toasts")).to_contain_text("Meal logged earns nothing from now on.")
    expect(row).to_contain_text("Inactive")
    row.get_by_role("button", name="Switch on Meal logged").click()
    expect(row).to_contain_text("Active")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "path",
    ["/admin", "/admin/levels", "/admin/levels/1/edit", "/admin/xp-event-types", "/admin/xp-event-types/1/edit"],
)
@pytest.mark.parametrize(("width", "theme"), [(NARROW, "light"), (WIDE, "dark")])
def test_axe_finds_nothing_and_nothing_overflows(
    page: Page, live_server: str, sign_in: SignIn, path: str, width: int, theme: Theme
) -> None:
    look(page, width, theme)
    make.levels(100, 500_000_000)
    make.redemption(make.rich_client(150))
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}{path}")
    assert faults_of(page) == []
