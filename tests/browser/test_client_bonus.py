"""A client's bonus in a browser: deposit, bonus, turnover, release, withdrawal; with a script and without."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses.models import Bonus
from app.deposits import finding
from app.deposits import service as deposits
from app.kit.db import db, unit_of_work
from tests import make
from tests.browsing import Theme, faults_of, look

SignIn = Callable[[Page, User], None]
WALLET = "/client/wallet"


@pytest.fixture
def mia(app: Flask) -> User:  # noqa: ARG001
    return make.user(username="mia", display_name="Nok Chaiyaphum")


@pytest.fixture
def welcome(app: Flask) -> Bonus:  # noqa: ARG001
    return running(
        title="Welcome", code="WELCOME", turnover_requirement=1, max_bonus=50, min_amount=20, max_withdraw=30
    )


def running(**terms: object) -> Bonus:
    """A bonus that runs now, by the clock of the browser."""
    now = datetime.now(UTC)
    return make.bonus(starts_at=now - timedelta(days=10), ends_at=now + timedelta(days=10), **terms)


def confirm(user: User) -> None:
    """The money of what the client has asked for has come."""
    db.session.rollback()
    [asked] = finding.open_deposits(user.id)
    with unit_of_work():
        deposits.confirm(asked.id, actor=SYSTEM, now=datetime.now(UTC))


def look_again(page: Page) -> None:
    """The page looks at once, and not only in a few seconds."""
    page.evaluate("document.dispatchEvent(new Event('logged'))")


def test_from_a_deposit_to_a_withdrawal(
    page: Page, live_server: str, sign_in: SignIn, mia: User, welcome: Bonus
) -> None:
    sign_in(page, mia)
    page.goto(f"{live_server}/client/promotions")
    page.locator(f"#bonus-{welcome.id}").get_by_role("link", name="Deposit with it").click()
    expect(page.get_by_role("radio", name="Welcome")).to_be_checked()
    form = page.locator("#deposit-form")
    form.get_by_label("Amount").press_sequentially("15")
    expect(page.locator("#deposit-preview")).to_contain_text("Add $5.00 more: this bonus begins at $20.00.")
    form.get_by_label("Amount").fill("80")
    expect(page.locator("#deposit-preview")).to_contain_text("+$50.00")
    expect(page.locator("#deposit-preview")).to_contain_text("$130.00")
    form.get_by_role("button", name="Go on to pay").click()
    page.wait_for_url("**/store/payments/test/D-000001")
    page.goto(f"{live_server}{WALLET}")
    expect(page.locator("#unpaid")).to_contain_text("$80.00 D-000001")
    page.evaluate("window.stillTheSamePage = true")
    confirm(mia)
    look_again(page)
    expect(page.locator("#cash")).to_have_text("$80.00")
    expect(page.locator("#bonus")).to_have_text("$50.00")
    expect(page.locator("#unpaid")).to_have_count(0)
    expect(page.locator("#active")).to_contain_text("$0.00 of $130.00")
    expect(page.locator("#withdraw")).to_contain_text("While a bonus is active, nothing can be withdrawn.")
    make.played(mia, 10_000, now=datetime.now(UTC))
    look_again(page)
    expect(page.locator("#active")).to_contain_text("$100.00 of $130.00")
    make.played(mia, 3000, now=datetime.now(UTC))
    look_again(page)
    expect(page.locator("#cash")).to_have_text("$110.00")
    expect(page.locator("#bonus")).to_have_text("$0.00")
    assert page.evaluate("window.stillTheSamePage")
    page.get_by_role("button", name="All of it").click()
    page.get_by_label("Where to send it").fill("DE02 1203 0000")
    page.get_by_role("button", name="Ask for a withdrawal").click()
    page.get_by_role("button", name="Yes, send it there").click()
    expect(page.locator("#toasts")).to_contain_text("$110.00 is set aside for you")
    expect(page.locator("#cash")).to_have_text("$0.00")
    expect(page.locator("#withdrawals")).to_contain_text("to DE02 1203 0000")
    page.locator("#entries").get_by_role("link", name="Bonus released: Welcome").first.click()
    expect(page.locator("#claim")).to_contain_text("$30.00 became cash")
    expect(page.locator("#counted")).to_contain_text("Played elsewhere")


@pytest.mark.usefixtures("welcome")
def test_a_refusal_keeps_what_was_typed_and_what_is_typed_stays_while_the_page_looks(
    page: Page, live_server: str, sign_in: SignIn, mia: User
) -> None:
    sign_in(page, mia)
    page.goto(f"{live_server}{WALLET}")
    amount = page.locator("#deposit-amount")
    amount.fill("much")
    page.get_by_role("radio", name="Welcome").check()
    page.get_by_role("button", name="Go on to pay").click()
    expect(page.get_by_role("alert")).to_have_text("Please enter an amount such as 12.50.")
    expect(amount).to_have_value("much")
    expect(amount).to_be_focused()
    expect(page.get_by_role("radio", name="Welcome")).to_be_checked()
    amount.fill("25")
    expect(page.locator("#deposit-preview")).to_contain_text("$25.00")  # the page looks again once that is answered
    page.get_by_role("heading", name="Wallet", exact=True).click()
    make.deposit(mia, 1000, now=datetime.now(UTC))
    look_again(page)
    expect(page.locator("#cash")).to_have_text("$10.00")
    expect(amount).to_have_value("25")
    expect(page.get_by_role("radio", name="Welcome")).to_be_checked()


def test_a_bonus_is_given_up_after_a_question(
    page: Page, live_server: str, sign_in: SignIn, mia: User, welcome: Bonus
) -> None:
    make.deposit(mia, 8000, welcome, now=datetime.now(UTC))
    sign_in(page, mia)
    page.goto(f"{live_server}{WALLET}")
    page.locator("#active summary").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Its bonus of $50.00 lapses")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#bonus")).to_have_text("$50.00")
    page.locator("#active summary").press("Enter")
    dialog.get_by_role("button", name="Let it lapse").click()
    expect(page.locator("#toasts")).to_contain_text("“Welcome” is cancelled")
    expect(page.locator("#bonus")).to_have_text("$0.00")
    expect(page.get_by_label("Where to send it")).to_be_visible()
    expect(page.locator("#bonuses-now")).to_be_focused()


def test_a_code_in_the_deposit_form_chooses_its_bonus_there(
    page: Page, live_server: str, sign_in: SignIn, mia: User, welcome: Bonus
) -> None:
    make.bonus(title="Secret", code="SECRET", is_listed=False, ends_at=datetime.now(UTC) + timedelta(days=9))
    sign_in(page, mia)
    page.goto(f"{live_server}{WALLET}")
    page.locator("#deposit-amount").fill("1,000.50")
    page.locator(f"#bonus-{welcome.id}").check()
    page.get_by_text("You have the code of another bonus?").click()
    page.locator("#other-code").fill("secret")
    page.locator("#other-code").press("Enter")
    expect(page.get_by_role("radio", name="Secret")).to_be_checked()
    expect(page.get_by_role("radio", name="Secret")).to_be_focused()
    expect(page.locator("#deposit-amount")).to_have_value("1,000.50")
    expect(page.locator("#deposit-preview")).to_contain_text("+$1,000.50")


def test_it_all_works_without_javascript(
    page_without_javascript: Page, live_server: str, sign_in: SignIn, mia: User, welcome: Bonus
) -> None:
    page = page_without_javascript
    make.free_credit(code="TEN", title="Ten", ends_at=datetime.now(UTC) + timedelta(days=9), turnover_requirement=1)
    sign_in(page, mia)
    page.goto(f"{live_server}/client/promotions")
    page.get_by_label("Code", exact=True).fill("nope")
    page.get_by_role("button", name="Claim").first.click()
    expect(page.get_by_role("alert")).to_contain_text("We don't know this code.")
    page.get_by_label("Code", exact=True).fill("ten")
    page.get_by_role("button", name="Claim").first.click()
    expect(page.locator("#active")).to_contain_text("$0.00 of $10.00")
    page.locator("#active summary").click()
    page.get_by_role("button", name="Let it lapse").click()
    expect(page.locator("#past")).to_contain_text("You gave it up.")
    page.locator(f"#bonus-{welcome.id}").get_by_role("link", name="Deposit with it").click()
    page.locator("#deposit-amount").fill("80")
    page.get_by_role("button", name="Go on to pay").click()
    page.goto(f"{live_server}{WALLET}")
    confirm(mia)
    make.played(mia, 13_000, now=datetime.now(UTC))
    page.reload()
    expect(page.locator("#cash")).to_have_text("$110.00")
    page.get_by_label("Amount").last.fill("200")
    page.get_by_label("Where to send it").fill("DE02 1203")
    page.get_by_role("button", name="Ask for a withdrawal").click()
    expect(page.get_by_role("alert")).to_have_text("There is $90.00 too little in the wallet.")
    page.get_by_label("Amount").last.fill("100")
    page.get_by_role("button", name="Ask for a withdrawal").click()
    page.get_by_role("button", name="Yes, send it there").click()
    expect(page.locator("#withdrawals")).to_contain_text("Waiting")
    page.locator("#withdrawals summary").click()
    page.get_by_role("button", name="Cancel it").click()
    expect(page.locator("#cash")).to_have_text("$110.00")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "path", [f"{WALLET}?code=EXTRA", "/client/promotions", "/client/promotions/1", f"{WALLET}/deposits", "/client"]
)
@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_and_nothing_overflows(
    page: Page, live_server: str, sign_in: SignIn, mia: User, welcome: Bonus, path: str, theme: Theme, width: int
) -> None:
    now = datetime.now(UTC)
    make.category(slug="design", name="Design")
    running(title="Anextraordinarilylongnameofabonus", code="EXTRA", auto_apply=True, applicable_games=["design"])
    running(title="Back", type="cashback", bonus_value=10, cashback_period="week", terms_and_conditions="<p>Fine.</p>")
    running(title="Friends", type="referral", bonus_value=10, friend_bonus=5)
    make.withdrawal(mia_with(mia, 9000, now), now=now)
    make.deposit(mia, 8000, welcome, now=now)
    make.played(mia, 5000, now=now)
    make.asked_deposit(mia, 5000, welcome, now=now)
    sign_in(page, mia)
    look(page, width, theme)
    page.goto(f"{live_server}{path}")
    assert faults_of(page) == []


def mia_with(user: User, cents: int, now: datetime) -> User:
    """Some cash, without a bonus."""
    make.deposit(user, cents, now=now)
    return user
