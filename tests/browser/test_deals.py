"""The shopper's side of deals in a real browser: earning, claiming, and what time does to an open page."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.deals import service as deals
from app.kit.db import unit_of_work
from tests import make
from tests.browsing import Theme, faults_of, look

FOLLOWS = 15_000
DAY = timedelta(days=1)


@pytest.fixture(params=["page", "page_without_javascript"])
def screen(request: pytest.FixtureRequest) -> Page:
    """The same job is done with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    return page


@pytest.fixture
def now() -> datetime:
    """The moment at which the test begins; these clocks run."""
    return datetime.now(UTC)


def deal(now: datetime, **fields: object) -> int:
    return make.deal(**{"starts_at": now - DAY, "ends_at": now + 2 * DAY, "title": "Gold rush"} | fields).id


def enter(page: Page, url: str, name: str = "Ada") -> None:
    page.goto(f"{url}/store")
    page.get_by_label("Who is shopping?").fill(name)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text(f"Shopping as {name}")).to_be_visible()


def give(page: Page, url: str, amount: str) -> None:
    """Pay for a donation."""
    page.goto(f"{url}/store/donate")
    page.get_by_label("Amount", exact=True).fill(amount)
    page.get_by_role("button", name="Donate").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_text("Thank you for your gift!")).to_be_visible()


def widget(page: Page) -> Locator:
    return page.get_by_role("region", name="Deals & Progress")


def test_a_shopper_earns_a_reward_and_claims_it(screen: Page, live_server: str, now: datetime) -> None:
    deal(now)
    enter(screen, live_server)
    give(screen, live_server, "32")
    screen.goto(f"{live_server}/store")
    expect(widget(screen)).to_contain_text("$32.00 of $50.00")
    expect(widget(screen)).to_contain_text("$18.00 to go")
    give(screen, live_server, "18")
    expect(screen.get_by_text("You can claim a reward.")).to_be_visible()
    screen.get_by_role("link", name="To the deals").click()
    expect(screen.get_by_role("heading", name="Deals & Progress", level=1)).to_be_visible()
    screen.get_by_role("button", name="Claim: Gold rush").click()
    told = screen.get_by_role("status").filter(has_text="Gold is yours! The game hands it out to you.")
    expect(told).to_be_in_viewport()
    expect(widget(screen)).to_contain_text("Claimed")
    expect(screen.get_by_role("button", name="Claim")).to_have_count(0)
    screen.goto(f"{live_server}/store")
    expect(widget(screen)).to_contain_text("Claimed")


