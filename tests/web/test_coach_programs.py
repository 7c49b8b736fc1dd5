"""Programmes: made and kept by their coach, assigned to clients, completed or cancelled."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.activity.program_models import ClientProgram, Program
from app.kit.db import db
from app.loyalty import service as loyalty
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
LIST = "/coach/programs"


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> User:
    coach = make.user(role="coach")
    sign_in(client, coach)
    return coach


@pytest.fixture
def ada(sam: User) -> User:
    return make.user(coach_id=sam.id, display_name="Ada Berg")


def kept() -> list[tuple[str, str, bool, int]]:
    columns = (Program.name, Program.description, Program.is_active, Program.version)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(Program.id))]  # type: ignore[misc]


def states() -> list[str]:
    return list(db.session.scalars(select(ClientProgram.status).order_by(ClientProgram.id)))


def test_a_programme_is_made_and_listed(client: FlaskClient, sam: User) -> None:  # noqa: ARG001
    assert "No programme yet" in client.get(LIST).text
    answer = client.post(
        f"{LIST}/create", data={"name": " Better sleep ", "description": "Eight hours", "is_active": "y"}
    )
    assert (answer.status_code, answer.location) == (303, LIST)
    assert kept() == [("Better sleep", "Eight hours", True, 1)]
    page = client.get(LIST).text
    assert "Better sleep was created." in page
    assert "Eight hours" in page


def test_a_programme_needs_a_name_and_keeps_what_was_typed(client: FlaskClient, sam: User) -> None:  # noqa: ARG001
    answer = client.post(f"{LIST}/create", data={"name": " ", "description": "Eight hours"})
    assert answer.status_code == 422
    assert "Eight hours" in answer.text
    assert kept() == []


def test_a_programme_is_changed(client: FlaskClient, sam: User) -> None:
    sleep = make.program(sam, name="Sleep", description="Old")
    page = client.get(f"{LIST}/{sleep.id}/edit").text
    assert 'name="version" type="hidden" value="1"' in page
    answer = client.post(f"{LIST}/{sleep.id}/edit", data={"name": "Sleep well", "description": "New", "version": "1"})
    assert answer.location == LIST
    assert kept() == [("Sleep well", "New", False, 2)]


def test_the_second_of_two_editors_is_told_and_keeps_what_they_typed(client: FlaskClient, sam: User) -> None:
    sleep = make.program(sam, name="Sleep", description="")
    edit = f"{LIST}/{sleep.id}/edit"
    client.post(edit, data={"name": "First", "is_active": "y", "version": "1"})
    told = client.post(edit, data={"name": "Second", "is_active": "y", "version": "1"})
    assert told.status_code == 409
    assert f"{sam.name} changed this while you had it open" in told.text
    assert "differs (Name): save again" in told.text
    assert 'value="Second"' in told.text
    assert 'name="version" type="hidden" value="2"' in told.text
    client.post(edit, data={"name": "Second", "is_active": "y", "version": "2"})
    assert kept()[0][0] == "Second"


def test_a_programme_is_switched_in_place(client: FlaskClient, sam: User) -> None:
    sleep = make.program(sam)
    part = client.post(f"{LIST}/{sleep.id}/active", data={"is_active": "0"}, headers=HTMX)
    assert "<html" not in part.text
    assert "Switch on" in part.text
    assert [row[2:] for row in kept()] == [(False, 2)]
    back = client.post(f"{LIST}/{sleep.id}/active?status=inactive", data={"is_active": "1", "anchor": "program-7"})
    assert back.location == f"{LIST}?status=inactive#program-7"
    assert kept()[0][2]


def test_one_that_nobody_has_followed_is_deleted(client: FlaskClient, sam: User) -> None:
    sleep = make.program(sam, name="Sleep")
    assert "Sleep" not in client.delete(f"{LIST}/{sleep.id}", headers=HTMX).text
    assert kept() == []


def test_one_that_was_followed_is_switched_off_and_the_page_says_so(client: FlaskClient, sam: User, ada: User) -> None:
    sleep = make.program(sam, name="Sleep")
    make.followed(ada, sam, sleep)
    for page in (client.get(LIST).text, client.get(f"{LIST}/{sleep.id}/edit").text):
        assert "1 client follows or has followed Sleep, so it can't be deleted" in page
        assert "Switch off instead" in page
    answer = client.post(f"{LIST}/{sleep.id}", data={"_method": "DELETE"}, follow_redirects=True)
    assert "was switched off instead of deleted" in answer.text
    assert "Delete" not in client.get(LIST).text + client.get(f"{LIST}/{sleep.id}/edit").text
    assert [row[2] for row in kept()] == [False]
    assert states() == ["active"]


def test_programmes_are_found_by_words_and_status(client: FlaskClient, sam: User, ada: User) -> None:
    make.followed(ada, sam, make.program(sam, name="Sleep"))
    make.program(sam, name="Run", is_active=False)
    part = client.get(f"{LIST}?q=sle", headers=HTMX).text
    assert "Sleep" in part
    assert "Run" not in part
    assert "Sleep" not in client.get(f"{LIST}?status=inactive").text
    assert "No programme fits" in client.get(f"{LIST}?q=zzz").text


@pytest.mark.usefixtures("app")
def test_the_list_takes_three_statements(client: FlaskClient, sam: User, ada: User) -> None:
    for _ in range(4):
        make.followed(ada, sam)
    with count_statements() as sent:
        client.get(LIST)
    assert len(sent) <= 3, sent


def test_a_programme_is_assigned_in_place(client: FlaskClient, sam: User, ada: User) -> None:
    sleep = make.program(sam, name="Sleep")
    answer = client.post(f"/coach/clients/{ada.id}/programs", data={"program_id": sleep.id}, headers=HTMX)
    assert answer.status_code == 200
    assert 'id="client-programs"' in answer.text
    assert "Complete" in answer.text
    assert "<option" not in answer.text  # nothing else to assign
    assert states() == ["active"]


@pytest.mark.parametrize("chosen", ["", "x", "٣"])
def test_nothing_chosen_is_told_beside_the_choice(client: FlaskClient, sam: User, ada: User, chosen: str) -> None:
    make.program(sam)
    answer = client.post(f"/coach/clients/{ada.id}/programs", data={"program_id": chosen})
    assert answer.status_code == 422
    assert re.search(r'id="program_id-error" role="alert">.*Please choose a programme\.', answer.text)
    assert states() == []


def test_what_cannot_be_assigned_is_told(client: FlaskClient, sam: User, ada: User) -> None:
    sleep, old = make.program(sam), make.program(sam, is_active=False)
    make.followed(ada, sam, sleep)
    assign = f"/coach/clients/{ada.id}/programs"
    twice = client.post(assign, data={"program_id": sleep.id}, headers=HTMX)
    assert (twice.status_code, "follows that programme already" in twice.text) == (409, True)
    inactive = client.post(assign, data={"program_id": old.id}, headers=HTMX)
    assert (inactive.status_code, "is switched off" in inactive.text) == (422, True)
    assert states() == ["active"]


def test_completing_earns_once_the_worker_has_come(client: FlaskClient, sam: User, ada: User) -> None:
    followed = make.followed(ada, sam)
    answer = client.patch(f"/coach/client-programs/{followed.id}", data={"status": "completed"}, headers=HTMX)
    assert answer.status_code == 200
    assert 'data-pulse="1000"' in answer.text  # it looks for the XP to come
    assert states() == ["completed"]
    assert make.settled() == 1
    assert loyalty.summary_of(ada.id).total_xp == 100


@pytest.mark.parametrize("is_settled", [True, False])
def test_what_is_told_of_a_second_completion_is_true(
    client: FlaskClient, sam: User, ada: User, *, is_settled: bool
) -> None:
    sleep = make.program(sam)
    assign, end = f"/coach/clients/{ada.id}/programs", "/coach/client-programs/{}"
    told = []
    for _ in range(2):
        answer = client.post(assign, data={"program_id": sleep.id}, headers=HTMX)
        followed = db.session.scalars(select(ClientProgram.id).where(ClientProgram.status == "active")).one()
        done = client.patch(end.format(followed), data={"status": "completed"}, headers=HTMX)
        told.append((answer.headers["HX-Trigger"], unescape(answer.text), done.headers["HX-Trigger"]))
        if is_settled:
            make.settled()
    (assigned, asked, completed), (again, asked_again, completed_again) = told
    assert "It earns, once" in assigned
    assert "This earns XP" in asked
    assert "on its way" in completed
    assert "it earns nothing" in again
    assert "It has earned before" in asked_again
    assert "This earns XP" not in asked_again
    assert "It has earned before" in completed_again
    make.settled()
    assert loyalty.summary_of(ada.id).total_xp == 100


def test_a_programme_that_earns_nothing_at_present_is_not_announced_as_earning(
    client: FlaskClient, sam: User, ada: User
) -> None:
    make.event_type("program_completed", is_active=False)
    sleep = make.program(sam)
    answer = client.post(f"/coach/clients/{ada.id}/programs", data={"program_id": sleep.id}, headers=HTMX)
    assert "Completing it earns nothing at present" in answer.headers["HX-Trigger"]
    assert "It earns nothing at present" in unescape(answer.text)
    followed = db.session.scalars(select(ClientProgram.id)).one()
    done = client.patch(f"/coach/client-programs/{followed}", data={"status": "completed"}, headers=HTMX)
    assert "It earns nothing at present" in done.headers["HX-Trigger"]
    make.settled()
    assert loyalty.summary_of(ada.id).total_xp == 0


def test_cancelling_earns_nothing_and_both_happen_once(client: FlaskClient, sam: User, ada: User) -> None:
    followed = make.followed(ada, sam)
    end = f"/coach/client-programs/{followed.id}"
    gone = client.post(end, data={"_method": "PATCH", "status": "cancelled"})
    assert (gone.status_code, gone.location) == (303, f"/coach/clients/{ada.id}#client-programs")
    late = client.patch(end, data={"status": "completed"}, headers=HTMX)
    assert (late.status_code, "was cancelled" in late.text) == (409, True)
    assert client.patch(end, data={"status": "odd"}, headers=HTMX).status_code == 422
    assert states() == ["cancelled"]
    assert make.settled() == 0


def test_nothing_of_another_coach_is_there(client: FlaskClient, sam: User, ada: User) -> None:
    other = make.user(role="coach")
    theirs, program = make.user(coach_id=other.id), make.program(other, name="Not yours")
    followed = make.followed(theirs, other, program)
    assert client.get(f"{LIST}/{program.id}/edit").status_code == 404
    assert client.post(f"{LIST}/{program.id}/edit", data={"name": "Mine"}).status_code == 404
    assert client.post(f"{LIST}/{program.id}/active", data={"is_active": "0"}).status_code == 404
    assert client.delete(f"{LIST}/{program.id}").status_code == 404
    assert client.post(f"/coach/clients/{ada.id}/programs", data={"program_id": program.id}).status_code == 404
    mine = make.program(sam)
    assert client.post(f"/coach/clients/{theirs.id}/programs", data={"program_id": mine.id}).status_code == 404
    assert client.patch(f"/coach/client-programs/{followed.id}", data={"status": "completed"}).status_code == 404
    assert "Not yours" not in client.get(LIST).text
    assert states() == ["active"]


def test_only_coaches_have_it(app: Flask, sign_in: SignIn) -> None:
    for role in ("admin", "client"):
        visitor = app.test_client()
        sign_in(visitor, make.user(role=role))
        assert visitor.get(LIST).status_code == 403


def test_without_a_script_one_goes_on_where_one_was(client: FlaskClient, sam: User, ada: User) -> None:
    first, second = (make.program(sam, name=name) for name in ("Run", "Sleep"))
    make.followed(ada, sam, second)
    anchors = re.findall(r'name="anchor" value="program-(\d+)"', client.get(LIST).text)
    assert anchors == [str(each) for each in (first.id, second.id, second.id, second.id)]
    anchors = re.findall(r'name="anchor" value="program-(\d+)"', client.get(f"{LIST}?status=active").text)
    assert anchors == [str(each) for each in (second.id, second.id, first.id, first.id)]
    gone = client.post(f"{LIST}/{first.id}", data={"_method": "DELETE", "anchor": "//elsewhere"})
    assert gone.location == LIST
