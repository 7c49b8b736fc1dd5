"""Completed offers at the desk: found, looked into, recorded by hand, taken back. No JavaScript here."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.kit.db import db, unit_of_work
from app.offers.models import Conversion
from app.promotions.models import Promotion
from app.wallet import ledger
from app.wallet import service as wallets
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

LIST, NEW = "/admin/conversions", "/admin/conversions/new"
pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="robin"))
    return client


def conversions() -> list[Conversion]:
    db.session.rollback()
    return list(db.session.scalars(select(Conversion).order_by(Conversion.id)))


def cash(user: User) -> int:
    db.session.rollback()
    return wallets.balances(user.id).cash_cents


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def ids(page: str) -> list[str]:
    return re.findall(r'long-id"[^>]*>([^<]+)</a>', page)


def told_at(field: str, page: str) -> str:
    return page.partition(f'id="{field}-error"')[2].partition("</p>")[0]


def form(client: User, offer_id: int, **fields: Any) -> dict[str, Any]:
    return {"username": client.username, "offer_id": offer_id, "payout": "", "completed_at": "", **fields}


def test_the_newest_comes_first_and_each_says_what_came_of_it(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada"), make.offer(name="Survey", payout=20)
    make.converted(ada, offer, conversion_id="c-1", completed_at=NOW - timedelta(hours=2))
    make.applied(ada, make.offer_code(code="TEN"))
    make.converted(ada, offer, conversion_id="c-2")
    make.reversed_again(make.converted(ada, offer, conversion_id="c-3"))
    page = admin.get(LIST).text
    assert ids(page) == ["c-3", "c-2", "c-1"]
    assert "c-3 A ada Survey Mar 2, 2026, 12:00 PM $20.00 $2.00 TEN Reversed" in words(page).replace("\u202f", " ")
    assert "$20.00 $2.00 TEN Bonus paid" in words(page)
    assert "received Mar 2, 2026, 12:00 PM $20.00 \N{EN DASH} No bonus" in words(page).replace("\u202f", " ")
    assert f'href="/admin/users/{ada.id}"' in page


def test_they_are_found_by_words_state_and_offer(admin: FlaskClient) -> None:
    ada, mia = make.user(username="ada"), make.user(username="mia")
    survey, game = make.offer(name="Survey"), make.offer(name="Game")
    make.applied(ada, make.offer_code(code="TEN"))
    make.converted(ada, survey, conversion_id="c-1")
    make.reversed_again(make.converted(ada, game, conversion_id="c-2"))
    make.converted(mia, game, conversion_id="c-3")

    def found(query: str) -> list[str]:
        return ids(admin.get(f"{LIST}?{query}").text)

    assert found("q=mia") == ["c-3"]
    assert found("q=ten") == ["c-2", "c-1"]
    assert found("q=surv") == ["c-1"]
    assert found("q=c-2") == ["c-2"]
    assert (found("state=bonus"), found("state=no_bonus"), found("state=reversed")) == (["c-1"], ["c-3"], ["c-2"])
    assert found(f"offer={game.id}") == ["c-3", "c-2"]
    assert found(f"offer={game.id}&state=reversed") == ["c-2"]
    assert found(f"client={ada.id}") == ["c-2", "c-1"]
    assert found(f"client={ada.id}&state=bonus") == ["c-1"]
    assert len(found("state=odd&offer=odd")) == 3
    assert admin.get(f"{LIST}?client=999999").status_code == 404
    assert "No conversion fits" in admin.get(f"{LIST}?q=nobody").text


def test_they_stand_in_the_order_of_the_time_they_came(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada", display_name="Ada Lovelace"), make.offer()
    for name, at in (("second", NOW), ("first", NOW - timedelta(hours=1)), ("third", NOW)):
        make.converted(ada, offer, conversion_id=name, now=at)
    page = admin.get(LIST).text
    assert ids(page) == ["third", "second", "first"]
    assert "Ada Lovelace ada" in words(page)
    of_ada = admin.get(f"{LIST}?client={ada.id}&q=lovelace")
    assert "Those of Ada Lovelace" in of_ada.text
    assert f'href="{LIST}.csv?q=lovelace&amp;client={ada.id}"' in of_ada.text


def test_what_is_exported_is_what_the_list_shows_also_after_a_search(admin: FlaskClient) -> None:
    make.converted(make.user(username="ada"), make.offer(), conversion_id="c-1")
    for found, shown in (("c-1", True), ("nothing", False)):
        part = admin.get(f"{LIST}?q={found}", headers=HTMX).text.partition('id="conversions-export"')[2]
        assert part.startswith(' hx-swap-oob="true"')
        assert (f'href="{LIST}.csv?q={found}"' in part) is shown


def test_without_any_the_page_says_where_they_come_from(admin: FlaskClient) -> None:
    assert "No conversions yet" in admin.get(LIST).text
    assert "make one first" in admin.get(NEW).text


def test_a_list_costs_the_same_however_long_it_is(admin: FlaskClient) -> None:
    make.converted(make.user(), make.offer())
    with count_statements() as of_one:
        admin.get(LIST)
    for _each in range(24):
        make.converted(make.user(), make.offer())
    with count_statements() as of_many:
        assert "20 of 25" in admin.get(LIST).text
    assert len(of_many) == len(of_one) <= 3, of_many


def test_the_file_holds_what_the_list_shows_and_no_formulas(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada"), make.offer(name="=1+1", external_id="@sum", payout=20)
    make.applied(ada, make.offer_code(code="TEN"))
    make.converted(ada, offer, conversion_id="-c-1")
    make.converted(ada, make.offer(), conversion_id="other")
    answer = admin.get(f"{LIST}.csv?offer={offer.id}")
    heading, row = answer.text.removeprefix("\ufeff").splitlines()
    assert answer.mimetype == "text/csv"
    assert heading == "id,client,offer_id,offer,payout,code,bonus,state,completed_at,received_at,reversed_at"
    assert row.startswith("'-c-1,ada,'@sum,'=1+1,20.00,TEN,2.00,bonus,2026-03-02T12:00:00+00:00,2026-03-02T12:00:00")


def test_recording_one_pays_at_once_and_says_by_which_code(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada"), make.offer(name="Survey", payout=20)
    make.applied(ada, make.offer_code(code="TEN"))
    answer = admin.post(NEW, data=form(ada, offer.id), follow_redirects=True)
    assert "ada earned $2.00 with TEN." in answer.text
    [kept] = conversions()
    assert re.fullmatch(r"manual-[0-9a-f]{32}", kept.conversion_id)
    assert (kept.payout_cents, kept.completed_at, kept.bonus_cents, cash(ada)) == (2000, NOW, 200, 200)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "conversion.recorded")).one()
    assert (entry.entity, entry.entity_id) == ("conversion", str(kept.id))
    assert (entry.after or {})["bonus"] == 2
    assert "Recorded by robin" in words(answer.text)
    assert "robin recorded it" in words(answer.text)
    assert "user id" not in answer.text


def test_what_is_told_of_payout_time_and_id_is_kept(admin: FlaskClient) -> None:
    ada, offer = make.user(), make.offer(is_active=False)
    told = {"payout": "7.5", "completed_at": "2026-03-01T18:30", "conversion_id": " net 1/2 "}
    admin.post(NEW, data=form(ada, offer.id, **told))
    [kept] = conversions()
    assert (kept.conversion_id, kept.payout_cents) == ("net 1/2", 750)
    assert kept.completed_at == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


def test_a_form_for_somebody_and_something_has_both_chosen(admin: FlaskClient) -> None:
    offer, off = make.offer(name="Survey", payout=20), make.offer(name="Another", is_active=False)
    page = admin.get(f"{NEW}?client=ada&offer={offer.id}").text
    assert 'value="ada"' in page
    assert re.search(rf'<option[^>]* selected value="{offer.id}"[^>]*>Survey, usually \$20.00<', page)
    assert page.index("Shown to clients") < page.index("Survey, usually") < page.index("Switched off")
    assert page.index("Switched off") < page.index(f'value="{off.id}"')
    assert "Another, usually $20.00 · switched off<" in page


def test_everything_that_is_wrong_is_told_at_once(admin: FlaskClient) -> None:
    make.offer()
    answer = admin.post(NEW, data={"username": "nobody", "offer_id": "", "completed_at": "2026-03-02T12:06"})
    assert answer.status_code == 422
    assert "no active client of this username" in told_at("username", answer.text)
    assert "Please choose an offer." in told_at("offer_id", answer.text)
    assert "This lies in the future." in told_at("completed_at", answer.text)


def test_clients_are_offered_by_what_was_typed(admin: FlaskClient) -> None:
    make.user(username="ada", display_name="Ada Lovelace")
    make.user(username="adam", is_active=False)
    make.user(username="adele", role="coach")
    make.offer()
    assert 'list="conversion-clients"' in admin.get(NEW).text
    found = admin.get(f"{LIST}/clients?username=love").text
    assert re.findall(r'value="([^"]*)">([^<]*)<', found) == [("ada", "Ada Lovelace")]
    assert re.findall(r'value="([^"]*)"', admin.get(f"{LIST}/clients?username=AD").text) == ["ada"]
    assert "option" not in admin.get(f"{LIST}/clients").text


@pytest.mark.parametrize(
    ("field", "typed", "status", "sentence"),
    [
        ("username", "", 422, "Please fill this in."),
        ("username", "nobody", 422, "no active client of this username"),
        ("username", "robin", 422, "no active client of this username"),
        ("offer_id", "", 422, "Please choose an offer."),
        ("offer_id", "999999", 422, "Please choose one of the list."),
        ("payout", "much", 422, "Please enter an amount such as 12.50."),
        ("payout", "9" * 30, 422, "Please enter at most 99,999,999.99."),
        ("completed_at", "soon", 422, "Please enter a date and a time"),
        ("completed_at", "2026-03-02T12:06", 422, "This lies in the future."),
        ("completed_at", "9999-12-31T12:00", 422, "Please give a year from 1970 to 8999."),
        ("conversion_id", "x" * 129, 422, "at most 128 characters"),
        ("conversion_id", "a\u2028b", 422, "only characters that can be seen"),
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_recorded(
    admin: FlaskClient, field: str, typed: str, status: int, sentence: str
) -> None:
    given = form(make.user(), make.offer().id, payout="3.21", conversion_id="mine")
    answer = admin.post(NEW, data=given | {field: typed})
    assert answer.status_code == status
    assert sentence in told_at(field, answer.text)
    assert field == "payout" or 'value="3.21"' in answer.text
    assert conversions() == []


def test_a_taken_id_is_refused_at_its_field_with_the_way_to_what_has_it(admin: FlaskClient) -> None:
    ada, offer = make.user(), make.offer()
    known = make.converted(ada, offer, conversion_id="c-1")
    answer = admin.post(NEW, data=form(ada, offer.id, conversion_id="c-1"))
    assert answer.status_code == 409
    assert "A conversion of this id is here already" in told_at("conversion_id", answer.text)
    assert f'href="{LIST}/{known.id}"' in answer.text
    assert len(conversions()) == 1


def test_pressed_twice_it_is_recorded_once(admin: FlaskClient) -> None:
    ada, offer = make.user(), make.offer()
    make.applied(ada, make.offer_code())
    key = re.search(r'name="key" type="hidden" value="(\w+)"', admin.get(NEW).text)
    assert key
    for _press in range(2):
        answer = admin.post(NEW, data=form(ada, offer.id, key=key[1]), follow_redirects=True)
    assert "This form was sent before." in answer.text
    assert (len(conversions()), cash(ada)) == (1, 200)


@pytest.mark.parametrize(
    "other",
    [
        {"username": "mia"},
        {"offer_id": "other"},
        {"payout": "7.50"},
        {"completed_at": "2026-03-01T18:30"},
    ],
)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_sent_again_with_something_else_it_comes_back_and_is_another_one(
    admin: FlaskClient, other: dict[str, Any]
) -> None:
    ada, offer, quiz = make.user(username="ada"), make.offer(), make.offer()
    make.user(username="mia")
    sent = form(ada, offer.id, key="0123456789abcdef" * 2)
    admin.post(NEW, data=sent)
    changed = sent | other | ({"offer_id": quiz.id} if "offer_id" in other else {})
    again = admin.post(NEW, data=changed)
    assert again.status_code == 422
    assert "This form has recorded something else before" in words(again.text)
    assert f'href="{LIST}/{conversions()[0].id}"' in again.text
    assert f'value="{changed["username"]}"' in again.text
    assert f'value="{changed["payout"]}"' in again.text
    assert changed["completed_at"] in again.text
    assert re.search(rf'<option[^>]* selected value="{changed["offer_id"]}"', again.text)
    assert len(conversions()) == 1
    key = re.search(r'name="key" type="hidden" value="(\w+)"', again.text)
    assert key
    assert key[1] != sent["key"]
    last = admin.post(NEW, data=changed | {"key": key[1]})
    assert (last.status_code, len(conversions())) == ((404, 1) if changed["username"] == "nobody" else (303, 2))


def test_who_has_no_code_earns_nothing_and_the_toast_says_so(admin: FlaskClient) -> None:
    ada = make.user(username="ada")
    answer = admin.post(NEW, data=form(ada, make.offer().id), follow_redirects=True)
    assert "No bonus: ada has no code on the account." in answer.text
    assert "No money was moved." in answer.text


def test_its_page_names_the_codes_that_were_passed_over_and_why(admin: FlaskClient) -> None:
    ada, offer = make.user(username="ada"), make.offer()
    codes: dict[str, dict[str, Any]] = {
        "GONE": {"ends_at": NOW + timedelta(minutes=1)},
        "OTHER": {"applicable_offers": [make.offer().id]},
        "MUCH": {"min_amount": 50},
        "TINY": {"bonus_value": 0.01},
    }
    for code, fields in codes.items():
        make.applied(ada, make.offer_code(code=code, **fields))
    kept = make.converted(ada, offer, now=NOW + timedelta(minutes=2))
    page = words(admin.get(f"{LIST}/{kept.id}").text)
    for told in ("GONE had ended", "OTHER is not for this offer", "MUCH is for offers that pay more"):
        assert told in page
    assert "TINY would have given nothing for this payout" in page
    assert "Recorded by A program" in page
    assert admin.get(f"{LIST}/999999").status_code == 404


def test_its_page_names_the_codes_that_would_have_paid_less(admin: FlaskClient) -> None:
    ada = make.user(username="ada")
    for code, per_cent in (("BEST", 50), ("LESS", 30), ("LEAST", 1)):
        make.applied(ada, make.offer_code(code=code, bonus_value=per_cent))
    page = words(admin.get(f"{LIST}/{make.converted(ada, make.offer(payout=20)).id}").text)
    assert "$10.00 with BEST Passed over LESS would have paid $6.00 LEAST would have paid $0.20" in page


def test_reversing_takes_the_bonus_and_the_use_back(admin: FlaskClient) -> None:
    ada, code = make.user(username="ada"), make.offer_code(code="TEN")
    make.applied(ada, code)
    kept = make.converted(ada, make.offer(name="Survey"))
    address = f"{LIST}/{kept.id}"
    page = admin.get(address).text
    assert "$2.00 goes back from ada, and the code gets its use back." in page
    assert f'href="/admin/promotions/{code.id}"' in page
    for _press in range(2):
        answer = admin.post(f"{address}/reverse", follow_redirects=True)
    assert "The conversion is reversed. $2.00 came back from ada." in answer.text
    assert "/reverse" not in answer.text
    assert "\N{MINUS SIGN}$2.00" in answer.text
    history = words(answer.text).partition("History")[2]
    assert "robin reversed it" in history
    assert "State: Bonus \N{RIGHTWARDS ARROW} Reversed" in history
    db.session.rollback()
    assert (cash(ada), db.session.get_one(Promotion, code.id, populate_existing=True).used_count) == (0, 0)


def test_what_the_client_no_longer_has_is_announced_and_then_owed(admin: FlaskClient) -> None:
    ada = make.user(username="ada")
    make.applied(ada, make.offer_code())
    kept = make.converted(ada, make.offer())
    with unit_of_work():
        ledger.take_back(ada.id, 150, reason="elsewhere", reference="elsewhere", now=NOW)
    page = admin.get(f"{LIST}/{kept.id}").text
    assert "ada has only $0.50. That much is taken, the other $1.50 is noted as owed" in page
    answer = admin.post(f"{LIST}/{kept.id}/reverse", follow_redirects=True)
    assert "$0.50 came back, ada owes $1.50." in answer.text
    assert "$1.50 was no longer there when it was taken back." in answer.text


def test_reversing_what_earned_nothing_moves_no_money(admin: FlaskClient) -> None:
    kept = make.converted(make.user(), make.offer())
    assert "It has earned nothing, so no money moves." in admin.get(f"{LIST}/{kept.id}").text
    answer = admin.post(f"{LIST}/{kept.id}/reverse", follow_redirects=True)
    assert "It had earned nothing." in answer.text
    assert conversions()[0].state == "reversed"
