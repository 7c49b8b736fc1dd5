"""A client earns: logs a workout, a real worker awards for it, and the level bar moves."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts.models import User
from tests import make
from tests.browsing import Theme, faults_of, look
from tests.processes import Running, environment_of, wait_until, worker

StartWorker = Callable[[], AbstractContextManager[Running]]


@pytest.fixture
def mia(app: Flask) -> Iterator[User]:
    with app.app_context():
        make.levels(10, 50, 200)
        yield make.user(username="mia", display_name="Mia Chen")


@pytest.fixture
def start_worker(app: Flask, tmp_path: Path) -> StartWorker:
    return lambda: worker(environment_of(app), tmp_path)


def sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.get_by_label("Username or e-mail").fill("mia")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Mia")).to_be_visible()


def log_workout(page: Page, title: str) -> None:
    form = page.locator("#workout-form")
    form.get_by_label("What").fill(title)
    form.get_by_label("Minutes").fill("45")
    form.get_by_role("button", name="Log workout").click()


@pytest.mark.usefixtures("mia")
def test_the_bar_moves_without_a_reload(page: Page, live_server: str, start_worker: StartWorker) -> None:
    sign_in(page, live_server)
    page.get_by_role("link", name="Log something").first.click()
    log_workout(page, "Evening run")
    expect(page.locator("#toasts")).to_contain_text("+20 XP on the way")
    expect(page.locator("#workout-form").get_by_label("What")).to_have_value("")
    expect(page.locator("#your-log")).to_contain_text("Evening run")
    expect(page.locator("#your-log")).to_contain_text("XP on the way")
    page.get_by_role("link", name="Dashboard").first.click()
    bar = page.locator("#level-bar")
    expect(bar).to_have_js_property("value", 0)
    page.evaluate("window.stillTheSamePage = true")
    with start_worker():
        expect(bar).to_have_attribute("max", "40", timeout=30_000)
        expect(bar).to_have_js_property("value", 10)
        expect(page.locator("#recent")).to_contain_text("+20 XP")
        expect(page.get_by_text("Level up! You have reached “Level 1”.")).to_be_visible()
        page.get_by_role("button", name="Wonderful").click()
        expect(page.get_by_text("Level up!")).to_be_hidden()
    assert page.evaluate("window.stillTheSamePage")


@pytest.mark.usefixtures("mia")
def test_the_log_shows_what_was_earned_and_lets_it_go(page: Page, live_server: str, start_worker: StartWorker) -> None:
    sign_in(page, live_server)
    page.goto(f"{live_server}/client/log")
    with start_worker():
        page.get_by_role("button", name="Check in").click()
        expect(page.locator("#your-log")).to_contain_text("+10 XP", timeout=30_000)
        page.get_by_role("button", name="Check in").click()
        expect(page.locator("#checkin-form")).to_contain_text("You have checked in for this day already.")
        log_workout(page, "Wrong one")
        entry = page.locator("#your-log li", has_text="Wrong one")
        expect(entry).to_contain_text("+20 XP")
        entry.locator("summary").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.locator("#your-log")).not_to_contain_text("Wrong one")
        page.goto(f"{live_server}/client")
        expect(page.locator(".hero-points-value")).to_have_text("10")
        expect(page.locator("#dashboard")).to_contain_text("30 XP")


@pytest.mark.usefixtures("mia")
def test_it_all_works_without_javascript(
    page_without_javascript: Page, live_server: str, start_worker: StartWorker
) -> None:
    page = page_without_javascript
    sign_in(page, live_server)
    page.get_by_role("link", name="Log something").first.click()
    log_workout(page, "Evening run")
    expect(page.locator("#toasts")).to_contain_text("Workout logged")
    expect(page.locator("#your-log")).to_contain_text("XP on the way")
    log_workout(page, "Evening run")
    expect(page.locator("#workout-form")).to_contain_text("You have already logged this.")

    def has_come() -> bool:
        page.reload()
        return page.get_by_text("+20 XP").count() > 1

    with start_worker() as running:
        page.goto(f"{live_server}/client")
        wait_until(has_come, running)
        expect(page.locator("#recent")).to_contain_text("+20 XP")
    expect(page.locator("#level-bar")).to_have_attribute("value", "10")
    page.get_by_role("button", name="Wonderful").click()
    expect(page.get_by_text("Level up!")).to_have_count(0)
    page.goto(f"{live_server}/client/log")
    page.locator("#your-log summary").first.click()
    page.locator("#your-log").get_by_role("button", name="Delete").click()
    expect(page.locator("#toasts")).to_contain_text("Deleted")
    expect(page.locator("#your-log")).to_contain_text("Nothing logged yet")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/client", "/client/log"])
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])  # the others: test_pages.py
def test_axe_finds_nothing_and_nothing_overflows(
    page: Page, live_server: str, mia: User, path: str, theme: Theme, width: int
) -> None:
    look(page, width, theme)
    make.workout(mia, title="Evening run", notes="Rain")
    make.settled()
    make.workout(mia, title="Morning run", at=make.NOW.replace(hour=6))
    sign_in(page, live_server)
    page.goto(f"{live_server}{path}")
    assert faults_of(page) == []
