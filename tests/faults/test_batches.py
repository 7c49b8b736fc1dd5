"""A worker killed halfway through a batch of codes: another ends it with exactly the codes that were ordered."""

from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select, update

from app.discounts import service as discounts
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.promotions import batches, books
from app.promotions.batches import AT_ONCE
from app.promotions.models import PromotionBatch, PromotionCode
from tests import make
from tests.processes import environment_of, wait_until, worker

WANTED = 2 * AT_ONCE + 500
HELD_MAKER = "tests/faults/held_maker.py"


def counted() -> tuple[int, int, int]:
    """What the batch counts, how many rows there are, and how many of them differ."""
    db.session.rollback()
    made = db.session.scalars(select(PromotionBatch.made)).one()
    rows = db.session.execute(select(func.count(), func.count(PromotionCode.code.distinct()))).one()
    return made, *rows


def is_settled() -> bool:
    db.session.rollback()
    return db.session.scalars(select(OutboxEvent.settled_at)).one() is not None


def let_the_lease_run_out() -> None:
    """Nobody wants to wait a minute for it."""
    with unit_of_work():
        long_ago = clock.now() - timedelta(minutes=2)
        db.session.execute(update(OutboxEvent).values(leased_until=long_ago, due_at=long_ago))


def test_a_worker_killed_halfway_is_relieved_and_no_code_is_missing_or_there_twice(app: Flask, tmp_path: Path) -> None:
    held = tmp_path / "held"
    with unit_of_work():
        terms = {"title": "Flyer", "discount_type": "fixed", "discount_value": 5}
        ordered = {"code_prefix": "FLYER-", "code_length": 10, "code_count": WANTED}
        discounts.create(terms | ordered, make.SYSTEM, clock.now())
    with worker(environment_of(app, HELD=str(held)), tmp_path, script=HELD_MAKER) as first:
        wait_until(held.exists, first)
        first.kill()
    assert counted() == (AT_ONCE, AT_ONCE, AT_ONCE)
    assert not is_settled()
    let_the_lease_run_out()
    wait_until(lambda: outbox.sweep(batches.TOPIC, clock.now()))
    assert is_settled()
    assert counted() == (WANTED, WANTED, WANTED)
    assert books.faults() == []
