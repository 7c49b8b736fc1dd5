"""What admins may not make of member bonuses over the API: each refusal says why, and at which field."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.audit.service import SYSTEM
from app.bonuses import service as bonuses
from app.bonuses.models import Bonus
from app.kit.db import db, unit_of_work
from app.promotions.models import Promotion
from tests import make
from tests.api.calling import Headers, data_of, refused
from tests.api.test_bonuses import DAY, NEW, NOW, URL, WHOLE

pytestmark = pytest.mark.usefixtures("frozen")
CREDIT = {"type": "freecredit", "bonusType": "fixed", "bonusValue": 5}
PROTECTED: dict[str, Any] = {
    "bonusType": "fixed",
    "bonusValue": 10,
    "maxBonus": 5,
    "turnoverRequirement": 1,
    "maxWithdraw": 1,
    "applicableGames": ["slots"],
}
FREE: dict[str, Any] = {
    "name": "Renamed",
    "description": "<p>New</p>",
    "imageUrl": "https://pictures.example/new.png",
    "displayOrder": 7,
    "validUntil": "2026-05-01T00:00:00Z",
    "maxUses": 9,
    "maxUsesPerMember": 3,
    "minDeposit": 30,
    "autoApply": True,
    "firstDepositOnly": True,
    "termsAndConditions": "<p>Later</p>",
    "isActive": False,
}


@pytest.fixture
def admin(app: Any) -> Headers:  # noqa: ARG001
    return make.bearer()


@pytest.fixture
def claimed(app: Any) -> Bonus:  # noqa: ARG001
    """A bonus of which somebody's claim is active."""
    bonus = make.bonus(turnover_requirement=5, max_bonus=500)
    make.deposit(make.user(), 10_000, bonus)
    return bonus


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_bonus_needs_what_it_stands_on(client: FlaskClient, admin: Headers, name: str) -> None:
    body = {other: value for other, value in NEW.items() if other != name}
    assert refused(client.post(URL, json=body, headers=admin), 400)["fields"].keys() == {name}
    assert refused(client.post(URL, json={**NEW, name: None}, headers=admin), 400)["fields"].keys() == {name}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "A B"}, "code"),
        ({"code": "AB"}, "code"),
        ({"code": "A\x00BC"}, "code"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"type": "gift"}, "type"),
        ({"bonusType": "twice"}, "bonusType"),
        ({**CREDIT, "bonusType": "percentage"}, "bonusType"),
        ({"bonusValue": 0}, "bonusValue"),
        ({"bonusValue": 1000.01}, "bonusValue"),
        ({"bonusType": "fixed", "bonusValue": 100_000_000}, "bonusValue"),
        ({"bonusValue": "10"}, "bonusValue"),
        ({"bonusValue": True}, "bonusValue"),
        ({"maxBonus": -1}, "maxBonus"),
        ({"maxBonus": 1.005}, "maxBonus"),
        ({"minDeposit": 100_000_000}, "minDeposit"),
        ({"turnoverRequirement": 100.01}, "turnoverRequirement"),
        ({"turnoverRequirement": -1}, "turnoverRequirement"),
        ({"turnoverRequirement": 2.505}, "turnoverRequirement"),
        ({"maxWithdraw": -0.01}, "maxWithdraw"),
        ({"friendBonus": "5"}, "friendBonus"),
        ({"applicableGames": {"slots": True}}, "applicableGames"),
        ({"applicableGames": None}, "applicableGames"),
        ({"applicableGames": 5}, "applicableGames"),
        ({"applicableGames": ["x" * 65]}, "applicableGames.0"),
        ({"applicableGames": "slots," + "x" * 65}, "applicableGames.1"),
        ({"applicableGames": ["slots", ""]}, "applicableGames.1"),
        ({"applicableGames": ["slots", " "]}, "applicableGames"),
        ({"applicableGames": ["slots", 5]}, "applicableGames.1"),
        ({"applicableGames": "a\x00"}, "applicableGames.0"),
        ({"applicableGames": [f"game-{each}" for each in range(201)]}, "applicableGames"),
        ({"applicableGames": ",".join(f"game-{each}" for each in range(201))}, "applicableGames"),
        ({"validFrom": "2026-03-01T00:00:00"}, "validFrom"),
        ({"validUntil": "2026-04-01"}, "validUntil"),
        ({"validUntil": 1775000000}, "validUntil"),
        ({"validUntil": NEW["validFrom"]}, "validUntil"),
        ({"maxUses": 0}, "maxUses"),
        ({"maxUses": 1.5}, "maxUses"),
        ({"maxUses": 2**63}, "maxUses"),
        ({"maxUsesPerMember": 0}, "maxUsesPerMember"),
        ({"maxUsesPerMember": "\u0661"}, "maxUsesPerMember"),
        ({"firstDepositOnly": 1}, "firstDepositOnly"),
        ({"cashbackPeriod": "day"}, "cashbackPeriod"),
        ({"type": "cashback", "cashbackPeriod": "year"}, "cashbackPeriod"),
        ({"displayOrder": 0.5}, "displayOrder"),
        ({"displayOrder": 1_000_001}, "displayOrder"),
        ({"imageUrl": "javascript:alert(1)"}, "imageUrl"),
        ({"imageUrl": "pictures/a.png"}, "imageUrl"),
        ({"imageUrl": "https://"}, "imageUrl"),
        ({"imageUrl": "https://a.example/" + "x" * 500}, "imageUrl"),
        ({"autoApply": "yes"}, "autoApply"),
        ({"isActive": None}, "isActive"),
        ({"bonus_value": 10}, "bonus_value"),
        ({"minAmount": 10}, "minAmount"),
        ({"startsAt": NEW["validFrom"]}, "startsAt"),
        ({"currentUses": 5}, "currentUses"),
        ({"status": "active"}, "status"),
        ({"id": 5}, "id"),
        ({"isListed": True}, "isListed"),
        ({"isPublic": True}, "isPublic"),
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


