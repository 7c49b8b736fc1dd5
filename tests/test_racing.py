"""The race track itself: it lets contestants meet, and a guard keeps them apart."""

from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.sql.expression import column, table

from app.kit.db import db, unit_of_work
from tests.racing import after_statement, race

counter = table("counters", column("used"))


def _read_then_write() -> str:
    """What must never be done: trust a read that is not part of the write."""
    used = db.session.scalar(text("SELECT used FROM counters"))
    db.session.rollback()
    with unit_of_work():
        db.session.execute(update(counter).values(used=used + 1))
    return "counted"


def _count_up() -> str:
    with unit_of_work():
        db.session.execute(update(counter).values(used=counter.c.used + 1))
    return "counted"


def _counted(app: Flask) -> int:
    with app.app_context():
        return int(db.session.scalar(text("SELECT used FROM counters")) or 0)


def test_contestants_meet_in_the_window_and_a_conditional_write_survives_it(app: Flask) -> None:
    with unit_of_work():
        db.session.execute(text("CREATE TABLE counters (used INTEGER)"))
        db.session.execute(text("INSERT INTO counters VALUES (0)"))
    try:
        assert race(app, [_read_then_write] * 4, hold=after_statement("^SELECT used")) == ["counted"] * 4
        assert _counted(app) == 1  # three were lost
        assert race(app, [_count_up] * 4) == ["counted"] * 4
        assert _counted(app) == 5
    finally:
        with app.app_context(), unit_of_work():
            db.session.execute(text("DROP TABLE counters"))
