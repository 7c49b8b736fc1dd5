"""Admins make deals: the form, the list, and what is written down."""

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
from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.catalog import reward_items
from app.catalog.models import RewardItem
from app.deals import service as deals
from app.deals.models import Deal
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.promotions.models import Promotion
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]
TYPED: dict[str, Any] = {
    "title": "Gold rush",
    "min_amount": "50.00",
    "bonus_type": "recurrent",
    "reward_items": ["gold", "100", "sword", "1", "", ""],
    "banner": "Gold rush: {left} left",
    "starts_on": "2026-03-01",
    "ends_on": "2026-03-08",
    "usage_limit": "200",
    "per_user_limit": "3",
    "is_active": "y",
    "auto_deactivate_on_max_uses": "y",
    "display_order": "0",
}
GOLD = {"item_id": "gold", "name": "Gold coins", "amount": 100}
SWORD = {"item_id": "sword", "name": "Sword", "amount": 1}


@pytest.fixture(autouse=True)
def _admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    make.reward_item(item_id="gold", name="Gold coins")
    make.reward_item(item_id="sword")
    sign_in(client, make.user(role="admin", username="root"))


def only() -> Deal:
    (found,) = deals.listing(now=make.NOW).items
    return found


def fields() -> dict[str, Any]:
    return deals.fields_of(only())


def create(client: FlaskClient, **typed: Any) -> TestResponse:
    return client.post("/admin/promotions/new?kind=deal", data=TYPED | typed)


def save(client: FlaskClient, deal: Deal, **typed: Any) -> TestResponse:
    return client.post(f"/admin/promotions/{deal.id}", data=TYPED | {"version": "1"} | typed)


def error_at(answer: TestResponse, name: str) -> str:
    return unescape(answer.text).split(f'id="{name}-error"')[1].split("</p>")[0]


def actions() -> list[str]:
    return list(
        db.session.scalars(select(AuditEntry.action).where(AuditEntry.entity == "promotion").order_by(AuditEntry.id))
    )