def test_a_put_changes_what_it_names_and_leaves_the_rest(client: FlaskClient, admin: Headers) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    url = f"{URL}/{made['id']}"
    nothing = dict.fromkeys(["maxUses", "maxUsesPerMember", "maxBonus", "maxWithdraw", "imageUrl"])
    changes: dict[str, Any] = {"name": "Autumn", "turnoverRequirement": 3, "applicableGames": [], **nothing}
    changed = data_of(client.put(url, json={**changes, "version": 1}, headers=admin))
    assert changed == {**made, **changes, "version": 2}
    assert data_of(client.put(url, json={}, headers=admin)) == changed
    assert data_of(client.put(url, json={name: changed[name] for name in WHOLE}, headers=admin)) == changed
    for wrong in ({"validFrom": WHOLE["validUntil"]}, {"bonusValue": None}, {"turnoverRequirement": 101}, {"nam": "x"}):
        refusal = refused(client.put(url, json=wrong, headers=admin), 400)
        assert refusal["fields"].keys() == ({"validUntil"} if "validFrom" in wrong else {*wrong})
    assert data_of(client.get(url, headers=admin)) == changed


@pytest.mark.parametrize(
    "other", [{"code": "OTHER"}, {"type": "cashback"}, {"type": "freecredit"}, {"type": "referral", "code": "OTHER"}]
)
def test_code_and_type_are_fixed(client: FlaskClient, admin: Headers, other: dict[str, str]) -> None:
    made = make.bonus(code="WELCOME100")
    url = f"{URL}/{made.id}"
    refusal = refused(client.put(url, json={**other, "name": "Renamed"}, headers=admin), 409)
    assert (refusal["error"], refusal["fields"].keys()) == ("conflict", other.keys())
    assert {*refusal["data"]["changed"]} == other.keys()
    same = {"code": " welcome100", "type": "deposit", "name": "Renamed"}
    told = data_of(client.put(url, json=same, headers=admin))
    assert (told["code"], told["type"], told["name"]) == ("WELCOME100", "deposit", "Renamed")


