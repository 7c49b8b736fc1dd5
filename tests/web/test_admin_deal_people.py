"""Admins see who has come how far on a deal, and what was granted, and hand out what no game hands out."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.deals.models import Deal, Grant, PromotionClaim
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from tests import make
from tests.client import HTMX, read_csv
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
ADA, BOB = Person("Ada"), Person("Bob")
VISIT = "visit"


@pytest.fixture(autouse=True)
def admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> User:  # noqa: ARG001 a session of then
    admin = make.user(role="admin", username="root")
    sign_in(client, admin)
    return admin


def claimed(deal: Deal, person: Person, cents: int, *, times: int = 1) -> tuple[Invoice, list[Grant]]:
    invoice = make.spend(person, cents, visit=VISIT)
    return invoice, [make.claim(deal, person, visit=VISIT) for _each in range(times)]


def refund(invoice: Invoice) -> None:
    with unit_of_work():
        orders.refund(invoice.number, None, key="refund", actor=SYSTEM, now=make.NOW)


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def rows(answer: TestResponse) -> list[str]:
    """The rows of the table, each as its words."""
    found = re.findall(r"<tr.*?</tr>", answer.text.partition("<tbody>")[2], re.DOTALL)
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", each))).strip() for each in found]


def status_of(grant_id: int) -> str:
    return db.session.get_one(Grant, grant_id, populate_existing=True).status


def test_everybody_stands_there_with_how_far_they_have_come(client: FlaskClient) -> None:
    deal, mia = make.deal(bonus_type="recurrent"), make.user(username="mia")
    claimed(deal, ADA, 12_000)
    make.spend(BOB, 2500, visit=VISIT)
    make.spend(mia.person, 1)
    page = client.get(f"/admin/promotions/{deal.id}/progress")
    ada, bob, third = rows(page)
    assert "Ada without an account Ready to claim 100% " in ada
    assert " $120.00 1 1 Waits for it Mar 2, 2026, 12:00" in ada
    assert "Bob without an account $25.00 of $50.00 50% $25.00 0 " in bob
    assert "mia $0.01 of $50.00 0% $0.01" in third
    assert f'href="/admin/users/{mia.id}"' in page.text
    assert "1–3 of 3" in words(page)  # noqa: RUF001


def test_whoever_got_nothing_because_others_had_it_all_is_not_called_complete(client: FlaskClient) -> None:
    deal = make.deal(bonus_type="recurrent", usage_limit=1)
    claimed(deal, ADA, 9000)
    make.spend(BOB, 2500, visit=VISIT)
    ada, bob = rows(client.get(f"/admin/promotions/{deal.id}/progress"))
    assert "All claimed 100%" in ada
    assert "All claimed by others 50% $25.00 0" in bob


def test_whoever_got_everything_back_is_told_from_the_shoppers_that_statistics_count(client: FlaskClient) -> None:
    deal = make.deal()
    refund(make.spend(ADA, 2500, visit=VISIT))
    make.spend(BOB, 2500, visit=VISIT)
    bob, ada = rows(client.get(f"/admin/promotions/{deal.id}/progress"))
    assert "$0.00 all refunded" in ada
    assert "all refunded" not in bob
    assert "Shoppers 1" in words(client.get(f"/admin/promotions/{deal.id}/statistics"))


def test_progress_is_searched_turned_over_and_exported(client: FlaskClient) -> None:
    deal = make.deal()
    claimed(deal, ADA, 5000)
    for number in range(21):
        make.spend(Person(f"shopper{number:02}"), 100 + number, visit=VISIT)
    address = f"/admin/promotions/{deal.id}/progress"
    assert len(rows(client.get(address))) == 20
    assert [row.split()[0] for row in rows(client.get(f"{address}?page=2"))] == ["S", "S"]
    (found,) = rows(client.get(f"{address}?q=ADA", headers=HTMX))
    assert "Claimed 100%" in found
    assert "Nobody here fits" in client.get(f"{address}?q=zoe").text
    exported = read_csv(client, f"{address}.csv")
    assert len(exported) == 22
    assert exported[0] == {
        "person": "Ada",
        "account": "no",
        "spent": "50.00",
        "progress": "1.0",
        "claims": "1",
        "claimable": "0",
        "claimed_in_game": "no",
        "last_claim": "2026-03-02T12:00:00+00:00",
    }


def test_nobody_yet_is_said_kindly(client: FlaskClient) -> None:
    deal = make.deal()
    assert "Nobody has spent on it yet" in client.get(f"/admin/promotions/{deal.id}/progress").text
    assert "Nothing was granted yet" in client.get(f"/admin/promotions/{deal.id}/grants").text


def test_only_deals_have_these_pages_and_deals_no_page_of_uses(client: FlaskClient) -> None:
    code, deal = make.discount(), make.deal()
    for page in ("progress", "progress.csv", "grants"):
        assert client.get(f"/admin/promotions/{code.id}/{page}").status_code == 404
        assert client.get(f"/admin/promotions/999/{page}").status_code == 404
    of_deal, of_code = (client.get(f"/admin/promotions/{each.id}").text for each in (deal, code))
    assert f"/admin/promotions/{deal.id}/people" not in of_deal
    assert f"/admin/promotions/{deal.id}/grants" in of_deal
    assert f"/admin/promotions/{code.id}/people" in of_code
    assert f"/admin/promotions/{code.id}/grants" not in of_code
    sheet = client.get(f"/admin/promotions/{deal.id}/statistics", headers=HTMX).text
    assert f"/admin/promotions/{deal.id}/progress" in sheet


def test_grants_are_listed_by_state_and_name_with_the_refund_that_took_them(client: FlaskClient) -> None:
    deal = make.deal(bonus_type="recurrent")
    ada, (delivered, revoked) = claimed(deal, ADA, 10_000, times=2)
    claimed(deal, BOB, 5000)
    make.deliver(delivered)
    refund(ada)
    assert status_of(revoked.id) == "revoked"
    address = f"/admin/promotions/{deal.id}/grants"
    page = client.get(address)
    assert "All 3 Waiting 1 Handed out 1 Taken back 1 Flagged 1" in words(page)
    assert len(rows(page)) == 3
    for state, told in (
        ("pending", "Bob without an account 100 × Gold Waiting Mar 2, 2026"),  # noqa: RUF001
        ("delivered", f"Handed out Flagged refund of {ada.number}"),
        ("revoked", f"Taken back refund of {ada.number}"),
        ("flagged", f"Handed out Flagged refund of {ada.number}"),
    ):
        (row,) = rows(client.get(f"{address}?state={state}", headers=HTMX))
        assert told in row, state
    assert f'href="/admin/invoices/{ada.number}"' in page.text
    (row,) = rows(client.get(f"{address}?q=bo"))
    assert row.startswith("B Bob")
    searched = client.get(f"{address}?state=pending&q=ada")
    assert "No grant fits" in searched.text
    assert "All 2 Waiting 0 Handed out 1 Taken back 1 Flagged 1" in words(searched)


def test_what_no_game_hands_out_is_marked_as_handed_out_once_with_a_trace(client: FlaskClient, admin: User) -> None:
    deal = make.deal()
    _invoice, (grant,) = claimed(deal, ADA, 5000)
    address = f"/admin/promotions/{deal.id}/grants"
    assert "Mark as handed out" in client.get(address).text
    for _twice in range(2):
        answer = client.post(f"{address}/{grant.id}/deliver?state=pending")
        assert (answer.status_code, answer.location) == (303, f"{address}?state=pending")
    kept = db.session.get_one(Grant, grant.id)
    assert (kept.status, kept.delivered_at) == ("delivered", make.NOW)
    assert db.session.scalars(select(PromotionClaim)).one().claimed_ingame is True
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.entity == "grant")).all()
    assert [(each.action, each.entity_id, each.actor_id) for each in entries] == [
        ("grant.delivered", str(grant.id), admin.id)
    ]
    page = client.get(address)
    assert "Noted: Ada has it." in page.text
    assert "Mark as handed out" not in page.text
    assert "handed out" in words(client.get("/admin/audit"))


def test_what_was_taken_back_meanwhile_is_not_handed_out(client: FlaskClient) -> None:
    deal = make.deal()
    invoice, (grant,) = claimed(deal, ADA, 5000)
    refund(invoice)
    answer = client.post(f"/admin/promotions/{deal.id}/grants/{grant.id}/deliver", headers=HTMX)
    assert answer.status_code == 200
    assert "was refunded, so it was taken back" in answer.headers["HX-Trigger"]
    assert "Taken back" in answer.text
    assert status_of(grant.id) == "revoked"


def test_a_grant_is_handed_out_under_its_own_deal_only(client: FlaskClient) -> None:
    deal, other = make.deal(), make.deal()
    _invoice, (grant,) = claimed(deal, ADA, 5000)
    assert client.post(f"/admin/promotions/{other.id}/grants/{grant.id}/deliver").status_code == 404
    assert client.post(f"/admin/promotions/{deal.id}/grants/999/deliver").status_code == 404
    assert status_of(grant.id) == "pending"


def test_the_dashboard_says_what_has_waited_for_a_day(
    client: FlaskClient, sign_in: SignIn, admin: User, frozen: TimeMachineFixture
) -> None:
    deal = make.deal(title="Gold rush", bonus_type="recurrent")
    claimed(deal, ADA, 10_000, times=2)
    frozen.shift(timedelta(days=1))
    sign_in(client, admin)
    assert "waiting for more than a day" not in client.get("/admin").text
    frozen.shift(timedelta(seconds=1))
    page = client.get("/admin")
    assert "2 grants of “Gold rush” have been waiting for more than a day" in words(page)
    assert f'href="/admin/promotions/{deal.id}/grants?state=pending"' in page.text


def test_explain_speaks_of_what_is_spent_on_top_and_shows_what_one_gets(client: FlaskClient) -> None:
    deal = make.deal(usage_limit=9)
    make.spend(ADA, 3000, visit=VISIT)
    address = f"/admin/promotions/{deal.id}/explain"
    assert "on top of what counts already" in words(client.get(address))
    enough = words(client.get(f"{address}?person=ada&bought=amount&amount=20"))
    assert "It applies: 100 × Gold" in enough  # noqa: RUF001
    assert "Enough spent for a claim The next claim takes $50.00 in all, and $50.00 would be spent." in enough
    assert "Something left to claim 0 of 9 claims are made." in enough
    short = words(client.get(f"{address}?person=ada&bought=amount&amount=5"))
    assert "Spend $15.00 more to claim this." in short
    assert "$15.00 is missing." in short


def test_the_statistics_speak_of_claims(client: FlaskClient) -> None:
    deal = make.deal(usage_limit=9)
    claimed(deal, ADA, 5000)
    told = words(client.get(f"/admin/promotions/{deal.id}/statistics"))
    for figure in ("Claims 1 of 9", "Spent on it $50.00", "Shoppers 1", "Waiting for the game 1", "Claims in the last"):
        assert figure in told, figure
    assert "Given back" not in told
    assert "Uses" not in told


def test_its_pages_cost_few_statements_however_many_people_there_are(client: FlaskClient) -> None:
    deal = make.deal()
    for number in range(6):
        claimed(deal, Person(f"shopper{number}"), 5000)
    for page, most in (("/progress", 6), ("/grants", 7), ("/statistics", 6), ("", 10)):
        client.get(f"/admin/promotions/{deal.id}{page}")
        with count_statements() as sent:
            client.get(f"/admin/promotions/{deal.id}{page}")
        assert len(sent) <= most, (page, sent)
