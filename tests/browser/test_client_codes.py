"""A client's codes in a browser: applied, followed while a conversion arrives, refused, taken off, put back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.offers.models import Offer
from tests import make
from tests.browsing import Theme, faults_of, look
from tests.holding import changed, hours

SignIn = Callable[[Page, User], None]
RIGA = "Europe/Riga"


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="mia", display_name="Mia Chen", timezone="America/New_York")


@pytest.fixture
def survey(app: Flask) -> Offer:  # noqa: ARG001
    return make.offer(external_id="survey", name="Consumer survey", url="https://example.com/survey")


def around(ahead: int) -> dict[str, Any]:
    """Four hours by the clock of Riga, now in the middle of them, or so many hours later."""
    then = datetime.now(ZoneInfo(RIGA)) + timedelta(hours=ahead)
    return hours(f"{then - timedelta(hours=2):%H:%M}", f"{then + timedelta(hours=2):%H:%M}", RIGA)


def complete(app: Flask, address: str, user: User, offer: Offer) -> None:
    """The offer is completed, and told as other programs tell it, where they may."""
    if "/api/v1/conversions" not in {rule.rule for rule in app.url_map.iter_rules()}:
        make.converted(user, offer, now=datetime.now(UTC))
        return
    told = {"conversionId": "c-1", "offerId": offer.external_id, "username": user.username, "payout": 20}
    key = make.api_key("conversions")
    answer = requests.post(f"{address}/api/v1/conversions", json=told, headers=key, timeout=30)
    assert answer.status_code == 201, answer.text


def test_a_bonus_appears_without_a_reload(
    app: Flask, page: Page, live_server: str, sign_in: SignIn, mia: User, survey: Offer
) -> None:
    make.offer_code(code="BONUS10", usage_limit=50, applicable_offers=[survey.id], active_hours=around(0))
    sign_in(page, mia)
    page.goto(f"{live_server}/client/codes?code=bonus10")
    expect(page.get_by_text("No code on your account yet")).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#toasts")).to_contain_text("BONUS10 is on your account.")
    expect(page.get_by_label("Code", exact=True)).to_have_value("")
    card = page.locator(".held")
    expect(card).to_contain_text("Open now, until")
    expect(card).to_contain_text("(Europe/Riga)")
    expect(card).to_contain_text("50 uses remaining")
    expect(card.locator("time[data-until]")).to_be_visible()
    page.evaluate("window.stillTheSamePage = true")
    page.get_by_label("Code", exact=True).fill("half typed")
    complete(app, live_server, mia, survey)
    expect(page.locator("#earnings")).to_contain_text("+$2.00")
    expect(page.locator("#balance")).to_contain_text("$2.00")
    expect(card).to_contain_text("49 uses remaining")
    expect(card).to_contain_text("$2.00 for 1 offer")
    expect(page.get_by_label("Code", exact=True)).to_have_value("half typed")
    card.get_by_role("link", name="Consumer survey").click()
    expect(page.locator(".offer")).to_contain_text("Your bonus: $2.00 with BONUS10")
    expect(page.locator(".offer")).to_contain_text("Completed once")
    page.get_by_role("link", name="Wallet", exact=True).first.click()
    expect(page.locator("#cash")).to_have_text("$2.00")
    expect(page.locator("#entries")).to_contain_text("Bonus for Consumer survey with BONUS10")


def test_a_refusal_stays_and_what_is_taken_off_is_put_back(
    page: Page, live_server: str, sign_in: SignIn, mia: User
) -> None:
    make.applied(mia, make.offer_code(code="BONUS10"))
    sign_in(page, mia)
    page.goto(f"{live_server}/client/codes")
    field = page.get_by_label("Code", exact=True)
    field.fill("nope")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("We don't know this code. Please check it for typing mistakes.")
    expect(field).to_have_value("nope")
    expect(field).to_be_focused()
    page.locator(".held summary", has_text="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".held")).to_have_count(0)
    expect(page.locator("#taken")).to_be_focused()
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator(".held")).to_contain_text("BONUS10")
    expect(page.get_by_role("button", name="Put it back")).to_have_count(0)


def test_offers_are_found_as_one_types(page: Page, live_server: str, sign_in: SignIn, mia: User, survey: Offer) -> None:
    make.offer(name="Puzzle game", category="Games")
    sign_in(page, mia)
    page.goto(f"{live_server}/client/offers")
    expect(page.locator(".offer")).to_have_count(2)
    page.get_by_role("searchbox").press_sequentially("puzz")
    expect(page.locator(".offer")).to_have_count(1)
    expect(page).to_have_url(f"{live_server}/client/offers?q=puzz")
    expect(page.locator("#offers")).not_to_contain_text(survey.name)


def test_offers_follow_a_conversion_and_what_is_typed_stays(
    app: Flask, page: Page, live_server: str, sign_in: SignIn, mia: User, survey: Offer
) -> None:
    make.offer(name="Puzzle game", category="Games")
    sign_in(page, mia)
    page.goto(f"{live_server}/client/offers?q=survey")
    page.evaluate("window.stillTheSamePage = true")
    page.get_by_role("searchbox").focus()
    complete(app, live_server, mia, survey)
    page.evaluate("document.dispatchEvent(new Event('logged'))")  # it looks again at once
    expect(page.locator(".offer")).to_contain_text("Completed once")
    expect(page.get_by_role("searchbox")).to_have_value("survey")
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.locator(".offer")).to_have_count(1)
    assert page.evaluate("window.stillTheSamePage")


def test_it_all_works_without_javascript(
    page_without_javascript: Page, live_server: str, sign_in: SignIn, mia: User
) -> None:
    page = page_without_javascript
    make.offer_code(code="BONUS10")
    sign_in(page, mia)
    page.goto(f"{live_server}/client/codes")
    page.get_by_label("Code", exact=True).fill("bonus1")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("We don't know this code.")
    page.get_by_label("Code", exact=True).fill("bonus10")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#toasts")).to_contain_text("BONUS10 is on your account.")
    expect(page.locator(".held")).to_contain_text("Open now")
    page.locator(".held summary", has_text="Remove").click()
    page.locator(".held").get_by_role("button", name="Remove").click()
    expect(page.locator(".held")).to_have_count(0)
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator(".held")).to_contain_text("BONUS10")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/client/codes", "/client/offers", "/client/wallet"])
@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_and_nothing_overflows(
    page: Page, live_server: str, sign_in: SignIn, mia: User, survey: Offer, path: str, theme: Theme, width: int
) -> None:
    now = datetime.now(UTC)
    nights, once = (
        make.offer_code(code="LONGNIGHTSOFTHENORTH2026ANDMORE", terms_and_conditions="<p>Once a night.</p>"),
        make.offer_code(code="ONCE", per_user_limit=1, bonus_value=50),
    )
    make.applied(mia, nights)
    make.applied(mia, once)
    make.reversed_again(make.converted(mia, survey))
    make.converted(mia, survey)
    changed(nights, now=now, active_hours=around(9))
    changed(once, now=now, ends_at=now + timedelta(days=2))
    sign_in(page, mia)
    look(page, width, theme)
    page.goto(f"{live_server}{path}")
    assert faults_of(page) == []