def test_a_cashback_stays_one_whatever_its_period_says(client: FlaskClient, admin: Headers) -> None:
    url = f"{URL}/{make.cashback().id}"
    refusal = refused(client.put(url, json={"type": "deposit"}, headers=admin), 409)
    assert (refusal["error"], [*refusal["fields"]]) == ("conflict", ["type"])
    assert [*refused(client.put(url, json={"cashbackPeriod": None}, headers=admin), 400)["fields"]] == [
        "cashbackPeriod"
    ]


@pytest.mark.parametrize("name", PROTECTED)
def test_terms_that_were_promised_stay_while_a_claim_is_active(
    client: FlaskClient, admin: Headers, claimed: Bonus, name: str
) -> None:
    url = f"{URL}/{claimed.id}"
    before = data_of(client.get(url, headers=admin))
    refusal = refused(client.put(url, json={"name": "Renamed", name: PROTECTED[name]}, headers=admin), 409)
    assert (refusal["error"], [*refusal["fields"]]) == ("active_claims", [name])
    assert refusal["data"] == {"changed": [name]}
    assert data_of(client.get(url, headers=admin)) == before
    assert data_of(client.put(url, json={name: before[name]}, headers=admin)) == before


def test_everything_else_changes_all_the_same(client: FlaskClient, admin: Headers, claimed: Bonus) -> None:
    url = f"{URL}/{claimed.id}"
    refusal = refused(client.put(url, json={**FREE, **PROTECTED}, headers=admin), 409)
    assert (refusal["error"], refusal["fields"].keys()) == ("active_claims", PROTECTED.keys())
    told = data_of(client.put(url, json=FREE, headers=admin))
    assert {name: told[name] for name in FREE} == FREE


def test_once_its_claims_are_over_the_terms_change(client: FlaskClient, admin: Headers) -> None:
    bonus = make.bonus(turnover_requirement=5)
    claim = make.claim_of(make.deposit(make.user(), 10_000, bonus))
    assert refused(client.put(f"{URL}/{bonus.id}", json={"bonusValue": 5}, headers=admin), 409)
    with unit_of_work():
        bonuses.cancel(claim.id, actor=SYSTEM, now=NOW)
    assert data_of(client.put(f"{URL}/{bonus.id}", json={"bonusValue": 5}, headers=admin))["bonusValue"] == 5


def test_a_bonus_is_deleted_archived_or_kept_by_what_was_claimed(
    client: FlaskClient, admin: Headers, claimed: Bonus
) -> None:
    fresh, over, url = make.bonus().id, make.bonus().id, f"{URL}/{claimed.id}"
    make.deposit(make.user(), 10_000, db.session.get_one(Bonus, over))
    refusal = refused(client.delete(url, headers=admin), 409)
    assert (refusal["error"], data_of(client.get(url, headers=admin))["status"]) == ("active_claims", "active")
    gone, kept = (client.delete(f"{URL}/{each}", headers=admin) for each in (fresh, over))
    assert (gone.status_code, kept.status_code, gone.text == kept.text) == (200, 200, False)
    refused(client.get(f"{URL}/{fresh}", headers=admin), 404)
    assert data_of(client.get(f"{URL}/{over}", headers=admin))["status"] == "archived"
    for method, path in (("PUT", ""), ("PATCH", "/status"), ("DELETE", "")):
        answer = client.open(f"{URL}/{over}{path}", method=method, json={}, headers=admin)
        assert refused(answer, 409)["error"] == "conflict"
    assert [each["status"] for each in data_of(client.get(f"{URL}?status=archived", headers=admin))["promotions"]] == [
        "archived"
    ]


