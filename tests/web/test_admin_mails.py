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


def test_what_was_sent_is_not_sent_again(client: FlaskClient) -> None:
    sent = mail("sent")
    assert client.post(f"/admin/mails/{sent.id}/again").status_code == 404
