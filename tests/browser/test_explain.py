"""An admin asks why a code is refused, in a real browser with JavaScript and without."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.discounts.service import Item
from app.promotions import jobs
from tests import make
from tests.browsing import Theme, faults_of, look

SignIn = Callable[[Page, User], None]


def refusing() -> Discount:
    """A code for design from 50.00 on, which has refused somebody."""
    make.category("design")
    made = make.discount(code="FIFTY", min_amount=50, applicable_categories=["design"])
    quote = discounts.quote("FIFTY", items=[Item(4_200, 1, "design")], person=Person("bob"), now=make.NOW)
    discounts.note_refusal(quote)
    jobs.write_attempts(make.NOW)
    return made


@pytest.mark.parametrize("visitor", ["page", "page_without_javascript"])
def test_a_refusal_is_explained_and_so_is_an_attempt(
    request: pytest.FixtureRequest, visitor: str, live_server: str, sign_in: SignIn
) -> None:
    page: Page = request.getfixturevalue(visitor)
    made = refusing()
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions/{made.id}")
    page.get_by_role("link", name="Explain", exact=True).click()
    form = page.locator(".explain-form")
    form.get_by_label("Person").fill("a b")
    expect(form.get_by_label("Amount", exact=True)).to_be_visible()
    form.get_by_label("These things").check()
    expect(form.get_by_label("Amount", exact=True)).to_be_hidden()
    form.get_by_label("Category of thing 1").select_option("Design")
    form.get_by_label("Price of thing 1").fill("20")
    form.get_by_label("Quantity of thing 1").fill("2")
    form.get_by_role("button", name="Explain").click()
    expect(form.get_by_label("Person")).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_label("Price of thing 1")).to_have_value("20")
    form.get_by_label("Person").fill("ada")
    form.get_by_role("button", name="Explain").click()
    answer = page.locator(".explained")
    expect(answer.get_by_role("heading", name="It doesn't apply")).to_be_visible()
    expect(answer.get_by_text("Spend $10.00 more on Design to use it.")).to_be_visible()
    if visitor == "page":
        expect(answer.get_by_role("heading", name="It doesn't apply")).to_be_focused()
    expect(page).to_have_url(re.compile("person=ada.*price=20"))
    page.get_by_text("What each rule said then").click()
    expect(page.get_by_text("there is $42.00: $8.00 is missing.")).to_be_visible()
    page.get_by_role("link", name="Explain this").click()
    expect(answer.get_by_text("Spend $8.00 more on Design to use it.")).to_be_visible()
    expect(form.get_by_label("Person")).to_have_value("bob")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_nothing_and_nothing_sticks_out(
    page: Page, live_server: str, sign_in: SignIn, theme: Theme, width: int
) -> None:
    made = refusing()
    sign_in(page, make.user(role="admin"))
    look(page, width, theme)
    for asked in ("", "?amount=60", "?bought=things&category=design&price=a&person=a+b"):
        page.goto(f"{live_server}/admin/promotions/{made.id}/explain{asked}")
        for details in page.locator(".attempt-rules > summary").all():
            details.click()
        assert faults_of(page) == []
