"""An admin decides about deposits and withdrawals, and sets a wallet right, with JavaScript and without."""

from collections.abc import Callable

import pytest
from flask_login import UserMixin
from playwright.sync_api import Locator, Page, expect

from app.accounts.models import User
from app.deposits import finding
from app.kit import clock
from app.kit.db import db
from app.wallet import service as wallets
from tests import make, make_bonuses
from tests.browsing import faults_of, look

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

SignIn = Callable[[Page, UserMixin], None]
NARROW, WIDE = 360, 1280
KINDS = pytest.mark.parametrize("kind", ["page", "page_without_javascript"])


@pytest.fixture
def desk(request: pytest.FixtureRequest, sign_in: SignIn, kind: str) -> Page:
    """An admin's browser: a phone with JavaScript, or a wide window without."""
    browser: Page = request.getfixturevalue(kind)
    look(browser, NARROW if kind == "page" else WIDE, "light")
    sign_in(browser, make.user(role="admin", username="robin"))
    return browser


def cash(user: User) -> int:
    db.session.rollback()
    return wallets.balances(user.id).cash_cents


def press(place: Locator, decision: str, answer: str, note: str | None = None) -> None:
    """Open the step of a decision, say something, and go on."""
    place.locator("summary", has_text=decision).click()
    step = place.locator("details[open] dialog")
    if note is not None:
        step.get_by_role("textbox").fill(note)
    step.get_by_role("button", name=answer).click()


def told(desk: Page, sentence: str) -> None:
    expect(desk.locator("#toasts")).to_contain_text(sentence)


@KINDS
def test_deposits_are_confirmed_and_refused_on_the_desk(desk: Page, live_server: str) -> None:
    ada, bea = make.user(username="ada"), make.user(username="bea")
    first, second = make_bonuses.asked_deposit(ada, now=clock.now()), make_bonuses.asked_deposit(bea, now=clock.now())
    desk.goto(f"{live_server}/admin/wallet")
    press(desk.locator(f"#deposit-{first.id}"), "Confirm", "Yes, it is here")
    told(desk, "ada has $100.00 more.")
    assert cash(ada) == 10_000
    press(desk.locator(f"#deposit-{second.id}"), "Refuse", "Refuse it", "")
    fault = desk.locator(f"#note-refuse-deposit-{second.id}-error")
    expect(fault).to_contain_text("Please say why: the client reads it.")
    step = desk.locator(f"#refuse-deposit-{second.id} dialog")
    step.get_by_role("textbox").fill("Not from your account")
    step.get_by_role("button", name="Refuse it").click()
    told(desk, f"{second.reference} is refused. bea reads why.")
    desk.goto(f"{live_server}/admin/wallet/deposits?status=refused")
    expect(desk.locator(f"#deposit-{second.id}")).to_contain_text("Not from your account")


@KINDS
def test_a_refund_says_what_it_does_and_leaves_a_debt_to_collect(desk: Page, live_server: str) -> None:
    ada = make.user(username="ada")
    deposit = make_bonuses.deposit(ada, 10_000)
    make_bonuses.withdrawal(ada, 4_000)
    desk.goto(f"{live_server}/admin/wallet/deposits/{deposit.id}")
    desk.locator("summary", has_text="Refund").click()
    expect(desk.get_by_text("$40.00 is no longer there: ada will owe it.")).to_be_visible()
    step = desk.locator("details[open] dialog")
    step.get_by_role("textbox").fill("Sent twice")
    step.get_by_role("button", name="Yes, refund it").click()
    told(desk, f"$100.00 of {deposit.reference} goes back.")
    expect(desk.get_by_text("Give it back to ada yourself")).to_be_visible()
    desk.get_by_role("button", name="It went back").click()
    told(desk, f"Noted: the money for {deposit.reference} went back.")
    desk.get_by_role("link", name="The wallet of ada").click()
    expect(desk.locator("#debts")).to_contain_text("There is too little cash to collect it.")
    desk.get_by_label("Amount").fill("55")
    desk.get_by_role("button", name="Adjust", exact=True).click()
    expect(desk.locator("#why-error")).to_contain_text("Please say why")
    expect(desk.get_by_label("Amount")).to_have_value("55")
    desk.locator("#adjust").get_by_label("Reason").fill("Found in the till")
    desk.get_by_role("button", name="Adjust", exact=True).click()
    expect(desk.get_by_text("Put $55.00 into the cash of ada? It goes from $0.00 to $55.00.")).to_be_visible()
    desk.get_by_role("button", name="Yes, adjust it").click()
    told(desk, "$55.00 went into the wallet of ada.")
    press(desk.locator("#debts"), "Collect", "Yes, collect it")
    told(desk, "$40.00 was collected.")
    expect(desk.locator("#settled")).to_contain_text("Collected")
    expect(desk.locator("#wallet-entries")).to_contain_text("Found in the till")
    assert cash(ada) == 1500


