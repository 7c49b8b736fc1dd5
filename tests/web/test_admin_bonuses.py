"""Admins make member bonuses: the form, what is fixed and what was promised, the list, and what is written down."""

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
from app.bonuses import editing
from app.bonuses.models import Bonus
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.promotions import listing
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]
TYPED: dict[str, Any] = {
    "title": "Welcome",
    "code": " welcome100 ",
    "type": "deposit",
    "bonus_type": "percentage",
    "bonus_value": "100",
    "max_bonus": "50.00",
    "turnover_requirement": "2.5",
    "max_withdraw": "40",
    "cashback_period": "month",
    "min_amount": "10",
    "first_deposit_only": "y",
    "starts_on": "2026-03-01",
    "ends_on": "2026-03-31",
    "usage_limit": "200",
    "per_user_limit": "1",
    "is_active": "y",
    "is_listed": "y",
    "auto_deactivate_on_max_uses": "y",
    "display_order": "0",
}
HOURS = {"has_hours": "y", "opens_at": "17:00", "closes_at": "20:59", "hours_timezone": "Europe/Riga", "weekdays": "5"}


@pytest.fixture(autouse=True)
def _admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    sign_in(client, make.user(role="admin", username="root"))


def only() -> Bonus:
    (found,) = editing.listing(now=make.NOW).items
    return found


def fields() -> dict[str, Any]:
    db.session.rollback()
    return editing.fields_of(only())


def create(client: FlaskClient, **typed: Any) -> TestResponse:
    return client.post("/admin/promotions/new?kind=bonus", data=TYPED | typed)


def save(client: FlaskClient, bonus: Bonus, version: int = 1, **typed: Any) -> TestResponse:
    return client.post(f"/admin/promotions/{bonus.id}", data=TYPED | {"version": str(version)} | typed)


def error_at(answer: TestResponse, name: str) -> str:
    return unescape(answer.text).split(f'id="{name}-error"')[1].split("</p>")[0]


def text_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def control(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}"[^>]*>', page)
    assert found is not None, name
    return found[0]


def promised(client: FlaskClient) -> Bonus:
    """A bonus that somebody has an active claim of, as the form has made it."""
    make.category(slug="games", name="Games")
    create(client, applicable_games=["games"], first_deposit_only="")
    make.deposit(make.user(username="ada"), 10_000, only())
    return only()


