"""The API's description, for programs and for people."""

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from tests import make

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def test_every_endpoint_is_described_and_every_view_says_whom_it_is_for(client: FlaskClient) -> None:
    described = client.get("/api/openapi.json").json
    assert described is not None
    assert described["openapi"].startswith("3.1")
    assert described["paths"]["/api/promotions/validate"]["post"]["security"] == [{}, {"bearer": []}]
    assert described["paths"]["/api/promotions"]["post"]["security"] == [{"bearer": []}]
    for rule in client.application.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            view = client.application.view_functions[rule.endpoint]
            assert getattr(view, "access", ()), rule
            assert hasattr(view, "promise") or rule.endpoint == "api.describe", rule


def test_a_description_that_did_not_change_is_not_sent_again(client: FlaskClient) -> None:
    tag = client.get("/api/openapi.json").headers["ETag"]
    assert client.get("/api/openapi.json", headers={"If-None-Match": tag}).status_code == 304


def test_a_body_of_changes_has_the_bounds_of_the_whole(client: FlaskClient) -> None:
    described = client.get("/api/openapi.json").json
    assert described is not None
    schemas = described["components"]["schemas"]
    for whole, changes in (
        ("NewPromoCode", "PromoCodeChanges"),
        ("NewOffer", "OfferChanges"),
        ("NewDiscount", "DiscountChanges"),
        ("NewDeal", "DealChanges"),
        ("NewBonus", "BonusChanges"),
    ):
        properties = schemas[changes]["properties"]
        for name, told in schemas[whole]["properties"].items():
            without_default = {key: value for key, value in told.items() if key != "default"}
            assert properties[name] == without_default, (changes, name)


def test_the_page_tells_every_endpoint(client: FlaskClient) -> None:
    described = client.get("/api/openapi.json").json
    assert described is not None
    page = client.get("/api/docs").text
    for path, verbs in described["paths"].items():
        assert path in page
        for told in verbs.values():
            assert f'id="{told["operationId"]}"' in page


def test_an_endpoint_can_be_tried_on_the_page(live_server: str, page: Page) -> None:
    make.discount(code="WELCOME10")
    page.goto(f"{live_server}/api/docs")
    part = page.locator("#validate_code")
    part.get_by_text("Try it").click()
    part.get_by_role("button", name="Send").click()
    expect(part.locator("output")).to_contain_text('"discountAmount": 9.9')
