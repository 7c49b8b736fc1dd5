from flask import Flask
from sqlalchemy import update

from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty.models import XpSummary
from tests import make
from tests.make import NOW


def test_books_that_are_right_are_said_to_be(app: Flask) -> None:
    make.rich_client()
    result = app.test_cli_runner().invoke(args=["loyalty", "reconcile"])
    assert (result.exit_code, result.output) == (
        0,
        "Every total is the sum of its ledger, every stock of its entries, and every settled event was decided.\n",
    )


def test_each_wrong_total_is_named_and_nothing_is_changed(app: Flask) -> None:
    client, _other = make.rich_client(), make.rich_client()
    with unit_of_work():
        db.session.execute(update(XpSummary).where(XpSummary.user_id == client.id).values(available_points=7))
    result = app.test_cli_runner().invoke(args=["loyalty", "reconcile"])
    assert result.exit_code == 1
    assert f"book 3: user_xp_summaries {client.id} available_points is 7, its ledger adds up to 100\n" in result.output
    assert "1 contradictions" in result.output
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).available_points == 7


def test_a_sweep_by_hand_works_off_what_waits(app: Flask) -> None:
    client = make.user()
    make.workout(client)
    with unit_of_work():
        db.session.execute(update(OutboxEvent).values(due_at=NOW))
    result = app.test_cli_runner().invoke(args=["outbox", "sweep"])
    assert (result.exit_code, "xp: 1 settled" in result.output) == (0, True)
    assert db.session.get_one(XpSummary, client.id, populate_existing=True).total_xp == 20