def test_a_deal_is_made_from_what_was_typed(client: FlaskClient) -> None:
    answer = create(client)
    assert (answer.status_code, answer.location) == (303, "/admin/promotions?kind=deal")
    kept = fields()
    assert kept["reward_items"] == [GOLD, SWORD]
    assert (kept["min_amount"], kept["bonus_type"], kept["banner"]) == (50, "recurrent", "Gold rush: {left} left")
    assert (kept["usage_limit"], kept["per_user_limit"], kept["auto_claim"]) == (200, 3, False)
    assert kept["starts_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert kept["ends_at"] == datetime(2026, 3, 9, tzinfo=UTC)
    assert actions() == ["promotion.created"]
    assert "Gold rush was created." in client.get("/admin/promotions").text


def test_whoever_makes_one_comes_back_to_the_list_that_they_looked_at(client: FlaskClient) -> None:
    looked_at = "/admin/promotions?q=gold&status=expired&kind=deal&type=recurrent&page=1"
    link = re.findall(r'href="(/admin/promotions/new\?kind=deal[^"]*)"', unescape(client.get(looked_at).text))[0]
    saved_at = re.findall(r'id="promotion-form" [^>]*action="([^"]*)"', unescape(client.get(link).text))[0]
    assert (
        client.post(saved_at, data=TYPED).location == "/admin/promotions?q=gold&status=expired&kind=deal&type=recurrent"
    )
    of_codes = looked_at.replace("kind=deal&type=recurrent", "kind=discount&type=fixed")
    for page, left in ((looked_at, "&kind=deal&type=recurrent"), (of_codes, "")):
        told = HTMX | {"HX-Current-URL": f"http://localhost{page}"}
        answer = client.post("/admin/promotions/new?kind=deal", data=TYPED, headers=told)
        made = max(each.id for each in deals.listing(now=make.NOW).items)
        back = f"/admin/promotions?q=gold&status=expired{left}&at={made}"
        assert answer.headers["HX-Redirect"] == back
        seen = client.get(back.replace("expired", "active")).text
        assert re.findall(r'"/admin/promotions/(\d+)[^"]*" data-focus', seen) == [str(made)]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_deal_that_is_over_before_it_begins_is_made_with_a_warning(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    over = TYPED | {"starts_on": "2026-02-01", "ends_on": "2026-02-08"}
    client.post("/admin/promotions/new?kind=deal", data=over, headers=headers)
    page = client.get("/admin/promotions").text
    assert "Gold rush was created, but its end has passed already." in page
    assert "toast-warning" in page
    save(client, only(), **over)
    assert "Gold rush was saved, but its end has passed already." in client.get("/admin/promotions").text


def test_the_list_offers_both_kinds_and_the_form_asks_only_for_what_a_deal_has(client: FlaskClient) -> None:
    page = client.get("/admin/promotions").text
    assert "/admin/promotions/new?kind=discount" in page
    assert "/admin/promotions/new?kind=deal" in page
    form = client.get("/admin/promotions/new?kind=deal").text
    for name in ("code", "has_hours", "is_public", "release_on_refund", "discount_type"):
        assert f'name="{name}"' not in form, name
    for name in ("min_amount", "bonus_type", "reward_items", "auto_claim", "banner", "starts_on", "ends_on"):
        assert f'name="{name}"' in form, name


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"title": ""}, "title", "Please fill this in."),
        ({"min_amount": "0"}, "min_amount", "This must be more than 0."),
        ({"min_amount": ""}, "min_amount", "Please fill this in."),
        ({"starts_on": ""}, "starts_on", "Please fill this in."),
        ({"ends_on": ""}, "ends_on", "Please fill this in."),
        ({"ends_on": "2026-02-01"}, "ends_on", "The end must be after the start."),
        ({"banner": "x" * 161}, "banner", "Please use at most 160 characters."),
        ({"usage_limit": "0"}, "usage_limit", "A limit is at least 1."),
        ({"reward_items": ["", ""]}, "reward_items", "Please choose at least one reward item."),
        ({"reward_items": ["gold", "0"]}, "reward_items-1", "Of each reward item there is at least 1."),
        ({"reward_items": ["gold", "1", "sword", "many"]}, "reward_items-2", "Please give a whole number."),
        ({"reward_items": ["", "", "", "5"]}, "reward_items-1", "Please fill this in."),
        ({"reward_items": ["gold", "1", "sword", "2", "gold", "3"]}, "reward_items-3", "is there twice"),
    ],
)
def test_what_is_wrong_is_told_at_its_place_and_nothing_typed_is_lost(
    client: FlaskClient, typed: dict[str, Any], field: str, sentence: str
) -> None:
    answer = create(client, **{"description": "By hand"} | typed)
    assert answer.status_code in {400, 422}
    assert sentence in error_at(answer, field)
    assert "By hand</textarea>" in answer.text
    assert deals.listing(now=make.NOW).total == 0


def test_rows_that_were_typed_come_back_with_an_error(client: FlaskClient) -> None:
    page = create(client, reward_items=["gold", "7", "sword", "none"]).text
    assert '<option value="gold" selected>' in page
    assert '<option value="sword" selected>' in page
    assert 'value="7"' in page
    assert 'value="none"' in page


def test_one_field_is_checked_by_itself_and_empty_rows_stay_meanwhile(client: FlaskClient) -> None:
    headers = HTMX | {"HX-Trigger-Name": "reward_items"}
    typed = TYPED | {"reward_items": ["gold", "1", "", "", "gold", "2"], "title": ""}
    answer = client.post("/admin/promotions/check?kind=deal", data=typed, headers=headers)
    assert answer.status_code == 200
    assert "is there twice" in error_at(answer, "reward_items-3")
    assert answer.text.split("<template>")[0].count("data-row>") == 3
    assert 'name="title"' not in answer.text


