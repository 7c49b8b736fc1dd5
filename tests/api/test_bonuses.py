"""Member bonuses, as admins keep them over the API."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.bonuses.models import Bonus
from app.kit import limits
from app.kit.db import db
from app.kit.limits import LIMITS
from app.promotions.models import Promotion
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.counting import count_statements

URL = "/api/v1/admin/promotions"
NOW = make.NOW
DAY = timedelta(days=1)
NEW = {
    "code": "WELCOME100",
    "name": "Welcome",
    "type": "deposit",
    "bonusType": "percentage",
    "bonusValue": 100,
    "validFrom": "2026-03-01T00:00:00Z",
    "validUntil": "2026-04-01T00:00:00Z",
}
WHOLE: dict[str, Any] = {
    **NEW,
    "description": "<p>Twice as much</p>",
    "maxBonus": 499.95,
    "minDeposit": 20,
    "turnoverRequirement": 2.5,
    "maxWithdraw": 1000,
    "applicableGames": ["slots", "of-another-system"],
    "maxUses": 500,
    "maxUsesPerMember": 2,
    "firstDepositOnly": True,
    "cashbackPeriod": None,
    "friendBonus": None,
    "displayOrder": 3,
    "imageUrl": "https://pictures.example/welcome.png",
    "termsAndConditions": "<p>Fair play</p>",
    "autoApply": True,
    "isActive": True,
}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(app: Any) -> Headers:  # noqa: ARG001
    return make.bearer()


def test_everything_that_can_be_said_is_kept_and_told(client: FlaskClient, admin: Headers) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    at = "2026-03-02T12:00:00Z"
    own = {"status": "active", "currentUses": 0, "version": 1, "createdAt": at, "updatedAt": at}
    assert made == {**WHOLE, **own, "id": made["id"]}
    assert data_of(client.get(f"{URL}/{made['id']}", headers=admin)) == made
    row = db.session.get_one(Bonus, made["id"])
    assert (row.bonus_value, row.max_bonus_cents, row.max_withdraw_cents) == (10_000, 49_995, 100_000)
    assert (row.turnover_hundredths, row.first_deposit_only, row.auto_apply) == (250, True, True)
    promotion = db.session.get_one(Promotion, made["id"])
    assert (promotion.kind, promotion.min_amount_cents, promotion.usage_limit) == ("bonus", 2000, 500)
    assert (promotion.per_user_limit, promotion.requires_account) == (2, True)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, {"maxUsesPerMember": 1, "cashbackPeriod": None, "friendBonus": None}),
        ({"maxUsesPerMember": None}, {"maxUsesPerMember": None}),
        ({"type": "freecredit", "bonusType": "fixed"}, {"maxUsesPerMember": 1}),
        ({"type": "freecredit", "bonusType": "fixed", "maxUsesPerMember": None}, {"maxUsesPerMember": None}),
        ({"type": "cashback"}, {"maxUsesPerMember": None, "cashbackPeriod": "month"}),
        ({"type": "cashback", "cashbackPeriod": None}, {"cashbackPeriod": "month"}),
        ({"type": "cashback", "cashbackPeriod": "day"}, {"cashbackPeriod": "day"}),
        ({"type": "referral", "friendBonus": 5}, {"maxUsesPerMember": None, "friendBonus": 5}),
        ({"code": " welcome100 "}, {"code": "WELCOME100"}),
        ({"turnoverRequirement": None, "minDeposit": None}, {"turnoverRequirement": 0, "minDeposit": 0}),
        ({"turnoverRequirement": 100}, {"turnoverRequirement": 100}),
        ({"bonusValue": 1000}, {"bonusValue": 1000}),
        ({"bonusType": "fixed", "bonusValue": 99_999_999.99}, {"bonusValue": 99_999_999.99}),
        ({"applicableGames": "slots, live,,slots ,"}, {"applicableGames": ["slots", "live"]}),
        ({"applicableGames": ""}, {"applicableGames": []}),
        ({"applicableGames": ["slots", "slots"]}, {"applicableGames": ["slots"]}),
        ({"imageUrl": ""}, {"imageUrl": None}),
        ({"maxWithdraw": 0, "maxBonus": 0}, {"maxWithdraw": 0, "maxBonus": 0}),
        ({"validFrom": "2026-03-02T14:00:01+02:00"}, {"validFrom": "2026-03-02T12:00:01Z", "status": "scheduled"}),
        ({"validUntil": "2026-03-02T12:00:00Z"}, {"status": "expired"}),
        ({"isActive": False}, {"status": "inactive", "isActive": False}),
        ({"description": "<script>x</script><b>Hi</b>"}, {"description": "<b>Hi</b>"}),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_is_not_said_is_sensible(
    client: FlaskClient, admin: Headers, said: dict[str, Any], told: dict[str, Any]
) -> None:
    made = data_of(client.post(URL, json={**NEW, **said}, headers=admin), 201)
    left_out = {"maxBonus": None, "minDeposit": 0, "turnoverRequirement": 0, "maxWithdraw": None, "maxUses": None}
    plain = {"applicableGames": [], "firstDepositOnly": False, "displayOrder": 0, "imageUrl": None, "isActive": True}
    more = {"description": "", "termsAndConditions": "", "autoApply": False, "status": "active", "currentUses": 0}
    expected = {**left_out, **plain, **more, **told}
    assert {name: made[name] for name in expected} == expected


def test_the_picture_that_was_uploaded_is_told_where_no_address_was_given(client: FlaskClient, admin: Headers) -> None:
    picture = make.stored_picture()
    made = make.bonus(image=picture)
    url, elsewhere = f"{URL}/{made.id}", "https://pictures.example/a.png"
    told = data_of(client.get(url, headers=admin))["imageUrl"]
    assert told.endswith(f"/media/{picture}-large.webp")
    assert client.get(f"/media/{told.rpartition('/')[2]}").status_code == 200
    same = data_of(client.put(url, json={"imageUrl": told, "name": "Renamed"}, headers=admin))
    assert (same["imageUrl"], same["name"]) == (told, "Renamed")
    assert db.session.get_one(Bonus, made.id, populate_existing=True).image_url is None
    assert data_of(client.put(url, json={"imageUrl": elsewhere}, headers=admin))["imageUrl"] == elsewhere
    assert data_of(client.put(url, json={"imageUrl": None}, headers=admin))["imageUrl"] == told


def test_a_bonus_is_made_once_however_often_it_is_sent(client: FlaskClient, admin: Headers) -> None:
    headers = {**admin, "Idempotency-Key": "k1"}
    first, again = (client.post(URL, json=NEW, headers=headers) for _each in range(2))
    assert (first.status_code, first.data) == (201, again.data)
    other = client.post(URL, json={**NEW, "name": "Other"}, headers=headers)
    assert refused(other, 422)["error"] == "idempotency_mismatch"
    assert db.session.scalar(select(func.count(Bonus.promotion_id))) == 1


def test_a_code_that_is_taken_is_told_at_its_field(client: FlaskClient, admin: Headers) -> None:
    make.discount(code="WELCOME100")
    refusal = refused(client.post(URL, json={**NEW, "code": "welcome100"}, headers=admin), 409)
    assert (refusal["error"], [*refusal["fields"]]) == ("duplicate_code", ["code"])
    assert db.session.scalar(select(func.count(Bonus.promotion_id))) == 0


def test_every_change_stands_in_the_log(client: FlaskClient) -> None:
    root = make.user(role="admin")
    root_id, headers = root.id, make.bearer(root)
    made = data_of(client.post(URL, json=NEW, headers=headers), 201)["id"]
    client.put(f"{URL}/{made}", json={"name": "Other"}, headers=headers)
    client.put(f"{URL}/{made}", json={"name": "Other"}, headers=headers)
    client.patch(f"{URL}/{made}/status", headers=headers)
    client.patch(f"{URL}/{made}/status", json={"isActive": False}, headers=headers)
    client.delete(f"{URL}/{made}", headers=headers)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.entity_id == str(made)).order_by(AuditEntry.id))
    actions = ("promotion.created", "promotion.changed", "promotion.changed", "promotion.deleted")
    assert [(each.action, each.actor_id) for each in entries] == [(action, root_id) for action in actions]


def test_a_list_is_searched_narrowed_and_parted(client: FlaskClient, admin: Headers) -> None:
    for number in range(5):
        make.bonus(title=f"Rush {number}", code=f"FAST{number}", display_order=number // 4)
    make.free_credit(title="100% off_season", is_active=False)
    make.discount(title="No bonus")

    def names(query: str) -> tuple[list[str], int]:
        found = data_of(client.get(f"{URL}?{query}", headers=admin))
        return [each["name"] for each in found["promotions"]], found["total"]

    assert names("") == (["100% off_season", "Rush 3", "Rush 2", "Rush 1", "Rush 0", "Rush 4"], 6)
    assert names("limit=2&offset=1") == (["Rush 3", "Rush 2"], 6)
    assert names("limit=4&page=2") == (["Rush 0", "Rush 4"], 6)
    assert names("search=rUSH+4") == (["Rush 4"], 1)
    assert names("search=fast2") == (["Rush 2"], 1)
    assert names("search=100%25") == (["100% off_season"], 1)
    assert names("type=freecredit") == (["100% off_season"], 1)
    assert names("type=deposit&limit=1") == (["Rush 3"], 5)
    assert names("type=referral") == ([], 0)
    assert names("isActive=false") == (["100% off_season"], 1)
    assert names("status=inactive&type=deposit") == ([], 0)
    assert names("status=active&limit=1") == (["Rush 3"], 5)
    assert names("status=archived") == ([], 0)
    for wrong in ("is_active=true", "limit=101", "status=new", "type=discount", "page=0", "kind=bonus"):
        refusal = refused(client.get(f"{URL}?{wrong}", headers=admin), 400)
        assert refusal["fields"].keys() == {wrong.partition("=")[0]}


def test_a_list_costs_the_same_however_long_it_is(client: FlaskClient, admin: Headers) -> None:
    for _each in range(30):
        make.bonus()
    with count_statements() as sent:
        data_of(client.get(f"{URL}?limit=100", headers=admin))
    assert len(sent) <= 4, sent


def test_other_kinds_are_not_to_be_had_here_nor_bonuses_elsewhere(client: FlaskClient, admin: Headers) -> None:
    bonus, others = make.bonus(), [make.deal().id, make.discount().id, make.offer_code().id]
    places = [f"{URL}/{each}" for each in (*others, 999, 999_999_999, 2**40, "\u0661")]
    elsewhere = [f"/api/{each}/{bonus.id}" for each in ("promotions", "v1/admin/deals", "admin/promo-codes")]
    for url in (*places, *elsewhere):
        for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
            assert client.open(url, method=method, json=body, headers=admin).status_code == 404, (method, url)
    for url in places:
        assert client.patch(f"{url}/status", headers=admin).status_code == 404, url
        assert client.get(f"{url}/stats", headers=admin).status_code == 404, url
    assert db.session.scalars(select(Promotion.is_active)).all() == [True] * 4


def test_an_admin_writes_600_times_a_minute_at_most_and_still_reads(client: FlaskClient) -> None:
    root = make.user(role="admin")
    admin = make.bearer(root)
    for _each in range(LIMITS["admin_writes"] - 1):
        limits.count("admin_writes", f"user:{root.id}")
    made = data_of(client.post(URL, json=NEW, headers=admin), 201)["id"]
    url = f"{URL}/{made}"
    for method, address in (("POST", URL), ("PUT", url), ("DELETE", url), ("PATCH", f"{url}/status")):
        answer = client.open(address, method=method, json={}, headers=admin)
        assert (refused(answer, 429)["error"], "Retry-After" in answer.headers) == ("rate_limited", True)
    for address in (URL, url, f"{url}/stats", f"{URL}/stats"):
        assert client.get(address, headers=admin).status_code == 200


def test_bonuses_are_kept_by_admins_only(client: FlaskClient) -> None:
    one = f"{URL}/{make.bonus(title='Ours').id}"
    calls = [
        *(("GET", each, None) for each in (URL, one, f"{one}/stats", f"{URL}/stats")),
        ("POST", URL, NEW),
        ("PUT", one, {"name": "Mine"}),
        ("PATCH", f"{one}/status", {}),
        ("DELETE", one, None),
    ]
    turn_away(client, calls)
    assert db.session.execute(select(Promotion.title, Promotion.is_active)).all() == [("Ours", True)]


def test_what_everybody_is_told_holds_no_bonus(client: FlaskClient, admin: Headers) -> None:
    mia = make.user(username="mia")
    make.deposit(mia, 10_000, make.bonus(code="SECRET", turnover_requirement=1))
    make.discount(code="OPEN", is_public=True)
    for query, headers in (("", {}), ("?username=mia", make.bearer(mia)), ("?username=mia", admin)):
        told = data_of(client.get(f"/api/store/promotions{query}", headers=headers))
        assert ([each["code"] for each in told["promotions"]], told["total"]) == (["OPEN"], 1)
    checked = client.post("/api/promotions/validate", json={"code": "SECRET", "subtotal": 10})
    assert refused(checked, 422)["error"] == "not_found"
    assert data_of(client.get("/api/v1/clients/mia/loyalty", headers=admin))["totalXp"] == 0


def test_a_number_that_json_does_not_know_is_refused(client: FlaskClient, admin: Headers) -> None:
    for field in ("bonusValue", "maxUses", "displayOrder", "turnoverRequirement"):
        for each in ("NaN", "Infinity", "1e400", "-1e400", "9223372036854775808", "\u0661\u0662", '"\u0661\u0662"'):
            text = json.dumps({**NEW, field: "HERE"}).replace('"HERE"', each)
            answer = client.post(URL, data=text.encode(), content_type="application/json", headers=admin)
            assert refused(answer, 400)["fields"].keys() <= {field, "body"}, (field, each)
    assert db.session.scalar(select(func.count(Promotion.id))) == 0
