"""A client's week: check-ins keep the streak, a real worker pays for them, and in the end it buys something."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select, update

from app.accounts.models import User
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.loyalty import awarding, redeeming
from app.loyalty.models import XpSummary
from app.loyalty.reward_models import Reward, RewardRedemption
from tests import make
from tests.browsing import Theme, faults_of, look
from tests.processes import environment_of, worker

SignIn = Callable[[FlaskClient | Page, User], None]
SOON = 30_000


@pytest.fixture
def dana(app: Flask) -> User:  # noqa: ARG001
    return make.user(role="coach", display_name="Dana Reyes")


@pytest.fixture
def mia(dana: User) -> User:
    return make.user(username="mia", display_name="Mia Chen", coach_id=dana.id)


@pytest.fixture
def rich(dana: User) -> User:
    """A client with 100 points."""
    return make.rich_client(100, coach_id=dana.id, display_name="Mia Chen")


@pytest.fixture
def days(time_machine: time_machine.TimeMachineFixture) -> Iterator[int]:
    """Seven days, the last of them today: the clock of this process, the server's too, stands at each in turn."""
    today = datetime.now(UTC)

    def travel() -> Iterator[int]:
        for day in range(1, 8):
            time_machine.move_to(today - timedelta(days=7 - day), tick=True)
            yield day

    return travel()


def card(page: Page, name: str) -> Locator:
    return page.locator(".reward-card", has_text=name)


def redeem(page: Page, name: str) -> None:
    card(page, name).locator("summary").click()
    page.get_by_role("button", name="Redeem it").click()


@pytest.mark.timeout(240)
def test_a_week_of_checkins_ends_with_a_reward(
    app: Flask,
    tmp_path: Path,
    live_server: str,
    page: Page,
    sign_in: SignIn,
    mia: User,
    dana: User,
    days: Iterator[int],
) -> None:
    make.levels(50, 500)
    make.achievement("streak_days", 7, name="Week of light", points_reward=30)
    make.reward(name="Coffee", points_cost=100, stock=2)
    make.reward(name="Towel", points_cost=90)
    with worker(environment_of(app), tmp_path):
        for day in days:
            sign_in(page, mia)
            page.goto(f"{live_server}/client")
            expect(page.locator("#streak")).to_contain_text(
                "Check in today to keep it alive" if day > 1 else "A check-in today"
            )
            expect(page.locator("#dashboard")).not_to_contain_text("Level up!")
            check_in(page, day)
        be_praised_for_the_week(page)
        redeem_in_place(page, live_server)
        be_refused(page, live_server, dana)


def check_in(page: Page, day: int) -> None:
    """One tap; the bar moves by itself, and on the fifth day a level is reached, which is celebrated once."""
    page.evaluate("window.stillTheSamePage = true")
    page.get_by_role("button", name="Check in: Great").click()
    expect(page.locator("#streak")).to_contain_text("Today is in. See you tomorrow!")
    expect(page.locator(".streak-days")).to_have_text(str(day))
    earned = 10 * day + (50 if day == 7 else 0)
    expect(page.locator(".hero")).to_contain_text(f"{earned} XP", timeout=SOON)
    expect(page.locator("#streak-title")).to_be_focused()  # where the answer put it, also after the page's own looks
    if day == 5:
        expect(page.get_by_text("Level up! You have reached “Level 1”.")).to_be_visible()
        page.get_by_role("button", name="Wonderful").click()
        expect(page.get_by_text("Level up!")).to_be_hidden()
    assert page.evaluate("window.stillTheSamePage")


def be_praised_for_the_week(page: Page) -> None:
    expect(page.locator(".news")).to_contain_text("Week of light")
    expect(page.locator("#medals .emblem-shining")).to_have_count(1)
    expect(page.locator(".hero-points-value")).to_have_text("150")
    expect(page.locator(".hero-points")).to_contain_text("Enough for “Coffee”")
    page.get_by_role("button", name="Lovely").click()
    expect(page.locator(".news")).to_have_count(0)
    expect(page.locator("#medals")).to_contain_text("Week of light")


