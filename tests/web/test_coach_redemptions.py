"""Coaches handle what their clients redeem: in the list, on the dashboard, on the client's page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.loyalty import redeeming
from app.loyalty import service as loyalty
from app.loyalty.reward_models import Reward, RewardRedemption
from app.messages import notices
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
LIST = "/coach/redemptions"


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> User:
    coach = make.user(role="coach", display_name="Sam Coach")
    sign_in(client, coach)
    return coach


@pytest.fixture
def ada(sam: User) -> User:
    return make.rich_client(500, coach_id=sam.id, display_name="Ada Berg")


def kept(redemption: RewardRedemption) -> tuple[str, str, int | None]:
    found = db.session.get_one(RewardRedemption, redemption.id)
    return found.status, found.coach_notes, found.handled_by_id


def rewards_in(page: str) -> list[str]:
    """What the rows are about, from above."""
    return re.findall(r"<p><strong>([^<]+)</strong>", page)


def test_who_waits_longest_stands_first_and_the_handled_follow(client: FlaskClient, sam: User, ada: User) -> None:
    done = make.redemption(ada, make.reward(name="Done one"), now=make.NOW)
    make.redemption(ada, make.reward(name="Early one"), now=make.NOW + timedelta(hours=1))
    make.redemption(ada, make.reward(name="Late one"), now=make.NOW + timedelta(hours=3))
    with unit_of_work():
        redeeming.fulfil(done.id, sam, actor=SYSTEM, now=make.NOW)
    assert rewards_in(client.get(LIST).text) == ["Early one", "Late one", "Done one"]


def test_a_list_that_is_open_learns_of_new_ones(client: FlaskClient, ada: User) -> None:
    make.redemption(ada, make.reward(name="Early one"))
    text = client.get(f"{LIST}?status=pending").text
    found = re.search(r'data-url="(/coach/redemptions\?status=pending&amp;seen=\w+)"', text)
    assert found
    again = found[1].replace("&amp;", "&")
    assert client.get(again, headers=HTMX).status_code == 204
    assert client.get(again).status_code == 200
    make.redemption(ada, make.reward(name="Late one"))
    answer = client.get(again, headers=HTMX)
    assert rewards_in(answer.text) == ["Early one", "Late one"]
    assert found[1] not in answer.text


def test_statuses_are_tabs_with_counts(client: FlaskClient, sam: User, ada: User) -> None:
    done = make.redemption(ada, make.reward(name="Yoga mat"))
    make.redemption(ada, make.reward(name="Water bottle"))
    with unit_of_work():
        redeeming.fulfil(done.id, sam, actor=SYSTEM, now=make.NOW)
    page = client.get(LIST).text
    assert {name: re.search(rf'id="count-{name}"[^>]*>(\d+)<', page)[1] for name in ("all", "pending", "rejected")} == {  # type: ignore[index]
        "all": "2",
        "pending": "1",
        "rejected": "0",
    }
    fulfilled = client.get(f"{LIST}?status=fulfilled", headers=HTMX).text
    assert "Yoga mat" in fulfilled
    assert "Water bottle" not in fulfilled
    assert "<html" not in fulfilled
    assert "None of these yet" in client.get(f"{LIST}?status=rejected").text
    assert "Yoga mat" in client.get(f"{LIST}?status=odd").text


def test_a_redemption_is_found_by_client_or_reward(client: FlaskClient, sam: User, ada: User) -> None:
    make.redemption(ada, make.reward(name="Yoga mat"))
    make.redemption(make.rich_client(coach_id=sam.id, display_name="Noor Aziz"), make.reward(name="Water 100%"))
    assert rewards_in(client.get(f"{LIST}?q=100%25").text) == ["Water 100%"]
    assert rewards_in(client.get(f"{LIST}?q=berg").text) == ["Yoga mat"]
    assert "No redemption fits" in client.get(f"{LIST}?q=zzz").text


def test_an_empty_list_says_what_will_stand_there(client: FlaskClient, sam: User) -> None:  # noqa: ARG001
    assert "Nothing was redeemed yet" in client.get(LIST).text


def test_fulfilling_changes_the_row_and_the_counts_in_place(client: FlaskClient, sam: User, ada: User) -> None:
    first, _second = make.redemption(ada), make.redemption(ada)
    answer = client.patch(
        f"{LIST}/{first.id}", data={"status": "fulfilled", "coach_notes": " Enjoy! ", "place": "list"}, headers=HTMX
    )
    assert answer.status_code == 200
    assert kept(first) == ("fulfilled", "Enjoy!", sam.id)
    assert f'id="redemption-{first.id}"' in answer.text
    assert "Enjoy!" in answer.text
    assert "Sam Coach, " in answer.text
    assert "<form" not in answer.text
    assert re.search(r'id="count-pending" hx-swap-oob="true">1<', answer.text)
    assert re.search(r'id="count-fulfilled" hx-swap-oob="true">1<', answer.text)
    assert [notice.kind for notice in notices.unseen(ada.id)] == ["redemption_fulfilled"]


@pytest.mark.parametrize("nothing", ["  ", "\u200b"])
def test_rejecting_needs_a_reason_and_keeps_what_was_typed(client: FlaskClient, ada: User, nothing: str) -> None:
    mat = make.reward(stock=1)
    asked_for = make.redemption(ada, mat)
    told = client.patch(f"{LIST}/{asked_for.id}", data={"status": "rejected", "coach_notes": nothing}, headers=HTMX)
    assert told.status_code == 422
    assert "Please write why" in told.text
    assert 'aria-invalid="true"' in told.text
    assert kept(asked_for)[0] == "pending"
    done = client.patch(f"{LIST}/{asked_for.id}", data={"status": "rejected", "coach_notes": "Sold"}, headers=HTMX)
    assert done.status_code == 200
    assert kept(asked_for)[:2] == ("rejected", "Sold")
    assert loyalty.summary_of(ada.id).available_points == 500
    assert db.session.get_one(Reward, mat.id).stock == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"status": "fulfilled", "coach_notes": "x" * 1001}, "at most 1000 characters"),
        ({"status": "pending"}, "Please choose"),
        ({"coach_notes": "Kept words"}, "Please choose: fulfil it or reject it."),
        ({"status": "fulfilled", "coach_notes": "a\x00b"}, "can&#39;t keep"),
    ],
)
def test_odd_input_is_told_in_the_row(client: FlaskClient, ada: User, data: dict[str, str], told: str) -> None:
    asked_for = make.redemption(ada)
    answer = client.patch(f"{LIST}/{asked_for.id}", data=data, headers=HTMX)
    assert answer.status_code == 422
    assert told in answer.text
    assert data.get("coach_notes", "").replace("\x00", "")[:5] in answer.text.replace("\x00", "")
    assert kept(asked_for)[0] == "pending"


def test_whoever_was_slower_sees_what_became_of_it(client: FlaskClient, sam: User, ada: User) -> None:  # noqa: ARG001
    asked_for, admin = make.redemption(ada), make.user(role="admin", display_name="Robin Hale")
    with unit_of_work():
        redeeming.reject(asked_for.id, admin, notes="None left", actor=SYSTEM, now=make.NOW)
    typed = {"status": "fulfilled", "coach_notes": "Ask for Tom"}
    answer = client.patch(f"{LIST}/{asked_for.id}", data=typed, headers=HTMX)
    assert answer.status_code == 409
    assert re.search(r"Your note was not sent:</p>\s*<p>Ask for Tom</p>", answer.text)
    assert "Robin Hale has rejected this already; the points are back." in answer.text
    assert "None left" in answer.text
    assert "<form" not in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    assert kept(asked_for) == ("rejected", "None left", admin.id)


def test_without_javascript_one_is_back_where_one_was(client: FlaskClient, ada: User) -> None:
    asked_for = make.redemption(ada, make.reward(name="Yoga mat"))
    here = f"{LIST}?status=pending&q=yoga"
    assert 'name="next" value="/coach/redemptions?status=pending&amp;q=yoga"' in client.get(here).text
    typed = {"_method": "PATCH", "status": "fulfilled", "place": "list", "next": here}
    answer = client.post(f"{LIST}/{asked_for.id}", data=typed)
    assert (answer.status_code, answer.location) == (303, here)
    assert "Fulfilled: Yoga mat for Ada Berg." in client.get(here).text
    assert kept(asked_for)[0] == "fulfilled"


def test_without_javascript_one_goes_on_with_the_next_that_waits(client: FlaskClient, sam: User, ada: User) -> None:
    first, second, done = (make.redemption(ada, now=make.NOW + timedelta(hours=hours)) for hours in range(3))
    with unit_of_work():
        redeeming.fulfil(done.id, sam, actor=SYSTEM, now=make.NOW)
    there = re.findall(r'name="anchor" value="([^"]+)"', client.get(LIST).text)
    assert there == [f"redemption-{second.id}"] * 2
    typed = {"_method": "PATCH", "status": "fulfilled", "next": LIST}
    assert client.post(f"{LIST}/{first.id}", data=typed | {"anchor": there[0]}).location == f"{LIST}#{there[0]}"
    assert client.post(f"{LIST}/{second.id}", data=typed | {"anchor": "x y"}).location == LIST
    make.redemption(ada)
    assert 'name="anchor" value="to-handle"' in client.get("/coach").text


def test_without_javascript_a_refusal_has_a_page_with_what_was_typed(client: FlaskClient, ada: User) -> None:
    asked_for = make.redemption(ada)
    typed = {"_method": "PATCH", "status": "rejected", "coach_notes": "", "next": "/coach", "place": "dashboard"}
    answer = client.post(f"{LIST}/{asked_for.id}", data=typed)
    assert answer.status_code == 422
    assert "<html" in answer.text
    assert "Please write why" in answer.text
    assert 'href="/coach"' in answer.text
    assert client.post(f"{LIST}/{asked_for.id}", data=typed | {"coach_notes": "Sold"}).location == "/coach"


def test_without_javascript_a_refusal_stands_in_the_list_as_it_was_asked_for(client: FlaskClient, ada: User) -> None:
    asked_for, other = (make.redemption(ada, make.reward(name=f"Mat {colour}")) for colour in ("red", "green"))
    make.redemption(ada, make.reward(name="Massage"))
    here = f"{LIST}?q=mat&status=pending"
    typed = {"_method": "PATCH", "status": "rejected", "coach_notes": "", "place": "list", "next": here}
    answer = client.post(f"{LIST}/{asked_for.id}", data=typed | {"q": "mat", "anchor": f"redemption-{other.id}"})
    assert answer.status_code == 422
    assert answer.text.count("Please write why") == 1
    assert answer.text.count('name="next" value="/coach/redemptions?q=mat&amp;status=pending"') == 2
    assert f'value="redemption-{other.id}"' in answer.text.split(f'id="redemption-{other.id}"')[0]
    assert "Massage" not in answer.text
    gone = client.post(f"{LIST}/{asked_for.id}", data=typed | {"next": f"{LIST}?page=1&status=fulfilled"})
    assert "Back to the list" in gone.text


def test_what_became_of_it_is_said_to_who_cannot_see_it(client: FlaskClient, ada: User) -> None:
    done = make.redemption(ada, make.reward(name="Yoga mat"))
    for page in (LIST, "/coach", f"/coach/clients/{ada.id}"):
        assert client.get(page).text.count('id="redemption-told" role="status"') == 1
    refused = client.patch(f"{LIST}/{done.id}", data={"status": "rejected"}, headers=HTMX).text
    assert "#redemption-told" not in refused
    part = client.patch(f"{LIST}/{done.id}", data={"status": "fulfilled"}, headers=HTMX).text
    assert '<p hx-swap-oob="innerHTML:#redemption-told">Fulfilled: Yoga mat for Ada Berg.</p>' in part


def test_nobody_is_sent_to_another_site(client: FlaskClient, ada: User) -> None:
    asked_for = make.redemption(ada)
    typed = {"_method": "PATCH", "status": "fulfilled", "next": "//elsewhere.example/"}
    assert client.post(f"{LIST}/{asked_for.id}", data=typed).location == LIST


def test_the_places_where_it_is_handled_get_their_own_news(client: FlaskClient, ada: User) -> None:
    first, second = make.redemption(ada), make.redemption(ada)
    data = {"status": "rejected", "coach_notes": "Sold"}
    morning = client.patch(f"{LIST}/{first.id}", data=data | {"place": "dashboard"}, headers=HTMX).text
    assert 'id="waiting" hx-swap-oob="true"' in morning
    assert 'id="to-handle-words" hx-swap-oob="true">Waiting for you<' in morning
    assert "All 1 that wait" in morning
    assert "count-pending" not in morning
    theirs = client.patch(f"{LIST}/{second.id}", data=data | {"place": "client"}, headers=HTMX).text
    assert re.search(r'id="client-points" hx-swap-oob="true">500<', theirs)
    assert "Ada Berg</a>" not in theirs


@pytest.mark.parametrize("place", ["list", "dashboard"])
def test_once_nobody_waits_the_page_says_so_though_the_rows_stay(client: FlaskClient, ada: User, place: str) -> None:
    first, second = make.redemption(ada), make.redemption(ada)
    data = {"status": "fulfilled", "place": place, "showing": "pending"}
    told = {"list": "All done: nobody waits for anything any more.", "dashboard": "Nobody is waiting</span>"}[place]
    assert told not in client.patch(f"{LIST}/{first.id}", data=data, headers=HTMX).text
    assert told in client.patch(f"{LIST}/{second.id}", data=data, headers=HTMX).text


def test_somebody_elses_is_not_there(app: Flask, client: FlaskClient, sam: User, sign_in: SignIn) -> None:  # noqa: ARG001
    other = make.redemption(make.rich_client(coach_id=make.user(role="coach").id), make.reward(name="Not yours"))
    assert client.patch(f"{LIST}/{other.id}", data={"status": "fulfilled"}, headers=HTMX).status_code == 404
    assert client.patch(f"{LIST}/999999", data={"status": "fulfilled"}).status_code == 404
    assert "Not yours" not in client.get(LIST).text
    assert kept(other)[0] == "pending"
    visitor = app.test_client()
    sign_in(visitor, make.user())
    assert visitor.patch(f"{LIST}/{other.id}", data={"status": "fulfilled"}).status_code == 403


@pytest.mark.usefixtures("frozen")
def test_the_list_takes_three_statements_however_many_rows(client: FlaskClient, sam: User) -> None:
    for _ in range(4):
        make.redemption(make.rich_client(coach_id=sam.id))
    assert db.session.scalar(select(func.count()).select_from(RewardRedemption)) == 4
    with count_statements() as sent:
        client.get(LIST)
    assert len(sent) <= 3, sent
