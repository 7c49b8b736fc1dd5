"""An admin keeps the store, in a real browser, with JavaScript and without."""

from collections.abc import Callable

import pytest
from flask_login import UserMixin
from playwright.sync_api import FilePayload, Page, expect

from app.kit.db import db
from app.orders.models import Invoice
from tests import make
from tests.browsing import faults_of, has_script
from tests.make_media import image_file

SignIn = Callable[[Page, UserMixin], None]


@pytest.fixture(params=["page", "page_without_javascript"])
def desk(request: pytest.FixtureRequest, sign_in: SignIn) -> Page:
    """A signed-in admin, with JavaScript and without."""
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, make.user(role="admin"))
    return page


def test_an_admin_makes_a_category_and_a_product_and_it_is_in_the_store(desk: Page, live_server: str) -> None:
    desk.goto(f"{live_server}/admin/products")
    desk.get_by_role("link", name="New category").click()
    desk.get_by_label("Name").fill("Web design")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("row", name="Web design web-design")).to_be_visible()

    desk.goto(f"{live_server}/admin/products/new")
    desk.get_by_label("Name").fill("Logo design")
    desk.get_by_label("SKU").fill("des-1")
    desk.get_by_label("Price", exact=True).fill("480,5")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#price-error")).to_contain_text("1,000.50")
    expect(desk.get_by_label("Name")).to_have_value("Logo design")
    desk.get_by_label("Price", exact=True).fill("480.50")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("Logo design was created.")).to_be_visible()

    desk.goto(f"{live_server}/store?category=web-design")
    expect(desk.get_by_role("link", name="Logo design")).to_be_visible()
    expect(desk.get_by_text("$480.50")).to_be_visible()

    desk.goto(f"{live_server}/admin/products")
    desk.get_by_role("button", name="Take off Logo design").click()
    expect(desk.get_by_text("Logo design is off the shelf.")).to_be_visible()
    desk.goto(f"{live_server}/store")
    expect(desk.get_by_role("link", name="Logo design")).to_have_count(0)


def test_an_admin_deletes_what_was_never_sold(desk: Page, live_server: str) -> None:
    product = make.product(name="Mistake")
    desk.goto(f"{live_server}/admin/products/{product.id}")
    desk.get_by_text("Delete", exact=True).first.click()
    desk.get_by_role("button", name="Delete").click()
    expect(desk.get_by_text("Mistake was deleted.")).to_be_visible()


def test_an_admin_finds_an_invoice_and_marks_it_as_paid(desk: Page, live_server: str) -> None:
    invoice = make.invoice(name="Logo design")
    desk.goto(f"{live_server}/admin/invoices?status=pending&q={invoice.shopper}")
    desk.get_by_role("link", name=invoice.number).click()
    desk.get_by_text("Mark as paid").first.click()
    desk.get_by_role("button", name="Yes, it is paid").click()
    expect(desk.get_by_text(f"{invoice.number} is paid.")).to_be_visible()
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(Invoice, invoice.id).status == "paid"


def test_an_admin_checks_a_file_and_imports_it(desk: Page, live_server: str) -> None:
    make.product(sku="A", name="Old name", category=make.category("design"))
    wrong = FilePayload(name="a.csv", mimeType="text/csv", buffer=b"sku,name\nA,\nB,New\n")
    rows = b"sku,name,category,price\nA,New name,design,20\nB,Fresh,design,5\n"
    fine = FilePayload(name="a.csv", mimeType="text/csv", buffer=rows)

    desk.goto(f"{live_server}/admin/products/import")
    desk.get_by_label("CSV file").set_input_files(wrong)
    desk.get_by_role("button", name="Import", exact=True).click()
    expect(desk.get_by_role("row", name="Row 3 category")).to_be_visible()

    desk.get_by_label("CSV file").set_input_files(fine)
    desk.get_by_role("button", name="Check the file").click()
    expect(desk.get_by_text("Nothing is written yet")).to_be_visible()
    if has_script(desk):
        assert desk.get_by_label("CSV file").input_value()
        assert faults_of(desk) == []
    else:
        desk.get_by_label("CSV file").set_input_files(fine)
    desk.get_by_role("button", name="Import", exact=True).click()
    expect(desk.get_by_text("Products were made: 1. Changed: 1.")).to_be_visible()


def test_an_admin_gives_a_product_a_picture_and_shoppers_see_it(desk: Page, live_server: str) -> None:
    product = make.product(name="Logo design")
    desk.goto(f"{live_server}/admin/products/{product.id}")
    desk.get_by_label("Picture").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": image_file()})
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("Logo design was saved.")).to_be_visible()
    desk.goto(f"{live_server}/store/products/{product.slug}")
    picture = desk.get_by_role("img", name="Logo design")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("image => image.naturalWidth > 0")


def test_a_picture_is_shown_when_it_is_chosen_and_a_large_one_is_not_sent(
    page: Page, sign_in: SignIn, live_server: str
) -> None:
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/reward-items/new")
    field, preview = page.get_by_label("Picture"), page.locator("[data-preview] img")
    field.set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": bytes(5 * 1024 * 1024 + 1)})
    expect(page.get_by_role("alert")).to_contain_text("at most 5 MB")
    expect(field).to_have_value("")
    field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": image_file()})
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(preview).to_be_visible()
    assert preview.evaluate("image => image.naturalWidth") == 60