def test_the_bar_follows_a_payment_in_another_tab(page: Page, live_server: str, now: datetime) -> None:
    deal(now, terms_and_conditions="<p>Once each.</p>")
    enter(page, live_server)
    page.evaluate("window.isTheSamePage = true")
    page.get_by_text("Terms & conditions").click()
    page.get_by_role("searchbox").fill("half a wo")
    give(page.context.new_page(), live_server, "50")
    expect(page.get_by_role("button", name="Claim: Gold rush")).to_be_visible(timeout=FOLLOWS)
    expect(page.locator("progress").last).to_have_js_property("value", 100)
    expect(page.get_by_text("Once each.")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("half a wo")
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert page.evaluate("window.isTheSamePage") is True


def test_looking_costs_nothing_while_nothing_changes(page: Page, live_server: str, now: datetime) -> None:
    deal(now)
    enter(page, live_server)
    with page.expect_response("**/store/deals*") as answer:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert answer.value.status == 304
    expect(widget(page)).to_contain_text("$0.00 of $50.00")


def test_who_types_a_name_meanwhile_is_not_disturbed(page: Page, live_server: str, now: datetime) -> None:
    deal(now)
    page.goto(f"{live_server}/store")
    field = page.get_by_label("Who is shopping?")
    field.press_sequentially("Ad")
    deal(now, title="Silver rush")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(widget(page)).to_contain_text("Silver rush")
    expect(field).to_be_focused()
    field.press_sequentially("a L")
    expect(field).to_have_value("Ada L")
    page.get_by_role("searchbox").focus()
    deal(now, title="Bronze rush")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(widget(page)).to_contain_text("Bronze rush")
    expect(field).to_have_value("Ada L")


def test_what_is_put_into_the_cart_is_shown_ahead_at_once(page: Page, live_server: str, now: datetime) -> None:
    deal(now)
    make.product(name="Sticker", price_cents=1200)
    enter(page, live_server)
    page.get_by_role("button", name="Add Sticker to the cart").click()
    expect(widget(page)).to_contain_text("Your cart adds $12.00", timeout=3000)
    expect(page.locator(".deal-bar-ahead")).to_have_js_property("value", 24)
    expect(page.locator(".deal-bar-now")).to_have_js_property("value", 0)
    expect(page.get_by_role("button", name="Add Sticker to the cart")).to_be_focused()


@pytest.mark.parametrize("hours", [-5, 0, 5])
def test_a_deal_and_its_banner_go_at_the_servers_instant_whatever_the_visitors_clock_says(
    page: Page, live_server: str, hours: int
) -> None:
    page.add_init_script(
        f"const now = Date.now, Real = Date; Date = class extends Real {{ constructor(...given) {{"
        f" super(...(given.length ? given : [now() + {hours} * 3600000])); }}"
        f" static now() {{ return now() + {hours} * 3600000; }} }}"
    )
    now = datetime.now(UTC)
    end = now + timedelta(seconds=4)
    deal(now, title="Last call", ends_at=end, banner="Only {left} left")
    deal(now, title="Gold rush")
    page.goto(f"{live_server}/store")
    expect(page.locator(".deal", has_text="Last call").locator("time")).to_have_text(re.compile("^0m [1-4]s$"))
    expect(page.locator("#banner")).to_contain_text(re.compile("Only 0m [1-4]s left"))
    page.evaluate(
        "window.wentAt = performance.timeOrigin; new MutationObserver(() => {"
        " if (!window.gone && !document.body.textContent.includes('Last call')) window.gone = performance.now();"
        "}).observe(document.body, { childList: true, subtree: true })"
    )
    expect(page.get_by_text("Last call")).to_have_count(0)
    expect(page.locator("#banner")).to_have_count(0)
    expect(widget(page)).to_contain_text("Gold rush")
    went = datetime.fromtimestamp(page.evaluate("(window.wentAt + window.gone) / 1000"), UTC)
    assert timedelta(milliseconds=-100) <= went - end <= timedelta(seconds=2)


def test_of_the_last_deal_nothing_is_left_behind_and_the_next_one_appears(page: Page, live_server: str) -> None:
    now = datetime.now(UTC)
    deal(now, ends_at=now + timedelta(seconds=3))
    page.goto(f"{live_server}/store")
    expect(widget(page)).to_be_visible()
    with page.expect_response(lambda answer: "/store/deals" in answer.url and answer.status == 200):
        expect(widget(page)).to_have_count(0)
    expect(page.locator("#deals")).to_be_hidden()
    deal(datetime.now(UTC), title="Another")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(widget(page)).to_contain_text("Another")


def test_a_claim_after_the_end_is_told_so(screen: Page, live_server: str) -> None:
    now = datetime.now(UTC)
    ends = deal(now, min_amount=1)
    enter(screen, live_server)
    give(screen, live_server, "1")
    screen.goto(f"{live_server}/store/deals")
    button = screen.get_by_role("button", name="Claim: Gold rush")
    expect(button).to_be_visible()
    end_at_once(ends)
    button.click()
    refusal = widget(screen).get_by_role("alert").locator("..").and_(screen.locator("[tabindex]"))
    expect(refusal).to_contain_text("This deal ended")
    expect(refusal).to_be_focused()
    expect(button).to_have_count(0)


def test_whoever_typed_a_name_at_the_deals_is_there(screen: Page, live_server: str, now: datetime) -> None:
    deal(now)
    screen.goto(f"{live_server}/store")
    screen.get_by_label("Who is shopping?").fill("Ada")
    screen.keyboard.press("Enter")
    expect(screen.get_by_text("Shopping as Ada")).to_be_visible()
    title = widget(screen).get_by_role("heading", name="Deals & Progress")
    expect(title).to_be_focused()
    screen.reload()
    expect(title).not_to_be_focused()


def test_a_refused_claim_is_read_where_the_button_was(screen: Page, live_server: str, now: datetime) -> None:
    gone = deal(now, min_amount=1, usage_limit=1)
    enter(screen, live_server)
    give(screen, live_server, "1")
    screen.goto(f"{live_server}/store/deals")
    rival = make.user().person
    make.spend(rival, 100, now=now)
    with unit_of_work():
        deals.claim(gone, deals.Shopper(rival), now=datetime.now(UTC))
    screen.get_by_role("button", name="Claim: Gold rush").click()
    refusal = widget(screen).get_by_role("alert")
    expect(refusal).to_have_text("Everything this deal had to give has been claimed.")
    expect(refusal).to_be_focused()


def test_the_banner_moves_on_while_a_page_stays_open(page: Page, live_server: str) -> None:
    now = datetime.now(UTC)
    deal(now, title="Silver rush", display_order=1, ends_at=now + timedelta(seconds=4), banner="Only {left} of silver")
    deal(now, display_order=2, banner="Only {left} of gold")
    page.goto(f"{live_server}/store")
    expect(page.locator("#banner")).to_contain_text("of silver")
    expect(page.locator("#banner")).to_contain_text("of gold")
    deal(now, title="Copper rush", display_order=0, banner="Copper for all")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#banner")).to_contain_text("Copper for all")
    page.get_by_role("button", name="Close this notice").click()
    expect(page.locator("#banner")).to_have_count(0)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#banner-place")).to_have_count(1)
    expect(page.locator("#banner")).to_have_count(0)


def end_at_once(deal_id: int) -> None:
    """As an admin who lets it expire now."""
    with unit_of_work():
        ended = datetime.now(UTC) - timedelta(seconds=1)
        deals.change(deal_id, {"ends_at": ended}, actor=make.SYSTEM, now=datetime.now(UTC))


def test_all_of_it_by_keyboard(page: Page, live_server: str, now: datetime) -> None:
    deal(now, bonus_type="recurrent", per_user_limit=2, banner="Gold for all")
    enter(page, live_server)
    give(page, live_server, "100")
    page.goto(f"{live_server}/store")
    page.get_by_role("button", name="Close this notice").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#banner")).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()
    button = page.get_by_role("button", name=re.compile("Claim.*: Gold rush"))
    expect(widget(page)).to_contain_text("You have reached it. 2 to claim.")
    button.focus()
    page.keyboard.press("Enter")
    expect(widget(page)).to_contain_text("Claimed once")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".deal-state")).to_be_focused()
    expect(page.locator(".deal-state")).to_contain_text("All claimed")


