"""Admins handle what anybody redeems, and take it along as a file."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.kit.db import db
from app.loyalty.reward_models import RewardRedemption
from tests import make
from tests.client import HTMX, read_csv
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
LIST = "/admin/redemptions"


@pytest.fixture
def robin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin", display_name="Robin Hale")
    sign_in(client, admin)
    return admin


def test_admins_see_all_and_whose_clients_they_are(client: FlaskClient, robin: User) -> None:  # noqa: ARG001
    sam = make.user(role="coach", display_name="Sam Coach")
    make.redemption(make.rich_client(coach_id=sam.id, display_name="Ada Berg"))
    make.redemption(make.rich_client(display_name="Noor Aziz"))
    page = client.get(LIST).text
    assert "Ada Berg" in page
    assert "Coach: Sam Coach" in page
    assert "Noor Aziz" in page
    assert "Without a coach" in page


def test_an_admin_fulfils_and_rejects_in_place(client: FlaskClient, robin: User) -> None:
    ada = make.rich_client(coach_id=make.user(role="coach").id)
    first, second = make.redemption(ada), make.redemption(ada)
    assert client.patch(f"{LIST}/{first.id}", data={"status": "fulfilled"}, headers=HTMX).status_code == 200
    refused = client.patch(f"{LIST}/{second.id}", data={"status": "rejected"}, headers=HTMX)
    assert refused.status_code == 422
    assert f'action="{LIST}/{second.id}#redemption-{second.id}"' in refused.text
    done = client.patch(f"{LIST}/{second.id}", data={"status": "rejected", "coach_notes": "Sold"}, headers=HTMX)
    assert "Robin Hale, " in done.text
    db.session.rollback()
    kept = [db.session.get_one(RewardRedemption, each.id) for each in (first, second)]
    assert [(each.status, each.handled_by_id) for each in kept] == [("fulfilled", robin.id), ("rejected", robin.id)]


def test_without_javascript_an_admin_is_back_in_the_list(client: FlaskClient, robin: User) -> None:  # noqa: ARG001
    asked_for = make.redemption(make.rich_client())
    answer = client.post(f"{LIST}/{asked_for.id}", data={"_method": "PATCH", "status": "fulfilled"})
    assert (answer.status_code, answer.location) == (303, LIST)


def test_what_the_list_shows_can_be_taken_along(client: FlaskClient, robin: User) -> None:
    sam = make.user(role="coach", username="sam")
    done = make.redemption(make.rich_client(coach_id=sam.id, username="ada"), make.reward(name="=Mat()"))
    make.redemption(make.rich_client(username="noor"))
    client.patch(f"{LIST}/{done.id}", data={"status": "rejected", "coach_notes": "Sold"})
    rows = read_csv(client, f"{LIST}.csv")
    assert [(row["client"], row["coach"], row["status"]) for row in rows] == [
        ("ada", "sam", "rejected"),
        ("noor", "", "pending"),
    ]
    told = {name: rows[0][name] for name in ("reward", "points", "handled_by", "note")}
    assert told == {"reward": "'=Mat()", "points": "50", "handled_by": robin.username, "note": "Sold"}
    assert [row["client"] for row in read_csv(client, f"{LIST}.csv?status=pending")] == ["noor"]
    assert [row["client"] for row in read_csv(client, f"{LIST}.csv?q=mat")] == ["ada"]


def test_the_list_takes_three_statements_however_many_rows(client: FlaskClient, robin: User) -> None:  # noqa: ARG001
    for _ in range(4):
        make.redemption(make.rich_client(coach_id=make.user(role="coach").id))
    with count_statements() as sent:
        client.get(LIST)
    assert len(sent) <= 3, sent


def test_only_admins_have_it(app: Flask, sign_in: SignIn) -> None:
    for role in ("coach", "client"):
        visitor = app.test_client()
        sign_in(visitor, make.user(role=role))
        assert [visitor.get(path).status_code for path in (LIST, f"{LIST}.csv")] == [403, 403]
        assert visitor.patch(f"{LIST}/1", data={"status": "fulfilled"}).status_code == 403