def test_a_cashback_is_not_deleted_while_a_period_is_to_be_credited(client: FlaskClient, admin: Headers) -> None:
    owed, fresh = make.cashback(), make.cashback(starts_at=NOW - 9 * DAY, now=NOW)
    refusal = refused(client.delete(f"{URL}/{owed.id}", headers=admin), 409)
    assert (refusal["error"], "isn't credited yet" in refusal["message"]) == ("active_claims", True)
    assert client.delete(f"{URL}/{fresh.id}", headers=admin).status_code == 200
    assert db.session.scalars(select(Bonus.promotion_id)).all() == [owed.id]


def test_whoever_was_slower_is_told_who_changed_what(client: FlaskClient, admin: Headers) -> None:
    made = make.bonus(title="Mine")
    url, rival = f"{URL}/{made.id}", make.bearer(make.user(role="admin", username="rival"))
    faster = {"minDeposit": 5, "maxUses": 9, "maxUsesPerMember": 2, "validUntil": NEW["validUntil"], "version": 1}
    data_of(client.put(url, json=faster, headers=rival))
    slow = {"name": "Slow", "isActive": False, "version": 1}
    for method, address, body in (("PUT", url, slow), ("PATCH", f"{url}/status", {"version": 1})):
        refusal = refused(client.open(address, method=method, json=body, headers=admin), 409)
        assert (refusal["error"], {*refusal["data"].pop("changed")}) == ("conflict", faster.keys() - {"version"})
        assert refusal["data"] == {"changedBy": ["rival"], "version": 2}
        assert all(name in refusal["message"] for name in ("rival", "maxUses", "validUntil"))
    told = data_of(client.get(url, headers=admin))
    assert (told["name"], told["isActive"], told["version"]) == ("Mine", True, 2)
    assert data_of(client.patch(f"{url}/status", json={"version": 2}, headers=admin))["version"] == 3


def test_nothing_said_switches_it_to_the_other_side(client: FlaskClient, admin: Headers) -> None:
    url = f"{URL}/{make.bonus().id}/status"
    bodies: list[dict[str, Any]] = [{}, {"json": {}}, {"data": "{}", "content_type": "application/json"}]
    bodies.append({"data": "", "content_type": "application/json"})
    bodies.extend({"data": "", "content_type": each} for each in ("application/x-www-form-urlencoded", "text/plain"))
    for number, body in enumerate(bodies):
        told = data_of(client.patch(url, headers=admin, **body))
        assert (told["isActive"], told["status"]) == ((True, "active") if number % 2 else (False, "inactive"))
    for wanted in (False, False, True, True):
        assert data_of(client.patch(url, json={"isActive": wanted}, headers=admin))["isActive"] is wanted
    for wrong in ({"isActive": None}, {"isActive": 1}, {"isActive": "true"}, {"active": True}, {"version": 0}):
        assert refused(client.patch(url, json=wrong, headers=admin), 400)["fields"].keys() == wrong.keys()
    assert refused(client.patch(url, data="on", content_type="text/plain", headers=admin), 415)
    assert refused(client.post(url, json={}, headers=admin), 405)["error"] == "method_not_allowed"


def test_switching_on_what_is_over_is_refused_naming_what_to_change(client: FlaskClient, admin: Headers) -> None:
    ended, used = make.bonus(ends_at=NOW - DAY, is_active=False), make.bonus(usage_limit=1)
    make.deposit(make.user(), 10_000, used)
    for bonus, field in ((ended, "validUntil"), (used, "maxUses")):
        url = f"{URL}/{bonus.id}"
        for method, address, body in (("PUT", url, {"isActive": True}), ("PATCH", f"{url}/status", None)):
            refusal = refused(client.open(address, method=method, json=body, headers=admin), 409)
            assert (refusal["error"], refusal["fields"].keys()) == ("conflict", {field})
    told = data_of(client.get(f"{URL}/{used.id}", headers=admin))
    assert (told["status"], told["isActive"], told["currentUses"]) == ("expired", False, 1)
    assert data_of(client.put(f"{URL}/{used.id}", json={"maxUses": 2}, headers=admin))["status"] == "active"
