"""Codes for offers, as admins keep them over the API: in this part of it names are snake_case."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.kit.db import db
from app.offers.models import OfferCode
from app.promotions.models import Promotion
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.counting import count_statements

URL = "/api/admin/promo-codes"
NOW = make.NOW
DAY = timedelta(days=1)
NEW = {"code": "BONUS10", "title": "Ten on top", "bonus_type": "percentage", "bonus_value": 10}
HOURS = {
    "enabled": True,
    "start_time": "18:00",
    "end_time": "22:00",
    "timezone": "Europe/Riga",
    "weekdays": [1, 5],
}
WHOLE = {
    "code": "EVENING",
    "title": "Evenings",
    "description": "<p>Hurry</p>",
    "bonus_type": "fixed",
    "bonus_value": 2.5,
    "max_bonus": 2.25,
    "min_amount": 1.5,
    "max_uses": 500,
    "per_user_limit": 3,
    "starts_at": "2026-03-01T00:00:00Z",
    "ends_at": "2026-04-01T00:00:00Z",
    "active_hours": HOURS,
    "auto_deactivate_on_max_uses": False,
    "is_active": True,
    "display_order": 3,
    "terms_and_conditions": "<p>Fair play</p>",
}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(app: Any) -> Headers:  # noqa: ARG001
    return make.bearer()


def test_everything_that_can_be_said_is_kept_and_told(client: FlaskClient, admin: Headers) -> None:
    offers = [make.offer(external_id="survey/7").id, make.offer().id]
    made = data_of(client.post(URL, json={**WHOLE, "applicable_offers": ["survey/7", offers[1]]}, headers=admin), 201)
    own = {"usage_count": 0, "auto_deactivated_at": None, "version": 1, "status": "active"}
    assert made == {**WHOLE, **own, "id": made["id"], "applicable_offers": offers}
    assert data_of(client.get(f"{URL}/{made['id']}", headers=admin)) == made
    row = db.session.get_one(OfferCode, made["id"])
    assert (row.bonus_type, row.bonus_value, row.max_bonus_cents) == ("fixed", 250, 225)
    assert (row.promotion.kind, row.promotion.usage_limit, row.promotion.min_amount_cents) == ("offer", 500, 150)
    assert row.applicable_offers == offers


def test_what_is_not_said_is_sensible(client: FlaskClient, admin: Headers) -> None:
    made = data_of(client.post(URL, json={**NEW, "code": " bonus10 "}, headers=admin), 201)
    assert (made["code"], made["max_bonus"], made["max_uses"], made["per_user_limit"]) == ("BONUS10", None, None, None)
    assert (made["min_amount"], made["applicable_offers"], made["is_active"], made["display_order"]) == (0, [], True, 0)
    assert made["active_hours"] == {
        "enabled": False,
        "start_time": "00:00",
        "end_time": "23:59",
        "timezone": "UTC",
        "weekdays": [],
    }


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_code_needs_what_it_stands_on(client: FlaskClient, admin: Headers, name: str) -> None:
    body = {other: value for other, value in NEW.items() if other != name}
    assert refused(client.post(URL, json=body, headers=admin), 400)["fields"].keys() == {name}
    assert refused(client.post(URL, json={**NEW, name: None}, headers=admin), 400)["fields"].keys() == {name}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "A B"}, "code"),
        ({"code": "AB"}, "code"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 129}, "title"),
        ({"bonus_type": "twice"}, "bonus_type"),
        ({"bonus_value": 0}, "bonus_value"),
        ({"bonus_value": 1000.01}, "bonus_value"),
        ({"bonus_value": "10"}, "bonus_value"),
        ({"max_bonus": -1}, "max_bonus"),
        ({"max_bonus": 1.005}, "max_bonus"),
        ({"min_amount": 100_000_000}, "min_amount"),
        ({"max_uses": 0}, "max_uses"),
        ({"max_uses": 1.5}, "max_uses"),
        ({"per_user_limit": 0}, "per_user_limit"),
        ({"starts_at": "2026-03-01T00:00:00"}, "starts_at"),
        ({"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-03-01T00:00:00Z"}, "ends_at"),
        ({"active_hours": {"timezone": "Mars/Olympus"}}, "active_hours.timezone"),
        ({"active_hours": {"start_time": "25:00"}}, "active_hours.start_time"),
        ({"active_hours": {"weekdays": [8]}}, "active_hours.weekdays.0"),
        ({"active_hours": {"startTime": "10:00"}}, "active_hours.startTime"),
        ({"applicable_offers": "survey-7"}, "applicable_offers"),
        ({"applicable_offers": [99]}, "applicable_offers"),
        ({"applicable_offers": ["unheard-of", "1"]}, "applicable_offers"),
        ({"applicable_offers": [True]}, "applicable_offers.0"),
        ({"applicable_offers": [1.5]}, "applicable_offers.0"),
        ({"applicable_offers": [0]}, "applicable_offers.0"),
        ({"applicable_offers": [2**31]}, "applicable_offers.0"),
        ({"applicable_offers": [" "]}, "applicable_offers.0"),
        ({"applicable_offers": ["x" * 65]}, "applicable_offers.0"),
        ({"applicable_offers": [None]}, "applicable_offers.0"),
        ({"is_active": 1}, "is_active"),
        ({"display_order": 0.5}, "display_order"),
        ({"bonusType": "fixed"}, "bonusType"),
        ({"usage_limit": 5}, "usage_limit"),
        ({"usage_count": 5}, "usage_count"),
        ({"requires_account": False}, "requires_account"),
        ({"is_public": True}, "is_public"),
        ({"version": 1}, "version"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_will_not_do_is_told_at_its_field(
    client: FlaskClient, admin: Headers, changes: dict[str, Any], field: str
) -> None:
    refusal = refused(client.post(URL, json={**NEW, **changes}, headers=admin), 400)
    assert refusal["error"] == "validation_error"
    assert refusal["fields"].keys() == {field}
    assert db.session.scalar(select(func.count(Promotion.id))) == 0


def test_numbers_that_are_no_numbers_are_refused(client: FlaskClient, admin: Headers) -> None:
    for each in ("NaN", "Infinity", "-Infinity", "1e999"):
        text = json.dumps({**NEW, "applicable_offers": ["HERE"]}).replace('"HERE"', each)
        answer = client.post(URL, data=text, content_type="application/json", headers=admin)
        assert refused(answer, 400)["fields"].keys() == {"applicable_offers.0"}, each


def test_a_code_that_is_taken_is_told_at_its_field(client: FlaskClient, admin: Headers) -> None:
    make.discount(code="BONUS10")
    refusal = refused(client.post(URL, json=NEW, headers=admin), 409)
    assert (refusal["error"], [*refusal["fields"]]) == ("duplicate_code", ["code"])
    other = make.offer_code(code="OTHER")
    again = refused(client.put(f"{URL}/{other.id}", json={"code": "bonus10"}, headers=admin), 409)
    assert (again["error"], [*again["fields"]]) == ("duplicate_code", ["code"])
    assert db.session.scalar(select(func.count(OfferCode.promotion_id))) == 1


def test_a_code_is_made_once_however_often_it_is_sent(client: FlaskClient, admin: Headers) -> None:
    headers = {**admin, "Idempotency-Key": "k1"}
    first, again = (client.post(URL, json=NEW, headers=headers) for _each in range(2))
    assert (first.status_code, first.data) == (201, again.data)
    other = client.post(URL, json={**NEW, "title": "Other"}, headers=headers)
    assert refused(other, 422)["error"] == "idempotency_mismatch"
    unprintable = client.post(URL, json=NEW, headers={**admin, "Idempotency-Key": "a key"})
    assert [*refused(unprintable, 400)["fields"]] == ["Idempotency-Key"]
    assert db.session.scalar(select(func.count(OfferCode.promotion_id))) == 1


def test_a_put_changes_what_it_names_and_leaves_the_rest(client: FlaskClient, admin: Headers) -> None:
    offer = make.offer()
    made = data_of(client.post(URL, json={**WHOLE, "applicable_offers": [offer.id]}, headers=admin), 201)
    url = f"{URL}/{made['id']}"
    nothing = dict.fromkeys(["max_uses", "max_bonus", "ends_at"])
    changes: dict[str, Any] = {"title": "Autumn", "applicable_offers": [], **nothing}
    hours = {"active_hours": {"end_time": "23:00"}}
    changed = data_of(client.put(url, json={**changes, **hours, "version": 1}, headers=admin))
    assert changed == {**made, **changes, "active_hours": {**HOURS, "end_time": "23:00"}, "version": 2}
    assert data_of(client.put(url, json={}, headers=admin)) == changed
    assert refused(client.put(url, json={"bonus_value": None}, headers=admin), 400)["fields"].keys() == {"bonus_value"}
    assert refused(client.put(url, json={"applicable_offers": [99]}, headers=admin), 400)["fields"].keys() == {
        "applicable_offers"
    }


def test_whoever_was_slower_is_told_who_changed_what(client: FlaskClient, admin: Headers) -> None:
    made = make.offer_code(title="Mine")
    url, rival = f"{URL}/{made.id}", make.bearer(make.user(role="admin", username="rival"))
    faster = {"min_amount": 5, "max_uses": 9, "per_user_limit": 2, "bonus_value": 12, "version": 1}
    data_of(client.put(url, json=faster, headers=rival))
    refusal = refused(client.put(url, json={"title": "Slow", "version": 1}, headers=admin), 409)
    assert refusal["error"] == "conflict"
    assert {*refusal["data"].pop("changed")} == faster.keys() - {"version"}
    assert refusal["data"] == {"changed_by": ["rival"], "version": 2}
    assert all(name in refusal["message"] for name in ("rival", "max_uses", "bonus_value"))
    assert data_of(client.get(url, headers=admin))["title"] == "Mine"


def test_switching_on_what_is_over_is_refused_naming_what_to_change(client: FlaskClient, admin: Headers) -> None:
    ended = make.offer_code(ends_at=NOW - DAY, is_active=False)
    used, mia = make.offer_code(usage_limit=1), make.user()
    make.applied(mia, used)
    make.converted(mia, make.offer())
    for code, field in ((ended, "ends_at"), (used, "max_uses")):
        refusal = refused(client.put(f"{URL}/{code.id}", json={"is_active": True}, headers=admin), 409)
        assert (refusal["error"], refusal["fields"].keys()) == ("conflict", {field})
    told = data_of(client.get(f"{URL}/{used.id}", headers=admin))
    assert (told["status"], told["is_active"], told["usage_count"]) == ("expired", False, 1)
    assert told["auto_deactivated_at"] == "2026-03-02T12:00:00Z"
    opened = data_of(client.put(f"{URL}/{used.id}", json={"max_uses": 2}, headers=admin))
    assert (opened["status"], opened["auto_deactivated_at"]) == ("active", None)


def test_a_code_nobody_applied_is_deleted_and_one_on_an_account_archived(client: FlaskClient, admin: Headers) -> None:
    fresh, applied = make.offer_code(applicable_offers=[make.offer().id]).id, make.offer_code(code="KEPT")
    make.applied(make.user(), applied)
    gone, kept = (client.delete(f"{URL}/{each}", headers=admin) for each in (fresh, applied.id))
    assert (gone.status_code, kept.status_code, gone.text == kept.text) == (200, 200, False)
    refused(client.get(f"{URL}/{fresh}", headers=admin), 404)
    assert data_of(client.get(f"{URL}/{applied.id}", headers=admin))["status"] == "archived"
    assert db.session.scalars(select(OfferCode.promotion_id)).all() == [applied.id]
    refused(client.put(f"{URL}/{applied.id}", json={"title": "Again"}, headers=admin), 409)
    refused(client.delete(f"{URL}/{applied.id}", headers=admin), 409)
    assert refused(client.post(URL, json={**NEW, "code": "KEPT"}, headers=admin), 409)["error"] == "duplicate_code"


def test_every_change_stands_in_the_log(client: FlaskClient) -> None:
    root = make.user(role="admin")
    root_id, headers = root.id, make.bearer(root)
    made = data_of(client.post(URL, json=NEW, headers=headers), 201)["id"]
    client.put(f"{URL}/{made}", json={"title": "Other"}, headers=headers)
    client.put(f"{URL}/{made}", json={"title": "Other"}, headers=headers)
    client.delete(f"{URL}/{made}", headers=headers)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.entity_id == str(made)).order_by(AuditEntry.id))
    actions = ("promotion.created", "promotion.changed", "promotion.deleted")
    assert [(each.action, each.actor_id) for each in entries] == [(action, root_id) for action in actions]


def test_a_list_is_searched_narrowed_and_parted(client: FlaskClient, admin: Headers) -> None:
    for number in range(5):
        make.offer_code(title=f"Rush {number}", code=f"FAST{number}", display_order=number // 4)
    make.offer_code(title="100% off_season", is_active=False)
    make.discount(title="No offer")

    def titles(query: str) -> tuple[list[str], int]:
        found = data_of(client.get(f"{URL}?{query}", headers=admin))
        return [each["title"] for each in found["promo_codes"]], found["total"]

    assert titles("") == (["100% off_season", "Rush 3", "Rush 2", "Rush 1", "Rush 0", "Rush 4"], 6)
    assert titles("limit=2&offset=1") == (["Rush 3", "Rush 2"], 6)
    assert titles("limit=4&page=2") == (["Rush 0", "Rush 4"], 6)
    assert titles("search=rUSH+4") == (["Rush 4"], 1)
    assert titles("search=fast2") == (["Rush 2"], 1)
    assert titles("search=100%25") == (["100% off_season"], 1)
    assert titles("is_active=false") == (["100% off_season"], 1)
    assert titles("status=active&limit=1") == (["Rush 3"], 5)
    assert titles("status=archived") == ([], 0)
    for wrong in ("isActive=true", "limit=101", "status=new", "page=0"):
        refusal = refused(client.get(f"{URL}?{wrong}", headers=admin), 400)
        assert refusal["fields"].keys() == {wrong.partition("=")[0]}


def test_a_list_costs_the_same_however_long_it_is(client: FlaskClient, admin: Headers) -> None:
    offers = [make.offer().id for _each in range(3)]
    for _each in range(30):
        make.offer_code(applicable_offers=offers)
    with count_statements() as sent:
        data_of(client.get(f"{URL}?limit=100", headers=admin))
    assert len(sent) <= 4, sent


def test_other_kinds_are_not_to_be_had_here_nor_offer_codes_elsewhere(client: FlaskClient, admin: Headers) -> None:
    code, discount = make.offer_code(), make.discount()
    places = (f"{URL}/{discount.id}", f"{URL}/{make.deal().id}", f"{URL}/999", f"{URL}/{2**40}")
    for url in (*places, f"/api/promotions/{code.id}", f"/api/v1/admin/deals/{code.id}"):
        for method, body in (("GET", None), ("PUT", {"title": "Mine"}), ("DELETE", None)):
            assert client.open(url, method=method, json=body, headers=admin).status_code == 404, (method, url)
    titles = db.session.scalars(select(Promotion.title)).all()
    assert len(titles) == 3
    assert "Mine" not in titles


def test_codes_are_kept_by_admins_only(client: FlaskClient) -> None:
    one = f"{URL}/{make.offer_code(title='Ours').id}"
    changes = {"title": "Mine"}
    turn_away(
        client,
        [("GET", URL, None), ("POST", URL, NEW), ("GET", one, None), ("PUT", one, changes), ("DELETE", one, None)],
    )
    assert db.session.scalars(select(Promotion.title)).all() == ["Ours"]
