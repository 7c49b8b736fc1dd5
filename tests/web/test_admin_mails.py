"""The admins' view of the mail."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.messages import service as messages
from app.messages.models import Mail
from tests import make


@pytest.fixture(autouse=True)
def _admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> None:
    sign_in(client, make.user(role="admin"))


def mail(state: str) -> Mail:
    with unit_of_work():
        messages.send("ada@example.com", "password_changed", {"name": "Ada"}, key=state, now=clock.now())
    outbox.drain("mail")
    with unit_of_work():
        db.session.execute(update(Mail).where(Mail.key == state).values(state=state))
    return db.session.scalars(select(Mail).where(Mail.key == state)).one()


def test_maybe_sent_is_shown_and_goes_again_only_when_told_to(client: FlaskClient) -> None:
    unsure = mail("maybe_sent")
    page = client.get("/admin/mails?state=maybe_sent").text
    assert "Maybe sent" in page
    assert "ada@example.com" in page
    assert client.post(f"/admin/mails/{unsure.id}/again").status_code == 303
    outbox.drain("mail")
    assert db.session.scalars(select(Mail.state).where(Mail.id == unsure.id)).one() == "sent"
    assert db.session.scalars(select(AuditEntry.action)).all() == ["send_again"]


@pytest.mark.parametrize(("state", "words"), [("sent", "went out in the meantime"), ("waiting", "already waiting")])
def test_what_was_sent_or_waits_is_not_sent_again_and_says_so(client: FlaskClient, state: str, words: str) -> None:
    answer = client.post(f"/admin/mails/{mail(state).id}/again")
    assert (answer.status_code, words in answer.text) == (409, True)


def test_a_second_press_says_that_it_waits_and_after_the_next_failure_it_can_be_pressed_again(
    client: FlaskClient,
) -> None:
    unsure = mail("failed")
    for _again in range(3):
        assert client.post(f"/admin/mails/{unsure.id}/again").status_code == 303
        assert client.post(f"/admin/mails/{unsure.id}/again").status_code == 409
        with unit_of_work():
            db.session.execute(update(Mail).values(state="failed"))


def test_a_mail_that_was_forgotten_is_not_there_to_be_sent(client: FlaskClient) -> None:
    forgotten = mail("failed")
    with unit_of_work():
        db.session.execute(update(Mail).values(recipient="", context={}))
    assert client.post(f"/admin/mails/{forgotten.id}/again").status_code == 404
