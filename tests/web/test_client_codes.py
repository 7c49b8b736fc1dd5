"""/client/codes: applying a code, how it stands, taking it off and putting it back."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.kit.db import db, unit_of_work
from app.offers import editing
from app.offers.models import UserPromoCode
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.holding import card, changed, codes_on, hours, part_of, read
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(timezone="America/New_York")
    sign_in(client, user)
    return user


def kept() -> list[tuple[int, str]]:
    rows = db.session.scalars(select(UserPromoCode).order_by(UserPromoCode.id))
    return [(each.user_id, each.status) for each in rows]


def toasts(headers: dict[str, str]) -> list[str]:
    return [each["message"] for each in json.loads(headers["HX-Trigger"])["toast"]["toasts"]]


def value_of(page: str) -> str:
    found = re.search(r'<input class="input" id="code"[^>]* value="([^"]*)"', page)
    assert found is not None
    return unescape(found[1])


def test_a_code_is_put_on_the_account_in_place(client: FlaskClient, mia: User) -> None:
    make.offer_code(code="BONUS10", title="Ten on top", max_bonus=20, usage_limit=50)
    answer = client.post("/client/codes", data={"code": " bonus10 "}, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert toasts(dict(answer.headers)) == ["BONUS10 is on your account."]
    assert value_of(answer.text) == ""
    told = card(answer.text, "BONUS10")
    assert all(text in told for text in ("Ten on top", "10% bonus at most $20.00", "Open now", "50 uses remaining"))
    assert kept() == [(mia.id, "applied")]
    again = client.post("/client/codes", data={"code": "BONUS10"}, headers=HTMX)
    assert toasts(dict(again.headers)) == ["BONUS10 is on your account already."]
    assert kept() == [(mia.id, "applied")]


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ({"is_active": False}, "This code is switched off right now."),
        ({"ends_at": NOW}, "This code expired on March 2, 2026."),
        (
            {"starts_at": NOW + timedelta(days=1)},
            "This code starts on March 3, 2026, 7:00\N{NARROW NO-BREAK SPACE}AM (America/New_York).",
        ),
        ({"per_user_limit": 1}, "You have used this code already, and it works once for each person."),
        (None, "This code has ended."),
    ],
)
def test_what_is_there_already_and_gives_nothing_says_why(
    client: FlaskClient, mia: User, since: dict[str, Any] | None, said: str
) -> None:
    code = make.offer_code(code="BONUS10")
    make.applied(mia, code)
    make.converted(mia, make.offer())
    if since is None:
        with unit_of_work():
            editing.remove(code.id, make.SYSTEM, NOW)
    else:
        changed(code, **since)
    answer = client.post("/client/codes", data={"code": "BONUS10"}, headers=HTMX)
    assert answer.status_code == 200
    assert toasts(dict(answer.headers)) == [f"BONUS10 is on your account already, but gives nothing now: {said}"]
    assert kept() == [(mia.id, "applied")]


def test_without_javascript_one_comes_back_to_the_page(client: FlaskClient, mia: User) -> None:
    make.offer_code(code="BONUS10")
    answer = client.post("/client/codes", data={"code": "BONUS10"})
    assert (answer.status_code, answer.location) == (303, "/client/codes")
    page = client.get("/client/codes").text
    assert "BONUS10 is on your account." in page
    assert codes_on(page) == ["BONUS10"]
    assert kept() == [(mia.id, "applied")]


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("typed", "terms", "said"),
    [
        ("nope", {}, "We don't know this code. Please check it for typing mistakes."),
        (" ", {}, "Please type a code."),
        ("B", {"ends_at": NOW - timedelta(days=1)}, "This code expired on March 1, 2026."),
        ("B", {"starts_at": NOW + timedelta(days=1)}, "This code starts on March 3, 2026, 7:00 AM"),
        ("B", {"is_active": False}, "This code is switched off right now."),
        ("B", {"active_hours": hours("18:00", "22:00")}, "Opens today at 11:00 (America/New_York)."),
        ("B", {"active_hours": hours("10:00", "11:00")}, "Opens tomorrow at 03:00 (America/New_York)."),
        ("B", {"active_hours": hours("10:00", "12:00", weekdays=[5])}, "Opens on Fri, Mar 6 at 03:00"),
    ],
)
def test_a_refused_code_stays_in_its_field_with_the_reason_beside_it(
    client: FlaskClient, mia: User, typed: str, terms: dict[str, object], said: str, headers: dict[str, str]
) -> None:
    if typed == "B":
        typed = make.code_of(make.offer_code(**terms)).lower()
    answer = client.post("/client/codes", data={"code": typed}, headers=headers)
    assert answer.status_code == 422
    assert ("<html" in answer.text) == (not headers)
    assert value_of(answer.text) == typed
    assert said in part_of(answer.text, 'id="code-error"', "p")
    assert 'aria-describedby="code-error"' in answer.text
    assert kept() == []
    assert mia.id


def test_a_discount_for_carts_is_no_code_for_an_account(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.discount(code="SAVE20")
    answer = client.post("/client/codes", data={"code": "SAVE20"})
    assert (answer.status_code, kept()) == (422, [])
    assert "We don't know this code." in unescape(answer.text)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"is_public": True}, "This code is for the cart: use it in the store. Open cart"),
        ({"is_public": False}, "We don't know this code. Please check it for typing mistakes."),
        ({"is_public": True, "is_active": False}, "We don't know this code. Please check it for typing mistakes."),
        ({"is_public": True, "ends_at": NOW}, "We don't know this code. Please check it for typing mistakes."),
    ],
)
def test_a_discount_that_everybody_may_know_leads_to_the_cart(
    client: FlaskClient,
    mia: User,  # noqa: ARG001
    terms: dict[str, object],
    said: str,
) -> None:
    make.discount(code="SAVE20", **terms)
    answer = client.post("/client/codes", data={"code": " save20 "}, headers=HTMX)
    assert (answer.status_code, part_of(answer.text, 'id="code-error"', "p")) == (422, said)
    assert ('href="/store/cart">Open cart' in answer.text) == ("Open cart" in said)


def test_nothing_typed_is_no_guess(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    for path in ("/client/codes", "/store/cart/code"):
        for _each in range(12):
            answer = client.post(path, data={"code": "  "}, headers=HTMX)
        assert (answer.status_code, "Please type a code." in answer.text) == (422, True)


def test_guesses_are_limited_and_told_in_the_place(app: Flask, client: FlaskClient, mia: User, sign_in: SignIn) -> None:  # noqa: ARG001
    make.offer_code(code="BONUS10")
    for _each in range(10):
        assert client.post("/client/codes", data={"code": "wrong"}).status_code == 422
    answer = client.post("/client/codes", data={"code": "BONUS10"}, headers=HTMX)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "aria-invalid" in answer.text
    assert value_of(answer.text) == "BONUS10"
    assert client.post("/store/cart/code", data={"code": "wrong"}).status_code == 429  # wherever codes are typed
    other = app.test_client()
    sign_in(other, make.user())
    assert other.post("/client/codes", data={"code": "BONUS10"}).status_code == 303


def test_refusals_of_codes_that_there_are_are_no_guesses(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    code = make.code_of(make.offer_code(is_active=False))
    answers = {client.post("/client/codes", data={"code": code}).status_code for _each in range(12)}
    assert answers == {422}


def test_a_code_in_the_address_fills_the_field_and_applies_nothing(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.offer_code(code="BONUS10")
    page = client.get("/client/codes?code=BONUS10").text
    assert (value_of(page), kept(), codes_on(page)) == ("BONUS10", [], [])
    assert value_of(client.get("/client/codes", query_string={"code": '"><i>' + "x" * 99}).text) == '"><i>' + "x" * 59


def test_an_empty_account_says_what_to_do(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    page = read(client.get("/client/codes").text)
    assert "No code on your account yet" in page
    assert "Nothing earned yet" in page
    assert "Cash balance $0.00" in page


def test_a_card_says_what_it_is_for_and_what_it_has_earned(client: FlaskClient, mia: User) -> None:
    offers = [make.offer(name=name) for name in ("Survey", "Trial", "Quote", "Poll", "Quiz")]
    code = make.offer_code(
        code="FIVE",
        bonus_type="fixed",
        bonus_value=5,
        per_user_limit=4,
        min_amount=10,
        terms_and_conditions="<p>Only <b>once</b> a day.</p>",
        applicable_offers=[each.id for each in offers],
    )
    make.applied(mia, code)
    make.applied(mia, make.offer_code(code="ALL", title="For all"))
    make.converted(mia, offers[0])
    make.converted(mia, offers[1])
    page = client.get("/client/codes").text
    told = card(page, "FIVE")
    assert "$5.00 bonus" in told
    assert "Offers Survey Trial Quote and 2 more that pay at least $10.00" in told
    assert "2 uses remaining" in told
    assert "Earned $10.00 for 2 offers" in told
    assert "Terms & conditions Only once a day." in told
    assert "As often as you like Offers All offers Earned Nothing yet" in card(page, "ALL")
    assert 'href="/client/offers?q=Survey"' in page


def test_what_is_over_comes_last_and_is_dim(client: FlaskClient, mia: User) -> None:
    waits, ends, once, off = (make.offer_code(code=name) for name in ("WAITS", "ENDS", "ONCE", "OFF"))
    for code in (once, ends, off, waits):
        make.applied(mia, code)
    changed(once, per_user_limit=1, bonus_value=50)
    make.converted(mia, make.offer())
    changed(off, is_active=False)
    changed(waits, starts_at=NOW + timedelta(days=2))
    changed(ends, ends_at=NOW)
    page = client.get("/client/codes").text
    assert codes_on(page) == ["WAITS", "OFF", "ENDS", "ONCE"]
    assert [("remaining" in card(page, code), "As often" in card(page, code)) for code in codes_on(page)] == [
        *[(False, True)] * 2,
        *[(False, False)] * 2,
    ]
    said = [re.split(" Uses | Offers ", card(page, code).split("% bonus ")[1])[0] for code in codes_on(page)]
    assert said == [
        "Not started: begins Wed, Mar 4 at 07:00 Opens in 2d 0h 0m",
        "Switched off",
        "Ended",
        "Used up",
    ]
    assert [("is-over" in each) for each in re.findall(r'<li class="card held([^"]*)"', page)] == [
        *(False, False),
        *(True, True),
    ]


def test_an_archived_code_has_ended_and_keeps_what_it_earned(client: FlaskClient, mia: User) -> None:
    code = make.offer_code(code="GONE")
    make.applied(mia, code)
    make.converted(mia, make.offer())
    with unit_of_work():
        editing.remove(code.id, make.SYSTEM, NOW)
    told = card(client.get("/client/codes").text, "GONE")
    assert "Ended" in told
    assert "Earned $2.00 for 1 offer" in told


def test_a_code_is_taken_off_and_put_back(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code(code="BONUS10"))
    path = f"/client/codes/{db.session.scalars(select(UserPromoCode.id)).one()}"
    answer = client.delete(path, headers=HTMX)
    assert answer.status_code == 200
    assert codes_on(answer.text) == []
    assert "BONUS10 is off your account. Put it back" in part_of(answer.text, 'class="code-taken"', "div")
    assert client.delete(path, headers=HTMX).status_code == 200  # twice is fine
    assert kept() == [(mia.id, "removed")]
    client.post("/client/codes", data={"code": "BONUS10"}, headers=HTMX)
    assert kept() == [(mia.id, "removed"), (mia.id, "applied")]
    assert "code-taken" not in client.get(f"/client/codes?removed={path[-1]}").text


def test_without_javascript_it_can_be_put_back_too(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code(code="BONUS10"))
    applied_id = db.session.scalars(select(UserPromoCode.id)).one()
    answer = client.post(f"/client/codes/{applied_id}", data={"_method": "DELETE"})
    assert (answer.status_code, answer.location) == (303, f"/client/codes?removed={applied_id}")
    page = client.get(answer.location).text
    assert re.search(r'name="code" value="BONUS10">\s*<button class="btn btn-sm">Put it back', page)
    assert codes_on(page) == []


def test_what_is_closed_now_cannot_be_put_back_and_says_so(client: FlaskClient, mia: User) -> None:
    code = make.offer_code(code="NIGHTS", active_hours=hours("18:00", "22:00"))
    make.applied(mia, code, now=NOW.replace(hour=17))
    applied_id = db.session.scalars(select(UserPromoCode.id)).one()
    assert "You can apply it again only while it is open." in client.get("/client/codes").text
    answer = client.delete(f"/client/codes/{applied_id}", headers=HTMX)
    told = part_of(answer.text, 'class="code-taken"', "div")
    assert told == "NIGHTS is off your account. It can't be put back now: Opens today at 11:00."


def test_anothers_code_is_not_there(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    other = make.user()
    make.applied(other, make.offer_code(code="THEIRS"))
    applied_id = db.session.scalars(select(UserPromoCode.id)).one()
    for headers in ({}, HTMX):
        assert client.delete(f"/client/codes/{applied_id}", headers=headers).status_code == 404
    assert kept() == [(other.id, "applied")]
    assert "THEIRS" not in client.get(f"/client/codes?removed={applied_id}").text


@pytest.mark.parametrize("many", [1, 12])
def test_the_page_takes_as_many_statements_whatever_is_on_the_account(
    client: FlaskClient, mia: User, many: int
) -> None:
    for _each in range(many):
        offer = make.offer()
        make.applied(mia, make.offer_code(applicable_offers=[offer.id]))
        make.converted(mia, offer)
    with count_statements() as sent:
        client.get("/client/codes")
    assert len(sent) <= 8, sent


def test_codes_for_all_offers_ask_for_no_names(client: FlaskClient, mia: User) -> None:
    make.applied(mia, make.offer_code())
    with count_statements() as sent:
        client.get("/client/codes")
    assert len(sent) <= 7, sent


@pytest.mark.parametrize("role", ["coach", "admin"])
def test_only_clients_have_codes(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    for path in ("/client/codes", "/client/offers", "/client/wallet", "/client/wallet.csv"):
        assert visitor.get(path).status_code == 403
        assert app.test_client().get(path).location.startswith("/login")
    assert visitor.post("/client/codes", data={"code": "X"}).status_code == 403
    assert visitor.delete("/client/codes/1").status_code == 403