def test_a_bonus_is_made_from_what_was_typed(client: FlaskClient) -> None:
    make.category(slug="games", name="Games")
    answer = create(client, applicable_games=["games"], image_url="https://pics.example.com/a.png", **HOURS)
    assert (answer.status_code, answer.location) == (303, "/admin/promotions?kind=bonus")
    kept = fields()
    assert (kept["code"], kept["type"], kept["bonus_type"], kept["bonus_value"]) == (
        *("WELCOME100", "deposit", "percentage", 100),
    )
    assert (kept["max_bonus"], kept["turnover_requirement"], kept["max_withdraw"]) == (50, 2.5, 40)
    assert (kept["min_amount"], kept["first_deposit_only"], kept["auto_apply"]) == (10, True, False)
    assert (kept["usage_limit"], kept["per_user_limit"], kept["is_listed"]) == (200, 1, True)
    assert (kept["applicable_games"], kept["image_url"]) == (["games"], "https://pics.example.com/a.png")
    assert (kept["active_hours"]["start_time"], kept["active_hours"]["weekdays"]) == ("17:00", [5])
    assert kept["starts_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert kept["ends_at"] == datetime(2026, 4, 1, tzinfo=UTC)
    assert "Welcome was created." in client.get("/admin/promotions").text


def test_what_another_type_has_is_out_of_sight_and_does_not_count(client: FlaskClient) -> None:
    create(client, type="cashback", cashback_period="week", friend_bonus="5", auto_apply="y", **HOURS)
    kept = fields()
    assert (kept["cashback_period"], kept["friend_bonus"], kept["min_amount"]) == ("week", None, 10)
    assert (kept["first_deposit_only"], kept["auto_apply"]) == (False, False)
    assert kept["active_hours"]["enabled"] is False


def test_a_free_credit_is_always_an_amount(client: FlaskClient) -> None:
    create(client, type="freecredit", bonus_value="1500", min_amount="20", is_listed="n")
    kept = fields()
    assert (kept["bonus_type"], kept["bonus_value"], kept["min_amount"], kept["is_listed"]) == ("fixed", 1500, 0, False)


@pytest.mark.parametrize(
    ("type_", "typed", "is_listed"),
    [
        ("freecredit", "usual", False),
        ("freecredit", "y", True),
        ("deposit", "usual", True),
        ("cashback", "usual", True),
        ("referral", "n", False),
    ],
)
def test_what_is_left_as_usual_is_shown_as_its_type_is(
    client: FlaskClient, type_: str, typed: str, *, is_listed: bool
) -> None:
    create(client, type=type_, is_listed=typed)
    assert fields()["is_listed"] is is_listed
    page = client.get(f"/admin/promotions/{only().id}").text
    assert re.findall(r'<input checked[^>]* name="is_listed"[^>]* value="(\w+)"', page) == ["y" if is_listed else "n"]
    assert 'value="usual"' not in page
    save(client, only(), type=type_, code="WELCOME100", is_listed="n" if is_listed else "y")
    assert fields()["is_listed"] is not is_listed
    history = text_of(client, f"/admin/promotions/{only().id}").split("History")[1]
    assert f"Show it to clients: {'Yes → No' if is_listed else 'No → Yes'}" in history


def test_a_referral_has_something_for_the_friend(client: FlaskClient) -> None:
    create(client, type="referral", friend_bonus="5", per_user_limit="")
    kept = fields()
    assert (kept["friend_bonus"], kept["per_user_limit"], kept["cashback_period"]) == (5, None, None)


def test_an_empty_form_begins_with_what_is_usual(client: FlaskClient) -> None:
    form = client.get("/admin/promotions/new?kind=bonus", headers=HTMX).text
    assert 'value="1"' in control(form, "per_user_limit")
    assert re.search(r'<input checked[^>]* name="is_listed"[^>]* value="usual"', form)
    assert 'value="0"' in control(form, "turnover_requirement")
    assert re.search(r'<input checked[^>]*value="deposit"', form)
    for name in ("code_kind", "is_public", "release_on_refund", "requires_account", "discount_type"):
        assert f'name="{name}"' not in form, name


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"title": ""}, "title", "Please fill this in."),
        ({"code": "taken"}, "code", "Another promotion has this code."),
        ({"type": "lottery"}, "type", "Please choose one of the list."),
        ({"bonus_value": ""}, "bonus_value", "Please fill this in."),
        ({"bonus_value": "0"}, "bonus_value", "This must be more than 0."),
        ({"bonus_value": "12,5"}, "bonus_value", "Please write a point for the cents, and no commas"),
        ({"bonus_value": "1000.01"}, "bonus_value", "A percentage can't be more than 1000."),
        ({"turnover_requirement": "100.01"}, "turnover_requirement", "This can't be more than 100 times."),
        ({"max_withdraw": "-1"}, "max_withdraw", "This can't be less than 0."),
        ({"type": "referral", "friend_bonus": "much"}, "friend_bonus", "Please give a number such as 12.50."),
        ({"usage_limit": "0"}, "usage_limit", "A limit is at least 1."),
        ({"ends_on": ""}, "ends_on", "Please fill this in."),
        ({"ends_on": "2026-02-01"}, "ends_on", "The end must be after the start."),
        ({"image_url": "javascript:alert(1)"}, "image_url", "Please give an address that begins with https://"),
        ({"applicable_games": ["made-up"], "bonus_value": ""}, "bonus_value", "Please fill this in."),
    ],
)
def test_what_is_wrong_is_told_at_its_place_and_nothing_typed_is_lost(
    client: FlaskClient, typed: dict[str, Any], field: str, sentence: str
) -> None:
    make.discount(code="TAKEN")
    answer = create(client, **{"description": "By hand"} | typed)
    assert answer.status_code in {400, 409, 422}
    assert sentence in error_at(answer, field)
    assert "By hand</textarea>" in answer.text
    assert editing.listing(now=make.NOW).total == 0


def test_one_field_is_checked_by_itself(client: FlaskClient) -> None:
    headers = HTMX | {"HX-Trigger-Name": "bonus_value"}
    for typed, told in (({}, True), ({"bonus_type": "fixed"}, False), ({"type": "freecredit"}, False)):
        data = TYPED | {"bonus_value": "2000", "title": ""} | typed
        answer = client.post("/admin/promotions/check?kind=bonus", data=data, headers=headers)
        assert ("A percentage can't be more than 1000." in unescape(answer.text)) is told
        assert 'name="title"' not in answer.text
    make.discount(code="TAKEN")
    data, headers = TYPED | {"code": "taken"}, HTMX | {"HX-Trigger-Name": "code"}
    answer = client.post("/admin/promotions/check?kind=bonus", data=data, headers=headers)
    assert "Another promotion has this code." in answer.text


def test_code_and_type_are_fixed_once_it_is_made(client: FlaskClient) -> None:
    create(client)
    page = client.get(f"/admin/promotions/{only().id}").text
    assert "readonly" in control(page, "code")
    assert 'type="hidden"' in control(page, "type")
    answer = save(client, only(), title="Hello", code="OTHER1", type="referral")
    assert answer.status_code == 409
    for name in ("code", "type"):
        assert "This is fixed once the bonus is made." in error_at(answer, name)
    assert 'value="Hello"' in control(answer.text, "title")
    assert "readonly" not in control(answer.text, "code")
    assert save(client, only(), title="Hello").status_code == 303
    assert (fields()["title"], fields()["code"], fields()["type"]) == ("Hello", "WELCOME100", "deposit")


