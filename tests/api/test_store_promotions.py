"""What runs now, for everybody's programs."""

from datetime import timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.discounts import service as discounts
from app.kit.db import unit_of_work
from app.promotions import archiving
from tests import make
from tests.counting import count_statements
from tests.processes import environment_of, web

URL = "/api/store/promotions"
DAY = timedelta(days=1)


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
        assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "spent" not in client.get(URL).get_json()["data"]["promotions"][0]


def test_terms_are_remembered_and_counters_read_fresh(client: FlaskClient) -> None:
    for number in range(5):
        make.discount(code=f"TEN{number}", is_public=True)
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
