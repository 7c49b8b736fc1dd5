"""Races, staged: contestants in processes of their own, let go at once, with the dangerous window held open.

    def take() -> str: ...
    outcomes = race(app, [take] * 8, hold=after_statement(r"^SELECT .* FROM promotion_codes"))
    assert sorted(outcomes) == ["taken"] + ["usage_limit_reached"] * 7

The window stays open until every contestant stands in it, or until `seconds` have passed because a guard keeps the
others out. A control run with the guard patched away (before the race: contestants are forks) must go wrong. SQLite's
one writer at a time is a guard too, which `letting_go` takes off, and so are unique keys: `without_unique`.

Where somebody must come first, say so (`signal`, `telling` and `once_told` in `tests/races/redeemers.py`, or
`until_somebody_waits`): an order that only usually happens fails on a busy machine.
"""

import multiprocessing
import re
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from types import ModuleType
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import Connection, Engine, TableClause, delete, event, text
from sqlalchemy.exc import OperationalError

from app.errors import DomainError
from app.kit.db import db
from app.kit.processes import die_with_parent

T = TypeVar("T")
FINISH_SECONDS = 150  # whatever else the machine does: less than a test may take
LAST_SECONDS = 10  # for the others to finish in, when one has failed
SOMEBODY_WAITS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_forks = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Window:
    """The moment between a check and the write that trusts it."""

    barrier: Barrier
    seconds: float

    def hold(self) -> None:
        with suppress(BrokenBarrierError):
            self.barrier.wait(self.seconds)


Hold = Callable[[Window], None]
Lane = tuple[BaseProcess, Pipe]


def race(
    app: Flask, contestants: Sequence[Callable[[], T]], *, hold: Hold | None = None, seconds: float = 0.5
) -> list[T | str]:
    """What each returned, or the code of the DomainError it was refused with. Anything else fails the test.

    When it returns or raises, no contestant is left. One that waited too long for a lock asks again, as people do.
    """
    db.session.remove()
    db.engine.dispose()
    start = _forks.Barrier(len(contestants))
    window = Window(_forks.Barrier(len(contestants)), seconds)

    def run(contestant: Callable[[], T], report: Pipe) -> None:
        die_with_parent()
        if hold is not None:
            hold(window)
        with app.app_context():
            start.wait(FINISH_SECONDS)
            report.send(_outcome_of(contestant))
            db.session.remove()
            db.engine.dispose()

    lanes: list[Lane] = []
    try:
        for contestant in contestants:
            ours, theirs = _forks.Pipe(duplex=False)
            process = _forks.Process(target=run, args=(contestant, theirs))
            process.start()
            theirs.close()
            lanes.append((process, ours))
        outcomes = _results([report for _process, report in lanes], window.barrier)
    except BaseException:
        _end(lanes, seconds=0)
        raise
    _end(lanes, seconds=5)
    return outcomes


def unguarded_race(app: Flask, contestants: Sequence[Callable[[], T]], *, hold: Hold | None = None) -> list[T | str]:
    """A control run: nothing keeps anybody out of the window, so it stays open until all are there."""
    return race(app, contestants, hold=hold, seconds=FINISH_SECONDS / 2)


def patient(contestant: Callable[[], T]) -> Callable[[], T]:
    """The same, waiting for PostgreSQL's locks as long as the race may last: where asking again would end otherwise."""

    def wait() -> T:
        db.session.execute(text(f"SET lock_timeout = '{FINISH_SECONDS // 2}s'"))
        db.session.commit()  # the connection keeps it, and is the next one that is taken
        return contestant()

    return wait


def before_statement(pattern: str, *, letting_go: bool = False) -> Hold:
    """Hold each contestant just before it sends a statement like this (a regular expression).

    With `letting_go`, SQLite's transaction ends here and the next begins after the window, as if what was read so far
    had been read by an earlier one.
    """
    return _at_statement("before_cursor_execute", pattern, letting_go=letting_go)


def after_statement(pattern: str) -> Hold:
    """Hold each contestant just after a statement like this was answered."""
    return _at_statement("after_cursor_execute", pattern)


