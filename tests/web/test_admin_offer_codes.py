"""Admins make offer codes: the form, the list, what is written down, and how they are handed on."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.offers import editing
from app.offers.models import OfferCode
from app.promotions import listing
from app.web.admin.offers_field import AT_ONCE
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]
TYPED: dict[str, Any] = {
    "title": "Spring bonus",
    "code": " spring20 ",
    "bonus_type": "percentage",
    "bonus_value": "12.5",
    "max_bonus": "4.00",
    "min_amount": "6.50",
    "starts_on": "2026-03-01",
    "ends_on": "2026-03-31",
    "usage_limit": "200",
    "per_user_limit": "3",
    "is_active": "y",
    "auto_deactivate_on_max_uses": "y",
    "has_hours": "y",
    "opens_at": "17:00",
    "closes_at": "20:59",
    "hours_timezone": "Europe/Riga",
    "weekdays": ["5", "6"],
    "display_order": "0",
}


@pytest.fixture(autouse=True)
def _admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    sign_in(client, make.user(role="admin", username="root"))


def only() -> OfferCode:
    (found,) = editing.listing(now=make.NOW).items
    return found


def fields() -> dict[str, Any]:
    db.session.rollback()
    return editing.fields_of(only())


def create(client: FlaskClient, **typed: Any) -> TestResponse:
    return client.post("/admin/promotions/new?kind=offer", data=TYPED | typed)


def save(client: FlaskClient, code: OfferCode, version: int = 1, **typed: Any) -> TestResponse:
    return client.post(f"/admin/promotions/{code.id}", data=TYPED | {"version": str(version)} | typed)


def error_at(answer: TestResponse, name: str) -> str:
    return unescape(answer.text).split(f'id="{name}-error"')[1].split("</p>")[0]


def text_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def ticked(page: str) -> list[int]:
    return [int(each) for each in re.findall(r'name="applicable_offers" value="(\d+)" checked', page)]


def offered(page: str) -> list[int]:
    return [int(each) for each in re.findall(r'name="applicable_offers" value="(\d+)"', page)]


def test_a_code_is_made_from_what_was_typed(client: FlaskClient) -> None:
    survey, quiz = make.offer(), make.offer()
    answer = create(client, applicable_offers=[str(quiz.id), str(survey.id)])
    assert (answer.status_code, answer.location) == (303, "/admin/promotions?kind=offer")
    kept = fields()
    assert (kept["code"], kept["bonus_type"], kept["bonus_value"]) == ("SPRING20", "percentage", 12.5)
    assert (kept["max_bonus"], kept["min_amount"], kept["applicable_offers"]) == (4, 6.5, [survey.id, quiz.id])
    assert (kept["usage_limit"], kept["per_user_limit"]) == (200, 3)
    assert kept["active_hours"] == {
        "enabled": True,
        "start_time": "17:00",
        "end_time": "20:59",
        "timezone": "Europe/Riga",
        "weekdays": [5, 6],
    }
    assert kept["starts_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert kept["ends_at"] == datetime(2026, 4, 1, tzinfo=UTC)
    assert "Spring bonus was created." in client.get("/admin/promotions").text


def test_the_form_asks_only_for_what_an_offer_code_has(client: FlaskClient) -> None:
    assert "/admin/promotions/new?kind=offer" in client.get("/admin/promotions").text
    form = client.get("/admin/promotions/new?kind=offer", headers=HTMX).text
    for name in ("code_kind", "is_public", "release_on_refund", "requires_account", "discount_type"):
        assert f'name="{name}"' not in form, name
    for name in ("code", "bonus_type", "bonus_value", "max_bonus", "min_amount", "has_hours", "weekdays"):
        assert f'name="{name}"' in form, name
    assert "There are no offers yet." in form


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"title": ""}, "title", "Please fill this in."),
        ({"code": ""}, "code", "Please fill this in."),
        ({"code": "taken"}, "code", "Another promotion has this code."),
        ({"bonus_value": ""}, "bonus_value", "Please fill this in."),
        ({"bonus_value": "0"}, "bonus_value", "This must be more than 0."),
        ({"bonus_value": "1000.01"}, "bonus_value", "A percentage can't be more than 1000."),
        ({"max_bonus": "-1"}, "max_bonus", "This can't be less than 0."),
        ({"min_amount": "much"}, "min_amount", "Please give a number such as 12.50."),
        ({"usage_limit": "0"}, "usage_limit", "A limit is at least 1."),
        ({"usage_limit": "100000000"}, "usage_limit", "This can't be more than 99,999,999."),
        ({"per_user_limit": "9" * 25}, "per_user_limit", "This can't be more than 99,999,999."),
        ({"display_order": "1000001"}, "display_order", "This can't be more than 1,000,000."),
        ({"ends_on": "2026-02-01"}, "ends_on", "The end must be after the start."),
        ({"applicable_offers": ["999"]}, "applicable_offers", "We don't know these offers: 999"),
        ({"applicable_offers": ["٣"]}, "applicable_offers", "Please choose only from the list."),
    ],
)
def test_what_is_wrong_is_told_at_its_place_and_nothing_typed_is_lost(
    client: FlaskClient, typed: dict[str, Any], field: str, sentence: str
) -> None:
    make.discount(code="TAKEN")
    offer = make.offer()
    answer = create(client, **{"description": "By hand", "applicable_offers": [str(offer.id)]} | typed)
    assert answer.status_code in {400, 409, 422}
    assert sentence in error_at(answer, field)
    assert "By hand</textarea>" in answer.text
    assert ticked(answer.text) == ([] if "applicable_offers" in typed else [offer.id])
    assert editing.listing(now=make.NOW).total == 0


def test_a_fixed_bonus_may_be_more_than_a_percentage(client: FlaskClient) -> None:
    create(client, bonus_type="fixed", bonus_value="1500", max_bonus="")
    assert (fields()["bonus_value"], fields()["max_bonus"]) == (1500, None)
    page = client.get(f"/admin/promotions/{only().id}").text
    assert 'value="1500.00"' in page
    assert ">USD</span>" in page


def test_the_cap_of_a_fixed_bonus_is_kept_changed_and_taken_away_as_it_is_typed(client: FlaskClient) -> None:
    fixed: dict[str, Any] = {"bonus_type": "fixed", "bonus_value": "5"}
    refused = create(client, **fixed, max_bonus="nonsense")
    assert "Please give a number such as 12.50." in error_at(refused, "max_bonus")
    create(client, **fixed, max_bonus="4.00")
    assert fields()["max_bonus"] == 4
    assert save(client, only(), **fixed, max_bonus="3").status_code == 303
    assert fields()["max_bonus"] == 3
    assert save(client, only(), 2, **fixed, max_bonus="").status_code == 303
    assert fields()["max_bonus"] is None


def test_one_field_is_checked_by_itself(client: FlaskClient) -> None:
    headers = HTMX | {"HX-Trigger-Name": "bonus_value"}
    for value, told in (("2000", True), ("1000", False)):
        typed = TYPED | {"bonus_value": value, "title": ""}
        answer = client.post("/admin/promotions/check?kind=offer", data=typed, headers=headers)
        assert ("A percentage can't be more than 1000." in unescape(answer.text)) is told
        assert 'name="title"' not in answer.text


def test_among_many_offers_one_searches_and_keeps_what_is_ticked(client: FlaskClient) -> None:
    made = [make.offer(name=f"Survey {number:02}") for number in range(AT_ONCE + 2)]
    last, first = made[-1], made[0]
    page = client.get("/admin/promotions/new?kind=offer").text
    assert len(offered(page)) == AT_ONCE
    assert "There are more: search for them." in page
    typed = TYPED | {"applicable_offers": [str(first.id)], "applicable_offers-search": last.name}
    headers = HTMX | {"HX-Trigger-Name": "applicable_offers-search"}
    found = client.post("/admin/promotions/check?kind=offer", data=typed, headers=headers).text
    assert (offered(found), ticked(found)) == ([first.id, last.id], [first.id])
    assert 'name="title"' not in found
    nothing = typed | {"applicable_offers-search": "\x00"}
    assert client.post("/admin/promotions/check?kind=offer", data=nothing, headers=headers).status_code == 200
    nothing = typed | {"applicable_offers-search": "zebra"}
    assert (
        "No other offer fits." in client.post("/admin/promotions/check?kind=offer", data=nothing, headers=headers).text
    )


def test_without_a_script_a_search_keeps_nothing_before_it_was_answered(client: FlaskClient) -> None:
    made = [make.offer(name=f"Survey {number:02}") for number in range(AT_ONCE + 2)]
    last = made[-1]
    looking: dict[str, Any] = {"applicable_offers": [str(made[0].id)], "applicable_offers-search": last.name}
    for pressed in ({}, {"applicable_offers-find": "1"}):
        answer = create(client, **looking, **pressed)
        assert answer.status_code == 200
        assert (offered(answer.text), ticked(answer.text)) == ([made[0].id, last.id], [made[0].id])
        assert 'value="Spring bonus"' in answer.text
        assert editing.listing(now=make.NOW).total == 0
    chosen = looking | {"applicable_offers": [str(made[0].id), str(last.id)]}
    assert create(client, **chosen, **{"applicable_offers-found": last.name}).status_code == 303
    assert fields()["applicable_offers"] == [made[0].id, last.id]
    again = save(client, only(), **looking)
    assert (again.status_code, ticked(again.text)) == (200, [made[0].id])
    assert fields()["applicable_offers"] == [made[0].id, last.id]


def test_the_second_of_two_editors_is_told_and_keeps_what_they_typed(client: FlaskClient) -> None:
    survey, quiz = make.offer(name="Survey"), make.offer(name="Quiz")
    create(client)
    code = only()
    with unit_of_work():
        changes = {"applicable_offers": [survey.id], "max_bonus": 9}
        editing.update(code.id, changes, actor=SYSTEM, now=make.NOW)
    answer = save(client, code, title="Mine", applicable_offers=[str(quiz.id)])
    assert answer.status_code == 409
    page = unescape(answer.text)
    assert "system changed this while you were editing: At most, Which offers." in page
    assert '<th scope="row">Which offers</th><td>Survey</td><td>Quiz</td>' in page
    assert ticked(answer.text) == [quiz.id]
    assert 'value="9.00"' in page
    assert 'value="Mine"' in page
    assert save(client, code, 2, title="Mine", applicable_offers=[str(quiz.id)], max_bonus="9").status_code == 303
    assert (fields()["title"], fields()["applicable_offers"]) == ("Mine", [quiz.id])


def test_the_history_is_in_words(client: FlaskClient) -> None:
    survey, quiz = make.offer(name="Survey"), make.offer(name="Quiz")
    create(client, applicable_offers=[str(survey.id)])
    save(client, only(), bonus_type="fixed", bonus_value="3", applicable_offers=[str(survey.id), str(quiz.id)])
    page = text_of(client, f"/admin/promotions/{only().id}").split("History")[1]
    assert "root changed it" in page
    assert "Which offers: Survey → Survey, Quiz" in page
    assert "What an offer earns: A part of its payout → A fixed amount" in page
    assert "root made it" in page


def test_what_was_earned_is_told_above_the_terms(client: FlaskClient) -> None:
    user, code = make.user(), make.offer_code()
    make.applied(user, code)
    make.converted(user, make.offer())
    assert "1 bonus was earned already. It stays as it is" in text_of(client, f"/admin/promotions/{code.id}")


def test_a_copy_has_all_but_the_code(client: FlaskClient) -> None:
    offer = make.offer()
    create(client, applicable_offers=[str(offer.id)])
    page = client.get(f"/admin/promotions/new?copy={only().id}").text
    assert 'value="Copy of Spring bonus"' in page
    assert "SPRING20" not in page
    assert ticked(page) == [offer.id]
    assert "/admin/promotions/new?kind=offer" in page


def test_the_list_shows_it_and_is_filtered_by_kind_type_and_group(client: FlaskClient) -> None:
    make.offer_code(title="A tenth on top", max_bonus=20, usage_limit=5)
    make.offer_code(title="Five on top", bonus_type="fixed", bonus_value=5)
    make.discount(title="A tenth off")
    for query, shown in (
        ("kind=offer", (True, True, False)),
        ("kind=offer&type=fixed", (False, True, False)),
        ("group=members", (True, True, False)),
        ("group=store", (False, False, True)),
    ):
        page = text_of(client, f"/admin/promotions?{query}")
        assert tuple(title in page for title in ("A tenth on top", "Five on top", "A tenth off")) == shown, query
    page = text_of(client, "/admin/promotions?group=members")
    assert "10% bonus" in page
    assert "at most $20.00" in page
    assert "Uses 0 of 5" in page
    assert "Export codes" not in page
    assert "Export codes" in text_of(client, "/admin/promotions")


def test_the_first_of_a_group_is_made_of_a_kind_of_this_group(client: FlaskClient) -> None:
    page = client.get("/admin/promotions?group=members").text
    assert 'href="/admin/promotions/new?kind=offer">' in page.split("No promotions yet")[1]


def test_a_code_is_switched_ended_and_deleted_or_archived_with_a_trace(client: FlaskClient) -> None:
    gone, kept = make.offer_code(title="Unused").id, make.offer_code(title="Applied", code="APPLIED").id
    make.applied(make.user(), "APPLIED")
    client.post(f"/admin/promotions/{gone}/active", data={"is_active": "0"})
    assert "Unused is switched off." in client.get("/admin/promotions").text
    page = text_of(client, "/admin/promotions")
    assert "It stays on the accounts that have it, but earns nothing" in page
    assert "Delete “Unused”? Nothing refers to it yet." in page
    assert "Archive “Applied”? It earns nothing any more" in page
    client.post(f"/admin/promotions/{kept}/expire")
    client.delete(f"/admin/promotions/{gone}")
    assert "Unused was deleted." in client.get("/admin/promotions").text
    client.delete(f"/admin/promotions/{kept}")
    assert "Applied was put on an account before, so it was archived." in client.get("/admin/promotions").text
    with pytest.raises(NotFound):
        editing.get(gone)
    assert listing.one(kept).promotion.archived_at == make.NOW
    wanted = select(AuditEntry.action).where(AuditEntry.entity == "promotion", AuditEntry.entity_id == str(kept))
    actions = list(db.session.scalars(wanted.order_by(AuditEntry.id)))
    assert actions == ["promotion.created", "promotion.expired", "promotion.archived"]


def test_it_is_shared_with_clients_and_not_with_the_store(client: FlaskClient) -> None:
    made, discount = make.offer_code(code="EXTRA-1"), make.discount(code="TEN")
    link = "http://127.0.0.1:8000/client/codes?code=EXTRA-1"
    page = client.get(f"/admin/promotions/{made.id}/share").text
    assert f'id="share-link" value="{link}"' in page
    assert "/store?code=" not in page
    drawn = client.get(f"/admin/promotions/{made.id}/qr.svg").data
    with unit_of_work():
        editing.update(made.id, {"code": "OTHER-1"}, actor=SYSTEM, now=make.NOW)
    assert client.get(f"/admin/promotions/{made.id}/qr.svg").data != drawn
    assert "/store?code=TEN" in client.get(f"/admin/promotions/{discount.id}/share").text


def test_a_code_that_is_over_begins_anew_as_a_copy(client: FlaskClient) -> None:
    code = make.offer_code(ends_at=make.NOW - timedelta(days=1))
    assert "Mar 1, 2026" in text_of(client, "/admin/promotions")
    assert "2026-03-0" not in client.get(f"/admin/promotions/new?copy={code.id}").text.split("ends_on")[1][:300]
