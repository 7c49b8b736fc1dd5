"""What is done with promotions beside editing: filtered, ended, archived, copied, shared, counted."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.kit.db import db, unit_of_work
from app.promotions import listing
from app.promotions import service as promotions
from app.promotions.models import ArchivedPromotion, Promotion
from tests import make
from tests.counting import count_statements

HTMX = {"HX-Request": "true"}
DAY = timedelta(days=1)
SignIn = Callable[..., None]


@pytest.fixture(autouse=True)
def _admin(client: FlaskClient, sign_in: SignIn, frozen: object) -> None:  # noqa: ARG001
    sign_in(client, make.user(role="admin", username="root"))


def fresh(promotion_id: int) -> Promotion:
    db.session.rollback()
    return listing.one(promotion_id).promotion


def text_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(unescape(answer.text).split())


def test_the_list_is_filtered_by_kind_type_and_group(client: FlaskClient) -> None:
    make.discount(title="A tenth off")
    make.discount(title="Five off", discount_type="fixed", discount_value=5)
    for query, shown in (
        ("type=fixed", (False, True)),
        ("type=percentage&kind=discount", (True, False)),
        ("kind=discount", (True, True)),
        ("group=store", (True, True)),
        ("type=nonsense&kind=nonsense&group=nonsense", (True, True)),
    ):
        page = client.get(f"/admin/promotions?{query}").text
        assert ("A tenth off" in page, "Five off" in page) == shown, query
    page = client.get("/admin/promotions?group=store").text
    assert "<h1" in page
    assert "Deals & Promotions</h1>" in unescape(page)
    assert page.count('aria-current="page">') >= 2
    assert text_of(client, "/admin/promotions?group=members").count("No promotions yet") == 1


def test_the_figures_above_the_list_are_of_the_kind_that_it_shows(client: FlaskClient) -> None:
    for title in ("One", "Two"):
        make.discount(title=title)
    make.deal()
    for query, count in (("", 3), ("kind=discount", 2), ("kind=deal", 1), ("group=store&kind=deal", 1)):
        for headers in ({}, HTMX):
            tiles = client.get(f"/admin/promotions?{query}", headers=headers).text.split('id="promotion-overview"')[1]
            assert re.findall(r"stat-tile-value[^>]*>(\d+)<", tiles)[:2] == [str(count)] * 2, query


def test_codes_are_exported_from_a_list_only_where_there_are_some(client: FlaskClient) -> None:
    make.deal(title="Spring rush", bonus_type="recurrent")
    make.discount(title="Spring off")
    for query, is_offered in (
        ("q=spring", True),
        ("q=spring&kind=discount", True),
        ("q=spring&group=store&type=percentage", True),
        ("q=spring&kind=deal", False),
        ("q=spring&type=recurrent", False),
        ("kind=discount", False),
    ):
        assert ("Export these codes" in client.get(f"/admin/promotions?{query}").text) is is_offered, query


def test_what_is_done_in_a_filtered_list_leads_back_to_it(client: FlaskClient) -> None:
    made = make.discount(title="Spring")
    address = f"/admin/promotions/{made.id}/archive?q=spring&group=store&type=percentage"
    assert client.post(address).location == "/admin/promotions?q=spring&group=store&type=percentage"


def test_one_is_ended_at_once_and_told_when_it_cannot_be(client: FlaskClient) -> None:
    running, early = make.discount(title="Running").id, make.discount(title="Early", starts_at=make.NOW + DAY).id
    answer = client.post(f"/admin/promotions/{running}/expire", headers=HTMX)
    assert "Running has ended. A later end opens it again." in answer.headers["HX-Trigger"]
    assert (fresh(running).ends_at, fresh(running).status(make.NOW)) == (make.NOW, "expired")
    client.post(f"/admin/promotions/{early}/expire")
    assert "It hasn't started yet, so it can't end." in text_of(client, "/admin/promotions")
    assert fresh(early).ends_at is None
    assert "ended it" in text_of(client, f"/admin/promotions/{running}")


def test_what_has_ended_has_no_switch_before_the_upkeep_has_closed_it_and_after(client: FlaskClient) -> None:
    over = make.discount(title="Over", ends_at=make.NOW).id, make.deal(title="Rush", ends_at=make.NOW).id
    for _before_and_after in range(2):
        page = text_of(client, "/admin/promotions")
        assert page.count("</svg>Edit</a>") == 2
        assert "/active" not in page
        for each in over:
            with unit_of_work():
                promotions.close_ended(each, make.NOW)
    assert [fresh(each).is_active for each in over] == [False, False]
    make.discount(title="Running")
    assert text_of(client, "/admin/promotions").count("Switch off") == 1


def test_one_is_archived_with_a_snapshot_and_shown_as_it_was(client: FlaskClient) -> None:
    made = make.discount(title="Ten off", code="TEN")
    assert client.post(f"/admin/promotions/{made.id}/archive").status_code == 303
    assert "Ten off was archived." in text_of(client, "/admin/promotions")
    kept = db.session.get(ArchivedPromotion, made.id)
    assert kept is not None
    assert kept.snapshot["code"] == "TEN"
    assert "Ten off" not in client.get("/admin/promotions").text
    assert "Ten off" in client.get("/admin/promotions?status=archived").text
    for verb in ("archive", "expire", "active"):  # it stays as it is
        client.post(f"/admin/promotions/{made.id}/{verb}", data={"is_active": "1"})
        assert "This promotion is archived and stays as it is." in text_of(client, "/admin/promotions")
    for page in ("", "/statistics", "/people"):
        assert client.get(f"/admin/promotions/{made.id}{page}").status_code == 200
    assert client.get(f"/admin/promotions/{made.id}/share").status_code == 404


def test_a_copy_begins_with_all_but_name_and_code_and_keeps_nothing_before_it_is_sent(client: FlaskClient) -> None:
    made = make.discount(title="Ten off", code="TEN", min_amount=12.5, usage_limit=7, is_active=False)
    page = text_of(client, f"/admin/promotions/new?copy={made.id}")
    for value in ("Copy of Ten off", "12.50", "7"):
        assert f'value="{value}"' in page
    assert 'value="TEN"' not in page
    assert discounts.listing(now=make.NOW).total == 1
    over = make.discount(ends_at=make.NOW - DAY)  # a window that is over isn't copied
    assert "2026-03-0" not in client.get(f"/admin/promotions/new?copy={over.id}").text.split("ends_on")[1][:300]
    assert client.get("/admin/promotions/new?copy=999").status_code == 404


def test_a_picture_is_kept_shown_on_the_card_and_taken_out_again(client: FlaskClient) -> None:
    typed = {
        "title": "With a picture",
        "code": "PIC",
        "discount_type": "fixed",
        "discount_value": "5",
        "hours_timezone": "UTC",
        "opens_at": "00:00",
        "closes_at": "23:59",
        "display_order": "0",
        "is_active": "y",
    }
    picture = (BytesIO(make.image_file()), "picture.png")
    wrong = client.post("/admin/promotions/new?kind=discount", data={**typed, "code": "!", "picture": picture})
    assert wrong.status_code == 400
    name = unescape(wrong.text).split('name="image"')[1].split('value="')[1].split('"')[0]
    assert name  # what was chosen is stored, though the code is wrong
    assert client.post("/admin/promotions/new?kind=discount", data={**typed, "image": name}).status_code == 303
    made = discounts.listing(now=make.NOW).items[0]
    assert made.promotion.image == name
    page = client.get("/admin/promotions").text
    assert f"/media/{name}" in page
    assert 'loading="lazy"' in page
    assert "width=" in page.split('class="photo"')[1].split(">")[0]
    gone = {**typed, "version": "1", "image": name, "no_picture": "y"}
    assert client.post(f"/admin/promotions/{made.id}", data=gone).status_code == 303
    assert fresh(made.id).image is None


def test_statistics_tell_uses_by_day_and_what_came_back(client: FlaskClient) -> None:
    made = make.discount(code="TEN", usage_limit=9)
    page = text_of(client, f"/admin/promotions/{made.id}/statistics")
    assert "Nobody has used it yet" in page
    invoice = make.use("TEN", person=Person("Ada"))
    make.use("TEN", person=Person("Ben"))
    with unit_of_work():
        discounts.give_back(invoice, make.NOW)
    page = text_of(client, f"/admin/promotions/{made.id}/statistics")
    assert "<td>1, worth $2.00</td>" in page
    assert "of 9" in page
    sheet = client.get(f"/admin/promotions/{made.id}/statistics", headers=HTMX).text
    assert "<dialog" in sheet
    assert "<html" not in sheet


def test_people_are_listed_with_what_they_used_and_may_still(client: FlaskClient) -> None:
    ada = make.user(username="ada")
    made = make.discount(code="TEN", per_user_limit=2)
    for person in (ada.person, ada.person, Person("Ben")):
        make.use("TEN", person=person)
    page = text_of(client, f"/admin/promotions/{made.id}/people")
    assert page.index("ada") < page.index("ben")
    for told in ("2 of 2", "none left", "1 of 2", "without an account", "$4.00"):
        assert told in page
    assert "ben" not in text_of(client, f"/admin/promotions/{made.id}/people?q=AD")
    assert "ada" not in client.get(f"/admin/promotions/{made.id}/people?q=be", headers=HTMX).text
    assert "Nobody here fits" in text_of(client, f"/admin/promotions/{made.id}/people?q=zz_%")
    lines = client.get(f"/admin/promotions/{made.id}/people.csv").text.splitlines()
    assert lines[0].endswith("person,account,uses,left,given_back,value,last_use")
    assert lines[1:] == [
        "ada,yes,2,0,0,4.00,2026-03-02T12:00:00+00:00",
        "ben,no,1,1,0,2.00,2026-03-02T12:00:00+00:00",
    ]


def test_a_code_is_shared_by_link_and_qr_code(client: FlaskClient) -> None:
    made = make.discount(code="TEN")
    page = client.get(f"/admin/promotions/{made.id}/share").text
    assert 'value="http://127.0.0.1:8000/store?code=TEN"' in page
    assert '<svg viewBox="0 0 33 33" class="qr">' in page
    for ending, begins in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        file = client.get(f"/admin/promotions/{made.id}/qr.{ending}")
        assert file.data.startswith(begins)
        assert f"TEN.{ending}" in file.headers["Content-Disposition"]
    assert client.get(f"/admin/promotions/{made.id}/qr.pdf").status_code == 404
    assert "Apply TEN" in client.get("/store?code=ten").text


def test_its_pages_cost_few_statements_however_often_it_was_used(client: FlaskClient) -> None:
    made = make.discount(code="TEN")
    for _ in range(6):
        make.use("TEN")
    for page, most in (("/statistics", 5), ("/people", 4), ("/share", 2), ("", 8)):
        client.get(f"/admin/promotions/{made.id}{page}")
        with count_statements() as sent:
            client.get(f"/admin/promotions/{made.id}{page}")
        assert len(sent) <= most, (page, sent)
