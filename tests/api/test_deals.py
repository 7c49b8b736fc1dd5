"""Deals, as admins keep them over the API, and what their progress says of people."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.deals.models import Deal, PromotionClaim
from app.kit import limits
from app.kit.db import db
from app.kit.limits import LIMITS
from app.promotions.models import Promotion
from tests import make
from tests.counting import count_statements

URL = "/api/v1/admin/deals"
NOW = make.NOW
DAY = timedelta(days=1)
ADA, VISIT = Person("Ada"), "visit-of-ada"
GOLD = {"itemId": "gold", "name": "Gold", "amount": 100}
NEW = {
    "title": "Gold rush",
    "rewardItems": [GOLD],
    "minAmount": 50,
    "startAt": "2026-03-01T00:00:00Z",
    "endAt": "2026-04-01T00:00:00+02:00",
}
WHOLE = {
    "title": "Gold rush",
    "description": "<p>Hurry</p>",
    "rewardItems": [GOLD, {"itemId": "gem", "name": "Gem", "amount": 1}],
    "minAmount": 49.95,
    "bonusType": "recurrent",
    "claimLimitPerUser": 3,
    "globalClaimLimit": 100,
    "startAt": "2026-03-01T00:00:00Z",
    "endAt": "2026-04-01T00:00:00Z",
    "isActive": True,
    "autoClaim": True,
    "banner": "Only {left} left",
    "requiresAccount": True,
    "autoDeactivateOnMaxUses": False,
    "displayOrder": 3,
    "termsAndConditions": "<p>Fair play</p>",
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


def log_of(deal_id: int) -> list[tuple[str, int | None]]:
    entries = select(AuditEntry).where(AuditEntry.entity_id == str(deal_id)).order_by(AuditEntry.id)
    return [(each.action, each.actor_id) for each in db.session.scalars(entries)]


def test_everything_that_can_be_said_is_kept_and_told(client: FlaskClient, admin: dict[str, str]) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    own = {"claimedGlobal": 0, "autoDeactivatedAt": None, "version": 1, "status": "active"}
    assert made == {**WHOLE, **own, "id": made["id"]}
    assert data_of(client.get(f"{URL}/{made['id']}", headers=admin)) == made
    row = db.session.get_one(Deal, made["id"])
    assert (row.bonus_type, row.auto_claim, row.promotion.min_amount_cents) == ("recurrent", True, 4995)
    assert row.reward_items[1] == {"item_id": "gem", "name": "Gem", "amount": 1}
    assert (row.promotion.usage_limit, row.promotion.per_user_limit) == (100, 3)


def test_what_is_not_said_is_sensible(client: FlaskClient, admin: dict[str, str]) -> None:
    make.reward_item(item_id="gold", name="Coins of gold")
    items = [{"itemId": "gold", "amount": 5}, {"itemId": "of-another-system", "amount": 1}]
    made = data_of(client.post(URL, json={**NEW, "rewardItems": items}, headers=admin), 201)
    assert [each["name"] for each in made["rewardItems"]] == ["Coins of gold", "of-another-system"]
    assert (made["bonusType"], made["isActive"], made["autoClaim"], made["banner"]) == ("single", True, False, None)
    assert (made["claimLimitPerUser"], made["globalClaimLimit"]) == (None, None)
    assert made["endAt"] == "2026-03-31T22:00:00Z"


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_deal_needs_what_it_stands_on(client: FlaskClient, admin: dict[str, str], name: str) -> None:
    body = {other: value for other, value in NEW.items() if other != name}
    assert refused(client.post(URL, json=body, headers=admin), 400)["fields"].keys() == {name}
    assert refused(client.post(URL, json={**NEW, name: None}, headers=admin), 400)["fields"].keys() == {name}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 129}, "title"),
        ({"minAmount": 0}, "minAmount"),
        ({"minAmount": -1}, "minAmount"),
        ({"minAmount": 10.001}, "minAmount"),
        ({"minAmount": "50"}, "minAmount"),
        ({"minAmount": 100_000_000}, "minAmount"),
        ({"bonusType": "twice"}, "bonusType"),
        ({"rewardItems": []}, "rewardItems"),
        ({"rewardItems": GOLD}, "rewardItems"),
        ({"rewardItems": [GOLD, GOLD]}, "rewardItems"),
        ({"rewardItems": [GOLD] * 21}, "rewardItems"),
        ({"rewardItems": [{**GOLD, "amount": 0}]}, "rewardItems.0.amount"),
        ({"rewardItems": [GOLD, {"itemId": "gem", "amount": 1.5}]}, "rewardItems.1.amount"),
        ({"rewardItems": [{**GOLD, "amount": 2**31}]}, "rewardItems.0.amount"),
        ({"rewardItems": [{"name": "Gold", "amount": 1}]}, "rewardItems.0.itemId"),
        ({"rewardItems": [{**GOLD, "colour": "red"}]}, "rewardItems.0.colour"),
        ({"claimLimitPerUser": 0}, "claimLimitPerUser"),
        ({"globalClaimLimit": 0}, "globalClaimLimit"),
        ({"globalClaimLimit": 1.5}, "globalClaimLimit"),
        ({"startAt": "2026-03-01T00:00:00"}, "startAt"),
        ({"endAt": "2026-04-01"}, "endAt"),
        ({"endAt": 1775000000}, "endAt"),
        ({"endAt": NEW["startAt"]}, "endAt"),
        ({"isActive": "yes"}, "isActive"),
        ({"autoClaim": 1}, "autoClaim"),
        ({"banner": "x" * 161}, "banner"),
        ({"banner": "\x00"}, "banner"),
        ({"minAmmount": 10}, "minAmmount"),
        ({"min_amount": 10}, "min_amount"),
        ({"claimedGlobal": 5}, "claimedGlobal"),
        ({"activeHours": {"enabled": False}}, "activeHours"),
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


def test_a_deal_is_made_once_however_often_it_is_sent(client: FlaskClient, admin: dict[str, str]) -> None:
    headers = {**admin, "Idempotency-Key": "k1"}
    first, again = (client.post(URL, json=NEW, headers=headers) for _each in range(2))
    assert (first.status_code, first.data) == (201, again.data)
    other = client.post(URL, json={**NEW, "title": "Other"}, headers=headers)
    assert refused(other, 422)["error"] == "idempotency_mismatch"
    assert db.session.scalar(select(func.count(Deal.promotion_id))) == 1


def test_a_put_changes_what_it_names_and_leaves_the_rest(client: FlaskClient, admin: dict[str, str]) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    url = f"{URL}/{made['id']}"
    changes = {"title": "Autumn", "globalClaimLimit": None, "banner": None, "rewardItems": [GOLD]}
    changed = data_of(client.put(url, json={**changes, "version": 1}, headers=admin))
    assert changed == {**made, **changes, "version": 2}
    assert data_of(client.put(url, json={}, headers=admin)) == changed
    refusal = refused(client.put(url, json={"startAt": WHOLE["endAt"]}, headers=admin), 400)
    assert refusal["fields"].keys() == {"endAt"}
    assert refused(client.put(url, json={"minAmount": None}, headers=admin), 400)["fields"].keys() == {"minAmount"}


def test_whoever_was_slower_is_told_who_changed_what(client: FlaskClient, admin: dict[str, str]) -> None:
    made = make.deal(title="Mine")
    url, rival = f"{URL}/{made.id}", make.bearer(make.user(role="admin", username="rival"))
    faster = {"minAmount": 5, "globalClaimLimit": 9, "claimLimitPerUser": 2, "endAt": NEW["endAt"], "version": 1}
    data_of(client.put(url, json=faster, headers=rival))
    refusal = refused(client.put(url, json={"title": "Slow", "version": 1}, headers=admin), 409)
    assert refusal["error"] == "conflict"
    assert {*refusal["data"].pop("changed")} == faster.keys() - {"version"}
    assert refusal["data"] == {"changedBy": ["rival"], "version": 2}
    assert all(name in refusal["message"] for name in ("rival", "globalClaimLimit", "endAt"))
    assert data_of(client.get(url, headers=admin))["title"] == "Mine"


def test_switching_on_what_is_over_is_refused_naming_what_to_change(client: FlaskClient, admin: dict[str, str]) -> None:
    ended = make.deal(starts_at=NOW - 2 * DAY, ends_at=NOW - DAY, is_active=False)
    taken = make.deal(usage_limit=1)
    make.spend(ADA, 5000, visit=VISIT)
    make.claim(taken, ADA, visit=VISIT)
    for deal, field in ((ended, "endAt"), (taken, "globalClaimLimit")):
        refusal = refused(client.put(f"{URL}/{deal.id}", json={"isActive": True}, headers=admin), 409)
        assert (refusal["error"], refusal["fields"].keys()) == ("conflict", {field})


def test_what_was_claimed_keeps_what_it_was_promised(client: FlaskClient, admin: dict[str, str]) -> None:
    deal = make.deal()
    make.spend(ADA, 5000, visit=VISIT)
    grant = make.claim(deal, ADA, visit=VISIT)
    changes = {"rewardItems": [{"itemId": "gem", "name": "Gem", "amount": 1}], "minAmount": 80}
    changed = data_of(client.put(f"{URL}/{deal.id}", json=changes, headers=admin))
    assert (changed["claimedGlobal"], changed["minAmount"]) == (1, 80)
    told = data_of(client.get("/api/store/grants", headers=admin))["grants"]
    assert [(each["id"], each["items"]) for each in told] == [(grant.id, [GOLD])]


def test_a_deal_without_spend_is_deleted_and_one_with_it_archived(client: FlaskClient, admin: dict[str, str]) -> None:
    used = make.deal().id
    make.spend(ADA, 100, visit=VISIT)
    fresh = make.deal().id
    gone, kept = (client.delete(f"{URL}/{each}", headers=admin) for each in (fresh, used))
    assert (gone.status_code, kept.status_code) == (200, 200)
    assert gone.text != kept.text
    refused(client.get(f"{URL}/{fresh}", headers=admin), 404)
    assert data_of(client.get(f"{URL}/{used}", headers=admin))["status"] == "archived"
    assert db.session.scalars(select(Deal.promotion_id)).all() == [used]
    refused(client.put(f"{URL}/{used}", json={"title": "Again"}, headers=admin), 409)
    refused(client.delete(f"{URL}/{used}", headers=admin), 409)


def test_every_change_stands_in_the_log(client: FlaskClient) -> None:
    root = make.user(role="admin")
    root_id, headers = root.id, make.bearer(root)
    made = data_of(client.post(URL, json=NEW, headers=headers), 201)["id"]
    client.put(f"{URL}/{made}", json={"title": "Other"}, headers=headers)
    client.put(f"{URL}/{made}", json={"title": "Other"}, headers=headers)
    client.delete(f"{URL}/{made}", headers=headers)
    actions = ("promotion.created", "promotion.changed", "promotion.deleted")
    assert log_of(made) == [(action, root_id) for action in actions]


def test_a_list_is_searched_narrowed_and_parted(client: FlaskClient, admin: dict[str, str]) -> None:
    for number in range(5):
        make.deal(title=f"Rush {number}", display_order=number // 4)
    make.deal(title="100% off_season", is_active=False)
    make.discount(title="No deal")

    def titles(query: str) -> tuple[list[str], int]:
        found = data_of(client.get(f"{URL}?{query}", headers=admin))
        return [each["title"] for each in found["deals"]], found["total"]

    assert titles("") == (["100% off_season", "Rush 3", "Rush 2", "Rush 1", "Rush 0", "Rush 4"], 6)
    assert titles("limit=2&offset=1") == (["Rush 3", "Rush 2"], 6)
    assert titles("limit=4&page=2") == (["Rush 0", "Rush 4"], 6)
    assert titles("search=rUSH+4") == (["Rush 4"], 1)
    assert titles("search=100%25") == (["100% off_season"], 1)
    assert titles("isActive=false") == (["100% off_season"], 1)
    assert titles("status=inactive") == (["100% off_season"], 1)
    assert titles("status=active&limit=1") == (["Rush 3"], 5)
    assert titles("status=archived") == ([], 0)
    assert refused(client.get(f"{URL}?serach=x", headers=admin), 400)["fields"].keys() == {"serach"}


def test_a_list_costs_the_same_however_long_it_is(client: FlaskClient, admin: dict[str, str]) -> None:
    for _each in range(30):
        make.deal()
    with count_statements() as sent:
        data_of(client.get(f"{URL}?limit=100", headers=admin))
    assert len(sent) <= 4, sent


def test_progress_says_how_far_everybody_has_come(client: FlaskClient, admin: dict[str, str]) -> None:
    deal = make.deal(bonus_type="recurrent", per_user_limit=3)
    bo = make.user(username="bob").person
    make.spend(ADA, 12_345, visit=VISIT)
    make.spend(bo, 2000)
    make.deliver(make.claim(deal, ADA, visit=VISIT))
    told = data_of(client.get(f"{URL}/{deal.id}/progress", headers=admin))
    ada = {"username": "Ada", "spent": 123.45, "progress": 1, "claimCount": 1, "claimable": 1, "claimedIngame": 1}
    other = {"username": "bob", "spent": 20, "progress": 0.4, "claimCount": 0, "claimable": 0, "claimedIngame": 0}
    assert told == {"progress": [ada, other], "total": 2}
    make.claim(deal, ADA, visit=VISIT)
    again = data_of(client.get(f"{URL}/{deal.id}/progress?search=AD&limit=1", headers=admin))
    waiting = {"progress": 0.469, "claimCount": 2, "claimable": 0, "claimedIngame": 0}
    assert again == {"progress": [{**ada, **waiting}], "total": 1}
    row = db.session.scalars(select(PromotionClaim).where(PromotionClaim.person == ADA.key)).one()
    assert (row.spent_cents, row.claim_count, row.claimed_ingame) == (12_345, 2, False)
    for part in ("offset=1", "limit=1&page=2"):
        assert data_of(client.get(f"{URL}/{deal.id}/progress?{part}", headers=admin)) == {
            "progress": [other],
            "total": 2,
        }
    assert data_of(client.get(f"{URL}/{make.deal().id}/progress", headers=admin)) == {"progress": [], "total": 0}
    assert refused(client.get(f"{URL}/{deal.id}/progress?limit=0", headers=admin), 400)["fields"].keys() == {"limit"}


def test_other_kinds_are_not_to_be_had_here_nor_deals_elsewhere(client: FlaskClient, admin: dict[str, str]) -> None:
    deal, discount = make.deal(), make.discount()
    for url in (f"{URL}/{discount.id}", f"/api/promotions/{deal.id}", f"{URL}/999", f"/api/promotions/{2**40}"):
        for method, body in (("GET", None), ("PUT", {"title": "Mine"}), ("DELETE", None)):
            assert client.open(url, method=method, json=body, headers=admin).status_code == 404, (method, url)
    for number in (discount.id, 999):
        assert client.get(f"{URL}/{number}/progress", headers=admin).status_code == 404
    titles = db.session.scalars(select(Promotion.title)).all()
    assert len(titles) == 2
    assert "Mine" not in titles


def test_an_admin_writes_600_times_a_minute_at_most_and_still_reads(client: FlaskClient) -> None:
    root = make.user(role="admin")
    admin = make.bearer(root)
    for _each in range(LIMITS["admin_writes"] - 1):
        limits.count("admin_writes", f"user:{root.id}")
    made = data_of(client.post(URL, json=NEW, headers=admin), 201)["id"]
    url = f"{URL}/{made}"
    for method, address in (("POST", URL), ("PUT", url), ("DELETE", url)):
        answer = client.open(address, method=method, json=NEW, headers=admin)
        assert (refused(answer, 429)["error"], "Retry-After" in answer.headers) == ("rate_limited", True)
    assert client.get(url, headers=admin).status_code == 200


def test_deals_are_kept_by_admins_only(client: FlaskClient) -> None:
    deal = make.deal(title="Ours")
    calls = [
        ("GET", URL, None),
        ("POST", URL, NEW),
        ("GET", f"{URL}/{deal.id}", None),
        ("PUT", f"{URL}/{deal.id}", {"title": "Mine"}),
        ("DELETE", f"{URL}/{deal.id}", None),
        ("GET", f"{URL}/{deal.id}/progress", None),
    ]
    bearers = [({}, 401), *((make.bearer(make.user(role=role)), 403) for role in ("coach", "client"))]
    bearers.append((make.api_key("read", "activity", "grants", "deposits", "conversions"), 403))
    for headers, status in bearers:
        for method, url, body in calls:
            assert client.open(url, method=method, json=body, headers=headers).status_code == status, (method, url)
    assert db.session.scalars(select(Promotion.title)).all() == ["Ours"]