@KINDS
def test_withdrawals_are_approved_and_refused_in_their_list(desk: Page, live_server: str) -> None:
    ada = make.user(username="ada")
    make_bonuses.deposit(ada)
    first, second = make_bonuses.withdrawal(ada, 3_000), make_bonuses.withdrawal(ada, 2_000)
    desk.goto(f"{live_server}/admin/wallet/withdrawals?status=requested")
    press(desk.locator(f"#withdrawal-{first.id}"), "Approve", "Yes, it is paid", "On Monday")
    told(desk, "Approved: $30.00 to ada.")
    press(desk.locator(f"#withdrawal-{second.id}"), "Refuse", "Refuse it", "No such account")
    told(desk, "Refused: ada has the $20.00 back, and reads why.")
    assert (cash(ada), finding.get_withdrawal(first.id).note) == (7_000, "On Monday")
    desk.goto(f"{live_server}/admin/wallet/withdrawals/{second.id}")
    expect(desk.locator("#withdrawal")).to_contain_text("No such account")


def test_the_row_changes_in_place_and_the_search_stays(page: Page, live_server: str, sign_in: SignIn) -> None:
    ada = make.user(username="ada")
    make_bonuses.deposit(ada)
    asked = make_bonuses.withdrawal(ada)
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/wallet/withdrawals")
    page.get_by_role("searchbox").press_sequentially("ad")
    expect(page).to_have_url(f"{live_server}/admin/wallet/withdrawals?q=ad")
    press(page.locator(f"#withdrawal-{asked.id}"), "Approve", "Yes, it is paid")
    expect(page.locator(f"#withdrawal-{asked.id}")).to_contain_text("Approved")
    expect(page.locator("#count-withdrawals")).to_have_text("0")
    expect(page.get_by_role("searchbox")).to_have_value("ad")
    expect(page.locator("dialog:modal")).to_have_count(0)


@pytest.mark.parametrize(("width", "theme"), [(NARROW, "dark"), (WIDE, "light")])
def test_the_pages_of_the_desk_are_accessible(
    page: Page, live_server: str, sign_in: SignIn, width: int, theme: str
) -> None:
    look(page, width, "dark" if theme == "dark" else "light")
    referrer = make.user(display_name="Adelheid-Wilhelmina von Hohenzollern-Sigmaringen zu Lichtenstein")
    ada = make.user(username="a" * 32, referred_by_id=referrer.id)
    make_bonuses.referral()
    bonus = make_bonuses.bonus(
        title="Welcome to a bonus of a title that needs more than one line", turnover_requirement=1
    )
    kept = make_bonuses.deposit(ada, 10_000, bonus)
    lost = make_bonuses.deposit(referrer, 5_000)
    asked = make_bonuses.withdrawal(referrer, 4_000)
    make_bonuses.refunded_deposit(lost)
    make_bonuses.asked_deposit(ada, 9_999_999_999)
    sign_in(page, make.user(role="admin"))
    paths = ("", "/deposits", "/withdrawals", f"/deposits/{kept.id}", f"/deposits/{lost.id}")
    faults: list[str] = []
    for path in (*paths, f"/withdrawals/{asked.id}", f"/{ada.id}", f"/{referrer.id}"):
        page.goto(f"{live_server}/admin/wallet{path}")
        faults += [f"{path}: {fault}" for fault in faults_of(page)]
    page.goto(f"{live_server}/admin/wallet/deposits/{kept.id}")
    page.locator("summary", has_text="Refund").click()
    faults += faults_of(page)
    assert not faults, "\n".join(faults)
