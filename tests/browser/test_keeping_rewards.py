"""A coach keeps rewards and achievements, in a real browser, with JavaScript and without."""

from collections.abc import Callable

import pytest
from flask_login import UserMixin
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.kit.db import db
from app.loyalty.achievement_models import Achievement
from app.loyalty.reward_models import Reward
from tests import make
from tests.browsing import faults_of, has_script, look
from tests.make_media import image_file

SignIn = Callable[[Page, UserMixin], None]
BY_HAND = "By hand: a coach awards it to a client"
BY_ITSELF = "By itself, as soon as a client meets a condition"


@pytest.fixture(params=["page", "page_without_javascript"])
def desk(request: pytest.FixtureRequest, sign_in: SignIn) -> Page:
    """A signed-in coach, with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, make.user(role="coach"))
    return page


def test_a_coach_makes_a_reward_with_a_picture_and_switches_it_off(desk: Page, live_server: str) -> None:
    make.reward(name="Massage")
    desk.goto(f"{live_server}/coach/rewards")
    expect(desk.get_by_role("row", name="Massage System")).to_be_visible()
    desk.get_by_role("link", name="New reward").click()
    desk.get_by_label("Name").fill("Lunch with me")
    desk.get_by_label("Cost").fill("1.5")
    desk.get_by_label("Stock").fill("2")
    desk.get_by_label("Picture").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": image_file()})
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#points_cost-error")).to_contain_text("whole number from 1 to 1,000,000")
    expect(desk.locator("[data-preview] img")).to_be_visible()
    desk.get_by_label("Cost").fill("250")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("Lunch with me was created.")).to_be_visible()
    row = desk.get_by_role("row", name="Lunch with me")
    expect(row).to_contain_text("250 points")
    expect(row.locator("img")).to_have_js_property("complete", value=True)
    row.locator("summary", has_text="Switch off").click()
    expect(row.get_by_role("dialog")).to_contain_text("It leaves the shop.")
    row.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(row).to_contain_text("Inactive")
    db.session.rollback()
    made = db.session.scalars(select(Reward).where(Reward.coach_id.is_not(None))).one()
    assert (made.points_cost, made.stock, made.is_active) == (250, 2, False)


def test_a_coach_makes_an_achievement_and_its_condition_folds_away(desk: Page, live_server: str) -> None:
    desk.goto(f"{live_server}/coach/achievements/create")
    condition = desk.get_by_label("Condition", exact=True).and_(desk.locator("select"))
    desk.get_by_label("Name").fill("Ten workouts")
    desk.get_by_label("How many").fill("10")
    desk.get_by_label(BY_HAND).check()
    expect(condition).to_be_visible(visible=not has_script(desk))
    desk.get_by_label(BY_ITSELF).check()
    expect(condition).to_be_visible()
    expect(desk.get_by_label("How many")).to_have_value("10")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#condition_type-error")).to_contain_text("needs a condition")
    condition.select_option("Workouts in all")
    desk.get_by_label("Trophy").check()
    desk.get_by_role("button", name="Save").click()
    row = desk.get_by_role("row", name="Ten workouts")
    expect(row).to_contain_text("10 workouts")

    row.get_by_role("link", name="Edit").click()
    desk.get_by_label(BY_HAND).check()
    desk.get_by_role("button", name="Save").click()
    if not has_script(desk):
        expect(desk.locator("#condition_value-error")).to_contain_text("has no condition")
        condition.select_option("Please choose")
        desk.get_by_label("How many").fill("")
        desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("row", name="Ten workouts")).to_contain_text("By hand")
    db.session.rollback()
    made = db.session.scalars(select(Achievement)).one()
    assert (made.type, made.condition_type, made.condition_value, made.icon) == ("manual", None, None, "trophy")


def test_what_the_summary_says_of_folded_fields_goes_with_them(page: Page, sign_in: SignIn, live_server: str) -> None:
    sign_in(page, make.user(role="coach"))
    page.goto(f"{live_server}/coach/achievements/create")
    page.get_by_role("button", name="Save").click()
    summary = page.locator(".error-summary")
    expect(summary.get_by_role("link")).to_have_text(["Name", "Condition", "How many"])
    page.get_by_label(BY_HAND).check()
    expect(summary.get_by_role("link")).to_have_text(["Name"])
    expect(summary).not_to_contain_text("Please check 3 fields", use_inner_text=True)
    page.get_by_label(BY_ITSELF).check()
    expect(summary.get_by_role("link")).to_have_text(["Name", "Condition", "How many"])


def test_a_reward_is_deleted_after_a_question(desk: Page, live_server: str) -> None:
    desk.goto(f"{live_server}/coach/rewards/create")
    desk.get_by_label("Name").fill("Mistake")
    desk.get_by_label("Cost").fill("1")
    desk.get_by_role("button", name="Save").click()
    desk.get_by_role("link", name="Mistake", exact=True).click()
    desk.get_by_text("Delete", exact=True).first.click()
    desk.get_by_role("button", name="Delete").click()
    expect(desk.get_by_text("Mistake was deleted.")).to_be_visible()
    db.session.rollback()
    assert db.session.scalars(select(Reward)).all() == []


def test_lists_are_searched_and_narrowed_in_place(page: Page, sign_in: SignIn, live_server: str) -> None:
    sign_in(page, make.user(role="coach"))
    make.achievement("workout_count", 10, name="Ten")
    make.achievement(name="Kindness")
    page.goto(f"{live_server}/coach/achievements")
    page.get_by_label("How it is earned").select_option("By hand")
    expect(page.get_by_role("row", name="Ten")).to_have_count(0)
    page.get_by_role("searchbox").press_sequentially("kin")
    expect(page).to_have_url(f"{live_server}/coach/achievements?q=kin&type=manual")
    expect(page.get_by_role("row", name="Kindness")).to_be_visible()
    page.get_by_role("link", name="Inactive").click()
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("kin")


def test_nothing_sticks_out_on_a_phone_and_axe_finds_no_fault(page: Page, sign_in: SignIn, live_server: str) -> None:
    coach = make.user(role="coach")
    sign_in(page, coach)
    long = "Training-plan-tailored-to-you-and-your-goals-for-the-whole-next-season-and-more"
    reward = make.reward(coach=coach, name=long, description="x" * 900, points_cost=1_000_000, stock=1_000_000)
    make.reward(name=long, description=long)
    kept = make.achievement("xp_total", 100_000, coach=coach, name=long, xp_reward=1_000_000, points_reward=1_000_000)
    for path in (
        *("rewards", "rewards/create", f"rewards/{reward.id}/edit"),
        *("achievements", "achievements/create", f"achievements/{kept.id}/edit"),
    ):
        page.goto(f"{live_server}/coach/{path}")
        for width in (360, 1280):
            look(page, width, "light" if width == 360 else "dark")
            assert faults_of(page) == [], (path, width)
