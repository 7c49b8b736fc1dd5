"""Races, staged: contestants in processes of their own, let go at once, with the dangerous window held open.

    def take() -> str: ...
    outcomes = race(app, [take] * 8, hold=after_statement(r"^SELECT .* FROM promotion_codes"))
    assert sorted(outcomes) == ["taken"] + ["usage_limit_reached"] * 7

The window stays open until every contestant stands in it, or until `seconds` have passed because a guard keeps the
others out. A control run with the guard patched away (before the race: contestants are forks) must go wrong.
"""

import multiprocessing
import re
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from types import ModuleType
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import Engine, event

from app.errors import DomainError
from app.kit.db import db
from app.kit.processes import die_with_parent

T = TypeVar("T")
FINISH_SECONDS = 60
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


def race(
    app: Flask, contestants: Sequence[Callable[[], T]], *, hold: Hold | None = None, seconds: float = 0.5
) -> list[T | str]:
    """What each returned, or the code of the DomainError it was refused with. Anything else fails the test."""
    db.session.remove()
    db.engine.dispose()
    start = _forks.Barrier(len(contestants))
    window = Window(_forks.Barrier(len(contestants)), seconds)

    def run(contestant: Callable[[], T], report: Connection) -> None:
        die_with_parent()
        if hold is not None:
            hold(window)
        with app.app_context():
            start.wait(FINISH_SECONDS)
            report.send(_outcome_of(contestant))
            db.session.remove()
            db.engine.dispose()

    lanes = []
    for contestant in contestants:
        ours, theirs = _forks.Pipe(duplex=False)
        process = _forks.Process(target=run, args=(contestant, theirs))
        process.start()
        theirs.close()
        lanes.append((process, ours))
    return [_result(*lane) for lane in lanes]


def before_statement(pattern: str) -> Hold:
    """Hold each contestant just before it sends a statement like this (a regular expression)."""
    return _at_statement("before_cursor_execute", pattern)


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


def _at_statement(moment: str, pattern: str) -> Hold:
    def install(window: Window) -> None:
        def look(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if re.search(pattern, statement, re.DOTALL):
                window.hold()

        event.listen(Engine, moment, look)

    return install


def _outcome_of(contestant: Callable[[], T]) -> tuple[bool, Any]:
    try:
        return True, contestant()
    except DomainError as refusal:
        return True, refusal.code
    except BaseException:  # noqa: BLE001 the parent raises it again
        return False, traceback.format_exc()


def _result(process: BaseProcess, report: Connection) -> Any:
    try:
        if not report.poll(FINISH_SECONDS):
            raise AssertionError("a contestant did not finish")
        is_fine, outcome = report.recv()
    finally:
        process.join(5)
        process.kill()
        process.join()
        report.close()
    if not is_fine:
        raise AssertionError(outcome)
    return outcome
