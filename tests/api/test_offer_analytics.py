"""What offer codes have come to, as admins ask over the API."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts import desk
from app.accounts import service as accounts
from app.kit.db import unit_of_work
from app.offers import catalogue, editing
from app.offers.models import OfferCode
from tests import make
from tests.api.calling import Headers, data_of, refused, turn_away
from tests.counting import count_statements

URL = "/api/admin/promo-codes"
NOW = make.NOW

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(app: Any) -> Headers:  # noqa: ARG001
    return make.bearer()


@pytest.fixture
def code(app: Any) -> OfferCode:  # noqa: ARG001
    """BONUS10, by which Mia has earned three times, and Leo once: for two surveys and a game; one was reversed."""
    made = make.offer_code(code="BONUS10")
    mia, leo = (make.user(username=name, email=f"{name}@example.com") for name in ("mia", "leo"))
    survey, game = make.offer(name="Survey"), make.offer(name="Game")
    make.applied(mia, made)
    make.applied(leo, made)
    make.converted(mia, survey, payout_cents=1250, conversion_id="c-1")
    make.converted(leo, survey, payout_cents=2005, conversion_id="c-2", now=NOW + timedelta(minutes=1))
    make.converted(mia, game, payout_cents=4000, conversion_id="net/3", now=NOW + timedelta(minutes=2))
    make.converted(mia, survey, payout_cents=100, conversion_id="c-4", now=NOW + timedelta(minutes=3))
    make.reversed_again(make.converted(leo, game, conversion_id="c-5"))
    make.converted(make.user(), game, conversion_id="c-6")
    return made


def test_offer_by_offer_the_most_used_first(client: FlaskClient, admin: Headers, code: OfferCode) -> None:
    told = data_of(client.get(f"{URL}/{code.id}/offer-analytics", headers=admin))
    survey, game = told["offer_breakdown"]
    assert told.keys() == {"code", "total_uses", "offer_breakdown"}
    assert (told["code"], told["total_uses"]) == ("BONUS10", 4)
    assert survey == {
        "offer_id": survey["offer_id"],
        "offer_name": "Survey",
        "uses": 3,
        "total_bonus": 3.36,
        "unique_users": 2,
    }
    assert game == {"offer_id": game["offer_id"], "offer_name": "Game", "uses": 1, "total_bonus": 4, "unique_users": 1}


def test_a_code_that_earned_nothing_yet_has_nothing_to_tell(client: FlaskClient, admin: Headers) -> None:
    url = f"{URL}/{make.offer_code(code='FRESH').id}"
    told = data_of(client.get(f"{url}/offer-analytics", headers=admin))
    assert told == {"code": "FRESH", "total_uses": 0, "offer_breakdown": []}
    told = data_of(client.get(f"{url}/user-applications", headers=admin))
    assert told == {"applications": [], "total": 0, "page": 1, "limit": 20}


def test_who_has_earned_newest_first(client: FlaskClient, admin: Headers, code: OfferCode) -> None:
    told = data_of(client.get(f"{URL}/{code.id}/user-applications?page=1&limit=20", headers=admin))
    assert told.keys() == {"applications", "total", "page", "limit"}
    assert (told["total"], told["page"], told["limit"]) == (4, 1, 20)
    assert [each["conversion_id"] for each in told["applications"]] == ["c-4", "net/3", "c-2", "c-1"]
    leos = told["applications"][2]
    assert leos == {
        "user_id": leos["user_id"],
        "username": "leo",
        "email": "leo@example.com",
        "offer_id": leos["offer_id"],
        "offer_name": "Survey",
        "applied_at": "2026-03-02T12:01:00Z",
        "bonus_earned": 2.01,
        "conversion_id": "c-2",
    }


def test_the_list_is_parted_and_searched(client: FlaskClient, admin: Headers, code: OfferCode) -> None:
    def found(query: str) -> tuple[list[str], int, int, int]:
        told = data_of(client.get(f"{URL}/{code.id}/user-applications?{query}", headers=admin))
        ids = [each["conversion_id"] for each in told["applications"]]
        return ids, told["total"], told["page"], told["limit"]

    assert found("limit=3") == (["c-4", "net/3", "c-2"], 4, 1, 3)
    assert found("page=2&limit=3") == (["c-1"], 4, 2, 3)
    assert found("page=9&limit=3") == ([], 4, 9, 3)
    assert found("search=LEO") == (["c-2"], 1, 1, 20)
    assert found("search=game") == (["net/3"], 1, 1, 20)
    assert found("search=mia@example&limit=2") == (["c-4", "net/3"], 3, 1, 2)
    assert found("search=c-1") == (["c-1"], 1, 1, 20)
    assert found("search=%25") == ([], 0, 1, 20)
    for wrong in ("page=0", "limit=101", "limit=x", "offer=1", "offset=2"):
        refusal = refused(client.get(f"{URL}/{code.id}/user-applications?{wrong}", headers=admin), 400)
        assert refusal["fields"].keys() == {wrong.partition("=")[0]}


def test_an_offer_renamed_since_is_told_as_now_in_sums_and_as_then_in_the_list(
    client: FlaskClient, admin: Headers, code: OfferCode
) -> None:
    url = f"{URL}/{code.id}"
    first = data_of(client.get(f"{url}/offer-analytics", headers=admin))["offer_breakdown"][0]
    with unit_of_work():
        catalogue.change(first["offer_id"], {"name": "Poll"}, actor=make.SYSTEM, now=NOW)
    again = data_of(client.get(f"{url}/offer-analytics", headers=admin))["offer_breakdown"][0]
    assert again == {**first, "offer_name": "Poll"}
    listed = data_of(client.get(f"{url}/user-applications", headers=admin))["applications"]
    assert {each["offer_name"] for each in listed} == {"Survey", "Game"}


def test_nobody_is_told_a_mail_address_of_whom_it_was_taken(
    client: FlaskClient, admin: Headers, code: OfferCode
) -> None:
    url, leo = f"{URL}/{code.id}/user-applications", accounts.find("leo")
    assert leo is not None
    with unit_of_work():
        desk.anonymise(leo.id, actor=make.SYSTEM, now=NOW)
    listed = data_of(client.get(url, headers=admin))["applications"]
    assert [each["email"] for each in listed] == ["mia@example.com", "mia@example.com", "", "mia@example.com"]
    assert data_of(client.get(f"{url}?search=invalid", headers=admin))["total"] == 0


def test_an_archived_code_still_tells(client: FlaskClient, admin: Headers, code: OfferCode) -> None:
    with unit_of_work():
        assert not editing.remove(code.id, make.SYSTEM, NOW)
    assert data_of(client.get(f"{URL}/{code.id}/offer-analytics", headers=admin))["total_uses"] == 4
    assert data_of(client.get(f"{URL}/{code.id}/user-applications", headers=admin))["total"] == 4


def test_it_costs_the_same_however_much_there_is(client: FlaskClient, admin: Headers, code: OfferCode) -> None:
    mia, url = make.user(), f"{URL}/{code.id}"
    make.applied(mia, "BONUS10")
    for _each in range(12):
        make.converted(mia, make.offer())
    for path, most in (("offer-analytics", 3), ("user-applications?limit=100&search=e", 4)):
        with count_statements() as sent:
            data_of(client.get(f"{url}/{path}", headers=admin))
        assert len(sent) <= most, sent


def test_other_kinds_have_no_analytics_here(client: FlaskClient, admin: Headers) -> None:
    for number in (make.discount().id, make.deal().id, 999, 2**40):
        for path in ("offer-analytics", "user-applications"):
            assert client.get(f"{URL}/{number}/{path}", headers=admin).status_code == 404, (number, path)


def test_only_admins_are_told(client: FlaskClient, code: OfferCode) -> None:
    turn_away(client, [("GET", f"{URL}/{code.id}/{path}", None) for path in ("offer-analytics", "user-applications")])