def test_the_banner_counts_and_can_be_closed(screen: Page, live_server: str) -> None:
    now = datetime.now(UTC)
    deal(now, ends_at=now + timedelta(minutes=42), banner="Only {left} left")
    screen.goto(f"{live_server}/store/donate")
    expect(screen.locator("#banner")).to_contain_text(re.compile(r"Only 41m \d+s left"))
    screen.get_by_role("button", name="Close this notice").click()
    expect(screen.locator("#banner")).to_have_count(0)
    expect(screen).to_have_url(f"{live_server}/store/donate")
    screen.goto(f"{live_server}/store")
    expect(widget(screen)).to_be_visible()
    expect(screen.locator("#banner")).to_have_count(0)


@pytest.mark.parametrize(("motion", "is_still"), [("reduce", True), ("no-preference", False)])
def test_the_banner_is_still_where_motion_is_unwelcome(
    page: Page, live_server: str, now: datetime, motion: str, is_still: bool
) -> None:
    deal(now, banner="Gold for all")
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    page.goto(f"{live_server}/store/donate")
    moving = "[...document.getAnimations()].filter(each => each.effect.target?.closest('#banner')).length"
    assert (page.evaluate(moving) == 0) is is_still


def test_nothing_moves_when_the_countdowns_begin(page: Page, live_server: str, now: datetime) -> None:
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "each => { window.shift += each.value })).observe({ type: 'layout-shift', buffered: true })"
    )
    for title in ("Gold rush", "Silver rush", "Bronze rush"):
        deal(now, title=title, banner="Only {left} left")
    page.goto(f"{live_server}/store", wait_until="networkidle")
    assert page.evaluate("window.shift") < 0.01


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["en-GB", "th-TH"])
def test_the_script_goes_on_in_the_words_that_the_server_began_with(
    browser: Browser, live_server: str, now: datetime, language: str
) -> None:
    for left in (timedelta(days=2, hours=3, minutes=14, seconds=30), timedelta(hours=3, minutes=5, seconds=30)):
        deal(now, ends_at=now + left)
    told = []
    for has_script in (False, True):
        with closing(browser.new_context(locale=language, java_script_enabled=has_script)) as context:
            page = context.new_page()
            page.goto(f"{live_server}/store/deals")
            told.append(page.locator("#deals time").all_text_contents())
    assert len(told[0]) == 2
    assert told[0] == told[1]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark"), (360, "dark"), (1280, "light")])
def test_axe_finds_nothing_and_nothing_sticks_out(
    page: Page, live_server: str, now: datetime, width: int, theme: Theme
) -> None:
    look(page, width, theme)
    texts = {"banner": "Only {left} left", "terms_and_conditions": "<p>Once each.</p>"}
    deal(now, title="Reached", min_amount=10, usage_limit=20, **texts)
    deal(now, title="A word " * 18, min_amount=90, bonus_type="recurrent")
    deal(now, title="Members", requires_account=True)
    deal(now, title="Unbreakable" * 11, min_amount=10)
    page.goto(f"{live_server}/store")
    assert faults_of(page) == []
    enter(page, live_server)
    give(page, live_server, "35")
    assert faults_of(page) == []
    page.goto(f"{live_server}/store")
    make.product(name="Sticker", price_cents=1200)
    page.reload()
    page.get_by_role("button", name="Add Sticker to the cart").click()
    expect(widget(page)).to_contain_text("Your cart adds")
    page.get_by_role("button", name="Claim: Reached").click()
    expect(widget(page)).to_contain_text("Claimed")
    page.get_by_text("Terms & conditions").click()
    assert faults_of(page) == []
    page.goto(f"{live_server}/store/deals")
    assert faults_of(page) == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["en-GB", "th-TH"])
def test_the_top_bar_fits_a_phone_in_every_language(
    browser: Browser, live_server: str, now: datetime, language: str
) -> None:
    deal(now, banner="Only {left} left")
    with closing(browser.new_context(locale=language, viewport={"width": 360, "height": 740})) as context:
        page = context.new_page()
        page.goto(f"{live_server}/store")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        sign_in = page.locator(".topbar-end").get_by_role(
            "link", name={"en-GB": "Sign in", "th-TH": "เข้าสู่ระบบ"}[language]
        )
        expect(sign_in).to_be_visible()
