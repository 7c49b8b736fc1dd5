"""The schedule: what is due is claimed as a row first, so any number of tickers may run, and none needs Redis."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from flask import Flask
from sqlalchemy import String, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import clock
from app.kit.db import Base, db, insert, unit_of_work

log = structlog.get_logger(__name__)
CLAIM = timedelta(seconds=60)
Work = Callable[[datetime], object]


class Tick(Base):
    """A task's last finished period, and until when somebody is at work on the next.

    A period is a count of whole `seconds` since 1970, so every ticker counts alike.
    """

    __tablename__ = "ticks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[int] = mapped_column(default=-1)
    claimed_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    seconds: int
    work: Work

    def period(self, now: datetime) -> int:
        return int(now.timestamp()) // self.seconds


TASKS: dict[str, Task] = {}


def every(name: str, *, seconds: int) -> Callable[[Work], Work]:
    """Run the function once in each period of so many seconds, by whichever ticker comes first.

    Periods missed in an outage are made up for by one run. It opens its own units of work and bears repetition.
    """

    def register(work: Work) -> Work:
        TASKS[name] = Task(name, seconds, work)
        return work

    return register


def run_if_due(task: Task, now: datetime) -> bool:
    """Run the task unless this period is done, or somebody is at work on it. Whether it ran."""
    if not _claim(task, now):
        return False
    task.work(now)
    with unit_of_work():
        db.session.execute(
            update(Tick).where(Tick.name == task.name).values(period=task.period(now), claimed_until=None)
        )
    return True


def _claim(task: Task, now: datetime) -> bool:
    with unit_of_work():
        db.session.execute(insert(Tick).values(name=task.name, period=-1).on_conflict_do_nothing())
        is_free = (Tick.claimed_until.is_(None)) | (Tick.claimed_until <= now)
        claimed = db.session.execute(
            update(Tick)
            .where(Tick.name == task.name, Tick.period < task.period(now), is_free)
            .values(claimed_until=now + CLAIM)
        )
    return cast("CursorResult[Any]", claimed).rowcount == 1


def run_forever(app: Flask, stop: threading.Event) -> None:
    """Run every task in a thread of its own, so that none waits for another, until told to stop."""
    threads = [threading.Thread(target=_repeat, args=(app, task, stop), name=task.name) for task in TASKS.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _repeat(app: Flask, task: Task, stop: threading.Event) -> None:
    while not stop.is_set():
        with app.app_context():
            try:
                run_if_due(task, clock.now())
            except Exception:
                log.exception("tick_failed", task=task.name)
        elapsed = clock.now().timestamp() % task.seconds
        stop.wait(min(task.seconds - elapsed, 60))
