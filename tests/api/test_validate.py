"""Checking a code against a cart, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.kit.db import db, unit_of_work
from app.kit.limits import LIMITS
from app.promotions import service as promotions
from app.promotions.models import PromotionCode
from tests import crowd, make
from tests.counting import count_statements

URL = "/api/promotions/validate"
NOW = make.NOW
SHIRT = {"price": 19.99, "quantity": 1, "category": "design"}
HOSTING = {"price": 30, "quantity": 2, "category": "hosting"}
LARGEST = {"price": 99_999_999.99, "quantity": 999}
NIGHT = {"enabled": True, "start_time": "22:00", "end_time": "02:00", "timezone": "UTC"}

pytestmark = pytest.mark.usefixtures("frozen")


def ask(client: FlaskClient, headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
    return client.post(URL, json={"code": "SAVE", **body}, headers=headers)


@pytest.mark.parametrize(
    ("terms", "items", "discount", "eligible", "total"),
    [
        ({"discount_value": 10}, [SHIRT], 2, 19.99, 17.99),
        ({"discount_value": 12.5}, [{"price": 0.2, "quantity": 1}], 0.03, 0.2, 0.17),
        ({"discount_value": 100}, [SHIRT], 19.99, 19.99, 0),
        ({"discount_value": 50, "max_discount": 5}, [HOSTING], 5, 60, 55),
        ({"discount_type": "fixed", "discount_value": 5}, [SHIRT], 5, 19.99, 14.99),
        ({"discount_type": "fixed", "discount_value": 500}, [SHIRT], 19.99, 19.99, 0),
        ({"discount_value": 10, "applicable_categories": ["hosting"]}, [SHIRT, HOSTING], 6, 60, 73.99),
        ({"discount_value": 10, "excluded_categories": ["hosting"]}, [SHIRT, HOSTING], 2, 19.99, 77.99),
        ({"discount_value": 10, "min_amount": 79.99}, [SHIRT, HOSTING], 8, 79.99, 71.99),
        ({"discount_value": 10}, [LARGEST] * 500, 4_994_999_999_500.5, 49_949_999_995_005, 44_954_999_995_504.5),
    ],
)  # fmt: skip
def test_a_code_that_applies_is_quoted_to_the_cent(
    client: FlaskClient, terms: dict[str, Any], items: Any, discount: float, eligible: float, total: float
) -> None:
    make.discount(code="SAVE", **terms)
    answer = ask(client, items=items)
    assert answer.status_code == 200
    assert answer.json is not None
    data = answer.json["data"]
    assert (data["discountAmount"], data["eligibleAmount"], data["total"]) == (discount, eligible, total)
    assert data["subtotal"] == round(total + discount, 2)


def test_the_answer_tells_what_the_code_promises(client: FlaskClient) -> None:
    ends_at = NOW + timedelta(days=1)
    make.discount(code="SAVE", discount_value=12.5, min_amount=20, applicable_categories=["design"], ends_at=ends_at)
    answer = ask(client, code=" save ", items=[{**SHIRT, "quantity": 2}])
    assert answer.json is not None
    assert answer.json["data"] == {
        "valid": True,
        "code": "SAVE",
        "discountAmount": 5,
        "eligibleAmount": 39.98,
        "subtotal": 39.98,
        "total": 34.98,
        "promotion": {
            "title": "Ten off",
            "discountCode": "SAVE",
            "discountType": "percentage",
            "discountValue": 12.5,
            "minPurchase": 20,
            "applicableCategories": ["design"],
            "startDate": None,
            "endDate": "2026-03-03T12:00:00Z",
        },
    }


@pytest.mark.parametrize(
    ("terms", "body", "reason", "facts"),
    [
        ({"code": "OTHER"}, {"subtotal": 50}, "not_found", {}),
        ({"ends_at": NOW}, {"subtotal": 50}, "expired", {"endsAt": "2026-03-02T12:00:00+00:00"}),
        ({"is_active": False}, {"subtotal": 50}, "inactive", {}),
        (
            {"starts_at": NOW + timedelta(seconds=1)},
            {"subtotal": 50},
            "not_started",
            {"startsAt": "2026-03-02T12:00:01+00:00"},
        ),
        ({"active_hours": NIGHT}, {"subtotal": 50}, "outside_active_hours", {"opensAt": "2026-03-02T22:00:00+00:00"}),
        ({"requires_account": True}, {"subtotal": 50}, "account_required", {}),
        ({"applicable_categories": ["design"]}, {"subtotal": 50}, "items_required", {}),
        (
            {"applicable_categories": ["design"]},
            {"items": [HOSTING]},
            "category_mismatch",
            {"applicableCategories": ["design"]},
        ),
        ({"min_amount": 50.01}, {"subtotal": 50}, "min_amount_not_met", {"missing": 0.01}),
    ],
)
def test_a_refusal_tells_its_reason_and_the_facts(
    client: FlaskClient, terms: dict[str, Any], body: dict[str, Any], reason: str, facts: dict[str, Any]
) -> None:
    make.discount(**{"code": "SAVE", **terms})
    answer = ask(client, **body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert (answer.json["status"], answer.json["error"]) == ("error", reason)
    assert answer.json["message"]
    assert {"valid": False, "reason": reason, **facts}.items() <= answer.json["data"].items()


def test_a_used_up_code_is_refused(client: FlaskClient) -> None:
    make.discount(code="SAVE", usage_limit=1)
    _use("SAVE", Person("ada"))
    answer = ask(client, subtotal=50)
    assert answer.json is not None
    assert answer.json["error"] == "usage_limit_reached"


def test_limits_of_a_person_need_a_token_that_may_read_them(client: FlaskClient) -> None:
    make.discount(code="SAVE", per_user_limit=1)
    ada, coach = make.user(username="ada"), make.user(role="coach")
    trained = make.user(username="trained", coach_id=coach.id)
    for invoice_id, person in enumerate((ada.person, trained.person, Person("shopper")), start=1):
        _use("SAVE", person, invoice_id)
    admin, reader = make.bearer(), make.api_key("read")
    may_read = [
        (admin, "Ada"), (admin, "shopper"), (reader, "ada"), (make.bearer(ada), "ADA"), (make.bearer(coach), "trained"),
    ]  # fmt: skip
    for headers, name in may_read:
        answer = ask(client, headers, subtotal=50, username=name)
        assert answer.status_code == 422, name
        assert answer.json is not None
        assert answer.json["error"] == "user_limit_reached"
    assert ask(client, admin, subtotal=50, username="somebody").status_code == 200
    assert ask(client, subtotal=50, username="ada").status_code == 401
    for headers in (make.bearer(trained), make.bearer(coach), make.api_key("activity")):
        for name in ("ada", "nobody"):
            assert ask(client, headers, subtotal=50, username=name).status_code == 403


def test_that_a_token_may_be_refused_is_told_beforehand(client: FlaskClient) -> None:
    described = client.get("/api/openapi.json").json["paths"]["/api/promotions/validate"]["post"]  # type: ignore[index]
    assert {"401", "403"} <= described["responses"].keys()


def test_a_client_who_asks_for_nobody_asks_for_themselves(client: FlaskClient) -> None:
    make.discount(code="SAVE", requires_account=True)
    assert ask(client, make.bearer(make.user()), subtotal=50).status_code == 200
    assert ask(client, make.bearer(), subtotal=50).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "subtotal"),
        ({"items": []}, "subtotal"),
        ({"subtotal": "50"}, "subtotal"),
        ({"subtotal": True}, "subtotal"),
        ({"subtotal": -1}, "subtotal"),
        ({"subtotal": 1.005}, "subtotal"),
        ({"subtotal": 100_000_000}, "subtotal"),
        ({"subtotal": float("nan")}, "subtotal"),
        ({"subtotal": float("inf")}, "subtotal"),
        ({"subtotal": 2**63}, "subtotal"),
        ({"subtotal": 50, "total": 50}, "total"),
        ({"subtotal": 50, "code": 7}, "code"),
        ({"subtotal": 50, "code": ""}, "code"),
        ({"items": [{"price": -0.01, "quantity": 1}]}, "items.0.price"),
        ({"items": [{"price": "1", "quantity": 1}]}, "items.0.price"),
        ({"items": [SHIRT, {"price": 1, "quantity": 0}]}, "items.1.quantity"),
        ({"items": [{"price": 1, "quantity": 1000}]}, "items.0.quantity"),
        ({"items": [{"price": 1, "quantity": 1.5}]}, "items.0.quantity"),
        ({"items": [{"price": 1, "quantity": True}]}, "items.0.quantity"),
        ({"items": [{"price": 1}]}, "items.0.quantity"),
        ({"items": [SHIRT] * 501}, "items"),
        ({"items": {"price": 1, "quantity": 1}}, "items"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_is_no_cart_is_told_by_field(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = ask(client, **body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["fields"].keys() == {field}


def test_items_may_carry_more_and_wrap_their_category_and_make_the_subtotal_beside_the_point(
    client: FlaskClient,
) -> None:
    make.discount(code="SAVE", applicable_categories=["design"])
    item = {"price": 50, "quantity": 1, "package": {"category": "design", "sku": "x"}, "colour": ["red"]}
    answer = ask(client, items=[item], subtotal="whatever")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["data"]["subtotal"] == 50


def test_the_sixty_first_failure_of_a_minute_has_to_wait(client: FlaskClient) -> None:
    make.discount(code="SAVE")
    for _each in range(LIMITS["codes_address"]):
        assert ask(client, code="GUESS", subtotal=50).status_code == 422
    answer = ask(client, subtotal=50)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_it_costs_two_statements_at_most_however_many_items(client: FlaskClient) -> None:
    make.discount(code="SAVE", applicable_categories=["design"])
    for code in ("SAVE", "SAVE", "UNKNOWN"):
        with count_statements() as sent:
            ask(client, code=code, items=[SHIRT, HOSTING] * 250)
        assert len(sent) <= 2, sent


def test_it_costs_no_more_with_a_thousand_codes_than_with_ten(client: FlaskClient) -> None:
    promotion = make.discount(code="SAVE", usage_limit=9, per_user_limit=2)
    costs = []
    for many in (10, 990):  # then there are a thousand
        crowd.codes(many, promotion_ids=[promotion.id])
        of_batch = db.session.scalars(select(PromotionCode.code).where(PromotionCode.batch_id.is_not(None))).all()[-1]
        for code, status in (("SAVE", 200), (of_batch, 200), ("UNKNOWN", 422)):
            promotions.editions.clear()
            with count_statements() as sent:
                assert ask(client, code=code, items=[SHIRT]).status_code == status
            costs.append(len(sent))
    assert costs == [2, 2, 1] * 2


def test_a_code_is_changed_for_everybody_at_once(client: FlaskClient) -> None:
    made = make.discount(code="SAVE", discount_value=10)
    ask(client, subtotal=50)
    client.put(f"/api/promotions/{made.id}", json={"discountValue": 20}, headers=make.bearer())
    answer = ask(client, subtotal=50)
    assert answer.json is not None
    assert answer.json["data"]["discountAmount"] == 10


def _use(code: str, person: Person, invoice_id: int = 1) -> None:
    with unit_of_work():
        quote = discounts.quote(code, items=(), subtotal_cents=5000, person=person, now=NOW)
        discounts.redeem(quote, person=person, invoice_id=invoice_id, now=NOW)
