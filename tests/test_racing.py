"""The race track itself: it lets contestants meet, and a guard keeps them apart."""

import multiprocessing
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.sql.expression import column, table

from app.kit.db import db, unit_of_work
from tests import racing
from tests.racing import after_statement, race, unguarded_race

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


@pytest.fixture
def _counter(app: Flask) -> Iterator[None]:
    with unit_of_work():
        db.session.execute(text("CREATE TABLE counters (used INTEGER)"))
        db.session.execute(text("INSERT INTO counters VALUES (0)"))
    yield
    db.session.rollback()
    with app.app_context(), unit_of_work():
        db.session.execute(text("DROP TABLE counters"))


def fail() -> str:
    raise LookupError("lost its way")


def hang() -> str:
    with unit_of_work():
        db.session.execute(update(counter).values(used=9))
        multiprocessing.Event().wait()
    return "never"


@pytest.mark.usefixtures("_counter")
def test_contestants_meet_in_the_window_and_a_conditional_write_survives_it(app: Flask) -> None:
    assert race(app, [_read_then_write] * 4, hold=after_statement("^SELECT used")) == ["counted"] * 4
    assert _counted(app) == 1  # three were lost
    assert race(app, [_count_up] * 4) == ["counted"] * 4
    assert _counted(app) == 5


@pytest.mark.usefixtures("_counter")
@pytest.mark.timeout(racing.FINISH_SECONDS / 2 - 5)
def test_when_one_fails_nobody_waits_for_it_in_the_window(app: Flask) -> None:
    with pytest.raises(AssertionError, match="lost its way"):
        unguarded_race(app, [_count_up, fail], hold=after_statement("^UPDATE counters"))
    assert multiprocessing.active_children() == []
    assert _counted(app) == 1


@pytest.mark.usefixtures("_counter")
def test_when_one_fails_whoever_does_not_end_is_ended(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(racing, "LAST_SECONDS", 0.2)
    with pytest.raises(AssertionError, match="lost its way"):
        race(app, [hang, fail])
    assert multiprocessing.active_children() == []
    assert race(app, [_count_up]) == ["counted"]
    assert _counted(app) == 1


def _short_of_patience() -> None:
    is_sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect() as connection:
        connection.execute(text("PRAGMA busy_timeout = 20" if is_sqlite else "SET lock_timeout = '20ms'"))
        connection.commit()


@pytest.mark.usefixtures("_counter")
def test_whoever_waited_too_long_for_a_lock_asks_again(app: Flask) -> None:
    asked = multiprocessing.Value("i")

    def count() -> str:
        with asked.get_lock():
            asked.value += 1
        _short_of_patience()
        return _count_up()

    assert race(app, [count] * 2, hold=after_statement("^UPDATE counters")) == ["counted"] * 2
    assert asked.value > 2
    assert _counted(app) == 2
