"""What people have claimed, as the game server picks it up."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts import tokens
from app.accounts.models import ApiKey
from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.deals import books
from app.deals.models import Grant, PromotionClaim
from app.kit import limits
from app.kit.db import db, unit_of_work
from app.kit.limits import LIMITS
from app.orders import service as orders
from tests import make

URL = "/api/store/grants"
GOLD = {"itemId": "gold", "name": "Gold", "amount": 100}
ADA, BO, VISIT = Person("Ada"), Person("bo"), "visit-of-both"

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def game(app: Any) -> dict[str, str]:  # noqa: ARG001
    return make.api_key("grants")


def told(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    data: dict[str, Any] = answer.json["data"]
    return data


def numbers(client: FlaskClient, game: dict[str, str], query: str = "") -> tuple[list[int], int]:
    data = told(client.get(f"{URL}?{query}", headers=game))
    return [each["id"] for each in data["grants"]], data["total"]


def rows() -> list[tuple[int, str, bool]]:
    db.session.expire_all()
    found = db.session.scalars(select(Grant).order_by(Grant.id))
    return [(each.id, each.status, each.delivered_at is not None) for each in found]


def three_grants() -> list[Grant]:
    """Two of Ada's, one of Bo's."""
    deal = make.deal(title="Gold rush", bonus_type="recurrent")
    make.spend(ADA, 10_000, visit=VISIT)
    make.spend(BO, 5000, visit=VISIT)
    return [make.claim(deal, who, visit=VISIT) for who in (ADA, BO, ADA)]


def test_what_waits_is_told_newest_first_until_it_is_handed_out(client: FlaskClient, game: dict[str, str]) -> None:
    first, second, third = three_grants()
    pending = told(client.get(f"{URL}?status=pending", headers=game))
    assert pending["total"] == 3
    assert [each["id"] for each in pending["grants"]] == [third.id, second.id, first.id]
    ours = {
        "id": second.id,
        "username": "bo",
        "dealTitle": "Gold rush",
        "items": [GOLD],
        "status": "pending",
        "createdAt": "2026-03-02T12:00:00Z",
    }
    assert pending["grants"][1] == ours
    done = told(client.post(f"{URL}/{second.id}/delivered", headers=game))
    assert done == {**ours, "status": "delivered"}
    assert numbers(client, game, "status=pending") == ([third.id, first.id], 2)
    assert rows() == [(first.id, "pending", False), (second.id, "delivered", True), (third.id, "pending", False)]
    bo = db.session.scalars(select(PromotionClaim).where(PromotionClaim.person == BO.key)).one()
    assert bo.claimed_ingame


def test_telling_twice_that_it_was_handed_out_is_fine(client: FlaskClient, game: dict[str, str]) -> None:
    grant = three_grants()[0]
    first, again = (client.post(f"{URL}/{grant.id}/delivered", json={}, headers=game) for _each in range(2))
    assert (first.status_code, first.data) == (200, again.data)
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "grant.delivered")).all()
    assert [(each.entity_id, each.actor_label) for each in noted] == [(str(grant.id), "key A program")]
    assert not books.faults()


def test_what_was_taken_back_is_not_handed_out(client: FlaskClient, game: dict[str, str]) -> None:
    deal = make.deal()
    invoice = make.spend(ADA, 5000, visit=VISIT)
    grant = make.claim(deal, ADA, visit=VISIT)
    with unit_of_work():
        orders.refund(invoice.number, None, key="k", actor=SYSTEM, now=make.NOW)
    answer = client.post(f"{URL}/{grant.id}/delivered", headers=game)
    assert (answer.status_code, answer.get_json()["error"]) == (409, "conflict")
    assert rows() == [(grant.id, "revoked", False)]
    assert numbers(client, game, "status=pending") == ([], 0)
    assert numbers(client, game, "status=revoked") == ([grant.id], 1)


def test_what_was_never_granted_is_not_found(client: FlaskClient, game: dict[str, str]) -> None:
    for number in (999, 2**40, "none"):
        assert client.post(f"{URL}/{number}/delivered", headers=game).status_code == 404


def test_grants_are_narrowed_and_parted(client: FlaskClient, game: dict[str, str]) -> None:
    first, second, third = (each.id for each in three_grants())
    client.post(f"{URL}/{first}/delivered", headers=game)
    assert numbers(client, game) == ([third, second, first], 3)
    assert numbers(client, game, "username=ADA") == ([third, first], 2)
    assert numbers(client, game, "username=ad") == ([], 0)
    assert numbers(client, game, "username=ada&status=pending") == ([third], 1)
    assert numbers(client, game, "status=delivered") == ([first], 1)
    assert numbers(client, game, "limit=1&offset=1") == ([second], 3)
    assert numbers(client, game, "limit=2&page=2") == ([first], 3)
    for query in ("status=new", "limit=101", "user=ada", "username="):
        answer = client.get(f"{URL}?{query}", headers=game)
        assert (answer.status_code, [*answer.get_json()["fields"]]) == (400, [query.partition("=")[0]])
    answer = client.post(f"{URL}/{third}/delivered", json={"at": "now"}, headers=game)
    assert (answer.status_code, [*answer.get_json()["fields"]]) == (400, ["at"])


def test_only_the_game_and_admins_pick_them_up(client: FlaskClient) -> None:
    grant = three_grants()[0]
    others = make.api_key("read", "activity", "deposits", "conversions")
    refused = [({}, 401), (others, 403), *((make.bearer(make.user(role=role)), 403) for role in ("coach", "client"))]
    refused.append(({"Authorization": "Bearer laurel_guessed"}, 401))
    for headers, status in refused:
        assert client.get(URL, headers=headers).status_code == status
        assert client.post(f"{URL}/{grant.id}/delivered", headers=headers).status_code == status
    assert rows()[0] == (grant.id, "pending", False)
    assert client.post(f"{URL}/{grant.id}/delivered", headers=make.bearer()).status_code == 200


def test_a_key_that_has_ended_picks_up_nothing(client: FlaskClient, frozen: Any) -> None:
    grant = three_grants()[0]
    admin = make.user(role="admin")
    with unit_of_work():
        _key, secret = tokens.make_key(
            "Old", ["grants"], made_by=admin, expires_at=make.NOW + timedelta(hours=1), now=make.NOW
        )
    game = {"Authorization": f"Bearer {secret}"}
    assert client.get(URL, headers=game).status_code == 200
    frozen.shift(timedelta(hours=1))
    assert client.get(URL, headers=game).status_code == 401
    assert client.post(f"{URL}/{grant.id}/delivered", headers=game).status_code == 401
    assert rows()[0] == (grant.id, "pending", False)


def test_a_game_asks_600_times_a_minute_at_most(client: FlaskClient, game: dict[str, str]) -> None:
    grant = three_grants()[0]
    key_id = db.session.scalars(select(ApiKey.id)).one()
    for _each in range(LIMITS["api_key"]):
        limits.count("api_key", str(key_id))
    answer = client.post(f"{URL}/{grant.id}/delivered", headers=game)
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
    assert rows()[0] == (grant.id, "pending", False)
