"""Discount codes, as admins keep them over the API."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.discounts import service as discounts
from app.kit.db import db, unit_of_work
from app.promotions.models import Promotion
from tests import make
from tests.counting import count_statements

URL = "/api/promotions"
NOW = make.NOW
NEW = {"title": "Spring", "discountCode": "spring", "discountType": "percentage", "discountValue": 12.5}
WHOLE = {
    "title": "Spring",
    "description": "<p>Fresh</p>",
    "discountCode": "SPRING",
    "discountType": "fixed",
    "discountValue": 12.5,
    "minPurchase": 20,
    "maxDiscount": 10.05,
    "usageLimit": 100,
    "perUserLimit": 2,
    "startDate": "2026-03-01T00:00:00Z",
    "endDate": "2026-04-01T00:00:00Z",
    "isActive": True,
    "applicableCategories": ["design", "hosting"],
    "excludedCategories": ["coaching"],
    "firstOrderOnly": True,
    "requiresAccount": True,
    "isPublic": True,
    "activeHours": {
        "enabled": True,
        "startTime": "22:00",
        "endTime": "02:00",
        "timezone": "Europe/Riga",
        "weekdays": [1, 5],
    },
    "autoDeactivateOnMaxUses": False,
    "releaseOnRefund": False,
    "displayOrder": 3,
    "termsAndConditions": "<p>Once</p>",
}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(app: Any) -> dict[str, str]:  # noqa: ARG001
    return make.bearer()


def data_of(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert answer.json["status"] == "success"
    data: dict[str, Any] = answer.json["data"]
    return data


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert answer.json["status"] == "error"
    refusal: dict[str, Any] = answer.json
    return refusal


def test_everything_that_can_be_said_is_kept_and_told(client: FlaskClient, admin: dict[str, str]) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    own = {"codes": None, "usedCount": 0, "autoDeactivatedAt": None, "version": 1, "status": "active"}
    assert made == {**WHOLE, **own, "id": made["id"]}
    assert data_of(client.get(f"{URL}/{made['id']}", headers=admin)) == made


def test_what_is_not_said_is_sensible(client: FlaskClient, admin: dict[str, str]) -> None:
    made = data_of(client.post(URL, json=NEW, headers=admin), 201)
    assert made["discountCode"] == "SPRING"
    assert (made["minPurchase"], made["isActive"], made["autoDeactivateOnMaxUses"]) == (0, True, True)
    assert made["activeHours"]["enabled"] is False
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "promotion.created")).one()
    assert entry.entity_id == str(made["id"])
    assert entry.actor_id is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 129}, "title"),
        ({"discountCode": "a b"}, "discountCode"),
        ({"discountCode": "ab"}, "discountCode"),
        ({"discountType": "free"}, "discountType"),
        ({"discountValue": 0}, "discountValue"),
        ({"discountValue": 100.01}, "discountValue"),
        ({"discountValue": 10.001}, "discountValue"),
        ({"discountValue": "10"}, "discountValue"),
        ({"usageLimit": 0}, "usageLimit"),
        ({"usageLimit": 1.5}, "usageLimit"),
        ({"usageLimit": 2**63}, "usageLimit"),
        ({"isActive": "yes"}, "isActive"),
        ({"endDate": "2026-04-01T00:00:00"}, "endDate"),
        ({"endDate": "2026-04-01"}, "endDate"),
        ({"endDate": 1775000000}, "endDate"),
        ({"endDate": "0001-01-01T00:00:00+14:00"}, "endDate"),
        ({"startDate": "2026-04-01T00:00:00Z", "endDate": "2026-04-01T00:00:00Z"}, "endDate"),
        ({"activeHours": {"enabled": True, "timezone": "Mars/Base"}}, "activeHours.timezone"),
        ({"activeHours": {"enabled": True, "startTime": "24:00"}}, "activeHours.startTime"),
        ({"activeHours": {"enabled": True, "weekdays": [8]}}, "activeHours.weekdays.0"),
        ({"applicableCategories": "design"}, "applicableCategories"),
        ({"minPurchace": 10}, "minPurchace"),
        ({"usedCount": 5}, "usedCount"),
        ({"version": 1}, "version"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_will_not_do_is_told_at_its_field(
    client: FlaskClient, admin: dict[str, str], changes: dict[str, Any], field: str
) -> None:
    refusal = refused(client.post(URL, json={**NEW, **changes}, headers=admin), 400)
    assert refusal["error"] == "validation_error"
    assert refusal["fields"].keys() == {field}
    assert db.session.scalar(select(func.count(Promotion.id))) == 0


def test_a_put_changes_what_it_names_and_leaves_the_rest(client: FlaskClient, admin: dict[str, str]) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    url = f"{URL}/{made['id']}"
    changed = data_of(client.put(url, json={"title": "Autumn", "maxDiscount": None, "version": 1}, headers=admin))
    assert changed == {**made, "title": "Autumn", "maxDiscount": None, "version": 2}
    assert data_of(client.put(url, json={}, headers=admin)) == changed
    hours = {"activeHours": {"enabled": False}}
    assert data_of(client.put(url, json=hours, headers=admin))["activeHours"]["enabled"] is False


def test_a_put_is_held_against_what_it_leaves(client: FlaskClient, admin: dict[str, str]) -> None:
    made = make.discount(discount_type="fixed", discount_value=500)
    refusal = refused(client.put(f"{URL}/{made.id}", json={"discountType": "percentage"}, headers=admin), 400)
    assert refusal["fields"].keys() == {"discountValue"}


def test_whoever_was_slower_is_told_who_changed_what(client: FlaskClient, admin: dict[str, str]) -> None:
    made = make.discount()
    url, rival = f"{URL}/{made.id}", make.bearer(make.user(role="admin", username="rival"))
    data_of(client.put(url, json={"minPurchase": 5, "version": 1}, headers=rival))
    refusal = refused(client.put(url, json={"title": "Mine", "version": 1}, headers=admin), 409)
    assert refusal["error"] == "conflict"
    assert refusal["data"] == {"changedBy": ["rival"], "changed": ["minPurchase"], "version": 2}
    assert data_of(client.get(url, headers=admin))["title"] == "Ten off"


def test_a_code_is_given_once(client: FlaskClient, admin: dict[str, str]) -> None:
    make.discount(code="SPRING")
    other = make.discount()
    for answer in (
        client.post(URL, json=NEW, headers=admin),
        client.put(f"{URL}/{other.id}", json={"discountCode": "Spring"}, headers=admin),
    ):
        refusal = refused(answer, 409)
        assert refusal["error"] == "duplicate_code"
        assert refusal["fields"].keys() == {"discountCode"}


def test_switching_on_what_has_ended_is_refused_naming_what_to_change(
    client: FlaskClient, admin: dict[str, str]
) -> None:
    made = make.discount(ends_at=NOW - timedelta(days=1), is_active=False)
    refusal = refused(client.put(f"{URL}/{made.id}", json={"isActive": True}, headers=admin), 409)
    assert (refusal["error"], refusal["fields"].keys()) == ("conflict", {"endDate"})


def test_an_unused_code_is_deleted_and_a_used_one_archived(client: FlaskClient, admin: dict[str, str]) -> None:
    unused, used = make.discount().id, make.discount(code="USED").id
    person = Person("ada")
    with unit_of_work():
        quote = discounts.quote("USED", items=(), subtotal_cents=5000, person=person, now=NOW)
        discounts.redeem(quote, person=person, invoice_id=1, now=NOW)
    for made in (unused, used):
        assert client.delete(f"{URL}/{made}", headers=admin).status_code == 200
    refused(client.get(f"{URL}/{unused}", headers=admin), 404)
    archived = data_of(client.get(f"{URL}/{used}", headers=admin))
    assert (archived["status"], archived["usedCount"]) == ("archived", 1)
    refused(client.put(f"{URL}/{used}", json={"title": "Again"}, headers=admin), 409)


def test_a_list_is_searched_narrowed_and_parted(client: FlaskClient, admin: dict[str, str]) -> None:
    for number in range(5):
        make.discount(code=f"SPRING{number}", title=f"Sale {number}", display_order=number // 4)
    make.discount(code="AUTUMN", title="100% off_season", is_active=False)

    def codes(query: str) -> tuple[list[str], int]:
        found = data_of(client.get(f"{URL}?{query}", headers=admin))
        return [each["discountCode"] for each in found["promotions"]], found["total"]

    assert codes("") == (["AUTUMN", "SPRING3", "SPRING2", "SPRING1", "SPRING0", "SPRING4"], 6)
    assert codes("limit=2&offset=1") == (["SPRING3", "SPRING2"], 6)
    assert codes("limit=4&page=2") == (["SPRING0", "SPRING4"], 6)
    assert codes("limit=4&page=9") == ([], 6)
    assert codes("search=ring0") == (["SPRING0"], 1)
    assert codes("search=sale+4") == (["SPRING4"], 1)
    assert codes("search=100%25") == (["AUTUMN"], 1)
    assert codes("search=_") == (["AUTUMN"], 1)
    assert codes("isActive=false") == (["AUTUMN"], 1)
    assert codes("status=inactive") == (["AUTUMN"], 1)
    assert codes("status=archived") == ([], 0)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%D9%A1", "limit"),
        ("offset=-1", "offset"),
        ("page=0", "page"),
        ("page=1&page=2", "page"),
        ("isActive=maybe", "isActive"),
        ("status=new", "status"),
        ("serach=x", "serach"),
        ("search=%00", "search"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(
    client: FlaskClient, admin: dict[str, str], query: str, field: str
) -> None:
    assert refused(client.get(f"{URL}?{query}", headers=admin), 400)["fields"].keys() == {field}


def test_a_list_costs_the_same_however_long_it_is(client: FlaskClient, admin: dict[str, str]) -> None:
    for _each in range(30):
        make.discount()
    with count_statements() as sent:
        data_of(client.get(f"{URL}?limit=100", headers=admin))
    assert len(sent) <= 4, sent


def test_a_batch_tells_how_many_codes_there_are_and_has_none_to_change(
    client: FlaskClient, admin: dict[str, str]
) -> None:
    made = make.batch(count=3)
    make.use(make.codes_of(made)[0])
    shown = data_of(client.get(f"{URL}/{made.id}", headers=admin))
    assert (shown["discountCode"], shown["codes"]) == (None, {"count": 3, "used": 1})
    refusal = refused(client.put(f"{URL}/{made.id}", json={"discountCode": "ONE"}, headers=admin), 400)
    assert refusal["fields"] == {"discountCode": ["This promotion has many single-use codes, and none for everybody."]}
    changed = data_of(client.put(f"{URL}/{made.id}", json={"title": "Other"}, headers=admin))
    assert changed == {**shown, "title": "Other", "version": 2}
    for _each in range(3):
        make.batch(count=2)
    with count_statements() as sent:
        found = data_of(client.get(URL, headers=admin))
    assert [each["codes"]["count"] for each in found["promotions"]] == [2, 2, 2, 3]
    assert len(sent) <= 4, sent


def test_codes_are_kept_by_admins_only(client: FlaskClient) -> None:
    made = make.discount()
    calls = [
        ("GET", URL, None),
        ("POST", URL, NEW),
        ("GET", f"{URL}/{made.id}", None),
        ("PUT", f"{URL}/{made.id}", {"title": "Mine"}),
        ("DELETE", f"{URL}/{made.id}", None),
    ]
    bearers = [({}, 401), *(({**make.bearer(make.user(role=role))}, 403) for role in ("coach", "client"))]
    bearers.append((make.api_key("read", "activity", "grants", "deposits", "conversions"), 403))
    for headers, status in bearers:
        for method, url, body in calls:
            assert client.open(url, method=method, json=body, headers=headers).status_code == status, (method, url)
    assert discounts.get(made.id).promotion.title == "Ten off"


def test_a_code_is_normalised_at_this_door_too(client: FlaskClient, admin: dict[str, str]) -> None:
    full_width = NEW | {"discountCode": " \uff53\uff50\uff52\uff491 "}
    made = client.post(URL, json=full_width, headers=admin)
    assert (made.status_code, made.get_json()["data"]["discountCode"]) == (201, "SPRI1")
    assert client.post(URL, json=full_width, headers=admin).status_code == 409


def test_what_is_wrong_with_code_and_hours_is_said_in_words(client: FlaskClient, admin: dict[str, str]) -> None:
    wrong = NEW | {"discountCode": "ab", "activeHours": {"startTime": "24:00"}}
    answer = client.post(URL, json=wrong, headers=admin)
    assert answer.status_code == 400
    assert answer.get_json()["fields"] == {
        "discountCode": ["Please use 3 to 32 characters."],
        "activeHours.startTime": ["Please give a time from 00:00 to 23:59."],
    }


def test_who_was_faster_is_told_by_the_names_of_this_door(client: FlaskClient, admin: dict[str, str]) -> None:
    made = client.post(URL, json=NEW, headers=admin).get_json()["data"]["id"]
    client.put(f"{URL}/{made}", json={"endDate": "2027-01-01T00:00:00Z"}, headers=admin)
    late = client.put(f"{URL}/{made}", json={"title": "Late", "version": 1}, headers=admin).get_json()
    assert late["data"]["changed"] == ["endDate"]
    assert "(endDate)" in late["message"]
    early = client.put(f"{URL}/{made}", json={"title": "Early", "version": 99}, headers=admin).get_json()
    assert early["message"] == "This was changed in the meantime. Look at the newer version and try again."
