"""An admin orders many single-use codes and watches them being made, in a real browser."""

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect

from app.accounts.models import User
from app.kit import outbox
from app.kit.db import db
from app.promotions import batches
from tests import make
from tests.browsing import faults_of, look

SignIn = Callable[[Page, User], None]


def test_codes_come_along_while_one_looks_and_types(app: Flask, page: Page, live_server: str, sign_in: SignIn) -> None:
    sign_in(page, make.user(role="admin"))
    page.goto(f"{live_server}/admin/promotions")
    page.locator(".promo-new > summary").click()
    page.get_by_role("link", name="New discount code").click()
    dialog = page.get_by_role("dialog", name="New discount code")
    dialog.get_by_label("Title", exact=True).fill("Flyer")
    dialog.get_by_label("Value", exact=True).fill("10")
    expect(dialog.get_by_label("How many codes")).to_be_hidden()
    dialog.get_by_label("Many single-use codes").check()
    expect(dialog.get_by_label("Code", exact=True)).to_be_hidden()
    dialog.get_by_label("Random letters").fill("3")
    dialog.get_by_label("How many codes").fill("60")
    expect(dialog.get_by_text("This can't be less than 8.")).to_be_visible()
    dialog.get_by_label("Random letters").fill("10")
    dialog.get_by_label("Begins with").fill("flyer-")
    page.wait_for_load_state("networkidle")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("progressbar", name="Making codes")).to_be_visible()
    look(page, 360, "light")
    assert faults_of(page) == []
    page.get_by_label("Begins with").fill("TYPED")
    with app.app_context():
        outbox.drain(batches.TOPIC)
        db.session.remove()
    expect(page.get_by_text("FLYER-").first).to_be_visible()
    expect(page.get_by_role("progressbar", name="Making codes")).to_be_hidden()
    expect(page.get_by_label("Begins with")).to_have_value("TYPED")
    assert faults_of(page) == []
    page.get_by_role("button", name="Make them").click()
    expect(page.get_by_text("100 codes are on their way.")).to_be_visible()
    look(page, 1280, "dark")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    assert started.value.suggested_filename == "codes-flyer.csv"