def test_what_was_promised_is_shown_but_cannot_be_typed_over(client: FlaskClient) -> None:
    bonus = promised(client)
    page = client.get(f"/admin/promotions/{bonus.id}").text
    assert 'for="max_bonus">At most</label>' in page  # not called optional
    assert "Members have active claims, and keep what they were promised" in page
    for name in ("bonus_value", "max_bonus", "turnover_requirement", "max_withdraw"):
        assert "readonly" in control(page, name), name
    for name, value in (("bonus_type", "percentage"), ("applicable_games", "games")):
        assert re.search(rf'<input type="hidden" name="{name}" value="{value}">', page), name
    assert 'value="Games" readonly' in page
    assert "readonly" not in control(page, "usage_limit")
    data: dict[str, Any] = {
        "title": "Hello",
        "usage_limit": "7",
        "applicable_games": ["games"],
        "first_deposit_only": "",
    }
    assert save(client, bonus, **data).status_code == 303
    assert (fields()["title"], fields()["usage_limit"]) == ("Hello", 7)


def test_a_promised_term_that_is_changed_all_the_same_is_refused_at_its_field(client: FlaskClient) -> None:
    bonus = promised(client)
    answer = save(client, bonus, title="Hello", bonus_value="50", applicable_games=[], first_deposit_only="")
    assert answer.status_code == 409
    for name in ("bonus_value", "applicable_games"):
        assert "This can't change while claims are active." in error_at(answer, name)
    for name, value in (("title", "Hello"), ("bonus_value", "50")):
        assert f'value="{value}"' in control(answer.text, name)
    assert "readonly" not in control(answer.text, "bonus_value")
    assert "readonly" in control(answer.text, "max_bonus")
    assert fields()["bonus_value"] == 100


def test_the_second_of_two_editors_is_told_and_keeps_what_they_typed(client: FlaskClient) -> None:
    create(client)
    bonus = only()
    with unit_of_work():
        editing.update(bonus.id, {"max_bonus": 9, "title": "Theirs"}, actor=SYSTEM, now=make.NOW)
    answer = save(client, bonus, title="Mine")
    assert answer.status_code == 409
    page = unescape(answer.text)
    assert "system changed this while you were editing: Name, At most." in page
    assert '<th scope="row">Name</th><td>Theirs</td><td>Mine</td>' in page
    assert 'value="9.00"' in control(page, "max_bonus")
    assert save(client, bonus, 2, title="Mine", max_bonus="9").status_code == 303
    assert (fields()["title"], fields()["max_bonus"]) == ("Mine", 9)


def test_the_history_is_in_words(client: FlaskClient) -> None:
    create(client)
    save(client, only(), bonus_type="fixed", bonus_value="30", turnover_requirement="4")
    page = text_of(client, f"/admin/promotions/{only().id}").split("History")[1]
    assert "root changed it" in page
    assert "What it gives: A percentage → A fixed amount" in page
    assert "Turnover: 2.5 → 4" in page
    assert "root made it" in page


def test_a_copy_has_all_but_the_code_and_another_type_can_be_chosen(client: FlaskClient) -> None:
    create(client)
    page = client.get(f"/admin/promotions/new?copy={only().id}").text
    assert 'value="Copy of Welcome"' in page
    assert "WELCOME100" not in page
    assert 'value="2.5"' in control(page, "turnover_requirement")
    assert 'type="radio"' in page.split('name="type"')[1][:80]


def test_a_bonus_is_switched_ended_and_deleted_or_archived_with_a_trace(client: FlaskClient) -> None:
    gone, kept = make.bonus(title="Unused").id, make.bonus(title="Claimed", turnover_requirement=1)
    kept_id, ada = kept.id, make.user(username="ada")
    make.deposit(ada, 10_000, kept)
    client.post(f"/admin/promotions/{gone}/active", data={"is_active": "0"})
    assert "Unused is switched off." in client.get("/admin/promotions").text
    client.delete(f"/admin/promotions/{kept_id}")
    assert "Members have active claims of this bonus, so it stays." in client.get("/admin/promotions").text
    client.post(f"/admin/promotions/{kept_id}/expire")
    make.played(ada, 20_000)
    client.delete(f"/admin/promotions/{gone}")
    assert "Unused was deleted." in client.get("/admin/promotions").text
    client.delete(f"/admin/promotions/{kept_id}")
    assert "Claimed was claimed before, so it was archived." in client.get("/admin/promotions").text
    with pytest.raises(NotFound):
        editing.get(gone)
    assert listing.one(kept_id).promotion.archived_at == make.NOW
    wanted = select(AuditEntry.action).where(AuditEntry.entity == "promotion", AuditEntry.entity_id == str(kept_id))
    actions = list(db.session.scalars(wanted.order_by(AuditEntry.id)))
    assert actions == ["promotion.created", "promotion.expired", "promotion.archived"]


def test_one_that_is_over_begins_anew_as_a_copy(client: FlaskClient) -> None:
    bonus = make.bonus(ends_at=make.NOW - timedelta(days=1))
    assert 'value="2026' not in control(client.get(f"/admin/promotions/new?copy={bonus.id}").text, "ends_on")