def test_an_item_that_the_catalogue_does_not_know_is_shown_and_kept(client: FlaskClient) -> None:
    made = make.deal(
        reward_items=[{"item_id": "relic", "name": "Old relic", "amount": 2}, GOLD | {"name": "Doubloons"}]
    )
    page = unescape(client.get(f"/admin/promotions/{made.id}").text)
    assert "Old relic (relic)</option>" in page
    assert "Doubloons (gold)</option>" in page
    assert '<option value="[&#34;relic' not in page
    chosen = ['["relic", "Old relic"]', "3", '["gold", "Doubloons"]', "100"]
    assert save(client, made, reward_items=chosen).status_code == 303
    assert fields()["reward_items"] == [
        {"item_id": "relic", "name": "Old relic", "amount": 3},
        {"item_id": "gold", "name": "Doubloons", "amount": 100},
    ]


def test_without_anything_to_give_the_form_leads_to_where_it_is_made(client: FlaskClient) -> None:
    for item in db.session.scalars(select(RewardItem)).all():
        with unit_of_work():
            reward_items.delete(item.id, actor=SYSTEM)
    page = client.get("/admin/promotions/new?kind=deal").text
    assert "No reward items yet" in page
    assert 'href="/admin/reward-items/new"' in page


def test_saving_what_is_shown_changes_nothing(client: FlaskClient) -> None:
    made = make.deal(
        title="Gold rush",
        bonus_type="recurrent",
        reward_items=[GOLD, SWORD],
        banner="Gold rush: {left} left",
        usage_limit=200,
        per_user_limit=3,
        starts_at=make.NOW - timedelta(hours=7, seconds=5),
    )
    start, end = made.promotion.starts_at, made.promotion.ends_at
    window = {"starts_on": f"{start:%Y-%m-%d}", "starts_time": f"{start:%H:%M}", "ends_on": f"{end:%Y-%m-%d}"}
    assert save(client, made, **window, ends_time=f"{end:%H:%M}").status_code == 303
    assert only().promotion.version == 1
    assert actions() == ["promotion.created"]


def test_a_limit_per_person_counts_for_nothing_where_it_is_out_of_sight(client: FlaskClient) -> None:
    create(client, bonus_type="single", per_user_limit="abc")
    assert (fields()["bonus_type"], fields()["per_user_limit"]) == ("single", None)


def test_the_second_of_two_editors_sees_both_and_loses_nothing(client: FlaskClient) -> None:
    create(client)
    made = only()
    assert save(client, made, reward_items=["gold", "200"], min_amount="60").status_code == 303
    answer = save(client, made, reward_items=["gold", "100", "sword", "5"], title="Mine", auto_claim="y")
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "root changed this while you were editing: Spend at least, What one claim gives" in page
    assert "<td>200 × Gold coins</td><td>100 × Gold coins, 5 × Sword</td>" in page  # noqa: RUF001
    assert 'value="60.00"' in page
    assert 'value="Mine"' in page
    again = {"version": "2", "min_amount": "60.00", "title": "Mine", "reward_items": ["gold", "100", "sword", "5"]}
    assert save(client, made, **again).status_code == 303
    assert fields()["reward_items"] == [GOLD, SWORD | {"amount": 5}]


def test_what_only_the_first_editor_changed_is_taken_over(client: FlaskClient) -> None:
    create(client)
    made = only()
    save(client, made, reward_items=["gold", "200"])
    page = save(client, made, title="Mine").text
    assert "<caption>" not in page
    assert 'value="200"' in page
    assert page.split("<template>")[0].count("data-row>") == 3  # one, and two to fill in without a script


def test_changing_what_was_claimed_already_says_for_what_it_holds(client: FlaskClient) -> None:
    made = make.deal()
    note = "was made already"
    assert note not in client.get(f"/admin/promotions/{made.id}").text
    ada = Person("Ada")
    make.spend(ada, 5000, visit="a")
    make.claim(made, ada, visit="a")
    assert note in client.get(f"/admin/promotions/{made.id}").text