def after_call(module: ModuleType, name: str) -> Hold:
    """Hold each contestant when this function of a module has returned."""

    def install(window: Window) -> None:
        real = getattr(module, name)

        def held(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            window.hold()
            return result

        setattr(module, name, held)

    return install


def until_somebody_waits(module: ModuleType, name: str) -> Hold:
    """Hold whoever has called this function of a module until somebody else waits for what they have locked.

    SQLite can't tell who waits: there until the window closes.
    """

    def install(window: Window) -> None:
        real = getattr(module, name)

        def held(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            if db.engine.dialect.name == "postgresql":
                _await_a_waiter()
            else:
                window.hold()
            return result

        setattr(module, name, held)

    return install


def _await_a_waiter() -> None:
    deadline = time.monotonic() + FINISH_SECONDS / 2
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.scalar(text(SOMEBODY_WAITS)) is None:
            assert time.monotonic() < deadline, "nobody came to wait for a lock"


def both(*holds: Hold) -> Hold:
    """Windows of several kinds of contestants."""

    def install(window: Window) -> None:
        for hold in holds:
            hold(window)

    return install


@contextmanager
def without_unique(table: str, name: str) -> Iterator[None]:
    """While the block runs the table lets twins in. The table is empty, and is so again afterwards."""
    is_postgresql = db.engine.dialect.name == "postgresql"
    with db.engine.begin() as connection:
        again = _drop_unique(connection, table, name) if is_postgresql else _rebuild_without(connection, table, name)
    db.engine.dispose()
    try:
        yield
    finally:
        db.session.remove()
        if is_postgresql:  # a SQLite file is a fresh one for each test
            with db.engine.begin() as connection:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                connection.execute(delete(TableClause(table)))
                connection.execute(text(again))


def _drop_unique(connection: Connection, table: str, name: str) -> str:
    """Drop the constraint or index from PostgreSQL; the statement that brings it back."""
    constraint = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    definition = connection.scalar(text(constraint), {"name": name})
    if definition:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        return f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
    index = connection.scalar(text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": name})
    connection.execute(text(f"DROP INDEX {name}"))
    return str(index)


def _rebuild_without(connection: Connection, table: str, name: str) -> str:
    """Drop the index from SQLite, or the whole table where it is a constraint inside of it."""
    made = str(connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :table"), {"table": table}))
    without = re.sub(rf",\s*CONSTRAINT \W?{name}\W? UNIQUE \([^)]*\)", "", made)
    for statement in [f"DROP INDEX {name}"] if without == made else [f"DROP TABLE {table}", without]:
        connection.execute(text(statement))
    return ""


def _at_statement(moment: str, pattern: str, *, letting_go: bool = False) -> Hold:
    def install(window: Window) -> None:
        def look(connection: Connection, cursor: Any, statement: str, *_more: Any) -> None:
            if not re.search(pattern, statement, re.DOTALL):
                return
            if letting_go and connection.dialect.name == "sqlite":
                cursor.connection.execute("COMMIT")
                window.hold()
                cursor.connection.execute("BEGIN IMMEDIATE")
            else:
                window.hold()

        event.listen(Engine, moment, look)

    return install


def _outcome_of(contestant: Callable[[], T]) -> tuple[bool, Any]:
    try:
        return True, _asking_again(contestant)
    except DomainError as refusal:
        return True, refusal.code
    except BaseException:  # noqa: BLE001 the parent raises it again
        return False, traceback.format_exc()


def _asking_again(contestant: Callable[[], T]) -> T:
    """A wait that was too long (a 503, but not a deadlock) says only how busy the machine is."""
    deadline = time.monotonic() + FINISH_SECONDS
    while True:
        try:
            return contestant()
        except OperationalError as error:
            waited = getattr(error.orig, "sqlstate", None) == "55P03" or "database is locked" in str(error.orig)
            if not waited or time.monotonic() > deadline:
                raise
            db.session.rollback()


def _results(reports: Sequence[Pipe], window: Barrier) -> list[Any]:
    """What was reported, in the order of the contestants. When one has failed the window closes for the others."""
    found: dict[Pipe, tuple[bool, Any]] = {}
    deadline = time.monotonic() + FINISH_SECONDS
    while len(found) < len(reports):
        for report in wait([each for each in reports if each not in found], max(deadline - time.monotonic(), 0)):
            assert isinstance(report, Pipe)
            found[report] = _received(report)
        failed = [outcome for is_fine, outcome in found.values() if not is_fine]
        if failed:
            window.abort()
            deadline = min(deadline, time.monotonic() + LAST_SECONDS)
        if time.monotonic() >= deadline:
            raise AssertionError(failed[0] if failed else "a contestant did not finish")
    for is_fine, outcome in map(found.__getitem__, reports):
        if not is_fine:
            raise AssertionError(outcome)
    return [found[report][1] for report in reports]


def _received(report: Pipe) -> tuple[bool, Any]:
    try:
        is_fine, outcome = report.recv()
    except EOFError:
        return False, "a contestant died"
    return is_fine, outcome


def _end(lanes: Sequence[Lane], seconds: float) -> None:
    """Whoever doesn't end by themselves in so many seconds is killed."""
    for process, _report in lanes:
        process.join(seconds)
        process.kill()
    for process, report in lanes:
        process.join()
        report.close()
