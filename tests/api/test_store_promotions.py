"""What runs now, for everybody's programs."""

from datetime import timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.persons import Person
from app.deals import service as deals
from app.discounts import service as discounts
from app.kit.db import unit_of_work
from app.promotions import archiving
from tests import make
from tests.counting import count_statements
from tests.processes import environment_of, web

URL = "/api/store/promotions"
DAY = timedelta(days=1)
ADA, VISIT = Person("Ada"), "visit-of-ada"


def codes(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200
    return [each["code"] for each in answer.get_json()["data"]["promotions"]]


@pytest.mark.usefixtures("frozen")
def test_public_codes_that_run_are_listed_in_their_order(client: FlaskClient) -> None:
    make.discount(code="SECRET")
    for fields in (
        {"code": "LATER", "display_order": 2},
        {"code": "OLDER"},
        {"code": "NEWER"},
        {"code": "OFF", "is_active": False},
        {"code": "OVER", "ends_at": make.NOW},
        {"code": "SOON", "starts_at": make.NOW + timedelta(microseconds=1)},
        {"code": "USEDUP", "usage_limit": 1},
    ):
        make.discount(is_public=True, **fields)
    make.use("USEDUP")
    answer = client.get(URL)
    assert codes(answer) == ["NEWER", "OLDER", "LATER"]
    assert answer.get_json()["data"]["total"] == 3
    assert codes(client.get(f"{URL}?limit=1&page=2")) == ["OLDER"]


@pytest.mark.usefixtures("frozen")
def test_each_says_what_it_gives_until_when_and_how_many_are_left(client: FlaskClient) -> None:
    made = make.discount(
        code="TEN",
        title="Ten",
        description="<p>Hi</p>",
        is_public=True,
        usage_limit=3,
        min_amount=12.5,
        ends_at=make.NOW + DAY,
    )
    make.use("TEN")
    data = client.get(URL).get_json()["data"]
    assert data["serverNow"] == "2026-03-02T12:00:00Z"
    assert data["promotions"] == [
        {
            "id": made.id,
            "kind": "discount",
            "title": "Ten",
            "description": "<p>Hi</p>",
            "banner": None,
            "code": "TEN",
            "rewardItems": [],
            "minAmount": 12.5,
            "bonusType": "percentage",
            "startsAt": None,
            "endsAt": "2026-03-03T12:00:00Z",
            "claimsLeft": 2,
        }
    ]


def test_who_holds_the_answer_already_is_told_so_until_anything_changes(client: FlaskClient) -> None:
    made = make.discount(code="TEN", is_public=True, usage_limit=9)
    first = client.get(URL)
    assert (first.headers["Access-Control-Allow-Origin"], first.headers["Cache-Control"]) == ("*", "no-cache")
    assert first.headers["ETag"].startswith('W/"')
    held = {"If-None-Match": first.headers["ETag"]}
    again = client.get(URL, headers=held)
    assert (again.status_code, again.data) == (304, b"")
    assert "Date" in again.headers
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    make.use("TEN")  # a counter, never cached
    assert client.get(URL, headers=held).get_json()["data"]["promotions"][0]["claimsLeft"] == 8
    with unit_of_work():
        discounts.update(made.id, {"title": "Now twelve"}, actor=make.SYSTEM, now=make.NOW)
    assert client.get(URL).get_json()["data"]["promotions"][0]["title"] == "Now twelve"


def test_pages_of_other_sites_may_ask_and_read_refusals_too(client: FlaskClient) -> None:
    asked = client.options(URL, headers={"Origin": "https://game.example", "Access-Control-Request-Method": "GET"})
    assert asked.headers["Access-Control-Allow-Headers"] == "Authorization, If-None-Match"
    for answer in (client.get(URL), client.get(f"{URL}?limit=0"), client.get(f"{URL}?username=ada")):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Expose-Headers"] == "Date, ETag"
    assert "Access-Control-Allow-Origin" not in client.get("/api/promotions").headers


def test_progress_is_told_only_to_those_who_may_read_the_person(client: FlaskClient) -> None:
    make.discount(code="TEN", is_public=True)
    ada = make.user(username="ada")
    assert client.get(f"{URL}?username=ada").status_code == 401
    assert client.get(f"{URL}?username=ada", headers=make.bearer(make.user())).status_code == 403
    for reader in (make.bearer(ada), make.bearer(), make.api_key("read")):
        answer = client.get(f"{URL}?username=ada", headers=reader)
        told = answer.get_json()["data"]["promotions"][0]
        assert (told["spent"], told["progress"], told["claimable"]) == (None, None, None)
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert "spent" not in client.get(URL).get_json()["data"]["promotions"][0]


def test_terms_are_remembered_and_counters_read_fresh(client: FlaskClient) -> None:
    for number in range(5):
        make.discount(code=f"TEN{number}", is_public=True)
        make.deal()
    client.get(URL)
    with count_statements() as sent:
        client.get(URL)
    assert len(sent) == 1, sent
    assert "used_count" in sent[0]


def test_two_web_processes_are_both_right_at_the_next_request_after_any_change(app: Flask, tmp_path: Path) -> None:
    admin = make.bearer()
    body = {"title": "One", "discountCode": "ONE", "discountType": "fixed", "discountValue": 1, "isPublic": True}
    env = environment_of(app)
    with web(env, tmp_path, workers=1) as here, web(env, tmp_path, workers=1) as there:
        assert here.pid != there.pid

        def titles() -> list[list[str]]:
            answers = [requests.get(each.url + URL, timeout=30).json() for each in (here, there)]
            return [[shown["title"] for shown in answer["data"]["promotions"]] for answer in answers]

        assert titles() == [[], []]
        made = requests.post(f"{here.url}/api/promotions", json=body, headers=admin, timeout=30).json()["data"]["id"]
        assert titles() == [["One"], ["One"]]
        one = f"/api/promotions/{made}"
        requests.put(there.url + one, json={"title": "Two"}, headers=admin, timeout=30)
        assert titles() == [["Two"], ["Two"]]
        requests.put(here.url + one, json={"isActive": False}, headers=admin, timeout=30)
        assert titles() == [[], []]
        requests.put(there.url + one, json={"isActive": True, "usageLimit": 1}, headers=admin, timeout=30)
        assert titles() == [["Two"], ["Two"]]
        make.use("ONE")  # the last one, which switches it off
        assert titles() == [[], []]
        requests.put(here.url + one, json={"usageLimit": 2}, headers=admin, timeout=30)
        assert titles() == [["Two"], ["Two"]]
        with unit_of_work():
            archiving.archive(made, actor=make.SYSTEM, now=make.NOW)
        assert titles() == [[], []]


@pytest.mark.usefixtures("frozen")
def test_deals_say_what_they_give_and_how_often_it_is_left(client: FlaskClient) -> None:
    deal = make.deal(
        title="Gold rush", bonus_type="recurrent", usage_limit=3, banner="Only {left} left", min_amount=49.5
    )
    make.deal(title="Free", display_order=1)
    make.spend(ADA, 5000, visit=VISIT)
    make.claim(deal, ADA, visit=VISIT)
    told, free = client.get(URL).get_json()["data"]["promotions"]
    assert told == {
        "id": deal.id,
        "kind": "deal",
        "title": "Gold rush",
        "description": "",
        "banner": "Only {left} left",
        "code": None,
        "rewardItems": [{"itemId": "gold", "name": "Gold", "amount": 100}],
        "minAmount": 49.5,
        "bonusType": "recurrent",
        "startsAt": "2026-03-01T12:00:00Z",
        "endsAt": "2026-03-09T12:00:00Z",
        "claimsLeft": 2,
    }
    assert (free["title"], free["claimsLeft"], free["banner"], free["bonusType"]) == ("Free", None, None, "single")


@pytest.mark.usefixtures("frozen")
def test_deals_that_cannot_be_had_now_are_not_listed(client: FlaskClient) -> None:
    runs, switched_off = make.deal(title="Runs", usage_limit=1), make.deal(title="Off")
    make.deal(title="Soon", starts_at=make.NOW + timedelta(microseconds=1))
    make.deal(title="Over", ends_at=make.NOW)
    kept_on = make.deal(title="Used up, kept on", usage_limit=1, auto_deactivate_on_max_uses=False)

    def titles() -> list[str]:
        return [each["title"] for each in client.get(URL).get_json()["data"]["promotions"]]

    assert titles() == ["Used up, kept on", "Off", "Runs"]
    with unit_of_work():
        deals.change(switched_off.id, {"is_active": False}, actor=make.SYSTEM, now=make.NOW)
    make.spend(ADA, 5000, visit=VISIT)
    for deal in (runs, kept_on):
        make.claim(deal, ADA, visit=VISIT)
    assert titles() == []


@pytest.mark.usefixtures("frozen")
def test_progress_on_deals_is_told_to_whoever_may_read_the_person(client: FlaskClient) -> None:
    deal = make.deal(bonus_type="recurrent")
    ada = make.user(username="ada")
    make.spend(ada.person, 12_345)
    make.spend(Person("bob"), 2500)
    make.claim(deal, ada.person)
    key, asked = make.api_key("read"), f"{URL}?username="

    def told(who: str, headers: dict[str, str]) -> tuple[float, float, int]:
        [shown] = client.get(asked + who, headers=headers).get_json()["data"]["promotions"]
        return shown["spent"], shown["progress"], shown["claimable"]

    for reader in (make.bearer(ada), make.bearer(), key):
        assert told("ADA", reader) == (123.45, 1, 1)
    assert told("bob", key) == (25, 0.5, 0)
    assert told("nobody", key) == (0, 0, 0)
    for refused in (make.bearer(make.user()), make.api_key("grants")):
        assert client.get(f"{asked}ada", headers=refused).status_code == 403
    assert "spent" not in client.get(URL, headers=key).get_json()["data"]["promotions"][0]


@pytest.mark.usefixtures("frozen")
def test_the_tag_changes_with_what_was_spent_and_what_is_left(client: FlaskClient) -> None:
    deal, key = make.deal(usage_limit=9), make.api_key("read")
    addresses = (URL, f"{URL}?username=ada")

    def changed() -> list[bool]:
        held = [client.get(address, headers=key).headers["ETag"] for address in addresses]
        now = [before != after for before, after in zip(tags, held, strict=True)]
        tags[:] = held
        return now

    tags = ["", ""]
    assert changed() == [True, True]
    assert changed() == [False, False]
    make.spend(ADA, 2500, visit=VISIT)
    assert changed() == [False, True]
    make.spend(ADA, 2500, visit=VISIT)
    make.claim(deal, ADA, visit=VISIT)
    assert changed() == [True, True]
    held = {**key, "If-None-Match": tags[1]}
    assert client.get(addresses[1], headers=held).status_code == 304