def test_a_copy_begins_without_a_window_that_is_over(client: FlaskClient) -> None:
    over = make.deal(title="Autumn", starts_at=make.NOW - timedelta(days=9), ends_at=make.NOW - timedelta(days=2))
    page = unescape(client.get(f"/admin/promotions/new?copy={over.id}").text)
    assert 'value="Copy of Autumn"' in page
    assert 'value="50.00"' in page
    assert "Gold (gold)</option>" in page
    for name in ("starts_on", "ends_on"):
        assert 'value=""' in page.split(f'id="{name}"')[1].split(">")[0], name


def test_the_card_tells_what_is_spent_what_it_gives_and_how_often_it_was_claimed(client: FlaskClient) -> None:
    make.deal(title="Once", reward_items=[GOLD, SWORD])
    make.deal(title="Again", bonus_type="recurrent", usage_limit=5)
    make.discount(title="Ten")
    page = unescape(client.get("/admin/promotions?kind=deal").text)
    assert "Ten</a>" not in page
    assert "Spend $50.00" in page
    assert "Every $50.00" in page
    assert "100 × Gold coins, 1 × Sword" in page  # noqa: RUF001
    assert "Claims" in page
    typed = client.get("/admin/promotions?group=store&type=recurrent").text
    assert "Again</a>" in typed
    assert "Once</a>" not in typed
    assert "Delete “Once”? Nothing refers to it yet. This can't be undone." in page
    assert "its code stays taken" not in page


def test_a_deal_is_expired_archived_and_deleted_with_a_trace(client: FlaskClient) -> None:
    ids = [make.deal(title=title).id for title in ("Ended", "Old", "Gone", "Spent on")]
    ended, archived, gone, used = ids
    assert client.post(f"/admin/promotions/{ended}/expire").status_code == 303
    assert db.session.get_one(Promotion, ended).ends_at == make.NOW
    assert client.post(f"/admin/promotions/{archived}/archive").status_code == 303
    assert db.session.get_one(Promotion, archived).archived_at == make.NOW
    assert client.delete(f"/admin/promotions/{gone}").status_code == 303
    with pytest.raises(NotFound):
        deals.get(gone)
    make.spend(Person("Ada"), 100, visit="a")
    assert client.delete(f"/admin/promotions/{used}").status_code == 303
    assert db.session.get_one(Promotion, used).archived_at == make.NOW
    assert "Somebody has spent on Spent on, so it was archived." in client.get("/admin/promotions").text
    assert actions()[4:] == ["promotion.expired", "promotion.archived", "promotion.deleted", "promotion.archived"]


def test_the_history_reads_in_words(client: FlaskClient) -> None:
    create(client)
    changed = {"reward_items": ["gold", "50"], "auto_claim": "y", "bonus_type": "single", "banner": ""}
    save(client, only(), **changed)
    page = unescape(client.get(f"/admin/promotions/{only().id}").text)
    history = page[page.index('id="promotion-history"') :]
    for told in (
        "What one claim gives:</span> <del>100 × Gold coins, 1 × Sword</del>",  # noqa: RUF001
        "<ins>50 × Gold coins</ins>",  # noqa: RUF001
        "Claim automatically:</span> <del>No</del>",
        "<del>Each time the amount is reached again</del>",
        "<ins>Once per person</ins>",
        "Banner:</span> <del>Gold rush: {left} left</del>",
    ):
        assert told in history, told
    log = unescape(client.get("/admin/audit").text)
    assert "50 × Gold coins" in log  # noqa: RUF001
    assert "item_id" not in log


@pytest.mark.parametrize("role", ["coach", "client"])
def test_nobody_else_comes_in(client: FlaskClient, sign_in: SignIn, role: str) -> None:
    made = make.deal()
    sign_in(client, make.user(role=role))
    assert create(client).status_code == 403
    for page in ("progress", "progress.csv", "grants"):
        assert client.get(f"/admin/promotions/{made.id}/{page}").status_code == 403
    assert client.post(f"/admin/promotions/{made.id}/grants/1/deliver").status_code == 403
