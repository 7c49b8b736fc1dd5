"""Worked examples: what comes back with a rejected redemption when logs were deleted while its points were spent."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.activity import service as activity
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.loyalty import books, redeeming
from app.loyalty.models import XpSummary, XpTransaction
from app.messages import post
from app.messages.models import Mail
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


class Story:
    """A client who logs workouts (20 points each), redeems, deletes; and an admin who decides."""

    def __init__(self) -> None:
        self.client, self.admin = make.user(), make.user(role="admin")
        self.logs: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    def log(self, name: str) -> None:
        self.logs[name] = make.workout(self.client, at=NOW - timedelta(minutes=len(self.logs)), now=NOW).id
        make.settled()

    def delete(self, name: str) -> None:
        with unit_of_work():
            activity.remove(self.client, "workout", self.logs[name], now=NOW)
        make.settled()

    def redeem(self, name: str) -> None:
        cost = 20 * len(name)
        self.asked[name] = make.redemption(self.client, make.reward(points_cost=cost)).id

    def fulfil(self, name: str) -> None:
        with unit_of_work():
            redeeming.fulfil(self.asked[name], self.admin, actor=SYSTEM, now=NOW)

    def reject(self, name: str) -> None:
        with unit_of_work():
            redeeming.reject(self.asked[name], self.admin, notes="None left", actor=SYSTEM, now=NOW)

    def play(self, steps: str) -> int:
        """The points left in the end. `log 1, redeem A`: a reward costs 20 points for each letter of its name."""
        for step in steps.split(", "):
            verb, name = step.split()
            getattr(self, verb)(name)
        return points_of(self.client)


def points_of(client: User) -> int:
    return db.session.get_one(XpSummary, client.id, populate_existing=True).available_points


STORIES = {
    "nothing deleted": ("log 1, redeem A, reject A", 20),
    "deleted while its points are spent": ("log 1, redeem A, delete 1, reject A", 0),
    "deleted first": ("log 1, log 2, delete 1, redeem A, reject A", 20),
    "deleted afterwards": ("log 1, redeem A, reject A, delete 1", 0),
    "deleted before it was redeemed, when others were spent for good": (
        "log 1, redeem A, fulfil A, delete 1, log 2, redeem B, reject B",
        20,
    ),
    "spent for good": ("log 1, redeem A, delete 1, fulfil A", 0),
    "earned since": ("log 1, redeem A, delete 1, log 2, reject A", 20),
    "part of it taken back at once": ("log 1, log 2, redeem A, delete 1, delete 2, reject A", 0),
    "more comes back than was deleted": ("log 1, log 2, redeem AA, delete 1, reject AA", 20),
    "less comes back than was deleted": ("log 1, log 2, redeem A, redeem B, delete 1, delete 2, reject B", 0),
    "two come back": ("log 1, log 2, redeem A, redeem B, delete 1, delete 2, reject B, reject A", 0),
    "the earlier one first": ("log 1, redeem A, delete 1, log 2, redeem B, delete 2, reject A, reject B", 0),
    "the later one first": ("log 1, redeem A, delete 1, log 2, redeem B, delete 2, reject B, reject A", 0),
    "again and again": (
        "log 1, redeem A, delete 1, reject A, log 2, redeem B, delete 2, reject B, log 3, redeem C, delete 3, reject C",
        0,
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_nobody_gains_points_by_deleting_what_earned_them(name: str) -> None:
    steps, points = STORIES[name]
    assert Story().play(steps) == points
    assert books.faults() == []


def test_what_deletions_could_not_take_is_a_row_of_its_own() -> None:
    story = Story()
    story.play("log 1, log 2, redeem AA, delete 1, log 3, reject AA")
    entries = select(XpTransaction.kind, XpTransaction.source_key, XpTransaction.points, XpTransaction.details)
    rows = [tuple(row) for row in db.session.execute(entries.order_by(XpTransaction.id).offset(3))]
    (reversal_id,) = db.session.scalars(select(XpTransaction.id).where(XpTransaction.source_key.like("undo:workout%")))
    assert [row[2] for row in rows] == [0, 20, 40, -20]
    assert rows[-1] == (
        "adjustment",
        f"rest:redemption:1:{reversal_id}",
        -20,
        {"redemption_id": 1, "reversal_id": reversal_id},
    )
    assert points_of(story.client) == 40


def test_the_client_is_told_how_much_of_it_was_taken_here_and_by_mail(
    client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]
) -> None:
    story, said = Story(), "20 of them went at once for what you had deleted since."
    story.play("log 1, log 2, redeem AA, delete 1, reject AA")
    sign_in(client, story.client)
    assert "40 points are back with you." in client.get("/client").text
    assert said in client.get("/client").text
    letter = post.write(db.session.scalars(select(Mail).where(Mail.template == "redemption_rejected")).one())
    for kind in ("plain", "html"):
        body = letter.get_body([kind])
        assert body is not None
        assert said in body.get_content()


def test_nothing_is_said_where_nothing_was_taken(
    client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]
) -> None:
    story = Story()
    story.play("log 1, redeem A, reject A")
    sign_in(client, story.client)
    page = client.get("/client").text
    assert ("20 points are back with you." in page, "went at once" in page) == (True, False)
