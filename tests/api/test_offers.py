"""Offers, as admins keep them over the API."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.kit import limits
from app.kit.db import db
from app.kit.limits import LIMITS
from app.offers.models import Offer
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.counting import count_statements

URL = "/api/admin/offers"
NEW = {"external_id": "survey-7", "name": "Survey about shoes"}
WHOLE = {
    **NEW,
    "description": "Ten questions.",
    "category": "surveys",
    "payout": 2.5,
    "url": "https://offers.example/survey?id=7",
    "is_active": False,
}

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(app: Any) -> Headers:  # noqa: ARG001
    return make.bearer()


def test_everything_that_can_be_said_is_kept_and_told(client: FlaskClient, admin: Headers) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    assert made == {**WHOLE, "id": made["id"], "version": 1}
    assert data_of(client.get(f"{URL}/{made['id']}", headers=admin)) == made
    row = db.session.get_one(Offer, made["id"])
    assert (row.external_id, row.payout_cents, row.is_active, row.created_at) == ("survey-7", 250, False, make.NOW)


def test_what_is_not_said_is_sensible(client: FlaskClient, admin: Headers) -> None:
    made = data_of(client.post(URL, json={**NEW, "external_id": " survey-7 "}, headers=admin), 201)
    empty = {"description": "", "category": "", "payout": 0, "url": "", "is_active": True}
    assert made == {**NEW, **empty, "id": made["id"], "version": 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"external_id": " "}, "external_id"),
        ({"external_id": "x" * 65}, "external_id"),
        ({"external_id": 7}, "external_id"),
        ({"external_id": "a\x00b"}, "external_id"),
        ({"external_id": None}, "external_id"),
        ({"external_id": "a\nb"}, "external_id"),
        ({"external_id": "a\u202eb"}, "external_id"),
        ({"name": "a\u0007b"}, "name"),
        ({"name": "a\u2028b"}, "name"),
        ({"category": "a\tb"}, "category"),
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"category": "x" * 65}, "category"),
        ({"payout": -0.01}, "payout"),
        ({"payout": 0.001}, "payout"),
        ({"payout": "2"}, "payout"),
        ({"payout": 100_000_000}, "payout"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "//offers.example"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://offers.example/a b"}, "url"),
        ({"url": f"https://offers.example/{'x' * 500}"}, "url"),
        ({"is_active": "yes"}, "is_active"),
        ({"externalId": "survey-8"}, "externalId"),
        ({"payout_cents": 5}, "payout_cents"),
        ({"version": 1}, "version"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_will_not_do_is_told_at_its_field(
    client: FlaskClient, admin: Headers, changes: dict[str, Any], field: str
) -> None:
    refusal = refused(client.post(URL, json={**NEW, **changes}, headers=admin), 400)
    assert (refusal["error"], [*refusal["fields"]]) == ("validation_error", [field])
    assert db.session.scalar(select(func.count(Offer.id))) == 0


def test_names_are_written_in_any_script_and_with_spaces_of_any_sort(client: FlaskClient, admin: Headers) -> None:
    written = {
        "external_id": "srv\u00a07",
        "name": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "category": "\U0001f469\u200d\U0001f4bb",
    }
    made = data_of(client.post(URL, json=written, headers=admin), 201)
    assert {name: made[name] for name in written} == written


def test_an_offer_needs_an_id_and_a_name(client: FlaskClient, admin: Headers) -> None:
    assert refused(client.post(URL, json={}, headers=admin), 400)["fields"].keys() == NEW.keys()


def test_an_id_that_is_taken_is_told_at_its_field(client: FlaskClient, admin: Headers) -> None:
    make.offer(external_id="survey-7")
    other = make.offer(external_id="other")
    answers = [
        client.post(URL, json=NEW, headers=admin),
        client.put(f"{URL}/{other.id}", json={"external_id": "survey-7"}, headers=admin),
    ]
    for answer in answers:
        refusal = refused(answer, 409)
        assert (refusal["error"], [*refusal["fields"]]) == ("conflict", ["external_id"])
    assert sorted(db.session.scalars(select(Offer.external_id))) == ["other", "survey-7"]


def test_an_offer_is_made_once_however_often_it_is_sent(client: FlaskClient, admin: Headers) -> None:
    headers = {**admin, "Idempotency-Key": "k1"}
    first, again = (client.post(URL, json=NEW, headers=headers) for _each in range(2))
    assert (first.status_code, first.data) == (201, again.data)
    assert db.session.scalar(select(func.count(Offer.id))) == 1


def test_a_put_changes_what_it_names_and_leaves_the_rest(client: FlaskClient, admin: Headers) -> None:
    made = data_of(client.post(URL, json=WHOLE, headers=admin), 201)
    url = f"{URL}/{made['id']}"
    changes = {"name": "Shoes", "payout": 3, "url": "", "is_active": True}
    changed = data_of(client.put(url, json={**changes, "version": 1}, headers=admin))
    assert changed == {**made, **changes, "version": 2}
    assert data_of(client.put(url, json={"payout": None}, headers=admin))["payout"] == 0
    assert refused(client.put(url, json={"name": None}, headers=admin), 400)["fields"].keys() == {"name"}


def test_whoever_was_slower_is_told_who_changed_what(client: FlaskClient, admin: Headers) -> None:
    made = make.offer(name="Mine")
    url, rival = f"{URL}/{made.id}", make.bearer(make.user(role="admin", username="rival"))
    data_of(client.put(url, json={"external_id": "theirs", "payout": 1, "version": 1}, headers=rival))
    refusal = refused(client.put(url, json={"name": "Slow", "version": 1}, headers=admin), 409)
    facts = {"changed_by": ["rival"], "changed": ["external_id", "payout"], "version": 2}
    assert (refusal["error"], refusal["data"]) == ("conflict", facts)
    assert data_of(client.get(url, headers=admin))["name"] == "Mine"


def test_an_offer_that_something_refers_to_stays(client: FlaskClient, admin: Headers) -> None:
    completed, scoped, unused = make.offer(), make.offer().id, make.offer().id
    make.converted(make.user(), completed)
    make.offer_code(applicable_offers=[scoped])
    for each in (completed.id, scoped):
        assert refused(client.delete(f"{URL}/{each}", headers=admin), 409)["error"] == "conflict"
    gone = client.delete(f"{URL}/{unused}", headers=admin)
    assert (gone.status_code, gone.get_json()["data"]) == (200, None)
    refused(client.delete(f"{URL}/{unused}", headers=admin), 404)
    assert sorted(db.session.scalars(select(Offer.id))) == [completed.id, scoped]


def test_what_is_not_there_is_not_found(client: FlaskClient, admin: Headers) -> None:
    for number in (999, 2**40, "survey-7"):
        for method, body in (("GET", None), ("PUT", {"name": "Mine"}), ("DELETE", None)):
            answer = client.open(f"{URL}/{number}", method=method, json=body, headers=admin)
            assert answer.status_code == 404, (method, number)


def test_every_change_stands_in_the_log(client: FlaskClient) -> None:
    root = make.user(role="admin")
    root_id, headers = root.id, make.bearer(root)
    made = data_of(client.post(URL, json=NEW, headers=headers), 201)["id"]
    client.put(f"{URL}/{made}", json={"name": "Other"}, headers=headers)
    client.put(f"{URL}/{made}", json={"name": "Other"}, headers=headers)
    client.delete(f"{URL}/{made}", headers=headers)
    found = select(AuditEntry).where(AuditEntry.entity == "offer", AuditEntry.entity_id == str(made))
    entries = db.session.scalars(found.order_by(AuditEntry.id)).all()
    actions = ("offer.created", "offer.changed", "offer.deleted")
    assert [(each.action, each.actor_id) for each in entries] == [(action, root_id) for action in actions]


def test_a_list_is_searched_narrowed_and_parted(client: FlaskClient, admin: Headers) -> None:
    for name in ("Zebra", "Apple", "Mango"):
        make.offer(name=name, category="fruit" if name != "Zebra" else "zoo")
    make.offer(name="100% off_season", external_id="season", is_active=False)

    def names(query: str) -> tuple[list[str], int]:
        found = data_of(client.get(f"{URL}?{query}", headers=admin))
        return [each["name"] for each in found["offers"]], found["total"]

    assert names("") == (["100% off_season", "Mango", "Apple", "Zebra"], 4)
    assert names("limit=2&offset=1") == (["Mango", "Apple"], 4)
    assert names("limit=3&page=2") == (["Zebra"], 4)
    assert names("search=mANG") == (["Mango"], 1)
    assert names("search=SEAS") == (["100% off_season"], 1)
    assert names("search=100%25") == (["100% off_season"], 1)
    assert names("category=fruit") == (["Mango", "Apple"], 2)
    assert names("is_active=0") == (["100% off_season"], 1)
    for wrong in ("isActive=true", "limit=0", "serach=x"):
        refusal = refused(client.get(f"{URL}?{wrong}", headers=admin), 400)
        assert refusal["fields"].keys() == {wrong.partition("=")[0]}


def test_a_list_costs_the_same_however_long_it_is(client: FlaskClient, admin: Headers) -> None:
    for _each in range(30):
        make.offer()
    with count_statements() as sent:
        data_of(client.get(f"{URL}?limit=100", headers=admin))
    assert len(sent) <= 2, sent


def test_an_admin_writes_600_times_a_minute_at_most_and_still_reads(client: FlaskClient) -> None:
    root, offer = make.user(role="admin"), make.offer(name="Ours")
    admin = make.bearer(root)
    for _each in range(LIMITS["admin_writes"]):
        limits.count("admin_writes", f"user:{root.id}")
    url = f"{URL}/{offer.id}"
    for method, address in (("POST", URL), ("PUT", url), ("DELETE", url)):
        answer = client.open(address, method=method, json=NEW, headers=admin)
        assert (refused(answer, 429)["error"], "Retry-After" in answer.headers) == ("rate_limited", True)
    assert client.get(url, headers=admin).status_code == 200


def test_offers_are_kept_by_admins_only(client: FlaskClient) -> None:
    one = f"{URL}/{make.offer(name='Ours').id}"
    changes = {"name": "Mine"}
    turn_away(
        client,
        [("GET", URL, None), ("POST", URL, NEW), ("GET", one, None), ("PUT", one, changes), ("DELETE", one, None)],
    )
    assert db.session.scalars(select(Offer.name)).all() == ["Ours"]


def test_what_is_too_little_is_told_in_a_sentence_that_fits(client: FlaskClient, admin: Headers) -> None:
    empty = refused(client.post(URL, json={**NEW, "name": ""}, headers=admin), 400)
    assert empty["fields"] == {"name": ["Please fill this in."]}
    for query, sentence in (
        ("offset=-1", "Please give at least 0."),
        ("page=0", "Please give at least 1."),
        ("limit=-5", "Please give at least 1."),
        ("limit=99999999999", "Please give at most 100."),
        ("offset=--1", "Please give a whole number."),
    ):
        refusal = refused(client.get(f"{URL}?{query}", headers=admin), 400)
        assert refusal["fields"] == {query.partition("=")[0]: [sentence]}