def redeem_in_place(page: Page, address: str) -> None:
    page.goto(f"{address}/client/rewards")
    page.evaluate("window.stillTheSamePage = true")
    expect(card(page, "Coffee")).to_contain_text("2 left")
    redeem(page, "Coffee")
    expect(card(page, "Coffee")).to_contain_text("Redeemed. You have 50 points left.")
    expect(page.locator("#balance")).to_have_text("50")
    expect(card(page, "Coffee")).to_contain_text("1 left")
    expect(card(page, "Coffee").get_by_role("button")).to_be_disabled()
    expect(card(page, "Coffee").get_by_role("button")).to_have_text("50 more points")
    expect(card(page, "Towel").get_by_role("button")).to_have_text("40 more points")
    assert page.evaluate("window.stillTheSamePage")


def be_refused(page: Page, address: str, coach: User) -> None:
    redemption = db.session.scalars(select(RewardRedemption)).one()
    with unit_of_work():
        redeeming.reject(redemption.id, coach, notes="The machine is broken.", actor=make.SYSTEM, now=clock.now())
    expect(page.locator("#reward-1-told")).to_be_focused()
    page.evaluate("document.dispatchEvent(new Event('logged'))")
    expect(page.locator("#balance")).to_have_text("150")  # the page has looked again, and takes nothing away
    expect(page.locator("#reward-1-told")).to_be_focused()
    page.locator("#reward-1-told").get_by_role("link", name="My redemptions").click()
    expect(page.locator("#redemptions")).to_contain_text("The machine is broken.")
    page.goto(f"{address}/client")
    expect(page.locator(".news")).to_contain_text("The machine is broken.")
    expect(page.locator(".news")).to_contain_text("100 points are back with you.")
    expect(page.locator(".hero-points-value")).to_have_text("150")
    page.get_by_role("button", name="Got it").click()
    expect(page.locator(".news")).to_have_count(0)


def test_a_refusal_stands_beside_the_button_and_the_page_goes_on(
    live_server: str, page: Page, sign_in: SignIn, rich: User
) -> None:
    coffee, towel = make.reward(name="Coffee", stock=2), make.reward(name="Towel", points_cost=90)
    sign_in(page, rich)
    page.goto(f"{live_server}/client/rewards")
    card(page, "Coffee").locator("summary").click()
    with unit_of_work():
        db.session.execute(update(Reward).where(Reward.id == coffee.id).values(stock=0))
        db.session.execute(update(Reward).where(Reward.id == towel.id).values(stock=5))
    page.evaluate("document.dispatchEvent(new Event('logged'))")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Redeem it").click()
    expect(card(page, "Coffee").get_by_role("alert")).to_have_text(
        "This reward has just run out. Your points are untouched."
    )
    expect(card(page, "Coffee").get_by_role("button")).to_be_disabled()
    expect(card(page, "Towel")).to_contain_text("5 left")
    redeem(page, "Towel")
    expect(page.locator("#balance")).to_have_text("10")
    assert db.session.get_one(XpSummary, rich.id, populate_existing=True).available_points == 10


def test_a_refusal_says_how_many_points_are_missing(live_server: str, page: Page, sign_in: SignIn, rich: User) -> None:
    make.reward(name="Coffee", points_cost=50)
    sign_in(page, rich)
    page.goto(f"{live_server}/client/rewards")
    page.evaluate("window.stillTheSamePage = true")
    card(page, "Coffee").locator("summary").click()
    make.redemption(rich, make.reward(name="Towel", points_cost=80), now=clock.now())  # on another device
    page.get_by_role("button", name="Redeem it").click()
    expect(card(page, "Coffee").get_by_role("alert")).to_have_text("You need 30 more points for this.")
    expect(page.locator("#balance")).to_have_text("20")
    expect(card(page, "Coffee").get_by_role("button")).to_be_disabled()
    expect(card(page, "Coffee").get_by_role("button")).to_have_text("30 more points")
    assert page.evaluate("window.stillTheSamePage")


