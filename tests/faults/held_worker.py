"""A worker that stops dead at the point that $HOLD_AT names, and tells so by the file that $HELD names.

leased: it has the events, and nothing done. paid: in the middle of their transaction. awarded: likewise, with an
achievement handed over. settled: that is committed, and the job not yet finished. Its leases run out after three
seconds, so that nobody has to wait a minute for them.
"""

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

import worker
from app.kit import outbox
from app.kit.db import db

outbox.LEASE = timedelta(seconds=3)
point = os.environ["HOLD_AT"]
paid: list[bool] = []


def hold() -> None:
    Path(os.environ["HELD"]).touch()
    signal.pause()


@event.listens_for(Engine, "before_cursor_execute")
def before(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    if point == "leased" and "FROM user_xp_summaries" in statement:
        hold()


@event.listens_for(Engine, "after_cursor_execute")
def after(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    if "INSERT INTO xp_transactions" in statement:
        paid.append(True)
        if point == "paid":
            hold()
    if point == "awarded" and "INSERT INTO user_achievements" in statement:
        hold()


@event.listens_for(db.session, "after_commit")
def after_commit(_session: Any) -> None:
    if point == "settled" and paid:
        hold()


if __name__ == "__main__":
    raise SystemExit(worker.main())
