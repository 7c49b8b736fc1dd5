from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.kit.db import db
from app.kit.ticker import CLAIM, Task, Tick, run_if_due
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


class Diary:
    def __init__(self, *, fails: bool = False) -> None:
        self.runs: list[datetime] = []
        self.fails = fails

    def note(self, now: datetime) -> None:
        self.runs.append(now)
        if self.fails:
            raise ZeroDivisionError


def test_a_task_runs_once_in_its_period_however_many_tickers_there_are() -> None:
    diary = Diary()
    task = Task("t", 300, diary.note)
    assert run_if_due(task, NOW)
    assert not run_if_due(task, NOW + timedelta(seconds=299))
    assert run_if_due(task, NOW + timedelta(seconds=300))
    assert diary.runs == [NOW, NOW + timedelta(seconds=300)]


def test_periods_missed_in_an_outage_are_made_up_for_once() -> None:
    diary = Diary()
    task = Task("t", 300, diary.note)
    run_if_due(task, NOW)
    later = NOW + timedelta(days=1)
    assert [run_if_due(task, later), run_if_due(task, later)] == [True, False]


def test_a_task_that_failed_is_run_again_in_the_same_period() -> None:
    diary = Diary(fails=True)
    task = Task("t", 300, diary.note)
    with pytest.raises(ZeroDivisionError):
        run_if_due(task, NOW)
    assert not run_if_due(task, NOW + timedelta(seconds=1))
    diary.fails = False
    assert run_if_due(task, NOW + CLAIM)


def test_a_task_at_work_is_not_started_twice() -> None:
    inner: list[bool] = []
    task = Task("t", 300, lambda now: inner.append(run_if_due(task, now)))
    assert run_if_due(task, NOW)
    assert inner == [False]
    assert db.session.scalar(select(Tick.claimed_until)) is None