def test_a_double_click_redeems_once(live_server: str, page: Page, sign_in: SignIn, rich: User) -> None:
    make.reward(name="Coffee", points_cost=30)
    sign_in(page, rich)
    page.goto(f"{live_server}/client/rewards")
    card(page, "Coffee").locator("summary").click()
    page.get_by_role("button", name="Redeem it").dblclick()
    expect(page.locator("#balance")).to_have_text("70")
    page.reload()
    expect(page.locator("#balance")).to_have_text("70")


def test_the_shop_follows_what_happens_elsewhere(live_server: str, page: Page, sign_in: SignIn, rich: User) -> None:
    coffee = make.reward(name="Coffee", stock=2)
    sign_in(page, rich)
    page.goto(f"{live_server}/client/rewards")
    make.redemption(rich, coffee, now=clock.now())
    page.evaluate("document.dispatchEvent(new Event('logged'))")
    expect(card(page, "Coffee")).to_contain_text("1 left")
    expect(page.locator("#balance")).to_have_text("50")


def test_it_all_works_without_javascript(
    live_server: str, page_without_javascript: Page, sign_in: SignIn, rich: User, dana: User
) -> None:
    page, coffee = page_without_javascript, make.reward(name="Coffee", points_cost=70, stock=2)
    soul = make.achievement(name="Good soul")
    with unit_of_work():
        awarding.award(dana, rich.id, soul.id, actor=make.SYSTEM, now=clock.now())
    sign_in(page, rich)
    page.goto(f"{live_server}/client")
    page.get_by_role("button", name="Check in: Good").click()
    expect(page.locator("#streak")).to_contain_text("Today is in.")
    page.get_by_role("button", name="Lovely").click()
    expect(page.locator(".news")).to_have_count(0)
    page.get_by_role("link", name="All achievements").click()
    expect(page.locator(".medal.is-earned")).to_contain_text("Awarded by Dana Reyes")
    page.goto(f"{live_server}/client/rewards")
    with unit_of_work():
        db.session.execute(update(Reward).where(Reward.id == coffee.id).values(points_cost=80))
    redeem(page, "Coffee")
    expect(card(page, "Coffee").get_by_role("alert")).to_contain_text("Its cost was changed to 80 points.")
    redeem(page, "Coffee")
    expect(card(page, "Coffee").get_by_role("status")).to_contain_text("Redeemed. You have 20 points left.")
    expect(card(page, "Coffee")).to_be_in_viewport()
    expect(page.locator("#balance")).to_have_text("20")
    expect(card(page, "Coffee").get_by_role("button")).to_have_text("60 more points")
    page.get_by_label("Views").get_by_role("link", name="My redemptions").click()
    expect(page.locator("#redemptions")).to_contain_text("Waiting for your coach")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
@pytest.mark.parametrize("is_full", [True, False])
def test_axe_finds_nothing_and_nothing_sticks_out(
    live_server: str, page: Page, sign_in: SignIn, rich: User, dana: User, width: int, theme: Theme, is_full: bool
) -> None:
    look(page, width, theme)
    if is_full:
        fill(rich, dana)
    sign_in(page, rich)
    faults: list[str] = []
    for path in ("/client", "/client/rewards", "/client/achievements", "/client/redemptions"):
        page.goto(f"{live_server}{path}")
        faults += faults_of(page)
    assert faults == []


def fill(client: User, coach: User) -> None:
    """Something of everything, with long words."""
    long = "Extraordinarily-long-and-unbroken-name-of-something-" + "x" * 20
    make.levels(10, 5000)
    soul = make.achievement(name=long, coach=coach, points_reward=1000)
    make.achievement("xp_total", 10_000, description="Nobody knows how.")
    with unit_of_work():
        awarding.award(coach, client.id, soul.id, actor=make.SYSTEM, now=clock.now())
    make.followed(client, coach, make.program(coach, name=long, description=long))
    redeemed = make.redemption(client, make.reward(name=long, description=long, stock=2, coach=coach))
    make.redemption(client, make.reward(image=make.stored_picture()))
    make.reward(name="Retreat", points_cost=99_000)
    make.reward(name="Towel", stock=0)
    with unit_of_work():
        redeeming.reject(redeemed.id, coach, notes=f"{long}\nSorry!", actor=make.SYSTEM, now=clock.now())
